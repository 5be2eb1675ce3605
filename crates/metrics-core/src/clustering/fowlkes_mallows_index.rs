use super::{
    contingency_metric::{ContingencyMetric, ContingencyRule},
    pairs::Pairs,
};
use crate::{MetricError, states::ContingencyTable};

/// Fowlkes-Mallows index: the geometric mean of precision and recall of pairs of elements that are in one cluster.
///
/// In `[0, 1]`; 0 if no pair is in one cluster and of one class. Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`].
/// Reference: scikit-learn `fowlkes_mallows_score`, TorchMetrics 1.9.0 `FowlkesMallowsIndex`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::FowlkesMallowsIndex};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = FowlkesMallowsIndex::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.5773502691896258).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type FowlkesMallowsIndex = ContingencyMetric<FowlkesMallowsIndexRule>;

/// The rule of [`FowlkesMallowsIndex`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FowlkesMallowsIndexRule;

impl ContingencyRule for FowlkesMallowsIndexRule {
    const NAME: &'static str = "fowlkes_mallows_index";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        let pairs = Pairs::of(table);
        if pairs.both == 0 {
            return Ok(0.0);
        }
        let both = pairs.both as f64;
        let precision = both / (both + pairs.pred as f64);
        let recall = both / (both + pairs.target as f64);
        Ok((precision * recall).sqrt())
    }
}
