//! Metrics made of metrics. Numbers that are said to be TorchMetrics' are those of version 1.9.0 on the
//! same input.

use burn::tensor::{Device, Int, Tensor};
use metrics_burn::{
    SplitKind, SplitReport,
    loggers::{Record, RecordLogger, RecordWriter},
    report::RunReport,
};
use metrics_core::{
    Batch, Metric, MetricCollection, MetricError, MetricReport, Rejected, ReportEntry, Validation,
    Value,
    aggregation::{Max, Mean, Sum},
    batch::{Binary, Memo, Multiclass, Regression, Values},
    classification::{
        Accuracy, Auroc, Average, ConfusionMatrix, F1Score, Precision, Recall,
        RecallAtFixedPrecision, StatScores,
    },
    custom_metric,
    regression::{MeanSquaredError, R2Score},
    wrappers::{MinMax, Multioutput, Running, Task, Tracker},
};
use metrics_tests::{
    compare::{Tolerance, same},
    devices,
    samples::{CLASSES, Sample},
};
use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

fn values(values: &[f32], device: &Device) -> Values {
    Values::new(Tensor::<1>::from_floats(values, device))
}

fn labels(pred: &[i32], target: &[i32], device: &Device) -> Binary {
    let ints = |values: &[i32]| Tensor::<1, Int>::from_ints(values, device);
    Binary::from_labels(ints(pred), ints(target)).unwrap()
}

// --- windows ---------------------------------------------------------------------------------

