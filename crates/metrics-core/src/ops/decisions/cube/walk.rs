//! One launch: decisions, and whole rows, each handed to every sink.

use super::{
    KernelPlan,
    rows::take_rows,
    sink::{KernelSink, Kind},
    sinks::{add_key, add_probability, count_cell, keep_bins, scatter},
    terms::{add_cell, add_terms, keep_sums},
};
use crate::{
    Reason,
    ops::{
        cube::{
            UNITS,
            counts::{count, decision_code, flush, own_counters},
            kinds::are_logits,
            label,
            math::{exp, is_infinite, is_nan, snapped},
            samples::{Samples, counters_at},
        },
        decisions::Real,
    },
};
use cubecl::{ir::ElemType, prelude::*};

/// The memory of a cube.
#[derive(CubeType)]
pub(super) struct Room {
    /// Counters, if each cube has its own.
    pub counters: Shared<[Atomic<i32>]>,
    /// Bins: sums of 64 bits, of which what overflows the low half goes to the high half.
    pub low: Shared<[Atomic<u32>]>,
    pub high: Shared<[Atomic<u32>]>,
    /// Two numbers of each unit, for others to read.
    pub left: Shared<[u32]>,
    pub right: Shared<[u32]>,
}

/// A decision, and the weight of its row.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Decision {
    pub score: f32,
    pub probability: f32,
    pub logit: bool,
    /// What it takes to be infinite.
    pub infinite: f32,
    pub weight: f32,
    /// The code of an invalid weight, or 0.
    pub weight_code: i32,
}

/// Where a unit is.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Spot {
    pub row: usize,
    pub column: usize,
    /// Whether there is a decision, and not the last one in place of it.
    pub inside: bool,
    /// Where the counters of the row's sample begin.
    pub counters: usize,
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn decisions_pass<F: Float, I: Int, G: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    lists: &mut Tensor<u32>,
    constants: &Tensor<f32>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    weights: ComptimeOption<&Tensor<f32>>,
    groups: ComptimeOption<&Tensor<G>>,
    epoch: i32,
    listed: u32,
    capacity: u32,
    begin: u32,
    positions: u32,
    infinite: f32,
    #[comptime] plan: KernelPlan,
    #[define(F, I, G)] _dtypes: [ElemType; 3],
) {
    let rows = scores.shape(0);
    let labels = scores.shape(1);
    let private = comptime!(if plan.private { plan.counts } else { 0 });
    let bins = comptime!(plan.bins.max(1));
    let mut room = Room {
        counters: own_counters(private),
        low: Shared::<[Atomic<u32>]>::new_slice(bins),
        high: Shared::<[Atomic<u32>]>::new_slice(bins),
        left: Shared::<[u32]>::new_slice(UNITS as usize),
        right: Shared::<[u32]>::new_slice(UNITS as usize),
    };
    let logit = are_logits::<F>(
        &*counts,
        scores,
        epoch,
        comptime!(plan.slack.get()).runtime(),
        comptime!(plan.scores),
        comptime!(plan.counts),
    );
    let sums = comptime!(plan.sums);
    let mut totals = Array::<f32>::new(comptime!(2 * sums.max(1)));
    #[unroll]
    for k in 0..sums {
        totals[2 * k] = 0.0f32;
        totals[2 * k + 1] = 0.0f32;
    }
    let mut bin = UNIT_POS as usize;
    while bin < comptime!(plan.bins).runtime() {
        room.low[bin].store(0u32);
        room.high[bin].store(0u32);
        bin += CUBE_DIM as usize;
    }
    sync_cube();

    let slot = CUBE_POS_X as usize * comptime!(plan.words).runtime();
    let samples = Samples {
        begin: begin as usize,
        positions: positions as usize,
    };
    if comptime!(plan.takes_decisions()) {
        let height = comptime!(plan.height());
        let mut n = rows;
        if comptime!(plan.columns == 0) {
            n *= labels;
        }
        let mut first = CUBE_POS_X as usize * height;
        while first < n {
            let spot = spot(
                first,
                n,
                labels,
                &samples,
                comptime!(plan.samples),
                comptime!(plan.columns),
                height,
            );
            let decision = decision_at::<F>(
                scores,
                weights,
                &spot,
                logit,
                infinite,
                comptime!(plan.slack),
            );
            let raw = target[spot.row * labels + spot.column];
            #[unroll]
            for k in 0..comptime!(plan.sinks.len()) {
                let sink = comptime!(plan.sinks[k].clone());
                if comptime!(!sink.kind.takes_rows()) {
                    take::<I, G>(
                        counts,
                        words,
                        lists,
                        constants,
                        groups,
                        &mut room,
                        &mut totals,
                        &decision,
                        &spot,
                        raw,
                        labels,
                        slot,
                        listed,
                        capacity,
                        sink,
                        comptime!(plan.weighted),
                        private,
                    );
                }
            }
            first += CUBE_COUNT_X as usize * height;
        }
    }
    if comptime!(plan.team > 0) {
        take_rows::<F, I>(
            counts,
            constants,
            scores,
            target,
            weights,
            &mut room,
            &mut totals,
            logit,
            &samples,
            comptime!(plan.clone()),
            private,
        );
    }

    if CUBE_POS == 0 && UNIT_POS == 0 {
        #[unroll]
        for k in 0..comptime!(plan.sinks.len()) {
            let sink = comptime!(plan.sinks[k].clone());
            if comptime!(sink.asks()) {
                let place = comptime!(sink.kinds()).runtime() + select(logit, 1usize, 0usize);
                count(counts, &room.counters, place, 1i32, private);
            }
        }
    }
    flush(counts, &room.counters, private);
    #[unroll]
    for k in 0..comptime!(plan.sinks.len()) {
        let sink = comptime!(plan.sinks[k].clone());
        if comptime!(sink.keeps_sums(plan.weighted)) {
            keep_sums(
                words,
                &mut room,
                &totals,
                slot,
                labels,
                comptime!(sink.clone()),
                comptime!(plan.clone()),
            );
        }
        if comptime!(sink.kind.bins() > 0) {
            keep_bins(words, &room, slot, sink);
        }
    }
}

