use super::{NanStrategy, nan_option};
use crate::{
    Metric, MetricError, Value,
    states::{ValueExtremes, ValueExtremesSummary},
};

/// The largest value; weights play no part.
///
/// Takes [`Values`](crate::batch::Values) of any shape. No data is [`MetricError::Empty`], where
/// TorchMetrics has negative infinity. Reference: TorchMetrics 1.9.0 `MaxMetric`; see
/// [`NanStrategy`] for NaN.
///
/// ```
/// use metrics_core::{Metric, aggregation::Max, batch::Values};
/// use burn::tensor::{Device, Tensor};
///
/// let values = Tensor::<1>::from_floats([2.0, -0.5, 7.0], &Device::default());
/// assert_eq!(Max::new().evaluate(&Values::new(values))?.scalar(), Some(7.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Max {
    nan: NanStrategy,
}

nan_option!(Max);

impl Metric for Max {
    type Accumulator = ValueExtremes;

    fn name(&self) -> String {
        "max".into()
    }

    fn accumulator(&self) -> ValueExtremes {
        ValueExtremes { nan: self.nan }
    }

    fn finalize(&self, extremes: &ValueExtremesSummary) -> Result<Value, MetricError> {
        extremes.not_empty()?;
        Ok(extremes.max.into())
    }
}
