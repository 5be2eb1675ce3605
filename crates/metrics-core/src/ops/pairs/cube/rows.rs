//! Sinks of whole rows: a team of units reads each.

use super::{
    pair::nan_code,
    plan::{KernelPlan, Walk},
    terms::relative_entropy,
};
use crate::{
    Reason,
    ops::{
        cube::{
            UNITS,
            counts::{count, slot, weight_code},
            math::{exp, is_infinite, is_nan},
            sums::{Sum, whole},
            teams::{Join, join_team},
            totals::{Desk, add_to},
        },
        pairs::TermsKernel,
    },
};
use cubecl::prelude::*;

/// What is known of the rows: their sums, least and largest numbers, and whether there is a NaN.
const SHAPE: [Join; 7] = [
    Join::Sum,
    Join::Least,
    Join::Most,
    Join::Sum,
    Join::Least,
    Join::Most,
    Join::Most,
];

/// Hands every row to the sinks of rows.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn walk<N: Size, M: Size>(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    totals: &mut Array<f32>,
    used: &mut Array<i32>,
    infinite: &mut Array<u32>,
    desk: &mut Desk,
    lists: &mut Tensor<u32>,
    pred: &Tensor<Vector<f32, N>>,
    target: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, M>>,
    rows: usize,
    columns: usize,
    pred_row: usize,
    target_row: usize,
    listed: usize,
    room: usize,
    infinity: f32,
    #[comptime] plan: KernelPlan,
) {
    let private = comptime!(plan.own_counters());
    let team = comptime!(plan.team);
    let teams = comptime!((UNITS / team) as usize).runtime();
    let lane = (UNIT_POS % team) as usize;
    let mut shape = Array::<f32>::new(7usize);
    let mut sums = Array::<f32>::new(3usize);
    let mut first = CUBE_POS * teams;
    while first < rows {
        let row = first + (UNIT_POS / team) as usize;
        // Units beyond the last row go on with it, for the barriers need them all.
        let at = min(row, rows - 1);
        let pred_at = at * pred_row;
        let target_at = at * target_row;
        shape_of(
            &mut shape, desk, pred, target, pred_at, target_at, columns, lane, infinity, team,
        );
        let mut weight = 1.0f32;
        let mut code_of_weight = 0i32;
        if comptime!(plan.weighted) {
            weight = weights[at].extract(0usize);
            code_of_weight = weight_code(weight);
        }
        #[unroll]
        for k in 0..comptime!(plan.sinks.len()) {
            let sink = comptime!(plan.sinks[k].clone());
            if comptime!(sink.is(Walk::Rows)) {
                terms_of(
                    &mut sums,
                    &shape,
                    pred,
                    target,
                    pred_at,
                    target_at,
                    columns,
                    lane,
                    team,
                    comptime!(sink.kernel()),
                );
                let many = comptime!(if sink.kernel() == TermsKernel::Cosine {
                    3
                } else {
                    1
                });
                join_team(&mut sums, desk, comptime!(vec![Join::Sum; many]), team);
                if lane == 0 && row < rows {
                    let mut term = sums[0];
                    if comptime!(sink.kernel() == TermsKernel::Cosine) {
                        term = 0.0f32;
                        if sums[1] != 0.0f32 && sums[2] != 0.0f32 {
                            term = sums[0] / f32::sqrt(sums[1]) / f32::sqrt(sums[2]);
                        }
                    }
                    let mut code = code_of(&shape, comptime!(sink.kernel()));
                    if code == 0 && is_nan(term) {
                        code = nan_code();
                    }
                    if code == 0 {
                        code = code_of_weight;
                    }
                    if comptime!(sink.is_listed()) {
                        let place = room * comptime!(sink.list).runtime() + listed + row;
                        // NaN by its bits, which some languages of shaders have no name for.
                        lists[place] = select(code < 0, 0x7fc0_0000u32, term.to_bits());
                    }
                    if code < 0 {
                        let place = comptime!(sink.counts).runtime() + 1 + slot(code);
                        count(counts, own, place, 1i32, private);
                    } else {
                        used[k] += 1i32;
                        if weight > 0.0f32 && comptime!(!sink.is_listed()) {
                            // A divergence is infinite by its formula where a probability is 0.
                            if is_infinite(term) {
                                infinite[k] = 1u32;
                            }
                            add_to(totals, term * weight, 0.0f32, comptime!(sink.sum));
                            if comptime!(plan.weighted) {
                                add_to(totals, weight, 0.0f32, comptime!(sink.sum + 1));
                            }
                        }
                    }
                }
            }
        }
        first += CUBE_COUNT * teams;
    }
}

