//! The options of a plugin.

use crate::{
    LearnerMetrics, LogPolicy, MetricsCheckpoint, OnStep, ScoredBatch, Select, StepValue,
    epoch::{Measures, Scores},
    plan::{Rule, plans},
};
use metrics_core::{Batch, MetricCollection, MetricError, ScoreKind};
use std::fmt;

/// How a [`LearnerMetrics`] logs; from [`LearnerMetrics::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct LearnerMetricsBuilder<B: Batch> {
    collection: MetricCollection<B>,
    rules: Vec<Rule>,
    first_epoch: Option<usize>,
    resume: Option<MetricsCheckpoint>,
    mid_epoch: bool,
    loss: bool,
    pad: Option<i64>,
    scores: Option<Scores<B>>,
    lenient: bool,
}

impl<B: Batch> LearnerMetricsBuilder<B> {
    pub(crate) fn new(collection: MetricCollection<B>) -> Self {
        Self {
            collection,
            rules: Vec::new(),
            first_epoch: None,
            resume: None,
            mid_epoch: false,
            loss: false,
            pad: None,
            scores: None,
            lenient: false,
        }
    }

    /// Puts the loss beside the metrics, under the name `loss`: in logs, results, reports and the display. The mean of
    /// an epoch weighs each batch by its rows; lower is better. Log policies, early stopping and checkpoints
    /// take it as any metric. Burn's outputs bring their loss; for one of your own see
    /// [`MetricInput::with_loss`](crate::MetricInput::with_loss).
    pub fn loss(mut self) -> Self {
        self.loss = true;
        self
    }

    /// The token that is padding, in targets of a [`SequenceOutput`](burn::train::SequenceOutput) and other
    /// [losses of tokens](crate::Loss::of_tokens): it has no weight in the [`loss`](Self::loss). Metrics have
    /// `ignore_index` for it.
    pub fn pad_token(mut self, token: i64) -> Self {
        self.pad = Some(token);
        self
    }

    /// Leaves out batches that do not fit the metrics, and goes on. Without this, the first batch that can never fit,
    /// such as one of another number of classes, ends the training through
    /// [`SupervisedTraining::interrupter`](burn::train::SupervisedTraining::interrupter), or the evaluation
    /// with an error. Invalid values in a batch, and metrics that panic, end neither.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Changes how some metrics are logged in some splits. If several changes set the same thing, the last
    /// one holds.
    ///
    /// ```
    /// use metrics_burn::{LearnerMetrics, OnStep, Select, StepValue};
    /// # use metrics_core::{MetricCollection, classification::{Accuracy, ConfusionMatrix}};
    /// # let collection = MetricCollection::new().named("accuracy", Accuracy::multiclass(10)).with(ConfusionMatrix::multiclass(10));
    /// let metrics = LearnerMetrics::builder(collection)
    ///     .log(Select::all().train(), |log| {
    ///         log.on_step(OnStep::Every(50)).step_value(StepValue::Window(200))
    ///     })
    ///     .log(Select::metric("accuracy"), |log| log.percent().precision(1))
    ///     .log(Select::metric("confusion_matrix").train(), |log| log.on_epoch(false))
    ///     .build()?;
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    pub fn log(
        mut self,
        select: Select,
        change: impl Fn(LogPolicy) -> LogPolicy + 'static,
    ) -> Self {
        self.rules.push((select, Box::new(change)));
        self
    }

    /// [`LogPolicy::on_step`] for every metric while training. Validation and test sets log their epochs; for
    /// their steps, use [`log`](Self::log) with [`Select::valid`] or [`Select::test`].
    pub fn on_step(self, on_step: OnStep) -> Self {
        self.log(Select::all().train(), move |log| log.on_step(on_step))
    }

    /// [`LogPolicy::step_value`] for every metric and split.
    pub fn step_value(self, value: StepValue) -> Self {
        self.log(Select::all(), move |log| log.step_value(value))
    }

    /// [`LogPolicy::on_epoch`] for every metric and split.
    pub fn on_epoch(self, on_epoch: bool) -> Self {
        self.log(Select::all(), move |log| log.on_epoch(on_epoch))
    }

