use super::{NanStrategy, nan_option};
use crate::{
    Metric, MetricError, Value,
    states::{ValueTotals, ValueTotalsSummary},
};

/// The mean of all values: `sum(weight * value) / sum(weight)`, where a value without a weight has
/// weight 1.
///
/// Takes [`Values`](crate::batch::Values) of any shape. A loss that is itself the mean over a
/// batch needs the size of the batch as its weight. A NaN weight is as a NaN value. No data, or
/// weights that sum to 0, is [`MetricError::Empty`]. A sum of finite values beyond 3.4e38 is [`MetricError::Overflow`] where sums
/// are `f32`, as on a GPU. Reference: TorchMetrics 1.9.0 `MeanMetric`;
/// see [`NanStrategy`] for NaN.
///
/// ```
/// use metrics_core::{Metric, aggregation::Mean, batch::Values};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let losses = Tensor::<1>::from_floats([2.0, 5.0], &device);
/// let sizes = Tensor::<1>::from_floats([32.0, 16.0], &device);
/// let batch = Values::weighted(losses, sizes)?;
/// assert_eq!(Mean::new().evaluate(&batch)?.scalar(), Some(3.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mean {
    nan: NanStrategy,
}

nan_option!(Mean);

impl Metric for Mean {
    type Accumulator = ValueTotals;

    fn name(&self) -> String {
        "mean".into()
    }

    fn accumulator(&self) -> ValueTotals {
        ValueTotals { nan: self.nan }
    }

    fn finalize(&self, totals: &ValueTotalsSummary) -> Result<Value, MetricError> {
        if totals.count == 0 || totals.weight == 0.0 {
            return Err(MetricError::Empty {
                rejected: totals.rejected,
            });
        }
        totals.in_range()?;
        Ok((totals.weighted_sum / totals.weight).into())
    }
}
