//! What becomes of whole rows: a team of units has a row at a time.

use super::{
    KernelPlan,
    best::choose,
    sink::KernelSink,
    sinks::{is_above, reject, threshold_of},
    terms::{add_total, add_weight},
    walk::{Room, probability_of, weight_at, weight_code},
};
use crate::{
    REASONS, Reason,
    ops::{
        RANKING_TERMS,
        cube::{
            UNITS,
            counts::{count, decision_code},
            label,
            samples::{Samples, count_in_sample, counters_at},
            sums::{Sum, ordered},
        },
        decisions::Real,
    },
};
use cubecl::prelude::*;

/// That a row has a decision to use. The code `-k` of one to leave out is bit `k`.
const USED: u32 = 1;

/// That a decision is wrong.
const WRONG: u32 = 1 << 8;

/// What is known of the rows of a cube, one for each team.
#[derive(CubeType)]
pub(super) struct Rows {
    pub flags: Shared<[Atomic<u32>]>,
    pub used: Shared<[Atomic<u32>]>,
    pub relevant: Shared<[Atomic<u32>]>,
    /// The largest number of labels that score as much as a relevant one.
    pub coverage: Shared<[Atomic<u32>]>,
    /// Pairs of labels in the wrong order.
    pub wrong: Shared<[Atomic<u32>]>,
}

/// Where a unit of a team is.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Lane {
    /// The team among those of the cube, and the unit among those of the team.
    pub own: usize,
    pub lane: usize,
    pub row: usize,
    /// Where the scores of the row begin.
    pub from: usize,
    /// Whether there is a row, and not the last one in place of it.
    pub inside: bool,
    /// Where the counters of the row's sample begin.
    pub counters: usize,
}

/// Hands all rows to the sinks that take whole rows. All units of a cube take part, as barriers need them.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn take_rows<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    constants: &Tensor<f32>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    weights: ComptimeOption<&Tensor<f32>>,
    room: &mut Room,
    totals: &mut Array<f32>,
    logit: bool,
    samples: &Samples,
    #[comptime] plan: KernelPlan,
    #[comptime] private: usize,
) {
    let team = comptime!(plan.team);
    let teams = comptime!((UNITS / team) as usize);
    let n = scores.shape(0);
    let labels = scores.shape(1);
    let rows = Rows {
        flags: Shared::<[Atomic<u32>]>::new_slice(teams),
        used: Shared::<[Atomic<u32>]>::new_slice(teams),
        relevant: Shared::<[Atomic<u32>]>::new_slice(teams),
        coverage: Shared::<[Atomic<u32>]>::new_slice(teams),
        wrong: Shared::<[Atomic<u32>]>::new_slice(teams),
    };
    let own = (UNIT_POS / team) as usize;
    let mut first = CUBE_POS * comptime!(teams).runtime();
    while first < n {
        let row = min(first + own, n - 1);
        let lane = Lane {
            own,
            lane: (UNIT_POS % team) as usize,
            row,
            from: row * labels,
            inside: first + own < n,
            counters: counters_at(samples, row, comptime!(plan.samples)),
        };
        #[unroll]
        for k in 0..comptime!(plan.sinks.len()) {
            let sink = comptime!(plan.sinks[k].clone());
            if comptime!(sink.kind.takes_rows()) {
                let flags = look::<F, I>(
                    counts,
                    constants,
                    scores,
                    target,
                    &*room,
                    &rows,
                    &lane,
                    logit,
                    comptime!(sink.clone()),
                    comptime!(plan.slack),
                    team,
                    private,
                );
                if comptime!(sink.kind.is_of_units()) {
                    count_unit(counts, &*room, &lane, flags, sink, private);
                } else if comptime!(sink.criterion().is_some()) {
                    let weight = weight_at(weights, lane.row);
                    choose::<F, I>(
                        counts,
                        scores,
                        target,
                        &*room,
                        totals,
                        &rows,
                        &lane,
                        flags,
                        weight,
                        sink,
                        team,
                        comptime!(plan.weighted),
                        private,
                    );
                } else {
                    let weight = weight_at(weights, lane.row);
                    rank::<F, I>(
                        counts,
                        scores,
                        target,
                        room,
                        totals,
                        &rows,
                        &lane,
                        flags,
                        weight,
                        sink,
                        team,
                        comptime!(plan.weighted),
                        private,
                    );
                }
                sync_cube();
            }
        }
        first += CUBE_COUNT * comptime!(teams).runtime();
    }
}