    /// The number of the first epoch in the results; default: 1, or the epoch to resume with.
    ///
    /// Metrics cannot see Burn's number. [`LearnerMetrics::checkpoints`] keeps the two equal;
    /// [`LearnerMetrics::display`] and [`LearnerMetrics::progress`] tell the plugin the number, and a number that
    /// differs from this one stops the training. Else give `n + 1` after `SupervisedTraining::checkpoint(n)`.
    pub fn first_epoch(mut self, epoch: usize) -> Self {
        self.first_epoch = Some(epoch);
        self
    }

    /// Goes on with the results and the epoch numbers of a checkpoint, at the start of the epoch that
    /// was running: Burn's strategies begin an epoch with its first batch.
    pub fn resume(mut self, checkpoint: MetricsCheckpoint) -> Self {
        (self.resume, self.mid_epoch) = (Some(checkpoint), false);
        self
    }

    /// Goes on in the middle of the epoch that was running, with what it had accumulated. For a
    /// strategy of your own that continues its data there.
    pub fn resume_mid_epoch(mut self, checkpoint: MetricsCheckpoint) -> Self {
        (self.resume, self.mid_epoch) = (Some(checkpoint), true);
        self
    }

    /// The plugin.
    ///
    /// # Errors
    /// [`MetricError::DuplicateName`] if Burn would see two metrics under one name (or one file
    /// name); [`MetricError::UnknownName`] if a rule names a metric that is not there;
    /// [`MetricError::InvalidOption`] if a name cannot be a file's, or for an option out of range;
    /// the error of [`MetricCollection::check`]; [`MetricError::Saved`] or
    /// [`MetricError::MergeMismatch`] if the checkpoint is of other metrics, of other options, or of another epoch
    /// than [`first_epoch`](Self::first_epoch).
    pub fn build(self) -> Result<LearnerMetrics<B>, MetricError> {
        self.collection.check()?;
        let measures = Measures {
            metrics: self.collection.fresh(),
            loss: self.loss,
            pad: self.pad,
            scores: self.scores,
        };
        let plans = plans(&measures.infos(), &self.rules)?;
        let metrics = LearnerMetrics::from_parts(measures, plans, self.first_epoch, self.lenient);
        if let Some(saved) = self.resume {
            metrics.restore(saved, self.mid_epoch)?;
        }
        Ok(metrics)
    }
}

impl<B: ScoredBatch> LearnerMetricsBuilder<B> {
    /// Says what the scores of all batches are, in place of what the outputs say. Default: the values of each batch
    /// decide ([`ScoreKind::Auto`]) for Burn's `ClassificationOutput` and `MultiLabelClassificationOutput`; those of a
    /// `SequenceOutput` are logits.
    ///
    /// A batch of logits whose scores all lie in `[0, 1]` looks like probabilities, so a model that returns logits
    /// should say so. A batch of predicted labels, which have no kind, [can never fit](Self::lenient).
    ///
    /// ```
    /// use metrics_burn::LearnerMetrics;
    /// use metrics_core::{MetricCollection, ScoreKind, classification::Auroc};
    ///
    /// let collection = MetricCollection::new().with(Auroc::multiclass(10));
    /// let metrics = LearnerMetrics::builder(collection).scores(ScoreKind::Logits).build()?;
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    ///
    /// Batches without scores have no such option:
    ///
    /// ```compile_fail,E0599
    /// # use metrics_burn::LearnerMetrics;
    /// # use metrics_core::{MetricCollection, ScoreKind, regression::MeanSquaredError};
    /// let collection = MetricCollection::new().with(MeanSquaredError::new());
    /// let metrics = LearnerMetrics::builder(collection).scores(ScoreKind::Logits);
    /// ```
    pub fn scores(mut self, kind: ScoreKind) -> Self {
        self.scores = Some((kind, B::with_score_kind));
        self
    }
}

impl<B: Batch> fmt::Debug for LearnerMetricsBuilder<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LearnerMetricsBuilder")
            .field("collection", &self.collection)
            .field(
                "rules",
                &self.rules.iter().map(|(s, _)| s).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}
