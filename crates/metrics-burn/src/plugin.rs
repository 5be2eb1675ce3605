//! A collection of metrics as Burn's Learner takes it.

// Longer than most: one type, whose fields no other file may touch.

use crate::{
    LogPolicy, MetricInput, MetricResults, MetricsCheckpoint, OnStep, Select, SplitKind, StepValue,
    display::Display,
    epoch::SavedEpoch,
    plan::{Plan, Rule, SPLITS, Shows, plans},
    split::SplitState,
    view::{Follows, Leads, View},
};
use burn::{
    tensor::TensorReadError,
    train::{
        EvalMetricRegistration, EvaluatorBuilder, EvaluatorComponentTypes, InferenceStep,
        LearnerModel, MetricRegistration, SupervisedTraining, TrainStep,
        metric::{Adaptor, Metric, MetricId, MetricMetadata, SerializedEntry},
        renderer::MetricsRenderer,
    },
};
use metrics_core::{Batch, MetricCollection, MetricError};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// The splits that are registered and still alive.
type Running<B> = Arc<Mutex<Vec<(SplitKind, Weak<Mutex<SplitState<B>>>)>>>;

/// A [`MetricCollection`] for Burn's Learner and Evaluator.
///
/// Register it with [`SupervisedTraining::metrics`] or [`EvaluatorBuilder::metrics`]. Each split
/// has its own state; it is reset before each epoch and each test set. A metric that is a number
/// is a numeric metric for Burn, so that its epoch values reach early stopping, checkpointing, the
/// summary and the display. Any other metric is a text metric, shown at the end of an epoch and logged as
/// a line of JSON.
///
/// A metric that fails never ends the training: the reason is logged once (as a warning, to Burn's
/// `experiment.log` by default), the value is `N/A`, and the [results](Self::results) carry it.
///
/// A clone shares the results: register one and keep the other.
#[derive(Clone)]
pub struct LearnerMetrics<B: Batch> {
    collection: MetricCollection<B>,
    plans: Arc<Vec<Plan>>,
    first_epoch: usize,
    /// The half-finished epochs to go on with, until a training has taken them.
    halves: Arc<Mutex<Vec<(SplitKind, SavedEpoch)>>>,
    results: MetricResults,
    running: Running<B>,
}

/// How a [`LearnerMetrics`] logs; from [`LearnerMetrics::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct LearnerMetricsBuilder<B: Batch> {
    collection: MetricCollection<B>,
    rules: Vec<Rule>,
    first_epoch: Option<usize>,
    resume: Option<MetricsCheckpoint>,
    mid_epoch: bool,
}

impl<B: Batch> LearnerMetricsBuilder<B> {
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

    /// [`LogPolicy::on_step`] for every metric and split.
    pub fn on_step(self, on_step: OnStep) -> Self {
        self.log(Select::all(), move |log| log.on_step(on_step))
    }

    /// [`LogPolicy::step_value`] for every metric and split.
    pub fn step_value(self, value: StepValue) -> Self {
        self.log(Select::all(), move |log| log.step_value(value))
    }

    /// [`LogPolicy::on_epoch`] for every metric and split.
    pub fn on_epoch(self, on_epoch: bool) -> Self {
        self.log(Select::all(), move |log| log.on_epoch(on_epoch))
    }

