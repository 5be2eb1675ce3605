//! Metrics of predicted numbers.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_tests::golden::Args;
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::OUTPUTS;

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(MeanSquaredError::new());
    visitor.visit(MeanSquaredError::new().outputs(OUTPUTS).root());
    visitor.visit(MeanAbsoluteError::new());
    visitor.visit(MeanAbsoluteError::new().outputs(OUTPUTS));
    visitor.visit(R2Score::new());
    visitor.visit(R2Score::new().outputs(OUTPUTS).adjusted(1));
    visitor.visit(RelativeSquaredError::new());
    visitor.visit(RelativeSquaredError::new().outputs(OUTPUTS).root());
    for normalization in [
        RmseNormalization::Mean,
        RmseNormalization::Std,
        RmseNormalization::L2,
        RmseNormalization::Range,
    ] {
        let metric = NormalizedRootMeanSquaredError::new().normalization(normalization);
        visitor.visit(metric.clone());
        visitor.visit(metric.outputs(OUTPUTS));
    }
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let outputs = args.int("num_outputs").filter(|n| *n > 1);
    match run.case.metric.as_str() {
        "MeanSquaredError" => {
            let mut metric = MeanSquaredError::new();
            if args.flag("squared") == Some(false) {
                metric = metric.root();
            }
            run.check(match outputs {
                Some(outputs) => metric.outputs(outputs as usize),
                None => metric,
            })
        }
        "MeanAbsoluteError" => run.check(match outputs {
            Some(outputs) => MeanAbsoluteError::new().outputs(outputs as usize),
            None => MeanAbsoluteError::new(),
        }),
        "R2Score" => r2_score(run),
        "RelativeSquaredError" => {
            let mut metric = RelativeSquaredError::new();
            if args.flag("squared") == Some(false) {
                metric = metric.root();
            }
            run.check(metric)
        }
        "NormalizedRootMeanSquaredError" => {
            let metric = NormalizedRootMeanSquaredError::new().normalization(normalization(args));
            run.check(match outputs {
                Some(outputs) => metric.outputs(outputs as usize),
                None => metric,
            })
        }
        other => run.fail(&format!("{other} is not in regression_moments.rs")),
    }
}

fn normalization(args: &Args) -> RmseNormalization {
    match args.text("normalization") {
        Some("std") => RmseNormalization::Std,
        Some("l2") => RmseNormalization::L2,
        _ => RmseNormalization::Mean,
    }
}

fn r2_score(run: &mut Run) {
    let args = &run.case.args;
    let average = match args.text("multioutput") {
        // The one score of a single output is a number there, and a list of one here.
        Some("raw_values") if run.shape("target").len() == 1 => MultiOutput::UniformAverage,
        Some("raw_values") => MultiOutput::RawValues,
        Some("variance_weighted") => MultiOutput::VarianceWeighted,
        _ => MultiOutput::UniformAverage,
    };
    let metric = R2Score::new()
        .adjusted(args.int("adjusted").unwrap_or(0) as usize)
        .multioutput(average);
    run.check(metric);
}
