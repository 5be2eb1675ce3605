//! Metrics over all thresholds.

use super::{classification_counts::average, runner::Run};
use metrics_core::prelude::*;
use metrics_core::{
    batch::Classes,
    classification::{
        CurveMetric,
        rules::{AveragedCurve, CurveRule},
    },
};
use metrics_tests::golden::{Args, number};
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::{CLASSES, LABELS};

/// A metric for the case's task.
macro_rules! run {
    ($run:ident, $metric:ident) => {{
        let args = &$run.case.args;
        match $run.case.task.as_deref() {
            Some("binary") => $run.check(options($metric::binary(), args)),
            Some("multiclass") => {
                let metric = options($metric::multiclass(args.size("num_classes")), args);
                $run.check(averaged(metric, args))
            }
            _ => {
                let metric = options($metric::multilabel(args.size("num_labels")), args);
                $run.check(averaged(metric, args))
            }
        }
    }};
}

/// A metric that chooses points, with the option that says which.
macro_rules! points {
    ($run:ident, $metric:ident, $option:ident) => {{
        let args = &$run.case.args;
        let $option = args
            .float(stringify!($option))
            .expect("an option without a default");
        match $run.case.task.as_deref() {
            Some("binary") => $run.check(options($metric::binary(), args).$option($option)),
            Some("multiclass") => {
                let metric = options($metric::multiclass(args.size("num_classes")), args);
                $run.check(metric.$option($option))
            }
            _ => {
                let metric = options($metric::multilabel(args.size("num_labels")), args);
                $run.check(metric.$option($option))
            }
        }
    }};
}

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    macro_rules! tasks {
        ($($metric:ident)*) => {$(
            visitor.visit($metric::binary());
            visitor.visit($metric::multiclass(CLASSES));
            visitor.visit($metric::multilabel(LABELS));
        )*};
    }
    tasks!(Roc PrecisionRecallCurve Auroc AveragePrecision);
    tasks!(Eer LogAuc);
    macro_rules! points {
        ($($metric:ident $option:ident)*) => {$(
            visitor.visit($metric::binary().$option(0.5));
            visitor.visit($metric::multiclass(CLASSES).$option(0.5));
            visitor.visit($metric::multilabel(LABELS).$option(0.5));
        )*};
    }
    points!(RecallAtFixedPrecision min_precision PrecisionAtFixedRecall min_recall);
    points!(SensitivityAtSpecificity min_specificity SpecificityAtSensitivity min_sensitivity);
    for thresholds in [
        Thresholds::Exact,
        Thresholds::Count(9),
        Thresholds::List(vec![0.7, 0.2]),
        Thresholds::Octaves(1),
    ] {
        let some = || thresholds.clone();
        visitor.visit(Roc::binary().thresholds(some()).ignore_index(-1));
        visitor.visit(Roc::multiclass(CLASSES).thresholds(some()).ignore_index(-1));
        visitor.visit(Roc::multilabel(LABELS).thresholds(some()).ignore_index(-1));
    }
    visitor.visit(Roc::multiclass(CLASSES).average(Average::Micro));
    visitor.visit(PrecisionRecallCurve::multiclass(CLASSES).average(Average::Macro));
    visitor.visit(Roc::multilabel(LABELS).average(Average::Weighted));
    visitor.visit(Auroc::binary().interval(0.95));
    let binned = Thresholds::Count(9);
    visitor.visit(Auroc::binary().thresholds(binned.clone()).certified());
    visitor.visit(
        AveragePrecision::multiclass(CLASSES)
            .thresholds(binned)
            .certified(),
    );
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    run.by_rows &= !run.has_logits();
    match (run.case.metric.as_str(), run.case.args.float("max_fpr")) {
        ("ROC", _) => run!(run, Roc),
        ("PrecisionRecallCurve", _) => run!(run, PrecisionRecallCurve),
        ("AveragePrecision", _) => run!(run, AveragePrecision),
        ("AUROC", None) => run!(run, Auroc),
        ("AUROC", Some(rate)) => {
            let metric = options(Auroc::binary(), &run.case.args).max_fpr(rate);
            run.check(metric)
        }
        ("RecallAtFixedPrecision", _) => points!(run, RecallAtFixedPrecision, min_precision),
        ("PrecisionAtFixedRecall", _) => points!(run, PrecisionAtFixedRecall, min_recall),
        ("SensitivityAtSpecificity", _) => points!(run, SensitivityAtSpecificity, min_specificity),
        ("SpecificityAtSensitivity", _) => points!(run, SpecificityAtSensitivity, min_sensitivity),
        ("EER", _) => run!(run, Eer),
        (other, _) => run.fail(&format!("{other} is not in classification_curves.rs")),
    }
}

pub fn options<R: CurveRule, B>(metric: CurveMetric<R, B>, args: &Args) -> CurveMetric<R, B> {
    let metric = metric.thresholds(thresholds(args));
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}

/// Where the case names none, the metric's default is TorchMetrics'.
pub fn averaged<R: AveragedCurve, B: Classes>(
    metric: CurveMetric<R, B>,
    args: &Args,
) -> CurveMetric<R, B> {
    match args.get("average") {
        Some(_) => metric.average(average(args)),
        None => metric,
    }
}

fn thresholds(args: &Args) -> Thresholds {
    match args.get("thresholds") {
        None => Thresholds::Exact,
        Some(serde_json::Value::Array(list)) => {
            Thresholds::List(list.iter().map(|value| number(value) as f32).collect())
        }
        Some(serde_json::Value::Object(map)) => {
            Thresholds::Octaves(map["octaves"].as_u64().expect("a count") as usize)
        }
        Some(count) => Thresholds::Count(number(count) as usize),
    }
}
