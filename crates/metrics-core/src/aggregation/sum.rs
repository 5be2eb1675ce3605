use super::{NanStrategy, nan_option};
use crate::{
    Metric, MetricError, Value,
    states::{ValueTotals, ValueTotalsSummary},
};

/// The sum of all values, each as often as its weight says. A NaN weight is as a NaN value.
///
/// Takes [`Values`](crate::batch::Values) of any shape. Sums are compensated: they are exact to
/// about 48 bits on every backend. Infinities of both signs have no sum: NaN. If every value was
/// left out as NaN it is 0; no data is [`MetricError::Empty`], where TorchMetrics has 0. A sum of finite values beyond
/// 3.4e38 is [`MetricError::Overflow`] where sums are `f32`, as on a GPU.
/// Reference: TorchMetrics 1.9.0 `SumMetric`; see [`NanStrategy`] for NaN.
///
/// ```
/// use metrics_core::{Metric, aggregation::Sum, batch::Values};
/// use burn::tensor::{Device, Tensor};
///
/// let values = Tensor::<1>::from_floats([1e8, 1.0, -1e8], &Device::default());
/// assert_eq!(Sum::new().evaluate(&Values::new(values))?.scalar(), Some(1.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sum {
    nan: NanStrategy,
}

nan_option!(Sum);

impl Metric for Sum {
    type Accumulator = ValueTotals;

    fn name(&self) -> String {
        "sum".into()
    }

    fn accumulator(&self) -> ValueTotals {
        ValueTotals { nan: self.nan }
    }

    fn finalize(&self, totals: &ValueTotalsSummary) -> Result<Value, MetricError> {
        totals.seen()?;
        totals.in_range()?;
        Ok(totals.weighted_sum.into())
    }
}
