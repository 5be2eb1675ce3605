//! The Learner says what goes wrong where a person looks, and its numbers agree with Burn's.

use crate::process::{alone, command};
use burn::{
    optim::SgdConfig,
    tensor::{Device, Int, Tensor, TensorData},
    train::{
        ClassificationOutput, EvaluatorBuilder, Learner, RegressionOutput, SequenceOutput,
        SupervisedTraining,
        checkpoint::KeepLastNCheckpoints,
        logger::{
            EvaluationProgressLogger, FileMetricLogger, MetricLogger, TrainingProgressLogger,
        },
        metric::{Adaptor, MetricDefinition, store::Split},
        renderer::{
            CliMetricsRenderer, EvaluationName, MetricState, MetricsRenderer,
            MetricsRendererEvaluation, MetricsRendererTraining,
        },
    },
};
use metrics_burn::{
    EarlyStopping, LearnerMetrics, LogPolicy, MetricInput, MetricsCheckpoint, OnStep, Select,
    SplitKind, SplitReport, StepValue,
    loggers::{
        Csv, JsonLines, Record, RecordLogger, RecordValue, RecordWriter, TensorBoard,
        read_json_lines,
    },
    report::RunReport,
};
use metrics_core::{
    Metric, MetricCollection, MetricError, Value, custom_metric,
    prelude::{
        Accuracy, Auroc, Average, Binary, ConfusionMatrix, F1Score, Mean, Multiclass, Roc, Values,
    },
};
use metrics_tests::{
    devices,
    training::{Batches, CLASSES, GivenSteps, Model, STEPS, ten},
};
use std::{
    collections::BTreeSet,
    fs, io,
    path::Path,
    sync::{Arc, Mutex},
};
use tempfile::tempdir;

fn device() -> Device {
    devices().remove(0).1
}

fn learner(device: &Device) -> Learner<Model> {
    let auto = device.clone().autodiff();
    Learner::new(Model::new(&auto), SgdConfig::new().init(), 0.5)
}

/// A training without metrics: five batches and two to validate.
fn training(dir: &Path, device: &Device, epochs: usize) -> SupervisedTraining<Model> {
    let auto = device.clone().autodiff();
    let [train, valid] = STEPS.map(|steps| vec![8; steps as usize]);
    SupervisedTraining::new(
        dir,
        Batches::new(&train, 1, &auto).loader(),
        Batches::new(&valid, 2, device).loader(),
    )
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(epochs)
}

/// Another number of classes than the model has.
fn of_ten_classes() -> MetricCollection<Multiclass> {
    MetricCollection::new()
        .with(Accuracy::multiclass(10))
        .with(F1Score::multiclass(10))
}

// Row 20.

#[test]
fn a_batch_that_can_never_fit_ends_the_training_and_says_why() {
    let (device, dir) = (device(), tempdir().unwrap());
    let metrics = LearnerMetrics::new(of_ten_classes()).unwrap();
    let training = training(dir.path(), &device, 3).metrics(metrics.clone());
    let result = training.launch(learner(&device));
    let reason = result.interrupted.unwrap().reason.unwrap();
    for part in ["`accuracy`, `f1_score`", "10 classes", "has 4", "[8, 4]"] {
        assert!(reason.contains(part), "{reason}");
    }
    let results = metrics.results();
    assert!(results.epoch(SplitKind::Train, 2).is_none());
    let first = results.epoch(SplitKind::Train, 1).unwrap();
    assert_eq!((first.samples, first.complete), (0, false));
    assert!(reason.contains(first.first_failure.as_deref().unwrap()));
    let reasons: Vec<_> = first.report.errors().collect();
    assert_eq!(reasons.len(), 2);
    for (name, reason) in reasons {
        assert!(reason.contains("10 classes"), "{name}: {reason}");
    }
}

#[test]
fn who_is_lenient_goes_on_and_every_entry_says_why() {
    let (device, dir) = (device(), tempdir().unwrap());
    let metrics = LearnerMetrics::builder(of_ten_classes()).lenient();
    let metrics = metrics.build().unwrap();
    let result = training(dir.path(), &device, 2)
        .metrics(metrics.clone())
        .launch(learner(&device));
    assert!(result.interrupted.is_none() && result.error.is_none());
    for (kind, steps) in [(SplitKind::Train, 5), (SplitKind::Valid, 2)] {
        let last = metrics.results().epoch(kind, 2).unwrap();
        assert_eq!((last.failed_batches, last.complete), (steps, false));
        let said = last.report.errors().filter(|e| e.1.contains("10 classes"));
        assert_eq!(said.count(), 2);
    }
    let page = metrics.results().report().to_html();
    assert!(page.contains("left out 5 batches that did not fit the metrics: `accuracy`"));
}

#[test]
fn logits_of_several_classes_are_no_binary_batch() {
    let (device, dir) = (device(), tempdir().unwrap());
    let binary = MetricCollection::<Binary>::new().with(F1Score::binary());
    let metrics = LearnerMetrics::new(binary).unwrap();
    let result = training(dir.path(), &device, 1)
        .metrics(metrics.clone())
        .launch(learner(&device));
    let reason = result.interrupted.unwrap().reason.unwrap();
    assert!(
        reason.contains("[8, 4]") && reason.contains("two_logits"),
        "{reason}"
    );
}

#[test]
fn an_evaluation_ends_with_an_error() {
    let (device, dir) = (device(), tempdir().unwrap());
    let metrics = LearnerMetrics::new(of_ten_classes()).unwrap();
    let sets = ["one", "two"].map(|name| (name, Batches::new(&[4, 4], 3, &device).loader()));
    let result = EvaluatorBuilder::new(dir.path())
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .build(Model::new(&device))
        .eval_all(sets);
    let error = result.error.unwrap().to_string();
    assert!(error.contains("10 classes"), "{error}");
    let report = metrics.results().last(SplitKind::Test(0)).unwrap();
    assert!(!report.complete && metrics.results().last(SplitKind::Test(1)).is_none());
}

