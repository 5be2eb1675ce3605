use super::contingency_metric::{ContingencyMetric, ContingencyRule};
use crate::{MetricError, states::ContingencyTable};

/// Homogeneity: how far each cluster has elements of one class alone, `MI / H(classes)`.
///
/// In `[0, 1]`; 1 if there is one class. Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. Reference:
/// scikit-learn `homogeneity_score`, TorchMetrics 1.9.0 `HomogeneityScore`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::HomogeneityScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = HomogeneityScore::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.7103099178571525).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type HomogeneityScore = ContingencyMetric<HomogeneityScoreRule>;

/// The rule of [`HomogeneityScore`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HomogeneityScoreRule;

impl ContingencyRule for HomogeneityScoreRule {
    const NAME: &'static str = "homogeneity_score";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        Ok(share(table.mutual_information(), table.target_entropy()))
    }
}

/// A share of an entropy; 1 if there is nothing to know.
pub(super) fn share(information: f64, entropy: f64) -> f64 {
    if entropy == 0.0 {
        1.0
    } else {
        information / entropy
    }
}
