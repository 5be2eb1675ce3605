use super::{
    Average,
    curve_metric::{CurveMetric, CurveRule},
    operating_point::{best, required_rate, sensitivity_specificity},
};
use crate::{
    MetricError, Value,
    classification::{Thresholds, states::CurveScoresSummary},
};

/// The highest specificity at a sensitivity of at least `min_sensitivity`.
///
/// `max specificity(t) where sensitivity(t) >= min_sensitivity` over the points of the
/// [ROC](crate::classification::Roc) curve, with the threshold at which it is reached, of several the highest.
/// Takes scores `[N, ..]` (binary) or `[N, C, ..]`, and gives a [`Value::OperatingPoints`]: one
/// point, or one per class or label, each against the rest; never averaged. Ranges over `[0, 1]`.
///
/// Without positives the sensitivity is 0, without negatives the specificity is 1. Where no point
/// is sensitive enough, as of a class without positives, the value is 0 and the threshold NaN. No
/// data is [`MetricError::Empty`]; without a minimum in `[0, 1]` it is [`MetricError::InvalidOption`].
/// State: see [`Thresholds`](crate::classification::Thresholds). Reference: TorchMetrics 1.9.0
/// `SpecificityAtSensitivity`, which has 1e6 for that threshold.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::SpecificityAtSensitivity};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let metric = SpecificityAtSensitivity::binary().min_sensitivity(0.5);
/// let value = metric.evaluate(&Binary::from_scores(scores, target)?)?;
/// assert_eq!(value.scalar(), Some(1.0));
/// assert_eq!(value.operating_points().unwrap().thresholds, [0.8_f32 as f64]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type SpecificityAtSensitivity<B> = CurveMetric<SpecificityAtSensitivityRule, B>;

/// The rule of [`SpecificityAtSensitivity`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpecificityAtSensitivityRule {
    min_sensitivity: Option<f64>,
}

impl<B> SpecificityAtSensitivity<B> {
    /// The least sensitivity of a point that is taken; it has no default.
    pub fn min_sensitivity(mut self, sensitivity: f64) -> Self {
        self.rule.min_sensitivity = Some(sensitivity);
        self
    }
}

impl CurveRule for SpecificityAtSensitivityRule {
    const NAME: &'static str = "specificity_at_sensitivity";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = false;
    const NUMERIC: bool = true;

    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        required_rate("min_sensitivity", self.min_sensitivity).map(drop)
    }

    fn value(&self, scores: &CurveScoresSummary, _average: Average) -> Result<Value, MetricError> {
        let min = required_rate("min_sensitivity", self.min_sensitivity)?;
        let exact = scores.is_exact();
        Ok(best(scores, |column| {
            let points = sensitivity_specificity(column, exact);
            let points = points.filter(move |[sensitivity, ..]| *sensitivity >= min);
            // The sensitivity does not choose between equal specificities, as in the reference.
            points.map(|[_, specificity, threshold]| [specificity, 0.0, threshold])
        }))
    }

    fn suffix(&self) -> String {
        self.min_sensitivity
            .map(|least| format!("_{least}"))
            .unwrap_or_default()
    }
}
