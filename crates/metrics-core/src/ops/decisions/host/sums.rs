//! Sums of terms of decisions, and of rows, in host memory.

use crate::{
    Reason,
    ops::{
        host::{hinge, slot},
        scalar::{self, is_weight},
    },
};

/// Elements of a block whose terms are summed, label by label.
pub(super) struct Terms<'a> {
    /// Negative for elements to leave out.
    pub codes: &'a [i32],
    /// Of each element.
    pub weights: Option<&'a [f32]>,
    /// Every how many elements a label comes again.
    pub labels: usize,
}

/// Below it a logarithm of one plus a number is that of a short series.
const SMALL: f64 = 1.0 / 1024.0;

impl Terms<'_> {
    /// The cross-entropy, the probability and the target.
    pub fn decisions(
        &self,
        scores: &[f32],
        p: &[f32],
        logits: bool,
        counts: &mut [i32],
        sums: &mut [f64],
    ) {
        let mut losses = vec![0.0; scores.len()];
        if logits {
            logit_entropies(&mut losses, scores, self.codes);
        } else {
            entropies(&mut losses, scores, self.codes);
        }
        self.sum(counts, sums, |i| {
            [losses[i], f64::from(p[i]), f64::from(self.codes[i])]
        });
    }

    /// The hinge loss of a score, or of its opposite where the target is 0.
    pub fn hinge(&self, scores: &[f32], squared: bool, counts: &mut [i32], sums: &mut [f64]) {
        self.sum(counts, sums, |i| {
            let margin = if self.codes[i] == 1 {
                scores[i]
            } else {
                -scores[i]
            };
            [f64::from(hinge(margin, squared))]
        });
    }

    /// Adds `K` terms of each element to the sums of its label; the sums of weights follow those of all
    /// labels. `counts` are the elements used and the rejected ones.
    #[inline(always)]
    pub fn sum<const K: usize>(
        &self,
        counts: &mut [i32],
        sums: &mut [f64],
        terms: impl Fn(usize) -> [f64; K],
    ) {
        let (terms_of, weights_of) = sums.split_at_mut(K * self.labels);
        let (mut used, mut label) = (0, 0);
        // One label's sums stay in registers.
        let (mut own, mut own_weight) = ([0.0; K], 0.0);
        let single = self.labels == 1;
        for (i, code) in self.codes.iter().enumerate() {
            let at = label;
            label = if label + 1 == self.labels {
                0
            } else {
                label + 1
            };
            if *code < 0 {
                counts[1 + slot(*code)] += 1;
                continue;
            }
            let terms = terms(i);
            if terms.iter().any(|term| term.is_nan()) {
                counts[1 + Reason::Nan as usize] += 1;
                continue;
            }
            let weight = match self.weights.map(|weights| weights[i]) {
                None => 1.0,
                Some(weight) if is_weight(weight) => f64::from(weight),
                Some(_) => {
                    counts[1 + Reason::InvalidWeight as usize] += 1;
                    continue;
                }
            };
            used += 1;
            // A term of weight 0 may be infinite.
            if weight == 0.0 {
                continue;
            }
            if single {
                own_weight += weight;
                (own.iter_mut().zip(terms)).for_each(|(sum, term)| *sum += weight * term);
            } else {
                weights_of[at] += weight;
                let sums = terms_of[K * at..][..K].iter_mut();
                sums.zip(terms)
                    .for_each(|(sum, term)| *sum += weight * term);
            }
        }
        counts[0] += used;
        if single {
            weights_of[0] += own_weight;
            (terms_of.iter_mut().zip(own)).for_each(|(sum, own)| *sum += own);
        }
    }
}

/// The cross-entropies of probabilities. Those of small ones to be wrong keep their digits.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn entropies(losses: &mut [f64], scores: &[f32], codes: &[i32]) {
    for (loss, (p, code)) in losses.iter_mut().zip(scores.iter().zip(codes)) {
        let (p, positive) = (f64::from(*p), *code == 1);
        let of_target = if positive { p } else { 1.0 - p };
        let near = p * (1.0 + p * (0.5 + p * (1.0 / 3.0)));
        let far = -scalar::ln(of_target);
        *loss = if !positive & (p < SMALL) { near } else { far };
    }
}

/// The cross-entropies of logits: ln(1 + e^-z), where z is positive on the side of the target.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn logit_entropies(losses: &mut [f64], scores: &[f32], codes: &[i32]) {
    for (loss, (score, code)) in losses.iter_mut().zip(scores.iter().zip(codes)) {
        let score = f64::from(*score);
        let z = if *code == 1 { score } else { -score };
        let e = scalar::exp(-z.abs());
        let near = e * (1.0 - e * (0.5 - e * (1.0 / 3.0)));
        let far = scalar::ln(1.0 + e);
        let rest = if e < SMALL { near } else { far };
        *loss = if z < 0.0 { rest - z } else { rest };
    }
}
