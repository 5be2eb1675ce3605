//! The pass as tensor operations, sink by sink.

use super::{DecisionSink, Decisions, MultilabelCriterion, Real};
use crate::{
    REJECTED_SLOTS, Reason,
    ops::{self, LabelCountsOptions, MarginOptions, ScoreKind, keys::default as keys},
    pass::{DeviceState, Input, Placed, Plan},
};
use burn::tensor::{Bool, DType, FloatDType, Int, Tensor};

/// Of the sinks that have not been taken by a kernel.
pub(super) fn pass(
    decisions: &Decisions,
    plan: &Plan<DecisionSink>,
    mut state: DeviceState,
    taken: &[bool],
) -> DeviceState {
    let mut lists = Vec::new();
    for (i, placed) in plan.sinks.iter().enumerate() {
        if taken.get(i) != Some(&true) {
            state = decisions.sink(placed, state);
            if placed.sink.asks() {
                state.count(placed, |counts| decisions.count_kind(counts));
            }
            if let DecisionSink::Keys { ignore_index } = placed.sink {
                lists.extend(decisions.keys(&mut state, placed, ignore_index));
            }
        }
    }
    let [n, _] = decisions.dims();
    if lists.is_empty() {
        state
    } else {
        state.list(n, lists)
    }
}

impl Decisions {
    fn sink(&self, placed: &Placed<DecisionSink>, mut state: DeviceState) -> DeviceState {
        let target = || self.target.clone();
        match &placed.sink {
            DecisionSink::Cells {
                threshold,
                ignore_index,
            } => {
                let options = self.options(*threshold, *ignore_index);
                let scores = self.probabilities();
                if self.weights.is_none() {
                    state.count(placed, |counts| {
                        ops::label_counts(counts, scores, target(), options)
                    });
                } else {
                    let cells = ops::decision_cells(scores, target(), options);
                    self.weigh(&mut state, placed, cells);
                }
            }
            DecisionSink::Groups {
                groups,
                threshold,
                ignore_index,
            } => {
                let cells = self.group_cells(*groups, *threshold, *ignore_index);
                if self.weights.is_none() {
                    let [n, labels] = self.dims();
                    let places = ops::places(cells.reshape([n * labels]), 4 * *groups as i32);
                    state.count(placed, |counts| ops::count(counts, places));
                } else {
                    self.weigh(&mut state, placed, cells);
                }
            }
            DecisionSink::Thresholds {
                thresholds,
                ignore_index,
            } => {
                let thresholds: Vec<f32> = thresholds.iter().map(|t| t.get()).collect();
                let (scores, codes) = (self.probabilities(), self.codes(*ignore_index));
                if self.weights.is_none() {
                    state.count(placed, |counts| {
                        ops::threshold_counts(counts, scores, codes, &thresholds)
                    });
                } else {
                    let cells = ops::threshold_cells(scores, codes, &thresholds);
                    self.weigh(&mut state, placed, cells.reshape(self.dims()));
                }
            }
            DecisionSink::Calibration { bins, ignore_index } => {
                let [n, labels] = self.dims();
                let confidence = self.probabilities().reshape([n * labels]);
                let hit = self.codes(*ignore_index).reshape([n * labels]);
                let Some(weights) = &self.weights else {
                    state.add(placed, |counts, sums| {
                        ops::bin_confidence(counts, sums, confidence, hit, *bins)
                    });
                    return state;
                };
                let (confidence, hit) = (confidence.unsqueeze_dim(1), hit.unsqueeze_dim(1));
                let (cells, weights) = ops::weighted_bins(confidence, hit, weights.clone(), *bins);
                state.add(placed, |counts, sums| {
                    ops::weighted_counts(counts, sums, cells, weights)
                });
            }
            DecisionSink::LabelBins { bins, ignore_index } => {
                let dims @ [n, labels] = self.dims();
                let weights = match &self.weights {
                    Some(weights) => weights.clone().reshape([n, 1]).expand(dims),
                    None => Tensor::ones(dims, (&self.target.device(), DType::F32)),
                };
                let weights = weights.reshape([n * labels]);
                let (p, codes) = (self.probabilities(), self.codes(*ignore_index));
                let (cells, weights) = ops::weighted_bins(p, codes, weights, *bins);
                state.add(placed, |counts, sums| {
                    ops::weighted_counts(counts, sums, cells, weights)
                });
            }
            DecisionSink::Samples {
                threshold,
                ignore_index,
            } => {
                let [_, labels] = self.dims();
                let (samples, positions) = (self.samples(), self.positions());
                // The labels of different samples are different labels.
                let options = self.options(*threshold, *ignore_index);
                let wide = [positions, samples * labels];
                let all = [samples, positions, labels];
                let scores = self
                    .probabilities()
                    .reshape(all)
                    .swap_dims(0, 1)
                    .reshape(wide);
                let target = target().reshape(all).swap_dims(0, 1).reshape(wide);
                let cells = 4 * samples * labels;
                let counted = ops::label_counts(self.zeros(cells), scores, target, options);
                state.keep_samples(placed, counted, samples);
            }
            DecisionSink::SampleUnits {
                threshold,
                ignore_index,
            } => {
                let options = self.options(*threshold, *ignore_index);
                let hits = ops::label_hits(self.probabilities(), target(), options);
                let samples = self.samples();
                let counted = ops::unit_matches(self.zeros(2 * samples), hits, samples);
                state.keep_samples(placed, counted, samples);
            }
            DecisionSink::Terms { ignore_index } => {
                let (terms, codes) = self.terms(*ignore_index);
                self.sum(&mut state, placed, terms, codes);
            }
            DecisionSink::Brier { ignore_index } => {
                let (terms, codes) = self.squared_errors(*ignore_index);
                self.sum(&mut state, placed, terms, codes);
            }
            DecisionSink::Hinge {
                squared,
                raw,
                ignore_index,
            } => {
                let (losses, codes) = self.hinge(*squared, *raw, *ignore_index);
                self.sum(&mut state, placed, losses, codes);
            }
            DecisionSink::Units {
                threshold,
                ignore_index,
            } => {
                let options = self.options(*threshold, *ignore_index);
                let hits = ops::label_hits(self.probabilities(), target(), options);
                state.count(placed, |counts| ops::unit_matches(counts, hits, 1));
            }
            DecisionSink::Ranking { ignore_index } => {
                let codes = self.codes(*ignore_index);
                // The scores themselves: sigmoid would make equal what only rounds to 1.
                let terms = ops::label_ranking(self.scores.clone(), codes.clone());
                self.sum(
                    &mut state,
                    placed,
                    terms.unsqueeze_dim(1),
                    ops::row_codes(codes),
                );
            }
            DecisionSink::Best {
                k,
                criterion,
                ignore_index,
            } => {
                let (terms, codes) = self.best(*k, *criterion, *ignore_index);
                self.sum(&mut state, placed, terms, codes);
            }
            // All lists grow at the same time.
            DecisionSink::Keys { .. } => {}
        }
        state
    }

