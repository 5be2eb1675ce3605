use super::{
    contingency_metric::{ContingencyMetric, ContingencyRule},
    pairs::Pairs,
};
use crate::{MetricError, states::ContingencyTable};

/// Adjusted Rand index: the Rand index less what clusters of the same sizes have by chance, over the most possible.
///
/// In `[-0.5, 1]`: about 0 for clusters at random, 1 for clusters that are the classes.
/// Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. Pairs are counted in 128 bits; TorchMetrics' count overflows from about 1e5 elements.
/// Reference: scikit-learn `adjusted_rand_score`, TorchMetrics 1.9.0 `AdjustedRandScore`; Hubert and Arabie, Comparing Partitions, 1985.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::AdjustedRandScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = AdjustedRandScore::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.4444444444444444).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type AdjustedRandScore = ContingencyMetric<AdjustedRandScoreRule>;

/// The rule of [`AdjustedRandScore`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AdjustedRandScoreRule;

impl ContingencyRule for AdjustedRandScoreRule {
    const NAME: &'static str = "adjusted_rand_score";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        let Pairs {
            both,
            pred,
            target,
            none,
        } = Pairs::of(table);
        if pred == 0 && target == 0 {
            return Ok(1.0);
        }
        let [both, pred, target, none] = [both, pred, target, none].map(|pairs| pairs as f64);
        let by_chance = (both + target) * (target + none) + (both + pred) * (pred + none);
        Ok(2.0 * (both * none - target * pred) / by_chance)
    }
}
