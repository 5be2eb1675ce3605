use super::{Memo, dense, flat, same_device, same_shape};
use crate::{
    Batch, LabelRanges, MetricError, ScoreKind,
    ops::{
        self,
        rows::{Predictions, Rows},
    },
};
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

/// A batch in which every element has one of several classes.
#[derive(Debug, Clone)]
pub struct Multiclass {
    /// What passes read.
    pub(crate) rows: Arc<Rows>,
    pub(crate) target: Tensor<1, Int>,
    memo: Memo,
}

impl Multiclass {
    fn new(predictions: Predictions, target: Tensor<1, Int>) -> Self {
        Self {
            rows: Arc::new(Rows::new(predictions, target.clone())),
            target,
            memo: Memo::default(),
        }
    }

    /// The same rows, of so many samples.
    fn of(mut self, samples: Option<usize>) -> Self {
        self.rows = Arc::new(Rows {
            samples,
            ..(*self.rows).clone()
        });
        self
    }

    /// From logits or probabilities `[N, C]` and class indices `[N]`.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_scores(scores: Tensor<2>, target: Tensor<1, Int>) -> Result<Self, MetricError> {
        Self::from_dense(scores, target)
    }

    /// From scores with the classes in the second dimension, `[N, C, ..]`, and class indices
    /// `[N, ..]`, such as per-pixel classes of images; every position counts as an element.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_dense<const D: usize, const E: usize>(
        scores: Tensor<D>,
        target: Tensor<E, Int>,
    ) -> Result<Self, MetricError> {
        let (left, right) = (scores.dims(), target.dims());
        let fits = D == E + 1 && D >= 2 && left[0] == right[0] && left[2..] == right[1..];
        if !fits {
            return Err(MetricError::ShapeMismatch {
                left_name: "scores",
                left: left.to_vec(),
                right_name: "target",
                right: right.to_vec(),
                hint: ": scores [N, C, ..] need a target [N, ..]",
            });
        }
        same_device("scores", scores.device(), "target", target.device())?;
        let slack = ops::slack(scores.dtype());
        let scores = dense(super::scores(scores));
        let target = flat(target.without_autodiff());
        let mut batch = Self::new(Predictions::Scores(scores), target);
        Arc::make_mut(&mut batch.rows).slack = slack;
        Ok(batch.of((E > 1).then(|| right[0])))
    }

    /// From the logits of a language model, `[B, T, V]`, and token indices `[B, T]`.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn from_tokens(logits: Tensor<3>, target: Tensor<2, Int>) -> Result<Self, MetricError> {
        let ([b, t, _], right) = (logits.dims(), target.dims());
        same_shape("logits (without the vocabulary)", &[b, t], "target", &right)?;
        same_device("logits", logits.device(), "target", target.device())?;
        let logits = super::scores(logits).flatten(0, 1);
        let target = flat(target.without_autodiff());
        let batch = Self::new(Predictions::Scores(logits), target).of(Some(b));
        Ok(batch.score_kind(ScoreKind::Logits))
    }

    /// From predicted class indices of any shape and targets of the same shape.
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
        let (pred, target) = (pred.without_autodiff(), target.without_autodiff());
        let batch = Self::new(Predictions::Labels(flat(pred)), flat(target));
        Ok(batch.of((D > 1).then(|| dims[0])))
    }

    /// Says what the scores are, for the metrics that need probabilities.
    pub fn score_kind(mut self, kind: ScoreKind) -> Self {
        self.rows = Arc::new(self.rows.of_kind(kind));
        self.memo = Memo::default();
        self
    }

    /// The scores `[N, C]`, if the batch has them.
    pub fn scores(&self) -> Option<&Tensor<2>> {
        self.rows.scores()
    }

    /// The class indices `[N]`.
    pub fn target(&self) -> &Tensor<1, Int> {
        &self.target
    }

    /// Fails unless the batch has scores, over `classes` classes.
    pub(crate) fn check_scores(
        &self,
        metric: &'static str,
        classes: usize,
    ) -> Result<(), MetricError> {
        let scores = self
            .scores()
            .ok_or(MetricError::ScoresRequired { metric })?;
        let [_, found] = scores.dims();
        if found == classes {
            return Ok(());
        }
        Err(MetricError::WidthMismatch {
            unit: "classes",
            expected: classes,
            found,
            shape: scores.dims().to_vec(),
        })
    }

    /// See [`ops::row_scan`]. `None` without scores, and where the pass does not use what others have scanned.
    pub(crate) fn scan(&self) -> Option<(Tensor<2, Int>, Tensor<2>)> {
        let scores = self
            .scores()
            .filter(|scores| ops::is_host(&scores.device()))?;
        let scan =
            (self.rows.scan).get_or_init(|| ops::row_scan(scores.clone(), self.target.clone()));
        Some(scan.clone())
    }
}

impl Multiclass {
    pub(crate) fn rows(&self) -> usize {
        self.target.dims()[0]
    }
}

impl Multiclass {
    /// Gives each element a weight, which is how often the element counts: a finite number of at least 0.
    ///
    /// An element with an invalid weight is left out and counted among the
    /// [`invalid_weights`](crate::Rejected::invalid_weights). A metric that takes no weights refuses
    /// the batch with [`MetricError::WeightsUnsupported`].
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is one weight for each element, in any shape.
    pub fn with_weights<const D: usize>(mut self, weights: Tensor<D>) -> Result<Self, MetricError> {
        let weights = super::floats(super::weights(weights, self.rows(), self.target.device())?);
        self.rows = Arc::new(Rows {
            weights: Some(weights),
            ..(*self.rows).clone()
        });
        self.memo = Memo::default();
        Ok(self)
    }

    /// The weights `[N]`, if it has any.
    pub fn weights(&self) -> Option<&Tensor<1>> {
        self.rows.weights.as_ref()
    }
}

impl Multiclass {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.target.device()
    }
}

impl Batch for Multiclass {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.target.dims()[0]
    }

    fn is_weighted(&self) -> bool {
        self.rows.weights.is_some()
    }

    fn labels(&self) -> LabelRanges {
        match &self.rows.predictions {
            Predictions::Scores(scores) => {
                LabelRanges::of(&self.target, None, Some(scores.dims()[1]))
            }
            Predictions::Labels(labels) => LabelRanges::of(&self.target, Some(labels), None),
        }
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}
