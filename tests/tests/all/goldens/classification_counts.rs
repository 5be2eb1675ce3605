//! Metrics over confusion counts.

use super::runner::Run;
use metrics_core::classification::ClassMetric;
use metrics_core::prelude::*;
use metrics_core::{
    batch::{Binary, Multiclass, Multilabel},
    classification::rules::{Averaged, ConfusionRule},
};
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::{CLASSES, LABELS};
use metrics_tests::{
    compare::Tolerance,
    golden::{Args, number},
};

/// A metric with the options every task has, and those that follow.
macro_rules! run {
    ($run:ident, $metric:ident $(.$option:ident($value:expr))*) => {{
        let args = &$run.case.args;
        match $run.case.task.as_deref() {
            Some("binary") => {
                let metric = binary($metric::binary(), args)$(.$option($value))*;
                $run.check(metric)
            }
            Some("multiclass") => {
                let classes = args.size("num_classes");
                let metric = multiclass($metric::multiclass(classes), args)$(.$option($value))*;
                $run.check(metric)
            }
            _ => {
                let labels = args.size("num_labels");
                let metric = multilabel($metric::multilabel(labels), args)$(.$option($value))*;
                $run.check(metric)
            }
        }
    }};
}

/// An average, where the task has several classes.
pub trait WithAverage {
    fn averaged(self, average: Average) -> Self;
}

impl<R: Averaged> WithAverage for ClassMetric<R, Binary> {
    fn averaged(self, _: Average) -> Self {
        self
    }
}

impl<R: Averaged> WithAverage for ClassMetric<R, Multiclass> {
    fn averaged(self, average: Average) -> Self {
        self.average(average)
    }
}

impl<R: Averaged> WithAverage for ClassMetric<R, Multilabel> {
    fn averaged(self, average: Average) -> Self {
        self.average(average)
    }
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
    tasks!(Accuracy Precision Recall F1Score FBetaScore Specificity StatScores HammingDistance);
    tasks!(Informedness JaccardIndex ConfusionMatrix MatthewsCorrCoef NegativePredictiveValue);
    visitor.visit(BalancedAccuracy::binary());
    visitor.visit(BalancedAccuracy::multiclass(CLASSES).adjusted(true));
    visitor.visit(CohenKappa::binary());
    visitor.visit(CohenKappa::multiclass(CLASSES));
    visitor.visit(Accuracy::binary().threshold(0.3).ignore_index(-1));
    visitor.visit(Accuracy::multiclass(CLASSES).top_k(2).ignore_index(-1));
    visitor.visit(Accuracy::multilabel(LABELS).threshold(0.7).ignore_index(-1));
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let average = average(args);
    let zero = args.get("zero_division").map_or(0.0, number);
    let beta = args.float("beta").unwrap_or(1.0);
    run.by_rows &= run.case.task.as_deref() == Some("multiclass") || !run.has_logits();
    if is_counts(&run.case.metric, args) && !run.is_weighted() {
        run.tolerance = Tolerance::Exact;
    }
    match run.case.metric.as_str() {
        "Accuracy" => run!(run, Accuracy.averaged(average)),
        "Precision" => run!(run, Precision.averaged(average).zero_division(zero)),
        "Recall" => run!(run, Recall.averaged(average).zero_division(zero)),
        "F1Score" => run!(run, F1Score.averaged(average).zero_division(zero)),
        "FBetaScore" => run!(
            run,
            FBetaScore.beta(beta).averaged(average).zero_division(zero)
        ),
        "Specificity" => run!(run, Specificity.averaged(average)),
        "NegativePredictiveValue" => run!(
            run,
            NegativePredictiveValue
                .averaged(average)
                .zero_division(zero)
        ),
        "StatScores" => run!(run, StatScores.averaged(average)),
        "HammingDistance" => run!(run, HammingDistance.averaged(average)),
        "BalancedAccuracy" => balanced_accuracy(run),
        "Informedness" => run!(run, Informedness.averaged(average)),
        "JaccardIndex" => run!(run, JaccardIndex.averaged(average).zero_division(zero)),
        "ConfusionMatrix" => run!(run, ConfusionMatrix.normalize(normalize(args))),
        "MatthewsCorrCoef" => run!(run, MatthewsCorrCoef),
        "CohenKappa" => cohen_kappa(run),
        other => run.fail(&format!("{other} is not in classification_counts.rs")),
    }
}

/// Has no multilabel form.
fn balanced_accuracy(run: &mut Run) {
    let args = &run.case.args;
    let adjusted = args.flag("adjusted").unwrap_or(false);
    if run.case.task.as_deref() == Some("binary") {
        let metric = binary(BalancedAccuracy::binary(), args).adjusted(adjusted);
        return run.check(metric);
    }
    let metric = BalancedAccuracy::multiclass(args.size("num_classes"));
    run.check(multiclass(metric, args).adjusted(adjusted));
}

/// Has weights, and no multilabel form.
fn cohen_kappa(run: &mut Run) {
    let args = &run.case.args;
    let weights = match args.text("weights") {
        Some("linear") => KappaWeights::Linear,
        Some("quadratic") => KappaWeights::Quadratic,
        _ => KappaWeights::None,
    };
    if run.case.task.as_deref() == Some("binary") {
        return run.check(binary(CohenKappa::binary(), args));
    }
    let metric = multiclass(CohenKappa::multiclass(args.size("num_classes")), args);
    run.check(metric.weights(weights));
}

pub fn binary<R: ConfusionRule>(
    mut metric: ClassMetric<R, Binary>,
    args: &Args,
) -> ClassMetric<R, Binary> {
    if let Some(threshold) = args.float("threshold") {
        metric = metric.threshold(threshold as f32);
    }
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}

pub fn multiclass<R: ConfusionRule>(
    mut metric: ClassMetric<R, Multiclass>,
    args: &Args,
) -> ClassMetric<R, Multiclass> {
    if let Some(k) = args.int("top_k") {
        metric = metric.top_k(k as usize);
    }
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}

pub fn multilabel<R: ConfusionRule>(
    mut metric: ClassMetric<R, Multilabel>,
    args: &Args,
) -> ClassMetric<R, Multilabel> {
    if let Some(threshold) = args.float("threshold") {
        metric = metric.threshold(threshold as f32);
    }
    match args.int("ignore_index") {
        Some(index) => metric.ignore_index(index),
        None => metric,
    }
}

pub fn average(args: &Args) -> Average {
    match args.text("average") {
        Some("micro") => Average::Micro,
        Some("weighted") => Average::Weighted,
        Some("none") => Average::None,
        _ => Average::Macro,
    }
}

fn normalize(args: &Args) -> Normalize {
    match args.text("normalize") {
        Some("true") => Normalize::True,
        Some("pred") => Normalize::Pred,
        Some("all") => Normalize::All,
        _ => Normalize::None,
    }
}

/// Whether the values are counts and not means of counts.
fn is_counts(metric: &str, args: &Args) -> bool {
    match metric {
        "ConfusionMatrix" => normalize(args) == Normalize::None,
        "StatScores" => !matches!(average(args), Average::Macro | Average::Weighted),
        _ => false,
    }
}