/// A batch of values out of range can be followed by others.
#[test]
fn invalid_values_do_not_end_the_training() {
    let (device, dir) = (device(), tempdir().unwrap());
    let metrics = LearnerMetrics::new(ten()).unwrap();
    let auto = device.clone().autodiff();
    let mut train = Batches::new(&[6, 6], 5, &auto);
    train.steps[0].1[2] = CLASSES as i64 + 3;
    let valid = Batches::new(&[6], 6, &device);
    let result = SupervisedTraining::new(dir.path(), train.loader(), valid.loader())
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .num_epochs(2)
        .launch(learner(&device));
    assert!(result.interrupted.is_none() && result.error.is_none());
    let report = metrics.results().epoch(SplitKind::Train, 2).unwrap();
    let (_, error) = report.report.errors().next().unwrap();
    for part in ["1 invalid target", "ignore_index", "Validation::Eager"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_first_failure_is_on_standard_error_once() {
    const CHILD: &str = "METRICS_TEST_CHILD";
    let name = "the_first_failure_is_on_standard_error_once";
    if std::env::var(CHILD).is_ok() {
        return who_is_lenient_goes_on_and_every_entry_says_why();
    }
    let output = command(module_path!(), name)
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.contains("10 classes"))
        .collect();
    assert_eq!(lines.len(), 1, "{said}");
    let line = lines[0];
    assert!(
        line.starts_with("metrics, train, epoch 1: a batch was left out"),
        "{line}"
    );
}

// Row 22.

#[test]
fn a_new_training_begins_anew() {
    let device = device();
    let metrics = LearnerMetrics::new(ten()).unwrap();
    for epochs in [4, 2] {
        let dir = tempdir().unwrap();
        training(dir.path(), &device, epochs)
            .metrics(metrics.clone())
            .launch(learner(&device));
        for kind in [SplitKind::Train, SplitKind::Valid] {
            let of_kind = metrics
                .results()
                .all()
                .into_iter()
                .filter(|r| r.split == kind);
            let numbers: Vec<_> = of_kind.map(|report| report.epoch).collect();
            assert_eq!(numbers, (1..=epochs).collect::<Vec<_>>());
        }
    }
    let best = metrics
        .results()
        .report()
        .best("accuracy", SplitKind::Valid);
    assert!(best.unwrap().epoch <= 2);
}

// Row 15.

fn losses<O: Adaptor<MetricInput<Values>>>(outputs: &[O]) -> f64 {
    let mut mean = Mean::new().state();
    for output in outputs {
        mean.update(output.adapt().batch().unwrap()).unwrap();
    }
    mean.compute().unwrap().scalar().unwrap()
}

#[test]
fn the_loss_of_a_batch_weighs_by_its_rows() {
    for (name, device) in devices() {
        let numbers = |values: &[f32]| Tensor::<1>::from_floats(values, &device);
        let ints = |n: usize| Tensor::<1, Int>::zeros([n], &device);
        let batches = [(0.5, 4), (0.7, 4), (2.4, 1)];
        let classified = batches.map(|(loss, n)| {
            let output = Tensor::zeros([n, 3], &device);
            ClassificationOutput::new(numbers(&[loss]), output, ints(n))
        });
        assert!((losses(&classified) - 0.8).abs() < 1e-6, "{name}");
        let regressed = batches.map(|(loss, n)| {
            let output = Tensor::zeros([n, 2], &device);
            RegressionOutput::new(numbers(&[loss]), output.clone(), output)
        });
        assert!((losses(&regressed) - 0.8).abs() < 1e-6, "{name}");
        // Losses of rows have no weight but their own.
        let rows = [vec![1.0, 3.0], vec![5.0]].map(|loss| {
            let n = loss.len();
            ClassificationOutput::new(numbers(&loss), Tensor::zeros([n, 3], &device), ints(n))
        });
        assert!((losses(&rows) - 3.0).abs() < 1e-6, "{name}");
    }
}

// Rows 26 and 15.

/// The mean of the losses of all rows.
fn mean_loss(dump: &[(Vec<f32>, Vec<i64>)]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for (scores, target) in dump {
        for (row, class) in scores.chunks(CLASSES).zip(target) {
            let total: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
            sum += total.ln() - f64::from(row[*class as usize]);
            count += 1;
        }
    }
    sum / count as f64
}

#[test]
fn the_loss_stands_beside_the_metrics() {
    for (name, device) in devices() {
        let dir = tempdir().unwrap();
        let auto = device.clone().autodiff();
        let metrics = LearnerMetrics::builder(ten())
            .loss()
            .log(Select::all().train(), |log| {
                log.on_step(OnStep::Every(2)).step_value(StepValue::Running)
            })
            .build()
            .unwrap();
        let model = Model::new(&auto);
        let json = JsonLines::create(dir.path().join("a.jsonl"), "run").unwrap();
        let stop = EarlyStopping::new(&metrics, "loss", 50).unwrap();
        let result = SupervisedTraining::new(
            dir.path(),
            Batches::new(&[17, 5, 32, 9, 1], 1, &auto).loader(),
            Batches::new(&[8, 21], 2, &device).loader(),
        )
        .metrics(metrics.clone())
        .with_metric_logger(FileMetricLogger::new(dir.path()))
        .with_metric_logger(json)
        .early_stopping(stop)
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .num_epochs(2)
        .launch(Learner::new(model.clone(), SgdConfig::new().init(), 0.5));
        assert!(result.error.is_none(), "{name}: {:?}", result.error);
        let results = metrics.results();
        assert_eq!(results.metrics()[0].name, "loss");
        assert_eq!(results.metrics()[0].higher_is_better, Some(false));
        let (train, valid) = (model.train.all(), model.valid.all());
        for epoch in 1..=2 {
            let report = results.epoch(SplitKind::Valid, epoch).unwrap();
            let loss = report.report.scalar("loss").unwrap();
            let expected = mean_loss(&valid[2 * epoch - 2..2 * epoch]);
            assert!((loss - expected).abs() < 1e-5, "{name}: {loss}, {expected}");
            assert_eq!(report.report.entries.len(), 11);
        }
        let records = read_json_lines(dir.path().join("a.jsonl")).unwrap();
        let step = records
            .iter()
            .find(|r| r.name == "loss_step" && r.step == Some(4));
        let expected = mean_loss(&train[..4]);
        let logged = step.unwrap().value.number().unwrap();
        assert!(
            (logged - expected).abs() < 1e-5,
            "{name}: {logged}, {expected}"
        );
        let mut burns = FileMetricLogger::new(dir.path());
        let stored = burns.read_numeric("loss_epoch", 2, &Split::Valid).unwrap();
        assert_eq!(stored.len(), 1);
        assert!(results.report().to_html().contains("loss"), "on the page");
        assert!(results.report().to_markdown().contains("| loss |"));
    }
}

#[test]
fn losses_of_sequences_weigh_by_unpadded_tokens() {
    let device = device();
    let pad = 0;
    let output = |loss: f32, targets: [i64; 3]| {
        let targets =
            Tensor::<2, Int>::from_data(TensorData::new(targets.to_vec(), [1, 3]), &device);
        let logits = Tensor::<3>::zeros([1, 3, 5], &device);
        let loss = Tensor::<1>::from_floats([loss], &device);
        SequenceOutput::new(loss, logits, None, targets)
    };
    let (dir, outputs) = (
        tempdir().unwrap(),
        [output(1.0, [1, 2, 3]), output(4.0, [4, 0, 0])],
    );
    let metrics = LearnerMetrics::builder(
        MetricCollection::<Multiclass>::new().with(Accuracy::multiclass(5).ignore_index(pad)),
    )
    .loss()
    .pad_token(pad)
    .build()
    .unwrap();
    sequences::train(dir.path(), &device, &metrics, outputs);
    let report = metrics.results().epoch(SplitKind::Train, 1).unwrap();
    assert_eq!(report.report.scalar("loss"), Some(7.0 / 4.0));
    assert_eq!(report.batches, 2);
}

/// A model whose outputs are given.
mod sequences {
    use super::*;
    use burn::{
        module::{Module, Param},
        optim::GradientsParams,
        train::{InferenceStep, TrainOutput, TrainStep},
    };

    #[derive(Module, Debug)]
    struct Given {
        weight: Param<Tensor<1>>,
    }

    type Step = (Tensor<1>, Tensor<3>, Tensor<2, Int>);

    impl TrainStep for Given {
        type Input = Step;
        type Output = SequenceOutput;
        fn step(&self, (loss, logits, targets): Step) -> TrainOutput<SequenceOutput> {
            TrainOutput {
                grads: GradientsParams::new(),
                item: SequenceOutput::new(loss, logits, None, targets),
            }
        }
    }

    impl InferenceStep for Given {
        type Input = Step;
        type Output = SequenceOutput;
        fn step(&self, (loss, logits, targets): Step) -> SequenceOutput {
            SequenceOutput::new(loss, logits, None, targets)
        }
    }

    pub fn train(
        dir: &Path,
        device: &Device,
        metrics: &LearnerMetrics<Multiclass>,
        outputs: [SequenceOutput; 2],
    ) {
        let steps = outputs.map(|output| (output.loss, output.logits, output.targets));
        let loader = || GivenSteps::loader(&steps);
        let auto = device.clone().autodiff();
        let model = Given {
            weight: Param::from_tensor(Tensor::zeros([1], &auto)),
        };
        let result = SupervisedTraining::new(dir, loader(), loader())
            .metrics(metrics.clone())
            .renderer(Box::new(CliMetricsRenderer::new()))
            .with_application_logger(None)
            .num_epochs(1)
            .launch(Learner::new(model, SgdConfig::new().init(), 0.5));
        assert!(result.error.is_none(), "{:?}", result.error);
    }
}

// Row 25.

#[test]
fn an_epoch_without_a_value_does_not_use_up_the_patience() {
    let (device, dir) = (device(), tempdir().unwrap());
    let values = [
        Some(0.5),
        None,
        None,
        None,
        None,
        Some(0.6),
        Some(0.4),
        None,
        Some(0.3),
    ];
    let epoch = Arc::new(Mutex::new(0));
    let scripted = custom_metric(
        "scripted",
        1,
        |batch: &Multiclass| batch.target().clone().float().ones_like().sum(),
        move |sums: &[f64]| {
            // 16 rows to validate, 40 to train on.
            if sums[0] != 16.0 {
                return Ok(1.0.into());
            }
            let mut epoch = epoch.lock().unwrap();
            *epoch += 1;
            let value = values.get(*epoch - 1).copied().flatten();
            value
                .map(Value::Scalar)
                .ok_or(MetricError::Custom("all were ignored".into()))
        },
    );
    let scripted = scripted.with_higher_is_better(true);
    let metrics = LearnerMetrics::new(MetricCollection::new().with(scripted)).unwrap();
    let stop = EarlyStopping::new(&metrics, "scripted", 2).unwrap();
    training(dir.path(), &device, 30)
        .metrics(metrics.clone())
        .early_stopping(stop)
        .launch(learner(&device));
    let last = metrics.results().last(SplitKind::Valid).unwrap();
    assert_eq!(
        last.epoch, 9,
        "0.4 and 0.3 are two epochs without improvement"
    );
}

#[test]
fn early_stopping_refuses_what_it_cannot_judge() {
    let undirected = custom_metric(
        "undirected",
        1,
        |batch: &Multiclass| batch.target().clone().float().sum(),
        |_: &[f64]| Ok(1.0.into()),
    );
    let metrics = LearnerMetrics::new(ten().with(undirected)).unwrap();
    for (name, patience, part) in [
        ("undirected", 3, "direction"),
        ("accuracy", 0, "the least is 1"),
        ("confusion_matrix", 3, "number per epoch"),
        ("acuracy", 3, "`accuracy`"),
    ] {
        let error = EarlyStopping::new(&metrics, name, patience).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}

// Row 27.

fn evaluator(
    dir: &Path,
    metrics: &LearnerMetrics<Multiclass>,
) -> EvaluatorBuilder<burn::train::EvaluatorComponentTypesMarker<Model>> {
    EvaluatorBuilder::new(dir)
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
}

/// Keeps the names that it hears.
#[derive(Clone, Default)]
struct Hears(Arc<Mutex<Vec<String>>>);

impl EvaluationProgressLogger for Hears {
    fn start_global_progress(&mut self, _: usize) {}
    fn start_test(&mut self, name: &str, _: usize) {
        self.0.lock().unwrap().push(name.into());
    }
    fn update_test_progress(&mut self, _: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _: String) {}
}

#[test]
fn test_sets_keep_their_names() {
    let (device, hears) = (device(), Hears::default());
    let sets = || {
        let sizes: [(&str, &[usize]); 4] = [
            ("none", &[]),
            ("held out", &[7, 3]),
            ("street", &[2]),
            ("test", &[4]),
        ];
        sizes.map(|(name, sizes)| (name, Batches::new(sizes, 3, &device).loader()))
    };
    for display in [false, true] {
        let dir = tempdir().unwrap();
        let metrics = LearnerMetrics::new(ten()).unwrap();
        let builder = evaluator(dir.path(), &metrics);
        let builder = if display {
            builder.renderer(metrics.display(Box::new(CliMetricsRenderer::new())))
        } else {
            builder.with_progress_logger(metrics.progress_with(hears.clone()))
        };
        builder.build(Model::new(&device)).eval_all(sets());
        let results = metrics.results();
        let all: Vec<_> = (results.all().iter())
            .map(|report| {
                (
                    report.name.clone().unwrap(),
                    report.samples,
                    report.complete,
                )
            })
            .collect();
        let expected = [("none", 0), ("held out", 10), ("street", 2), ("test", 4)];
        let names: Vec<_> = all.iter().map(|(name, n, _)| (name.as_str(), *n)).collect();
        assert_eq!(names, expected);
        assert!(all.iter().skip(1).all(|(_, _, complete)| *complete));
        assert_eq!(results.test("street").unwrap().samples, 2);
        let kept = Kept::default();
        let logger = RecordLogger::new(kept.clone(), "run");
        for report in results.all() {
            logger.report(&report);
        }
        let splits: BTreeSet<_> = kept
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|r| r.split.clone())
            .collect();
        let expected = ["test", "test-held out", "test-street"].map(String::from);
        assert_eq!(splits, BTreeSet::from(expected));
        let page = results.report();
        assert!(page.to_html().contains("test-held out"));
        assert!(page.to_markdown().contains("test-street"));
    }
    assert_eq!(
        *hears.0.lock().unwrap(),
        ["none", "held out", "street", "test"]
    );
}

#[test]
fn an_evaluation_without_names_is_as_before() {
    let (device, dir) = (device(), tempdir().unwrap());
    let metrics = LearnerMetrics::new(ten()).unwrap();
    let sets =
        [("a", 3), ("b", 5)].map(|(n, size)| (n, Batches::new(&[size], 3, &device).loader()));
    evaluator(dir.path(), &metrics)
        .build(Model::new(&device))
        .eval_all(sets);
    let labels: Vec<_> = metrics
        .results()
        .all()
        .iter()
        .map(SplitReport::label)
        .collect();
    assert_eq!(labels, ["test", "test-2"]);
}

/// Keeps records.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Record>>>);

impl RecordWriter for Kept {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        self.0.lock().unwrap().push(record.clone());
        Ok(())
    }
}

