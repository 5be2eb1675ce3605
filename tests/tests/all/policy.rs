//! What is logged of which metric, when, under which name and how it looks.

use burn::{
    optim::SgdConfig,
    tensor::Device,
    train::{
        EvaluatorBuilder, Learner, LearnerSummary, SupervisedTraining,
        logger::{
            EvaluationProgressLogger, FileMetricLogger, InMemoryMetricLogger, MetricLogger,
            TrainingProgressLogger,
        },
        metric::{
            MetricAttributes, MetricDefinition, NumericEntry,
            store::{EpochSummary, MetricsUpdate, Split},
        },
        renderer::{
            CliMetricsRenderer, EvaluationName, MetricState, MetricsRenderer,
            MetricsRendererEvaluation, MetricsRendererTraining,
        },
    },
};
use metrics_burn::{LearnerMetrics, LogPolicy, OnStep, Select, SplitKind, StepValue};
use metrics_core::{
    MetricCollection, MetricError,
    batch::Multiclass,
    classification::{Accuracy, Average, F1Score},
    text::NegativeLogLikelihood,
};
use metrics_tests::{
    devices,
    training::{Batches, CLASSES, Dumped, Model, offline, ten},
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

const BATCHES: usize = 9;

/// What a logger was given.
#[derive(Clone, Default)]
struct Seen {
    definitions: Arc<Mutex<BTreeMap<String, MetricDefinition>>>,
    entries: Arc<Mutex<Vec<Entry>>>,
}

struct Entry {
    split: String,
    name: String,
    /// For people.
    text: String,
    /// For files.
    file: String,
}

impl MetricLogger for Seen {
    fn log(&mut self, update: MetricsUpdate, _epoch: usize, split: &Split) {
        let definitions = self.definitions.lock().unwrap();
        let numeric = update.entries_numeric.iter().map(|numeric| &numeric.entry);
        for entry in update.entries.iter().chain(numeric) {
            let of = |d: &&MetricDefinition| d.metric_id == entry.metric_id;
            let name = definitions.values().find(of).unwrap().name.to_string();
            let text = entry.serialized_entry.clone();
            if !text.is_not_available() {
                self.entries.lock().unwrap().push(Entry {
                    split: split.to_string(),
                    name,
                    text: text.formatted,
                    file: text.serialized,
                });
            }
        }
    }
    fn read_numeric(&mut self, _: &str, _: usize, _: &Split) -> Result<Vec<NumericEntry>, String> {
        Err("not a file".into())
    }
    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        let name = definition.name.to_string();
        self.definitions.lock().unwrap().insert(name, definition);
    }
    fn log_epoch_summary(&mut self, _summary: EpochSummary) {}
}

impl Seen {
    fn of(&self, split: &str, name: &str) -> Vec<(String, String)> {
        let entries = self.entries.lock().unwrap();
        let own = entries
            .iter()
            .filter(|e| e.split == split && e.name == name);
        own.map(|e| (e.text.clone(), e.file.clone())).collect()
    }

    fn numbers(&self, split: &str, name: &str) -> Vec<f64> {
        let entries = self.of(split, name).into_iter();
        entries
            .map(|(_, file)| NumericEntry::deserialize(&file).unwrap().current())
            .collect()
    }
}

/// One epoch with these metrics.
fn train(device: &Device, metrics: &LearnerMetrics<Multiclass>, dir: &Path) -> (Seen, Model) {
    let seen = Seen::default();
    let auto = device.clone().autodiff();
    let model = Model::new(&auto);
    let result = SupervisedTraining::new(
        dir,
        Batches::new(&[5; BATCHES], 1, &auto).loader(),
        Batches::new(&[8, 3], 2, device).loader(),
    )
    .metrics(metrics.clone())
    .with_metric_logger(seen.clone())
    .with_metric_logger(FileMetricLogger::new(dir))
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(1)
    .launch(Learner::new(model.clone(), SgdConfig::new().init(), 0.5));
    assert!(result.error.is_none(), "{:?}", result.error);
    (seen, model)
}

