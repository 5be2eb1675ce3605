use super::{
    Average,
    curve_metric::{CurveMetric, CurveRule},
    operating_point::{best, precision_recall_points, required_rate},
};
use crate::{
    MetricError, Value,
    classification::{Thresholds, states::CurveScoresSummary},
};

/// The highest precision at a recall of at least `min_recall`.
///
/// `max precision(t) where recall(t) >= min_recall` over the points of the
/// [precision-recall](crate::classification::PrecisionRecallCurve) curve, with the threshold at which it is
/// reached: of several the one with the highest recall, then the highest one. Takes scores `[N, ..]`
/// (binary) or `[N, C, ..]`, and gives a [`Value::OperatingPoints`]: one point, or one per
/// class or label, each against the rest; never averaged. Ranges over `[0, 1]`.
///
/// Where no point has a value above 0, as of a class without positives, the value is 0 and the
/// threshold NaN. No data is [`MetricError::Empty`]; without a minimum in `[0, 1]` it is
/// [`MetricError::InvalidOption`]. State: see [`Thresholds`](crate::classification::Thresholds).
/// Reference: TorchMetrics 1.9.0 `PrecisionAtFixedRecall`.
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
pub type PrecisionAtFixedRecall<B> = CurveMetric<PrecisionAtFixedRecallRule, B>;

/// The rule of [`PrecisionAtFixedRecall`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrecisionAtFixedRecallRule {
    min_recall: Option<f64>,
}

impl<B> PrecisionAtFixedRecall<B> {
    /// The least recall of a point that is taken; it has no default.
    pub fn min_recall(mut self, recall: f64) -> Self {
        self.rule.min_recall = Some(recall);
        self
    }
}

impl CurveRule for PrecisionAtFixedRecallRule {
    const NAME: &'static str = "precision_at_fixed_recall";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = false;
    const NUMERIC: bool = true;

    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        required_rate("min_recall", self.min_recall).map(drop)
    }

    fn value(&self, scores: &CurveScoresSummary, _average: Average) -> Result<Value, MetricError> {
        let min = required_rate("min_recall", self.min_recall)?;
        Ok(best(scores, |column| {
            precision_recall_points(column, scores)
                // NaN is neither.
                .filter(move |point| point[1] >= min && point[0] > 0.0)
        }))
    }

    fn suffix(&self) -> String {
        self.min_recall
            .map(|least| format!("_{least}"))
            .unwrap_or_default()
    }
}
