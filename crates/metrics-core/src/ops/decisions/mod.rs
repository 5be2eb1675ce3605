//! The pass over yes-or-no decisions: scores, or predicted labels, and targets 0 or 1.

mod best;
#[cfg(feature = "cube")]
// Kernels know but a few of Rust's functions.
#[allow(clippy::manual_is_multiple_of, clippy::panicking_overflow_checks)]
pub(super) mod cube;
mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
#[cfg(all(test, any(feature = "flex", feature = "ndarray")))]
mod tests;

pub use best::MultilabelCriterion;

use super::{RANKING_TERMS, ScoreKind};
use crate::{
    LabelRanges, REJECTED_SLOTS,
    pass::{DeviceState, HostList, Input, Plan, Size},
};
use burn::tensor::{DType, Int, Tensor};
use std::sync::OnceLock;

#[cfg(feature = "cube")]
pub use cube::{Grid, KernelPlan};

/// Scores and 0/1 targets `[N, L]`, each element a decision of its own.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// The scores, or predicted labels.
    pub scores: Tensor<2>,
    /// What is right.
    pub target: Tensor<2, Int>,
    /// The weights of rows `[N]`, if there are any.
    pub weights: Option<Tensor<1>>,
    /// Whether the scores are predicted labels.
    pub labels: bool,
    /// What the scores are.
    pub kind: ScoreKind,
    /// How far outside `[0, 1]` a probability may lie; see [`slack`](super::slack).
    pub slack: f32,
    /// The groups of rows `[N]`, if there are any.
    pub groups: Option<Tensor<1, Int>>,
    /// The number of samples, each of the same number of rows in succession, if samples have dimensions of
    /// their own.
    pub samples: Option<usize>,
    pub(crate) outside: OnceLock<Tensor<1, Int>>,
    pub(crate) probabilities: OnceLock<Tensor<2>>,
}

impl Decisions {
    /// The ranges of targets and of predicted labels. Reads both.
    pub(crate) fn ranges(&self) -> LabelRanges {
        let predicted = self.labels.then(|| self.scores.clone().int());
        LabelRanges::of(&self.target, predicted.as_ref(), Some(2))
    }

    /// From scores.
    pub fn from_scores(scores: Tensor<2>, target: Tensor<2, Int>) -> Self {
        Self {
            slack: super::slack(scores.dtype()),
            scores,
            target,
            weights: None,
            labels: false,
            kind: ScoreKind::default(),
            groups: None,
            samples: None,
            outside: OnceLock::new(),
            probabilities: OnceLock::new(),
        }
    }

    /// From predicted labels, as floats.
    pub fn from_labels(labels: Tensor<2>, target: Tensor<2, Int>) -> Self {
        Self {
            labels: true,
            kind: ScoreKind::Probabilities,
            ..Self::from_scores(labels, target)
        }
    }

    /// The same with scores of another kind, which labels do not have.
    pub fn of_kind(&self, kind: ScoreKind) -> Self {
        if self.labels {
            return self.clone();
        }
        Self {
            kind,
            outside: OnceLock::new(),
            probabilities: OnceLock::new(),
            ..self.clone()
        }
    }

    /// Rows of a sample, or one.
    fn positions(&self) -> usize {
        let [rows, _] = self.dims();
        let samples = self.samples.unwrap_or(rows);
        rows.checked_div(samples).unwrap_or(1).max(1)
    }

    /// Rows and labels.
    pub fn dims(&self) -> [usize; 2] {
        self.scores.dims()
    }

    /// The scores as probabilities.
    pub(crate) fn probabilities(&self) -> Tensor<2> {
        self.probabilities
            .get_or_init(|| {
                let scores = self.scores.clone();
                let shares = super::sigmoid_probabilities(scores, self.outside(), self.kind);
                super::within_unit(shares, self.slack)
            })
            .clone()
    }

    /// See [`outside_unit`](super::outside_unit).
    fn outside(&self) -> Tensor<1, Int> {
        self.outside
            .get_or_init(|| match self.kind {
                ScoreKind::Auto => super::outside_unit(self.scores.clone(), self.slack),
                // Nothing reads it.
                _ => Tensor::empty([1], (&self.scores.device(), DType::I32)),
            })
            .clone()
    }