#[test]
fn a_running_sum_and_mean_are_torchmetrics() {
    for (_, device) in devices() {
        let mut sum = Running::new(Sum::new().state(), 3);
        let mut mean = Running::new(Mean::new().state(), 3);
        let mut seen = Vec::new();
        for i in 0..6 {
            let batch = values(&[i as f32], &device);
            let alone = sum.forward(&batch).unwrap().scalar();
            mean.update(&batch).unwrap();
            assert_eq!(alone, Some(f64::from(i)));
            let (sum, mean) = (sum.compute().unwrap(), mean.compute().unwrap());
            seen.push((sum.scalar().unwrap(), mean.scalar().unwrap()));
        }
        // `RunningSum(window=3)` and `RunningMean(window=3)`.
        let expected = [
            (0.0, 0.0),
            (1.0, 0.5),
            (3.0, 1.0),
            (6.0, 2.0),
            (9.0, 3.0),
            (12.0, 4.0),
        ];
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_window_is_the_last_batches() {
    for (_, device) in devices() {
        let metrics = MetricCollection::new()
            .with(F1Score::multiclass(CLASSES))
            .with(Auroc::multiclass(CLASSES))
            .validation(Validation::Ignore);
        for window in [1, 4, 50] {
            let mut running = Running::new(metrics.clone(), window);
            for seed in 0..9 {
                let batch = Multiclass::random(seed, 20, &device);
                running.update(&batch).unwrap();
                // Read now and then, so that some states are read and others are not.
                if seed % 2 == 1 {
                    continue;
                }
                let mut last = metrics.fresh();
                for seed in (0..=seed).rev().take(window) {
                    last.update(&Multiclass::random(seed, 20, &device)).unwrap();
                }
                let (ours, expected) = (running.compute().unwrap(), last.compute().unwrap());
                for (ours, expected) in ours.entries.iter().zip(&expected.entries) {
                    let close = Tolerance::Relative(1e-9);
                    let (a, b) = (
                        ours.value.as_ref().unwrap(),
                        expected.value.as_ref().unwrap(),
                    );
                    assert!(same(a, b, close), "{a} is not {b}");
                    assert_eq!(ours.rejected, expected.rejected);
                }
                assert_eq!(running.len(), window.min(seed as usize + 1));
            }
        }
    }
}

#[test]
fn a_window_never_reads_at_an_update() {
    let device = Device::capture();
    let captured = device.capture_scope(|scope| {
        let mut running = Running::new(Auroc::binary().state(), 2);
        for seed in 0..40 {
            running.update(&Binary::random(seed, 7, &device)).unwrap();
        }
        scope.complete([], [])
    });
    assert!(!captured.unwrap().graph.operations.is_empty());
}

#[test]
fn what_a_window_refuses_leaves_it_as_it_was() {
    let (_, device) = devices().remove(0);
    let mut running = Running::new(Accuracy::multiclass(CLASSES).state(), 2);
    assert!(matches!(running.compute(), Err(MetricError::Empty { .. })));
    for seed in 0..2 {
        let batch = Multiclass::random(seed, 8, &device);
        let target = Tensor::<1, Int>::zeros([8], &device);
        let clean = Multiclass::from_scores(batch.scores().unwrap().clone(), target).unwrap();
        running.update(&clean).unwrap();
    }
    let before = running.compute();
    let target = Tensor::<1, Int>::zeros([2], &device);
    let narrow = Multiclass::from_scores(Tensor::ones([2, CLASSES - 1], &device), target).unwrap();
    assert!(running.update(&narrow).is_err());
    assert!(running.forward(&narrow).is_err());
    assert_eq!(running.len(), 2);
    assert_eq!(running.compute(), before);
    running.reset();
    assert!(running.is_empty());

    let mut none = Running::new(Sum::new().state(), 0);
    let error = none.update(&values(&[1.0], &device)).unwrap_err();
    assert!(matches!(error, MetricError::InvalidOption(_)), "{error}");
}

#[test]
fn a_window_forgets_invalid_data() {
    let (_, device) = devices().remove(0);
    let mut running = Running::new(Mean::new().state(), 2);
    for value in [f32::NAN, 1.0] {
        running.update(&values(&[value], &device)).unwrap();
    }
    let invalid = running.compute();
    assert!(matches!(invalid, Err(MetricError::InvalidData(_))));
    running.update(&values(&[2.0], &device)).unwrap();
    assert_eq!(running.compute().unwrap().scalar(), Some(1.5));
}

// --- extremes --------------------------------------------------------------------------------

#[test]
fn extremes_are_torchmetrics() {
    for (_, device) in devices() {
        let of = |value: metrics_core::wrappers::MinMaxValue| (value.raw, value.min, value.max);
        let mut accuracy = MinMax::new(Accuracy::binary());
        accuracy.update(&labels(&[1, 1], &[1, 0], &device)).unwrap();
        assert_eq!(of(accuracy.compute().unwrap()), (0.5, 0.5, 0.5));
        accuracy.reset();
        accuracy.update(&labels(&[1, 1], &[1, 1], &device)).unwrap();
        // TorchMetrics' `reset` keeps them too.
        assert_eq!(of(accuracy.compute().unwrap()), (1.0, 0.5, 1.0));
        accuracy.reset_all();
        assert!(accuracy.compute().is_err());

        let steps = [[1, 1], [0, 0], [1, 1]];
        let steps = steps.map(|target| {
            let value = accuracy.forward(&labels(&[1, 1], &target, &device));
            of(value.unwrap())
        });
        assert_eq!(steps, [(1.0, 1.0, 1.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.0)]);
        let all = accuracy.compute().unwrap();
        assert_eq!((all.min, all.max), (0.0, 1.0));
        // TorchMetrics' `forward` leaves the value of the last batch here: 1.
        assert_eq!(all.raw, 4.0 / 6.0);
    }
}

#[test]
fn nan_is_no_extreme_and_errors_change_nothing() {
    let (_, device) = devices().remove(0);
    let infinities = values(&[f32::INFINITY, f32::NEG_INFINITY], &device);
    let mut sum = MinMax::new(Sum::new());
    let nan = sum.forward(&infinities).unwrap();
    assert!(nan.raw.is_nan() && nan.min.is_nan() && nan.max.is_nan());
    sum.reset();
    assert!(matches!(sum.compute(), Err(MetricError::Empty { .. })));
    let one = sum.forward(&values(&[1.0], &device)).unwrap();
    assert_eq!((one.min, one.max), (1.0, 1.0));
    sum.forward(&infinities).unwrap();
    let last = sum.compute().unwrap();
    assert!(last.raw.is_nan());
    assert_eq!((last.min, last.max), (1.0, 1.0));

    let mut matrix = MinMax::new(ConfusionMatrix::binary());
    let error = matrix.forward(&labels(&[1], &[1], &device)).unwrap_err();
    assert!(error.to_string().contains("confusion_matrix"), "{error}");
}

// --- trackers --------------------------------------------------------------------------------

fn report(entries: &[(&str, Option<Value>)]) -> MetricReport {
    let entries = entries.iter().map(|(name, value)| ReportEntry {
        name: name.to_string(),
        value: value.clone(),
        error: value.is_none().then(|| "nothing".to_string()),
        rejected: Rejected::default(),
        class_names: vec![],
    });
    MetricReport {
        entries: entries.collect(),
    }
}

#[test]
fn the_best_of_a_tracker_is_torchmetrics() {
    let metrics = MetricCollection::new()
        .with(MeanSquaredError::new())
        .with(R2Score::new());
    let mut tracker = Tracker::new(metrics.metrics());
    assert_eq!(tracker.best("r2_score"), None);
    // `MetricTracker(MetricCollection([MeanSquaredError(), R2Score()]))` with an increment for each of
    // these, updated with pred [0, x] and target [0, 1].
    let (_, device) = devices().remove(0);
    for x in [3.0f32, 0.5, 1.5, 0.5] {
        let floats = |values: [f32; 2]| Tensor::<1>::from_floats(values, &device);
        let batch = Regression::new(floats([0.0, x]), floats([0.0, 1.0])).unwrap();
        let mut step = metrics.fresh();
        step.update(&batch).unwrap();
        tracker.push(step.compute().unwrap());
    }
    let best = |name| tracker.best(name).map(|best| (best.value, best.step));
    assert_eq!(best("mean_squared_error"), Some((0.125, 1)));
    assert_eq!(best("r2_score"), Some((0.5, 1)));
    let mse = [Some(2.0), Some(0.125), Some(0.125), Some(0.125)];
    assert_eq!(tracker.values("mean_squared_error"), mse);
    assert_eq!(
        tracker.values("r2_score"),
        [Some(-7.0), Some(0.5), Some(0.5), Some(0.5)]
    );
    let names: Vec<_> = tracker
        .best_all()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["mean_squared_error", "r2_score"]);
    tracker.reset();
    assert!(tracker.reports().is_empty());
}

#[test]
fn a_tracker_passes_over_what_has_no_value() {
    let metrics = MetricCollection::new()
        .named("accuracy", Accuracy::binary())
        .named(
            "loss",
            Mean::new().on(&Task::new("", |b: &Binary| Ok(values(&[1.0], &b.device())))),
        )
        .named(
            "f1",
            F1Score::multiclass(3)
                .average(Average::None)
                .on(&Task::new("", |b: &Binary| {
                    let none = Tensor::<1, Int>::zeros([1], &b.device());
                    Multiclass::from_labels(none.clone(), none)
                })),
        );
    let mut tracker = Tracker::new(metrics.metrics());
    let number = |value: f64| Some(Value::Scalar(value));
    let classes = |values: [f64; 3]| Some(Value::PerClass(values.to_vec()));
    tracker.extend([
        report(&[
            ("accuracy", number(f64::NAN)),
            ("loss", number(3.0)),
            ("f1", classes([0.1, 0.5, f64::NAN])),
        ]),
        report(&[("accuracy", number(0.5)), ("f1", None)]),
        report(&[
            ("accuracy", None),
            ("loss", number(1.0)),
            ("f1", classes([0.3, 0.5, f64::NAN])),
        ]),
        report(&[("accuracy", number(0.4)), ("loss", number(2.0))]),
    ]);
    let best = |tracker: &Tracker, name| tracker.best(name).map(|best| (best.value, best.step));
    assert_eq!(best(&tracker, "accuracy"), Some((0.5, 1)));
    // A mean has no direction.
    assert_eq!(best(&tracker, "loss"), None);
    assert_eq!(best(&tracker, "unknown"), None);
    let error = tracker.clone().maximize("unknown", true).unwrap_err();
    let known = ["accuracy", "loss"].map(String::from);
    assert!(matches!(&error, MetricError::UnknownName { name, .. } if name == "unknown"));
    assert!(
        known.iter().all(|name| error.to_string().contains(name)),
        "{error}"
    );
    let tracker = tracker.maximize("loss", false).unwrap();
    assert_eq!(best(&tracker, "loss"), Some((1.0, 2)));
    let per_class = tracker.best_per_class("f1");
    let per_class: Vec<_> = per_class
        .iter()
        .map(|best| best.map(|b| (b.value, b.step)))
        .collect();
    assert_eq!(per_class, [Some((0.3, 2)), Some((0.5, 0)), None]);
    assert_eq!(tracker.values("f1_0"), [Some(0.1), None, Some(0.3), None]);
    assert_eq!(
        tracker.values("loss"),
        [Some(3.0), None, Some(1.0), Some(2.0)]
    );

    let saved = serde_json::to_string(&tracker).unwrap();
    let loaded: Tracker = serde_json::from_str(&saved).unwrap();
    assert_eq!(serde_json::to_string(&loaded).unwrap(), saved);
    assert_eq!(loaded.best("loss"), tracker.best("loss"));
}

// --- names of classes ------------------------------------------------------------------------

fn animals(device: &Device) -> MetricReport {
    let mut metrics = MetricCollection::new()
        .named("recall", Recall::multiclass(3).average(Average::None))
        .with(Accuracy::multiclass(3).average(Average::Micro))
        .with(StatScores::multiclass(3).average(Average::None))
        .with(ConfusionMatrix::multiclass(3))
        .class_names(["cat", "dog", "a | bird"]);
    let ints = |values: [i32; 4]| Tensor::<1, Int>::from_ints(values, device);
    let batch = Multiclass::from_labels(ints([0, 1, 2, 0]), ints([0, 1, 2, 1])).unwrap();
    metrics.update(&batch).unwrap();
    // Splits have them too.
    let mut split = metrics.fresh();
    split.update(&batch).unwrap();
    let report = metrics.compute().unwrap();
    assert_eq!(split.compute().unwrap(), report);
    report
}

#[test]
fn reports_name_the_classes() {
    let (_, device) = devices().remove(0);
    let report = animals(&device);
    let text = report.to_string();
    assert!(
        text.contains("cat 1.0000, dog 0.5000, a | bird 1.0000"),
        "{text}"
    );
    // The column is as wide as the longest name.
    let row = format!("\n  {:<8}{:>12}", "cat", 1);
    assert!(text.contains(&row), "{text}");
    let table = report.to_markdown();
    assert!(
        table.contains("| recall | cat 1.0000, dog 0.5000, a \\| bird 1.0000 |"),
        "{table}"
    );
    let flat: Vec<_> = report.scalars().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        flat,
        [
            "recall_cat",
            "recall_dog",
            "recall_a | bird",
            "accuracy_micro"
        ]
    );
    // A number has no classes.
    assert_eq!(report.entry("accuracy_micro").unwrap().class_names.len(), 0);

    let saved = serde_json::to_string(&report).unwrap();
    assert_eq!(
        serde_json::from_str::<MetricReport>(&saved).unwrap(),
        report
    );
    let old = r#"{"entries":[{"name":"recall","value":{"per_class":[1.0,0.5]},"rejected":{"ignored":0,"invalid_targets":0,"invalid_predictions":0,"nan":0}}]}"#;
    let old: MetricReport = serde_json::from_str(old).unwrap();
    assert_eq!(old.to_string(), "recall  [1.0000, 0.5000]");
    assert_eq!(old.scalars()[1].0, "recall_1");
}

