//! Loops over the rows of a pass.

use super::{
    ConfusionOptions,
    tensor::{Ints, with_ints},
};
use crate::{REASONS, REJECTED_SLOTS, Reason};

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

/// Adds rows to a confusion matrix: a counter a cell, `target * C + prediction`, and the rejected ones.
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
fn predictions<T: Copy + Into<i64>>(
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

/// See [`ops::outside_unit`](crate::ops::outside_unit).
pub(in crate::ops) fn outside_unit(scores: &[f32], slack: f32) -> bool {
    let outside = |score: &f32| (*score < -slack) | (*score > 1.0 + slack);
    // Without a branch inside a chunk the loop vectorizes.
    scores
        .chunks(1024)
        .any(|chunk| chunk.iter().fold(false, |any, s| any | outside(s)))
}

/// Counts a batch by what its scores are taken for, in the last two counters.
pub(in crate::ops) fn note_kind(counts: &mut [i32], logits: bool) {
    let kinds = counts.len() - REJECTED_SLOTS + REASONS;
    counts[kinds + usize::from(logits)] += 1;
}

/// A probability at most `slack` outside `[0, 1]` as 0 or 1; another number unchanged.
#[inline(always)]
pub(in crate::ops) fn snapped(p: f32, slack: f32) -> f32 {
    let low = (p < 0.0) & (p >= -slack);
    let high = (p > 1.0) & (p <= 1.0 + slack);
    let p = if low { 0.0 } else { p };
    if high { 1.0 } else { p }
}

/// See [`ops::within_unit`](crate::ops::within_unit).
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(in crate::ops) fn snap(probabilities: &mut [f32], slack: f32) {
    for p in probabilities {
        *p = snapped(*p, slack);
    }
}

/// Whether the best class of each row is the target (1, 0 or a negative code), and its probability.
#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
pub(in crate::ops) fn top_confidence(
    (ranks, scan, target): (&[i32], &[f32], Ints),
    (softmax, slack): (bool, f32),
    ignore_index: Option<i64>,
    (hits, confidence): (&mut [i32], &mut [f32]),
) {
    let n = hits.len();
    let (ranks, max, log_sum) = (&ranks[n..], &scan[..n], &scan[n..2 * n]);
    with_ints!(target, target => for i in 0..n {
        let share = match softmax {
            true if max[i].is_infinite() => f32::NAN,
            true => (max[i] - log_sum[i]).exp(),
            false => snapped(max[i], slack),
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

/// Counts the units of one sample.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
pub(in crate::ops) fn matches(
    counts: &mut [i32],
    rejected: &mut [i32],
    hits: &[i32],
    elements: usize,
) {
    for unit in hits.chunks_exact(elements) {
        let (mut least, mut most, mut missed) = (i32::MAX, i32::MIN, false);
        for hit in unit {
            (least, most) = (least.min(*hit), most.max(*hit));
            missed |= *hit == 0;
        }
        if least >= Reason::Ignored.code() && most >= 0 {
            counts[!missed as usize] += 1;
        }
        if least < 0 {
            for hit in unit.iter().filter(|hit| **hit < 0) {
                rejected[slot(*hit)] += 1;
            }
        }
    }
}
