use super::contingency_metric::{ContingencyMetric, ContingencyRule};
use crate::{MetricError, states::ContingencyTable};

/// Mutual information of clusters and classes, in nats: `Σ p(c, k) ln(p(c, k) / (p(c) p(k)))`.
///
/// 0 if they are independent, or one of them has all elements in one; at most the smaller entropy of the two.
/// Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. Reference: scikit-learn `mutual_info_score`, TorchMetrics 1.9.0 `MutualInfoScore`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::MutualInfoScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = MutualInfoScore::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.7803552045207032).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type MutualInfoScore = ContingencyMetric<MutualInfoScoreRule>;

/// The rule of [`MutualInfoScore`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MutualInfoScoreRule;

impl ContingencyRule for MutualInfoScoreRule {
    const NAME: &'static str = "mutual_info_score";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        Ok(table.mutual_information())
    }
}
