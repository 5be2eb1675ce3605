use super::{Memo, floats, same_device, same_shape, weighted};
use crate::{Batch, MetricError};
use burn::tensor::{Device, Tensor};

/// A batch of predicted and true numbers: one or several outputs per element.
#[derive(Debug, Clone)]
pub struct Regression {
    pub(crate) pred: Tensor<2>,
    pub(crate) target: Tensor<2>,
    weights: Option<Tensor<1>>,
    memo: Memo,
}

impl Regression {
    /// From predictions and targets of the same shape, each element a value of one output.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn new<const D: usize>(pred: Tensor<D>, target: Tensor<D>) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        let n = target.shape().num_elements();
        Ok(Self {
            pred: floats(pred).reshape([n, 1]),
            target: floats(target).reshape([n, 1]),
            weights: None,
            memo: Memo::default(),
        })
    }

    /// From predictions and targets `[N, D]`: `D` outputs, each measured by itself, or `N` rows that
    /// are measured as a whole, such as vectors and distributions.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn multi_output(pred: Tensor<2>, target: Tensor<2>) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        Ok(Self {
            pred: floats(pred),
            target: floats(target),
            weights: None,
            memo: Memo::default(),
        })
    }

    /// The predictions `[N, D]`.
    pub fn pred(&self) -> &Tensor<2> {
        &self.pred
    }

    /// The targets `[N, D]`.
    pub fn target(&self) -> &Tensor<2> {
        &self.target
    }
}

/// Predictions and targets, and the weight of each row of these.
pub(crate) type Pairs = (Tensor<2>, Tensor<2>, Option<Tensor<1>>);

impl Regression {
    /// The batch of one output.
    pub(crate) fn output(&self, index: usize) -> Self {
        let column = |tensor: &Tensor<2>| tensor.clone().narrow(1, index, 1);
        Self {
            pred: column(&self.pred),
            target: column(&self.target),
            weights: self.weights.clone(),
            memo: Memo::default(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.target.dims()[0]
    }

    /// As they are, `[N, D]`.
    pub(crate) fn pairs(&self) -> Pairs {
        (self.pred.clone(), self.target.clone(), self.weights.clone())
    }

    /// Every element as a row of its own, `[N * D, 1]`, with the weight of its row.
    pub(crate) fn elements(&self) -> Pairs {
        let [n, columns] = self.target.dims();
        let (pred, target, weights) = self.pairs();
        let size = n * columns;
        let weights = weights.map(|w| w.reshape([n, 1]).expand([n, columns]).reshape([size]));
        (pred.reshape([size, 1]), target.reshape([size, 1]), weights)
    }

    /// Each output by itself if `outputs` asks for outputs, or all elements as one.
    pub(crate) fn columns(&self, outputs: Option<usize>) -> Pairs {
        match outputs {
            None => self.elements(),
            Some(_) => self.pairs(),
        }
    }

    /// Fails if `outputs` asks for another number of outputs than the batch has.
    pub(crate) fn check_outputs(&self, outputs: Option<usize>) -> Result<(), MetricError> {
        let shape = self.pred.dims();
        match outputs {
            Some(0) => Err(MetricError::InvalidOption("0 outputs".into())),
            Some(expected) if expected != shape[1] => Err(MetricError::WidthMismatch {
                unit: "outputs",
                expected,
                found: shape[1],
                shape: shape.to_vec(),
            }),
            _ => Ok(()),
        }
    }
}

weighted!(Regression, "rows", memo);

impl Batch for Regression {
    fn device(&self) -> Device {
        self.target.device()
    }

    fn count_bound(&self) -> usize {
        // Metrics of one output count every element.
        self.target.shape().num_elements()
    }
    fn samples(&self) -> usize {
        self.target.dims()[0]
    }

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}