    /// The number of the first epoch in the results; default: 1, or the epoch to resume with. Metrics
    /// cannot see Burn's number: after `SupervisedTraining::checkpoint(n)` give `n + 1`.
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
    /// [`MetricError::MergeMismatch`] if the checkpoint is of other metrics.
    pub fn build(self) -> Result<LearnerMetrics<B>, MetricError> {
        self.collection.check()?;
        let infos = self.collection.metrics();
        let metrics = LearnerMetrics {
            plans: Arc::new(plans(&infos, &self.rules)?),
            first_epoch: (self.first_epoch)
                .or(self.resume.as_ref().map(MetricsCheckpoint::next_epoch))
                .unwrap_or(1),
            results: MetricResults::new(infos),
            running: Running::default(),
            halves: Arc::default(),
            collection: self.collection.fresh(),
        };
        let Some(saved) = self.resume else {
            return Ok(metrics);
        };
        saved.check(&metrics.names())?;
        for (kind, epoch) in &saved.running {
            // A checkpoint that does not fit is to be refused now.
            metrics.state(*kind).restore(epoch)?;
        }
        for report in saved.reports {
            if matches!(report.split, SplitKind::Test(_)) || report.epoch < metrics.first_epoch {
                metrics.results.push(report);
            }
        }
        let halves = if self.mid_epoch {
            saved.running
        } else {
            Vec::new()
        };
        Ok(LearnerMetrics {
            halves: Arc::new(Mutex::new(halves)),
            ..metrics
        })
    }
}

/// The name under which Burn knows a metric, for Burn's strategies, which take a metric.
///
/// ```no_run
/// use burn::train::{MetricEarlyStoppingStrategy, StoppingCondition};
/// use burn::train::metric::store::{Aggregate, Direction, Split};
/// # use metrics_burn::LearnerMetrics;
/// # fn example(metrics: LearnerMetrics<metrics_core::batch::Multiclass>) -> Result<(), metrics_core::MetricError> {
/// let strategy = MetricEarlyStoppingStrategy::new(
///     &metrics.metric("f1_score")?,
///     Aggregate::Mean,
///     Direction::Highest,
///     Split::Valid,
///     StoppingCondition::NoImprovementSince { n_epochs: 3 },
/// );
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct MetricName(Arc<String>);

impl Metric for MetricName {
    type Input = ();

    fn name(&self) -> burn::train::metric::MetricName {
        self.0.clone()
    }

    fn update(&mut self, _: &(), _: &MetricMetadata) -> Result<SerializedEntry, TensorReadError> {
        Ok(SerializedEntry::not_available(None))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(SerializedEntry::not_available(None))
    }

    fn clear(&mut self) {}
}

impl<B: Batch> LearnerMetrics<B> {
    /// Metrics with a value per epoch.
    ///
    /// # Errors
    /// As [`LearnerMetricsBuilder::build`].
    pub fn new(collection: MetricCollection<B>) -> Result<Self, MetricError> {
        Self::builder(collection).build()
    }

    /// Metrics with a value per epoch, and with what else the builder's methods ask for.
    pub fn builder(collection: MetricCollection<B>) -> LearnerMetricsBuilder<B> {
        LearnerMetricsBuilder {
            collection,
            rules: Vec::new(),
            first_epoch: None,
            resume: None,
            mid_epoch: false,
        }
    }

    /// The results. They grow while the training runs, and remain after it.
    pub fn results(&self) -> MetricResults {
        self.results.clone()
    }

    /// A metric's name in Burn, for early stopping and checkpointing by its epoch value on the
    /// validation set.
    ///
    /// # Errors
    /// [`MetricError::UnknownName`]; [`MetricError::InvalidOption`] if it has no number per epoch.
    pub fn metric(&self, name: &str) -> Result<MetricName, MetricError> {
        self.metric_of(SplitKind::Valid, name)
    }

    /// As [`metric`](Self::metric), for another split, where a prefix or postfix may change the name.
    ///
    /// # Errors
    /// As [`metric`](Self::metric).
    pub fn metric_of(&self, split: SplitKind, name: &str) -> Result<MetricName, MetricError> {
        let name = self.plan(split).epoch_name(name)?;
        Ok(MetricName(Arc::new(name.to_string())))
    }

