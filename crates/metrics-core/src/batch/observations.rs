use super::{floats, weighted};
use crate::Batch;
use burn::tensor::{Device, Tensor};

/// A batch of observations: each row has one number for each variable.
#[derive(Debug, Clone)]
pub struct Observations {
    pub(crate) values: Tensor<2>,
    weights: Option<Tensor<1>>,
}

impl Observations {
    /// From values `[N, D]`: `N` observations of `D` variables.
    pub fn new(values: Tensor<2>) -> Self {
        Self {
            values: floats(values),
            weights: None,
        }
    }

    /// The values `[N, D]`.
    pub fn values(&self) -> &Tensor<2> {
        &self.values
    }

    fn rows(&self) -> usize {
        self.values.dims()[0]
    }
}

weighted!(Observations, "rows");

impl Observations {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.values.device()
    }
}

impl Batch for Observations {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.rows()
    }

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }
}
