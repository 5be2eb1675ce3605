use super::{Decisions, same_device, same_shape, weighted};
use crate::{Batch, MetricError, ops::ScoreKind};
use burn::tensor::{Device, Int, Tensor};

/// A batch in which every element has several yes-or-no labels.
#[derive(Debug, Clone)]
pub struct Multilabel {
    pub(crate) decisions: Decisions,
    weights: Option<Tensor<1>>,
}

impl Multilabel {
    /// From scores `[N, L]` and targets `[N, L]` of 0 and 1.
    ///
    /// Scores outside `[0, 1]` anywhere in the batch mean that they are logits; see
    /// [`score_kind`](Self::score_kind).
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_scores(scores: Tensor<2>, target: Tensor<2, Int>) -> Result<Self, MetricError> {
        same_shape("scores", &scores.dims(), "target", &target.dims())?;
        same_device("scores", scores.device(), "target", target.device())?;
        let (scores, target) = (super::scores(scores), target.without_autodiff());
        Ok(Self {
            decisions: Decisions::from_scores(scores, target, ScoreKind::default()),
            weights: None,
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
        Ok(Self {
            decisions: Decisions::from_labels(pred, target),
            weights: None,
        })
    }

    /// Says what the scores are, instead of looking at them.
    pub fn score_kind(self, kind: ScoreKind) -> Self {
        Self {
            decisions: self.decisions.kind(kind),
            weights: self.weights,
        }
    }
}

impl Multilabel {
    pub(crate) fn rows(&self) -> usize {
        self.decisions.dims()[0]
    }
}

weighted!(Multilabel, "rows");

impl Batch for Multilabel {
    fn device(&self) -> Device {
        self.decisions.target.device()
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
        self.weights.is_some()
    }
}
