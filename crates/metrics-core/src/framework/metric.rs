//! A metric: an accumulator and a finalizer.

use crate::{
    Accumulator, Batch, Identity, MetricError, Rejected, State, Summary, Validation, Value,
    framework::delta::read_all,
    intervals::{Bootstrap, Resampled},
    wrappers::{Expr, Mapped, Task},
};
use serde::{Deserialize, Serialize};

/// A metric: which accumulator it needs, and the value it makes of the summary.
///
/// This is the trait for a metric of your own when an existing accumulator has what it needs; see
/// `examples/custom-metric` for that and for an accumulator of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no metric",
    note = "metrics come from constructors, such as `Accuracy::multiclass(10)`, and are given by value; for a metric of \
            your own, implement `Metric` or call `custom_metric`"
)]
pub trait Metric: Clone + Send + Sync + 'static {
    /// What it needs accumulated. Metrics with equal accumulators share one state in a collection.
    type Accumulator: Accumulator;

    /// The name in reports, such as `accuracy` or `f1_score_micro`.
    fn name(&self) -> String;

    /// The accumulator with its options.
    fn accumulator(&self) -> Self::Accumulator;

    /// Checks the metric's own options. The options of its accumulator are checked after them.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// The value of a summary: a pure function in `f64`.
    ///
    /// # Errors
    /// [`MetricError::Empty`] if nothing was accumulated, and the errors that the metric documents.
    fn finalize(
        &self,
        summary: &<Self::Accumulator as Accumulator>::Summary,
    ) -> Result<Value, MetricError>;

    /// How many classes the value leaves out because the summary does not hold what they need, as a class without
    /// positives has no area under its curve. A bootstrap leaves out replicates that lack more classes
    /// than the data.
    fn undefined(&self, _summary: &<Self::Accumulator as Accumulator>::Summary) -> usize {
        0
    }

    /// The options that the accumulator does not have, in words, such as the average: what a checkpoint of a training
    /// knows the metric by, besides its name and its accumulator. Default: none.
    fn options(&self) -> String {
        String::new()
    }

    /// Whether larger values are better; `None` where that has no meaning.
    fn higher_is_better(&self) -> Option<bool> {
        None
    }

    /// Whether the value is a single number, which the options alone decide.
    fn is_scalar(&self) -> bool {
        true
    }

    /// The functional form: the value of one batch.
    ///
    /// # Errors
    /// As [`MetricState::update`] and [`MetricState::compute`].
    fn evaluate(
        &self,
        batch: &<Self::Accumulator as Accumulator>::Batch,
    ) -> Result<Value, MetricError> {
        let mut state = MetricState::new(self.clone());
        state.update(batch)?;
        state.compute()
    }

    /// The metric with an interval, from `replicates` samples of what was accumulated; see
    /// [`Bootstrap`].
    fn bootstrap(&self, replicates: usize) -> Bootstrap<Self>
    where
        Self::Accumulator: Resampled,
    {
        Bootstrap::new(self.clone(), replicates)
    }

    /// The class form: an empty state of this metric.
    fn state(&self) -> MetricState<Self> {
        MetricState::new(self.clone())
    }

    /// This metric on the batches that a task makes of other batches.
    fn on<B: Batch>(self, task: &Task<B, BatchOf<Self>>) -> Mapped<Self, B> {
        Mapped::new(self, task.clone())
    }

    /// This metric as an expression to calculate with: `precision.expr() + recall`.
    fn expr(self) -> Expr<Self> {
        Expr::new(self)
    }
}

/// The batch type of a metric.
pub type BatchOf<M> = <<M as Metric>::Accumulator as Accumulator>::Batch;
/// The summary type of a metric.
pub type SummaryOf<M> = <<M as Metric>::Accumulator as Accumulator>::Summary;

/// Fails if the summary counted invalid values, unless the user asked to ignore them, and if it has scores of both kinds.
pub(crate) fn validated(rejected: Rejected, validation: Validation) -> Result<(), MetricError> {
    if rejected.kinds.are_mixed() {
        return Err(MetricError::MixedScores(rejected.kinds));
    }
    if rejected.invalid() > 0 && validation != Validation::Ignore {
        return Err(MetricError::InvalidData(rejected));
    }
    Ok(())
}

/// What a [`MetricState`] has accumulated, as data, with the identity of its accumulator: write it to a file with
/// serde, and give it back to [`MetricState::restore`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedState<S> {
    identity: Identity,
    summary: S,
}

/// One metric with its state: `update` per batch, `compute` for the value, `reset` to start over.
///
/// ```
/// use metrics_core::{Metric, batch::Multiclass, classification::{Accuracy, Average}};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<2>::from_floats([[0.1, 0.9], [0.8, 0.2]], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 1], &device);
///
/// let mut accuracy = Accuracy::multiclass(2).average(Average::Micro).state();
/// accuracy.update(&Multiclass::from_scores(scores, target)?)?;
/// assert_eq!(accuracy.compute()?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MetricState<M: Metric> {
    metric: M,
    state: State<M::Accumulator>,
    validation: Validation,
}