#[test]
fn names_of_another_number_of_classes_are_left_out() {
    let (_, device) = devices().remove(0);
    let recall = || Recall::multiclass(2).average(Average::None);
    let mut metrics = MetricCollection::new()
        .class_names(["a", "b", "c"])
        .named("recall", recall())
        .named("other", recall())
        .named(
            "points",
            RecallAtFixedPrecision::multiclass(2).min_precision(0.5),
        )
        .class_names_of("other", ["yes", "no"])
        .class_names_of("points", ["yes", "no"]);
    let scores = Tensor::<2>::from_floats([[0.9, 0.1], [0.2, 0.8]], &device);
    let target = Tensor::<1, Int>::from_ints([0, 1], &device);
    metrics
        .update(&Multiclass::from_scores(scores, target).unwrap())
        .unwrap();
    let report = metrics.compute().unwrap();
    assert_eq!(report.entry("recall").unwrap().text(), "[1.0000, 1.0000]");
    assert_eq!(
        report.entry("other").unwrap().text(),
        "yes 1.0000, no 1.0000"
    );
    let points = report.entry("points").unwrap().text();
    assert!(points.starts_with("yes 1.0000 at "), "{points}");

    let unknown = MetricCollection::<Values>::new().class_names_of("x", ["a"]);
    assert_eq!(unknown.check(), Err(MetricError::unknown_name("x", [])));
}

