//! A collection of metrics as Burn's Learner takes it.

use crate::{
    MetricInput, MetricResults, SplitKind,
    split::SplitState,
    view::{Follows, Leads, Shows, View},
};
use burn::{
    tensor::TensorReadError,
    train::{
        EvalMetricRegistration, EvaluatorBuilder, EvaluatorComponentTypes, InferenceStep,
        LearnerModel, MetricRegistration, SupervisedTraining, TrainStep,
        metric::{Adaptor, Metric, MetricMetadata, SerializedEntry},
    },
};
use metrics_core::{Batch, MetricCollection, MetricError, MetricInfo};
use std::sync::{Arc, Mutex};

/// Which steps log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnStep {
    /// None: the device is read once per epoch.
    #[default]
    Never,
    /// Every so many steps (0 counts as 1).
    Every(usize),
}

/// What a step logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StepValue {
    /// The value of the step's batch alone.
    #[default]
    Batch,
    /// The value of the epoch so far.
    Running,
}

/// A [`MetricCollection`] for Burn's Learner and Evaluator.
///
/// Register it with [`SupervisedTraining::metrics`] or [`EvaluatorBuilder::metrics`]. Each split
/// has its own state; it is reset before each epoch and each test set. A metric that is a number
/// is a numeric metric for Burn, so that its epoch values reach early stopping, checkpointing, the
/// summary and the display; any other is a text metric, shown at the end of an epoch and logged as
/// a line of JSON.
///
/// With values on steps and on epochs, a numeric metric is logged as two: `name_step` and
/// `name_epoch`; with one of them, under its own name.
///
/// A metric that fails never ends the training: the reason is logged once an epoch (as a warning,
/// to Burn's `experiment.log` by default), the value is `N/A`, and the [results](Self::results)
/// carry it.
#[derive(Debug, Clone)]
pub struct LearnerMetrics<B: Batch> {
    collection: MetricCollection<B>,
    on_step: OnStep,
    step_value: StepValue,
    on_epoch: bool,
    results: MetricResults,
}

/// The name under which Burn knows a metric, where Burn's strategies ask for one of its metrics.
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
    pub fn new(collection: MetricCollection<B>) -> Self {
        let results = MetricResults::new(collection.metrics());
        Self {
            collection,
            on_step: OnStep::default(),
            step_value: StepValue::default(),
            on_epoch: true,
            results,
        }
    }

    /// Which steps log; default: none. A step that logs reads the device once.
    pub fn on_step(mut self, on_step: OnStep) -> Self {
        self.on_step = on_step;
        self
    }

    /// What a step logs; default: the value of its batch.
    pub fn step_value(mut self, value: StepValue) -> Self {
        self.step_value = value;
        self
    }

    /// Whether the value of the epoch is logged; default: yes. The [results](Self::results) have it
    /// in any case.
    pub fn on_epoch(mut self, on_epoch: bool) -> Self {
        self.on_epoch = on_epoch;
        self
    }

    /// What was computed: fills while the training runs, and is there after it.
    pub fn results(&self) -> MetricResults {
        self.results.clone()
    }

    /// A metric's name in Burn, for early stopping and checkpointing by its epoch value.
    ///
    /// # Errors
    /// [`MetricError::UnknownName`]; [`MetricError::InvalidOption`] if it has no number per epoch.
    pub fn metric(&self, name: &str) -> Result<MetricName, MetricError> {
        let infos = self.collection.metrics();
        let info = infos.iter().find(|info| info.name == name);
        let info = info.ok_or_else(|| MetricError::UnknownName(name.to_string()))?;
        let epoch = self
            .views(info)
            .into_iter()
            .find(|(_, shows)| *shows != Shows::Steps);
        match epoch {
            Some((name, _)) if info.is_scalar => Ok(MetricName(Arc::new(name))),
            _ => Err(MetricError::InvalidOption(format!(
                "`{name}` has no number per epoch"
            ))),
        }
    }

    /// The names Burn knows a metric by, and when each has a value.
    fn views(&self, metric: &MetricInfo) -> Vec<(String, Shows)> {
        let name = metric.name.clone();
        match (
            self.on_step != OnStep::Never && metric.is_scalar,
            self.on_epoch,
        ) {
            (true, true) => {
                vec![
                    (format!("{name}_step"), Shows::Steps),
                    (format!("{name}_epoch"), Shows::Epochs),
                ]
            }
            (true, false) => vec![(name, Shows::Steps)],
            (false, true) => vec![(name, Shows::Epochs)],
            (false, false) => vec![],
        }
    }

    /// Registers the views of one split: text metrics first, since Burn calls those first, and
    /// whichever is first of all leads.
    fn register<T>(&self, kind: SplitKind, mut builder: T, add: &impl AddView<B, T>) -> T {
        let state = Arc::new(Mutex::new(SplitState::new(
            self.collection.fresh(),
            kind,
            self.on_step,
            self.step_value,
            self.results.clone(),
        )));
        let metrics = self.collection.metrics();
        let (numbers, texts): (Vec<_>, Vec<_>) = metrics.iter().partition(|m| m.is_scalar);
        let mut leads = true;
        for metric in texts.into_iter().chain(numbers) {
            for (name, shows) in self.views(metric) {
                builder = match (leads, metric.is_scalar) {
                    (true, true) => {
                        add.leading_number(builder, View::new(&state, metric, name, shows))
                    }
                    (true, false) => {
                        add.leading_text(builder, View::new(&state, metric, name, shows))
                    }
                    (false, true) => add.number(builder, View::new(&state, metric, name, shows)),
                    (false, false) => add.text(builder, View::new(&state, metric, name, shows)),
                };
                leads = false;
            }
        }
        if leads && let Some(metric) = self.collection.metrics().first() {
            // Nothing is shown, but the results are to fill all the same.
            let silent = View::new(&state, metric, "metrics".into(), Shows::Nothing);
            builder = add.leading_text(builder, silent);
        }
        builder
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
