use super::{
    Average,
    curve_metric::{CurveMetric, CurveRule},
    operating_point::{best, required_rate, sensitivity_specificity},
};
use crate::{
    MetricError, Value,
    classification::{Thresholds, states::CurveScoresSummary},
};

/// The highest sensitivity at a specificity of at least `min_specificity`.
///
/// `max sensitivity(t) where specificity(t) >= min_specificity` over the points of the
/// [ROC](crate::classification::Roc) curve, with the threshold at which it is reached: of several, the one with the
/// highest specificity, then the highest one. Takes scores `[N, ..]` (binary) or `[N, C, ..]`, and
/// gives a [`Value::OperatingPoints`]: one point, or one per class or label, each against the rest;
/// never averaged. Ranges over `[0, 1]`.
///
/// Without positives the sensitivity is 0, without negatives the specificity is 1. Where no point
/// is specific enough, which only given thresholds can cause, the value is 0 and the threshold NaN.
/// No data is [`MetricError::Empty`]; without a minimum in `[0, 1]` it is
/// [`MetricError::InvalidOption`]. State: see [`Thresholds`](crate::classification::Thresholds).
/// Reference: TorchMetrics 1.9.0 `SensitivityAtSpecificity`, which has 1e6 for that threshold.
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
pub type SensitivityAtSpecificity<B> = CurveMetric<SensitivityAtSpecificityRule, B>;

/// The rule of [`SensitivityAtSpecificity`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SensitivityAtSpecificityRule {
    min_specificity: Option<f64>,
}

impl<B> SensitivityAtSpecificity<B> {
    /// The least specificity of a point that is taken; it has no default.
    pub fn min_specificity(mut self, specificity: f64) -> Self {
        self.rule.min_specificity = Some(specificity);
        self
    }
}

impl CurveRule for SensitivityAtSpecificityRule {
    const NAME: &'static str = "sensitivity_at_specificity";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = false;
    const NUMERIC: bool = true;

    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        required_rate("min_specificity", self.min_specificity).map(drop)
    }

    fn value(&self, scores: &CurveScoresSummary, _average: Average) -> Result<Value, MetricError> {
        let min = required_rate("min_specificity", self.min_specificity)?;
        let exact = scores.is_exact();
        Ok(best(scores, |column| {
            sensitivity_specificity(column, exact).filter(move |point| point[1] >= min)
        }))
    }

    fn suffix(&self) -> String {
        self.min_specificity
            .map(|least| format!("_{least}"))
            .unwrap_or_default()
    }
}
