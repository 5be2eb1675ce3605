//! Calibration errors and reliability diagrams.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_tests::golden::Args;
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::CLASSES;

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(CalibrationError::binary());
    visitor.visit(CalibrationError::multiclass(CLASSES));
    visitor.visit(CalibrationError::binary().bins(4).ignore_index(-1));
    visitor.visit(
        CalibrationError::multiclass(CLASSES)
            .bins(4)
            .ignore_index(-1),
    );
    visitor.visit(ReliabilityDiagram::binary());
    visitor.visit(ReliabilityDiagram::multiclass(CLASSES).bins(4));
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    run.by_rows &= !run.has_logits();
    let binary = run.case.task.as_deref() == Some("binary");
    match (run.case.metric.as_str(), binary) {
        ("ReliabilityDiagram", true) => run.check(bins(ReliabilityDiagram::binary(), args)),
        ("ReliabilityDiagram", false) => {
            let metric = ReliabilityDiagram::multiclass(args.size("num_classes"));
            run.check(bins(metric, args));
        }
        (_, true) => run.check(options(CalibrationError::binary(), args)),
        (_, false) => {
            let metric = CalibrationError::multiclass(args.size("num_classes"));
            run.check(options(metric, args));
        }
    }
}

fn bins<B>(metric: ReliabilityDiagram<B>, args: &Args) -> ReliabilityDiagram<B> {
    let metric = metric.bins(args.size("n_bins"));
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}

fn options<B>(metric: CalibrationError<B>, args: &Args) -> CalibrationError<B> {
    let norm = match args.text("norm") {
        Some("l2") => CalibrationNorm::L2,
        Some("max") => CalibrationNorm::Max,
        _ => CalibrationNorm::L1,
    };
    let metric = metric.bins(args.size("n_bins")).norm(norm);
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}