/// The decision of a unit of a cube that takes decisions, or rows of its columns, from `first` on.
#[cube]
fn spot(
    first: usize,
    n: usize,
    labels: usize,
    samples: &Samples,
    #[comptime] width: usize,
    #[comptime] columns: usize,
    #[comptime] height: usize,
) -> Spot {
    let unit = UNIT_POS as usize;
    if comptime!(columns == 0) {
        let i = min(first + unit, n - 1);
        let row = i / labels;
        Spot {
            row,
            column: i % labels,
            inside: first + unit < n,
            counters: counters_at(samples, row, width),
        }
    } else {
        let place = unit / columns;
        let row = min(first + place, n - 1);
        let column = CUBE_POS_Y as usize * columns + unit % columns;
        Spot {
            row,
            column: min(column, labels - 1),
            // Some units have no row where the columns do not divide the units.
            inside: place < height && first + place < n && column < labels,
            counters: counters_at(samples, row, width),
        }
    }
}

#[cube]
fn decision_at<F: Float>(
    scores: &Tensor<F>,
    weights: ComptimeOption<&Tensor<f32>>,
    spot: &Spot,
    logit: bool,
    infinite: f32,
    #[comptime] slack: Real,
) -> Decision {
    let score = f32::cast_from(scores[spot.row * scores.shape(1) + spot.column]);
    let weight = weight_at(weights, spot.row);
    Decision {
        score,
        probability: probability_of(score, logit, slack),
        logit,
        infinite,
        weight,
        weight_code: weight_code(weight),
    }
}

#[cube]
pub(super) fn probability_of(score: f32, logit: bool, #[comptime] slack: Real) -> f32 {
    let mut probability = snapped(score, comptime!(slack.get()).runtime());
    if logit {
        // Of the side on which the exponential does not overflow.
        let small = exp(-score.abs());
        probability = select(score < 0.0, small, 1.0f32) / (1.0 + small);
    }
    probability
}

