//! Unusual things that users, files and other strategies may do to the plugin.

use burn::{
    module::{Module, Param, ParamId},
    optim::SgdConfig,
    tensor::Device,
    tensor::{ExecutionError, Int, Tensor},
    train::{
        ClassificationOutput, EvaluatorBuilder, EventProcessorTraining, InferenceStep, ItemLazy,
        Learner, LearnerEvent, SupervisedLearningStrategy, SupervisedTraining,
        SupervisedTrainingEventProcessor, TrainLoader, TrainingComponents, TrainingItem,
        TrainingStrategy, ValidLoader, metric::Adaptor, renderer::CliMetricsRenderer,
    },
};
use metrics_burn::{LearnerMetrics, MetricInput, MetricsCheckpoint, OnStep, Select, SplitKind};
use metrics_core::{
    Accumulator, Delta, HostDelta, Identity, Metric, MetricCollection, MetricError, Rejected,
    Summary, Validation, Value,
    batch::Multiclass,
    classification::{Accuracy, Average, ConfusionMatrix},
};
use metrics_tests::training::{Batches, CLASSES, Model, Step};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

fn accuracy() -> MetricCollection<Multiclass> {
    MetricCollection::new().named(
        "accuracy",
        Accuracy::multiclass(CLASSES).average(Average::Micro),
    )
}

fn evaluate(dir: &Path, metrics: &LearnerMetrics<Multiclass>, sets: &[(&str, &[usize])]) -> Model {
    let device = Device::flex();
    let model = Model::new(&device);
    let result = EvaluatorBuilder::new(dir)
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .build(model.clone())
        .eval_all(
            (sets.iter()).map(|(name, sizes)| (*name, Batches::new(sizes, 3, &device).loader())),
        );
    assert!(result.error.is_none());
    model
}

fn training(
    dir: &Path,
    train: Batches,
    metrics: &LearnerMetrics<Multiclass>,
) -> SupervisedTraining<Model> {
    let device = Device::flex();
    SupervisedTraining::new(dir, train.loader(), Batches::new(&[8], 2, &device).loader())
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .num_epochs(2)
}

fn learner() -> Learner<Model> {
    let auto = Device::flex().autodiff();
    Learner::new(Model::new(&auto), SgdConfig::new().init(), 0.5)
}

fn lines(file: impl AsRef<Path>) -> usize {
    std::fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .count()
}

#[test]
fn the_last_step_of_a_test_set_is_logged() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::builder(accuracy())
        .log(Select::all().test(), |log| log.on_step(OnStep::Every(1)))
        .build()
        .unwrap();
    evaluate(dir.path(), &metrics, &[("one", &[4, 4, 4]), ("two", &[5])]);
    let log = |set| dir.path().join("test").join(set).join("accuracy_step.log");
    assert_eq!((lines(log("one")), lines(log("two"))), (3, 1));
}

/// `Evaluator::eval` takes the evaluator, so a second set is a second evaluation.
#[test]
fn a_second_evaluation_does_not_erase_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::new(accuracy()).unwrap();
    evaluate(dir.path(), &metrics, &[("one", &[4])]);
    evaluate(dir.path(), &metrics, &[("two", &[7])]);
    let mut samples: Vec<_> = (metrics.results().all().iter())
        .map(|r| r.samples)
        .collect();
    samples.sort();
    assert_eq!(samples, [4, 7]);
}

#[test]
fn results_of_other_metrics_are_refused_at_the_start_of_an_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let auto = Device::flex().autodiff();
    let other = LearnerMetrics::new(accuracy()).unwrap();
    training(dir.path(), Batches::new(&[3], 1, &auto), &other).launch(learner());
    let saved = other.checkpoint().unwrap().at_start_of(3);
    let confusion = MetricCollection::new().with(ConfusionMatrix::multiclass(CLASSES));
    let resumed = LearnerMetrics::builder(confusion).resume(saved).build();
    let names = |m: &LearnerMetrics<Multiclass>| {
        let all = m.results().all();
        let entries = all.iter().flat_map(|r| r.report.entries.clone());
        entries.map(|e| e.name).collect::<Vec<_>>()
    };
    assert!(resumed.is_err(), "{:?}", resumed.as_ref().map(names));
}

#[test]
fn a_checkpoint_of_another_version_says_so() {
    let newer = r#"{"version":3,"epochs":{"train":[]}}"#;
    let read: MetricsCheckpoint = serde_json::from_str(newer).unwrap();
    let refused = LearnerMetrics::builder(accuracy()).resume(read).build();
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("version 3"), "{said}");
}

