//! A state takes the same memory however long it runs.

use crate::process::alone;
use burn::{
    optim::SgdConfig,
    tensor::Device,
    train::{
        Learner, SupervisedTraining, logger::InMemoryMetricLogger, renderer::CliMetricsRenderer,
    },
};
use metrics_burn::{LearnerMetrics, OnStep, SplitKind, StepValue};
use metrics_core::{
    MetricCollection, Validation,
    aggregation::Mean,
    batch::{Multiclass, Regression, Values},
    classification::{Accuracy, CohenKappa, F1Score},
    regression::{MeanAbsoluteError, MeanSquaredError, R2Score},
};
use metrics_tests::{
    devices, is_host,
    samples::{CLASSES, Sample},
    training::{self, Batches, Model},
};

/// Resident memory of this process in bytes.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// How much memory a long run may take on top of what its first tenth took.
const ALLOWED: usize = 20 << 20;

fn assert_flat(name: &str, before: Option<usize>) {
    if let (Some(before), Some(after)) = (before, resident()) {
        let grown = after.saturating_sub(before);
        assert!(grown < ALLOWED, "{name}: grew by {} KiB", grown >> 10);
    }
}

/// Memory is the process's, so one run after the other.
#[test]
fn long_runs_take_flat_memory() {
    alone!(long_runs_take_flat_memory);
    for (i, (name, device)) in devices().into_iter().enumerate() {
        // A software driver takes its time, and one host is enough.
        let long = i == 0 && is_host(name);
        updates(name, &device, if long { 100_000 } else { 4_000 });
        training(name, &device, if long { 4_000 } else { 1_000 });
    }
}

fn updates(name: &str, device: &Device, n: usize) {
    let mut counts = MetricCollection::new()
        .with(Accuracy::multiclass(CLASSES))
        .with(F1Score::multiclass(CLASSES))
        .with(CohenKappa::multiclass(CLASSES).ignore_index(-1))
        .validation(Validation::Ignore);
    let mut moments = MetricCollection::new()
        .with(MeanSquaredError::new())
        .with(MeanAbsoluteError::new())
        .with(R2Score::new())
        .validation(Validation::Ignore);
    let mut losses = MetricCollection::new()
        .with(Mean::new())
        .validation(Validation::Ignore);
    let mut step = || {
        // New batches: a batch that is used again has its memo already.
        counts.update(&Multiclass::random(1, 8, device)).unwrap();
        moments.update(&Regression::random(1, 8, device)).unwrap();
        losses.update(&Values::random(1, 8, device)).unwrap();
    };
    for _ in 0..n / 10 {
        step();
    }
    let before = resident();
    for _ in 0..n {
        step();
    }
    assert_flat(name, before);
    let report = counts.compute().unwrap();
    assert_eq!(report.errors().collect::<Vec<_>>(), []);
    assert_eq!(moments.compute().unwrap().errors().collect::<Vec<_>>(), []);
    assert_eq!(losses.compute().unwrap().errors().collect::<Vec<_>>(), []);
}

/// The plugin in Burn's Learner, with windows, read every 50 steps.
fn training(name: &str, device: &Device, steps: usize) {
    let collection = || {
        MetricCollection::new()
            .with(Accuracy::multiclass(training::CLASSES))
            .with(F1Score::multiclass(training::CLASSES))
            .with(CohenKappa::multiclass(training::CLASSES))
    };
    let run = |steps: usize| {
        let metrics = LearnerMetrics::builder(collection())
            .on_step(OnStep::Every(50))
            .step_value(StepValue::Window(200))
            .build()
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let auto = device.clone().autodiff();
        let mut model = Model::new(&auto);
        model.keeps = false;
        let result = SupervisedTraining::new(
            dir.path(),
            Batches::new(&vec![8; steps], 1, &auto).loader(),
            Batches::new(&[8], 2, device).loader(),
        )
        .metrics(metrics.clone())
        .with_metric_logger(InMemoryMetricLogger::new())
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .launch(Learner::new(model, SgdConfig::new().init(), 0.01));
        assert!(result.error.is_none(), "{name}: {:?}", result.error);
        let report = metrics.results().last(SplitKind::Train).unwrap();
        assert_eq!((report.batches, report.samples), (steps, 8 * steps as u64));
    };
    run(steps / 10);
    let before = resident();
    run(steps);
    assert_flat(name, before);
}
