//! Terms of rows, and their sums.

use super::{
    add_counts, add_totals, are_logits, counters, floats,
    passes::slot,
    rows::{RowSums, sum_parts, with_weights},
};
use crate::{ScoreKind, ops::MarginOptions};
use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;
use std::ops::Range;

/// Terms that one thread takes at a time.
const TERMS_PER_TASK: usize = 1 << 16;

/// See [`ops::term_sums`](crate::ops::term_sums).
pub(crate) fn term_sums(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    terms: &Tensor<3>,
    codes: &Tensor<2, Int>,
    weights: &Option<Tensor<1>>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [n, elements, k] = terms.dims();
    let size = (TERMS_PER_TASK / (elements * k).max(1)).max(1);
    let total = floats(terms, |terms| {
        counters(codes, |codes| {
            with_weights(weights, |weights| {
                sum_parts(n, size, |rows| match k {
                    1 => part_of::<1>(rows, elements, k, terms, codes, weights),
                    3 => part_of::<3>(rows, elements, k, terms, codes, weights),
                    _ => part_of::<0>(rows, elements, k, terms, codes, weights),
                })
            })
        })
    });
    (
        add_counts(counts, &total.used_and_rejected()),
        add_totals(sums, &total.totals),
    )
}

/// The sums over some rows, of which an element has `K` terms, or `k` if that is 0.
#[inline(always)]
fn part_of<const K: usize>(
    rows: Range<usize>,
    elements: usize,
    k: usize,
    terms: &[f32],
    codes: &[i32],
    weights: Option<&[f32]>,
) -> RowSums {
    let k = if K > 0 { K } else { k };
    let mut part = RowSums::new(elements * (k + 1));
    for row in rows {
        let weight = weights.map(|weights| weights[row]);
        for element in 0..elements {
            let place = row * elements + element;
            if codes[place] < 0 {
                part.reject(slot(codes[place]));
                continue;
            }
            let terms = &terms[place * k..][..k];
            let undefined = terms.iter().any(|term| term.is_nan());
            if let Some(weight) = part.count(undefined, weight) {
                let (sums, weights) = part.totals.split_at_mut(elements * k);
                for (sum, term) in sums[element * k..][..k].iter_mut().zip(terms) {
                    *sum += weight * *term as f64;
                }
                weights[element] += weight;
            }
        }
    }
    part
}

/// See [`ops::decision_terms`](crate::ops::decision_terms).
pub(crate) fn decision_terms(
    scores: &Tensor<2>,
    probabilities: &Tensor<2>,
    codes: &Tensor<2, Int>,
    outside: &Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<3> {
    let [n, labels] = scores.dims();
    let logits = counters(outside, |outside| are_logits(outside, kind));
    let mut terms = vec![0.0; 3 * n * labels];
    floats(scores, |scores| {
        floats(probabilities, |probabilities| {
            counters(codes, |codes| {
                let parts = terms.par_chunks_mut(3 * TERMS_PER_TASK);
                let parts = parts.zip(scores.par_chunks(TERMS_PER_TASK));
                let parts = parts.zip(probabilities.par_chunks(TERMS_PER_TASK));
                let parts = parts.zip(codes.par_chunks(TERMS_PER_TASK));
                parts.for_each(|(((terms, scores), probabilities), codes)| {
                    let decisions = scores.iter().zip(probabilities).zip(codes);
                    for (term, ((score, p), code)) in terms.chunks_exact_mut(3).zip(decisions) {
                        let positive = *code == 1;
                        let entropy = match logits {
                            true => logit_entropy(*score, positive),
                            false => entropy(*score, positive),
                        };
                        term.copy_from_slice(&[entropy, *p, positive as u8 as f32]);
                    }
                })
            })
        })
    });
    Tensor::from_data(TensorData::new(terms, [n, labels, 3]), &scores.device())
}

/// The cross-entropy of a probability; that of a small one to be wrong keeps its digits.
#[inline(always)]
fn entropy(p: f32, positive: bool) -> f32 {
    match positive {
        true => -p.ln(),
        false => -(-p).ln_1p(),
    }
}

/// The cross-entropy of a logit: ln(1 + e^-z), where z is positive on the side of the target.
#[inline(always)]
fn logit_entropy(score: f32, positive: bool) -> f32 {
    let z = if positive { score } else { -score };
    (-z).max(0.0) + (-z.abs()).exp().ln_1p()
}

/// See [`ops::hinge_losses`](crate::ops::hinge_losses).
pub(crate) fn hinge_losses(
    scores: &Tensor<2>,
    codes: &Tensor<2, Int>,
    options: MarginOptions,
) -> (Tensor<2>, Tensor<2, Int>) {
    let ([n, classes], device) = (scores.dims(), scores.device());
    let width = if options.against_best { 1 } else { classes };
    let rows = (TERMS_PER_TASK / classes.max(1)).max(1);
    let (mut losses, mut rejected) = (vec![0.0; n * width], vec![0; n]);
    floats(scores, |scores| {
        counters(codes, |codes| {
            let parts = losses.par_chunks_mut(rows * width.max(1));
            let parts = parts.zip(rejected.par_chunks_mut(rows)).enumerate();
            parts.for_each(|(part, (losses, rejected))| {
                let start = part * rows * classes;
                let (scores, codes) = (&scores[start..], &codes[start..]);
                part_losses(losses, rejected, scores, codes, classes, options);
            });
        })
    });
    (
        Tensor::from_data(TensorData::new(losses, [n, width]), &device),
        Tensor::from_data(TensorData::new(rejected, [n, 1]), &device),
    )
}

/// The losses of some rows, and 0 or the code of each.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn part_losses(
    losses: &mut [f32],
    rejected: &mut [i32],
    scores: &[f32],
    codes: &[i32],
    classes: usize,
    options: MarginOptions,
) {
    let signed = |score: f32, code: i32| if code == 1 { score } else { -score };
    if !options.against_best {
        for ((loss, score), code) in losses.iter_mut().zip(scores).zip(codes) {
            *loss = hinge(signed(*score, *code), options.squared);
        }
    }
    for (row, code) in rejected.iter_mut().enumerate() {
        let (scores, codes) = (
            &scores[row * classes..][..classes],
            &codes[row * classes..][..classes],
        );
        *code = codes[0].min(0);
        if options.against_best {
            let (mut own, mut best) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
            for (score, code) in scores.iter().zip(codes) {
                match *code == 1 {
                    true => own = *score,
                    false => best = best.max(*score),
                }
            }
            losses[row] = hinge(own - best, options.squared);
        }
    }
}

/// The loss of a margin; NaN of one that is undefined.
#[inline(always)]
pub(in crate::ops) fn hinge(margin: f32, squared: bool) -> f32 {
    let loss = 1.0 - margin;
    // Not `max`, which drops NaN.
    let loss = if loss < 0.0 { 0.0 } else { loss };
    if squared { loss * loss } else { loss }
}