#[test]
fn a_first_epoch_that_was_asked_for_is_not_ignored() {
    let first = LearnerMetrics::new(accuracy()).unwrap();
    let saved = first.checkpoint().unwrap();
    let metrics = LearnerMetrics::builder(accuracy())
        .first_epoch(7)
        .resume(saved)
        .build();
    let Ok(metrics) = metrics else { return };
    let dir = tempfile::tempdir().unwrap();
    let auto = Device::flex().autodiff();
    training(dir.path(), Batches::new(&[3], 1, &auto), &metrics).launch(learner());
    assert_eq!(metrics.results().all()[0].epoch, 7);
}

/// Burn's file logger would panic at the end of the epoch, and again in a destructor.
#[test]
fn a_name_too_long_for_a_file_is_refused() {
    let named = |n| MetricCollection::new().named("a".repeat(n), Accuracy::multiclass(CLASSES));
    assert!(LearnerMetrics::new(named(251)).is_ok(), "255 with `.log`");
    assert!(LearnerMetrics::new(named(252)).is_err());
    let forked = LearnerMetrics::builder(named(251)).on_step(OnStep::Every(1));
    assert!(forked.build().is_err());
}

/// One name for Burn, two units: 0.9 while training, 90 (%) when validating.
#[test]
fn one_name_has_one_unit() {
    let metrics = LearnerMetrics::builder(accuracy())
        .log(Select::all().valid(), |log| log.percent())
        .build();
    assert!(metrics.is_err());
}

#[test]
fn eager_validation_counts_its_reads() {
    let dir = tempfile::tempdir().unwrap();
    let auto = Device::flex().autodiff();
    let eager = accuracy().validation(Validation::Eager);
    let metrics = LearnerMetrics::new(eager).unwrap();
    training(dir.path(), Batches::new(&[3; 4], 1, &auto), &metrics).launch(learner());
    let report = metrics.results().last(SplitKind::Train).unwrap();
    assert!(report.reads >= 4, "{} reads", report.reads);
}

static ALIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// Counts how many of it there are.
#[derive(Debug)]
struct Tracked;

impl Tracked {
    fn new() -> Self {
        MOST.fetch_max(ALIVE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self
    }
}
impl Clone for Tracked {
    fn clone(&self) -> Self {
        Self::new()
    }
}
impl Drop for Tracked {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}
impl PartialEq for Tracked {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Counts batches. Refuses batches, or merging, as told.
#[derive(Debug, Clone, PartialEq)]
struct Picky {
    refuses_batches: bool,
    refuses_merging: bool,
    tracked: Option<Tracked>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Count {
    n: u64,
    refuses: bool,
}

impl Summary for Count {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.refuses && self.n > 0 && other.n > 0 {
            return Err(MetricError::Custom("will not merge".into()));
        }
        self.n += other.n;
        Ok(())
    }
    fn rejected(&self) -> Rejected {
        Rejected::default()
    }
}

impl Accumulator for Picky {
    type Batch = Multiclass;
    type Summary = Count;

