//! The pass over rows of scores, or of predicted labels, each with a target class.

mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;

use super::{ConfusionOptions, ScoreKind};
use crate::{
    REJECTED_SLOTS,
    pass::{DeviceState, Input, Plan, Size},
};
use burn::tensor::{Int, Tensor};
use std::sync::OnceLock;

/// Rows of a batch: scores `[N, C]` or predicted labels `[N]`, and targets `[N]`.
#[derive(Debug, Clone)]
pub struct Rows {
    /// What is predicted.
    pub predictions: Predictions,
    /// The class indices `[N]`.
    pub target: Tensor<1, Int>,
    /// The weights `[N]`, if there are any.
    pub weights: Option<Tensor<1>>,
    /// What the scores are.
    pub kind: ScoreKind,
    /// What [`row_scan`](super::row_scan) yields, if it has been asked for.
    pub(crate) scan: OnceLock<(Tensor<2, Int>, Tensor<2>)>,
}

/// What rows predict.
#[derive(Debug, Clone)]
pub enum Predictions {
    /// Scores `[N, C]`.
    Scores(Tensor<2>),
    /// Class indices `[N]`.
    Labels(Tensor<1, Int>),
}

/// What can become of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowSink {
    /// A cell of a confusion matrix, `target * C + prediction`.
    ///
    /// State: a counter a cell and the rejected ones; of weighted rows the rejected ones and a sum a cell.
    Matrix(ConfusionOptions),
    /// The margins of such a matrix.
    ///
    /// State: hits, predictions and targets, each by class, and the rejected ones. Of weighted rows the
    /// rejected ones, and sums: true positives, false positives and false negatives, each by class.
    Margins(ConfusionOptions),
    /// The negative log-likelihood of the target; a row where it is undefined is rejected as NaN.
    ///
    /// State: a counter of rows used and the rejected ones, and a sum of losses. Of weighted rows the
    /// rejected ones, and sums of weight times loss and of weights; a row of weight 0 adds nothing, even if its
    /// loss is infinite.
    LogLikelihood {
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A bin of the best class's probability. Bins are of equal width, and a probability of 1 has its own.
    ///
    /// State: rows and hits, each by bin, and the rejected ones, and a sum of probabilities by bin. Of weighted
    /// rows the rejected ones, and by bin the weights of misses, the weights of hits, and the sum of weight times
    /// probability.
    Calibration {
        /// How many bins there are below a probability of 1.
        bins: usize,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
}

impl RowSink {
    /// What it takes of a row of scores.
    fn need(&self) -> Need {
        match self {
            Self::Matrix(_) | Self::Margins(_) => Need::Ranks,
            Self::LogLikelihood { .. } => Need::Likelihood,
            Self::Calibration { .. } => Need::Probability,
        }
    }
}

/// What a sink takes of a row of scores; what is further down includes what is above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// The best class and the rank of the target.
    Ranks,
    /// The logarithm of the sum of exponentials, too.
    Likelihood,
    /// Whether the batch's scores are logits, too.
    Probability,
}

/// The largest need of the sinks of a plan.
fn need(plan: &Plan<RowSink>) -> Need {
    let needs = plan.sinks.iter().map(|placed| placed.sink.need());
    needs.max().unwrap_or(Need::Ranks)
}

impl Input for Rows {
    type Sink = RowSink;

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn size(&self, sink: &RowSink) -> Size {
        let cells = match sink {
            RowSink::Matrix(options) => options.classes * options.classes,
            RowSink::Margins(options) => 3 * options.classes,
            RowSink::LogLikelihood { .. } if self.is_weighted() => 2,
            RowSink::LogLikelihood { .. } => return Size::both(1 + REJECTED_SLOTS, 1),
            RowSink::Calibration { bins, .. } if self.is_weighted() => 3 * (bins + 1),
            RowSink::Calibration { bins, .. } => {
                return Size::both(2 * (bins + 1) + REJECTED_SLOTS, bins + 1);
            }
        };
        if self.is_weighted() {
            Size::both(REJECTED_SLOTS, cells)
        } else {
            Size::counts(cells + REJECTED_SLOTS)
        }
    }

    #[cfg(any(feature = "flex", feature = "ndarray"))]
    fn on_host(&self, plan: &Plan<RowSink>, counts: &mut [i32], numbers: &mut [f64]) {
        host::pass(self, plan, counts, numbers);
    }

    #[cfg(not(any(feature = "flex", feature = "ndarray")))]
    fn on_host(&self, _plan: &Plan<RowSink>, _counts: &mut [i32], _numbers: &mut [f64]) {}

    fn on_device(&self, plan: &Plan<RowSink>, state: DeviceState) -> DeviceState {
        default::pass(self, plan, state)
    }
}