    /// Counters, and those of what is rejected.
    fn zeros(&self, counters: usize) -> Tensor<1, Int> {
        let dtype = (&self.target.device(), DType::I32);
        Tensor::zeros([counters + REJECTED_SLOTS], dtype)
    }

    fn options(&self, threshold: Real, ignore_index: Option<i64>) -> LabelCountsOptions {
        LabelCountsOptions {
            threshold: self.threshold(threshold),
            ignore_index,
        }
    }

    /// See [`ops::decision_codes`].
    pub(crate) fn codes(&self, ignore_index: Option<i64>) -> Tensor<2, Int> {
        ops::decision_codes(self.probabilities(), self.target.clone(), ignore_index)
    }

    /// The cross-entropy, the probability and the target of each decision `[N, L, 3]`, and a negative
    /// code for those to leave out.
    pub(crate) fn terms(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        let (scores, outside) = (self.scores.clone(), self.outside());
        let codes = self.codes(ignore_index);
        let probabilities = self.probabilities();
        let terms = ops::decision_terms(scores, probabilities, codes.clone(), outside, self.kind);
        (terms, codes)
    }

    /// The squared error and the target of each decision `[N, L, 2]`, and a negative code for those to leave out.
    pub(crate) fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        let codes = self.codes(ignore_index);
        let targets = codes.clone().cast(FloatDType::F32);
        let errors = self.probabilities().cast(FloatDType::F32) - targets.clone();
        (Tensor::stack(vec![errors.square(), targets], 2), codes)
    }

    /// How many decisions are right if the `k` best labels of each row are predicted, and how many there are
    /// `[N, 1, 2]`, and 0 or a negative code.
    pub(crate) fn best(
        &self,
        k: usize,
        criterion: MultilabelCriterion,
        ignore_index: Option<i64>,
    ) -> (Tensor<3>, Tensor<2, Int>) {
        let codes = self.codes(ignore_index);
        let before = ops::labels_before(self.scores.clone(), codes.clone());
        let used = codes.clone().greater_equal_elem(0);
        let k = i32::try_from(k).unwrap_or(i32::MAX);
        let predicted = before.lower_elem(k).bool_and(used.clone());
        let relevant = codes.clone().equal_elem(1);
        let count = |labels: Tensor<2, Bool>| ops::as_i32(labels.int()).sum_dim(1);
        let both = count(predicted.clone().bool_and(relevant.clone()));
        let (predicted, relevant, used) = (count(predicted), count(relevant), count(used));
        let all_predicted = both.clone().equal(relevant.clone());
        let all_relevant = both.clone().equal(predicted.clone());
        let one_per_row = both.ones_like();
        let (right, total) = match criterion {
            MultilabelCriterion::Hamming => {
                let wrong = predicted + relevant - both * 2;
                (used.clone() - wrong, used)
            }
            MultilabelCriterion::ExactMatch => {
                (all_predicted.bool_and(all_relevant).int(), one_per_row)
            }
            MultilabelCriterion::Overlap => (both.greater_elem(0).int(), one_per_row),
            MultilabelCriterion::Contain => (all_predicted.int(), one_per_row),
            MultilabelCriterion::Belong => (all_relevant.int(), one_per_row),
        };
        let [right, total] = [right, total].map(|counts| counts.float().cast(FloatDType::F32));
        (Tensor::stack(vec![right, total], 2), ops::row_codes(codes))
    }

    /// The hinge loss of each decision `[N, 1, 1]`, and 0 or a negative code.
    fn hinge(
        &self,
        squared: bool,
        raw: bool,
        ignore_index: Option<i64>,
    ) -> (Tensor<3>, Tensor<2, Int>) {
        let (scores, codes) = if raw {
            let scores = self.scores.clone().cast(FloatDType::F32);
            let number = scores.clone().is_nan().bool_not();
            // Scores of any size but NaN.
            let checked = scores.clone().mask_fill(number, 0.0);
            let codes = ops::decision_codes(checked, self.target.clone(), ignore_index);
            (scores, codes)
        } else {
            (self.probabilities(), self.codes(ignore_index))
        };
        let options = MarginOptions {
            against_best: false,
            squared,
        };
        let (losses, codes) = ops::hinge_losses(scores, codes, options);
        (losses.unsqueeze_dim(2), codes)
    }

    /// The numbers of the lists of keys and of weights, if there are any. Counts what is left out.
    fn keys(
        &self,
        state: &mut DeviceState,
        placed: &Placed<DecisionSink>,
        ignore_index: Option<i64>,
    ) -> Vec<Tensor<1, Int>> {
        let codes = self.codes(ignore_index);
        let scores = self.scores.clone().cast(FloatDType::F32);
        let of_logits = || keys::logit_keys(scores, codes.clone());
        let of_probabilities = || keys::keys(self.probabilities(), codes.clone());
        let keys = match self.kind {
            ScoreKind::Logits => of_logits(),
            ScoreKind::Probabilities => of_probabilities(),
            ScoreKind::Auto => {
                let logits = self.outside().greater_elem(0).reshape([1, 1]);
                of_probabilities().mask_where(logits.expand(self.dims()), of_logits())
            }
        };
        ops::listed(state, placed, keys, codes, self.weights.clone())
    }

    /// The cell of each decision, or the code of one to leave out.
    fn group_cells(
        &self,
        groups: usize,
        threshold: Real,
        ignore_index: Option<i64>,
    ) -> Tensor<2, Int> {
        let codes = self.codes(ignore_index);
        let above = self.probabilities().greater_elem(self.threshold(threshold));
        let rejected = codes.clone().lower_elem(0);
        let cells = codes.clone() * 2 + ops::as_i32(above.int());
        let cells = match &self.groups {
            Some(all) => {
                let (unknown, group) = ops::outside(ops::as_i32(all.clone()), groups);
                let [n, _] = self.dims();
                (cells + group.reshape([n, 1]) * 4)
                    .mask_fill(unknown.reshape([n, 1]), Reason::InvalidTarget.code())
            }
            None => cells,
        };
        cells.mask_where(rejected, codes)
    }

    /// Adds the weight of each decision's row to its cell.
    fn weigh(&self, state: &mut DeviceState, placed: &Placed<DecisionSink>, cells: Tensor<2, Int>) {
        let Some(weights) = self.weights.clone() else {
            return;
        };
        let dims @ [n, labels] = cells.dims();
        let weights = weights.reshape([n, 1]).expand(dims);
        let (cells, weights) = (cells.reshape([n * labels]), weights.reshape([n * labels]));
        state.add(placed, |counts, sums| {
            ops::weighted_counts(counts, sums, cells, weights)
        });
    }

    /// See [`ops::term_sums`].
    fn sum(
        &self,
        state: &mut DeviceState,
        placed: &Placed<DecisionSink>,
        terms: Tensor<3>,
        codes: Tensor<2, Int>,
    ) {
        let weights = self.weights.clone();
        state.add(placed, |counts, sums| {
            ops::term_sums(counts, sums, terms, codes, weights)
        });
    }
}
