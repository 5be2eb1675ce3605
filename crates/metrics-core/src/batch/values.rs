use super::{Memo, floats, same_device, same_shape};
use crate::{Batch, MetricError};
use burn::tensor::{Device, Tensor};

/// A batch of plain numbers, such as losses, with optional weights.
#[derive(Debug, Clone)]
pub struct Values {
    pub(crate) values: Tensor<1>,
    pub(crate) weights: Option<Tensor<1>>,
    memo: Memo,
}

impl Values {
    /// From values of any shape.
    pub fn new<const D: usize>(values: Tensor<D>) -> Self {
        let n = values.shape().num_elements();
        Self {
            values: floats(values).reshape([n]),
            weights: None,
            memo: Memo::default(),
        }
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
        let n = values.shape().num_elements();
        Ok(Self {
            weights: Some(floats(weights).reshape([n])),
            ..Self::new(values)
        })
    }

    /// The values `[N]`.
    pub fn values(&self) -> &Tensor<1> {
        &self.values
    }

    /// The weights `[N]`, if there are any.
    pub fn weights(&self) -> Option<&Tensor<1>> {
        self.weights.as_ref()
    }
}

impl Batch for Values {
    fn device(&self) -> Device {
        self.values.device()
    }

    fn count_bound(&self) -> usize {
        self.values.dims()[0]
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}
