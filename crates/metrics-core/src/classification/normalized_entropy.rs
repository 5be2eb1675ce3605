use super::decision_metric::{DecisionMetric, DecisionRule};

/// Normalized entropy: the mean cross-entropy `-ln p(target)` of the predictions over that of always
/// predicting the share of positives. It compares with knowing nothing but that share, which has 1.
///
/// Takes probabilities or logits, see [`ScoreKind`](crate::ScoreKind), and weights, with which all
/// means are weighted. A [`Value::PerClass`](crate::Value::PerClass) of multilabel batches. Ranges over
/// `[0, inf]`, 0 is best. A certain prediction that is wrong makes it infinite, as predicted labels
/// are unless all are right. Where all targets are equal, the share of positives predicts them all: the
/// value is then 0 if the predictions do as well, else infinite. No data, or none with a weight above
/// 0, is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: torcheval 0.0.7 `BinaryNormalizedEntropy`, which is told whether scores are logits,
/// takes no logarithm for less than -100, and gives a large number where all targets are equal; with
/// several tasks it has a weight per task, we one per row. Xinran He et al.: Practical Lessons from
/// Predicting Clicks on Ads at Facebook (2014).
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::NormalizedEntropy};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.5, 0.5, 0.5], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 1], &device);
/// let weights = Tensor::<1>::from_floats([1.0, 2.0, 1.0], &device);
/// let batch = Binary::from_scores(scores, target)?.with_weights(weights)?;
/// let entropy = NormalizedEntropy::binary().evaluate(&batch)?;
/// assert!((entropy.scalar().unwrap() - 1.0).abs() < 1e-7);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type NormalizedEntropy<B> = DecisionMetric<NormalizedEntropyRule, B>;

/// The rule of [`NormalizedEntropy`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NormalizedEntropyRule;

impl DecisionRule for NormalizedEntropyRule {
    const NAME: &'static str = "normalized_entropy";
    const HIGHER_IS_BETTER: Option<bool> = Some(false);

    fn value(&self, cross_entropy: f64, _probability: f64, positives: f64) -> f64 {
        let surprise = |share: f64| match share {
            0.0 => 0.0,
            _ => -share * share.ln(),
        };
        match (
            cross_entropy,
            surprise(positives) + surprise(1.0 - positives),
        ) {
            (0.0, 0.0) => 0.0,
            (entropy, base) => entropy / base,
        }
    }
}
