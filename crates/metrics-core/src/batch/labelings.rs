use super::{same_device, same_shape};
use crate::{Batch, MetricError, ops::contingency::LabelPairs};
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

/// A batch of elements that have two labels each, such as the cluster they were put in and the one they belong to.
///
/// Labels are any integers; equal ones mean the same category.
#[derive(Debug, Clone)]
pub struct Labelings {
    pub(crate) labels: Arc<LabelPairs>,
}

impl Labelings {
    /// From predicted labels and targets of one shape.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`], [`MetricError::DeviceMismatch`].
    pub fn new<const D: usize>(
        pred: Tensor<D, Int>,
        target: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        let flat = |labels: Tensor<D, Int>| {
            let n = labels.shape().num_elements();
            if n == 0 {
                // A reshape takes a dimension of 0 for one to keep.
                return Tensor::empty([0], (&labels.device(), labels.dtype()));
            }
            labels.without_autodiff().reshape([n])
        };
        let (pred, target) = (flat(pred), flat(target));
        Ok(Self {
            labels: Arc::new(LabelPairs { pred, target }),
        })
    }

    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.labels.pred.device()
    }
}

impl Batch for Labelings {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.labels.pred.dims()[0]
    }
}