impl<M: Metric> MetricState<M> {
    /// An empty state.
    pub fn new(metric: M) -> Self {
        let state = State::new(metric.accumulator());
        Self {
            metric,
            state,
            validation: Validation::default(),
        }
    }

    /// What to do about invalid values in the data.
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// The same metric with an empty state.
    pub fn fresh(&self) -> Self {
        Self::new(self.metric.clone()).validation(self.validation)
    }

    /// The metric.
    pub fn metric(&self) -> &M {
        &self.metric
    }

    /// Adds a batch. Only queues work on the batch's device; nothing is read unless the
    /// validation is [`Validation::Eager`].
    ///
    /// # Errors
    /// As [`Metric::validate`], and if shapes or dtypes do not fit; the state is then unchanged.
    pub fn update(&mut self, batch: &BatchOf<M>) -> Result<(), MetricError> {
        self.metric.validate()?;
        if self.validation == Validation::Eager {
            self.state.check(batch)?;
            let mut trial = State::new(self.metric.accumulator());
            trial.update_checked(batch);
            let summary = trial.summary()?.clone();
            validated(summary.rejected(), self.validation)
                .map_err(|error| error.with_labels(batch))?;
            return self.state.merge(&summary);
        }
        self.state.update(batch)
    }

    /// Adds a batch and returns the value of that batch alone. Reads the batch's state once.
    ///
    /// # Errors
    /// As [`update`](Self::update) and [`compute`](Self::compute).
    pub fn forward(&mut self, batch: &BatchOf<M>) -> Result<Value, MetricError> {
        let mut own = self.fresh();
        own.update(batch)?;
        // All of it is needed, so all of it is read at once.
        own.state.summary()?;
        let value = own.compute();
        self.state.merge(own.state.summary()?)?;
        value
    }

    /// The value of everything since the last reset. Reads the state from the device once.
    ///
    /// # Errors
    /// [`MetricError::InvalidData`] if values in the data were invalid and the validation is not
    /// [`Validation::Ignore`]; [`MetricError::MixedScores`]; [`MetricError::Read`]; and the metric's own errors.
    pub fn compute(&mut self) -> Result<Value, MetricError> {
        self.metric.validate()?;
        let summary = self.state.view()?;
        validated(summary.rejected(), self.validation)?;
        self.metric.finalize(summary)
    }

    /// What was accumulated, to save it, send it, or merge it elsewhere.
    ///
    /// # Errors
    /// [`MetricError::Read`].
    pub fn summary(&mut self) -> Result<&SummaryOf<M>, MetricError> {
        self.state.summary()
    }

    /// What was accumulated, to write it to a file. Reads the state from the device once.
    ///
    /// # Errors
    /// As [`State::summary`]; [`MetricError::Saved`] if the options of the metric are no data.
    pub fn save(&mut self) -> Result<SavedState<SummaryOf<M>>, MetricError> {
        let identity = self.state.accumulator().identity();
        identity.check()?;
        let summary = self.state.summary()?.clone();
        Ok(SavedState { identity, summary })
    }

    /// Takes what was [saved](Self::save) in place of what was accumulated.
    ///
    /// # Errors
    /// [`MetricError::MergeMismatch`] if it was saved by a metric with other options, in another version, or by another
    /// metric; as [`State::merge`]. The state is then unchanged.
    pub fn restore(&mut self, saved: &SavedState<SummaryOf<M>>) -> Result<(), MetricError> {
        let accumulator = self.state.accumulator();
        accumulator.identity().check_saved(Some(&saved.identity))?;
        let mut state = State::new(accumulator.clone());
        state.merge(&saved.summary)?;
        self.state = state;
        Ok(())
    }

    /// Adds a summary from another device, process or file.
    ///
    /// # Errors
    /// As [`State::merge`].
    pub fn merge(&mut self, summary: &SummaryOf<M>) -> Result<(), MetricError> {
        self.state.merge(summary)
    }

    /// Reads several states in one device read. What follows reads nothing.
    pub(crate) fn read_together(states: &mut [&mut Self]) -> Result<(), MetricError> {
        let pending = states.iter().map(|own| own.state.pending());
        let pending: Vec<_> = pending.collect::<Result<_, _>>()?;
        let counts: Vec<usize> = pending.iter().map(Vec::len).collect();
        let mut data = read_all(&pending.concat())?.into_iter();
        for (own, count) in states.iter_mut().zip(counts) {
            let data: Vec<_> = data.by_ref().take(count).collect();
            own.state.fold(&data);
        }
        Ok(())
    }

    /// What was seen and not used, as of the last [`compute`](Self::compute).
    pub fn rejected(&self) -> Rejected {
        self.state.rejected()
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.state.reset();
    }
}