    /// Counts the batch by what its scores are taken for, unless they are labels.
    pub(crate) fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        if self.labels {
            return counts;
        }
        super::count_kind(counts, self.kind, self.outside())
    }

    /// The threshold for scores. Predicted labels are 0 or 1, whatever it is.
    fn threshold(&self, threshold: Real) -> f32 {
        if self.labels { 0.5 } else { threshold.get() }
    }
}

/// An `f32` that can be compared and hashed as a part of a plan: by its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Real(u32);

impl Real {
    /// From the number.
    pub fn new(value: f32) -> Self {
        Self(value.to_bits())
    }

    /// The number.
    pub fn get(self) -> f32 {
        f32::from_bits(self.0)
    }
}

/// What can become of a decision, or of a row of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DecisionSink {
    /// A cell of the 2x2 confusion matrix of its label, `label * 4 + target * 2 + prediction`.
    ///
    /// State: a counter a cell and the rejected ones; of weighted rows the rejected ones and a sum a cell.
    Cells {
        /// A score above it is a positive prediction.
        threshold: Real,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A cell of the 2x2 confusion matrix of its label in its sample, `label * 4 + target * 2 + prediction`.
    ///
    /// State: the rejected ones, and of each sample a counter a cell. Weights do not matter.
    Samples {
        /// A score above it is a positive prediction.
        threshold: Real,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A cell of the 2x2 confusion matrix of its group, `group * 4 + target * 2 + prediction`. A group that
    /// does not exist is an invalid target.
    ///
    /// State: as of `Cells`.
    Groups {
        /// How many groups there are.
        groups: usize,
        /// A score above it is a positive prediction.
        threshold: Real,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// The number of thresholds it reaches, by label and target: `(label * 2 + target) * (T + 1) + reached`.
    ///
    /// State: as of `Cells`.
    Thresholds {
        /// The thresholds, rising.
        thresholds: Vec<Real>,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A bin of the probability. Bins are of equal width, and a probability of 1 is in the last.
    ///
    /// State: decisions and positives, each by bin, and the rejected ones, and a sum of probabilities by bin. Of
    /// weighted rows the rejected ones, and by bin the weights of negatives, the weights of positives, and the sum of
    /// weight times probability.
    Calibration {
        /// How many bins there are.
        bins: usize,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A bin of the probability, of those of its label.
    ///
    /// State: the rejected ones, and sums by label and bin: the weights of negatives, the weights of positives, and the
    /// sums of weight times probability. A decision without a weight weighs 1.
    LabelBins {
        /// How many bins a label has.
        bins: usize,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// The cross-entropy, the probability and the target.
    ///
    /// State: a counter of decisions used and the rejected ones; by label three sums of weight times term, and
    /// then by label the sum of weights.
    Terms {
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// The squared difference of probability and target, and the target.
    ///
    /// State: as of `Terms`, with two terms.
    Brier {
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// The hinge loss.
    ///
    /// State: as of `Terms`, with one term.
    Hinge {
        /// Whether losses are squared.
        squared: bool,
        /// Whether the scores are taken as they are, and not as probabilities.
        raw: bool,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// Whether all decisions of the row are right. Ignored ones are left out, and so is a row without
    /// others. A row with an invalid one is left out whole.
    ///
    /// State: rows with a wrong decision, rows without, and the rejected ones, which are decisions.
    Units {
        /// A score above it is a positive prediction.
        threshold: Real,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// The same by sample.
    ///
    /// State: the rejected ones, and of each sample rows with a wrong decision and rows without. Weights do not matter.
    SampleUnits {
        /// A score above it is a positive prediction.
        threshold: Real,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// How well the scores of the row rank its labels; see [`label_ranking`](super::label_ranking).
    ///
    /// State: as of `Terms`, of rows.
    Ranking {
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// Whether the `k` best labels of the row are the right ones. Of equal scores the first label is the better one.
    ///
    /// State: as of `Terms`, of rows: how many decisions are right, and how many there are.
    Best {
        /// How many labels of a row are predicted.
        k: usize,
        /// What counts, and when it is right.
        criterion: MultilabelCriterion,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A key, which is the probability or the logit and the target in 32 bits, appended to a list, and of weighted rows the
    /// row's weight to another. What is rejected has a key of its own.
    ///
    /// State: the rejected ones, and the lists.
    Keys {
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
}

impl DecisionSink {
    /// Whether what it adds up depends on whether scores are logits. Ranks within a row and raw margins do not.
    fn asks(&self) -> bool {
        !matches!(
            self,
            Self::Ranking { .. } | Self::Best { .. } | Self::Hinge { raw: true, .. }
        )
    }
}

impl Input for Decisions {
    type Sink = DecisionSink;

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn samples(&self) -> usize {
        self.samples.unwrap_or(self.dims()[0])
    }

    fn size(&self, sink: &DecisionSink) -> Size {
        let [_, labels] = self.dims();
        let cells = match sink {
            DecisionSink::Cells { .. } => 4 * labels,
            DecisionSink::Groups { groups, .. } => 4 * groups,
            DecisionSink::Thresholds { thresholds, .. } => 2 * labels * (thresholds.len() + 1),
            DecisionSink::Calibration { bins, .. } if self.is_weighted() => 3 * bins,
            DecisionSink::Calibration { bins, .. } => {
                return Size::both(2 * bins + REJECTED_SLOTS, *bins);
            }
            DecisionSink::Terms { .. } => return Size::both(1 + REJECTED_SLOTS, 4 * labels),
            DecisionSink::Brier { .. } => return Size::both(1 + REJECTED_SLOTS, 3 * labels),
            DecisionSink::Hinge { .. } => return Size::both(1 + REJECTED_SLOTS, 2 * labels),
            DecisionSink::Best { .. } => return Size::both(1 + REJECTED_SLOTS, 3),
            DecisionSink::Units { .. } => return Size::counts(2 + REJECTED_SLOTS),
            DecisionSink::Samples { .. } => return Size::by_sample(4 * labels),
            DecisionSink::SampleUnits { .. } => return Size::by_sample(2),
            DecisionSink::LabelBins { bins, .. } => {
                return Size::both(REJECTED_SLOTS, 3 * labels * bins);
            }
            DecisionSink::Ranking { .. } => {
                return Size::both(1 + REJECTED_SLOTS, RANKING_TERMS + 1);
            }
            DecisionSink::Keys { .. } => {
                return Size {
                    lists: [labels, usize::from(self.is_weighted())],
                    ..Size::counts(REJECTED_SLOTS)
                };
            }
        };
        if self.is_weighted() {
            Size::both(REJECTED_SLOTS, cells)
        } else {
            Size::counts(cells + REJECTED_SLOTS)
        }
    }

    fn constants(sink: &DecisionSink) -> Vec<f32> {
        match sink {
            DecisionSink::Cells { threshold, .. }
            | DecisionSink::Groups { threshold, .. }
            | DecisionSink::Samples { threshold, .. }
            | DecisionSink::SampleUnits { threshold, .. }
            | DecisionSink::Units { threshold, .. } => vec![threshold.get()],
            DecisionSink::Thresholds { thresholds, .. } => {
                thresholds.iter().map(|threshold| threshold.get()).collect()
            }
            DecisionSink::Calibration { bins, .. } | DecisionSink::LabelBins { bins, .. } => {
                super::bins::lower_edges(*bins)
            }
            _ => Vec::new(),
        }
    }

    fn on_host(&self, plan: &Plan<DecisionSink>, counts: &mut [i32], numbers: &mut [f64]) {
        self.on_host_with_lists(plan, counts, numbers, &mut []);
    }

    #[cfg(any(feature = "flex", feature = "ndarray"))]
    fn on_host_with_lists(
        &self,
        plan: &Plan<DecisionSink>,
        counts: &mut [i32],
        numbers: &mut [f64],
        lists: &mut [HostList],
    ) {
        host::pass(self, plan, counts, numbers, lists);
    }

    #[cfg(not(any(feature = "flex", feature = "ndarray")))]
    fn on_host_with_lists(
        &self,
        _plan: &Plan<DecisionSink>,
        _counts: &mut [i32],
        _numbers: &mut [f64],
        _lists: &mut [HostList],
    ) {
    }

    fn on_device(&self, plan: &Plan<DecisionSink>, state: DeviceState) -> DeviceState {
        if self.dims().contains(&0) {
            return state;
        }
        #[cfg(feature = "cube")]
        let (state, taken) = cube::pass(self, plan, state);
        #[cfg(not(feature = "cube"))]
        let taken = [];
        default::pass(self, plan, state, &taken)
    }
}