    fn identity(&self) -> Identity {
        Identity::new("tests/picky", 1)
    }
    fn empty(&self) -> Count {
        Count {
            n: 0,
            refuses: self.refuses_merging,
        }
    }
    fn check(&self, _: &Multiclass) -> Result<(), MetricError> {
        if self.refuses_batches {
            Err(MetricError::Custom("does not fit".into()))
        } else {
            Ok(())
        }
    }
    fn update(&self, delta: &mut Delta, batch: &Multiclass) {
        delta.append_ints("targets", batch.target().clone().slice(0..1));
    }
    fn fold(&self, delta: &HostDelta, summary: &mut Count) {
        summary.n += delta
            .ints("targets")
            .iter()
            .map(|l| l.len() as u64)
            .sum::<u64>();
    }
}

impl Metric for Picky {
    type Accumulator = Self;
    fn name(&self) -> String {
        "picky".into()
    }
    fn accumulator(&self) -> Self {
        self.clone()
    }
    fn finalize(&self, summary: &Count) -> Result<Value, MetricError> {
        Ok(Value::Scalar(summary.n as f64))
    }
}

#[test]
fn batches_that_do_not_fit_take_no_memory() {
    let dir = tempfile::tempdir().unwrap();
    let auto = Device::flex().autodiff();
    let picky = Picky {
        refuses_batches: true,
        refuses_merging: false,
        tracked: Some(Tracked::new()),
    };
    let metrics = LearnerMetrics::builder(MetricCollection::new().with(picky))
        .on_step(OnStep::Every(1))
        .build()
        .unwrap();
    training(dir.path(), Batches::new(&[1; 200], 1, &auto), &metrics).launch(learner());
    let most = MOST.load(Ordering::SeqCst);
    assert!(most < 50, "{most} states at a time");
}

fn first_that_merges_and_one_that_does_not() -> MetricCollection<Multiclass> {
    accuracy().with(Picky {
        refuses_batches: false,
        refuses_merging: true,
        tracked: None,
    })
}

/// The first state has merged, the second has not: no value could be right.
#[test]
fn a_collection_that_merged_half_refuses_to_go_on() {
    let batch = || {
        let device = Device::flex();
        let scores = burn::tensor::Tensor::<2>::from_floats([[1.0, 0.0, 0.0, 0.0]], &device);
        let target = burn::tensor::Tensor::<1, burn::tensor::Int>::from_ints([1], &device);
        Multiclass::from_scores(scores, target).unwrap()
    };
    let both = || {
        let mut both = first_that_merges_and_one_that_does_not();
        both.update(&batch()).unwrap();
        both.compute().unwrap();
        both
    };
    let summary = both().summary().unwrap();
    for absorbs in [false, true] {
        let mut half = both();
        let merged = if absorbs {
            half.absorb(&mut both())
        } else {
            half.merge(&summary)
        };
        assert!(merged.is_err());
        assert!(half.compute().is_err() && half.update(&batch()).is_err());
        half.reset();
        assert!(half.update(&batch()).is_ok());
    }
}

#[test]
fn a_segment_that_does_not_merge_is_not_forgotten() {
    let auto = Device::flex().autodiff();
    let collection = MetricCollection::new()
        .with(Picky {
            refuses_batches: false,
            refuses_merging: true,
            tracked: None,
        })
        .with(ConfusionMatrix::multiclass(CLASSES));
    let run = |on_step| {
        let dir = tempfile::tempdir().unwrap();
        let metrics = LearnerMetrics::builder(collection.clone())
            .on_step(on_step)
            .build()
            .unwrap();
        training(dir.path(), Batches::new(&[3; 6], 1, &auto), &metrics).launch(learner());
        metrics.results().epoch(SplitKind::Train, 1).unwrap()
    };
    let (whole, stepped) = (run(OnStep::Never), run(OnStep::Every(1)));
    let value = |r: &metrics_burn::SplitReport| r.report.get("confusion_matrix").cloned();
    assert_eq!(stepped.samples, whole.samples);
    assert!(
        value(&stepped).is_none() || value(&stepped) == value(&whole),
        "{:?}, not {:?}",
        value(&stepped),
        value(&whole)
    );
}

/// A test set is known by its first batch having number 1, which Burn may fail to hand over.
#[test]
fn a_test_set_whose_first_batch_failed_is_not_mixed_into_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let device = Device::flex();
    let metrics = LearnerMetrics::new(accuracy()).unwrap();
    let model = Flaky {
        device: Param::initialized(ParamId::new(), Tensor::zeros([1], &device)),
        model: Model::new(&device),
        step: Arc::default(),
    };
    let sets = [("one", [4, 4]), ("two", [5, 5])];
    EvaluatorBuilder::new(dir.path())
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .build(model)
        .eval_all((sets.iter()).map(|(n, sizes)| (*n, Batches::new(sizes, 3, &device).loader())));
    let report = metrics.results().last(SplitKind::Test(0)).unwrap();
    assert_eq!((report.samples, report.complete), (8, true));
}

#[derive(Module, Debug)]
struct Flaky {
    device: Param<Tensor<1, Int>>,
    #[module(skip)]
    model: Model,
    #[module(skip)]
    step: Arc<AtomicUsize>,
}

struct Output(ClassificationOutput, bool);

impl ItemLazy for Output {
    fn sync(self) -> Result<Self, ExecutionError> {
        if self.1 {
            // Burn's evaluator hears of it when it has sent the next batch.
            std::thread::sleep(std::time::Duration::from_millis(50));
            Err(ExecutionError::with_context("the device is gone"))
        } else {
            Ok(self)
        }
    }
}

impl Adaptor<MetricInput<Multiclass>> for Output {
    fn adapt(&self) -> MetricInput<Multiclass> {
        self.0.adapt()
    }
}

impl InferenceStep for Flaky {
    type Input = Step;
    type Output = Output;
    fn step(&self, step: Step) -> Output {
        let fails = self.step.fetch_add(1, Ordering::SeqCst) == 2;
        Output(InferenceStep::step(&self.model, step), fails)
    }
}

struct Checkpointing(
    LearnerMetrics<Multiclass>,
    Arc<Mutex<Option<MetricsCheckpoint>>>,
);
impl SupervisedLearningStrategy<Model> for Checkpointing {
    fn fit(
        &self,
        components: TrainingComponents<Model>,
        learner: Learner<Model>,
        train: TrainLoader<Model>,
        _: ValidLoader<Model>,
        _: usize,
    ) -> (Model, SupervisedTrainingEventProcessor<Model>) {
        let mut processor = components.event_processor;
        let model = learner.model();
        let steps: Vec<Step> = train.iter().map(|s| s.unwrap()).collect();
        // Epoch 1 is whole; the second worker is ahead by one batch.
        for (i, number) in [(0, 1), (2, 1), (3, 2), (2, 1), (1, 2)] {
            if number == 2 && i == 1 {
                processor.flush().unwrap();
                *self.1.lock().unwrap() = Some(self.0.checkpoint().unwrap());
            }
            let output = InferenceStep::step(&model, steps[i].clone());
            let progress = burn::data::dataloader::Progress::new(2 * number, 4, None);
            let item = TrainingItem::new(output, progress, Some(2 * number), None);
            processor
                .process_train(LearnerEvent::ProcessedItem(item))
                .unwrap();
        }
        processor.flush().unwrap();
        (model, processor)
    }
}

#[test]
fn a_half_epoch_is_resumed_once() {
    let auto = Device::flex().autodiff();
    let batches = || Batches::new(&[3, 4, 5, 6], 1, &auto);
    let first = LearnerMetrics::new(accuracy()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let saved = Arc::new(Mutex::new(None));
    let strategy = Checkpointing(first.clone(), saved.clone());
    training(dir.path(), batches(), &first)
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(strategy)))
        .launch(learner());
    let saved = saved.lock().unwrap().take().unwrap();
    let samples = |second: LearnerMetrics<Multiclass>| {
        [(), ()].map(|()| {
            let dir = tempfile::tempdir().unwrap();
            training(dir.path(), batches(), &second).launch(learner());
            second.results().epoch(SplitKind::Train, 1).unwrap().samples
        })
    };
    let resumed = LearnerMetrics::builder(accuracy());
    let anew = samples(resumed.resume(saved.clone()).build().unwrap());
    assert_eq!(anew, [18, 18], "Burn begins an epoch with its first batch");
    let resumed = LearnerMetrics::builder(accuracy());
    let on = samples(resumed.resume_mid_epoch(saved).build().unwrap());
    assert!(on[0] > 18 && on[1] == 18, "{on:?}");
}

