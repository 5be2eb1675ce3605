//! The other operations: one loop each.

use super::{
    ConfusionOptions, LabelCountsOptions, ValueOptions,
    tensor::{Ints, with_ints},
};
use crate::{Reason, ops::PAIR_MOMENTS};
use rayon::prelude::*;

/// The rejected slot of a negative code.
pub(in crate::ops) fn slot(code: i32) -> usize {
    (-1 - code) as usize
}

/// See [`ops::label_ranks`](crate::ops::label_ranks).
#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
pub(in crate::ops) fn label_ranks(pred: Ints, target: Ints, classes: usize, ranks: &mut [i32]) {
    with_ints!(pred, pred => with_ints!(target, target => {
        let (best, rank) = ranks.split_at_mut(target.len());
        let valid = 0..classes as i64;
        for i in 0..target.len() {
            let (p, t): (i64, i64) = (pred[i].into(), target[i].into());
            let known = valid.contains(&p);
            best[i] = if known { p as i32 } else { 0 };
            rank[i] = if !valid.contains(&t) {
                Reason::InvalidTarget.code()
            } else if !known {
                Reason::InvalidPrediction.code()
            } else if p == t {
                0
            } else {
                classes as i32
            };
        }
    }));
}

/// See [`ops::confusion`](crate::ops::confusion).
pub(in crate::ops) fn confusion(
    state: &mut [i32],
    ranks: &[i32],
    target: Ints,
    options: ConfusionOptions,
) {
    let classes = options.classes;
    with_ints!(target, target => predictions(ranks, target, options, |outcome| {
        state[match outcome {
            Ok((target, pred)) => target * classes + pred,
            Err(slot) => classes * classes + slot,
        }] += 1;
    }));
}

/// See [`ops::class_margins`](crate::ops::class_margins).
pub(in crate::ops) fn class_margins(
    state: &mut [i32],
    ranks: &[i32],
    target: Ints,
    options: ConfusionOptions,
) {
    let classes = options.classes;
    with_ints!(target, target => predictions(ranks, target, options, |outcome| match outcome {
        Ok((target, pred)) => {
            state[target] += (target == pred) as i32;
            state[classes + pred] += 1;
            state[2 * classes + target] += 1;
        }
        Err(slot) => state[3 * classes + slot] += 1,
    }));
}

/// See [`predictions`].
#[inline(always)]
pub(in crate::ops) fn each_prediction(
    ranks: &[i32],
    target: Ints,
    options: ConfusionOptions,
    f: impl FnMut(Result<(usize, usize), usize>),
) {
    with_ints!(target, target => predictions(ranks, target, options, f));
}

/// Calls `f` with the target and the prediction of each row, or with its rejected slot.
#[inline(always)]
pub(super) fn predictions<T: Copy + Into<i64>>(
    ranks: &[i32],
    target: &[T],
    options: ConfusionOptions,
    mut f: impl FnMut(Result<(usize, usize), usize>),
) {
    let (best, rank) = ranks.split_at(target.len());
    for ((target, best), rank) in target.iter().zip(best).zip(rank) {
        let target: i64 = (*target).into();
        f(if options.ignore_index == Some(target) {
            Err(Reason::Ignored as usize)
        } else if *rank < 0 {
            Err(slot(*rank))
        } else if (*rank as usize) < options.top_k {
            Ok((target as usize, target as usize))
        } else {
            Ok((target as usize, *best as usize))
        });
    }
}

/// See [`ops::label_counts`](crate::ops::label_counts).
#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
pub(super) fn label_counts(
    state: &mut [i32],
    scores: &[f32],
    target: Ints,
    labels: usize,
    options: LabelCountsOptions,
) {
    let bins = 4 * labels;
    with_ints!(target, target => {
        for (scores, target) in scores.chunks_exact(labels).zip(target.chunks_exact(labels)) {
            for label in 0..labels {
                let (score, t): (f32, i64) = (scores[label], target[label].into());
                let cell = if options.ignore_index == Some(t) {
                    bins + Reason::Ignored as usize
                } else if !(0..2).contains(&t) {
                    bins + Reason::InvalidTarget as usize
                } else if score.is_nan() {
                    bins + Reason::Nan as usize
                } else if !(0.0..=1.0).contains(&score) {
                    bins + Reason::InvalidPrediction as usize
                } else {
                    4 * label + 2 * t as usize + (score > options.threshold) as usize
                };
                state[cell] += 1;
            }
        }
    });
}

/// See [`ops::outside_unit`](crate::ops::outside_unit).
pub(in crate::ops) fn outside_unit(scores: &[f32]) -> bool {
    let outside = |score: &f32| (*score < 0.0) | (*score > 1.0);
    // Without a branch inside a chunk the loop vectorizes.
    scores
        .chunks(1024)
        .any(|chunk| chunk.iter().fold(false, |any, s| any | outside(s)))
}

