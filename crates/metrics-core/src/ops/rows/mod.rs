//! The pass over rows of scores, or of predicted labels, each with a target class.

#[cfg(feature = "cube")]
pub(super) mod cube;
mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
#[cfg(all(test, any(feature = "flex", feature = "ndarray")))]
mod tests;

#[cfg(feature = "cube")]
pub use cube::KernelPlan;
pub(crate) use default::unchecked;

use super::{ConfusionOptions, ScoreKind, decisions::Real};
use crate::{
    REJECTED_SLOTS,
    framework::pass::{DeviceState, HostList, Input, Placed, Plan, Size},
};
use burn::tensor::{DType, Int, Tensor};
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
    /// How far outside `[0, 1]` a probability may lie; see [`slack`](super::slack).
    pub slack: f32,
    /// The number of samples, each of the same number of rows in succession, if samples have dimensions of
    /// their own.
    pub samples: Option<usize>,
    /// What [`row_scan`](super::row_scan) yields, if it has been asked for.
    pub(crate) scan: OnceLock<(Tensor<2, Int>, Tensor<2>)>,
    pub(crate) outside: OnceLock<Tensor<1, Int>>,
    pub(crate) probabilities: OnceLock<Tensor<2>>,
}

impl Rows {
    /// Rows without weights or samples.
    pub fn new(predictions: Predictions, target: Tensor<1, Int>) -> Self {
        let dtype = match &predictions {
            Predictions::Scores(scores) => scores.dtype(),
            Predictions::Labels(_) => DType::F32,
        };
        Self {
            predictions,
            target,
            weights: None,
            kind: ScoreKind::default(),
            slack: super::slack(dtype),
            samples: None,
            scan: OnceLock::new(),
            outside: OnceLock::new(),
            probabilities: OnceLock::new(),
        }
    }

    /// The same with scores of another kind.
    pub fn of_kind(&self, kind: ScoreKind) -> Self {
        Self {
            kind,
            outside: OnceLock::new(),
            probabilities: OnceLock::new(),
            ..self.clone()
        }
    }

    /// The scores `[N, C]`, if there are any.
    pub fn scores(&self) -> Option<&Tensor<2>> {
        match &self.predictions {
            Predictions::Scores(scores) => Some(scores),
            Predictions::Labels(_) => None,
        }
    }

    /// Rows of a unit: those of a sample, or one.
    fn elements(&self) -> usize {
        let [rows] = self.target.dims();
        let units = self.samples.unwrap_or(rows);
        rows.checked_div(units).unwrap_or(1).max(1)
    }

    /// The scores as probabilities `[N, C]`; `None` without scores.
    pub(crate) fn probabilities(&self) -> Option<Tensor<2>> {
        let scores = self.scores()?;
        let probabilities = self.probabilities.get_or_init(|| {
            let outside = self.outside(scores);
            let shares = super::softmax_probabilities(scores.clone(), outside, self.kind);
            super::within_unit(shares, self.slack)
        });
        Some(probabilities.clone())
    }

    /// Counts the batch by what its scores are taken for, if it has some.
    pub(crate) fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        match self.scores() {
            Some(scores) => super::count_kind(counts, self.kind, self.outside(scores)),
            None => counts,
        }
    }

    /// See [`outside_unit`](super::outside_unit).
    fn outside(&self, scores: &Tensor<2>) -> Tensor<1, Int> {
        self.outside
            .get_or_init(|| match self.kind {
                ScoreKind::Auto => super::outside_unit(scores.clone(), self.slack),
                // Nothing reads it.
                _ => Tensor::empty([1], (&scores.device(), DType::I32)),
            })
            .clone()
    }
}