    /// A progress display without the [hidden](LogPolicy::hidden) metrics. It wraps a renderer, such as Burn's
    /// `default_renderer`: give it to `SupervisedTraining::renderer` in place of that renderer.
    pub fn display(&self, inner: Box<dyn MetricsRenderer>) -> Box<dyn MetricsRenderer> {
        let names = |hidden: bool, kind| {
            let plan: &Plan = self.plan(kind);
            let metrics = plan
                .metrics
                .iter()
                .filter(move |p| p.policy.hidden == hidden);
            let names = metrics.flat_map(|planned| &planned.names);
            names.map(|(name, _)| MetricId::new(Arc::new(name.clone())))
        };
        let [train, valid, test] = SPLITS.map(|kind| names(true, kind).collect());
        let mut everywhere: crate::display::Hidden = &(&train | &valid) | &test;
        for shown in SPLITS.into_iter().flat_map(|kind| names(false, kind)) {
            everywhere.remove(&shown);
        }
        Box::new(Display {
            inner,
            train,
            valid,
            test,
            everywhere,
        })
    }

    /// What the training and validation splits have accumulated, and the results so far. Reads the
    /// device once per split; the training goes on undisturbed. With several distributed workers, in the middle of an
    /// epoch, it lacks the batches that workers have sent for another epoch.
    ///
    /// # Errors
    /// [`MetricError::Read`]; [`MetricError::Interrupted`] if a metric has panicked in this epoch.
    pub fn checkpoint(&self) -> Result<MetricsCheckpoint, MetricError> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut saved = Vec::new();
        for (kind, state) in running.iter() {
            if !matches!(kind, SplitKind::Test(_))
                && let Some(state) = state.upgrade()
            {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                saved.push((*kind, state.save()?));
            }
        }
        Ok(MetricsCheckpoint::new(
            self.names(),
            self.results.all(),
            saved,
        ))
    }

    fn names(&self) -> Vec<String> {
        let infos = self.results.metrics().iter();
        infos.map(|info| info.name.clone()).collect()
    }

    fn plan(&self, kind: SplitKind) -> &Plan {
        match kind {
            SplitKind::Train => &self.plans[0],
            SplitKind::Valid => &self.plans[1],
            SplitKind::Test(_) => &self.plans[2],
        }
    }

    fn state(&self, kind: SplitKind) -> SplitState<B> {
        SplitState::new(
            self.collection.clone(),
            self.plan(kind).clone(),
            self.results.clone(),
            self.first_epoch,
        )
    }

    /// Registers the views of one split. Text metrics come first, since Burn calls them first, and
    /// the first view leads.
    fn register<T>(&self, kind: SplitKind, mut builder: T, add: &impl AddView<B, T>) -> T {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|(_, state)| state.strong_count() > 0);
        if running.iter().any(|(of, _)| *of == kind) {
            log::warn!("{}: these metrics are registered twice", kind.name());
        } else if kind != SplitKind::Test(0)
            && self
                .results
                .last(kind)
                .is_some_and(|last| last.epoch >= self.first_epoch)
        {
            log::warn!(
                "{}: these metrics have results of another training, which this one replaces",
                kind.name()
            );
        }
        let mut state = self.state(kind);
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(half) = halves.iter().position(|(of, _)| *of == kind) {
            let (_, epoch) = halves.swap_remove(half);
            // `build` has done the same before.
            if let Err(error) = state.restore(&epoch) {
                log::warn!("{}: not resumed: {error}", kind.name());
            }
        }
        let state = Arc::new(Mutex::new(state));
        running.push((kind, Arc::downgrade(&state)));

        let metrics: Vec<_> = (self.plan(kind).metrics.iter().cloned().map(Arc::new)).collect();
        let (numbers, texts): (Vec<_>, Vec<_>) = metrics.iter().partition(|m| m.info.is_scalar);
        // Numbers first, so that Burn's display opens with a plot; of the two lists Burn calls the
        // texts first.
        let mut text_leads = texts.iter().any(|planned| !planned.names.is_empty());
        let mut leads = !text_leads;
        for planned in numbers.into_iter().chain(texts) {
            for (name, shows) in planned.names.clone() {
                let leading = || View::new(&state, planned, name.clone(), shows);
                let following = || View::new(&state, planned, name.clone(), shows);
                builder = match planned.info.is_scalar {
                    true if std::mem::take(&mut leads) => add.leading_number(builder, leading()),
                    true => add.number(builder, following()),
                    false if std::mem::take(&mut text_leads) => {
                        add.leading_text(builder, leading())
                    }
                    false => add.text(builder, following()),
                };
            }
        }
        let shown = metrics.iter().any(|planned| !planned.names.is_empty());
        if !shown && let Some(planned) = metrics.first() {
            // Nothing is shown, but the results are to fill all the same.
            let silent = View::new(&state, planned, "metrics".into(), Shows::Nothing);
            builder = add.leading_text(builder, silent);
        }
        builder
    }
}

