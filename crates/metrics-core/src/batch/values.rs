use super::{Memo, alike, flat, numbers, same_device, same_shape, single};
use crate::{Batch, MetricError, ops::values::Numbers};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// A batch of plain numbers, such as losses, with optional weights.
#[derive(Debug, Clone)]
pub struct Values {
    /// What passes read.
    pub(crate) numbers: Arc<Numbers>,
    memo: Memo,
}

impl Values {
    /// From values of any shape.
    pub fn new<const D: usize>(values: Tensor<D>) -> Self {
        Self::of(values, None)
    }

    /// From values and weights of the same shape.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn weighted<const D: usize>(
        values: Tensor<D>,
        weights: Tensor<D>,
    ) -> Result<Self, MetricError> {
        same_shape("values", &values.dims(), "weights", &weights.dims())?;
        same_device("values", values.device(), "weights", weights.device())?;
        Ok(Self::of(values, Some(weights)))
    }

    fn of<const D: usize>(values: Tensor<D>, weights: Option<Tensor<D>>) -> Self {
        let list = |tensor: Tensor<D>| flat(numbers(tensor));
        let (values, weights) = match weights.map(list) {
            Some(weights) => {
                let (values, weights) = alike(list(values), weights);
                (values, Some(weights))
            }
            None => (list(values), None),
        };
        Self {
            numbers: Arc::new(Numbers { values, weights }),
            memo: Memo::default(),
        }
    }

    /// The values `[N]`.
    pub fn values(&self) -> &Tensor<1> {
        &self.numbers.values
    }

    /// The weights `[N]`, if there are any.
    pub fn weights(&self) -> Option<&Tensor<1>> {
        self.numbers.weights.as_ref()
    }
}

impl Values {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.values().device()
    }
}

impl Batch for Values {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn check(&self) -> Result<(), MetricError> {
        single(self.values())
    }

    fn count_bound(&self) -> usize {
        self.values().dims()[0]
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}