/// What a team finds out about its rows first, known to all its units.
#[cube]
#[allow(clippy::too_many_arguments)]
fn shape_of<N: Size>(
    shape: &mut Array<f32>,
    desk: &mut Desk,
    pred: &Tensor<Vector<f32, N>>,
    target: &Tensor<Vector<f32, N>>,
    pred_at: usize,
    target_at: usize,
    columns: usize,
    lane: usize,
    infinity: f32,
    #[comptime] team: u32,
) {
    let mut pred_sum = Sum::zero();
    let mut target_sum = Sum::zero();
    let mut nan = 0.0f32;
    shape[1] = infinity;
    shape[2] = -infinity;
    shape[4] = infinity;
    shape[5] = -infinity;
    let mut i = lane;
    while i < columns {
        let p = pred[pred_at + i].extract(0usize);
        let t = target[target_at + i].extract(0usize);
        if is_nan(p) || is_nan(t) {
            nan = 1.0f32;
        } else {
            pred_sum.add_number(p);
            target_sum.add_number(t);
            shape[1] = min(shape[1], p);
            shape[2] = max(shape[2], p);
            shape[4] = min(shape[4], t);
            shape[5] = max(shape[5], t);
        }
        i += comptime!(team as usize).runtime();
    }
    shape[0] = whole(&pred_sum);
    shape[3] = whole(&target_sum);
    shape[6] = nan;
    join_team(shape, desk, comptime!(SHAPE.to_vec()), team);
}

/// 0, or why a row is rejected.
#[cube]
fn code_of(shape: &Array<f32>, #[comptime] kernel: TermsKernel) -> i32 {
    let mut code = 0i32;
    if comptime!(kernel == TermsKernel::Cosine) {
        let infinite = is_infinite(shape[1]) || is_infinite(shape[2]);
        if infinite || is_infinite(shape[4]) || is_infinite(shape[5]) {
            code = nan_code();
        }
    } else if comptime!(kernel.log_prob()) {
        if is_infinite(shape[5]) {
            code = comptime!(Reason::InvalidTarget.code()).runtime();
        } else if is_infinite(shape[2]) {
            code = comptime!(Reason::InvalidPrediction.code()).runtime();
        }
    } else {
        if shape[4] < 0.0f32 || shape[5] == 0.0f32 {
            code = comptime!(Reason::InvalidTarget.code()).runtime();
        } else if shape[1] < 0.0f32 || shape[2] == 0.0f32 {
            code = comptime!(Reason::InvalidPrediction.code()).runtime();
        } else if is_infinite(shape[2]) || is_infinite(shape[5]) {
            code = nan_code();
        }
    }
    if shape[6] != 0.0f32 {
        code = nan_code();
    }
    code
}

/// The unit's share of what the term of a row is made of.
#[cube]
#[allow(clippy::too_many_arguments)]
fn terms_of<N: Size>(
    sums: &mut Array<f32>,
    shape: &Array<f32>,
    pred: &Tensor<Vector<f32, N>>,
    target: &Tensor<Vector<f32, N>>,
    pred_at: usize,
    target_at: usize,
    columns: usize,
    lane: usize,
    #[comptime] team: u32,
    #[comptime] kernel: TermsKernel,
) {
    let mut first = Sum::zero();
    let mut second = Sum::zero();
    let mut third = Sum::zero();
    // Rows are divided by their largest number, whose squares neither overflow nor vanish, or by their sums.
    let mut pred_scale = shape[0];
    let mut target_scale = shape[3];
    if comptime!(kernel == TermsKernel::Cosine) {
        pred_scale = nonzero(max(shape[1].abs(), shape[2].abs()));
        target_scale = nonzero(max(shape[4].abs(), shape[5].abs()));
    }
    let mut i = lane;
    while i < columns {
        let a = pred[pred_at + i].extract(0usize);
        let b = target[target_at + i].extract(0usize);
        let p = share(a, pred_scale, comptime!(kernel.log_prob()));
        let q = share(b, target_scale, comptime!(kernel.log_prob()));
        if comptime!(kernel == TermsKernel::Cosine) {
            first.add_number(p * q);
            second.add_number(p * p);
            third.add_number(q * q);
        } else if comptime!(kernel.is_divergence()) {
            let mut term = 0.0f32;
            if comptime!(kernel.log_prob()) {
                if p != 0.0f32 {
                    term = p * (a - b);
                }
            } else {
                term = relative_entropy(p, q);
            }
            first.add_number(term);
        } else {
            let mean = (p + q) * 0.5f32;
            first.add_number(relative_entropy(p, mean) * 0.5f32);
            first.add_number(relative_entropy(q, mean) * 0.5f32);
        }
        i += comptime!(team as usize).runtime();
    }
    sums[0] = whole(&first);
    if comptime!(kernel == TermsKernel::Cosine) {
        sums[1] = whole(&second);
        sums[2] = whole(&third);
    }
}

#[cube]
fn nonzero(size: f32) -> f32 {
    select(size == 0.0f32, 1.0f32, size)
}

/// A number of a row of which these are the sum or the largest number, or `exp(x)`.
#[cube]
fn share(x: f32, scale: f32, #[comptime] log_prob: bool) -> f32 {
    if comptime!(log_prob) {
        exp_of_any(x)
    } else {
        x / scale
    }
}

#[cube]
fn exp_of_any(x: f32) -> f32 {
    let below = exp(-x.abs());
    select(x > 0.0f32, 1.0f32 / below, below)
}
