use super::decision_metric::{DecisionMetric, DecisionRule};

/// Calibration of the whole: how many positives were predicted for each that there is,
/// `sum(weight * probability) / sum(weight * target)`.
///
/// Takes probabilities or logits, see [`ScoreKind`](crate::ScoreKind), or predicted labels, and
/// weights; without, all are 1. A [`Value::PerClass`](crate::Value::PerClass) of multilabel batches.
/// Ranges over `[0, inf]`; 1 is best, and says nothing of single predictions (see
/// [`CalibrationError`](crate::classification::CalibrationError)). Without positives it is infinite, or NaN if none
/// were predicted either. No data, or none with a weight above 0, is
/// [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: torcheval 0.0.7 `WeightedCalibration`, which takes any numbers for predictions and makes
/// no probabilities of logits; with several tasks it has a weight per task, we one per row.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::WeightedCalibration};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.75, 0.5, 0.25], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// assert_eq!(WeightedCalibration::binary().evaluate(&batch)?.scalar(), Some(1.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type WeightedCalibration<B> = DecisionMetric<WeightedCalibrationRule, B>;

/// The rule of [`WeightedCalibration`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WeightedCalibrationRule;

impl DecisionRule for WeightedCalibrationRule {
    const NAME: &'static str = "weighted_calibration";
    const HIGHER_IS_BETTER: Option<bool> = None;

    fn value(&self, _cross_entropy: f64, probability: f64, positives: f64) -> f64 {
        probability / positives
    }
}
