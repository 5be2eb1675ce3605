//! What becomes of each element, and the units that elements make up.

use super::{
    add_counts, bins, counters, floats, labels,
    passes::{self, slot},
    tensor::{ints, with_ints},
};
use crate::{
    REJECTED_SLOTS, Reason,
    ops::{ConfusionOptions, LabelCountsOptions, scalar::is_weight},
};
use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;

/// Elements that one thread takes at a time.
const CHUNK: usize = 1 << 16;

/// See [`ops::hits`](crate::ops::hits).
pub(crate) fn hits(
    ranks: &Tensor<2, Int>,
    target: &Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    outcomes(ranks, target, options, |target, pred| target == pred)
}

/// See [`ops::confusion_cells`](crate::ops::confusion_cells).
pub(crate) fn confusion_cells(
    ranks: &Tensor<2, Int>,
    target: &Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    outcomes(ranks, target, options, |target, pred| {
        (target * options.classes + pred) as i32
    })
}

/// See [`ops::outcome_cells`](crate::ops::outcome_cells).
pub(crate) fn outcome_cells(
    ranks: &Tensor<2, Int>,
    target: &Tensor<1, Int>,
    options: ConfusionOptions,
) -> (Tensor<1, Int>, Tensor<1, Int>) {
    let classes = options.classes;
    let first = outcomes(ranks, target, options, |target, pred| {
        match target == pred {
            true => target as i32,
            false => (classes + pred) as i32,
        }
    });
    let missed = outcomes(ranks, target, options, |target, pred| {
        match target == pred {
            true => -1,
            false => (2 * classes + target) as i32,
        }
    });
    // A code of whatever reason is as good as -1.
    (first, missed)
}

/// See [`ops::in_two_cells`](crate::ops::in_two_cells).
pub(crate) fn in_two_cells(
    cells: &Tensor<1, Int>,
    weights: &Tensor<1>,
    also: &Tensor<1, Int>,
    also_weights: &Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let (mut places, mut terms) = (
        counters(cells, <[i32]>::to_vec),
        floats(weights, <[f32]>::to_vec),
    );
    let (n, device) = (places.len(), cells.device());
    counters(also, |also| {
        floats(also_weights, |also_weights| {
            for (i, (also, weight)) in also.iter().zip(also_weights).enumerate() {
                let counts = places[i] >= 0 && *also >= 0 && is_weight(terms[i]);
                places.push(if counts { *also } else { 0 });
                terms.push(if counts { *weight } else { 0.0 });
            }
        })
    });
    (
        Tensor::from_data(TensorData::new(places, [2 * n]), &device),
        Tensor::from_data(TensorData::new(terms, [2 * n]), &device),
    )
}

/// See [`ops::threshold_cells`](crate::ops::threshold_cells).
pub(crate) fn threshold_cells(
    probabilities: &Tensor<2>,
    target: &Tensor<2, Int>,
    thresholds: &[f32],
) -> Tensor<1, Int> {
    let [n, labels] = probabilities.dims();
    let cells = floats(probabilities, |p| {
        counters(target, |target| {
            bins::threshold_cells(p, target, labels, thresholds)
        })
    });
    Tensor::from_data(
        TensorData::new(cells, [n * labels]),
        &probabilities.device(),
    )
}

/// What `f` makes of the target and the prediction of each row, or the code of a rejected one.
fn outcomes<T: Into<i32>>(
    ranks: &Tensor<2, Int>,
    target: &Tensor<1, Int>,
    options: ConfusionOptions,
    f: impl Fn(usize, usize) -> T,
) -> Tensor<1, Int> {
    let [_, n] = ranks.dims();
    let mut values = Vec::with_capacity(n);
    counters(ranks, |ranks| {
        ints(target, |target| {
            with_ints!(target, target => passes::predictions(ranks, target, options, |outcome| {
                values.push(match outcome {
                    Ok((target, pred)) => f(target, pred).into(),
                    Err(slot) => -1 - slot as i32,
                });
            }))
        })
    });
    Tensor::from_data(TensorData::new(values, [n]), &ranks.device())
}

/// See [`ops::label_hits`](crate::ops::label_hits).
pub(crate) fn label_hits(
    scores: &Tensor<2>,
    target: &Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    decisions(scores, target, options, |_, target, pred| {
        (target == pred) as i32
    })
}

/// See [`ops::decision_cells`](crate::ops::decision_cells).
pub(crate) fn decision_cells(
    scores: &Tensor<2>,
    target: &Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    decisions(scores, target, options, |label, target, pred| {
        4 * label + 2 * target + pred
    })
}

/// What `f` makes of the label, the target and the prediction of each decision, or the code of a
/// rejected one.
fn decisions(
    scores: &Tensor<2>,
    target: &Tensor<2, Int>,
    options: LabelCountsOptions,
    f: impl Fn(i32, i32, i32) -> i32 + Sync,
) -> Tensor<2, Int> {
    let dims @ [_, labels] = scores.dims();
    let size = (CHUNK / labels.max(1)).max(1) * labels.max(1);
    let codes = floats(scores, |scores| {
        let mut codes = ints(target, |target| {
            labels::decision_codes(scores, target, options.ignore_index)
        });
        let parts = codes.par_chunks_mut(size).zip(scores.par_chunks(size));
        parts.for_each(|(codes, scores)| {
            let rows = codes.chunks_exact_mut(labels);
            for (codes, scores) in rows.zip(scores.chunks_exact(labels)) {
                for (label, (code, score)) in codes.iter_mut().zip(scores).enumerate() {
                    let value = f(label as i32, *code, (*score > options.threshold) as i32);
                    *code = if *code < 0 { *code } else { value };
                }
            }
        });
        codes
    });
    Tensor::from_data(TensorData::new(codes, dims), &scores.device())
}

/// See [`ops::unit_matches`](crate::ops::unit_matches).
pub(crate) fn unit_matches(
    state: Tensor<1, Int>,
    hits: &Tensor<2, Int>,
    samples: usize,
) -> Tensor<1, Int> {
    let ([units, elements], [size]) = (hits.dims(), state.dims());
    let per_sample = (units / samples.max(1) * elements).max(1);
    let mut counts = vec![0; size];
    let (matched, rejected) = counts.split_at_mut(size - REJECTED_SLOTS);
    counters(hits, |hits| {
        let samples = matched.chunks_exact_mut(2).zip(hits.chunks(per_sample));
        samples.for_each(|(matched, hits)| matches(matched, rejected, hits, elements.max(1)));
    });
    add_counts(state, &counts)
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
