use super::{
    contingency_metric::{ContingencyMetric, ContingencyRule},
    homogeneity_score::share,
};
use crate::{MetricError, states::ContingencyTable};

/// Completeness: how far the elements of each class are in one cluster, `MI / H(clusters)`.
///
/// In `[0, 1]`; 1 if there is one cluster. Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. Reference:
/// scikit-learn `completeness_score`, TorchMetrics 1.9.0 `CompletenessScore`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::CompletenessScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = CompletenessScore::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.7715561736794712).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type CompletenessScore = ContingencyMetric<CompletenessScoreRule>;

/// The rule of [`CompletenessScore`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CompletenessScoreRule;

impl ContingencyRule for CompletenessScoreRule {
    const NAME: &'static str = "completeness_score";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        Ok(share(table.mutual_information(), table.pred_entropy()))
    }
}
