//! Whatever goes wrong, the training goes on, and the cause is said once.

use crate::process::alone;
use burn::{
    module::Param,
    optim::SgdConfig,
    tensor::{Device, Tensor},
    train::{Learner, SupervisedTraining, renderer::CliMetricsRenderer},
};
use metrics_burn::{LearnerMetrics, OnStep, SplitKind};
use metrics_core::{Value, batch::Multiclass, custom_metric};
use metrics_tests::{
    devices,
    training::{Batches, CLASSES, Model, ten},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The warnings of the process, which runs one test.
static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Capture;

impl log::Log for Capture {
    fn enabled(&self, metadata: &log::Metadata) -> bool {
        metadata.level() <= log::Level::Warn && metadata.target().starts_with("metrics_burn")
    }
    fn log(&self, record: &log::Record) {
        if self.enabled(record.metadata()) {
            warnings().push(record.args().to_string());
        }
    }
    fn flush(&self) {}
}

fn warnings() -> MutexGuard<'static, Vec<String>> {
    WARNINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Trains three epochs of four batches, and gives what was said.
fn train(device: &Device, metrics: &LearnerMetrics<Multiclass>, model: Model) -> Vec<String> {
    // Another device of the test may have set it.
    log::set_logger(&Capture).ok();
    log::set_max_level(log::LevelFilter::Warn);
    warnings().clear();
    let dir = tempfile::tempdir().unwrap();
    let auto = device.clone().autodiff();
    let result = SupervisedTraining::new(
        dir.path(),
        Batches::new(&[6; 4], 1, &auto).loader(),
        Batches::new(&[8, 3], 2, device).loader(),
    )
    .metrics(metrics.clone())
    .renderer(Box::new(CliMetricsRenderer::new()))
    .with_application_logger(None)
    .num_epochs(3)
    .launch(Learner::new(model, SgdConfig::new().init(), 0.5));
    assert!(result.error.is_none(), "{:?}", result.error);
    drop(result);
    let warnings = warnings().clone();
    warnings
        .into_iter()
        .filter(|line| line.contains("train"))
        .collect()
}

fn model(device: &Device) -> Model {
    Model::new(&device.clone().autodiff())
}

#[test]
fn a_metric_that_panics_when_it_accumulates() {
    alone!(a_metric_that_panics_when_it_accumulates);
    for (name, device) in devices() {
        let failing = custom_metric(
            "failing",
            1,
            |_: &Multiclass| panic!("a user's mistake"),
            |_: &[f64]| Ok(Value::Scalar(1.0)),
        );
        let metrics = LearnerMetrics::builder(ten().with(failing))
            .on_step(OnStep::Every(2))
            .build()
            .unwrap();
        let said = train(&device, &metrics, model(&device));
        assert_eq!(said.len(), 1, "{name}: {said:?}");
        assert!(said[0].contains("a user's mistake"), "{name}: {said:?}");
        for epoch in 1..=3 {
            let report = metrics.results().epoch(SplitKind::Train, epoch).unwrap();
            assert_eq!((report.batches, report.failed_batches), (0, 4), "{name}");
            let (_, cause) = report.report.errors().next().unwrap();
            assert!(cause.contains("a user's mistake"), "{name}: {cause}");
        }
    }
}

#[test]
fn a_metric_that_panics_when_it_computes() {
    alone!(a_metric_that_panics_when_it_computes);
    for (name, device) in devices() {
        let failing = custom_metric(
            "failing",
            1,
            |batch: &Multiclass| batch.target().clone().float().sum(),
            |_: &[f64]| panic!("another mistake"),
        );
        let metrics = LearnerMetrics::new(ten().with(failing)).unwrap();
        let said = train(&device, &metrics, model(&device));
        assert_eq!(said.len(), 1, "{name}: {said:?}");
        assert!(said[0].contains("another mistake"), "{name}: {said:?}");
        let report = metrics.results().last(SplitKind::Train).unwrap().report;
        assert_eq!(
            report.errors().count(),
            1,
            "{name}: the others have their values"
        );
    }
}

#[test]
fn a_metric_without_a_value_leaves_the_others_theirs() {
    alone!(a_metric_without_a_value_leaves_the_others_theirs);
    for (name, device) in devices() {
        let failing = custom_metric(
            "failing",
            1,
            |batch: &Multiclass| batch.target().clone().float().sum(),
            |_: &[f64]| Err(metrics_core::MetricError::Custom("no idea".into())),
        );
        let metrics = LearnerMetrics::new(ten().with(failing)).unwrap();
        let said = train(&device, &metrics, model(&device));
        assert_eq!(said.len(), 1, "{name}: {said:?}");
        assert!(
            said[0].contains("failing: ") && said[0].contains("no idea"),
            "{said:?}"
        );
        let report = metrics.results().last(SplitKind::Train).unwrap().report;
        assert!(report.scalar("accuracy").is_some() && report.scalar("failing").is_none());
    }
}

#[test]
fn a_loss_that_has_become_nan() {
    alone!(a_loss_that_has_become_nan);
    for (name, device) in devices() {
        let mut model = model(&device);
        let nan = Tensor::full([3, CLASSES], f32::NAN, &device.clone().autodiff());
        model.weight = Param::from_tensor(nan);
        let metrics = LearnerMetrics::builder(ten())
            .on_step(OnStep::Every(1))
            .build()
            .unwrap();
        let said = train(&device, &metrics, model);
        assert_eq!(said.len(), 1, "{name}: {said:?}");
        assert!(
            said[0].contains("NaN") && said[0].contains("accuracy"),
            "{said:?}"
        );
        let report = metrics.results().last(SplitKind::Train).unwrap();
        assert_eq!(
            (report.epoch, report.batches, report.failed_batches),
            (3, 4, 0),
            "{name}"
        );
        assert!(
            report.report.entry("accuracy").unwrap().rejected.nan > 0,
            "{name}"
        );
    }
}
