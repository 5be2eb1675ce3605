//! Every way Burn trains: the values of an epoch are those of the predictions made in it.

use burn::{
    module::{Module, Param, ParamId},
    optim::SgdConfig,
    tensor::{
        Device, Int, Tensor,
        distributed::{DistributedConfig, DistributedContext, ReduceOperation},
    },
    train::{
        ClassificationOutput, ExecutionStrategy, InferenceStep, Interrupter, Learner, LearnerModel,
        LearningResult, MultiDeviceOptim, SupervisedTraining, TrainOutput, TrainStep,
        TrainingStrategy,
        logger::{FileMetricLogger, MetricLogger},
        metric::{NumericEntry, store::Split},
        renderer::CliMetricsRenderer,
    },
};
use metrics_burn::{EarlyStopping, LearnerMetrics, OnStep, SplitKind, SplitReport, StepValue};
use metrics_core::{
    MetricCollection, MetricReport, Value, batch::Multiclass, classification::Accuracy,
};
use metrics_tests::{
    devices,
    training::{Batches, CLASSES, Dumped, Model, Step, offline, ten},
};
use std::{
    path::Path,
    sync::{Arc, Barrier, mpsc},
};

const EPOCHS: usize = 4;

fn metrics() -> LearnerMetrics<Multiclass> {
    LearnerMetrics::builder(ten())
        .on_step(OnStep::Every(2))
        .step_value(StepValue::Window(3))
        .build()
        .unwrap()
}

fn training<M>(
    dir: &Path,
    train: Batches,
    metrics: &LearnerMetrics<Multiclass>,
    device: &Device,
) -> SupervisedTraining<M>
where
    M: LearnerModel + TrainStep<Input = Step, Output = ClassificationOutput>,
    M: InferenceStep<Input = Step, Output = ClassificationOutput>,
{
    let valid = Batches::new(&[8, 5], 2, device);
    SupervisedTraining::new(dir, train.loader(), valid.loader())
        .metrics(metrics.clone())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .num_epochs(EPOCHS)
}

fn learner<M: LearnerModel>(model: &M) -> Learner<M> {
    Learner::new(model.clone(), SgdConfig::new().init(), 0.5)
}

/// Counts exactly, everything else to 1e-6.
fn assert_equal(what: &str, report: &MetricReport, expected: &MetricReport) {
    for entry in &expected.entries {
        let value = entry.value.as_ref().unwrap();
        match (value, report.get(&entry.name)) {
            (Value::Scalar(a), Some(Value::Scalar(b))) => {
                let close = (a - b).abs() <= 1e-6 * a.abs().max(1e-6);
                assert!(close, "{what}: {} is {b}, not {a}", entry.name);
            }
            (a, b) => assert_eq!(b, Some(a), "{what}: {}", entry.name),
        }
    }
}

/// The number of the epoch that Burn's file logger would give Burn's strategies.
fn stored(dir: &Path, name: &str, epoch: usize) -> f64 {
    let read = FileMetricLogger::new(dir).read_numeric(name, epoch, &Split::Train);
    match read.unwrap().last() {
        Some(NumericEntry::Final(value)) => *value,
        other => panic!("not a final value: {other:?}"),
    }
}

/// Checks each epoch's report and stored value against its predictions.
fn assert_epochs(
    what: &str,
    dir: &Path,
    metrics: &LearnerMetrics<Multiclass>,
    dumps: &[Vec<Dumped>],
) {
    for (i, dump) in dumps.iter().enumerate() {
        let epoch = i + 1;
        let what = format!("{what}, epoch {epoch}");
        let report = metrics.results().epoch(SplitKind::Train, epoch).unwrap();
        let samples: usize = dump.iter().map(|(_, target)| target.len()).sum();
        assert_eq!(
            (report.batches, report.samples),
            (dump.len(), samples as u64),
            "{what}"
        );
        assert!(report.complete, "{what}");
        let expected = offline(dump);
        assert_equal(&what, &report.report, &expected);
        let accuracy = expected.scalar("accuracy").unwrap();
        assert!(
            (stored(dir, "accuracy_epoch", epoch) - accuracy).abs() < 1e-6,
            "{what}"
        );
    }
}

/// What the model predicts for all batches, when the targets change with the epoch.
fn predictions(train: &Batches, device: &Device) -> Vec<Vec<Dumped>> {
    use burn::data::dataloader::DataLoader;
    let train = Batches {
        device: device.clone(),
        ..train.clone()
    }
    .changing();
    let epoch = |_| {
        let model = Model::new(device);
        for step in train.iter() {
            InferenceStep::step(&model, step.unwrap());
        }
        model.valid.all()
    };
    (0..EPOCHS).map(epoch).collect()
}

