use super::{Memo, dense, floats, same_device, same_shape};
use crate::{
    Batch, LabelRanges, MetricError, ScoreKind,
    ops::{self, decisions::Decisions},
};
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

/// A batch in which every element has several yes-or-no labels.
#[derive(Debug, Clone)]
pub struct Multilabel {
    /// What passes read.
    pub(crate) decisions: Arc<Decisions>,
    memo: Memo,
}

impl Multilabel {
    /// From scores `[N, L]` and targets `[N, L]` of 0 and 1.
    ///
    /// If any score of the batch lies outside `[0, 1]`, all scores are logits; see
    /// [`score_kind`](Self::score_kind).
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_scores(scores: Tensor<2>, target: Tensor<2, Int>) -> Result<Self, MetricError> {
        same_shape("scores", &scores.dims(), "target", &target.dims())?;
        same_device("scores", scores.device(), "target", target.device())?;
        let slack = ops::slack(scores.dtype());
        let (scores, target) = (super::scores(scores), target.without_autodiff());
        Ok(Self {
            decisions: Arc::new(Decisions {
                slack,
                ..Decisions::from_scores(scores, target)
            }),
            memo: Memo::default(),
        })
    }

    /// From predicted labels 0 or 1 `[N, L]` and targets `[N, L]`.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_labels(pred: Tensor<2, Int>, target: Tensor<2, Int>) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        let (pred, target) = (pred.without_autodiff(), target.without_autodiff());
        let pred = floats(pred.float());
        Ok(Self {
            decisions: Arc::new(Decisions::from_labels(pred, target)),
            memo: Memo::default(),
        })
    }

    /// From scores with the labels in the second dimension, `[N, L, ..]`, and targets of the same
    /// shape; every position counts as a row.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_dense<const D: usize>(
        scores: Tensor<D>,
        target: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        let dims = target.dims();
        same_shape("scores", &scores.dims(), "target", &dims)?;
        check_dense(&dims)?;
        let (scores, target) = (dense(scores), dense(target));
        Ok(Self::from_scores(scores, target)?.of((D > 2).then(|| dims[0])))
    }

    /// As [`from_dense`](Self::from_dense), from predicted labels 0 or 1.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_dense_labels<const D: usize>(
        pred: Tensor<D, Int>,
        target: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        let dims = target.dims();
        same_shape("pred", &pred.dims(), "target", &dims)?;
        check_dense(&dims)?;
        Ok(Self::from_labels(dense(pred), dense(target))?.of((D > 2).then(|| dims[0])))
    }

    /// Says what the scores are. Without it, the values of the scores decide.
    pub fn score_kind(self, kind: ScoreKind) -> Self {
        Self {
            decisions: Arc::new(self.decisions.of_kind(kind)),
            memo: Memo::default(),
        }
    }

    /// The same rows, of so many samples.
    fn of(mut self, samples: Option<usize>) -> Self {
        self.decisions = Arc::new(Decisions {
            samples,
            ..(*self.decisions).clone()
        });
        self
    }
}

/// Fails unless tensors have labels in a second dimension.
fn check_dense(dims: &[usize]) -> Result<(), MetricError> {
    match dims {
        [_, _, ..] => Ok(()),
        _ => Err(MetricError::ShapeMismatch {
            left_name: "target",
            left: dims.to_vec(),
            right_name: "a multilabel batch",
            right: vec![],
            hint: ": it needs [N, L, ..]",
        }),
    }
}

impl Multilabel {
    pub(crate) fn rows(&self) -> usize {
        self.decisions.dims()[0]
    }
}

impl Multilabel {
    /// Gives each of the rows a weight, which is how often it counts: a finite number of at least 0.
    ///
    /// An element with another weight is left out and counted among the
    /// [`invalid_weights`](crate::Rejected::invalid_weights). A metric that takes no weights refuses
    /// the batch with [`MetricError::WeightsUnsupported`].
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there are as many weights, of any shape.
    pub fn with_weights<const D: usize>(mut self, weights: Tensor<D>) -> Result<Self, MetricError> {
        let weights = super::floats(super::weights(
            weights,
            self.rows(),
            self.decisions.target.device(),
        )?);
        self.decisions = Arc::new(Decisions {
            weights: Some(weights),
            ..(*self.decisions).clone()
        });
        self.memo = Memo::default();
        Ok(self)
    }

    /// The weights `[N]`, if it has any.
    pub fn weights(&self) -> Option<&Tensor<1>> {
        self.decisions.weights.as_ref()
    }
}

impl Multilabel {
    /// The scores `[N, L]`, if the batch has them.
    pub fn scores(&self) -> Option<&Tensor<2>> {
        (!self.decisions.labels).then_some(&self.decisions.scores)
    }
}

impl Multilabel {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.decisions.target.device()
    }
}

impl Batch for Multilabel {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        // Rejected elements of all labels share counters.
        let [n, labels] = self.decisions.dims();
        n * labels
    }
    fn samples(&self) -> usize {
        self.decisions.dims()[0]
    }
    fn is_weighted(&self) -> bool {
        self.decisions.weights.is_some()
    }

    fn labels(&self) -> LabelRanges {
        self.decisions.ranges()
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}