/// A metric of the last `reach` of the first `steps` batches.
fn windowed(dump: &[Dumped], name: &str, steps: usize, reach: usize) -> f64 {
    let window = &dump[steps.saturating_sub(reach)..steps];
    offline(window).scalar(name).unwrap()
}

fn assert_close(what: &str, a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len(), "{what}: {a:?}, should be {b:?}");
    for (a, b) in a.iter().zip(b) {
        assert!(
            (a - b).abs() <= 1e-6 * b.abs().max(1.0),
            "{what}: {a}, should be {b}"
        );
    }
}

#[test]
fn each_metric_of_each_split_logs_as_it_was_told() {
    for (name, device) in devices() {
        let dir = tempfile::tempdir().unwrap();
        let every =
            |n, value| move |log: LogPolicy| log.on_step(OnStep::Every(n)).step_value(value);
        let metrics = LearnerMetrics::builder(ten())
            .log(
                Select::metric("accuracy").train(),
                every(2, StepValue::Window(3)),
            )
            .log(
                Select::metric("f1_score").train(),
                every(3, StepValue::Running),
            )
            .log(Select::metric("recall").train(), every(4, StepValue::Batch))
            .log(
                Select::metric("auroc").train(),
                every(1, StepValue::Window(4)),
            )
            .log(Select::metric("precision").train(), |log| {
                log.on_epoch(false)
            })
            .build()
            .unwrap();
        let (seen, model) = train(&device, &metrics, dir.path());
        let dump = model.train.all();
        let steps = |n| (1..=BATCHES).filter(move |step| step % n == 0);

        let expected: Vec<_> = steps(2)
            .map(|s| windowed(&dump, "accuracy", s, 3))
            .collect();
        assert_close(name, &seen.numbers("train", "accuracy_step"), &expected);
        let expected: Vec<_> = steps(3)
            .map(|s| windowed(&dump, "f1_score", s, s))
            .collect();
        assert_close(name, &seen.numbers("train", "f1_score_step"), &expected);
        let expected: Vec<_> = steps(4).map(|s| windowed(&dump, "recall", s, 1)).collect();
        assert_close(name, &seen.numbers("train", "recall_step"), &expected);
        let expected: Vec<_> = steps(1).map(|s| windowed(&dump, "auroc", s, 4)).collect();
        assert_close(name, &seen.numbers("train", "auroc_step"), &expected);
        assert!(seen.of("train", "precision").is_empty());
        assert!(seen.of("train", "matthews_corr_coef_step").is_empty());

        let report = metrics.results().epoch(SplitKind::Train, 1).unwrap();
        // Every step logs something, so the last has read what the epoch needs.
        assert_eq!(report.reads, BATCHES as u64, "{name}: one read a step");
        let whole = offline(&dump);
        for metric in ["accuracy", "f1_score", "recall", "auroc", "precision"] {
            let (a, b) = (report.report.scalar(metric), whole.scalar(metric));
            assert_close(name, &[a.unwrap()], &[b.unwrap()]);
        }
        // A name that forks in one split forks in all, so that curves lie over each other.
        assert_eq!(seen.of("valid", "accuracy_epoch").len(), 1);
        assert_eq!(seen.of("valid", "matthews_corr_coef").len(), 1);
        assert_eq!(seen.of("valid", "precision").len(), 1);
        let text = &seen.of("train", "accuracy_step")[0].0;
        assert!(text.starts_with("last 3 0."), "{text}");
    }
}

