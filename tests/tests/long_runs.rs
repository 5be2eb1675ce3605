//! A state takes the same memory however long it runs.

use metrics_core::{
    Accuracy, CohenKappa, F1Score, Mean, MeanAbsoluteError, MeanSquaredError, MetricCollection,
    R2Score, Validation,
    batch::{Multiclass, Regression, Values},
};
use metrics_tests::{
    devices,
    samples::{CLASSES, Sample},
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

#[test]
fn a_hundred_thousand_updates_in_flat_memory() {
    const UPDATES: usize = 100_000;
    const ALLOWED: usize = 20 << 20;
    let (_, device) = devices().remove(0);
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
        counts.update(&Multiclass::random(1, 8, &device)).unwrap();
        moments.update(&Regression::random(1, 8, &device)).unwrap();
        losses.update(&Values::random(1, 8, &device)).unwrap();
    };
    for _ in 0..UPDATES / 10 {
        step();
    }
    let before = resident();
    for _ in 0..UPDATES {
        step();
    }
    if let (Some(before), Some(after)) = (before, resident()) {
        let grown = after.saturating_sub(before);
        assert!(grown < ALLOWED, "grew by {} KiB", grown >> 10);
    }
    let report = counts.compute().unwrap();
    assert_eq!(report.errors().collect::<Vec<_>>(), []);
    assert_eq!(moments.compute().unwrap().errors().collect::<Vec<_>>(), []);
    assert_eq!(losses.compute().unwrap().errors().collect::<Vec<_>>(), []);
}
