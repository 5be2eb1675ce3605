//! A collection reads its device once, however many metrics and states it has.

use metrics_core::{
    MetricCollection, Validation,
    batch::Multiclass,
    classification::{
        Accuracy, Auroc, Average, CalibrationError, CohenKappa, ConfusionMatrix, F1Score,
        MatthewsCorrCoef, Precision, Recall,
    },
};
use metrics_tests::{
    devices,
    samples::{CLASSES, Sample},
};

#[test]
fn ten_metrics_take_one_read() {
    for (name, device) in devices() {
        let mut metrics = MetricCollection::new()
            .with(Accuracy::multiclass(CLASSES).average(Average::Micro))
            .with(Precision::multiclass(CLASSES))
            .with(Recall::multiclass(CLASSES))
            .with(F1Score::multiclass(CLASSES))
            .with(MatthewsCorrCoef::multiclass(CLASSES))
            .with(CohenKappa::multiclass(CLASSES))
            .with(ConfusionMatrix::multiclass(CLASSES).ignore_index(-1))
            .with(Accuracy::multiclass(CLASSES).top_k(2))
            .with(Auroc::multiclass(CLASSES))
            .with(CalibrationError::multiclass(CLASSES))
            .validation(Validation::Ignore);
        assert_eq!(metrics.metrics().len(), 10);
        assert_eq!(metrics.state_count(), 5);
        for seed in 0..100 {
            metrics
                .update(&Multiclass::random(seed, 16, &device))
                .unwrap();
        }
        assert_eq!(metrics.reads(), 0, "{name}");
        let report = metrics.compute().unwrap();
        assert_eq!(metrics.reads(), 1, "{name}");
        assert_eq!(report.errors().collect::<Vec<_>>(), []);
        // Nothing is new, so nothing is read.
        assert_eq!(metrics.compute().unwrap(), report);
        assert_eq!(metrics.reads(), 1, "{name}");
        metrics
            .forward(&Multiclass::random(1, 16, &device))
            .unwrap();
        assert_eq!(metrics.reads(), 2, "{name}");
    }
}
