use super::{alike, numbers, single, weighted};
use crate::{Batch, MetricError, ops::observations::Observed};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// A batch of observations: each row has one number for each variable.
#[derive(Debug, Clone)]
pub struct Observations {
    /// What passes read.
    pub(crate) observed: Arc<Observed>,
}

impl Observations {
    /// From values `[N, D]`: `N` observations of `D` variables.
    pub fn new(values: Tensor<2>) -> Self {
        Self {
            observed: Arc::new(Observed {
                values: numbers(values),
                weights: None,
            }),
        }
    }

    /// The values `[N, D]`.
    pub fn values(&self) -> &Tensor<2> {
        &self.observed.values
    }

    fn rows(&self) -> usize {
        self.values().dims()[0]
    }
}

weighted!(Observations, "rows", observed);

impl Observations {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.values().device()
    }
}

impl Batch for Observations {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn check(&self) -> Result<(), MetricError> {
        single(self.values())
    }

    fn count_bound(&self) -> usize {
        self.rows()
    }

    fn is_weighted(&self) -> bool {
        self.observed.weights.is_some()
    }
}

impl Observed {
    fn set_weights(&mut self, weights: Tensor<1>) {
        let (values, weights) = alike(self.values.clone(), weights);
        (self.values, self.weights) = (values, Some(weights));
    }
}