#[test]
fn batches_without_a_total_are_not_complete() {
    struct NoTotal;
    impl SupervisedLearningStrategy<Model> for NoTotal {
        fn fit(
            &self,
            components: TrainingComponents<Model>,
            learner: Learner<Model>,
            train: TrainLoader<Model>,
            _: ValidLoader<Model>,
            _: usize,
        ) -> (Model, SupervisedTrainingEventProcessor<Model>) {
            let mut processor = components.event_processor;
            let model = learner.model();
            let steps: Vec<Step> = train.iter().map(|s| s.unwrap()).collect();
            for (i, number) in [(0, 1), (2, 1), (1, 2), (3, 2)] {
                if i == 3 {
                    processor.process_train(LearnerEvent::EndSplit(1)).unwrap();
                }
                let output = InferenceStep::step(&model, steps[i].clone());
                let progress = burn::data::dataloader::Progress::new(2 * number, 0, None);
                let item = TrainingItem::new(output, progress, Some(2 * number), None);
                processor
                    .process_train(LearnerEvent::ProcessedItem(item))
                    .unwrap();
            }
            processor.flush().unwrap();
            (model, processor)
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let auto = Device::flex().autodiff();
    let metrics = LearnerMetrics::new(accuracy()).unwrap();
    training(dir.path(), Batches::new(&[3, 4, 5, 6], 1, &auto), &metrics)
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(NoTotal)))
        .launch(learner());
    let report = metrics.results().epoch(SplitKind::Train, 1).unwrap();
    assert_eq!((report.samples, report.complete), (18, false));
}