/// See [`ops::sigmoid_probabilities`](crate::ops::sigmoid_probabilities).
pub(super) fn sigmoid(scores: &[f32]) -> Vec<f32> {
    scores.iter().map(|s| 1.0 / (1.0 + (-s).exp())).collect()
}

/// See [`ops::softmax_probabilities`](crate::ops::softmax_probabilities).
pub(super) fn softmax(scores: &[f32], classes: usize) -> Vec<f32> {
    let mut out = scores.to_vec();
    for row in out.chunks_exact_mut(classes.max(1)) {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for score in row.iter_mut() {
            *score = (*score - max).exp();
            sum += *score;
        }
        row.iter_mut().for_each(|score| *score /= sum);
    }
    out
}

/// See [`ops::top_confidence`](crate::ops::top_confidence).
#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
pub(in crate::ops) fn top_confidence(
    (ranks, scan, target): (&[i32], &[f32], Ints),
    softmax: bool,
    ignore_index: Option<i64>,
    (hits, confidence): (&mut [i32], &mut [f32]),
) {
    let n = hits.len();
    let (ranks, max, log_sum) = (&ranks[n..], &scan[..n], &scan[n..2 * n]);
    with_ints!(target, target => for i in 0..n {
        let share = match softmax {
            true if max[i].is_infinite() => f32::NAN,
            true => (max[i] - log_sum[i]).exp(),
            false => max[i],
        };
        hits[i] = if ignore_index == Some(target[i].into()) {
            Reason::Ignored.code()
        } else if ranks[i] < 0 {
            ranks[i]
        } else if share.is_nan() {
            Reason::Nan.code()
        } else if !(0.0..=1.0).contains(&share) {
            Reason::InvalidPrediction.code()
        } else {
            (ranks[i] == 0) as i32
        };
        confidence[i] = share;
    });
}

/// Rows that one thread takes at a time where there are many.
const ROWS_PER_TASK: usize = 1 << 16;

/// See [`ops::pair_moments`](crate::ops::pair_moments).
pub(super) fn pair_moments(
    counts: &mut [i32],
    sums: &mut [f32],
    pred: &[f32],
    target: &[f32],
    pivot: &[f32],
) {
    let size = ROWS_PER_TASK * pivot.len();
    let parts = pred.par_chunks(size).zip(target.par_chunks(size));
    // Collected in order, so that the sums do not depend on which thread was first.
    let parts: Vec<_> = parts
        .map(|(pred, target)| moments(pred, target, pivot))
        .collect();
    let mut totals = vec![0.0f64; PAIR_MOMENTS * pivot.len()];
    for (part, used, rejected) in parts {
        totals
            .iter_mut()
            .zip(part)
            .for_each(|(total, part)| *total += part);
        counts[0] += used;
        counts[1 + Reason::Nan as usize] += rejected;
    }
    add(sums, &totals);
}

/// The moments of some rows, and how many of them were used and rejected.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn moments(pred: &[f32], target: &[f32], pivot: &[f32]) -> (Vec<f64>, i32, i32) {
    const LANES: usize = 8;
    let columns = pivot.len();
    let mut totals = vec![0.0f64; PAIR_MOMENTS * columns];
    let (mut used, mut rejected, mut in_lanes) = (0, 0, 0);
    let mut row = |pred: &[f32], target: &[f32], totals: &mut [f64]| {
        if pred.iter().chain(target).any(|v| v.is_nan()) {
            rejected += 1;
            return;
        }
        used += 1;
        for column in 0..columns {
            let terms = terms(pred[column], target[column], pivot[column]);
            for (k, term) in terms.into_iter().enumerate() {
                totals[k * columns + column] += term;
            }
        }
    };
    if columns > 1 {
        for (pred, target) in pred.chunks_exact(columns).zip(target.chunks_exact(columns)) {
            row(pred, target, &mut totals);
        }
        return (totals, used, rejected);
    }
    // One column: pieces go through vectors, and again row by row if they turn out to have a NaN.
    for (pred, target) in pred.chunks(1024).zip(target.chunks(1024)) {
        let whole = pred.len() / LANES * LANES;
        let lanes = lanes(&pred[..whole], &target[..whole], pivot[0]);
        let sums = lanes.map(|lanes: [f64; LANES]| lanes.iter().sum::<f64>());
        // A NaN is in both squares; infinities alone may cancel in the other two.
        let whole = if (sums[0] + sums[3]).is_nan() {
            0
        } else {
            whole
        };
        if whole > 0 {
            (totals.iter_mut().zip(sums)).for_each(|(total, sum)| *total += sum);
        }
        for i in whole..pred.len() {
            row(&pred[i..=i], &target[i..=i], &mut totals);
        }
        in_lanes += whole as i32;
    }
    (totals, used + in_lanes, rejected)
}

