//! Moments of errors and targets.

use super::{Block, PairElement, Totals, has_nan, pivots};
use crate::ops::{pairs::MOMENTS, scalar::Element};

/// As many terms are added side by side: few enough that all sums stay in registers.
const LANES: usize = 8;

/// Marks of a state to which nothing has been added.
pub(super) fn take_marks<E: PairElement>(block: &Block<E>, marks: &mut [f64]) {
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
pub(super) fn add<E: PairElement>(block: &Block<E>, extremes: bool, totals: &mut Totals) {
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
        None => (sum(lanes(pred, target, pivot)), whole as f64),
        Some(_) if !block.is_clean() => ([f64::NAN; MOMENTS], 0.0),
        Some(weights) => {
            let [first, second, third, fourth, given] =
                sum(weighted_lanes(pred, target, &weights[..whole], pivot));
            ([first, second, third, fourth], given)
        }
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
            totals.marks[1] = totals.marks[1].min(low.wide());
            totals.marks[2] = totals.marks[2].max(high.wide());
        }
    }
    for i in added..block.pred.len() {
        let weight = block.weights.map(|weights| weights[i]);
        let (pred, target) = (&block.pred[i..=i], &block.target[i..=i]);
        row(pred, target, weight, extremes, totals);
    }
}

#[inline(always)]
fn row<E: Element>(
    pred: &[E],
    target: &[E],
    weight: Option<E>,
    extremes: bool,
    totals: &mut Totals,
) {
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
            let target = target.wide();
            (*low, *high) = (low.min(target), high.max(target));
        }
    }
}

/// What one pair adds to each moment.
#[inline(always)]
fn terms<E: Element>(pred: E, target: E, pivot: f64) -> [f64; MOMENTS] {
    let (pred, target) = (pred.wide(), target.wide());
    let (error, offset) = (pred - target, target - pivot);
    [error * error, error.abs(), offset, offset * offset]
}

/// The sum of lanes. Apart from the loops over pairs, of which a compiler would else make vectors of moments.
fn sum<const K: usize>(sums: [[f64; LANES]; K]) -> [f64; K] {
    sums.map(|lanes| lanes.iter().sum())
}

/// The moments of pairs, whose number is a multiple of the lanes.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn lanes<E: Element>(pred: &[E], target: &[E], pivot: f64) -> [[f64; LANES]; MOMENTS] {
    let [mut first, mut second, mut third, mut fourth] = [[0.0f64; LANES]; MOMENTS];
    let (pred, target) = (pred.as_chunks::<LANES>().0, target.as_chunks::<LANES>().0);
    for (pred, target) in pred.iter().zip(target) {
        let [pred, target] = [pred.map(E::wide), target.map(E::wide)];
        let (mut error, mut offset) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            error[lane] = pred[lane] - target[lane];
        }
        for lane in 0..LANES {
            offset[lane] = target[lane] - pivot;
        }
        for lane in 0..LANES {
            first[lane] += error[lane] * error[lane];
        }
        for lane in 0..LANES {
            second[lane] += error[lane].abs();
        }
        for lane in 0..LANES {
            third[lane] += offset[lane];
        }
        for lane in 0..LANES {
            fourth[lane] += offset[lane] * offset[lane];
        }
    }
    [first, second, third, fourth]
}

/// The same with weights, and last the sums of these.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn weighted_lanes<E: Element>(
    pred: &[E],
    target: &[E],
    weights: &[E],
    pivot: f64,
) -> [[f64; LANES]; MOMENTS + 1] {
    let [mut first, mut second, mut third, mut fourth] = [[0.0f64; LANES]; MOMENTS];
    let mut given = [0.0f64; LANES];
    let (pred, target) = (pred.as_chunks::<LANES>().0, target.as_chunks::<LANES>().0);
    for ((pred, target), weights) in pred.iter().zip(target).zip(weights.as_chunks::<LANES>().0) {
        let [pred, target, weight] = [pred, target, weights].map(|x| x.map(E::wide));
        let (mut error, mut offset) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            error[lane] = pred[lane] - target[lane];
        }
        for lane in 0..LANES {
            offset[lane] = target[lane] - pivot;
        }
        for lane in 0..LANES {
            first[lane] += weight[lane] * (error[lane] * error[lane]);
        }
        for lane in 0..LANES {
            second[lane] += weight[lane] * error[lane].abs();
        }
        for lane in 0..LANES {
            third[lane] += weight[lane] * offset[lane];
        }
        for lane in 0..LANES {
            fourth[lane] += weight[lane] * (offset[lane] * offset[lane]);
        }
        for lane in 0..LANES {
            given[lane] += weight[lane];
        }
    }
    [first, second, third, fourth, given]
}

/// The smallest and the largest number that weighs anything.
#[inline(always)]
fn range<E: Element>(numbers: &[E], weights: Option<&[E]>) -> (E, E) {
    let (mut low, mut high) = ([E::INFINITY; LANES], [E::NEG_INFINITY; LANES]);
    let ones = [E::ONE; LANES];
    for (i, numbers) in numbers.chunks_exact(LANES).enumerate() {
        let weights = weights.map_or(&ones[..], |weights| &weights[i * LANES..][..LANES]);
        for lane in 0..LANES {
            let (x, used) = (numbers[lane], weights[lane] > E::ZERO);
            low[lane] = if used & (x < low[lane]) { x } else { low[lane] };
            high[lane] = if used & (x > high[lane]) {
                x
            } else {
                high[lane]
            };
        }
    }
    (
        low.into_iter()
            .fold(E::INFINITY, |a, b| if b < a { b } else { a }),
        high.into_iter()
            .fold(E::NEG_INFINITY, |a, b| if b > a { b } else { a }),
    )
}
