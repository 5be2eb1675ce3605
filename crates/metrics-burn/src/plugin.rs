//! A collection of metrics as Burn's Learner takes it.

use crate::{
    Checkpoints, LearnerMetricsBuilder, MetricResults, MetricsCheckpoint, MetricsProgress,
    SplitKind,
    display::Display,
    epoch::{Measures, SavedEpoch},
    plan::{Plan, SPLITS},
    progress::{Follow, Silent},
    split::SplitState,
    watch::Watch,
};
use burn::{
    tensor::TensorReadError,
    train::{
        metric::{Metric, MetricId, MetricMetadata, SerializedEntry},
        renderer::MetricsRenderer,
    },
};
use metrics_core::{Batch, MetricCollection, MetricError};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// The splits that are registered and still alive.
type Running<B> = Arc<Mutex<Vec<(SplitKind, Weak<Mutex<SplitState<B>>>)>>>;

/// A [`MetricCollection`] for Burn's Learner and Evaluator.
///
/// Register it with [`SupervisedTraining::metrics`](burn::train::SupervisedTraining::metrics) or [`EvaluatorBuilder::metrics`](burn::train::EvaluatorBuilder::metrics). Each split
/// has its own state; it is reset before each epoch and each test set. A metric that is a number
/// is a numeric metric for Burn, so that its epoch values reach early stopping, checkpointing, the
/// summary and the display. Any other metric is a text metric, shown at the end of an epoch and logged as
/// a line of JSON.
///
/// A batch that can never fit the metrics, such as one of another number of classes, ends the training through
/// [`SupervisedTraining::interrupter`](burn::train::SupervisedTraining::interrupter), unless the builder was told to be
/// [`lenient`](LearnerMetricsBuilder::lenient); if the training gets an interrupter of its own
/// (`with_interrupter`), it needs that before the metrics. Whatever else fails does not end the training: the value is
/// `N/A`. Each cause is said once, on standard error and as a warning in the log (Burn's `experiment.log` by
/// default), and the [results](Self::results) carry it.
///
/// A clone shares the results: register one and keep the other.
#[derive(Clone)]
pub struct LearnerMetrics<B: Batch> {
    pub(crate) measures: Measures<B>,
    plans: Arc<Vec<Plan>>,
    origin: Arc<Mutex<Origin>>,
    results: MetricResults,
    running: Running<B>,
    watch: Watch,
}

/// Where a training begins.
#[derive(Debug)]
struct Origin {
    first_epoch: usize,
    /// Whether the user or a checkpoint said so.
    is_known: bool,
    /// The half-finished epochs to go on with, until a training has taken them.
    halves: Vec<(SplitKind, SavedEpoch)>,
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

impl MetricName {
    /// The name, such as `f1_score_epoch`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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
        LearnerMetricsBuilder::new(collection)
    }

    pub(crate) fn from_parts(
        measures: Measures<B>,
        plans: Vec<Plan>,
        first_epoch: Option<usize>,
        lenient: bool,
    ) -> Self {
        Self {
            results: MetricResults::new(measures.infos()),
            measures,
            plans: Arc::new(plans),
            origin: Arc::new(Mutex::new(Origin {
                first_epoch: first_epoch.unwrap_or(1),
                is_known: first_epoch.is_some(),
                halves: Vec::new(),
            })),
            running: Running::default(),
            watch: Watch::new(lenient),
        }
    }

    fn origin(&self) -> MutexGuard<'_, Origin> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the first epoch.
    pub(crate) fn first_epoch(&self) -> usize {
        self.origin().first_epoch
    }

    /// Goes on with a checkpoint; in the middle of the epoch that was running, if asked for.
    pub(crate) fn restore(
        &self,
        saved: MetricsCheckpoint,
        mid_epoch: bool,
    ) -> Result<(), MetricError> {
        saved.check(&self.names(), &self.measures)?;
        let mut origin = self.origin();
        let next = saved.next_epoch();
        if origin.is_known && origin.first_epoch > next {
            return Err(MetricError::saved(format!(
                "the first epoch is to be {}, but the checkpoint ends before epoch {next}; leave out `first_epoch`, \
                 or take the checkpoint of epoch {}",
                origin.first_epoch,
                origin.first_epoch - 1
            )));
        }
        if !origin.is_known {
            origin.first_epoch = next;
        }
        origin.is_known = true;
        for (kind, epoch) in &saved.running {
            // A checkpoint that does not fit is to be refused now.
            self.new_state(*kind, origin.first_epoch, Watch::default())
                .restore(epoch)?;
        }
        for report in saved.reports {
            if matches!(report.split, SplitKind::Test(_)) || report.epoch < origin.first_epoch {
                self.results.push(report);
            }
        }
        if mid_epoch {
            origin.halves = saved.running;
        }
        Ok(())
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

    /// A progress display without the [hidden](crate::LogPolicy::hidden) metrics, which also tells the plugin the
    /// numbers of epochs and the names of test sets. It wraps a renderer, such as Burn's
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
            follow: Arc::new(self.clone()),
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
        MetricsCheckpoint::new(self.names(), &self.measures, self.results.all(), saved)
    }