// Row 21.

#[test]
fn a_report_is_logged_as_its_split_is() {
    let (device, dir, kept) = (device(), tempdir().unwrap(), Kept::default());
    let metrics = LearnerMetrics::builder(ten())
        .on_step(OnStep::Every(2))
        .log(Select::metric("accuracy"), |log| log.percent())
        .log(Select::all().test(), |log| log.prefix("final "))
        .log(Select::metric("recall"), |log| log.on_epoch(false))
        .build()
        .unwrap();
    let logger = RecordLogger::new(kept.clone(), "run");
    training(dir.path(), &device, 1)
        .metrics(metrics.clone())
        .with_metric_logger(logger.clone())
        .launch(learner(&device));
    evaluator(dir.path(), &metrics)
        .build(Model::new(&device))
        .eval("test", Batches::new(&[40], 3, &device).loader());
    let test = metrics.results().last(SplitKind::Test(0)).unwrap();
    kept.0
        .lock()
        .unwrap()
        .retain(|record| record.step.is_none());
    logger.report(&test);
    logger.report(&metrics.results().last(SplitKind::Valid).unwrap());
    let records = kept.0.lock().unwrap().clone();
    let of = |split: &str| -> Vec<_> {
        let of = records.iter().filter(move |r| r.split == split);
        of.map(|r| (r.name.clone(), r.unit.clone(), r.value.clone()))
            .collect()
    };
    let valid = of("valid");
    let (by_burn, by_report) = valid.split_at(valid.len() / 2);
    let sorted = |rows: &[(String, Option<String>, RecordValue)]| {
        let mut rows = rows.to_vec();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    };
    assert_eq!(sorted(by_burn), sorted(by_report), "however it is logged");
    assert!(by_burn.iter().all(|(name, ..)| !name.starts_with("recall")));
    let tested = of("test");
    let names: Vec<_> = tested.iter().map(|(name, ..)| name.as_str()).collect();
    assert!(names.contains(&"final auroc_epoch") && !names.contains(&"final recall_epoch"));
    let accuracy = tested
        .iter()
        .find(|(name, ..)| name == "final accuracy_epoch");
    let (_, unit, value) = accuracy.unwrap();
    assert_eq!(unit.as_deref(), Some("%"));
    let share = test.report.scalar("accuracy").unwrap();
    assert_eq!(value.number(), Some(100.0 * share));
}

