//! Terms of rows, and their sums.

use super::{
    add_counts, add_totals, are_logits, counters, floats, passes::slot, weighted::is_valid,
};
use crate::{
    REJECTED_SLOTS, Reason,
    ops::{MarginOptions, ScoreKind},
};
use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;
use std::ops::Range;

/// Terms that one thread takes at a time.
const TERMS_PER_TASK: usize = 1 << 16;

/// What the terms of some rows add.
type Part = ([i32; 1 + REJECTED_SLOTS], Vec<f64>);

/// See [`ops::term_sums`](crate::ops::term_sums).
pub(crate) fn term_sums(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    terms: &Tensor<3>,
    codes: &Tensor<2, Int>,
    weights: Option<&Tensor<1>>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let dims = terms.dims();
    let (count, totals) = floats(terms, |terms| {
        counters(codes, |codes| match weights {
            Some(weights) => floats(weights, |w| total(dims, terms, codes, |row| w[row])),
            None => total(dims, terms, codes, |_| 1.0),
        })
    });
    (add_counts(counts, &count), add_totals(sums, &totals))
}

/// The sums over all rows.
fn total(
    dims: [usize; 3],
    terms: &[f32],
    codes: &[i32],
    weight: impl Fn(usize) -> f32 + Sync,
) -> Part {
    let [n, elements, k] = dims;
    // Parts of a size that does not depend on the number of threads, so that sums do not either.
    let size = (TERMS_PER_TASK / (elements * k).max(1)).max(1);
    let parts: Vec<_> = (0..n.div_ceil(size))
        .into_par_iter()
        .map(|part| {
            let rows = part * size..n.min((part + 1) * size);
            match k {
                1 => part_of::<1>(rows, elements, k, terms, codes, &weight),
                3 => part_of::<3>(rows, elements, k, terms, codes, &weight),
                _ => part_of::<0>(rows, elements, k, terms, codes, &weight),
            }
        })
        .collect();
    let mut total = ([0; 1 + REJECTED_SLOTS], vec![0.0; elements * (k + 1)]);
    for (counts, sums) in parts {
        (total.0.iter_mut().zip(counts)).for_each(|(total, count)| *total += count);
        (total.1.iter_mut().zip(sums)).for_each(|(total, sum)| *total += sum);
    }
    total
}

/// The sums over some rows, of which an element has `K` terms, or `k` if that is 0.
#[inline(always)]
fn part_of<const K: usize>(
    rows: Range<usize>,
    elements: usize,
    k: usize,
    terms: &[f32],
    codes: &[i32],
    weight: impl Fn(usize) -> f32,
) -> Part {
    let k = if K > 0 { K } else { k };
    let mut counts = [0; 1 + REJECTED_SLOTS];
    let mut totals = vec![0.0f64; elements * (k + 1)];
    let (sums, weights) = totals.split_at_mut(elements * k);
    for row in rows {
        let weight = weight(row);
        for (element, total) in weights.iter_mut().enumerate() {
            let place = row * elements + element;
            let terms = &terms[place * k..][..k];
            counts[if codes[place] < 0 {
                1 + slot(codes[place])
            } else if terms.iter().any(|term| term.is_nan()) {
                1 + Reason::Nan as usize
            } else if !is_valid(weight) {
                1 + Reason::InvalidWeight as usize
            } else {
                // Weights of 0 times infinity add nothing.
                if weight > 0.0 {
                    for (sum, term) in sums[element * k..][..k].iter_mut().zip(terms) {
                        *sum += weight as f64 * *term as f64;
                    }
                    *total += weight as f64;
                }
                0
            }] += 1;
        }
    }
    (counts, totals)
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
fn hinge(margin: f32, squared: bool) -> f32 {
    let loss = 1.0 - margin;
    // Not `max`, which drops NaN.
    let loss = if loss < 0.0 { 0.0 } else { loss };
    if squared { loss * loss } else { loss }
}