impl<B: Batch> fmt::Debug for LearnerMetrics<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LearnerMetrics")
            .field("collection", &self.collection)
            .field("plans", &self.plans)
            .finish_non_exhaustive()
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

/// The four ways a builder of Burn takes a view.
trait AddView<B: Batch, T> {
    fn leading_number(&self, builder: T, view: View<B, Leads>) -> T;
    fn leading_text(&self, builder: T, view: View<B, Leads>) -> T;
    fn number(&self, builder: T, view: View<B, Follows>) -> T;
    fn text(&self, builder: T, view: View<B, Follows>) -> T;
}

struct ToTrain;
struct ToValid;
struct ToTest;

/// The ways of one builder: which of its methods take numbers and texts. The outputs adapt to `()`
/// for every type; the bound only says so where the other bound would hide it.
macro_rules! add_view {
    ($to:ty, $builder:ty, <$g:ident: $bound:path>, $output:ty, $number:ident, $text:ident) => {
        impl<B: Batch, $g: $bound> AddView<B, $builder> for $to
        where
            $output: Adaptor<MetricInput<B>> + Adaptor<()>,
        {
            fn leading_number(&self, builder: $builder, view: View<B, Leads>) -> $builder {
                builder.$number(view)
            }
            fn leading_text(&self, builder: $builder, view: View<B, Leads>) -> $builder {
                builder.$text(view)
            }
            fn number(&self, builder: $builder, view: View<B, Follows>) -> $builder {
                builder.$number(view)
            }
            fn text(&self, builder: $builder, view: View<B, Follows>) -> $builder {
                builder.$text(view)
            }
        }
    };
}

add_view!(
    ToTrain, SupervisedTraining<M>, <M: LearnerModel>, <M as TrainStep>::Output,
    metric_train_numeric, metric_train
);
add_view!(
    ToValid, SupervisedTraining<M>, <M: LearnerModel>, <M as InferenceStep>::Output,
    metric_valid_numeric, metric_valid
);
add_view!(
    ToTest, EvaluatorBuilder<EC>, <EC: EvaluatorComponentTypes>, <EC::Model as InferenceStep>::Output,
    metric_numeric, metric
);

impl<B: Batch, M: LearnerModel> MetricRegistration<M> for LearnerMetrics<B>
where
    <M as TrainStep>::Output: Adaptor<MetricInput<B>>,
    <M as InferenceStep>::Output: Adaptor<MetricInput<B>>,
{
    fn register(self, builder: SupervisedTraining<M>) -> SupervisedTraining<M> {
        let builder = LearnerMetrics::register(&self, SplitKind::Train, builder, &ToTrain);
        LearnerMetrics::register(&self, SplitKind::Valid, builder, &ToValid)
    }
}

impl<B: Batch, EC: EvaluatorComponentTypes> EvalMetricRegistration<EC> for LearnerMetrics<B>
where
    <EC::Model as InferenceStep>::Output: Adaptor<MetricInput<B>>,
{
    fn register(self, builder: EvaluatorBuilder<EC>) -> EvaluatorBuilder<EC> {
        LearnerMetrics::register(&self, SplitKind::Test(0), builder, &ToTest)
    }
}
