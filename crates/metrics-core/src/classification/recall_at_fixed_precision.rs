use super::{
    Average,
    curve_metric::{CurveMetric, CurveRule},
    operating_point::{best, precision_recall_points, required_rate},
};
use crate::{
    MetricError, Value,
    classification::{Thresholds, states::CurveScoresSummary},
};

/// The highest recall at a precision of at least `min_precision`.
///
/// `max recall(t) where precision(t) >= min_precision` over the points of the
/// [precision-recall](crate::classification::PrecisionRecallCurve) curve, with the threshold at which it is
/// reached: of several the one with the highest precision, then the highest one. Takes scores `[N, ..]`
/// (binary) or `[N, C, ..]`, and gives a [`Value::OperatingPoints`]: one point, or one per
/// class or label, each against the rest; never averaged. Ranges over `[0, 1]`.
///
/// Where no point has a value above 0, as of a class without positives, the value is 0 and the
/// threshold NaN. Exact binary and multilabel recall is 1 without positives, which only a
/// `min_precision` of 0 takes. No data is [`MetricError::Empty`]; without a minimum in `[0, 1]` it is
/// [`MetricError::InvalidOption`]. State: see [`Thresholds`](crate::classification::Thresholds).
/// Reference: TorchMetrics 1.9.0 `RecallAtFixedPrecision`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::RecallAtFixedPrecision};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let metric = RecallAtFixedPrecision::binary().min_precision(0.6);
/// let value = metric.evaluate(&Binary::from_scores(scores, target)?)?;
/// assert_eq!(value.scalar(), Some(1.0));
/// assert_eq!(value.operating_points().unwrap().thresholds, [0.35_f32 as f64]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RecallAtFixedPrecision<B> = CurveMetric<RecallAtFixedPrecisionRule, B>;

/// The rule of [`RecallAtFixedPrecision`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecallAtFixedPrecisionRule {
    min_precision: Option<f64>,
}

impl<B> RecallAtFixedPrecision<B> {
    /// The least precision of a point that is taken; it has no default.
    pub fn min_precision(mut self, precision: f64) -> Self {
        self.rule.min_precision = Some(precision);
        self
    }
}

impl CurveRule for RecallAtFixedPrecisionRule {
    const NAME: &'static str = "recall_at_fixed_precision";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = false;
    const NUMERIC: bool = true;

    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        required_rate("min_precision", self.min_precision).map(drop)
    }

    fn value(&self, scores: &CurveScoresSummary, _average: Average) -> Result<Value, MetricError> {
        let min = required_rate("min_precision", self.min_precision)?;
        Ok(best(scores, |column| {
            let points = precision_recall_points(column, scores);
            points
                .map(|[precision, recall, threshold]| [recall, precision, threshold])
                // NaN is neither.
                .filter(move |point| point[1] >= min && point[0] > 0.0)
        }))
    }

    fn suffix(&self) -> String {
        self.min_precision
            .map(|least| format!("_{least}"))
            .unwrap_or_default()
    }
}
