//! Shares with intervals.

use super::runner::Run;
use metrics_core::intervals::BootstrapMethod;
use metrics_core::prelude::*;
use metrics_core::{
    classification::{Accuracy, Average, NegativePredictiveValue, Precision, Recall, Specificity},
    intervals::ProportionMethod,
};
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::{CLASSES, LABELS};

macro_rules! run {
    ($run:ident, $($metric:ident)*) => {{
        let args = &$run.case.args;
        let level = args.float("level").expect("an interval has a level");
        let method = match args.text("method") {
            Some("clopper_pearson") => ProportionMethod::ClopperPearson,
            _ => ProportionMethod::Wilson,
        };
        match ($run.case.metric.as_str(), $run.case.task.as_deref()) {
            $(
                (stringify!($metric), Some("binary")) => {
                    let metric = $metric::binary();
                    let metric = match args.int("ignore_index") {
                        Some(index) => metric.ignore_index(index),
                        None => metric,
                    };
                    $run.check(metric.interval(level).method(method))
                }
                (stringify!($metric), Some("multiclass")) => {
                    let metric = $metric::multiclass(args.size("num_classes"));
                    $run.check(metric.average(Average::Micro).interval(level).method(method))
                }
            )*
            other => $run.fail(&format!("{other:?} is not in intervals.rs")),
        }
    }};
}

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(Precision::binary().interval(0.9));
    visitor.visit(
        Accuracy::multiclass(CLASSES)
            .average(Average::Micro)
            .interval(0.9),
    );
    visitor.visit(F1Score::multiclass(CLASSES).bootstrap(20));
    let bca = BootstrapMethod::Bca;
    visitor.visit(F1Score::binary().bootstrap(20).method(bca));
    visitor.visit(Auroc::binary().bootstrap(20).method(bca));
    visitor.visit(Auroc::multiclass(CLASSES).bootstrap(20).method(bca));
    visitor.visit(AveragePrecision::multilabel(LABELS).bootstrap(20));
    let binned = Auroc::binary().thresholds(Thresholds::Count(9));
    visitor.visit(binned.bootstrap(20).method(bca));
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    run!(run, Accuracy Precision Recall Specificity NegativePredictiveValue)
}
