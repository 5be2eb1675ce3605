//! A block of decisions, handed to the sinks.

use super::{
    Piece, Ready,
    cells::{count_decisions, count_rejected, outcomes, tally, write_keys, write_logit_keys},
    rows, sums,
};
use crate::{
    REJECTED_SLOTS, Reason,
    ops::{
        decisions::DecisionSink,
        host::{Reached, slot},
        keys::LEFT_OUT,
        scalar::is_weight,
    },
};

/// Decisions that have been checked.
pub(super) struct Block<'a> {
    pub scores: &'a [f32],
    pub probabilities: &'a [f32],
    /// Of each decision.
    pub weights: Option<&'a [f32]>,
    pub row_weights: Option<&'a [f32]>,
    pub labels: usize,
    pub logits: bool,
}

impl Block<'_> {
    pub fn sink(
        &self,
        (sink, ready): (&DecisionSink, &Ready),
        codes: &[i32],
        (first, cells): (&[i32], &mut [i32]),
        (counts, numbers): (&mut [i32], &mut [f64]),
        piece: &mut Piece,
    ) {
        let (p, labels) = (self.probabilities, self.labels);
        let single = labels == 1 && self.weights.is_none();
        match (sink, &ready.reached) {
            (DecisionSink::Cells { .. }, _) if single => {
                count_decisions(counts, p, codes, ready.threshold);
            }
            (DecisionSink::Cells { .. } | DecisionSink::Groups { .. }, _) => {
                outcomes(cells, p, codes, first, ready.threshold);
                tally(cells, self.weights, counts, numbers);
            }
            (DecisionSink::Thresholds { thresholds, .. }, Some(reached)) => {
                reached.cells(cells, p, codes, (thresholds.len() + 1, labels));
                tally(cells, self.weights, counts, numbers);
            }
            (DecisionSink::Calibration { bins, .. }, Some(reached)) => {
                self.calibrate(codes, (*bins, reached), counts, numbers);
            }
            (DecisionSink::Terms { .. }, _) => {
                let scores = if self.logits { self.scores } else { p };
                let terms = sums::Terms {
                    codes,
                    weights: self.weights,
                    labels,
                };
                terms.decisions(scores, p, self.logits, counts, numbers);
            }
            (DecisionSink::Brier { .. }, _) => {
                let terms = sums::Terms {
                    codes,
                    weights: self.weights,
                    labels,
                };
                terms.sum(counts, numbers, |i| {
                    let target = f64::from(codes[i]);
                    [(f64::from(p[i]) - target).powi(2), target]
                });
            }
            (DecisionSink::Hinge { squared, raw, .. }, _) => {
                let scores = if *raw { self.scores } else { p };
                let terms = sums::Terms {
                    codes,
                    weights: self.weights,
                    labels,
                };
                terms.hinge(scores, *squared, counts, numbers);
            }
            (DecisionSink::Units { .. }, _) => {
                rows::units(cells, p, codes, (ready.threshold, labels), counts);
            }
            (DecisionSink::Ranking { .. }, _) => {
                let rows = (self.scores, codes, self.row_weights);
                rows::ranking(rows, labels, counts, numbers);
            }
            (DecisionSink::Best { k, criterion, .. }, _) => {
                let rows = (self.scores, codes, self.row_weights);
                rows::best(cells, rows, labels, (*k, *criterion), counts, numbers);
            }
            (DecisionSink::Keys { .. }, _) => self.keys(codes, counts, piece),
            (DecisionSink::LabelBins { bins, .. }, Some(reached)) => {
                self.bin_labels(codes, (*bins, reached), counts, numbers);
            }
            // Those of samples are counted elsewhere.
            (DecisionSink::Samples { .. } | DecisionSink::SampleUnits { .. }, _) => {}
            (
                DecisionSink::Thresholds { .. }
                | DecisionSink::Calibration { .. }
                | DecisionSink::LabelBins { .. },
                None,
            ) => {}
        }
    }

    fn calibrate(
        &self,
        codes: &[i32],
        (width, reached): (usize, &Reached),
        counts: &mut [i32],
        numbers: &mut [f64],
    ) {
        let rejected = counts.len() - REJECTED_SLOTS;
        for (i, (p, code)) in self.probabilities.iter().zip(codes).enumerate() {
            if *code < 0 {
                counts[rejected + slot(*code)] += 1;
                continue;
            }
            let (bin, confidence) = (reached.bin(*p), f64::from(*p));
            match self.weights.map(|weights| weights[i]) {
                None => {
                    counts[bin] += 1;
                    counts[width + bin] += code;
                    numbers[bin] += confidence;
                }
                Some(weight) if is_weight(weight) => {
                    let weight = f64::from(weight);
                    numbers[*code as usize * width + bin] += weight;
                    numbers[2 * width + bin] += weight * confidence;
                }
                Some(_) => counts[rejected + Reason::InvalidWeight as usize] += 1,
            }
        }
    }

    fn bin_labels(
        &self,
        codes: &[i32],
        (bins, reached): (usize, &Reached),
        rejected: &mut [i32],
        numbers: &mut [f64],
    ) {
        let width = self.labels * bins;
        let decisions = self.probabilities.iter().zip(codes);
        for (i, (p, code)) in decisions.enumerate() {
            if *code < 0 {
                rejected[slot(*code)] += 1;
                continue;
            }
            let weight = self.weights.map_or(1.0, |weights| weights[i]);
            if is_weight(weight) {
                let (weight, bin) = (f64::from(weight), i % self.labels * bins + reached.bin(*p));
                numbers[*code as usize * width + bin] += weight;
                numbers[2 * width + bin] += weight * f64::from(*p);
            } else {
                rejected[Reason::InvalidWeight as usize] += 1;
            }
        }
    }

    fn keys(&self, codes: &[i32], rejected: &mut [i32], piece: &mut Piece) {
        let Some(keys) = piece.keys.get_mut(..codes.len()) else {
            return;
        };
        if self.logits {
            write_logit_keys(keys, self.scores, codes);
        } else {
            write_keys(keys, self.probabilities, codes);
        }
        count_rejected(rejected, codes);
        let (Some(weights), Some(of_rows)) = (self.weights, self.row_weights) else {
            return;
        };
        // A row of weight 0 is as if it were not there.
        for ((key, weight), code) in keys.iter_mut().zip(weights).zip(codes) {
            if !(*weight > 0.0 && weight.is_finite()) {
                *key = LEFT_OUT;
                let invalid = *code >= 0 && !is_weight(*weight);
                rejected[Reason::InvalidWeight as usize] += invalid as i32;
            }
        }
        for (own, weight) in piece.weights.iter_mut().zip(of_rows) {
            *own = if is_weight(*weight) { *weight } else { 0.0 }.to_bits();
        }
    }
}
