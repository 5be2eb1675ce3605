use super::{alike, numbers, same_device, single, weighted};
use crate::{Batch, MetricError, ops::ensembles::Ensembles};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// A batch of ensemble forecasts: several predicted numbers for every true one.
#[derive(Debug, Clone)]
pub struct Ensemble {
    /// What passes read.
    pub(crate) forecasts: Arc<Ensembles>,
}

impl Ensemble {
    /// From the predictions `[N, M]` of `M` members and targets `[N]`. Another batch may have
    /// another number of members.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn new(pred: Tensor<2>, target: Tensor<1>) -> Result<Self, MetricError> {
        if pred.dims()[0] != target.dims()[0] {
            return Err(MetricError::ShapeMismatch {
                left_name: "pred",
                left: pred.dims().to_vec(),
                right_name: "target",
                right: target.dims().to_vec(),
                hint: ": there must be a row of members for each target",
            });
        }
        same_device("pred", pred.device(), "target", target.device())?;
        let (pred, target) = alike(numbers(pred), numbers(target));
        Ok(Self {
            forecasts: Arc::new(Ensembles {
                pred,
                target,
                weights: None,
            }),
        })
    }

    /// The predictions `[N, M]`.
    pub fn pred(&self) -> &Tensor<2> {
        &self.forecasts.pred
    }

    /// The targets `[N]`.
    pub fn target(&self) -> &Tensor<1> {
        &self.forecasts.target
    }

    fn rows(&self) -> usize {
        self.target().dims()[0]
    }
}

weighted!(Ensemble, "rows", forecasts);

impl Ensemble {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.target().device()
    }
}

impl Batch for Ensemble {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn check(&self) -> Result<(), MetricError> {
        single(self.target())
    }

    fn count_bound(&self) -> usize {
        self.rows()
    }

    fn is_weighted(&self) -> bool {
        self.forecasts.weights.is_some()
    }
}

impl Ensembles {
    fn set_weights(&mut self, weights: Tensor<1>) {
        let (pred, weights) = alike(self.pred.clone(), weights);
        let (target, weights) = alike(self.target.clone(), weights);
        (self.pred, self.target, self.weights) = (pred, target, Some(weights));
    }
}