/// The weight of a row, which is 1 if rows have none.
#[cube]
pub(super) fn weight_at(weights: ComptimeOption<&Tensor<f32>>, row: usize) -> f32 {
    let weight: ComptimeOption<f32> = weights.map(|weights| weights[row]);
    weight.unwrap_or_else(|| 1.0f32.runtime())
}

/// The code of an invalid weight, or 0.
#[cube]
pub(super) fn weight_code(weight: f32) -> i32 {
    let invalid = is_nan(weight) || is_infinite(weight) || weight < 0.0f32;
    select(
        invalid,
        comptime!(Reason::InvalidWeight.code()).runtime(),
        0i32,
    )
}

/// Hands a decision to a sink. All units of a cube take part, as barriers need them.
#[cube]
#[allow(clippy::too_many_arguments)]
fn take<I: Int, G: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    lists: &mut Tensor<u32>,
    constants: &Tensor<f32>,
    groups: ComptimeOption<&Tensor<G>>,
    room: &mut Room,
    totals: &mut Array<f32>,
    decision: &Decision,
    spot: &Spot,
    raw: I,
    labels: usize,
    slot: usize,
    listed: u32,
    capacity: u32,
    #[comptime] sink: KernelSink,
    #[comptime] weighted: bool,
    #[comptime] private: usize,
) {
    let code = code_of::<I>(decision, raw, comptime!(sink.clone()));
    if comptime!(sink.kind == Kind::Keys) {
        if spot.inside {
            add_key(
                counts, lists, &*room, decision, spot, code, labels, listed, capacity, sink,
                weighted, private,
            );
        }
    } else if comptime!(sink.has_terms()) {
        if spot.inside {
            add_terms(
                counts, &*room, totals, decision, code, sink, weighted, private,
            );
        }
    } else if comptime!(sink.calibrated() > 0) {
        add_probability(
            counts, words, constants, room, decision, spot, code, labels, slot, sink, weighted,
            private,
        );
    } else {
        let mut first = spot.column;
        let mut code = code;
        if comptime!(sink.groups() > 0) {
            let group = group_at::<G>(groups, spot.row);
            let unknown = group < 0 || group >= comptime!(sink.groups()).runtime();
            first = usize::cast_from(select(unknown, 0i32, group));
            if code >= 0 && unknown {
                code = comptime!(Reason::InvalidTarget.code()).runtime();
            }
        }
        if code >= 0 && decision.weight_code < 0 {
            code = decision.weight_code;
        }
        let cell = count_cell(
            counts,
            constants,
            &*room,
            decision.probability,
            spot,
            first,
            code,
            comptime!(sink.clone()),
            weighted,
            private,
        );
        if comptime!(sink.keeps_sums(weighted)) {
            if cell != comptime!(u32::MAX).runtime() {
                add_cell(totals, decision, cell & 3u32, sink);
            }
        } else if comptime!(weighted && !sink.is_by_sample()) {
            scatter(words, room, cell, decision.weight, slot, sink);
        }
    }
}

#[cube]
fn group_at<G: Int>(groups: ComptimeOption<&Tensor<G>>, row: usize) -> i32 {
    let group: ComptimeOption<i32> = groups.map(|groups| label::<G>(groups[row]));
    group.unwrap_or_else(|| 0i32.runtime())
}

/// 0, 1, or the negative code of a decision that is left out.
#[cube]
fn code_of<I: Int>(decision: &Decision, raw: I, #[comptime] sink: KernelSink) -> i32 {
    let ignores = comptime!(sink.ignored.is_some());
    let index = comptime!(sink.ignored.unwrap_or(0));
    let mut checked = decision.probability;
    if comptime!(sink.is_raw()) && !is_nan(decision.score) {
        // Scores of any size.
        checked = 0.0f32;
    }
    decision_code::<I>(checked, raw, I::new(index), ignores)
}
