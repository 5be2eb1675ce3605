use super::{
    curve_metric::CurveMetric,
    operating_point::{OperatingPoint, OperatingPointRule, sensitivity_specificity},
};
use crate::classification::states::ThresholdCurve;

/// The highest specificity at a sensitivity of at least `min_sensitivity`.
///
/// `max specificity(t) where sensitivity(t) >= min_sensitivity` over the points of the
/// [ROC](crate::classification::Roc) curve, with the threshold at which it is reached, of several the
/// highest. Takes scores `[N, ..]` (binary) or `[N, C, ..]`, and gives a [`Value::OperatingPoints`](crate::Value::OperatingPoints):
/// one point, or one per class or label, each against the rest; never averaged. Ranges over `[0, 1]`.
///
/// A class without positives or without negatives has NaN, which of binary targets is
/// [`MetricError::Undefined`](crate::MetricError::Undefined). No data is [`MetricError::Empty`](crate::MetricError::Empty); without a minimum in `[0, 1]` it is
/// [`MetricError::InvalidOption`](crate::MetricError::InvalidOption). State: see
/// [`Thresholds`](crate::classification::Thresholds). Reference: TorchMetrics 1.9.0
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
pub type SpecificityAtSensitivity<B> = CurveMetric<OperatingPoint<SpecificityAtSensitivityRule>, B>;

/// The rule of [`SpecificityAtSensitivity`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpecificityAtSensitivityRule;

impl<B> SpecificityAtSensitivity<B> {
    /// The least sensitivity of a point that is taken; it has no default.
    pub fn min_sensitivity(mut self, sensitivity: f64) -> Self {
        self.rule.least = Some(sensitivity);
        self
    }
}

impl OperatingPointRule for SpecificityAtSensitivityRule {
    const NAME: &'static str = "specificity_at_sensitivity";
    const OPTION: &'static str = "min_sensitivity";
    const NEEDS_NEGATIVES: bool = true;

    fn candidates(counts: ThresholdCurve, min: f64) -> impl Iterator<Item = [f64; 3]> {
        let points = sensitivity_specificity(counts);
        let points = points.filter(move |[sensitivity, ..]| *sensitivity >= min);
        // The sensitivity does not choose between equal specificities, as in the reference.
        points.map(|[_, specificity, threshold]| [specificity, 0.0, threshold])
    }
}
