use super::{mean, suffix, value_per_output};
use crate::{
    Metric, MetricError, Value,
    regression::states::{PairMoments, PairMomentsSummary},
};

/// Mean absolute error: `mean(|prediction - target|)`.
///
/// Takes [`Regression`](crate::batch::Regression) batches. All elements count as one output,
/// whatever the shape, unless [`outputs`](Self::outputs) says otherwise. Ranges over `[0, inf]`;
/// infinite predictions make it infinite. Weights of the batch make it a weighted mean. No data, or
/// none of any weight, is [`MetricError::Empty`], NaN is [`MetricError::InvalidData`]. Reference:
/// TorchMetrics 1.9.0 `MeanAbsoluteError`, and for weights scikit-learn's `mean_absolute_error`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::MeanAbsoluteError};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([2.5, 0.0, 2.0, 8.0], &device);
/// let target = Tensor::<1>::from_floats([3.0, -0.5, 2.0, 7.0], &device);
/// let batch = Regression::new(pred, target)?;
/// assert_eq!(MeanAbsoluteError::new().evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanAbsoluteError {
    outputs: Option<usize>,
}

impl MeanAbsoluteError {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    value_per_output!();
}

impl Metric for MeanAbsoluteError {
    type Accumulator = PairMoments;

    fn name(&self) -> String {
        format!("mean_absolute_error{}", suffix(self.outputs))
    }

    fn accumulator(&self) -> PairMoments {
        PairMoments {
            outputs: self.outputs.into(),
            ..PairMoments::default()
        }
    }

    fn finalize(&self, moments: &PairMomentsSummary) -> Result<Value, MetricError> {
        mean(moments, &moments.absolute_error, self.outputs, |mae| mae)
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none()
    }
}