/// The most units of a batch of which several cubes take parts: each notes its part in the unit's counter.
/// With more units, each cube takes whole units.
const UNIT_NOTES: usize = 256;

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
    /// The margins of such a matrix for each sample.
    ///
    /// State: the rejected ones, and of each sample hits, predictions and targets, each by class. Weights do not
    /// matter.
    Samples(ConfusionOptions),
    /// Whether rows are right, for each sample.
    ///
    /// State: the rejected ones, and of each sample the rows that are wrong, those that are right, and the invalid ones.
    /// Weights do not matter.
    SampleHits {
        /// How many classes there are.
        classes: usize,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// The negative log-likelihood of the target; a row where it is undefined is rejected as NaN.
    ///
    /// State: a counter of rows used and the rejected ones, and a sum of losses. Of weighted rows the
    /// rejected ones, and sums of weight times loss and of weights; a row of weight 0 adds nothing, even if its
    /// loss is infinite.
    LogLikelihood {
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A bin of the best class's probability. Bins are of equal width, and a probability of 1 is in the last.
    ///
    /// State: rows and hits, each by bin, and the rejected ones, and a sum of probabilities by bin. Of weighted
    /// rows the rejected ones, and by bin the weights of misses, the weights of hits, and the sum of weight times
    /// probability.
    Calibration {
        /// How many bins there are.
        bins: usize,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A bin of the probability of each class, of those of the class.
    ///
    /// State: the rejected ones, and sums by class and bin: the weights of rows of other classes, the weights of rows of
    /// the class, and the sums of weight times probability. A row without a weight weighs 1. Rejected rows count once.
    ClassBins {
        /// How many classes there are.
        classes: usize,
        /// How many bins a class has.
        bins: usize,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// Whether all rows of a unit are right. A unit is a [sample](Rows::samples), or a row if there are none.
    /// Ignored rows are left out, and so is a unit without others. A unit with an invalid row is left out whole.
    ///
    /// State: `UNIT_NOTES` counters for the kernel, which are 0 between batches; counters of units with a wrong row
    /// and of units without one, and the rejected ones, which count rows. Weights do not matter.
    Units {
        /// How many classes there are.
        classes: usize,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// The squared differences of probabilities and target, summed over the classes.
    ///
    /// State: a counter of rows used and the rejected ones, and sums: of weight times difference, and twice of the
    /// weights, once as those of a term of 1. A row without a weight weighs 1. A row of weight 0 adds nothing.
    Brier {
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// Hinge losses.
    ///
    /// State: a counter of rows used and the rejected ones, and sums: of weight times loss, for each class if each has
    /// one, and of the weights. A row without a weight weighs 1. A row of weight 0 adds nothing.
    Hinge(HingeSink),
    /// The number of thresholds that the probability of each class reaches: `(class * 2 + is_target) * (T + 1) +
    /// reached`.
    ///
    /// State: a counter a cell and the rejected ones; of weighted rows the rejected ones and a sum a cell. Rejected
    /// rows count once.
    Thresholds {
        /// How many classes there are.
        classes: usize,
        /// The thresholds, rising.
        thresholds: Vec<Real>,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
    /// A key of each class, appended to a list, and of weighted rows the row's weight to another: the probability and
    /// whether the class is the target in 32 bits, or of logits the log-odds, which is the score less the logarithm of the
    /// sum of exponentials of the other scores. A rejected row has keys of their own.
    ///
    /// State: the rejected ones, and the lists.
    Keys {
        /// How many classes there are.
        classes: usize,
        /// Targets to leave out.
        ignore_index: Option<i64>,
    },
}

/// How a hinge loss comes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HingeSink {
    /// How many classes there are.
    pub classes: usize,
    /// Whether each class has a loss, that of its score against 0. Otherwise a row has one, that of the target's score
    /// against the best of the others.
    pub one_vs_rest: bool,
    /// Whether losses are squared.
    pub squared: bool,
    /// Whether scores are taken as they are, and not as probabilities.
    pub raw: bool,
    /// Targets to leave out.
    pub ignore_index: Option<i64>,
}

impl HingeSink {
    /// How many losses a row has.
    fn terms(&self) -> usize {
        if self.one_vs_rest { self.classes } else { 1 }
    }
}

impl RowSink {
    /// What it takes of a row of scores.
    fn need(&self) -> Need {
        match self {
            Self::Keys { .. } => Need::Nothing,
            Self::Matrix(_)
            | Self::Margins(_)
            | Self::Units { .. }
            | Self::Samples(_)
            | Self::SampleHits { .. } => Need::Ranks,
            Self::Hinge(options) if options.raw => Need::Ranks,
            Self::LogLikelihood { .. }
            | Self::Calibration { .. }
            | Self::ClassBins { .. }
            | Self::Brier { .. }
            | Self::Hinge(_)
            | Self::Thresholds { .. } => Need::Likelihood,
        }
    }

    /// Whether what it adds up depends on whether scores are logits. Ranks within a row do not, and a likelihood takes
    /// all scores for logits.
    fn asks(&self) -> bool {
        match self {
            Self::Hinge(options) => !options.raw,
            sink => matches!(
                sink,
                Self::Calibration { .. }
                    | Self::ClassBins { .. }
                    | Self::Brier { .. }
                    | Self::Thresholds { .. }
                    | Self::Keys { .. }
            ),
        }
    }

    /// The thresholds, if it has any.
    fn thresholds(&self) -> Vec<f32> {
        match self {
            Self::Thresholds { thresholds, .. } => thresholds.iter().map(|t| t.get()).collect(),
            _ => Vec::new(),
        }
    }
}

/// What a sink takes of a row of scores; what is further down includes what is above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// No scan: the scores alone.
    Nothing,
    /// The best class and the rank of the target.
    Ranks,
    /// The logarithm of the sum of exponentials, too.
    Likelihood,
}

/// The largest need of sinks.
fn need<'a>(sinks: impl IntoIterator<Item = &'a Placed<RowSink>>) -> Need {
    let needs = sinks.into_iter().map(|placed| placed.sink.need());
    needs.max().unwrap_or(Need::Nothing)
}

impl Input for Rows {
    type Sink = RowSink;

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn samples(&self) -> usize {
        self.samples.unwrap_or(self.target.dims()[0])
    }

    fn size(&self, sink: &RowSink) -> Size {
        let cells = match sink {
            RowSink::Matrix(options) => options.classes * options.classes,
            RowSink::Margins(options) => 3 * options.classes,
            RowSink::LogLikelihood { .. } if self.is_weighted() => 2,
            RowSink::LogLikelihood { .. } => return Size::both(1 + REJECTED_SLOTS, 1),
            RowSink::Calibration { bins, .. } if self.is_weighted() => 3 * bins,
            RowSink::Calibration { bins, .. } => {
                return Size::both(2 * bins + REJECTED_SLOTS, *bins);
            }
            RowSink::Samples(options) => return Size::by_sample(3 * options.classes),
            RowSink::SampleHits { .. } => return Size::by_sample(3),
            RowSink::ClassBins { classes, bins, .. } => {
                return Size::both(REJECTED_SLOTS, 3 * classes * bins);
            }
            RowSink::Units { .. } => return Size::counts(UNIT_NOTES + 2 + REJECTED_SLOTS),
            RowSink::Brier { .. } => return Size::both(1 + REJECTED_SLOTS, 3),
            RowSink::Hinge(options) => {
                return Size::both(1 + REJECTED_SLOTS, options.terms() + 1);
            }
            RowSink::Thresholds {
                classes,
                thresholds,
                ..
            } => 2 * classes * (thresholds.len() + 1),
            RowSink::Keys { classes, .. } => {
                return Size {
                    lists: [*classes, usize::from(self.is_weighted())],
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

    fn constants(sink: &RowSink) -> Vec<f32> {
        match sink {
            RowSink::Calibration { bins, .. } | RowSink::ClassBins { bins, .. } => {
                super::bins::lower_edges(*bins)
            }
            sink => sink.thresholds(),
        }
    }

    fn on_host(&self, plan: &Plan<RowSink>, counts: &mut [i32], numbers: &mut [f64]) {
        self.on_host_with_lists(plan, counts, numbers, &mut []);
    }

    #[cfg(any(feature = "flex", feature = "ndarray"))]
    fn on_host_with_lists(
        &self,
        plan: &Plan<RowSink>,
        counts: &mut [i32],
        numbers: &mut [f64],
        lists: &mut [HostList],
    ) {
        host::pass(self, plan, counts, numbers, lists);
    }

    #[cfg(not(any(feature = "flex", feature = "ndarray")))]
    fn on_host_with_lists(
        &self,
        _plan: &Plan<RowSink>,
        _counts: &mut [i32],
        _numbers: &mut [f64],
        _lists: &mut [HostList],
    ) {
    }

    fn on_device(&self, plan: &Plan<RowSink>, state: DeviceState) -> DeviceState {
        if self.target.dims()[0] == 0 {
            return state;
        }
        #[cfg(feature = "cube")]
        let (state, taken) = cube::pass(self, plan, state);
        #[cfg(not(feature = "cube"))]
        let taken = vec![false; plan.sinks.len()];
        let left = plan.sinks.iter().zip(taken).filter(|(_, taken)| !taken);
        default::pass(self, left.map(|(placed, _)| placed).collect(), state)
    }
}
