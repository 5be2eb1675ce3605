use super::{floats, same_device};
use crate::{Batch, MetricError};
use burn::tensor::{Device, Tensor};

/// A batch of two samples of numbers, which may differ in size, with optional weights.
#[derive(Debug, Clone)]
pub struct TwoSamples {
    pub(crate) x: Sample,
    pub(crate) y: Sample,
}

/// Numbers and how much each of them counts.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub values: Tensor<1>,
    pub weights: Option<Tensor<1>>,
}

impl Sample {
    fn new<const D: usize>(values: Tensor<D>) -> Self {
        let n = values.shape().num_elements();
        Self {
            values: floats(values).reshape([n]),
            weights: None,
        }
    }

    fn with_weights<const D: usize>(&mut self, weights: Tensor<D>) -> Result<(), MetricError> {
        let (n, device) = (self.values.dims()[0], self.values.device());
        self.weights = Some(super::weights(weights, n, device)?);
        Ok(())
    }
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
        Ok(Self {
            x: Sample::new(x),
            y: Sample::new(y),
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
        self.x.with_weights(weights)?;
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
        self.y.with_weights(weights)?;
        Ok(self)
    }

    /// The first sample `[N]`.
    pub fn x(&self) -> &Tensor<1> {
        &self.x.values
    }

    /// The second sample `[M]`.
    pub fn y(&self) -> &Tensor<1> {
        &self.y.values
    }
}

impl TwoSamples {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.x.values.device()
    }
}

impl Batch for TwoSamples {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.x.values.dims()[0] + self.y.values.dims()[0]
    }

    fn is_weighted(&self) -> bool {
        self.x.weights.is_some() || self.y.weights.is_some()
    }
}