#[test]
fn a_unit_is_beside_the_value_in_every_file() {
    let (device, dir) = (device(), tempdir().unwrap());
    let metrics = LearnerMetrics::builder(ten())
        .log(Select::metric("accuracy"), LogPolicy::percent)
        .build()
        .unwrap();
    let (json, csv) = (dir.path().join("a.jsonl"), dir.path().join("a.csv"));
    training(dir.path(), &device, 1)
        .metrics(metrics)
        .with_metric_logger(JsonLines::create(&json, "run").unwrap())
        .with_metric_logger(Csv::create(&csv, "run").unwrap())
        .launch(learner(&device));
    let records = read_json_lines(&json).unwrap();
    for record in &records {
        let unit = (record.name == "accuracy").then_some("%");
        assert_eq!(record.unit.as_deref(), unit);
    }
    let text = fs::read_to_string(&csv).unwrap();
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains(",accuracy,"))
        .collect();
    assert!(
        lines.len() == 2 && lines.iter().all(|line| line.ends_with(",%")),
        "{lines:?}"
    );
    Csv::append(&csv, "run").unwrap();
}

#[test]
fn hyper_parameters_by_an_unknown_metric_are_said() {
    let (device, dir) = (device(), tempdir().unwrap());
    let metrics = LearnerMetrics::new(ten()).unwrap();
    let known = metrics.metric("f1_score").unwrap();
    for (name, errors) in [("f1", 1), (known.as_str(), 0)] {
        let board = TensorBoard::create(dir.path().join(name)).unwrap();
        let rate = [("rate", 0.1.into())];
        board.hyper_parameters(&rate, &[("valid", name)]).unwrap();
        let run = tempdir().unwrap();
        training(run.path(), &device, 1)
            .metrics(metrics.clone())
            .with_metric_logger(board.clone())
            .launch(learner(&device));
        assert_eq!(board.errors(), errors);
        let said = board.last_error().unwrap_or_default();
        assert!(
            errors == 0 || said.contains("`f1`") && said.contains("`f1_score`"),
            "{said}"
        );
    }
}