/// [`Model`] without a parameter, which Burn would want to share gradients of; its weights are made
/// on the device of each batch.
#[derive(Module, Debug)]
struct Parallel {
    /// Burn asks a parameter for the device.
    device: Param<Tensor<1, Int>>,
    #[module(skip)]
    model: Model,
}

impl TrainStep for Parallel {
    type Input = Step;
    type Output = ClassificationOutput;

    fn step(&self, step: Step) -> TrainOutput<ClassificationOutput> {
        let meet = self.model.meet.clone();
        let model = Model {
            meet,
            ..Model::new(&step.input.device())
        };
        TrainStep::step(&model, step)
    }
}

impl InferenceStep for Parallel {
    type Input = Step;
    type Output = ClassificationOutput;

    fn step(&self, step: Step) -> ClassificationOutput {
        InferenceStep::step(&Model::new(&step.input.device()), step)
    }
}

#[test]
fn several_devices_with_one_optimizer_or_sharded() {
    for (name, device) in devices() {
        for optim in [
            MultiDeviceOptim::OptimMainDevice,
            MultiDeviceOptim::OptimSharded,
        ] {
            let dir = tempfile::tempdir().unwrap();
            let metrics = metrics();
            let auto = device.clone().autodiff();
            let model = Model::new(&auto);
            let strategy = ExecutionStrategy::MultiDevice(vec![auto.clone(); 3], optim);
            let result = training(
                dir.path(),
                Batches::new(&[4; 12], 1, &auto),
                &metrics,
                &device,
            )
            .with_training_strategy(TrainingStrategy::Default(strategy))
            .launch(learner(&model));
            assert!(result.error.is_none(), "{name}: {:?}", result.error);
            let dump = model.train.all();
            let dumps: Vec<_> = dump.chunks(12).map(<[Dumped]>::to_vec).collect();
            assert_eq!(dumps.len(), EPOCHS);
            assert_epochs(name, dir.path(), &metrics, &dumps);
        }
    }
}

#[test]
fn accumulated_gradients() {
    for (name, device) in devices() {
        let dir = tempfile::tempdir().unwrap();
        let metrics = metrics();
        let auto = device.clone().autodiff();
        let model = Model::new(&auto);
        training(
            dir.path(),
            Batches::new(&[7; 5], 1, &auto),
            &metrics,
            &device,
        )
        .grads_accumulation(3)
        .launch(learner(&model));
        let dumps: Vec<_> = model
            .train
            .all()
            .chunks(5)
            .map(<[Dumped]>::to_vec)
            .collect();
        assert_epochs(name, dir.path(), &metrics, &dumps);
    }
}

/// Trains with so many workers on one device, which meet at each step if they share a barrier.
fn distributed(
    auto: &Device,
    workers: usize,
    meet: Option<Arc<Barrier>>,
    training: SupervisedTraining<Parallel>,
) -> LearningResult<Parallel> {
    let devices = vec![auto.clone(); workers];
    // Without a server for gradients, which only CUDA has: the model meets by itself.
    let config = DistributedConfig {
        all_reduce_op: ReduceOperation::Mean,
    };
    let context = DistributedContext::init(Vec::new(), config);
    let strategy = ExecutionStrategy::DistributedDataParallel { devices, context };
    let mut model = Model::new(auto);
    model.meet = meet;
    training
        .with_training_strategy(TrainingStrategy::Default(strategy))
        .launch(learner(&Parallel {
            device: Param::initialized(ParamId::new(), Tensor::zeros([1], auto)),
            model,
        }))
}