#[test]
fn names_units_and_digits_reach_burns_definitions() {
    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::builder(ten())
        .log(Select::all().valid(), |log| log.prefix("held out "))
        .log(Select::metric("accuracy"), |log| log.percent().precision(1))
        .log(Select::metric("negative_log_likelihood"), |log| {
            log.unit("nats").postfix(" (mean)")
        })
        .build()
        .unwrap();
    let (seen, model) = train(&device, &metrics, dir.path());
    let definitions = seen.definitions.lock().unwrap();
    let attributes = |name: &str| match &definitions[name].attributes {
        MetricAttributes::Numeric(a) => (a.unit.clone(), a.higher_is_better),
        MetricAttributes::None => panic!("{name} is not numeric"),
    };
    assert_eq!(attributes("accuracy"), (Some("%".into()), true));
    assert_eq!(attributes("held out accuracy"), (Some("%".into()), true));
    assert_eq!(
        attributes("negative_log_likelihood (mean)"),
        (Some("nats".into()), false)
    );
    assert_eq!(attributes("f1_score"), (None, true));

    let accuracy = offline(&model.train.all()).scalar("accuracy").unwrap();
    let (text, file) = seen.of("train", "accuracy").remove(0);
    assert_eq!(text, format!("epoch {:.1} %", 100.0 * accuracy));
    assert_eq!(file, format!("{},final", 100.0 * accuracy), "every digit");
    let report = metrics.results().last(SplitKind::Train).unwrap();
    assert_eq!(
        report.report.scalar("accuracy"),
        Some(accuracy),
        "a fraction"
    );
    // Not numbers: text for people, whole in the files.
    let (text, file) = seen.of("train", "confusion_matrix").remove(0);
    let matrix = report.report.get("confusion_matrix").unwrap();
    // In one line, as Burn's display would make of it.
    assert_eq!(text, matrix.to_string().replace('\n', " | "));
    let matrix: metrics_core::Value = serde_json::from_str(&file).unwrap();
    assert_eq!(Some(&matrix), report.report.get("confusion_matrix"));
    // The name for Burn's strategies is that of the validation set.
    use burn::train::metric::Metric;
    let name = metrics.metric("accuracy").unwrap().name();
    assert_eq!(name.as_str(), "held out accuracy");
    let name = metrics
        .metric_of(SplitKind::Train, "accuracy")
        .unwrap()
        .name();
    assert_eq!(name.as_str(), "accuracy");
}

#[test]
fn burns_summary_finds_the_epochs() {
    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::builder(ten())
        .on_step(OnStep::Every(2))
        .build()
        .unwrap();
    train(&device, &metrics, dir.path());
    let summary = LearnerSummary::new(dir.path(), &["f1_score_epoch", "f1_score_step"]).unwrap();
    for (kind, found) in [
        (SplitKind::Train, &summary.metrics.train),
        (SplitKind::Valid, &summary.metrics.valid),
    ] {
        let expected = metrics.results().last(kind).unwrap().report;
        let epoch = found.iter().find(|m| m.name == "f1_score_epoch").unwrap();
        assert_eq!(epoch.entries.len(), 1);
        assert_eq!(Some(epoch.entries[0].value), expected.scalar("f1_score"));
    }
}

/// What a progress display was given.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<String>>>);

impl Screen {
    fn show(&mut self, what: String) {
        self.0.lock().unwrap().push(what);
    }
    fn shows(&self, what: &str) -> bool {
        self.0
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.contains(what))
    }
}