// Rows 24, 50 and 51.

fn policy() -> LearnerMetrics<Multiclass> {
    LearnerMetrics::builder(ten().named("top_2", Accuracy::multiclass(CLASSES).top_k(2)))
        .loss()
        .on_step(OnStep::Every(3))
        .build()
        .unwrap()
}

/// Trains to an epoch with checkpoints, after what is there already.
fn train_to(
    dir: &Path,
    device: &Device,
    epochs: usize,
) -> (LearnerMetrics<Multiclass>, Option<usize>) {
    let metrics = policy();
    let json = JsonLines::append(dir.join("a.jsonl"), "run").unwrap();
    let checkpoints = metrics.checkpoints(dir).log(&json).resume_latest().unwrap();
    let resumed = checkpoints.resumed();
    let result = training(dir, device, epochs)
        .metrics(checkpoints)
        .with_metric_logger(FileMetricLogger::new(dir))
        .with_metric_logger(json)
        .launch(learner(device));
    assert!(result.error.is_none(), "{:?}", result.error);
    (metrics, resumed)
}

#[test]
fn a_resumed_training_is_as_one_that_never_stopped() {
    for (name, device) in devices() {
        let (whole, cut) = (tempdir().unwrap(), tempdir().unwrap());
        let (expected, none) = train_to(whole.path(), &device, 6);
        assert_eq!(none, None, "{name}");
        train_to(cut.path(), &device, 3);
        let (resumed, after) = train_to(cut.path(), &device, 6);
        assert_eq!(after, Some(3), "{name}");
        let values = |metrics: &LearnerMetrics<Multiclass>| {
            let all = metrics.results().all().into_iter();
            all.map(|r| (r.split, r.epoch, r.batches, r.report))
                .collect::<Vec<_>>()
        };
        assert_eq!(values(&resumed), values(&expected), "{name}");
        let records = |dir: &Path| read_json_lines(dir.join("a.jsonl")).unwrap();
        let steps = |records: &[Record]| -> Vec<_> {
            let steps = records.iter().filter(|r| r.step.is_some());
            steps.map(|r| (r.epoch, r.step, r.name.clone())).collect()
        };
        let (a, b) = (records(cut.path()), records(whole.path()));
        assert_eq!(
            steps(&a),
            steps(&b),
            "{name}: 5 steps an epoch, of which the third is logged"
        );
        assert_eq!(a, b, "{name}");
        let mut burns = FileMetricLogger::new(cut.path());
        for epoch in 1..=6 {
            let stored = burns
                .read_numeric("accuracy_epoch", epoch, &Split::Valid)
                .unwrap();
            let own = resumed.results().epoch(SplitKind::Valid, epoch).unwrap();
            let last = stored.last().unwrap().current();
            assert_eq!(
                Some(last),
                own.report.scalar("accuracy"),
                "{name}: epoch {epoch}"
            );
        }
        let kept = policy().checkpoints(cut.path()).saved_epochs();
        assert_eq!(kept, [5, 6], "{name}: two are kept");
    }
}

#[test]
fn what_does_not_fit_a_checkpoint_is_an_error() {
    let (device, dir) = (device(), tempdir().unwrap());
    train_to(dir.path(), &device, 2);
    let refused = |metrics: LearnerMetrics<Multiclass>, epoch: usize| {
        let resumed = metrics.checkpoints(dir.path()).resume(epoch);
        resumed.map(|_| ()).unwrap_err().to_string()
    };
    let other = refused(policy(), 7);
    assert!(
        other.contains("epoch 7") && other.contains("[1, 2]"),
        "{other}"
    );
    let names = LearnerMetrics::new(ten()).unwrap();
    let names = refused(names, 2);
    assert!(names.contains("accuracy"), "{names}");
    for asked in [9, 2] {
        let two = Accuracy::multiclass(CLASSES).top_k(2);
        let first = LearnerMetrics::builder(ten().named("top_2", two)).loss();
        let first = refused(first.first_epoch(asked).build().unwrap(), 2);
        let said = first.replace('_', " ").contains("first epoch");
        assert!(said && first.contains(&asked.to_string()), "{first}");
    }

    let file = dir.path().join("checkpoint/metrics-2.json");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let torn = refused(policy(), 2);
    assert!(
        torn.contains("ends in the middle") && torn.contains("metrics-2.json"),
        "{torn}"
    );
    fs::write(&file, b"{}").unwrap();
    let damaged = refused(policy(), 2);
    assert!(damaged.contains("damaged"), "{damaged}");
    fs::copy(dir.path().join("checkpoint/metrics-1.json"), &file).unwrap();
    let mixed = refused(policy(), 2);
    assert!(
        mixed.contains("epoch 2") && mixed.contains("epoch 3"),
        "{mixed}"
    );
    fs::remove_file(dir.path().join("checkpoint/optim-2.bpk")).unwrap();
    let missing = refused(policy(), 2);
    assert!(missing.contains("optim-2.bpk"), "{missing}");
    let latest = policy().checkpoints(dir.path()).resume_latest().unwrap();
    assert_eq!(latest.resumed(), Some(1), "the last one that is whole");
}

