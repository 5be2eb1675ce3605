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

/// Pairs that a pivot is the mean of.
const PIVOT_PAIRS: usize = 16;

/// The mean of a few numbers, which is never outside of them: if all are equal, it is exactly their value. Their shares
/// are added, which cannot overflow.
#[derive(CubeType, Clone, Copy)]
struct Mean {
    shares: f32,
    low: f32,
    high: f32,
}

#[cube]
fn no_mean() -> Mean {
    Mean {
        shares: 0.0f32,
        low: 0.0f32,
        high: 0.0f32,
    }
}

#[cube]
impl Mean {
    fn begin(&mut self, number: f32) {
        self.shares = number * comptime!(1.0 / PIVOT_PAIRS as f32);
        self.low = number;
        self.high = number;
    }

    fn add(&mut self, number: f32) {
        self.shares += number * comptime!(1.0 / PIVOT_PAIRS as f32);
        self.low = min(self.low, number);
        self.high = max(self.high, number);
    }

    fn of(&self, count: f32) -> f32 {
        let mean = self.shares * (comptime!(PIVOT_PAIRS as f32) / count);
        min(max(mean, self.low), self.high)
    }
}

/// Near the predictions, the targets, and both halves of the errors of the first pairs that are used.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Pivots {
    count: f32,
    pred: Mean,
    target: Mean,
    error_high: Mean,
    error_low: Mean,
}

#[cube]
pub(super) fn no_pivots() -> Pivots {
    Pivots {
        count: 1.0f32,
        pred: no_mean(),
        target: no_mean(),
        error_high: no_mean(),
        error_low: no_mean(),
    }
}

/// The error, or 0 if it is beyond `f32`, which is no pivot.
#[cube]
fn error_of(pred: f32, target: f32) -> Sum {
    let error = two_sum(target, -pred);
    let finite = !is_infinite(error.high) && !is_nan(error.high);
    Sum {
        high: select(finite, error.high, 0.0f32),
        low: select(finite, error.low, 0.0f32),
    }
}

#[cube]
impl Pivots {
    /// The first pair, whose numbers are finite.
    pub fn begin(&mut self, pred: f32, target: f32) {
        let error = error_of(pred, target);
        self.pred.begin(pred);
        self.target.begin(target);
        self.error_high.begin(error.high);
        self.error_low.begin(error.low);
    }

    /// Another pair, unless a number of it is not finite.
    pub fn add(&mut self, pred: f32, target: f32) {
        let fit = !is_nan(pred) && !is_nan(target) && !is_infinite(pred) && !is_infinite(target);
        if fit {
            let error = error_of(pred, target);
            self.count += 1.0f32;
            self.pred.add(pred);
            self.target.add(target);
            self.error_high.add(error.high);
            self.error_low.add(error.low);
        }
    }
}

/// The end of those after the first that a pivot is the mean of.
#[cube]
pub(super) fn pivot_end(first: usize, all: usize) -> usize {
    let end = first + comptime!(PIVOT_PAIRS).runtime();
    select(end < all, end, all)
}

/// Pivots of a sink.
#[cube]
pub(super) fn take_pivots(
    marks: &mut Array<f32>,
    pivots: &Pivots,
    #[comptime] k: usize,
    #[comptime] joint: bool,
) {
    if comptime!(joint) {
        marks[comptime!(4 * k)] = pivots.pred.of(pivots.count);
        marks[comptime!(4 * k + 1)] = pivots.target.of(pivots.count);
        marks[comptime!(4 * k + 2)] = pivots.error_high.of(pivots.count);
        marks[comptime!(4 * k + 3)] = pivots.error_low.of(pivots.count);
    } else {
        marks[comptime!(4 * k)] = pivots.target.of(pivots.count);
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
