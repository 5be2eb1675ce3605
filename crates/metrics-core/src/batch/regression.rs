use super::{Memo, alike, column, numbers, same_device, same_shape, single};
use crate::{Batch, MetricError, ops::pairs::Pairs};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// A batch of predicted and true numbers: one or several outputs per element.
#[derive(Debug, Clone)]
pub struct Regression {
    /// What passes read.
    pub(crate) pairs: Arc<Pairs>,
    memo: Memo,
}

impl Regression {
    fn of(pred: Tensor<2>, target: Tensor<2>, weights: Option<Tensor<1>>) -> Self {
        let (pred, target) = alike(pred, target);
        let (pred, target, weights) = match weights {
            Some(weights) => {
                let (pred, weights) = alike(pred, weights);
                let (target, weights) = alike(target, weights);
                (pred, target, Some(weights))
            }
            None => (pred, target, None),
        };
        Self {
            pairs: Arc::new(Pairs {
                pred,
                target,
                weights,
            }),
            memo: Memo::default(),
        }
    }

    /// From predictions and targets of the same shape, each element a value of one output.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn new<const D: usize>(pred: Tensor<D>, target: Tensor<D>) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        let [pred, target] = [pred, target].map(|x| column(numbers(x)));
        Ok(Self::of(pred, target, None))
    }

    /// From predictions and targets `[N, D]`: `D` outputs, each measured by itself, or `N` rows that
    /// are measured as a whole, such as vectors and distributions.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn multi_output(pred: Tensor<2>, target: Tensor<2>) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        Ok(Self::of(numbers(pred), numbers(target), None))
    }

    /// The predictions `[N, D]`.
    pub fn pred(&self) -> &Tensor<2> {
        &self.pairs.pred
    }

    /// The targets `[N, D]`.
    pub fn target(&self) -> &Tensor<2> {
        &self.pairs.target
    }
}

impl Regression {
    /// The batch of one output.
    pub(crate) fn output(&self, index: usize) -> Self {
        let column = |tensor: &Tensor<2>| tensor.clone().narrow(1, index, 1);
        Self::of(
            column(self.pred()),
            column(self.target()),
            self.pairs.weights.clone(),
        )
    }

    pub(crate) fn rows(&self) -> usize {
        self.target().dims()[0]
    }

    /// Fails if `outputs` asks for another number of outputs than the batch has.
    pub(crate) fn check_outputs(&self, expected: usize) -> Result<(), MetricError> {
        let shape = self.pred().dims();
        if expected == 0 {
            return Err(MetricError::InvalidOption(
                "`outputs(0)`: a metric has at least 1 output".into(),
            ));
        }
        if shape[1] == expected {
            return Ok(());
        }
        Err(MetricError::WidthMismatch {
            unit: "outputs",
            expected,
            found: shape[1],
            shape: shape.to_vec(),
        })
    }
}

impl Regression {
    /// Gives each of the rows a weight, which is how often it counts: a finite number of at least 0.
    ///
    /// An element with another weight is left out and counted among the
    /// [`invalid_weights`](crate::Rejected::invalid_weights). A metric that takes no weights refuses
    /// the batch with [`MetricError::WeightsUnsupported`].
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there are as many weights, of any shape.
    pub fn with_weights<const D: usize>(self, weights: Tensor<D>) -> Result<Self, MetricError> {
        let weights = super::weights(weights, self.rows(), self.target().device())?;
        let Pairs { pred, target, .. } = Arc::unwrap_or_clone(self.pairs);
        Ok(Self::of(pred, target, Some(weights)))
    }

    /// The weights `[N]`, if it has any.
    pub fn weights(&self) -> Option<&Tensor<1>> {
        self.pairs.weights.as_ref()
    }
}

impl Regression {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.target().device()
    }
}

impl Batch for Regression {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn check(&self) -> Result<(), MetricError> {
        single(self.target())
    }

    fn count_bound(&self) -> usize {
        // Metrics of one output count every element.
        self.target().shape().num_elements()
    }
    fn samples(&self) -> usize {
        self.target().dims()[0]
    }

    fn is_weighted(&self) -> bool {
        self.pairs.weights.is_some()
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}