#[test]
fn flat_names_are_used_once() {
    let mut report = report(&[
        ("f1", Some(Value::PerClass(vec![0.1, 0.2, 0.3]))),
        ("f1_cat", Some(Value::Scalar(0.4))),
    ]);
    report.entries[0].class_names = ["cat", "dog", "dog"].map(String::from).to_vec();
    let flat: Vec<_> = report.scalars().into_iter().map(|(name, _)| name).collect();
    assert_eq!(flat, ["f1_cat_0", "f1_dog", "f1_dog_2", "f1_cat"]);
}

#[test]
fn pages_and_loggers_take_the_names_of_the_report() {
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Record>>>);
    impl RecordWriter for Kept {
        fn write(&mut self, record: &Record) -> io::Result<()> {
            self.0.lock().unwrap().push(record.clone());
            Ok(())
        }
    }
    let (_, device) = devices().remove(0);
    let epoch = SplitReport {
        batches: 1,
        samples: 4,
        reads: 1,
        ..SplitReport::new(SplitKind::Test(0), 1, animals(&device))
    };
    let kept = Kept::default();
    RecordLogger::new(kept.clone(), "run").report(&epoch);
    let records = kept.0.lock().unwrap();
    let of = |name: &str| records.iter().find(|record| record.name == name).unwrap();
    assert_eq!(of("recall").class_names, ["cat", "dog", "a | bird"]);
    assert_eq!(of("accuracy_micro").class_names, [""; 0]);

    let run = RunReport::from_parts(vec![], vec![epoch]);
    let table = run.class_table(SplitKind::Test(0)).unwrap();
    assert_eq!(table.rows[1].0, "dog");
    assert!(run.to_html().contains(">dog</th>"));
    assert!(run.to_markdown().contains("| **dog** |"));
    let own = run.class_names(["x", "y", "z"]);
    assert_eq!(own.class_table(SplitKind::Test(0)).unwrap().rows[1].0, "y");
    assert!(!own.to_html().contains("dog") && !own.to_markdown().contains("dog"));
}

