use super::{alike, flat, numbers, same_device, single};
use crate::{
    Batch, MetricError,
    ops::samples::{Sample, Samples},
};
use burn::tensor::{DType, Device, FloatDType, Tensor};
use std::sync::Arc;

/// A batch of two samples of numbers, which may differ in size, with optional weights.
#[derive(Debug, Clone)]
pub struct TwoSamples {
    /// What passes read.
    pub(crate) samples: Arc<Samples>,
}

fn sample<const D: usize>(values: Tensor<D>) -> Sample {
    Sample {
        values: flat(numbers(values)),
        weights: None,
    }
}

fn weigh<const D: usize>(sample: &mut Sample, weights: Tensor<D>) -> Result<(), MetricError> {
    let (n, device) = (sample.values.dims()[0], sample.values.device());
    // In the precision of the numbers, in which both samples are listed.
    let weights = super::weights(weights, n, device)?;
    sample.weights = Some(if sample.values.dtype() == DType::F64 {
        weights.cast(FloatDType::F64)
    } else {
        super::floats(weights)
    });
    Ok(())
}

impl TwoSamples {
    /// From two samples of any shapes.
    ///
    /// # Errors
    /// [`MetricError::DeviceMismatch`].
    pub fn new<const A: usize, const B: usize>(
        x: Tensor<A>,
        y: Tensor<B>,
    ) -> Result<Self, MetricError> {
        same_device("x", x.device(), "y", y.device())?;
        let (mut x, mut y) = (sample(x), sample(y));
        (x.values, y.values) = alike(x.values, y.values);
        Ok(Self {
            samples: Arc::new(Samples { x, y }),
        })
    }

    /// Gives each number of the first sample a weight, finite and at least 0. Numbers with an invalid weight are
    /// left out and counted among the [`invalid_weights`](crate::Rejected::invalid_weights).
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is one weight for each number, in any shape.
    pub fn with_x_weights<const D: usize>(
        mut self,
        weights: Tensor<D>,
    ) -> Result<Self, MetricError> {
        weigh(&mut Arc::make_mut(&mut self.samples).x, weights)?;
        Ok(self)
    }

    /// As [`with_x_weights`](Self::with_x_weights), for the second sample.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn with_y_weights<const D: usize>(
        mut self,
        weights: Tensor<D>,
    ) -> Result<Self, MetricError> {
        weigh(&mut Arc::make_mut(&mut self.samples).y, weights)?;
        Ok(self)
    }

    /// The first sample `[N]`.
    pub fn x(&self) -> &Tensor<1> {
        &self.samples.x.values
    }

    /// The second sample `[M]`.
    pub fn y(&self) -> &Tensor<1> {
        &self.samples.y.values
    }
}

impl TwoSamples {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.x().device()
    }
}

impl Batch for TwoSamples {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn check(&self) -> Result<(), MetricError> {
        single(self.x())
    }

    fn count_bound(&self) -> usize {
        self.samples.sizes().iter().sum()
    }

    fn is_weighted(&self) -> bool {
        self.samples.x.weights.is_some() || self.samples.y.weights.is_some()
    }
}