/// Burn ends an epoch when its first worker has: the batches of the others come after.
#[test]
fn distributed_data_parallel_neither_loses_nor_mixes_batches() {
    for (name, device) in devices() {
        // Many runs, since it is the order of threads that is tried.
        for run in 0..if metrics_tests::is_host(name) { 12 } else { 2 } {
            let workers = 2 + run % 3;
            for batches in [1, 2, 5] {
                let dir = tempfile::tempdir().unwrap();
                let metrics = metrics();
                let auto = device.clone().autodiff();
                let train = Batches::new(&vec![4; workers * batches], run as u64, &auto);
                let meet = Some(Arc::new(Barrier::new(workers)));
                let training = training(dir.path(), train.clone().changing(), &metrics, &device);
                let result = distributed(&auto, workers, meet, training);
                assert!(result.error.is_none(), "{name}: {:?}", result.error);
                // The results of the last epoch are complete once the training has let go of them.
                drop(result);
                let what = format!("{name}, {workers} workers, {batches} batches each");
                let expected = predictions(&train, &device);
                for (i, dump) in expected.iter().enumerate() {
                    let report = metrics.results().epoch(SplitKind::Train, i + 1).unwrap();
                    assert_equal(
                        &format!("{what}, epoch {}", i + 1),
                        &report.report,
                        &offline(dump),
                    );
                    assert_eq!(report.samples, (4 * workers * batches) as u64, "{what}");
                    assert!(report.complete, "{what}");
                }
                let valid = metrics.results().epoch(SplitKind::Valid, EPOCHS).unwrap();
                assert_eq!((valid.batches, valid.samples), (2, 13), "{what}");
            }
        }
    }
}

/// An error from `update` would make a worker panic.
#[test]
fn a_batch_that_can_never_fit_stops_all_workers() {
    for (name, device) in devices() {
        for (workers, early) in [(2, false), (2, true), (3, false), (3, true)] {
            let what = format!("{name}, {workers} workers, early stopping {early}");
            let (sender, receiver) = mpsc::channel();
            let device = device.clone();
            // In a thread of its own, so that a worker that waits for ever fails the test.
            std::thread::spawn(move || {
                let dir = tempfile::tempdir().unwrap();
                let collection = MetricCollection::new().with(Accuracy::multiclass(CLASSES + 6));
                let metrics = LearnerMetrics::new(collection).unwrap();
                let auto = device.clone().autodiff();
                let train = Batches::new(&vec![4; workers * 500], 1, &auto);
                let mut training = training(dir.path(), train, &metrics, &device);
                if early {
                    let stop = EarlyStopping::new(&metrics, "accuracy", 1).unwrap();
                    training = training.early_stopping(stop);
                }
                let result = distributed(&auto, workers, None, training);
                let reason = result.interrupted.as_ref().and_then(|i| i.reason.clone());
                assert!(result.error.is_none(), "{:?}", result.error);
                drop(result);
                sender.send((reason, metrics.results())).unwrap();
            });
            let wait = std::time::Duration::from_secs(120);
            let (reason, results) = receiver.recv_timeout(wait).expect(&what);
            let reason = reason.expect(&what);
            for part in ["`accuracy`", "10 classes", "has 4"] {
                assert!(reason.contains(part), "{what}: {reason}");
            }
            assert!(results.epoch(SplitKind::Train, 2).is_none(), "{what}");
            let first = results.epoch(SplitKind::Train, 1).expect(&what);
            assert_eq!((first.samples, first.complete), (0, false), "{what}");
            let failed = first.failed_batches;
            assert!((1..workers * 500).contains(&failed), "{what}: {failed}");
        }
    }
}

#[test]
fn an_interrupted_epoch_says_what_it_covers() {
    /// Stops the training when it has seen so many batches.
    #[derive(Clone)]
    struct Stopping(Batches, Interrupter, usize);
    struct Iter<'a>(&'a Stopping, metrics_tests::training::Iter<'a>);

    use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};

    impl DataLoader<Step> for Stopping {
        fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Step> + 'a> {
            let inner = metrics_tests::training::Iter {
                batches: &self.0,
                next: 0,
                shift: 0,
            };
            Box::new(Iter(self, inner))
        }
        fn num_items(&self) -> usize {
            self.0.num_items()
        }
        fn to_device(&self, _device: &Device) -> Arc<dyn DataLoader<Step>> {
            Arc::new(self.clone())
        }
        fn slice(&self, _start: usize, _end: usize) -> Arc<dyn DataLoader<Step>> {
            Arc::new(self.clone())
        }
    }
    impl Iterator for Iter<'_> {
        type Item = Result<Step, burn::data::dataset::DatasetError>;
        fn next(&mut self) -> Option<Self::Item> {
            let step = self.1.next();
            if self.1.next == self.0.2 {
                self.0.1.stop(Some("enough"));
            }
            step
        }
    }
    impl DataLoaderIterator<Step> for Iter<'_> {
        fn progress(&self) -> Progress {
            self.1.progress()
        }
    }

    for (name, device) in devices() {
        let dir = tempfile::tempdir().unwrap();
        let metrics = metrics();
        let auto = device.clone().autodiff();
        let model = Model::new(&auto);
        let interrupter = Interrupter::new();
        let train = Stopping(Batches::new(&[6; 5], 1, &auto), interrupter.clone(), 3);
        let valid = Batches::new(&[8], 2, &device);
        let result = SupervisedTraining::new(dir.path(), Arc::new(train), valid.loader())
            .metrics(metrics.clone())
            .renderer(Box::new(CliMetricsRenderer::new()))
            .with_application_logger(None)
            .with_interrupter(interrupter)
            .num_epochs(EPOCHS)
            .launch(learner(&model));
        assert!(result.interrupted.is_some(), "{name}");
        let report = metrics.results().last(SplitKind::Train).unwrap();
        assert_eq!(
            (report.epoch, report.batches, report.samples),
            (1, 3, 18),
            "{name}"
        );
        assert!(!report.complete, "{name}");
        assert_equal(name, &report.report, &offline(&model.train.all()));
    }
}