/// Checks the decisions of a row: what there is of them, known to the team. Of units, each one to leave out is counted.
#[cube]
#[allow(clippy::too_many_arguments)]
fn look<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    constants: &Tensor<f32>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    room: &Room,
    rows: &Rows,
    lane: &Lane,
    logit: bool,
    #[comptime] sink: KernelSink,
    #[comptime] slack: Real,
    #[comptime] team: u32,
    #[comptime] private: usize,
) -> u32 {
    let labels = scores.shape(1);
    if lane.lane == 0 {
        rows.flags[lane.own].store(0u32);
        rows.used[lane.own].store(0u32);
        rows.relevant[lane.own].store(0u32);
        rows.coverage[lane.own].store(0u32);
        rows.wrong[lane.own].store(0u32);
    }
    sync_cube();
    let ignores = comptime!(sink.ignored.is_some());
    let index = comptime!(sink.ignored.unwrap_or(0));
    let is_unit = comptime!(sink.kind.is_of_units());
    let mut threshold = 0.0f32;
    if comptime!(is_unit) {
        threshold = threshold_of(constants, comptime!(sink.clone()));
    }
    let mut flags = 0u32;
    let mut used = 0u32;
    let mut relevant = 0u32;
    let mut i = lane.lane;
    while i < labels {
        let score = f32::cast_from(scores[lane.from + i]);
        let probability = probability_of(score, logit, slack);
        let raw = target[lane.from + i];
        let code = decision_code::<I>(probability, raw, I::new(index), ignores);
        if code < 0 {
            flags |= 1u32 << u32::cast_from(-code);
            if comptime!(is_unit) && lane.inside {
                reject(counts, room, code, comptime!(sink.clone()), private);
            }
        } else {
            flags |= comptime!(USED).runtime();
            used += 1u32;
            relevant += u32::cast_from(code);
            if comptime!(is_unit) {
                let predicted = select(is_above(probability, threshold), 1i32, 0i32);
                if predicted != code {
                    flags |= comptime!(WRONG).runtime();
                }
            }
        }
        i += comptime!(team as usize).runtime();
    }
    rows.flags[lane.own].fetch_or(flags);
    rows.used[lane.own].fetch_add(used);
    rows.relevant[lane.own].fetch_add(relevant);
    sync_cube();
    rows.flags[lane.own].load()
}

/// Counts a row by whether one of its decisions is wrong.
#[cube]
fn count_unit(
    counts: &mut Tensor<Atomic<i32>>,
    room: &Room,
    lane: &Lane,
    flags: u32,
    #[comptime] sink: KernelSink,
    #[comptime] private: usize,
) {
    if lane.inside && lane.lane == 0 && code_of_row(flags) == 0 {
        let wrong = (flags & comptime!(WRONG).runtime()) != 0u32;
        let place = select(wrong, 0usize, 1usize);
        if comptime!(sink.is_by_sample()) {
            let first = lane.counters + comptime!(sink.sample).runtime();
            count_in_sample(counts, first + place);
        } else {
            let from = comptime!(sink.counts).runtime();
            count(counts, &room.counters, from + place, 1i32, private);
        }
    }
}

/// The worst code of the decisions of a row. Ignored ones are left out where there are others.
#[cube]
pub(super) fn code_of_row(flags: u32) -> i32 {
    let mut code = 0i32;
    if (flags & comptime!(USED).runtime()) == 0u32 {
        code = comptime!(Reason::Ignored.code()).runtime();
    }
    #[unroll]
    for k in 0..comptime!(REASONS - 1) {
        // All reasons but the first.
        let bit = comptime!(4u32 << k).runtime();
        if (flags & bit) != 0u32 {
            code = comptime!(-2 - k as i32).runtime();
        }
    }
    code
}

