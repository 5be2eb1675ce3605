use super::{Decisions, Memo, same_device, same_shape, weighted};
use crate::{Batch, MetricError, ScoreKind};
use burn::tensor::{Device, Int, Tensor};

/// A batch of yes-or-no decisions: a score or a predicted label per element, and targets 0 or 1.
#[derive(Debug, Clone)]
pub struct Binary {
    pub(crate) decisions: Decisions,
    weights: Option<Tensor<1>>,
    memo: Memo,
    /// The number of samples, if samples have dimensions of their own.
    pub(crate) samples: Option<usize>,
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
        let (n, dims) = (target.shape().num_elements(), target.dims());
        let (scores, target) = (
            super::scores(scores).reshape([n, 1]),
            target.without_autodiff().reshape([n, 1]),
        );
        Ok(Self {
            decisions: Decisions::from_scores(scores, target, ScoreKind::default()),
            weights: None,
            memo: Memo::default(),
            samples: (D > 1).then(|| dims[0]),
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
        let (n, dims) = (target.shape().num_elements(), target.dims());
        let flat = |tensor: Tensor<D, Int>| tensor.without_autodiff().reshape([n, 1]);
        Ok(Self {
            decisions: Decisions::from_labels(flat(pred), flat(target)),
            weights: None,
            memo: Memo::default(),
            samples: (D > 1).then(|| dims[0]),
        })
    }

    /// Says what the scores are. Without it, the values of the scores decide.
    pub fn score_kind(self, kind: ScoreKind) -> Self {
        Self {
            decisions: self.decisions.kind(kind),
            memo: Memo::default(),
            ..self
        }
    }
}

impl Binary {
    pub(crate) fn rows(&self) -> usize {
        self.decisions.dims()[0]
    }
}

weighted!(Binary, "elements", memo);

impl Batch for Binary {
    fn device(&self) -> Device {
        self.decisions.target.device()
    }

    fn count_bound(&self) -> usize {
        self.decisions.dims()[0]
    }
    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}