#[test]
fn a_checkpoint_of_other_options_is_refused() {
    let (device, dir) = (device(), tempdir().unwrap());
    let with = |top_k: usize| {
        let metrics =
            MetricCollection::new().named("accuracy", Accuracy::multiclass(CLASSES).top_k(top_k));
        LearnerMetrics::new(metrics).unwrap()
    };
    let metrics = with(1);
    let saving = metrics.checkpoints(dir.path());
    training(dir.path(), &device, 1)
        .metrics(saving)
        .launch(learner(&device));
    assert!(with(1).checkpoints(dir.path()).resume(1).is_ok());
    let refused = with(2).checkpoints(dir.path()).resume(1);
    assert!(refused.is_err());
    // Options that the state does not have.
    let beta = |beta: f64| {
        let metric = metrics_core::prelude::FBetaScore::multiclass(CLASSES).beta(beta);
        LearnerMetrics::new(MetricCollection::new().named("f", metric)).unwrap()
    };
    let other = tempdir().unwrap();
    let saving = beta(2.0).checkpoints(other.path());
    training(other.path(), &device, 1)
        .metrics(saving)
        .launch(learner(&device));
    assert!(beta(2.0).checkpoints(other.path()).resume(1).is_ok());
    let refused = beta(0.5).checkpoints(other.path()).resume(1);
    let refused = refused.map(|_| ()).unwrap_err().to_string();
    assert!(
        refused.contains("`f`") && refused.contains("0.5"),
        "{refused}"
    );
    // By hand, too.
    let saved = MetricsCheckpoint::read(dir.path().join("checkpoint/metrics-1.json")).unwrap();
    let other = MetricCollection::new().named("accuracy", Accuracy::multiclass(CLASSES).top_k(2));
    assert!(
        LearnerMetrics::builder(other)
            .resume(saved)
            .build()
            .is_err()
    );
}

#[test]
fn burns_epoch_is_the_metrics() {
    let device = device();
    let dir = tempdir().unwrap();
    train_to(dir.path(), &device, 3);
    // Resumed by hand, without the metrics' checkpoint.
    let resumed = |metrics: &LearnerMetrics<Multiclass>| {
        training(dir.path(), &device, 4)
            .metrics(metrics.clone())
            .with_default_checkpointers()
            .with_checkpointing_strategy(KeepLastNCheckpoints::new(2))
            .with_progress_logger(metrics.progress())
            .checkpoint(3)
            .launch(learner(&device))
    };
    let metrics = policy();
    resumed(&metrics);
    let last = metrics.results().last(SplitKind::Valid).unwrap();
    assert_eq!(last.epoch, 4, "as Burn's");
    let other = LearnerMetrics::builder(ten())
        .first_epoch(2)
        .build()
        .unwrap();
    let reason = resumed(&other).interrupted.unwrap().reason.unwrap();
    assert!(
        reason.contains("epoch 4") && reason.contains("epoch 2"),
        "{reason}"
    );
}

/// Takes its time, and notes how much it has been given when a checkpoint waits for it.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Given>>);

#[derive(Default)]
struct Given {
    /// The epochs of the records.
    epochs: Vec<usize>,
    /// How many records there were at each checkpoint.
    at_checkpoints: Vec<usize>,
}

impl RecordWriter for Slow {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        std::thread::sleep(std::time::Duration::from_millis(2));
        let mut kept = self.0.lock().unwrap();
        kept.epochs.push(record.epoch);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap();
        let written = kept.epochs.len();
        kept.at_checkpoints.push(written);
        Ok(())
    }
}

#[test]
fn what_is_logged_is_written_before_a_checkpoint_says_so() {
    let (device, dir, slow) = (device(), tempdir().unwrap(), Slow::default());
    let metrics = LearnerMetrics::builder(ten())
        .on_step(OnStep::Every(1))
        .build()
        .unwrap();
    let logger = RecordLogger::new(slow.clone(), "run");
    let saving = metrics.checkpoints(dir.path()).log(&logger);
    training(dir.path(), &device, 3)
        .metrics(saving)
        .with_metric_logger(logger)
        .launch(learner(&device));
    let kept = slow.0.lock().unwrap();
    for (epoch, written) in (1..).zip(&kept.at_checkpoints) {
        let of_epoch = |all: &[usize]| all.iter().filter(|own| **own == epoch).count();
        let all = of_epoch(&kept.epochs);
        let before = of_epoch(&kept.epochs[..*written]);
        assert!(all > 0 && before == all, "epoch {epoch}: {before} of {all}");
    }
    assert_eq!(kept.at_checkpoints.len(), 3);
}

#[test]
fn a_checkpoint_is_replaced_as_a_whole() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("below/metrics.json");
    let checkpoint = policy().checkpoint().unwrap();
    checkpoint.write(&path).unwrap();
    let written = fs::read(&path).unwrap();
    checkpoint.write(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), written);
    assert_eq!(MetricsCheckpoint::read(&path).unwrap(), checkpoint);
    let files: Vec<_> = fs::read_dir(dir.path().join("below")).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing is left beside it");
    let below = path.join("no/directory.json");
    let error = checkpoint.write(&below).unwrap_err().to_string();
    assert!(error.contains("directory.json"), "{error}");
    let missing = MetricsCheckpoint::read(dir.path().join("none.json")).unwrap_err();
    assert!(missing.to_string().contains("none.json"), "{missing}");
}

// Row 23.

#[test]
fn curves_are_thin_in_logs_and_whole_in_results() {
    let (device, dir) = (Device::flex(), tempdir().unwrap());
    let auto = device.clone().autodiff();
    let collection = MetricCollection::new()
        .with(Roc::multiclass(CLASSES))
        .with(Auroc::multiclass(CLASSES))
        .with(ConfusionMatrix::multiclass(CLASSES));
    let metrics = LearnerMetrics::new(collection).unwrap();
    let (json, csv) = (dir.path().join("a.jsonl"), dir.path().join("a.csv"));
    let saving = metrics.checkpoints(dir.path());
    let lines = JsonLines::create(&json, "run").unwrap();
    SupervisedTraining::new(
        dir.path(),
        Batches::new(&[1_100; 5], 1, &auto).loader(),
        Batches::new(&[64], 2, &device).loader(),
    )
    .metrics(saving)
    .with_metric_logger(FileMetricLogger::new(dir.path()))
    .with_metric_logger(lines.clone())
    .with_metric_logger(Csv::create(&csv, "run").unwrap())
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(3)
    .launch(learner(&device));
    let last = metrics.results().last(SplitKind::Train).unwrap();
    lines.report(&last);
    let vertices = |value: &Value| {
        value
            .curves()
            .unwrap()
            .iter()
            .map(|c| c.x.len())
            .sum::<usize>()
    };
    let whole = vertices(last.report.get("roc").unwrap());
    assert!(whole > 5_000, "the value keeps every vertex: {whole}");
    let records = read_json_lines(&json).unwrap();
    let logged = |r: &Record| match &r.value {
        RecordValue::Value(value) if r.name == "roc" => Some(vertices(value)),
        _ => None,
    };
    let logged: Vec<_> = records.iter().filter_map(logged).collect();
    assert_eq!(logged.len(), 7);
    assert!(logged.iter().all(|n| *n < 2_000), "{logged:?}");
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert!(size(&csv) < 2_000, "numbers only");
    let table = fs::read_to_string(&csv).unwrap();
    assert!(!table.contains(",roc,") && !table.contains("confusion_matrix"));
    let burns = dir.path().join("train/epoch-3/roc.log");
    assert!(size(&burns) < 200_000, "{}", size(&burns));
    // Of earlier epochs, a checkpoint has what can be seen.
    let saved = MetricsCheckpoint::read(dir.path().join("checkpoint/metrics-3.json")).unwrap();
    let resumed = LearnerMetrics::builder(
        MetricCollection::new()
            .with(Roc::multiclass(CLASSES))
            .with(Auroc::multiclass(CLASSES))
            .with(ConfusionMatrix::multiclass(CLASSES)),
    );
    let resumed = resumed.resume(saved).build().unwrap().results();
    let of = |epoch| resumed.epoch(SplitKind::Train, epoch).unwrap().report;
    assert_eq!(vertices(of(3).get("roc").unwrap()), whole);
    assert!(vertices(of(1).get("roc").unwrap()) < 2_000);
    assert_eq!(
        of(1).scalar("auroc"),
        metrics
            .results()
            .epoch(SplitKind::Train, 1)
            .unwrap()
            .report
            .scalar("auroc")
    );
}

