//! The operations in host memory.

use super::LabelCountsOptions;
use crate::{
    REJECTED_SLOTS, Reason,
    ops::host::{
        Ints, counters, floats, from_ints, ints, labels, matches, update_counts, with_ints,
    },
};
use burn::tensor::{Int, Tensor};
use rayon::prelude::*;

/// Elements that one thread takes at a time.
const CHUNK: usize = 1 << 16;

pub(super) fn decision_codes(
    probabilities: &Tensor<2>,
    target: &Tensor<2, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    let codes = floats(probabilities, |p| {
        ints(target, |target| {
            labels::decision_codes(p, target, ignore_index)
        })
    });
    from_ints(codes, target.dims(), &target.device())
}

pub(super) fn label_counts(
    state: Tensor<1, Int>,
    scores: &Tensor<2>,
    target: &Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<1, Int> {
    let [_, labels] = scores.dims();
    update_counts(state, |state| {
        floats(scores, |scores| {
            ints(target, |target| {
                count(state, scores, target, labels, options)
            })
        })
    })
}

#[allow(clippy::useless_conversion)] // One of the slice types is `i64` already.
fn count(
    state: &mut [i32],
    scores: &[f32],
    target: Ints,
    labels: usize,
    options: LabelCountsOptions,
) {
    let bins = 4 * labels;
    with_ints!(target, target => {
        for (scores, target) in scores.chunks_exact(labels.max(1)).zip(target.chunks_exact(labels.max(1))) {
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

pub(super) fn label_hits(
    scores: &Tensor<2>,
    target: &Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    decisions(scores, target, options, |_, target, pred| {
        (target == pred) as i32
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
            let rows = codes.chunks_exact_mut(labels.max(1));
            for (codes, scores) in rows.zip(scores.chunks_exact(labels.max(1))) {
                for (label, (code, score)) in codes.iter_mut().zip(scores).enumerate() {
                    let value = f(label as i32, *code, (*score > options.threshold) as i32);
                    *code = if *code < 0 { *code } else { value };
                }
            }
        });
        codes
    });
    from_ints(codes, dims, &scores.device())
}

pub(super) fn unit_matches(
    state: Tensor<1, Int>,
    hits: &Tensor<2, Int>,
    samples: usize,
) -> Tensor<1, Int> {
    let [units, elements] = hits.dims();
    let per_sample = (units / samples.max(1) * elements).max(1);
    update_counts(state, |counts| {
        let (matched, rejected) = counts.split_at_mut(counts.len() - REJECTED_SLOTS);
        counters(hits, |hits| {
            let samples = matched.chunks_exact_mut(2).zip(hits.chunks(per_sample));
            samples.for_each(|(matched, hits)| matches(matched, rejected, hits, elements.max(1)));
        });
    })
}