/// Adds the terms of the ranking of a row.
#[cube]
#[allow(clippy::too_many_arguments)]
fn rank<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    room: &mut Room,
    totals: &mut Array<f32>,
    rows: &Rows,
    lane: &Lane,
    flags: u32,
    weight: f32,
    #[comptime] sink: KernelSink,
    #[comptime] team: u32,
    #[comptime] weighted: bool,
    #[comptime] private: usize,
) {
    let labels = scores.shape(1);
    let mut code = code_of_row(flags);
    let invalid = weight_code(weight);
    if code == 0 {
        code = invalid;
    }
    let mut precision = Sum::zero();
    if code == 0 {
        let mut coverage = 0u32;
        let mut wrong = 0u32;
        let mut i = lane.lane;
        while i < labels {
            if code_of_label::<I>(target[lane.from + i], comptime!(sink.ignored)) == 1 {
                let own = place_of::<F>(scores[lane.from + i]);
                let mut hits = 0u32;
                let mut misses = 0u32;
                let mut j = 0usize;
                while j < labels {
                    let code = code_of_label::<I>(target[lane.from + j], comptime!(sink.ignored));
                    if code >= 0 && place_of::<F>(scores[lane.from + j]) >= own {
                        hits += u32::cast_from(code);
                        misses += 1u32 - u32::cast_from(code);
                    }
                    j += 1;
                }
                let all = hits + misses;
                coverage = max(coverage, all);
                wrong += misses;
                precision.add_number(f32::cast_from(hits) / f32::cast_from(all));
            }
            i += comptime!(team as usize).runtime();
        }
        rows.coverage[lane.own].fetch_max(coverage);
        rows.wrong[lane.own].fetch_add(wrong);
    }
    let unit = UNIT_POS as usize;
    room.left[unit] = precision.high.to_bits();
    room.right[unit] = precision.low.to_bits();
    sync_cube();
    if lane.inside && lane.lane == 0 {
        let from = comptime!(sink.counts).runtime();
        if code < 0 {
            reject(counts, &*room, code, comptime!(sink.clone()), private);
        } else {
            count(counts, &room.counters, from, 1i32, private);
            let mut other = 1usize;
            while other < comptime!(team as usize).runtime() {
                precision.add(
                    f32::from_bits(room.left[unit + other]),
                    f32::from_bits(room.right[unit + other]),
                );
                other += 1;
            }
            let relevant = rows.relevant[lane.own].load();
            let others = rows.used[lane.own].load() - relevant;
            let mut share = 1.0f32;
            let mut loss = 0.0f32;
            if relevant > 0u32 {
                share = precision.high / f32::cast_from(relevant);
                let pairs = f32::cast_from(relevant) * f32::cast_from(max(others, 1u32));
                loss = f32::cast_from(rows.wrong[lane.own].load()) / pairs;
            }
            let coverage = f32::cast_from(rows.coverage[lane.own].load());
            let first = comptime!(sink.sum);
            add_total(totals, weight * coverage, first);
            add_total(totals, weight * share, comptime!(first + 1));
            add_total(totals, weight * loss, comptime!(first + 2));
            add_weight(totals, weight, comptime!(first + RANKING_TERMS), weighted);
        }
    }
}

/// 0 or 1, or a negative number for a label to ignore, of a row without an invalid one.
#[cube]
pub(super) fn code_of_label<I: Int>(raw: I, #[comptime] ignored: Option<i64>) -> i32 {
    let mut code = label::<I>(raw);
    if comptime!(ignored.is_some()) && raw == I::new(comptime!(ignored.unwrap_or(0))) {
        code = -1i32;
    }
    code
}

/// A number whose order is that of scores, where 0 and -0 are equal.
#[cube]
pub(super) fn place_of<F: Float>(score: F) -> u32 {
    let score = f32::cast_from(score);
    let zero = (score.to_bits() & 0x7fff_ffffu32) == 0u32;
    select(zero, 0x8000_0000u32, ordered(score))
}