// Row 28.

/// Keeps the texts that the display is given, and the names that it registers.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<(Vec<String>, Vec<String>)>>);

impl Shown {
    fn add(&mut self, state: MetricState) {
        let (MetricState::Generic(entry) | MetricState::Numeric(entry, _)) = state;
        self.0
            .lock()
            .unwrap()
            .0
            .push(entry.serialized_entry.formatted);
    }
}

impl MetricsRendererTraining for Shown {
    fn update_train(&mut self, state: MetricState) {
        self.add(state);
    }
    fn update_valid(&mut self, state: MetricState) {
        self.add(state);
    }
}

impl MetricsRendererEvaluation for Shown {
    fn update_test(&mut self, _: EvaluationName, state: MetricState) {
        self.add(state);
    }
}

impl MetricsRenderer for Shown {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, definition: MetricDefinition) {
        self.0.lock().unwrap().1.push(definition.name.to_string());
    }
}

impl TrainingProgressLogger for Shown {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}
    fn update_epoch(&mut self, _: usize) {}
    fn start_split(&mut self, _: &str, _: usize) {}
    fn update_split(&mut self, _: usize) {}
    fn end_split(&mut self) {}
    fn end(&mut self) {}
    fn log_event_training(&mut self, _: String) {}
}

impl EvaluationProgressLogger for Shown {
    fn start_global_progress(&mut self, _: usize) {}
    fn start_test(&mut self, _: &str, _: usize) {}
    fn update_test_progress(&mut self, _: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _: String) {}
}

#[test]
fn texts_in_the_display_are_short() {
    let (device, dir, shown) = (device(), tempdir().unwrap(), Shown::default());
    let long = ten()
        .with(Roc::multiclass(CLASSES))
        .named(
            "per_class",
            F1Score::multiclass(CLASSES).average(Average::None),
        )
        .class_names([
            "a".repeat(60),
            "b".repeat(60),
            "c".repeat(60),
            "d".repeat(60),
        ]);
    let metrics = LearnerMetrics::new(long).unwrap();
    training(dir.path(), &device, 1)
        .metrics(metrics)
        .renderer(Box::new(shown.clone()))
        .launch(learner(&device));
    let texts = &shown.0.lock().unwrap().0;
    assert!(texts.len() > 20);
    for text in texts {
        assert!(text.chars().count() <= 110, "{text}");
    }
}

#[test]
fn validation_has_no_rows_for_steps_unless_asked() {
    let (device, dir, kept) = (device(), tempdir().unwrap(), Kept::default());
    let metrics = LearnerMetrics::builder(ten())
        .on_step(OnStep::Every(3))
        .build()
        .unwrap();
    training(dir.path(), &device, 2)
        .metrics(metrics)
        .with_metric_logger(RecordLogger::new(kept.clone(), "run"))
        .launch(learner(&device));
    let records = kept.0.lock().unwrap();
    let steps = |split: &str| {
        records
            .iter()
            .filter(|r| r.split == split && r.step.is_some())
            .count()
    };
    assert!(steps("train") > 0 && steps("valid") == 0);
}

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Listens;

impl log::Log for Listens {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }
    fn log(&self, record: &log::Record) {
        let text = format!("{}: {}", record.target(), record.args());
        WARNINGS.lock().unwrap().push(text);
    }
    fn flush(&self) {}
}

#[test]
fn pictures_warn_of_nothing() {
    alone!(pictures_warn_of_nothing);
    log::set_logger(&Listens).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let (device, dir) = (device(), tempdir().unwrap());
    let collection = ten()
        .with(Roc::multiclass(CLASSES))
        .with(metrics_core::prelude::PrecisionRecallCurve::multiclass(
            CLASSES,
        ))
        .with(metrics_core::prelude::ReliabilityDiagram::multiclass(
            CLASSES,
        ))
        .class_names(["cat", "dog", "Ω", "кот"]);
    let metrics = LearnerMetrics::new(collection).unwrap();
    training(dir.path(), &device, 2)
        .metrics(metrics.clone())
        .with_metric_logger(TensorBoard::create(dir.path().join("board")).unwrap())
        .launch(learner(&device));
    let report = metrics.results().report();
    let format = metrics_burn::report::PlotFormat::Png;
    report
        .write_plots(dir.path().join("plots"), format)
        .unwrap();
    let warnings = WARNINGS.lock().unwrap();
    let of_libraries: Vec<_> = warnings
        .iter()
        .filter(|w| !w.starts_with("metrics"))
        .collect();
    assert!(of_libraries.is_empty(), "{of_libraries:?}");
}

// Row 47.