    /// Checkpoints of the metrics beside Burn's own, and the restoring of both in one call: `directory` is that of
    /// the training. Register what this returns in place of the metrics.
    pub fn checkpoints(&self, directory: impl AsRef<Path>) -> Checkpoints<B> {
        Checkpoints::new(self.clone(), directory.as_ref())
    }

    /// Tells the plugin what Burn's progress loggers hear: the number of the first epoch and the names of test sets. Give
    /// it to `with_progress_logger`, of a `SupervisedTraining` or an `EvaluatorBuilder`.
    ///
    /// ```no_run
    /// use burn::train::{EvaluatorBuilder, EvaluatorComponentTypes, InferenceStep, metric::Adaptor};
    /// use metrics_burn::{LearnerMetrics, MetricInput};
    /// use metrics_core::batch::Multiclass;
    /// # fn example<EC: EvaluatorComponentTypes>(builder: EvaluatorBuilder<EC>, metrics: LearnerMetrics<Multiclass>)
    /// # where <EC::Model as InferenceStep>::Output: Adaptor<MetricInput<Multiclass>> {
    /// let builder = builder
    ///     .metrics(metrics.clone())
    ///     .with_progress_logger(metrics.progress());
    /// // .build(model).eval_all([("held out", ..), ("street", ..)]), and afterwards:
    /// let held_out = metrics.results().test("held out");
    /// # }
    /// ```
    ///
    /// Burn has one place for a progress logger: give one of your own to [`progress_with`](Self::progress_with). A
    /// [`display`](Self::display) tells the plugin the same.
    pub fn progress(&self) -> MetricsProgress<Silent> {
        self.progress_with(Silent)
    }

    /// As [`progress`](Self::progress), with a progress logger of your own, which hears everything as before.
    pub fn progress_with<L>(&self, logger: L) -> MetricsProgress<L> {
        MetricsProgress::new(Arc::new(self.clone()), logger)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let infos = self.results.metrics().iter();
        infos.map(|info| info.name.clone()).collect()
    }

    pub(crate) fn plan(&self, kind: SplitKind) -> &Plan {
        match kind {
            SplitKind::Train => &self.plans[0],
            SplitKind::Valid => &self.plans[1],
            SplitKind::Test(_) => &self.plans[2],
        }
    }

    fn new_state(&self, kind: SplitKind, first_epoch: usize, watch: Watch) -> SplitState<B> {
        SplitState::new(
            self.measures.clone(),
            self.plan(kind).clone(),
            self.results.clone(),
            first_epoch,
            watch,
        )
    }

    /// The state of a split that is being registered, and where it is noted.
    pub(crate) fn begin(&self, kind: SplitKind, watch: Watch) -> Arc<Mutex<SplitState<B>>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|(_, state)| state.strong_count() > 0);
        let mut origin = self.origin();
        let is_test = matches!(kind, SplitKind::Test(_));
        let last = self.results.last(kind);
        if running.iter().any(|(of, _)| *of == kind) {
            log::warn!("{}: these metrics are registered twice", kind.name());
        } else if !is_test && last.is_some_and(|last| last.epoch >= origin.first_epoch) {
            log::warn!(
                "{}: these metrics have results of another training, which this one replaces",
                kind.name()
            );
        }
        let mut state = self.new_state(kind, origin.first_epoch, watch);
        if let Some(half) = origin.halves.iter().position(|(of, _)| *of == kind) {
            let (_, epoch) = origin.halves.swap_remove(half);
            // `restore` has done the same before.
            if let Err(error) = state.restore(&epoch) {
                log::warn!("{}: not resumed: {error}", kind.name());
            }
        }
        let state = Arc::new(Mutex::new(state));
        running.push((kind, Arc::downgrade(&state)));
        state
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The states of the splits that run, of the training or of the evaluation.
    fn states(&self, test: bool) -> Vec<Arc<Mutex<SplitState<B>>>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let states = running.iter();
        let states = states.filter(|(kind, _)| matches!(kind, SplitKind::Test(_)) == test);
        states.filter_map(|(_, state)| state.upgrade()).collect()
    }
}

impl<B: Batch> Follow for LearnerMetrics<B> {
    fn start(&self, epoch: usize) {
        let states = self.states(false);
        let mut origin = self.origin();
        if states.is_empty() || origin.first_epoch == epoch {
            return;
        }
        let known = origin.is_known.then_some(origin.first_epoch);
        for state in states {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            match known {
                Some(first) => state.refuse_start(epoch, first),
                None if state.is_unused() => state.start(epoch),
                None => {}
            }
        }
        if known.is_none() {
            origin.first_epoch = epoch;
        }
    }

    fn start_test(&self, name: &str) {
        for state in self.states(true) {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.start_test(name);
        }
    }

    fn end_test(&self) {
        for state in self.states(true) {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.end_test();
        }
    }
}

impl<B: Batch> fmt::Debug for LearnerMetrics<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LearnerMetrics")
            .field("collection", &self.measures.metrics)
            .field("plans", &self.plans)
            .finish_non_exhaustive()
    }
}