/// The moments of pairs, whose number is a multiple of the lanes.
#[inline(always)]
fn lanes<const LANES: usize>(
    pred: &[f32],
    target: &[f32],
    pivot: f32,
) -> [[f64; LANES]; PAIR_MOMENTS] {
    let [mut first, mut second, mut third, mut fourth] = [[0.0f64; LANES]; PAIR_MOMENTS];
    for (pred, target) in pred.chunks_exact(LANES).zip(target.chunks_exact(LANES)) {
        for lane in 0..LANES {
            let terms = terms(pred[lane], target[lane], pivot);
            first[lane] += terms[0];
            second[lane] += terms[1];
            third[lane] += terms[2];
            fourth[lane] += terms[3];
        }
    }
    [first, second, third, fourth]
}

/// What one pair adds to each moment.
#[inline(always)]
fn terms(pred: f32, target: f32, pivot: f32) -> [f64; PAIR_MOMENTS] {
    let error = pred as f64 - target as f64;
    let offset = target as f64 - pivot as f64;
    [error * error, error.abs(), offset, offset * offset]
}

/// See [`ops::log_likelihood`](crate::ops::log_likelihood).
#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
pub(super) fn log_likelihood(
    counts: &mut [i32],
    sums: &mut [f32],
    (ranks, scan, target): (&[i32], &[f32], Ints),
    ignore_index: Option<i64>,
) {
    let n = ranks.len() / 2;
    let (ranks, losses) = (&ranks[n..], &scan[3 * n..]);
    let mut total = 0.0f64;
    with_ints!(target, target => for i in 0..n {
        if ignore_index == Some(target[i].into()) {
            counts[1 + Reason::Ignored as usize] += 1;
        } else if ranks[i] < 0 {
            counts[1 + slot(ranks[i])] += 1;
        } else if losses[i].is_nan() {
            counts[1 + Reason::Nan as usize] += 1;
        } else {
            counts[0] += 1;
            total += losses[i] as f64;
        }
    });
    add(sums, &[total]);
}

/// See [`ops::value_totals`](crate::ops::value_totals).
pub(super) fn value_totals(
    counts: &mut [i32],
    sums: &mut [f32],
    values: &[f32],
    weights: &[f32],
    options: ValueOptions,
) {
    let mut totals = [0.0f64; 3];
    for (i, value) in values.iter().enumerate() {
        let weight = if options.weighted { weights[i] } else { 1.0 };
        let (value, weight) = match options.impute {
            _ if !value.is_nan() && !weight.is_nan() => (*value as f64, weight as f64),
            Some(imputed) => (imputed as f64, 1.0),
            None => {
                counts[2 + options.reason as usize] += 1;
                continue;
            }
        };
        counts[0] += 1;
        totals[0] += value;
        totals[1] += value * weight;
        if options.weighted {
            totals[2] += weight;
        } else {
            counts[1] += 1;
        }
    }
    add(sums, &totals);
}

/// See [`ops::add_compensated`](crate::ops::add_compensated).
pub(super) fn add_compensated(state: &mut [f32], x: &[f32]) {
    let k = state.len() / 2;
    let totals: Vec<f64> = (0..k)
        .map(|i| match x.get(k + i) {
            // An infinite sum has an unspecified rest.
            Some(low) if x[i].is_finite() => x[i] as f64 + *low as f64,
            _ => x[i] as f64,
        })
        .collect();
    add(state, &totals);
}

/// See [`ops::sum_compensated`](crate::ops::sum_compensated).
pub(super) fn sum_compensated(x: &[f32], columns: usize) -> Vec<f32> {
    let mut totals = vec![0.0f64; columns];
    for row in x.chunks_exact(columns.max(1)) {
        for (total, value) in totals.iter_mut().zip(row) {
            *total += *value as f64;
        }
    }
    let mut sums = vec![0.0; 2 * columns];
    add(&mut sums, &totals);
    sums
}

/// Adds totals to compensated sums: `[2 * K]`, leading halves first.
pub(super) fn add(sums: &mut [f32], totals: &[f64]) {
    let (high, low) = sums.split_at_mut(totals.len());
    for ((high, low), total) in high.iter_mut().zip(low).zip(totals) {
        let sum = *high as f64 + *low as f64 + total;
        *high = sum as f32;
        *low = if high.is_finite() {
            (sum - *high as f64) as f32
        } else {
            0.0
        };
    }
}

/// Adds one to the counter at every place.
pub(super) fn count(counts: &mut [i32], places: &[i32]) {
    for place in places {
        counts[*place as usize] += 1;
    }
}