impl MetricsRendererTraining for Screen {
    fn update_train(&mut self, state: MetricState) {
        self.show(format!("train {state:?}"));
    }
    fn update_valid(&mut self, state: MetricState) {
        self.show(format!("valid {state:?}"));
    }
}
impl MetricsRendererEvaluation for Screen {
    fn update_test(&mut self, _name: EvaluationName, state: MetricState) {
        self.show(format!("test {state:?}"));
    }
}
impl MetricsRenderer for Screen {
    fn manual_close(&mut self) {
        self.show("close".into());
    }
    fn register_metric(&mut self, definition: MetricDefinition) {
        self.show(format!("register {}.", definition.name));
    }
}
impl TrainingProgressLogger for Screen {
    fn start(&mut self, epochs: usize, first: usize, _: Option<usize>, label: Option<&str>) {
        self.show(format!("start {epochs} {first} {label:?}"));
    }
    fn update_epoch(&mut self, epoch: usize) {
        self.show(format!("epoch {epoch}"));
    }
    fn start_split(&mut self, split: &str, items: usize) {
        self.show(format!("start {split} {items}"));
    }
    fn update_split(&mut self, items: usize) {
        self.show(format!("items {items}"));
    }
    fn end_split(&mut self) {
        self.show("end split".into());
    }
    fn end(&mut self) {
        self.show("end training".into());
    }
    fn log_event_training(&mut self, event: String) {
        self.show(format!("event {event}"));
    }
}
impl EvaluationProgressLogger for Screen {
    fn start_global_progress(&mut self, tests: usize) {
        self.show(format!("{tests} tests"));
    }
    fn start_test(&mut self, name: &str, items: usize) {
        self.show(format!("start test {name} {items}"));
    }
    fn update_test_progress(&mut self, items: usize) {
        self.show(format!("tested {items}"));
    }
    fn end_test(&mut self) {
        self.show("end test".into());
    }
    fn end_global_progress(&mut self) {
        self.show("end tests".into());
    }
    fn log_event_evaluation(&mut self, event: String) {
        self.show(format!("test event {event}"));
    }
}

#[test]
fn hidden_metrics_are_in_the_files_and_not_on_the_screen() {
    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::builder(ten())
        .log(
            Select::metrics(["auroc", "confusion_matrix"]),
            LogPolicy::hidden,
        )
        .log(Select::metric("recall").train().test(), LogPolicy::hidden)
        .log(Select::metric("auroc").test(), LogPolicy::displayed)
        .build()
        .unwrap();
    let screen = Screen::default();
    let auto = device.clone().autodiff();
    let model = Model::new(&auto);
    let result = SupervisedTraining::new(
        dir.path(),
        Batches::new(&[5; 2], 1, &auto).loader(),
        Batches::new(&[8], 2, &device).loader(),
    )
    .metrics(metrics.clone())
    .renderer(metrics.display(Box::new(screen.clone())))
    .with_application_logger(None)
    .label("run")
    .launch(Learner::new(model, SgdConfig::new().init(), 0.5));
    for passed_on in [
        "start 1 1 Some(\"run\")",
        "start train 10",
        "start valid 8",
        "items 5",
        "event Iteration",
        "end split",
        "epoch 1",
        "end training",
        "register recall.",
        "register auroc.",
    ] {
        assert!(screen.shows(passed_on), "{passed_on}");
    }
    assert!(!screen.shows("register confusion_matrix."));
    let id = |split: &str, name: &str| {
        let lines = screen.0.lock().unwrap();
        lines
            .iter()
            .any(|l| l.starts_with(split) && l.contains(&format!("id: \"{name}\"")))
    };
    for (split, name, shown) in [
        ("train", "f1_score", true),
        ("train", "recall", false),
        ("valid", "recall", true),
        ("train", "auroc", false),
        ("valid", "auroc", false),
        ("train", "confusion_matrix", false),
    ] {
        assert_eq!(id(split, name), shown, "{split} {name}");
    }
    for file in ["recall", "auroc", "confusion_matrix"] {
        let log = dir.path().join(format!("train/epoch-1/{file}.log"));
        assert!(log.exists(), "{file}");
    }

    EvaluatorBuilder::new(dir.path())
        .metrics(metrics.clone())
        .renderer(metrics.display(Box::new(screen.clone())))
        .with_application_logger(None)
        .build(result.model)
        .eval("set", Batches::new(&[4], 3, &device).loader());
    assert!(id("test", "auroc") && !id("test", "recall") && !id("test", "confusion_matrix"));
    for passed_on in [
        "1 tests",
        "start test set 4",
        "tested 4",
        "end test",
        "end tests",
    ] {
        assert!(screen.shows(passed_on), "{passed_on}");
    }
}

