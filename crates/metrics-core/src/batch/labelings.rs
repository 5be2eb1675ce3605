use super::{flat, floats, same_device, same_shape};
use crate::{
    Batch, MetricError,
    ops::{
        self,
        contingency::{BROKEN, LabelPairs, MISSING},
    },
};
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

/// The largest category in floats.
const LARGEST: f32 = (1 << 30) as f32;

/// What becomes of a category that is missing: NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingCategory {
    /// It is this category; 0 by default, as in TorchMetrics.
    Replace(i32),
    /// The element does not count.
    Drop,
}

impl Default for MissingCategory {
    fn default() -> Self {
        Self::Replace(0)
    }
}

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
            labels: Arc::new(LabelPairs {
                pred,
                target,
                coded: false,
            }),
        })
    }

    /// From categories that are whole numbers in floats of one shape, where NaN is one that is missing.
    ///
    /// An element with a dropped category is counted among the [`ignored`](crate::Rejected::ignored). One with a number that is
    /// not whole, or beyond 2^30, is invalid.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`], [`MetricError::DeviceMismatch`].
    pub fn from_floats<const D: usize>(
        pred: Tensor<D>,
        target: Tensor<D>,
        missing: MissingCategory,
    ) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        let coded = |labels: Tensor<D>| {
            let labels = flat(floats(labels));
            let nan = labels.clone().is_nan();
            let small = labels.clone().abs().lower_equal_elem(LARGEST);
            let broken = (labels.clone().round().equal(labels.clone()))
                .bool_and(small)
                .bool_not();
            let number = match missing {
                MissingCategory::Replace(category) => category.clamp(BROKEN + 1, i32::MAX),
                MissingCategory::Drop => MISSING,
            };
            let whole = labels.mask_fill(broken.clone(), 0.0).int();
            (ops::as_i32(whole).mask_fill(broken, BROKEN)).mask_fill(nan, number)
        };
        let (pred, target) = (coded(pred), coded(target));
        Ok(Self {
            labels: Arc::new(LabelPairs {
                pred,
                target,
                coded: true,
            }),
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
