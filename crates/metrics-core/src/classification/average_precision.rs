use super::{
    Average, certified,
    curve_metric::{AveragedCurve, CurveMetric, CurveRule, averaged},
};
use crate::{
    MetricError, Value,
    classification::{Thresholds, states::CurveScoresSummary},
};

/// Average precision: the precisions of the precision-recall curve, each weighted by the recall it
/// adds, `Σ (r_i - r_{i-1}) p_i`.
///
/// Multiclass: each class against the rest, then averaged (macro, weighted, none); multilabel:
/// micro as well. Ranges over `[0, 1]`; chance is the share of positives. Binned, scores between two
/// thresholds count as tied, and the recall goes up to 1. With weights, an element counts as much as its
/// weight. State: see [`Thresholds`](crate::classification::Thresholds).
///
/// A class without positives has no average precision: NaN with [`Average::None`], and left out of macro
/// and weighted averages. Where that leaves nothing, as of binary targets without a positive, it is
/// [`MetricError::Undefined`]; no data is [`MetricError::Empty`].
///
/// References: scikit-learn 1.7.2 `average_precision_score`; TorchMetrics 1.9.0 `AveragePrecision`, which has 0 for such
/// a class, also in averages, unless it is multiclass and exact, and whose binned recall ends at the lowest
/// threshold.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::AveragePrecision};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// let value = AveragePrecision::binary().evaluate(&batch)?.scalar().unwrap();
/// assert!((value - 5.0 / 6.0).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type AveragePrecision<B> = CurveMetric<AveragePrecisionRule, B>;

/// The rule of [`AveragePrecision`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AveragePrecisionRule {
    certified: bool,
}

impl<B> AveragePrecision<B> {
    /// A [`Value::Estimate`] from binned scores: bounds within which the exact average precision of the
    /// same scores is, and the one in which the scores of a bin are tied. See [`Auroc::certified`].
    ///
    /// [`Auroc::certified`]: crate::classification::Auroc::certified
    pub fn certified(mut self) -> Self {
        self.rule.certified = true;
        self
    }
}

impl AveragedCurve for AveragePrecisionRule {}

impl CurveRule for AveragePrecisionRule {
    const NAME: &'static str = "average_precision";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = true;
    const MICRO_OF_CLASSES: bool = false;

    fn needs_curve(&self) -> bool {
        false
    }

    fn validate(&self, thresholds: &Thresholds) -> Result<(), MetricError> {
        if self.certified {
            certified::check_binned(thresholds)
        } else {
            Ok(())
        }
    }

    fn is_defined(&self, positives: f64, _negatives: f64) -> bool {
        positives > 0.0
    }

    fn value(&self, scores: &CurveScoresSummary, average: Average) -> Result<Value, MetricError> {
        if self.certified {
            return certified::certified(scores, average, certified::average_precision);
        }
        // NaN without positives.
        averaged(scores, average, |column| {
            column.precisions() / column.positives
        })
    }

    fn suffix(&self) -> String {
        let certified = if self.certified { "_certified" } else { "" };
        certified.into()
    }
}
