//! Weights by cell, and weighted losses.

use super::{
    add_counts, add_totals, counters, floats,
    passes::slot,
    tensor::{Ints, ints, with_ints},
};
use crate::{REJECTED_SLOTS, Reason, ops::scalar::is_weight};
use burn::tensor::{DType, Int, Tensor};
use rayon::prelude::*;

/// Elements that one thread takes at a time, where cells are few beside them.
const ROWS_PER_TASK: usize = 1 << 16;

/// Sums that are kept several times, so that equal cells in a row do not wait for each other's sum.
const COPIES: usize = 4;
const COPIED_CELLS: usize = 512;

/// See [`ops::weighted_counts`](crate::ops::weighted_counts).
pub(crate) fn weighted_counts(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    cells: &Tensor<1, Int>,
    weights: &Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let k = sums.dims()[0] / 2;
    let (totals, rejected) = counters(cells, |cells| {
        floats(weights, |w| totals_by_cell(cells, w, k))
    });
    (add_rejected(counts, &rejected), add_totals(sums, &totals))
}

/// See [`ops::weighted_log_likelihood`](crate::ops::weighted_log_likelihood).
pub(crate) fn weighted_log_likelihood(
    counts: Tensor<1, Int>,
    ranks: &Tensor<2, Int>,
    scan: &Tensor<2>,
    target: &Tensor<1, Int>,
    weights: &Tensor<1>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let ([_, n], ignore) = (ranks.dims(), ignore_index);
    let (rejected, totals) = counters(ranks, |ranks| {
        floats(scan, |scan| {
            let rows = (&ranks[n..], &scan[3 * n..]);
            ints(target, |target| {
                floats(weights, |w| loss_totals(rows, target, w, ignore))
            })
        })
    });
    let none = Tensor::zeros([2 * totals.len()], (&scan.device(), DType::F32));
    (add_rejected(counts, &rejected), add_totals(none, &totals))
}

/// How many rows were rejected, and the sums of the losses and the weights of the others.
#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
fn loss_totals(
    (ranks, losses): (&[i32], &[f32]),
    target: Ints,
    weights: &[f32],
    ignore_index: Option<i64>,
) -> ([i32; REJECTED_SLOTS], [f64; 2]) {
    let (mut rejected, mut totals) = ([0; REJECTED_SLOTS], [0.0f64; 2]);
    with_ints!(target, target => for (i, target) in target.iter().enumerate() {
        let (loss, weight) = (losses[i], weights[i]);
        if ignore_index == Some((*target).into()) {
            rejected[Reason::Ignored as usize] += 1;
        } else if ranks[i] < 0 {
            rejected[slot(ranks[i])] += 1;
        } else if loss.is_nan() {
            rejected[Reason::Nan as usize] += 1;
        } else if !is_weight(weight) {
            rejected[Reason::InvalidWeight as usize] += 1;
        } else if weight > 0.0 {
            totals[0] += weight as f64 * loss as f64;
            totals[1] += weight as f64;
        }
    });
    (rejected, totals)
}

/// Counters with more of the rejected, which are the last.
fn add_rejected(counts: Tensor<1, Int>, rejected: &[i32]) -> Tensor<1, Int> {
    let mut more = vec![0; counts.dims()[0] - rejected.len()];
    more.extend(rejected);
    add_counts(counts, &more)
}

/// The weights of `cells` cells, and how many elements were rejected.
fn totals_by_cell(places: &[i32], weights: &[f32], cells: usize) -> (Vec<f64>, Vec<i32>) {
    // Parts of a size that does not depend on the number of threads, so that sums do not either.
    let size = ROWS_PER_TASK.max(4 * cells);
    let parts = places.par_chunks(size).zip(weights.par_chunks(size));
    let parts: Vec<_> = parts
        .map(|(places, weights)| part(places, weights, cells))
        .collect();
    let size = cells + REJECTED_SLOTS;
    let mut totals = vec![0.0; size];
    for part in parts.iter().flat_map(|part| part.chunks_exact(size)) {
        (totals.iter_mut().zip(part)).for_each(|(total, part)| *total += part);
    }
    let rejected = totals.split_off(cells);
    (totals, rejected.iter().map(|count| *count as i32).collect())
}

/// Of some elements the weights by cell and then the number of rejected ones by reason, in one copy
/// or several.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn part(cells: &[i32], weights: &[f32], count: usize) -> Vec<f64> {
    let size = count + REJECTED_SLOTS;
    let copies = if size < COPIED_CELLS { COPIES } else { 1 };
    let mut totals = vec![0.0f64; copies * size];
    let (mut places, mut terms) = ([0u32; 1024], [0.0f32; 1024]);
    for (cells, weights) in cells.chunks(places.len()).zip(weights.chunks(places.len())) {
        // Without a branch, so that this half vectorizes.
        let pairs = cells.iter().zip(weights);
        for ((place, term), (cell, weight)) in places.iter_mut().zip(&mut terms).zip(pairs) {
            let (used, valid) = (*cell >= 0, is_weight(*weight));
            let rejected = if used {
                Reason::InvalidWeight as u32
            } else {
                slot(*cell) as u32
            };
            let counts = used & valid;
            *place = if counts {
                *cell as u32
            } else {
                count as u32 + rejected
            };
            *term = if counts { *weight } else { 1.0 };
        }
        for (i, (place, term)) in places.iter().zip(&terms).take(cells.len()).enumerate() {
            totals[i % copies * size + *place as usize] += *term as f64;
        }
    }
    totals
}
