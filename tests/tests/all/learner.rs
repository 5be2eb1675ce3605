//! The plugin in Burn's Learner and Evaluator: what reaches Burn's store is what the predictions
//! say, computed offline.

use burn::{
    data::dataloader::{DataLoader, DataLoaderIterator, Progress},
    optim::SgdConfig,
    tensor::{Device, Tensor},
    train::{
        EvaluatorBuilder, Learner, MetricEarlyStoppingStrategy, StoppingCondition,
        SupervisedTraining,
        checkpoint::MetricCheckpointingStrategy,
        logger::{FileMetricLogger, MetricLogger},
        metric::{
            MetricDefinition, NumericEntry,
            store::{Aggregate, Direction, EpochSummary, MetricsUpdate, Split},
        },
        renderer::CliMetricsRenderer,
    },
};
use metrics_burn::{LearnerMetrics, OnStep, SplitKind, StepValue};
use metrics_core::{
    MetricCollection, MetricReport, Value,
    batch::Multiclass,
    classification::{CalibrationError, F1Score},
    custom_metric,
};
use metrics_tests::{
    compare::{Tolerance, same},
    devices,
    training::{Batches, CLASSES, Dumped, Iter, Model, Step, offline, ten},
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// Burn's file logger, and every numeric value it read back by name.
fn stored(dir: &Path, name: &str, epoch: usize, split: &Split) -> Vec<NumericEntry> {
    FileMetricLogger::new(dir)
        .read_numeric(name, epoch, split)
        .unwrap()
}

fn final_value(entries: &[NumericEntry]) -> f64 {
    match entries.last() {
        Some(NumericEntry::Final(value)) => *value,
        other => panic!("not a final value: {other:?}"),
    }
}

fn training(
    dir: &Path,
    device: &Device,
    metrics: &LearnerMetrics<Multiclass>,
    epochs: usize,
) -> (SupervisedTraining<Model>, Learner<Model>, Model) {
    let device = device.clone();
    let training = SupervisedTraining::new(
        dir,
        Batches::new(&[17, 5, 32, 9, 1], 1, &device.clone().autodiff()).loader(),
        Batches::new(&[8, 21], 2, &device).loader(),
    )
    .metrics(metrics.clone())
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(epochs);
    let model = Model::new(&device.autodiff());
    let learner = Learner::new(model.clone(), SgdConfig::new().init(), 0.5);
    (training, learner, model)
}

/// The values of a device are those of the host within an error: quotients and logarithms differ.
fn assert_close(report: &MetricReport, expected: &MetricReport) {
    assert_eq!(report.entries.len(), expected.entries.len());
    for (ours, theirs) in report.entries.iter().zip(&expected.entries) {
        assert_eq!(ours.name, theirs.name);
        assert_eq!(
            (&ours.error, &ours.rejected),
            (&theirs.error, &theirs.rejected)
        );
        let [a, b] = [ours, theirs].map(|entry| entry.value.as_ref().unwrap());
        let close = same(a, b, Tolerance::Relative(1e-6));
        assert!(close, "{}: {a} is not {b}", ours.name);
    }
}

#[test]
fn epoch_values_in_burns_store_are_those_of_the_predictions() {
    for (name, device) in devices() {
        let dir = tempfile::tempdir().unwrap();
        let metrics = LearnerMetrics::new(ten()).unwrap();
        let (training, learner, model) = training(dir.path(), &device, &metrics, 3);
        let result = training.launch(learner);
        assert!(result.error.is_none(), "{name}: {:?}", result.error);

        for (split, kind, dump, per_epoch) in [
            (Split::Train, SplitKind::Train, model.train.all(), 5),
            (Split::Valid, SplitKind::Valid, model.valid.all(), 2),
        ] {
            assert_eq!(dump.len(), 3 * per_epoch, "{name}");
            for (epoch, dumped) in dump.chunks(per_epoch).enumerate() {
                let expected = offline(dumped);
                let report = metrics.results().epoch(kind, epoch + 1).unwrap();
                assert_eq!(report.batches, per_epoch);
                assert_eq!(
                    report.reads, 1,
                    "{name}: ten metrics, one read of the device"
                );
                for entry in &expected.entries {
                    let Some(value) = entry.value.as_ref().unwrap().scalar() else {
                        assert_eq!(
                            report.report.get(&entry.name),
                            entry.value.as_ref(),
                            "{name}"
                        );
                        continue;
                    };
                    let entries = stored(dir.path(), &entry.name, epoch + 1, &split);
                    assert_eq!(entries.len(), 1, "{name}: only the epoch logs");
                    let logged = final_value(&entries);
                    assert!(
                        (logged - value).abs() <= 1e-6 * value.abs().max(1e-6),
                        "{name} {split:?} epoch {}: {} is {logged}, should be {value}",
                        epoch + 1,
                        entry.name
                    );
                }
            }
        }
    }
}

#[test]
fn a_split_without_step_values_reads_once_per_epoch() {
    let mut metrics = ten();
    assert_eq!(
        metrics.state_count(),
        3,
        "confusion, scores of both areas, likelihood"
    );
    let device = devices().remove(0).1;
    for step in Batches::new(&[4; 50], 3, &device).iter() {
        let step = step.unwrap();
        let scores = step
            .input
            .clone()
            .matmul(Tensor::ones([3, CLASSES], &device));
        metrics
            .update(&Multiclass::from_scores(scores, step.target).unwrap())
            .unwrap();
    }
    assert_eq!(metrics.reads(), 0);
    metrics.compute().unwrap();
    assert_eq!(metrics.reads(), 1);
}

#[test]
fn steps_and_epochs_fork_their_names() {
    for (name, device) in devices() {
        for (value, running) in [(StepValue::Batch, false), (StepValue::Running, true)] {
            let dir = tempfile::tempdir().unwrap();
            let metrics = LearnerMetrics::builder(ten())
                .on_step(OnStep::Every(2))
                .step_value(value)
                .build()
                .unwrap();
            let (training, learner, model) = training(dir.path(), &device, &metrics, 1);
            training.launch(learner);

            let dump = model.train.all();
            let steps = stored(dir.path(), "accuracy_step", 1, &Split::Train);
            let accuracy = |dumped: &[Dumped]| offline(dumped).scalar("accuracy").unwrap();
            // Steps 2 and 4 of 5 log; the fifth batch is in the epoch's value all the same.
            let expected = if running {
                [accuracy(&dump[..2]), accuracy(&dump[..4])]
            } else {
                [accuracy(&dump[1..2]), accuracy(&dump[3..4])]
            };
            let logged: Vec<f64> = steps.iter().map(NumericEntry::current).collect();
            assert_eq!(logged, expected, "{name}");
            let epoch = stored(dir.path(), "accuracy_epoch", 1, &Split::Train);
            assert_eq!(final_value(&epoch), accuracy(&dump), "{name}");
            assert!(stored(dir.path(), "accuracy", 1, &Split::Train).is_empty());
        }
    }
}

#[test]
fn early_stopping_and_checkpointing_work_on_our_values() {
    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::new(ten()).unwrap();
    let name = metrics.metric("accuracy").unwrap();
    let (training, learner, _) = training(dir.path(), &device, &metrics, 50);
    training
        .early_stopping(MetricEarlyStoppingStrategy::new(
            &name,
            Aggregate::Mean,
            Direction::Highest,
            Split::Valid,
            StoppingCondition::NoImprovementSince { n_epochs: 2 },
        ))
        .with_checkpointing_strategy(MetricCheckpointingStrategy::new(
            &name,
            Aggregate::Mean,
            Direction::Highest,
            Split::Valid,
        ))
        .with_default_checkpointers()
        .launch(learner);

    let values: Vec<f64> = (metrics.results().all().into_iter())
        .filter(|report| report.split == SplitKind::Valid)
        .map(|report| report.report.scalar("accuracy").unwrap())
        .collect();
    let mut best = 0;
    for (epoch, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = epoch;
        }
        assert!(
            epoch - best <= 2,
            "went on after two epochs without improvement: {values:?}"
        );
    }
    assert!(
        values.len() < 50 && values.len() - 1 - best == 2,
        "{values:?}"
    );
    let kept: Vec<String> = std::fs::read_dir(dir.path().join("checkpoint"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|file| file.starts_with("model"))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(
        kept[0].contains(&format!("-{}", best + 1)),
        "best epoch {}: {kept:?}",
        best + 1
    );
}

#[test]
fn an_evaluator_gives_each_test_set_its_own_value() {
    for (name, device) in devices() {
        let dir = tempfile::tempdir().unwrap();
        let metrics = LearnerMetrics::new(ten()).unwrap();
        let model = Model::new(&device);
        let sets = [
            ("one", vec![7, 3]),
            ("two", vec![11]),
            ("three", vec![2, 2, 2]),
        ];
        let result = EvaluatorBuilder::new(dir.path())
            .metrics(metrics.clone())
            .renderer(Box::new(CliMetricsRenderer::new()))
            .with_application_logger(None)
            .build(model.clone())
            .eval_all(sets.iter().enumerate().map(|(i, (name, sizes))| {
                (*name, Batches::new(sizes, 10 + i as u64, &device).loader())
            }));
        assert!(result.error.is_none(), "{name}: {:?}", result.error);

        let dump = model.valid.all();
        let mut from = 0;
        for (i, (set, sizes)) in sets.iter().enumerate() {
            let expected = offline(&dump[from..from + sizes.len()]);
            from += sizes.len();
            let report = metrics.results().last(SplitKind::Test(i)).unwrap();
            assert_eq!(report.batches, sizes.len(), "{name}: {set}");
            for entry in &expected.entries {
                let value = entry.value.as_ref().unwrap();
                match (value, report.report.get(&entry.name)) {
                    (Value::Scalar(a), Some(Value::Scalar(b))) => {
                        assert!(
                            (a - b).abs() < 1e-6,
                            "{name} {set} {}: {b}, not {a}",
                            entry.name
                        );
                        let file = dir
                            .path()
                            .join("test")
                            .join(set)
                            .join(format!("{}.log", entry.name));
                        let log = std::fs::read_to_string(&file).unwrap();
                        let last = NumericEntry::deserialize(log.lines().last().unwrap()).unwrap();
                        assert_eq!(last.current(), *b, "{name} {set}: what Burn logged");
                    }
                    (a, b) => assert_eq!(Some(a), b, "{name}: {set}"),
                }
            }
        }
    }
}

/// Counts definitions and updates, to see that Burn's loggers get what they should.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<Vec<String>>>);

impl MetricLogger for Counting {
    fn log(&mut self, update: MetricsUpdate, _epoch: usize, _split: &Split) {
        let mut lines = self.0.lock().unwrap();
        let numeric = update.entries_numeric.iter().map(|numeric| &numeric.entry);
        for entry in update.entries.iter().chain(numeric) {
            if !entry.serialized_entry.is_not_available() {
                lines.push(entry.serialized_entry.serialized.clone());
            }
        }
    }
    fn read_numeric(&mut self, _: &str, _: usize, _: &Split) -> Result<Vec<NumericEntry>, String> {
        Ok(Vec::new())
    }
    fn log_metric_definition(&mut self, _definition: MetricDefinition) {}
    fn log_epoch_summary(&mut self, _summary: EpochSummary) {}
}

#[test]
fn bad_data_and_failing_metrics_do_not_end_the_training() {
    for (name, device) in devices() {
        let dir = tempfile::tempdir().unwrap();
        let failing = custom_metric(
            "failing",
            1,
            |_: &Multiclass| panic!("a user's mistake"),
            |_: &[f64]| Ok(Value::Scalar(1.0)),
        );
        let broken = LearnerMetrics::new(MetricCollection::new().with(failing)).unwrap();
        let metrics =
            LearnerMetrics::new(ten().with(CalibrationError::multiclass(CLASSES))).unwrap();
        let mut train = Batches::new(&[6, 6], 5, &device.clone().autodiff());
        train.steps[0].1[2] = CLASSES as i64;
        train.steps[1].0[3] = f32::NAN;
        let training = SupervisedTraining::<Model>::new(
            dir.path(),
            train.loader(),
            Batches::new(&[], 6, &device).loader(),
        )
        .metrics(metrics.clone())
        .metrics(broken.clone())
        .with_metric_logger(Counting::default())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .num_epochs(2);
        let model = Model::new(&device.clone().autodiff());
        let result = training.launch(Learner::new(model, SgdConfig::new().init(), 0.0));
        assert!(result.error.is_none(), "{name}: {:?}", result.error);

        let first = metrics.results().epoch(SplitKind::Train, 1).unwrap();
        let entry = first.report.entry("accuracy").unwrap();
        assert!(entry.value.is_none());
        assert_eq!(
            (entry.rejected.invalid_targets, entry.rejected.nan),
            (1, 1),
            "{name}"
        );
        let error = entry.error.as_deref().unwrap();
        assert!(
            error.contains("1 invalid target") && error.contains("1 NaN"),
            "{error}"
        );
        let empty = metrics.results().epoch(SplitKind::Valid, 1).unwrap();
        assert!(
            empty
                .report
                .errors()
                .all(|(_, error)| error.contains("nothing to compute"))
        );
        let broken = broken.results().epoch(SplitKind::Train, 2).unwrap();
        assert_eq!((broken.batches, broken.failed_batches), (0, 2), "{name}");
    }
}

#[test]
fn two_metrics_of_one_name_are_not_registered() {
    let twice = ten().with(F1Score::multiclass(CLASSES));
    assert!(LearnerMetrics::new(twice).is_err());
    assert!(LearnerMetrics::new(ten()).unwrap().metric("f2").is_err());
    assert!(
        LearnerMetrics::new(ten())
            .unwrap()
            .metric("confusion_matrix")
            .is_err()
    );
}

#[test]
fn results_fill_without_anything_shown() {
    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::builder(ten())
        .on_epoch(false)
        .build()
        .unwrap();
    let (training, learner, model) = training(dir.path(), &device, &metrics, 1);
    training.launch(learner);
    let report = metrics.results().last(SplitKind::Train).unwrap();
    assert_close(&report.report, &offline(&model.train.all()));
    assert!(stored(dir.path(), "accuracy", 1, &Split::Train).is_empty());
}

#[test]
fn an_epoch_without_a_value_does_not_blind_burn_to_later_ones() {
    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::new(ten()).unwrap();
    let mut train = Batches::new(&[6], 5, &device.clone().autodiff());
    train.steps[0].1[2] = CLASSES as i64;
    SupervisedTraining::<Model>::new(
        dir.path(),
        train.loader(),
        Batches::new(&[6], 6, &device).loader(),
    )
    .metrics(metrics)
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(2)
    .launch(Learner::new(
        Model::new(&device.autodiff()),
        SgdConfig::new().init(),
        0.0,
    ));
    // Burn stops looking for the best epoch at the first without an entry.
    for epoch in [1, 2] {
        let entries = stored(dir.path(), "accuracy", epoch, &Split::Train);
        assert!(final_value(&entries).is_nan());
    }
}

#[test]
fn a_test_set_that_never_says_it_is_done_has_its_values_in_the_results() {
    /// Knows nothing of its length.
    #[derive(Clone)]
    struct Endless(Batches);
    struct EndlessIter<'a>(Iter<'a>);

    impl DataLoader<Step> for Endless {
        fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Step> + 'a> {
            Box::new(EndlessIter(Iter {
                batches: &self.0,
                next: 0,
                shift: 0,
            }))
        }
        fn num_items(&self) -> usize {
            0
        }
        fn to_device(&self, _device: &Device) -> Arc<dyn DataLoader<Step>> {
            Arc::new(self.clone())
        }
        fn slice(&self, _start: usize, _end: usize) -> Arc<dyn DataLoader<Step>> {
            Arc::new(self.clone())
        }
    }
    impl Iterator for EndlessIter<'_> {
        type Item = <Iter<'static> as Iterator>::Item;
        fn next(&mut self) -> Option<Self::Item> {
            self.0.next()
        }
    }
    impl DataLoaderIterator<Step> for EndlessIter<'_> {
        fn progress(&self) -> Progress {
            Progress::new(0, 0, None)
        }
    }

    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let metrics = LearnerMetrics::new(ten()).unwrap();
    let model = Model::new(&device);
    let loader = |seed| -> Arc<dyn DataLoader<Step>> {
        Arc::new(Endless(Batches::new(&[5, 4], seed, &device)))
    };
    let result = EvaluatorBuilder::new(dir.path())
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .build(model.clone())
        .eval_all([("one", loader(1)), ("two", loader(2))]);
    drop(result);
    for (i, dumped) in model.valid.all().chunks(2).enumerate() {
        let report = metrics.results().last(SplitKind::Test(i)).unwrap().report;
        assert_close(&report, &offline(dumped));
    }
}
