use super::{mean, suffix, value_per_output};
use crate::{
    Metric, MetricError, Value,
    regression::states::{PairMoments, PairMomentsSummary},
};

/// Mean squared error: `mean((prediction - target)²)`, or its square root.
///
/// Takes [`Regression`](crate::batch::Regression) batches. All elements count as one output,
/// whatever the shape, unless [`outputs`](Self::outputs) says otherwise. Ranges over `[0, inf]`;
/// infinite predictions make it infinite. Weights of the batch make it a weighted mean. No data, or
/// none of any weight, is [`MetricError::Empty`], NaN is [`MetricError::InvalidData`]. Reference:
/// TorchMetrics 1.9.0 `MeanSquaredError`, and for weights scikit-learn's `mean_squared_error`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::MeanSquaredError};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2>::from_floats([[1.0, 5.0], [3.0, 5.0]], &device);
/// let target = Tensor::<2>::from_floats([[1.0, 5.0], [1.0, 9.0]], &device);
/// let batch = Regression::multi_output(pred, target)?;
///
/// assert_eq!(MeanSquaredError::new().evaluate(&batch)?.scalar(), Some(5.0));
/// let each = MeanSquaredError::new().outputs(2).evaluate(&batch)?;
/// assert_eq!(each.per_class(), Some(&[2.0, 8.0][..]));
/// let root = MeanSquaredError::new().root().evaluate(&batch)?;
/// assert_eq!(root.scalar(), Some(5.0f64.sqrt()));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanSquaredError {
    outputs: Option<usize>,
    root: bool,
}

impl MeanSquaredError {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    value_per_output!();

    /// The square root (RMSE), which has the unit of the targets.
    pub fn root(mut self) -> Self {
        self.root = true;
        self
    }
}

impl Metric for MeanSquaredError {
    type Accumulator = PairMoments;

    fn name(&self) -> String {
        let root = if self.root { "root_" } else { "" };
        format!("{root}mean_squared_error{}", suffix(self.outputs))
    }

    fn accumulator(&self) -> PairMoments {
        PairMoments {
            outputs: self.outputs.into(),
            ..PairMoments::default()
        }
    }

    fn finalize(&self, moments: &PairMomentsSummary) -> Result<Value, MetricError> {
        let finish = |mse: f64| if self.root { mse.sqrt() } else { mse };
        mean(moments, &moments.squared_error, self.outputs, finish)
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none()
    }
}
