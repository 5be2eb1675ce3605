//! Moments of errors and targets.

use super::{Block, Totals, has_nan, pivots};
use crate::ops::pairs::MOMENTS;

/// As many terms are added side by side: few enough that all sums stay in registers.
const LANES: usize = 8;

/// Marks of a state to which nothing has been added.
pub(super) fn take_marks(block: &Block, marks: &mut [f64]) {
    let (pivot, extremes) = marks.split_at_mut(block.columns);
    pivots(block, pivot, |_, target| target);
    let (low, high) = extremes.split_at_mut(extremes.len() / 2);
    low.fill(f64::INFINITY);
    high.fill(f64::NEG_INFINITY);
}

/// Extremes of two parts.
pub(super) fn join_extremes(marks: &mut [f64], others: &[f64]) {
    let third = marks.len() / 3;
    for (i, (mark, other)) in marks.iter_mut().zip(others).enumerate().skip(third) {
        *mark = if i < 2 * third {
            mark.min(*other)
        } else {
            mark.max(*other)
        };
    }
}

/// Adds a block. Single columns go through vectors, and again row by row if they turn out to have a row to leave
/// out.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(super) fn add(block: &Block, extremes: bool, totals: &mut Totals) {
    if block.columns > 1 {
        return block.each_row(|pred, target, weight| row(pred, target, weight, extremes, totals));
    }
    let whole = block.pred.len() / LANES * LANES;
    let (pred, target, pivot) = (
        &block.pred[..whole],
        &block.target[..whole],
        totals.marks[0],
    );
    let (sums, given) = match block.weights {
        None => (lanes(pred, target, pivot), whole as f64),
        Some(_) if !block.is_clean() => ([f64::NAN; MOMENTS], 0.0),
        Some(weights) => weighted_lanes(pred, target, &weights[..whole], pivot),
    };
    // A NaN is in both squares, as is an infinity that weighs nothing; infinities may cancel in the other two.
    let added = if (sums[0] + sums[3]).is_nan() {
        0
    } else {
        whole
    };
    if added > 0 {
        totals.count_used(added, given);
        (totals.sums.iter_mut().zip(sums)).for_each(|(sum, more)| *sum += more);
        if extremes {
            let (low, high) = range(target, block.weights);
            totals.marks[1] = totals.marks[1].min(low.into());
            totals.marks[2] = totals.marks[2].max(high.into());
        }
    }
    for i in added..block.pred.len() {
        let weight = block.weights.map(|weights| weights[i]);
        let (pred, target) = (&block.pred[i..=i], &block.target[i..=i]);
        row(pred, target, weight, extremes, totals);
    }
}

#[inline(always)]
fn row(pred: &[f32], target: &[f32], weight: Option<f32>, extremes: bool, totals: &mut Totals) {
    let nan = has_nan(pred) | has_nan(target);
    let Some(weight) = totals.count(nan, weight) else {
        return;
    };
    let columns = pred.len();
    let (pivots, range) = totals.marks.split_at_mut(columns);
    let pairs = pred.iter().zip(target).zip(pivots.iter());
    let sums = totals.sums.as_chunks_mut::<MOMENTS>().0;
    for (((pred, target), pivot), sums) in pairs.zip(sums) {
        let terms = terms(*pred, *target, *pivot);
        (sums.iter_mut().zip(terms)).for_each(|(sum, term)| *sum += weight * term);
    }
    if extremes {
        let (low, high) = range.split_at_mut(columns);
        for ((target, low), high) in target.iter().zip(low).zip(high) {
            let target = f64::from(*target);
            (*low, *high) = (low.min(target), high.max(target));
        }
    }
}

/// What one pair adds to each moment.
#[inline(always)]
fn terms(pred: f32, target: f32, pivot: f64) -> [f64; MOMENTS] {
    let (pred, target) = (f64::from(pred), f64::from(target));
    let (error, offset) = (pred - target, target - pivot);
    [error * error, error.abs(), offset, offset * offset]
}

/// The moments of pairs, whose number is a multiple of the lanes.
#[inline(always)]
fn lanes(pred: &[f32], target: &[f32], pivot: f64) -> [f64; MOMENTS] {
    let [mut first, mut second, mut third, mut fourth] = [[0.0f64; LANES]; MOMENTS];
    for (pred, target) in pred.chunks_exact(LANES).zip(target.chunks_exact(LANES)) {
        for lane in 0..LANES {
            let terms = terms(pred[lane], target[lane], pivot);
            first[lane] += terms[0];
            second[lane] += terms[1];
            third[lane] += terms[2];
            fourth[lane] += terms[3];
        }
    }
    [first, second, third, fourth].map(|lanes| lanes.iter().sum())
}

/// The same with weights, and their sum.
#[inline(always)]
fn weighted_lanes(
    pred: &[f32],
    target: &[f32],
    weights: &[f32],
    pivot: f64,
) -> ([f64; MOMENTS], f64) {
    const LANES: usize = 4;
    let [mut first, mut second, mut third, mut fourth] = [[0.0f64; LANES]; MOMENTS];
    let mut given = [0.0f64; LANES];
    let pairs = pred.chunks_exact(LANES).zip(target.chunks_exact(LANES));
    for ((pred, target), weights) in pairs.zip(weights.chunks_exact(LANES)) {
        for lane in 0..LANES {
            let terms = terms(pred[lane], target[lane], pivot);
            let weight = f64::from(weights[lane]);
            first[lane] += weight * terms[0];
            second[lane] += weight * terms[1];
            third[lane] += weight * terms[2];
            fourth[lane] += weight * terms[3];
            given[lane] += weight;
        }
    }
    let sums = [first, second, third, fourth].map(|lanes| lanes.iter().sum());
    (sums, given.iter().sum())
}

/// The smallest and the largest number that weighs anything.
#[inline(always)]
fn range(numbers: &[f32], weights: Option<&[f32]>) -> (f32, f32) {
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let ones = [1.0; LANES];
    for (i, numbers) in numbers.chunks_exact(LANES).enumerate() {
        let weights = weights.map_or(&ones[..], |weights| &weights[i * LANES..][..LANES]);
        for lane in 0..LANES {
            let (x, used) = (numbers[lane], weights[lane] > 0.0);
            low[lane] = if used & (x < low[lane]) { x } else { low[lane] };
            high[lane] = if used & (x > high[lane]) {
                x
            } else {
                high[lane]
            };
        }
    }
    (
        low.into_iter().fold(f32::INFINITY, f32::min),
        high.into_iter().fold(f32::NEG_INFINITY, f32::max),
    )
}
