//! Sums that units keep: terms of decisions, and weights of cells.

use super::{
    KernelPlan,
    sink::{KernelSink, Kind},
    sinks::reject,
    walk::{Decision, Room},
};
use crate::{
    Reason,
    ops::cube::{
        UNITS,
        counts::count,
        math::{exp, is_nan, ln, log1p, opaque},
        sums::{Sum, add_to_slot},
    },
};
use cubecl::prelude::*;

/// Sums that a unit adds up of others, one by one: barriers cost more than additions.
const GROUP: usize = 16;

/// Adds the terms of a decision to the sums of its unit.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn add_terms(
    counts: &mut Tensor<Atomic<i32>>,
    room: &Room,
    totals: &mut Array<f32>,
    decision: &Decision,
    code: i32,
    #[comptime] sink: KernelSink,
    #[comptime] weighted: bool,
    #[comptime] private: usize,
) {
    let positive = code == 1;
    let loss = if comptime!(sink.kind == Kind::Terms) {
        cross_entropy(decision, positive)
    } else if comptime!(sink.kind == Kind::Brier) {
        let error = select(
            positive,
            1.0f32 - decision.probability,
            decision.probability,
        );
        error * error
    } else {
        hinge(decision, positive, comptime!(sink.clone()))
    };
    let mut code = code;
    if code >= 0 && is_nan(loss) {
        code = comptime!(Reason::Nan.code()).runtime();
    }
    if code >= 0 && decision.weight_code < 0 {
        code = decision.weight_code;
    }
    let weight = decision.weight;
    if code < 0 {
        reject(counts, room, code, comptime!(sink.clone()), private);
    } else {
        let from = comptime!(sink.counts).runtime();
        count(counts, &room.counters, from, 1i32, private);
    }
    // A term of weight 0 may be infinite.
    if code >= 0 && weight > 0.0f32 {
        let first = comptime!(sink.sum);
        add_total(totals, weight * loss, first);
        if comptime!(sink.kind == Kind::Terms) {
            add_total(totals, weight * decision.probability, comptime!(first + 1));
            let positives = select(positive, weight, 0.0f32);
            add_weight(totals, positives, comptime!(first + 2), weighted);
            add_weight(totals, weight, comptime!(first + 3), weighted);
        } else if comptime!(sink.kind == Kind::Brier) {
            let positives = select(positive, weight, 0.0f32);
            add_weight(totals, positives, comptime!(first + 1), weighted);
            add_weight(totals, weight, comptime!(first + 2), weighted);
        } else {
            add_weight(totals, weight, comptime!(first + 1), weighted);
        }
    }
}

/// Adds the weight of a decision to one of four cells.
#[cube]
pub(super) fn add_cell(
    totals: &mut Array<f32>,
    decision: &Decision,
    cell: u32,
    #[comptime] sink: KernelSink,
) {
    #[unroll]
    for k in 0..comptime!(4usize) {
        if cell == comptime!(k as u32).runtime() {
            add_total(totals, decision.weight, comptime!(sink.sum + k));
        }
    }
}

/// Whole numbers need no compensation.
#[cube]
pub(super) fn add_weight(
    totals: &mut Array<f32>,
    weight: f32,
    #[comptime] sum: usize,
    #[comptime] weighted: bool,
) {
    if comptime!(weighted) {
        add_total(totals, weight, sum);
    } else {
        totals[comptime!(2 * sum)] += weight;
    }
}

#[cube]
pub(super) fn add_total(totals: &mut Array<f32>, number: f32, #[comptime] sum: usize) {
    let at = comptime!(2 * sum);
    let mut total = Sum {
        high: totals[at],
        low: totals[at + 1],
    };
    total.add_number(number);
    totals[at] = total.high;
    totals[at + 1] = total.low;
}

