use super::{
    curve_metric::CurveMetric,
    operating_point::{OperatingPoint, OperatingPointRule, precision_recall_points},
};
use crate::classification::states::ThresholdCurve;

/// The highest precision at a recall of at least `min_recall`.
///
/// `max precision(t) where recall(t) >= min_recall` over the points of the
/// [precision-recall](crate::classification::PrecisionRecallCurve) curve, with the threshold at which it is
/// reached: of several the one with the highest recall, then the highest one. Takes scores `[N, ..]`
/// (binary) or `[N, C, ..]`, and gives a [`Value::OperatingPoints`](crate::Value::OperatingPoints): one point, or one per
/// class or label, each against the rest; never averaged. Ranges over `[0, 1]`.
///
/// Where no point has a value above 0, the value is 0 and the threshold NaN. A class without positives
/// has NaN, which of binary targets is [`MetricError::Undefined`](crate::MetricError::Undefined). No data is [`MetricError::Empty`](crate::MetricError::Empty); without a minimum in
/// `[0, 1]` it is [`MetricError::InvalidOption`](crate::MetricError::InvalidOption). State: see
/// [`Thresholds`](crate::classification::Thresholds). Reference: TorchMetrics 1.9.0
/// `PrecisionAtFixedRecall`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::PrecisionAtFixedRecall};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let metric = PrecisionAtFixedRecall::binary().min_recall(0.5);
/// let value = metric.evaluate(&Binary::from_scores(scores, target)?)?;
/// assert_eq!(value.scalar(), Some(1.0));
/// assert_eq!(value.operating_points().unwrap().thresholds, [0.8_f32 as f64]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type PrecisionAtFixedRecall<B> = CurveMetric<OperatingPoint<PrecisionAtFixedRecallRule>, B>;

/// The rule of [`PrecisionAtFixedRecall`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrecisionAtFixedRecallRule;

impl<B> PrecisionAtFixedRecall<B> {
    /// The least recall of a point that is taken; it has no default.
    pub fn min_recall(mut self, recall: f64) -> Self {
        self.rule.least = Some(recall);
        self
    }
}

impl OperatingPointRule for PrecisionAtFixedRecallRule {
    const NAME: &'static str = "precision_at_fixed_recall";
    const OPTION: &'static str = "min_recall";
    const NEEDS_NEGATIVES: bool = false;

    fn candidates(counts: ThresholdCurve, min: f64) -> impl Iterator<Item = [f64; 3]> {
        // NaN is neither.
        precision_recall_points(counts).filter(move |point| point[1] >= min && point[0] > 0.0)
    }
}
