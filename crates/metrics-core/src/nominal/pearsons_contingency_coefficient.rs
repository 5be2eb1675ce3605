use super::association::Association;
use crate::{
    MetricError,
    clustering::{ContingencyMetric, rules::ContingencyRule},
    states::ContingencyTable,
};

/// Pearson's contingency coefficient: the association of two categorical variables, `sqrt(φ² / (1 + φ²))` with `φ² = χ² / n`.
///
/// In `[0, 1)`: 0 if they are independent, or one of them has one category. Symmetric.
/// Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`].
///
/// Reference: TorchMetrics 1.9.0 `PearsonsContingencyCoefficient`, SciPy `contingency.association`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, nominal::PearsonsContingencyCoefficient};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = PearsonsContingencyCoefficient::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.7559289460184544).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type PearsonsContingencyCoefficient = ContingencyMetric<PearsonsContingencyCoefficientRule>;

/// The rule of [`PearsonsContingencyCoefficient`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PearsonsContingencyCoefficientRule;

impl ContingencyRule for PearsonsContingencyCoefficientRule {
    const NAME: &'static str = "pearsons_contingency_coefficient";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        let phi_squared = Association::plain(table).phi_squared;
        Ok((phi_squared / (1.0 + phi_squared)).sqrt())
    }
}
