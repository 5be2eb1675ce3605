use super::{flat, numbers, same_device, single};
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
    sample.weights = Some(super::weights(weights, n, device)?);
    Ok(())
}

/// All numbers and weights in one precision: in the list of a pass they are side by side.
fn alike(samples: &mut Samples) {
    let Samples { x, y } = samples;
    let mut tensors: Vec<_> = [x, y]
        .into_iter()
        .flat_map(|sample| [Some(&mut sample.values), sample.weights.as_mut()])
        .flatten()
        .collect();
    if tensors.iter().any(|tensor| tensor.dtype() == DType::F64) {
        for tensor in &mut tensors {
            **tensor = tensor.clone().cast(FloatDType::F64);
        }
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
        let (x, y) = (sample(x), sample(y));
        let mut samples = Samples { x, y };
        alike(&mut samples);
        Ok(Self {
            samples: Arc::new(samples),
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
        let samples = Arc::make_mut(&mut self.samples);
        weigh(&mut samples.x, weights)?;
        alike(samples);
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
        let samples = Arc::make_mut(&mut self.samples);
        weigh(&mut samples.y, weights)?;
        alike(samples);
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
