use super::{flat, same_device, same_shape};
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
        let (pred, target) = (
            flat(pred.without_autodiff()),
            flat(target.without_autodiff()),
        );
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
