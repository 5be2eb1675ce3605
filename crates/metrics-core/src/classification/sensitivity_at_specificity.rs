use super::{
    curve_metric::CurveMetric,
    operating_point::{OperatingPoint, OperatingPointRule, sensitivity_specificity},
};
use crate::classification::states::ThresholdCurve;

/// The highest sensitivity at a specificity of at least `min_specificity`.
///
/// `max sensitivity(t) where specificity(t) >= min_specificity` over the points of the
/// [ROC](crate::classification::Roc) curve, with the threshold at which it is reached: of several,
/// the one with the highest specificity, then the highest one. Takes scores `[N, ..]` (binary) or
/// `[N, C, ..]`, and gives a [`Value::OperatingPoints`](crate::Value::OperatingPoints): one point, or one per class or label, each
/// against the rest; never averaged. Ranges over `[0, 1]`.
///
/// A class without positives or without negatives has NaN, which of binary targets is
/// [`MetricError::Undefined`](crate::MetricError::Undefined). No data is [`MetricError::Empty`](crate::MetricError::Empty); without a minimum in `[0, 1]` it is
/// [`MetricError::InvalidOption`](crate::MetricError::InvalidOption). State: see
/// [`Thresholds`](crate::classification::Thresholds). Reference: TorchMetrics 1.9.0
/// `SensitivityAtSpecificity`, which has 1e6 for that threshold.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::SensitivityAtSpecificity};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let metric = SensitivityAtSpecificity::binary().min_specificity(0.5);
/// let value = metric.evaluate(&Binary::from_scores(scores, target)?)?;
/// assert_eq!(value.scalar(), Some(1.0));
/// assert_eq!(value.operating_points().unwrap().thresholds, [0.35_f32 as f64]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type SensitivityAtSpecificity<B> = CurveMetric<OperatingPoint<SensitivityAtSpecificityRule>, B>;

/// The rule of [`SensitivityAtSpecificity`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SensitivityAtSpecificityRule;

impl<B> SensitivityAtSpecificity<B> {
    /// The least specificity of a point that is taken; it has no default.
    pub fn min_specificity(mut self, specificity: f64) -> Self {
        self.rule.least = Some(specificity);
        self
    }
}

impl OperatingPointRule for SensitivityAtSpecificityRule {
    const NAME: &'static str = "sensitivity_at_specificity";
    const OPTION: &'static str = "min_specificity";
    const NEEDS_NEGATIVES: bool = true;

    fn candidates(counts: ThresholdCurve, min: f64) -> impl Iterator<Item = [f64; 3]> {
        sensitivity_specificity(counts).filter(move |point| point[1] >= min)
    }
}