// --- tasks -----------------------------------------------------------------------------------

#[derive(Clone)]
struct Output {
    classes: Binary,
    depth: Regression,
    memo: Memo,
}

impl Output {
    fn new(depth: [f32; 3], device: &Device) -> Self {
        let depth = Tensor::<1>::from_floats(depth, device);
        Self {
            classes: labels(&[0, 0, 1], &[0, 1, 0], device),
            depth: Regression::new(depth.clone(), depth.ones_like()).unwrap(),
            memo: Memo::default(),
        }
    }
}

impl Batch for Output {
    fn device(&self) -> Option<Device> {
        Some(self.depth.device())
    }
    fn count_bound(&self) -> usize {
        self.depth.count_bound()
    }
    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}

#[test]
fn a_task_makes_one_batch_for_all_its_metrics() {
    for (_, device) in devices() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = made.clone();
        let classes = Task::new("classes", move |batch: &Output| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(batch.classes.clone())
        });
        let depth = Task::new("depth", |batch: &Output| Ok(batch.depth.clone()));
        let mut metrics = MetricCollection::new()
            .with(Accuracy::binary().on(&classes))
            .with(F1Score::binary().on(&classes.clone()))
            .with(Auroc::binary().on(&Task::new("other", |batch: &Output| {
                let device = batch.depth.device();
                Binary::from_scores(
                    Tensor::<1>::from_floats([0.1, 0.9], &device),
                    Tensor::<1, Int>::from_ints([0, 1], &device),
                )
            })))
            .with(MeanSquaredError::new().on(&depth))
            .with(Precision::binary().on(&classes).expr() - Recall::binary().on(&classes));
        // Accuracy and F1 share; the difference has a state of its own.
        assert_eq!(metrics.state_count(), 4);
        for update in 1..=3 {
            metrics
                .update(&Output::new([1.0, 2.0, 3.0], &device))
                .unwrap();
            assert_eq!(made.load(Ordering::Relaxed), update);
        }
        let report = metrics.compute().unwrap();
        assert_eq!(metrics.reads(), 1);
        assert_eq!(report.scalar("classes_accuracy"), Some(1.0 / 3.0));
        assert_eq!(report.scalar("classes_f1_score"), Some(0.0));
        assert_eq!(report.scalar("other_auroc"), Some(1.0));
        assert_eq!(report.scalar("depth_mean_squared_error"), Some(5.0 / 3.0));
        assert_eq!(
            report.scalar("(classes_precision - classes_recall)"),
            Some(0.0)
        );
    }
}

