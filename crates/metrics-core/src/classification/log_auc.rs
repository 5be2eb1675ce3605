use super::{
    Average,
    curve_metric::{AveragedCurve, CurveMetric, CurveRule, averaged},
};
use crate::{
    MetricError, Value,
    classification::{
        Thresholds,
        states::{Column, CurveScoresSummary},
    },
};

/// Area under the [ROC](crate::classification::Roc) curve over the logarithm of the false positive
/// rate, between two such rates: what matters where negatives are many and few of them may pass.
///
/// `1 / ln(high / low) ∫ tpr d(ln fpr)` from `low` to `high`, 0.001 and 0.1 unless told otherwise
/// ([`fpr_range`](Self::fpr_range)). The curve is interpolated at both ends, linearly in the false
/// positive rate; between points the area is that of trapezoids over the logarithm. Takes scores
/// `[N, ..]` (binary) or `[N, C, ..]`. A value per class or label by default ([`Average::None`]);
/// averages as those of [`Auroc`](crate::classification::Auroc). Ranges over `[0, 1]`.
///
/// A class without positives or without negatives has no area: NaN with [`Average::None`], and left out
/// of macro and weighted averages. Where that leaves nothing, as of binary targets of one class, it is
/// [`MetricError::Undefined`]. No data is [`MetricError::Empty`], a range that is not within
/// `0 < low < high <= 1` is [`MetricError::InvalidOption`]. State: see
/// [`Thresholds`](crate::classification::Thresholds). Reference: TorchMetrics 1.9.0 `LogAUC`, which
/// without positives has 0 and without negatives infinity or NaN, takes 0 as `low` and has NaN, has no average but macro,
/// interpolates after an unstable sort that may swap points of one rate, and continues binned curves
/// that end within the range in a straight line, where here they lead to (0, 0) and to (1, 1).
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::LogAuc};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.75, 0.05, 0.05, 0.05, 0.05], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 0, 0], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// assert_eq!(LogAuc::binary().evaluate(&batch)?.scalar(), Some(1.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type LogAuc<B> = CurveMetric<LogAucRule, B>;

/// The rule of [`LogAuc`].
#[derive(Debug, Clone, PartialEq)]
pub struct LogAucRule {
    low: f64,
    high: f64,
}

impl Default for LogAucRule {
    fn default() -> Self {
        Self {
            low: 0.001,
            high: 0.1,
        }
    }
}

impl<B> LogAuc<B> {
    /// The false positive rates between which the area is taken; default 0.001 and 0.1.
    pub fn fpr_range(mut self, low: f64, high: f64) -> Self {
        self.rule = LogAucRule { low, high };
        self
    }
}

impl AveragedCurve for LogAucRule {}

impl CurveRule for LogAucRule {
    const NAME: &'static str = "log_auc";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = true;
    const MICRO_OF_CLASSES: bool = false;
    const DEFAULT_AVERAGE: Average = Average::None;

    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        if 0.0 < self.low && self.low < self.high && self.high <= 1.0 {
            Ok(())
        } else {
            Err(MetricError::InvalidOption(format!(
                "a range of false positive rates must be within 0 < low < high <= 1, not {} to {}",
                self.low, self.high
            )))
        }
    }

    fn is_defined(&self, positives: f64, negatives: f64) -> bool {
        positives > 0.0 && negatives > 0.0
    }

    fn value(&self, scores: &CurveScoresSummary, average: Average) -> Result<Value, MetricError> {
        averaged(scores, average, |column| self.area(column))
    }

    fn suffix(&self) -> String {
        if *self == Self::default() {
            String::new()
        } else {
            format!("_fpr{}_{}", self.low, self.high)
        }
    }
}

impl LogAucRule {
    fn area(&self, column: &Column) -> f64 {
        if column.positives == 0.0 || column.negatives == 0.0 {
            return f64::NAN;
        }
        let (mut area, mut last) = (0.0, (0.0, 0.0));
        let mut segment = |fpr: f64, tpr: f64| {
            let (x0, y0) = std::mem::replace(&mut last, (fpr, tpr));
            let (from, to) = (x0.max(self.low), fpr.min(self.high));
            if from < to {
                let at = |x: f64| y0 + (tpr - y0) * ((x - x0) / (fpr - x0));
                area += (to / from).ln() * (at(from) + at(to)) / 2.0;
            }
        };
        column.for_each(|_, tp, fp| segment(fp / column.negatives, tp / column.positives));
        segment(1.0, 1.0);
        area / (self.high / self.low).ln()
    }
}
