//! A pair on its way into sums.

use super::plan::{KernelPlan, KernelSink};
use crate::{
    Reason,
    ops::cube::{
        counts::weight_code,
        math::{is_infinite, is_nan, opaque},
        sums::Sum,
        totals::add_to,
    },
};
use cubecl::prelude::*;

/// A pair and its weight.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Pair {
    pub pred: f32,
    pub target: f32,
    pub weight: f32,
    /// The code for its weight, or 0.
    pub weight_code: i32,
    /// Whether a number is NaN.
    pub nan: bool,
}

#[cube]
pub(super) fn pair_of(pred: f32, target: f32, weight: f32, #[comptime] weighted: bool) -> Pair {
    let mut code = 0i32;
    if comptime!(weighted) {
        code = weight_code(weight);
    }
    Pair {
        pred,
        target,
        weight,
        weight_code: code,
        nan: is_nan(pred) || is_nan(target),
    }
}

#[cube]
pub(super) fn nan_code() -> i32 {
    comptime!(Reason::Nan.code()).runtime()
}

/// Several numbers side by side, the first of which is number `i * N` in the order of rows.
#[cube]
pub(super) fn vector_at<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    i: usize,
    columns: usize,
    row: usize,
    #[comptime] plan: KernelPlan,
) -> Vector<f32, N> {
    let mut place = i;
    if comptime!(plan.apart) {
        place = (i / columns) * row + i % columns;
    }
    x[place]
}

/// The weights of the numbers of a vector, if rows have one element.
#[cube]
pub(super) fn weights_at<M: Size>(
    weights: &Tensor<Vector<f32, M>>,
    i: usize,
    #[comptime] plan: KernelPlan,
) -> Vector<f32, M> {
    let mut given = Vector::new(1.0f32);
    if comptime!(plan.weighted && plan.narrow) {
        given = weights[i];
    }
    given
}

/// The weight of a number of a vector.
#[cube]
pub(super) fn weight_of<M: Size>(
    given: Vector<f32, M>,
    weights: &Tensor<Vector<f32, M>>,
    i: usize,
    columns: usize,
    #[comptime] lane: usize,
    #[comptime] plan: KernelPlan,
) -> f32 {
    let mut weight = 1.0f32;
    if comptime!(plan.weighted && plan.narrow) {
        weight = given.extract(lane);
    } else if comptime!(plan.weighted) {
        let element = i * comptime!(plan.vector).runtime() + comptime!(lane).runtime();
        weight = weights[element / columns].extract(0usize);
    }
    weight
}

/// `a + b` to the last digit, in two halves.
#[cube]
pub(super) fn two_sum(a: f32, b: f32) -> Sum {
    let mut sum = Sum {
        high: a,
        low: 0.0f32,
    };
    sum.add_number(b);
    sum
}

/// Pivots of a sink, from the first pair that it uses.
#[cube]
pub(super) fn take_pivots(
    marks: &mut Array<f32>,
    pred: f32,
    target: f32,
    #[comptime] k: usize,
    #[comptime] joint: bool,
) {
    if comptime!(joint) {
        let error = two_sum(target, -pred);
        // Beyond `f32` it is no pivot.
        let finite = !is_infinite(error.high);
        marks[comptime!(4 * k)] = pred;
        marks[comptime!(4 * k + 1)] = target;
        marks[comptime!(4 * k + 2)] = select(finite, error.high, 0.0f32);
        marks[comptime!(4 * k + 3)] = select(finite, error.low, 0.0f32);
    } else {
        marks[comptime!(4 * k)] = target;
    }
}

/// Adds a pair with a weight above 0 to the sums of a sink with pivots. Values are differences of these, so every
/// addition is compensated.
#[cube]
pub(super) fn add_pair(
    totals: &mut Array<f32>,
    pair: &Pair,
    marks: &Array<f32>,
    #[comptime] k: usize,
    #[comptime] sink: KernelSink,
) {
    if comptime!(sink.is_moments()) {
        add_moments(totals, pair, marks[comptime!(4 * k)], comptime!(sink.sum));
    } else {
        let error = Sum {
            high: marks[comptime!(4 * k + 2)],
            low: marks[comptime!(4 * k + 3)],
        };
        add_joint(
            totals,
            pair,
            marks[comptime!(4 * k)],
            marks[comptime!(4 * k + 1)],
            &error,
            comptime!(sink.sum),
        );
    }
}

#[cube]
fn add_moments(totals: &mut Array<f32>, pair: &Pair, pivot: f32, #[comptime] at: usize) {
    let error = pair.pred - pair.target;
    // The mean of targets may be small beside them, so their offsets keep all digits.
    let offset = two_sum(pair.target, -pivot);
    let w = pair.weight;
    add_to(totals, error * error * w, 0.0f32, at);
    add_to(totals, error.abs() * w, 0.0f32, comptime!(at + 1));
    add_to(totals, offset.high * w, offset.low * w, comptime!(at + 2));
    add_to(
        totals,
        offset.high * offset.high * w,
        0.0f32,
        comptime!(at + 3),
    );
}

#[cube]
fn add_joint(
    totals: &mut Array<f32>,
    pair: &Pair,
    pred_pivot: f32,
    target_pivot: f32,
    error_pivot: &Sum,
    #[comptime] at: usize,
) {
    let w = pair.weight;
    let p = two_sum(pair.pred, -pred_pivot);
    let t = two_sum(pair.target, -target_pivot);
    // Both halves of the error, as its variance may be small beside it.
    let mut e = two_sum(pair.target, -pair.pred);
    e.add(-error_pivot.high, -error_pivot.low);
    let error = opaque(e.high + e.low);
    let wp = p.high * w;
    let wt = t.high * w;
    add_to(totals, wp * p.high, 0.0f32, at);
    add_to(totals, wt * t.high, 0.0f32, comptime!(at + 1));
    add_to(totals, error * w * error, 0.0f32, comptime!(at + 2));
    add_to(totals, wp * t.high, 0.0f32, comptime!(at + 3));
    add_to(totals, wp, p.low * w, comptime!(at + 4));
    add_to(totals, wt, t.low * w, comptime!(at + 5));
    add_to(totals, error * w, 0.0f32, comptime!(at + 6));
}

/// Empties the short runs.
#[cube]
pub(super) fn begin_run(run: &mut Array<f32>, #[comptime] sums: Vec<usize>) {
    #[unroll]
    for j in 0..comptime!(sums.len()) {
        run[comptime!(sums[j])] = 0.0f32;
    }
}

/// Adds the short runs to the sums.
#[cube]
pub(super) fn end_run(totals: &mut Array<f32>, run: &Array<f32>, #[comptime] sums: Vec<usize>) {
    #[unroll]
    for j in 0..comptime!(sums.len()) {
        let at = comptime!(sums[j]);
        add_to(totals, run[at], 0.0f32, at);
    }
}
