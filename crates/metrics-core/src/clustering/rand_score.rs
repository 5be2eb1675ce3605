use super::{
    contingency_metric::{ContingencyMetric, ContingencyRule},
    pairs::Pairs,
};
use crate::{MetricError, states::ContingencyTable};

/// Rand index: the share of pairs of elements that clusters and classes both have together, or both apart.
///
/// In `[0, 1]`; a single element has 1. Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. Reference: scikit-learn
/// `rand_score`, TorchMetrics 1.9.0 `RandScore`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::RandScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = RandScore::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.8).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RandScore = ContingencyMetric<RandScoreRule>;

/// The rule of [`RandScore`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RandScoreRule;

impl ContingencyRule for RandScoreRule {
    const NAME: &'static str = "rand_score";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        let pairs = Pairs::of(table);
        let agree = (pairs.both + pairs.none) as f64;
        let all = agree + (pairs.pred + pairs.target) as f64;
        Ok(if all == 0.0 { 1.0 } else { agree / all })
    }
}
