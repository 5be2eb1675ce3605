use super::decision_metric::{DecisionMetric, DecisionRule};

/// Click-through rate: the share of what was shown that was clicked,
/// `sum(weight * target) / sum(weight)`.
///
/// It is the rate of positive targets, and does not depend on the predictions: beside
/// [`NormalizedEntropy`](crate::classification::NormalizedEntropy) and
/// [`WeightedCalibration`](crate::classification::WeightedCalibration) it says what they are relative to. Clicks alone
/// go in as predicted labels and as targets. Elements with an invalid prediction do not count. A
/// [`Value::PerClass`](crate::Value::PerClass) of multilabel batches. Ranges over `[0, 1]`. No data, or
/// none with a weight above 0, is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: torcheval 0.0.7 `ClickThroughRate`, which is 0 where weights sum to 0; with several tasks
/// it has a weight per task, we one per row.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::ClickThroughRate};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let clicks = Tensor::<1, Int>::from_ints([0, 1, 0, 1], &device);
/// let weights = Tensor::<1>::from_floats([1.0, 2.0, 1.0, 4.0], &device);
/// let batch = Binary::from_labels(clicks.clone(), clicks)?.with_weights(weights)?;
/// assert_eq!(ClickThroughRate::binary().evaluate(&batch)?.scalar(), Some(0.75));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type ClickThroughRate<B> = DecisionMetric<ClickThroughRateRule, B>;

/// The rule of [`ClickThroughRate`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClickThroughRateRule;

impl DecisionRule for ClickThroughRateRule {
    const NAME: &'static str = "click_through_rate";
    const HIGHER_IS_BETTER: Option<bool> = None;

    fn value(&self, _cross_entropy: f64, _probability: f64, positives: f64) -> f64 {
        positives
    }
}