/// Adds the sums that units keep for a sink to the cube's slot.
#[cube]
pub(super) fn keep_sums(
    words: &mut Tensor<f32>,
    room: &mut Room,
    totals: &Array<f32>,
    slot: usize,
    labels: usize,
    #[comptime] sink: KernelSink,
    #[comptime] plan: KernelPlan,
) {
    // Rows are taken by units of all columns.
    let columns = comptime!(if sink.kind.takes_rows() {
        0
    } else {
        plan.columns
    });
    let width = comptime!(columns.max(1));
    let unit = UNIT_POS as usize;
    let mut label = 0usize;
    if comptime!(columns > 0) {
        label = CUBE_POS_Y as usize * columns + unit;
    }
    let begin = slot + comptime!(sink.words).runtime();
    let places = comptime!(sink.places).runtime();
    let sums = comptime!(sink.kind.sums(plan.weighted));
    #[unroll]
    for j in 0..sums {
        let at = comptime!(2 * (sink.sum + j));
        let mut total = Sum {
            high: totals[at],
            low: totals[at + 1],
        };
        over_column(&mut total, room, width);
        let mut inside = unit < width;
        if comptime!(columns > 0) {
            inside = inside && label < labels;
        }
        if inside {
            // Sums of weights come after the terms of all labels.
            let mut place = label * comptime!(sums).runtime() + comptime!(j).runtime();
            if comptime!(sink.has_terms()) {
                place = label * comptime!(sums - 1).runtime() + comptime!(j).runtime();
                if comptime!(j == sums - 1) {
                    place = places - places / comptime!(sums).runtime() + label;
                }
            }
            add_to_slot(words, begin + place, places, &total);
        }
    }
}

/// The sum over the units of a cube with the same place among `width`, known to the first of them.
#[cube]
fn over_column(total: &mut Sum, room: &mut Room, #[comptime] width: usize) {
    let height = comptime!(UNITS as usize / width).runtime();
    let unit = UNIT_POS as usize;
    let row = unit / width;
    // How far apart the units are that still have a sum of others.
    let mut distance = 1usize.runtime();
    while distance < height {
        room.left[unit] = total.high.to_bits();
        room.right[unit] = total.low.to_bits();
        sync_cube();
        let next = distance * GROUP;
        if row % next == 0 {
            let mut other = row + distance;
            while other < min(row + next, height) {
                let place = other * width + unit % width;
                total.add(
                    f32::from_bits(room.left[place]),
                    f32::from_bits(room.right[place]),
                );
                other += distance;
            }
        }
        sync_cube();
        distance = next;
    }
}

#[cube]
fn cross_entropy(decision: &Decision, positive: bool) -> f32 {
    let mut loss = entropy(decision.probability, positive, decision.infinite);
    if decision.logit {
        loss = logit_entropy(decision.score, positive);
    }
    loss
}

#[cube]
fn hinge(decision: &Decision, positive: bool, #[comptime] sink: KernelSink) -> f32 {
    let score = if comptime!(sink.is_raw()) {
        decision.score
    } else {
        decision.probability
    };
    let mut loss = 1.0f32 - select(positive, score, -score);
    loss = select(loss < 0.0f32, 0.0f32, loss);
    if comptime!(sink.is_squared()) {
        loss *= loss;
    }
    loss
}

/// The cross-entropy of a logit: ln(1 + e^-z), where z is positive on the side of the target.
#[cube]
fn logit_entropy(score: f32, positive: bool) -> f32 {
    let z = select(positive, score, -score);
    max(-z, 0.0f32) + log1p(exp(-z.abs()))
}

/// The cross-entropy of a probability; that of a small one to be wrong keeps its digits.
#[cube]
fn entropy(p: f32, positive: bool, infinite: f32) -> f32 {
    let x = select(positive, p, 1.0f32 - p);
    // What is added to 1.
    let f = select(positive, opaque(p - 1.0f32), -p);
    // Subnormal numbers become normal ones.
    let tiny = x < 1.175_494_4e-38f32;
    let normal = select(tiny, x * 33_554_432.0f32, x);
    let mut result = select(tiny, 17.328_68f32, 0.0f32) - ln(normal);
    if f > -0.29f32 {
        result = -log1p(f);
    }
    if x == 0.0f32 {
        result = infinite;
    }
    result
}