#[test]
fn names_that_collide_or_cannot_be_files_are_refused() {
    let named = |a: &str, b: &str| {
        MetricCollection::new()
            .named(a, Accuracy::multiclass(CLASSES))
            .named(b, F1Score::multiclass(CLASSES).average(Average::Micro))
    };
    let build = |a: &str, b: &str| LearnerMetrics::builder(named(a, b));
    let taken = |built: Result<_, MetricError>| match built.map(|_: LearnerMetrics<_>| ()) {
        Err(MetricError::DuplicateName(name)) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(taken(build("a", "a").build()), "a");
    assert_eq!(
        taken(
            build("a", "a_step")
                .log(Select::metric("a"), |log| log.on_step(OnStep::Every(1)))
                .build()
        ),
        "a_step"
    );
    assert_eq!(
        taken(build("a b", "a_b").build()),
        "a_b",
        "one file for both"
    );
    assert_eq!(
        taken(
            build("a", "ab")
                .log(Select::metric("a").valid(), |log| log.postfix("b"))
                .build()
        ),
        "ab"
    );
    // Across splits too: Burn has one definition for a name.
    let across = build("a", "b")
        .log(Select::metric("a").valid(), |log| log.prefix("x "))
        .log(Select::metric("b").valid(), |log| log.prefix("y "))
        .build();
    assert!(across.is_ok());
    let swapped = build("a", "aa")
        .log(Select::metric("a").valid(), |log| log.prefix("a"))
        .log(Select::metric("aa").valid(), |log| log.prefix("b"))
        .build();
    assert_eq!(taken(swapped), "aa");
    for name in ["valid/a", "a\nb", ""] {
        let error = build(name, "other").build().unwrap_err();
        assert!(matches!(error, MetricError::InvalidOption(_)), "{error}");
    }
    let unknown = build("a", "b")
        .log(Select::metric("c"), LogPolicy::hidden)
        .build();
    let known = ["a", "b"].map(String::from);
    assert_eq!(unknown.unwrap_err(), MetricError::unknown_name("c", known));
    let invalid = [
        build("a", "b").step_value(StepValue::Window(0)).build(),
        build("a", "b")
            .log(Select::all(), |log| log.precision(18))
            .build(),
    ];
    for built in invalid {
        assert!(matches!(built, Err(MetricError::InvalidOption(_))));
    }
}

#[test]
fn a_window_begins_with_the_epoch() {
    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let collection = MetricCollection::new().with(NegativeLogLikelihood::new());
    let metrics = LearnerMetrics::builder(collection)
        .on_step(OnStep::Every(1))
        .step_value(StepValue::Window(100))
        .build()
        .unwrap();
    let auto = device.clone().autodiff();
    let model = Model::new(&auto);
    SupervisedTraining::new(
        dir.path(),
        Batches::new(&[5; 3], 1, &auto).loader(),
        Batches::new(&[8], 2, &device).loader(),
    )
    .metrics(metrics)
    .with_metric_logger(InMemoryMetricLogger::new())
    .with_metric_logger(FileMetricLogger::new(dir.path()))
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(2)
    .launch(Learner::new(model.clone(), SgdConfig::new().init(), 0.5));
    let name = "negative_log_likelihood";
    for (epoch, dump) in model.train.all().chunks(3).enumerate() {
        let logged = FileMetricLogger::new(dir.path())
            .read_numeric(&format!("{name}_step"), epoch + 1, &Split::Train)
            .unwrap();
        let logged: Vec<f64> = logged.iter().map(NumericEntry::current).collect();
        let expected: Vec<f64> = (1..=3).map(|s| windowed(dump, name, s, 100)).collect();
        assert_close("window", &logged, &expected);
    }
}
