use super::{NanStrategy, nan_option};
use crate::{
    Metric, MetricError, Value,
    states::{ValueExtremes, ValueExtremesSummary},
};

/// The smallest value; weights play no part.
///
/// Takes [`Values`](crate::batch::Values) of any shape. No data is [`MetricError::Empty`], where
/// TorchMetrics has infinity. Reference: TorchMetrics 1.9.0 `MinMetric`; see [`NanStrategy`] for
/// NaN.
///
/// ```
/// use metrics_core::{Metric, aggregation::Min, batch::Values};
/// use burn::tensor::{Device, Tensor};
///
/// let values = Tensor::<1>::from_floats([2.0, -0.5, 7.0], &Device::default());
/// assert_eq!(Min::new().evaluate(&Values::new(values))?.scalar(), Some(-0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Min {
    nan: NanStrategy,
}

nan_option!(Min);

impl Metric for Min {
    type Accumulator = ValueExtremes;

    fn name(&self) -> String {
        "min".into()
    }

    fn accumulator(&self) -> ValueExtremes {
        ValueExtremes { nan: self.nan }
    }

    fn finalize(&self, extremes: &ValueExtremesSummary) -> Result<Value, MetricError> {
        extremes.not_empty()?;
        Ok(extremes.min.into())
    }
}
