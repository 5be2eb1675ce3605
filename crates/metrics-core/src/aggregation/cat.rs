use super::{NanStrategy, nan_option};
use crate::{
    Metric, MetricError, Value,
    states::{ValueList, ValueListSummary},
};

/// All values, one after the other, as a [`Value::List`]; weights play no part.
///
/// Takes [`Values`](crate::batch::Values) of any shape. The state is the data: 4 bytes a value on
/// the device, 8 on the host once read. The order is that of the batches; with several devices or
/// merged summaries, device by device and summary by summary. If every value was left out as NaN
/// the list is empty; no data is [`MetricError::Empty`], where TorchMetrics has an empty list.
/// Reference: TorchMetrics 1.9.0 `CatMetric`; see [`NanStrategy`] for NaN.
///
/// ```
/// use metrics_core::{Metric, aggregation::Cat, batch::Values};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let mut cat = Cat::new().state();
/// cat.update(&Values::new(Tensor::<1>::from_floats([1.0, 2.0], &device)))?;
/// cat.update(&Values::new(Tensor::<1>::from_floats([0.5], &device)))?;
/// assert_eq!(cat.compute()?.list(), Some(&[1.0, 2.0, 0.5][..]));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cat {
    nan: NanStrategy,
}

nan_option!(Cat);

impl Metric for Cat {
    type Accumulator = ValueList;

    fn name(&self) -> String {
        "cat".into()
    }

    fn accumulator(&self) -> ValueList {
        ValueList { nan: self.nan }
    }

    fn finalize(&self, list: &ValueListSummary) -> Result<Value, MetricError> {
        list.seen()?;
        Ok(Value::List(list.values.clone()))
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
