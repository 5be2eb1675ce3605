//! Labels against labels, and targets as codes.

use super::{
    ConfusionOptions,
    bins::in_parts,
    passes,
    tensor::{Ints, with_ints},
};
use crate::{REJECTED_SLOTS, Reason};
use rayon::prelude::*;

/// Counters of a matrix that is kept several times, so that equal labels in a row do not wait for
/// each other's counter. It must fit the first-level cache.
const COPIES: usize = 4;
const COPIED_CELLS: usize = 2048;

/// Adds pairs of labels to a confusion matrix.
pub(in crate::ops) fn confusion(
    state: &mut [i32],
    pred: Ints,
    target: Ints,
    options: ConfusionOptions,
) {
    with_ints!(pred, pred => with_ints!(target, target => {
        in_parts(state, target.len(), 1, |state, range| {
            count_pairs(state, &pred[range.clone()], &target[range], options);
        });
    }));
}

/// Adds pairs of labels to the margins of a confusion matrix.
pub(in crate::ops) fn margins(
    state: &mut [i32],
    pred: Ints,
    target: Ints,
    options: ConfusionOptions,
) {
    let classes = options.classes;
    let cells = classes * classes;
    let rows = target.len();
    if cells > rows {
        let mut ranks = vec![0; 2 * rows];
        passes::label_ranks(pred, target, classes, &mut ranks);
        return passes::class_margins(state, &ranks, target, options);
    }
    // One counter per pair and not three: the margins are summed at the end.
    let mut matrix = vec![0; cells + REJECTED_SLOTS];
    confusion(&mut matrix, pred, target, options);
    let (counts, rejected) = state.split_at_mut(3 * classes);
    for (t, row) in matrix[..cells].chunks_exact(classes).enumerate() {
        counts[t] += row[t];
        for (p, count) in row.iter().enumerate() {
            counts[classes + p] += count;
            counts[2 * classes + t] += count;
        }
    }
    for (sum, count) in rejected.iter_mut().zip(&matrix[cells..]) {
        *sum += count;
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn count_pairs<P: Copy + Into<i64>, T: Copy + Into<i64>>(
    state: &mut [i32],
    pred: &[P],
    target: &[T],
    options: ConfusionOptions,
) {
    let cells = options.classes * options.classes;
    let size = state.len();
    let mut copies = match size {
        0..COPIED_CELLS => vec![0; COPIES * size],
        _ => vec![],
    };
    let mut places = [0u32; 1024];
    for (pred, target) in pred.chunks(places.len()).zip(target.chunks(places.len())) {
        let places = &mut places[..pred.len()];
        for ((place, p), t) in places.iter_mut().zip(pred).zip(target) {
            *place = pair_cell((*p).into(), (*t).into(), cells, options) as u32;
        }
        if copies.is_empty() {
            places.iter().for_each(|place| state[*place as usize] += 1);
            continue;
        }
        let fours = places.chunks_exact(COPIES);
        for place in fours.remainder() {
            copies[*place as usize] += 1;
        }
        for four in fours {
            for (copy, place) in four.iter().enumerate() {
                copies[copy * size + *place as usize] += 1;
            }
        }
    }
    for copy in copies.chunks_exact(size) {
        let pairs = state.iter_mut().zip(copy);
        pairs.for_each(|(count, copy)| *count += copy);
    }
}

/// The counter of a pair of labels, without a branch.
#[inline(always)]
fn pair_cell(p: i64, t: i64, cells: usize, options: ConfusionOptions) -> i64 {
    let (classes, cells) = (options.classes as i64, cells as i64);
    let invalid = |label: i64| (label < 0) | (label >= classes);
    let cell = (t as i32)
        .wrapping_mul(classes as i32)
        .wrapping_add(p as i32) as i64;
    let cell = if invalid(p) {
        cells + Reason::InvalidPrediction as i64
    } else {
        cell
    };
    let cell = if invalid(t) {
        cells + Reason::InvalidTarget as i64
    } else {
        cell
    };
    let (any, index) = (
        options.ignore_index.is_some(),
        options.ignore_index.unwrap_or(0),
    );
    if any & (t == index) {
        cells + Reason::Ignored as i64
    } else {
        cell
    }
}

/// See [`ops::decision_codes`](crate::ops::decision_codes).
pub(in crate::ops) fn decision_codes(
    p: &[f32],
    target: Ints,
    ignore_index: Option<i64>,
) -> Vec<i32> {
    let mut codes = vec![0; p.len()];
    with_ints!(target, target => {
        let parts = codes.par_chunks_mut(CHUNK).zip(p.par_chunks(CHUNK));
        parts.zip(target.par_chunks(CHUNK)).for_each(|((codes, p), target)| {
            decisions(codes, p, target, ignore_index)
        });
    });
    codes
}

/// The same, into codes that there are already, on one thread.
pub(in crate::ops) fn codes_of(
    codes: &mut [i32],
    p: &[f32],
    target: Ints,
    ignore_index: Option<i64>,
) {
    with_ints!(target, target => decisions(codes, p, target, ignore_index));
}

/// Elements that one thread takes at a time.
const CHUNK: usize = 1 << 16;

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn decisions<T: Copy + Into<i64>>(
    codes: &mut [i32],
    probabilities: &[f32],
    target: &[T],
    ignore_index: Option<i64>,
) {
    let (ignores, index) = (ignore_index.is_some(), ignore_index.unwrap_or(0));
    for ((code, p), t) in codes.iter_mut().zip(probabilities).zip(target) {
        let t: i64 = (*t).into();
        let invalid = t >> 1 != 0;
        let score = score_code(p, t as i32);
        let checked = if invalid {
            Reason::InvalidTarget.code()
        } else {
            score
        };
        let ignored = ignores & (t == index);
        *code = if ignored {
            Reason::Ignored.code()
        } else {
            checked
        };
    }
}

/// The code of a score that is no probability, else `code`.
#[inline(always)]
fn score_code(p: &f32, code: i32) -> i32 {
    let outside = (*p < 0.0) | (*p > 1.0);
    let code = if outside {
        Reason::InvalidPrediction.code()
    } else {
        code
    };
    if p.is_nan() { Reason::Nan.code() } else { code }
}