#[test]
fn batches_of_this_crate_remember_too_until_they_change() {
    let (_, device) = devices().remove(0);
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let flipped = Task::new("flipped", move |batch: &Regression| {
        count.fetch_add(1, Ordering::Relaxed);
        let made = Regression::new(batch.target().clone(), batch.pred().clone())?;
        match batch.weights() {
            Some(weights) => made.with_weights(weights.clone()),
            None => Ok(made),
        }
    });
    let metric = MeanSquaredError::new().on(&flipped);
    let batch = Output::new([1.0, 2.0, 3.0], &device).depth;
    for _ in 0..2 {
        metric.evaluate(&batch).unwrap();
    }
    assert_eq!(made.load(Ordering::Relaxed), 1);
    let heavy = batch
        .clone()
        .with_weights(Tensor::<1>::ones([3], &device))
        .unwrap();
    let _ = metric.evaluate(&heavy);
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[test]
fn an_error_of_a_task_leaves_every_state_as_it_was() {
    let (_, device) = devices().remove(0);
    let strict = Task::new("strict", |batch: &Output| match batch.depth.samples() {
        3 => Err(MetricError::Custom("three rows".into())),
        _ => Ok(batch.depth.clone()),
    });
    let free = Task::new("free", |batch: &Output| Ok(batch.depth.clone()));
    let mut metrics = MetricCollection::new()
        .with(MeanSquaredError::new().on(&free))
        .with(MeanSquaredError::new().on(&strict));
    let before = metrics.summary().unwrap();
    let batch = Output::new([1.0, 2.0, 3.0], &device);
    let error = MetricError::Custom("three rows".into());
    for refused in [
        metrics.update(&batch).unwrap_err(),
        metrics.forward(&batch).unwrap_err(),
    ] {
        assert_eq!(refused.reason(), &error);
        assert!(
            refused
                .to_string()
                .starts_with("`strict_mean_squared_error`: "),
            "{refused}"
        );
    }
    assert_eq!(metrics.summary().unwrap(), before);
    let mut alone = MeanSquaredError::new().on(&strict).state();
    assert_eq!(alone.update(&batch), Err(error));

    // A saved state of another task is refused.
    let mut one = MetricCollection::new().with(MeanSquaredError::new().on(&free));
    let mut other = MetricCollection::new().with(MeanSquaredError::new().on(&strict));
    let error = one.merge(&other.summary().unwrap()).unwrap_err();
    assert!(
        matches!(error, MetricError::MergeMismatch { .. }),
        "{error}"
    );
}

#[test]
fn a_task_without_rows_adds_nothing_while_others_do() {
    let (_, device) = devices().remove(0);
    let none = Task::new("none", |batch: &Output| {
        Ok(values(&[], &batch.depth.device()))
    });
    let depth = Task::new("depth", |batch: &Output| Ok(batch.depth.clone()));
    let mut metrics = MetricCollection::new()
        .with(Max::new().on(&none))
        .with(MeanSquaredError::new().on(&depth));
    metrics
        .update(&Output::new([1.0, 2.0, 3.0], &device))
        .unwrap();
    let report = metrics.compute().unwrap();
    assert_eq!(report.scalar("depth_mean_squared_error"), Some(5.0 / 3.0));
    assert!(report.entry("none_max").unwrap().error.is_some());
}

#[test]
fn the_batch_of_a_task_is_on_the_device_of_the_whole() {
    let devices = devices();
    let [(_, one), (_, other), ..] = &devices[..] else {
        return;
    };
    let elsewhere = other.clone();
    let task = Task::new("elsewhere", move |batch: &Values| {
        Ok(Values::new(batch.values().clone().to_device(&elsewhere)))
    });
    let error = Sum::new()
        .on(&task)
        .evaluate(&values(&[1.0], one))
        .unwrap_err();
    assert!(
        matches!(error, MetricError::DeviceMismatch { .. }),
        "{error}"
    );
}

#[test]
fn a_binary_target_of_nan_is_invalid() {
    let (_, device) = devices().remove(0);
    let floats = |values: [f32; 3]| Tensor::<1>::from_floats(values, &device);
    let batch = Regression::new(floats([0.9, 0.1, 0.8]), floats([f32::NAN, 0.0, 2.0])).unwrap();
    let metric = Accuracy::binary().on(&Task::binary_target(0.0));
    let rejected = Rejected {
        invalid_targets: 1,
        ..Rejected::default()
    };
    let error = metric.evaluate(&batch).unwrap_err();
    assert_eq!(error, MetricError::InvalidData(rejected));
}

// --- outputs ---------------------------------------------------------------------------------

#[test]
fn an_output_without_rows_is_nan_and_all_of_them_are_empty() {
    for (_, device) in devices() {
        let batch = |pred: [[f32; 2]; 3]| {
            let pred = Tensor::<2>::from_floats(pred, &device);
            let target = Tensor::from_floats([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]], &device);
            Regression::multi_output(pred, target).unwrap()
        };
        let nan = f32::NAN;
        let metric = Multioutput::new(R2Score::new(), 2);
        let value = metric.evaluate(&batch([[1.0, nan], [2.0, nan], [4.0, nan]]));
        let value = value.unwrap();
        assert!(same(
            &value,
            &Value::PerClass(vec![1.0, f64::NAN]),
            Tolerance::Exact
        ));
        let error = metric.evaluate(&batch([[nan; 2]; 3])).unwrap_err();
        let rejected = Rejected {
            ignored: 6,
            ..Rejected::default()
        };
        assert_eq!(error, MetricError::Empty { rejected });
        // One row is too few for each.
        let error = metric.evaluate(&batch([[1.0, 1.0], [nan; 2], [nan; 2]]));
        assert!(
            matches!(error, Err(MetricError::TooFew { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn outputs_have_to_fit() {
    let (_, device) = devices().remove(0);
    let batch = Regression::random(1, 8, &device);
    for outputs in [1, 3] {
        let error = Multioutput::new(R2Score::new(), outputs).evaluate(&batch);
        assert!(
            matches!(error, Err(MetricError::WidthMismatch { .. })),
            "{error:?}"
        );
    }
    let error = Multioutput::new(R2Score::new(), 0).evaluate(&batch);
    assert!(
        matches!(error, Err(MetricError::InvalidOption(_))),
        "{error:?}"
    );
    let lists = Multioutput::new(MeanSquaredError::new().outputs(1), 2);
    let mut lists = lists.state().validation(Validation::Ignore);
    lists.update(&batch).unwrap();
    let error = lists.compute().unwrap_err();
    assert!(matches!(error, MetricError::WrongValue { .. }), "{error}");
    let mut two = Multioutput::new(R2Score::new(), 2).state();
    let mut three = Multioutput::new(R2Score::new(), 3).state();
    let error = two.merge(three.summary().unwrap()).unwrap_err();
    assert!(
        matches!(error, MetricError::MergeMismatch { .. }),
        "{error}"
    );
}

// --- arithmetic ------------------------------------------------------------------------------

#[test]
fn sides_that_need_the_same_share_one_state() {
    let (_, device) = devices().remove(0);
    let batch = labels(&[1, 0, 1, 1], &[1, 1, 0, 1], &device);
    macro_rules! saved {
        ($metric:expr, $batch:expr) => {{
            let mut state = $metric.state();
            state.update($batch).unwrap();
            serde_json::to_value(state.summary().unwrap()).unwrap()
        }};
    }
    let (p, r) = (|| Precision::binary().expr(), || Recall::binary().expr());
    let f1 = saved!(2.0 * p() * r() / (p() + r()), &batch);
    assert_eq!(f1["right"], serde_json::Value::Null);
    assert_eq!(f1["left"]["right"], serde_json::Value::Null);
    let other = saved!(p() - Precision::binary().threshold(0.3), &batch);
    assert_ne!(other["right"], serde_json::Value::Null);
    assert_ne!(other["left"], serde_json::Value::Null);
    // A wider accumulator serves the other.
    let target = Tensor::<1, Int>::from_ints([0, 1, 2], &device);
    let batch = Multiclass::from_labels(target.clone(), target).unwrap();
    for wide_first in [true, false] {
        let kappa = metrics_core::classification::CohenKappa::multiclass(3);
        let f1 = F1Score::multiclass(3);
        let value = if wide_first {
            let metric = kappa.expr() + f1;
            (metric.evaluate(&batch), saved!(metric, &batch))
        } else {
            let metric = f1.expr() + kappa;
            (metric.evaluate(&batch), saved!(metric, &batch))
        };
        assert_eq!(value.0.unwrap().scalar(), Some(2.0));
        assert_eq!(value.1["right"], serde_json::Value::Null);
    }
}

#[test]
fn the_error_of_a_side_is_that_of_the_formula() {
    let (_, device) = devices().remove(0);
    let batch = Multiclass::random(3, 30, &device);
    let ignore = |collection: MetricCollection<Multiclass>| {
        let mut collection = collection.validation(Validation::Ignore);
        collection.update(&batch).unwrap();
        let report = collection.compute().unwrap();
        assert_eq!(collection.reads(), 1);
        report.entries[0].text()
    };
    let recall = |classes: Average| Recall::multiclass(CLASSES).average(classes).expr();
    let matrix = ConfusionMatrix::multiclass(CLASSES);
    let text = ignore(MetricCollection::new().with(recall(Average::Micro) + matrix));
    assert!(text.contains("`confusion_matrix` is neither"), "{text}");
    let text = ignore(MetricCollection::new().with(recall(Average::Micro).class(0)));
    assert!(text.contains("is one number"), "{text}");
    let text = ignore(MetricCollection::new().with(recall(Average::None).class(CLASSES)));
    assert!(text.contains("none at 5"), "{text}");
    let class = ignore(MetricCollection::new().with(recall(Average::None).class(1)));
    let all = ignore(MetricCollection::new().with(recall(Average::None)));
    assert_eq!(all.split(", ").nth(1), Some(class.as_str()));

    let empty = (recall(Average::Micro) + recall(Average::None))
        .state()
        .compute();
    assert!(matches!(empty, Err(MetricError::Empty { .. })), "{empty:?}");
    let mut invalid = (2.0 * recall(Average::Micro)).state();
    invalid.update(&batch).unwrap();
    assert!(matches!(
        invalid.compute(),
        Err(MetricError::InvalidData(_))
    ));
}

#[test]
fn lists_of_unequal_length_have_no_sum() {
    let (_, device) = devices().remove(0);
    let target = Tensor::<1, Int>::from_ints([0, 1], &device);
    let by_label = |classes: usize| Recall::multiclass(classes).average(Average::None);
    let batch = Multiclass::from_labels(target.clone(), target).unwrap();
    let error = (by_label(2).expr() + by_label(3))
        .evaluate(&batch)
        .unwrap_err();
    assert!(error.to_string().contains("has 2 values and"), "{error}");
}

#[test]
fn metrics_of_ones_own_calculate_too() {
    for (_, device) in devices() {
        let count = custom_metric(
            "count",
            1,
            |batch: &Values| batch.values().ones_like().sum(),
            |sums: &[f64]| Ok(sums[0].into()),
        );
        let mut metrics = MetricCollection::new()
            .with(count.clone().expr() * Mean::new())
            .with(Sum::new().expr() - count);
        for batch in [[1.0, 2.0], [3.0, 6.0]] {
            metrics.update(&values(&batch, &device)).unwrap();
        }
        let report = metrics.compute().unwrap();
        assert_eq!(report.scalar("(count * mean)"), Some(12.0));
        assert_eq!(report.scalar("(sum - count)"), Some(8.0));
        assert_eq!(metrics.reads(), 1);
    }
}

#[test]
fn formulas_are_names() {
    let accuracy = || Accuracy::binary().expr();
    let recall = Recall::binary;
    assert_eq!((accuracy() + recall()).name(), "(accuracy + recall)");
    assert_eq!((2.0 * accuracy()).name(), "(2 * accuracy)");
    assert_eq!((-(accuracy() - 0.5)).abs().name(), "|-(accuracy - 0.5)|");
    assert_eq!(accuracy().pow(recall()).name(), "(accuracy ^ recall)");
    assert_eq!(accuracy().class(1).name(), "accuracy[1]");
    let named = (accuracy() % recall())
        .named("rest")
        .with_higher_is_better(true);
    assert_eq!(named.higher_is_better(), Some(true));
    assert_eq!((named / 3.0).name(), "(rest / 3)");
    assert_eq!((accuracy() + recall()).higher_is_better(), None);
    assert_eq!(accuracy().higher_is_better(), Some(true));
}
