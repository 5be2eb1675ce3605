use crate::{
    MetricError,
    clustering::{ContingencyMetric, rules::ContingencyRule},
    states::ContingencyTable,
};

/// Theil's U, the uncertainty coefficient: the share of the entropy of predictions that targets take away,
/// `(H(pred) - H(pred | target)) / H(pred)`.
///
/// In `[0, 1]`: 0 if they are independent, 1 if targets decide predictions. Not symmetric. Predictions of one category, which leave
/// nothing to know, have 0 as in TorchMetrics. Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`].
///
/// Reference: TorchMetrics 1.9.0 `TheilsU`, dython `theils_u`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, nominal::TheilsU};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = TheilsU::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.7715561736794713).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type TheilsU = ContingencyMetric<TheilsURule>;

/// The rule of [`TheilsU`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TheilsURule;

impl ContingencyRule for TheilsURule {
    const NAME: &'static str = "theils_u";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        // What is left of the entropy is what both do not share.
        let entropy = table.pred_entropy();
        if entropy == 0.0 {
            return Ok(0.0);
        }
        Ok(table.mutual_information() / entropy)
    }
}
