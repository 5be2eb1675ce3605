//! Metrics of counts with sample weights, by sample, and exact match.

use super::{
    classification_calibration,
    classification_counts::{self, WithAverage, average, binary, multiclass, multilabel},
    runner::Run,
    text_perplexity,
};
use metrics_core::prelude::*;
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::{CLASSES, LABELS};

/// A metric by sample, with the options every task has, and those that follow.
macro_rules! samplewise {
    ($run:ident, $metric:ident $(.$option:ident($value:expr))*) => {{
        let args = &$run.case.args;
        match $run.case.task.as_deref() {
            Some("binary") => {
                let metric = binary($metric::binary(), args)$(.$option($value))*;
                $run.check(metric.samplewise())
            }
            Some("multiclass") => {
                let classes = args.size("num_classes");
                let metric = multiclass($metric::multiclass(classes), args)$(.$option($value))*;
                $run.check(metric.samplewise())
            }
            _ => {
                let labels = args.size("num_labels");
                let metric = multilabel($metric::multilabel(labels), args)$(.$option($value))*;
                $run.check(metric.samplewise())
            }
        }
    }};
}

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(ExactMatch::multiclass(CLASSES));
    visitor.visit(ExactMatch::multiclass(CLASSES).ignore_index(-1));
    visitor.visit(ExactMatch::multilabel(LABELS));
    visitor.visit(
        ExactMatch::multilabel(LABELS)
            .threshold(0.3)
            .ignore_index(-1),
    );
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let by_sample = run.case.args.text("multidim_average") == Some("samplewise");
    match run.case.metric.as_str() {
        "ExactMatch" => exact_match(run, by_sample),
        "CalibrationError" | "ReliabilityDiagram" => classification_calibration::check(run),
        "NegativeLogLikelihood" | "Perplexity" => text_perplexity::check(run),
        _ if by_sample => samplewise(run),
        _ => classification_counts::check(run),
    }
}

fn samplewise(run: &mut Run) {
    let average = average(&run.case.args);
    let beta = run.case.args.float("beta").unwrap_or(1.0);
    run.any_order = false;
    run.by_rows &= !run.has_logits();
    match run.case.metric.as_str() {
        "Accuracy" => samplewise!(run, Accuracy.averaged(average)),
        "Precision" => samplewise!(run, Precision.averaged(average)),
        "Recall" => samplewise!(run, Recall.averaged(average)),
        "F1Score" => samplewise!(run, F1Score.averaged(average)),
        "FBetaScore" => samplewise!(run, FBetaScore.beta(beta).averaged(average)),
        "Specificity" => samplewise!(run, Specificity.averaged(average)),
        "NegativePredictiveValue" => samplewise!(run, NegativePredictiveValue.averaged(average)),
        "StatScores" => samplewise!(run, StatScores.averaged(average)),
        "HammingDistance" => samplewise!(run, HammingDistance.averaged(average)),
        other => run.fail(&format!("{other} is not in classification_samples.rs")),
    }
}

fn exact_match(run: &mut Run, by_sample: bool) {
    let args = &run.case.args;
    run.any_order = !by_sample;
    run.by_rows &= !run.has_logits();
    macro_rules! ignoring {
        ($metric:expr) => {{
            let metric = match args.int("ignore_index") {
                Some(index) => $metric.ignore_index(index),
                None => $metric,
            };
            match by_sample {
                true => run.check(metric.samplewise()),
                false => run.check(metric),
            }
        }};
    }
    match run.case.task.as_deref() {
        Some("multiclass") => ignoring!(ExactMatch::multiclass(args.size("num_classes"))),
        _ => {
            let threshold = args.float("threshold").unwrap_or(0.5);
            let metric = ExactMatch::multilabel(args.size("num_labels"));
            ignoring!(metric.threshold(threshold as f32))
        }
    }
}