#[test]
fn a_resumed_training_goes_on_with_its_epochs_and_results() {
    for (name, device) in devices() {
        let dir = tempfile::tempdir().unwrap();
        let auto = device.clone().autodiff();
        let batches = || Batches::new(&[6; 3], 1, &auto);

        let whole = metrics();
        let all = tempfile::tempdir().unwrap();
        training(all.path(), batches(), &whole, &device).launch(learner(&Model::new(&auto)));

        let first = metrics();
        training(dir.path(), batches(), &first, &device)
            .with_default_checkpointers()
            .num_epochs(2)
            .launch(learner(&Model::new(&auto)));
        let saved = serde_json::to_string(&first.checkpoint().unwrap()).unwrap();
        drop(first);

        let second = LearnerMetrics::builder(ten())
            .resume(serde_json::from_str(&saved).unwrap())
            .on_step(OnStep::Every(2))
            .build()
            .unwrap();
        let result = training(dir.path(), batches(), &second, &device)
            .with_default_checkpointers()
            .checkpoint(2)
            .launch(learner(&Model::new(&auto)));
        assert!(result.error.is_none(), "{name}: {:?}", result.error);
        let key = |r: &SplitReport| (r.split.name(), r.epoch, r.samples);
        let keys =
            |m: &LearnerMetrics<_>| -> Vec<_> { m.results().all().iter().map(key).collect() };
        assert_eq!(keys(&second), keys(&whole), "{name}");
        for (a, b) in second.results().all().iter().zip(whole.results().all()) {
            assert_equal(name, &a.report, &b.report);
        }
    }
}

#[test]
fn a_half_finished_epoch_is_saved_and_taken_up() {
    use burn::data::dataloader::DataLoader;

    for (name, device) in devices() {
        let model = Model::new(&device);
        let batches: Vec<_> = Batches::new(&[6, 2, 9, 1], 3, &device)
            .iter()
            .map(|step| {
                let output = InferenceStep::step(&model, step.unwrap());
                Multiclass::from_scores(output.output, output.targets).unwrap()
            })
            .collect();
        // A loop of one's own.
        let run = |mut metrics: MetricCollection<Multiclass>, part: &[Multiclass]| {
            for batch in part {
                metrics.update(batch).unwrap();
            }
            metrics
        };
        let saved = run(ten(), &batches[..2]).summary().unwrap();
        let saved = serde_json::to_string(&saved).unwrap();
        let mut resumed = ten();
        resumed
            .merge(&serde_json::from_str(&saved).unwrap())
            .unwrap();
        let report = run(resumed, &batches[2..]).compute().unwrap();
        assert_equal(name, &report, &offline(&model.valid.all()));
    }
}

#[test]
fn a_checkpoint_of_other_metrics_is_refused() {
    let device = devices().remove(0).1;
    let dir = tempfile::tempdir().unwrap();
    let other =
        LearnerMetrics::new(MetricCollection::new().with(Accuracy::multiclass(CLASSES + 1)))
            .unwrap();
    let auto = device.clone().autodiff();
    let training = training::<Model>(dir.path(), Batches::new(&[3], 1, &auto), &other, &device);
    let saved = other.checkpoint().unwrap();
    drop(training);
    let resumed = LearnerMetrics::builder(ten()).resume(saved.clone()).build();
    assert!(resumed.is_err());
    let resumed = LearnerMetrics::builder(ten())
        .resume(saved.at_start_of(3))
        .build();
    assert!(resumed.is_err());
}
