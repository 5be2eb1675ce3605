use super::{floats, same_device, same_shape, weighted};
use crate::{Batch, MetricError};
use burn::tensor::{Device, Tensor};

/// A batch of predicted and true numbers: one or several outputs per element.
#[derive(Debug, Clone)]
pub struct Regression {
    pub(crate) pred: Tensor<2>,
    pub(crate) target: Tensor<2>,
    weights: Option<Tensor<1>>,
}

impl Regression {
    /// From predictions and targets of the same shape, each element a value of one output.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn new<const D: usize>(pred: Tensor<D>, target: Tensor<D>) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        let n = target.shape().num_elements();
        Ok(Self {
            pred: floats(pred).reshape([n, 1]),
            target: floats(target).reshape([n, 1]),
            weights: None,
        })
    }

    /// From predictions and targets `[N, D]` of `D` outputs, each measured by itself.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn multi_output(pred: Tensor<2>, target: Tensor<2>) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        Ok(Self {
            pred: floats(pred),
            target: floats(target),
            weights: None,
        })
    }

    /// The predictions `[N, D]`.
    pub fn pred(&self) -> &Tensor<2> {
        &self.pred
    }

    /// The targets `[N, D]`.
    pub fn target(&self) -> &Tensor<2> {
        &self.target
    }
}

impl Regression {
    pub(crate) fn rows(&self) -> usize {
        self.target.dims()[0]
    }
}

weighted!(Regression, "rows");

impl Batch for Regression {
    fn device(&self) -> Device {
        self.target.device()
    }

    fn count_bound(&self) -> usize {
        // Metrics of one output count every element.
        self.target.shape().num_elements()
    }
    fn samples(&self) -> usize {
        self.target.dims()[0]
    }

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }
}
