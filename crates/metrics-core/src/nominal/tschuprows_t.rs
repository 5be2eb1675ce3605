use super::association::{Association, bias_correction};
use crate::{
    MetricError,
    clustering::{ContingencyMetric, rules::ContingencyRule},
    states::ContingencyTable,
};

/// Tschuprow's T: the association of two categorical variables, `sqrt(φ² / sqrt((r - 1)(c - 1)))` with `φ² = χ² / n`, of `r` and `c`
/// categories that occur.
///
/// In `[0, 1]`: 0 if they are independent, 1 if each decides the other. Symmetric. By default corrected for bias.
/// Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`]. If one variable has one category, or the correction leaves it one, there is no association: NaN.
///
/// Reference: TorchMetrics 1.9.0 `TschuprowsT`, SciPy `contingency.association`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, nominal::TschuprowsT};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = TschuprowsT::new().bias_correction(false).evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.8164965809277261).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type TschuprowsT = ContingencyMetric<TschuprowsTRule>;

bias_correction!(
    TschuprowsT,
    TschuprowsTRule,
    "tschuprows_t",
    |rows, columns| (rows * columns).sqrt()
);