#[test]
fn names_are_no_markup_and_no_formulas() {
    let name = "<img src=x>|f1";
    let collection = MetricCollection::new()
        .with(ConfusionMatrix::multiclass(2))
        .named(name, F1Score::multiclass(2).average(Average::None));
    let mut metrics = collection.clone();
    let labels = || Tensor::<1, Int>::from_ints([0, 1, 1], &device());
    metrics
        .update(&Multiclass::from_labels(labels(), labels()).unwrap())
        .unwrap();
    let mut epoch = SplitReport::new(SplitKind::Test(0), 1, metrics.compute().unwrap());
    epoch.name = Some("<b>|set".into());
    let page = RunReport::from_parts(metrics.metrics(), vec![epoch]);
    for text in [page.to_markdown(), page.to_html()] {
        assert!(!text.contains("<img") && !text.contains("<b>"), "{text}");
    }
    let markdown = page.to_markdown();
    let table: Vec<_> = markdown
        .lines()
        .skip_while(|l| !l.starts_with("| class"))
        .take(3)
        .collect();
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    assert_eq!(cells(table[0]), cells(table[1]), "{table:?}");

    let dir = tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let names = ["=1+1", "+x", "-x", "@sum", "'=1", "plain"];
    let log = Csv::create(&path, "=run").unwrap();
    for name in names {
        log.epoch("train", 1, name, -0.5);
    }
    drop(log);
    let mut reader = csv::Reader::from_path(&path).unwrap();
    for row in reader.records().map(Result::unwrap) {
        for cell in row.iter() {
            let formula = cell.starts_with(['=', '+', '-', '@']);
            assert!(!formula || cell.parse::<f64>().is_ok(), "{cell}");
        }
    }
    let mut log = Csv::append(&path, "=run").unwrap();
    for name in names {
        let known = log.read_numeric(name, 1, &Split::Train).unwrap();
        assert_eq!(known.len(), 1, "{name} is read back as it was");
    }
}

// Row 48.

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_refused_at_once() {
    // Nobody can create a file there, whatever the permissions.
    let dir = Path::new("/proc/self/fdinfo");
    let error = TensorBoard::create(dir).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("/proc/self/fdinfo"), "{error}");
}

#[test]
fn holes_in_a_log_are_named() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let log = Csv::create(&path, "run").unwrap();
    for step in 1..=3 {
        log.step("train", 1, step, "loss", 0.5);
    }
    drop(log);
    let text = fs::read_to_string(&path).unwrap();
    for line in 0..3 {
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        lines[line + 1].insert_str(line, "\0\0\0");
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let error = Csv::append(&path, "run").unwrap_err().to_string();
        assert!(
            error.contains(&format!("line {}", line + 2)) && error.contains("NUL"),
            "{error}"
        );
    }
}

// Row 29.

#[test]
fn messages_name_the_metric_the_value_and_the_remedy() {
    let (device, dir) = (device(), tempdir().unwrap());
    let mut metrics = of_ten_classes();
    let scores = Tensor::<2>::zeros([2, 3], &device);
    let target = Tensor::<1, Int>::zeros([2], &device);
    let narrow = Multiclass::from_scores(scores, target).unwrap();
    let said = [
        (
            metrics.update(&narrow).unwrap_err().to_string(),
            vec!["`accuracy`", "10", "3"],
        ),
        (
            metrics
                .compute()
                .unwrap()
                .errors()
                .next()
                .unwrap()
                .1
                .to_string(),
            vec!["no element was seen", "update"],
        ),
        (
            LearnerMetrics::new(ten())
                .unwrap()
                .metric("f1")
                .unwrap_err()
                .to_string(),
            vec!["`f1`", "`f1_score`", "`accuracy`"],
        ),
        (
            {
                let path = dir.path().join("log");
                JsonLines::create(&path, "run").unwrap();
                JsonLines::create(&path, "run").unwrap_err().to_string()
            },
            vec!["log", "`append`"],
        ),
    ];
    for (text, parts) in said {
        for part in parts {
            assert!(text.contains(part), "{text}: no {part}");
        }
        assert!(!text.contains("os error"), "{text}");
    }
}

// Row 30.

#[test]
fn matrices_of_labels_have_an_accessor() {
    let device = device();
    let labels = || Tensor::<2, Int>::from_ints([[0, 1], [1, 1]], &device);
    let batch = metrics_core::prelude::Multilabel::from_labels(labels(), labels()).unwrap();
    let value = ConfusionMatrix::multilabel(2).evaluate(&batch).unwrap();
    assert_eq!(value.matrices().unwrap().len(), 2);
    assert!(value.matrix().is_none());
}

#[test]
fn metrics_are_expressions() {
    use metrics_core::prelude::{MeanSquaredError, Precision, R2Score, Recall, Regression};
    let device = device();
    let scores = Tensor::<1>::from_floats([0.9, 0.8, 0.2, 0.1], &device);
    let target = Tensor::<1, Int>::from_ints([1, 0, 1, 0], &device);
    let batch = Binary::from_scores(scores, target).unwrap();
    let sum = Precision::binary() + Recall::binary();
    assert_eq!(sum.evaluate(&batch).unwrap().scalar(), Some(1.0));
    let f1 = 2.0 * Precision::binary() * Recall::binary() / sum;
    assert_eq!(f1.evaluate(&batch).unwrap().scalar(), Some(0.5));
    let rest = 1.0 - Accuracy::binary();
    assert_eq!(rest.evaluate(&batch).unwrap().scalar(), Some(0.5));
    let numbers = Tensor::<1>::from_floats([1.0, 2.0, 3.0], &device);
    let pairs = Regression::new(numbers.clone() + 1.0, numbers).unwrap();
    let both = -MeanSquaredError::new() + R2Score::new() * 2.0;
    assert_eq!(both.evaluate(&pairs).unwrap().scalar(), Some(-2.0));
}

#[test]
fn two_logits_are_one_line() {
    let device = device();
    let logits = Tensor::<2>::from_floats(
        [[2.0, 1.0], [-3.0, 0.5], [0.1, 0.2], [90.0, 100.0]],
        &device,
    );
    let target = Tensor::<1, Int>::from_ints([0, 1, 0, 1], &device);
    let batch = Multiclass::from_scores(logits.clone(), target.clone()).unwrap();
    let task = metrics_core::wrappers::Task::two_logits();
    let f1 = F1Score::binary().on(&task).evaluate(&batch).unwrap();
    assert_eq!(f1.scalar(), Some(0.8));
    let wide = Tensor::<2>::zeros([4, 3], &device);
    let wide = Multiclass::from_scores(wide, target).unwrap();
    let error = F1Score::binary().on(&task).evaluate(&wide).unwrap_err();
    assert!(
        matches!(error.reason(), MetricError::WidthMismatch { found: 3, .. }),
        "{error}"
    );
}
