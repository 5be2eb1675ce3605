use super::{Memo, column, floats, same_device, same_shape};
use crate::{
    Batch, LabelRanges, MetricError, ScoreKind,
    ops::{self, decisions::Decisions},
};
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

/// A batch of yes-or-no decisions: a score or a predicted label per element, and targets 0 or 1.
#[derive(Debug, Clone)]
pub struct Binary {
    /// What passes read.
    pub(crate) decisions: Arc<Decisions>,
    memo: Memo,
}

impl Binary {
    /// From scores of any shape and targets of the same shape.
    ///
    /// If any score of the batch lies outside `[0, 1]`, all scores are logits; see
    /// [`score_kind`](Self::score_kind).
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_scores<const D: usize>(
        scores: Tensor<D>,
        target: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        same_shape("scores", &scores.dims(), "target", &target.dims())?;
        same_device("scores", scores.device(), "target", target.device())?;
        let dims = target.dims();
        let slack = ops::slack(scores.dtype());
        let (scores, target) = (
            column(super::scores(scores)),
            column(target.without_autodiff()),
        );
        Ok(Self {
            decisions: Arc::new(Decisions {
                slack,
                samples: (D > 1).then(|| dims[0]),
                ..Decisions::from_scores(scores, target)
            }),
            memo: Memo::default(),
        })
    }

    /// From predicted labels 0 or 1 and targets of the same shape.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_labels<const D: usize>(
        pred: Tensor<D, Int>,
        target: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        same_shape("pred", &pred.dims(), "target", &target.dims())?;
        same_device("pred", pred.device(), "target", target.device())?;
        let dims = target.dims();
        let pred = floats(column(pred.without_autodiff()).float());
        let target = column(target.without_autodiff());
        Ok(Self {
            decisions: Arc::new(Decisions {
                samples: (D > 1).then(|| dims[0]),
                ..Decisions::from_labels(pred, target)
            }),
            memo: Memo::default(),
        })
    }

    /// Says what the scores are. Without it, the values of the scores decide.
    pub fn score_kind(self, kind: ScoreKind) -> Self {
        Self {
            decisions: Arc::new(self.decisions.of_kind(kind)),
            memo: Memo::default(),
        }
    }
}

impl Binary {
    pub(crate) fn rows(&self) -> usize {
        self.decisions.dims()[0]
    }
}

impl Binary {
    /// Gives each of the elements a weight, which is how often it counts: a finite number of at least 0.
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

impl Binary {
    /// The scores `[N, 1]`, if the batch has them.
    pub fn scores(&self) -> Option<&Tensor<2>> {
        (!self.decisions.labels).then_some(&self.decisions.scores)
    }
}

impl Binary {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.decisions.target.device()
    }
}

impl Batch for Binary {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
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
