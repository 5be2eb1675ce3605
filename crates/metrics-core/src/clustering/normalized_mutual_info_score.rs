use super::contingency_metric::{ContingencyMetric, ContingencyRule};
use crate::{MetricError, states::ContingencyTable};

/// Normalized mutual information: mutual information over a mean of the entropies of clusters and classes.
///
/// In `[0, 1]`. Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. If all elements are in one cluster and of one class, which
/// agree, it is 1, as in scikit-learn; TorchMetrics has 0. If the mean is 0 otherwise, it is 0. Reference: scikit-learn
/// `normalized_mutual_info_score`, TorchMetrics 1.9.0 `NormalizedMutualInfoScore`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::NormalizedMutualInfoScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = NormalizedMutualInfoScore::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.7396673768007592).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type NormalizedMutualInfoScore = ContingencyMetric<NormalizedMutualInfoScoreRule>;

/// Which mean of two entropies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EntropyMean {
    /// The smaller one.
    Min,
    /// The root of their product.
    Geometric,
    /// Half of their sum.
    #[default]
    Arithmetic,
    /// The larger one.
    Max,
}

impl EntropyMean {
    pub(super) fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Min => left.min(right),
            Self::Geometric => (left * right).sqrt(),
            Self::Arithmetic => (left + right) / 2.0,
            Self::Max => left.max(right),
        }
    }

    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Min => "_min",
            Self::Geometric => "_geometric",
            Self::Arithmetic => "",
            Self::Max => "_max",
        }
    }
}

impl ContingencyMetric<NormalizedMutualInfoScoreRule> {
    /// The mean of the entropies; default [`EntropyMean::Arithmetic`].
    pub fn mean(mut self, mean: EntropyMean) -> Self {
        self.rule.mean = mean;
        self
    }
}

/// The rule of [`NormalizedMutualInfoScore`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NormalizedMutualInfoScoreRule {
    mean: EntropyMean,
}

impl ContingencyRule for NormalizedMutualInfoScoreRule {
    const NAME: &'static str = "normalized_mutual_info_score";

    fn suffix(&self) -> String {
        self.mean.suffix().into()
    }

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        let (information, mean) = (
            table.mutual_information(),
            self.mean.of(table.target_entropy(), table.pred_entropy()),
        );
        if table.is_same_partition() {
            Ok(1.0)
        } else if mean == 0.0 {
            Ok(0.0)
        } else {
            Ok(information / mean)
        }
    }
}
