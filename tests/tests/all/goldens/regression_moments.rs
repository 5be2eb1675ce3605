//! Metrics of predicted numbers.

use super::runner::Run;
use metrics_core::regression::{
    MeanAbsoluteError, MeanSquaredError, MultiOutput, NormalizedRootMeanSquaredError, R2Score,
    RelativeSquaredError, RmseNormalization,
};
use metrics_tests::golden::Args;

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
            run.check(match outputs {
                Some(outputs) => metric.outputs(outputs as usize),
                None => metric,
            })
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

/// TorchMetrics takes the number of outputs from the batch.
fn r2_score(run: &mut Run) {
    let args = &run.case.args;
    let average = match args.text("multioutput") {
        Some("raw_values") => MultiOutput::RawValues,
        Some("variance_weighted") => MultiOutput::VarianceWeighted,
        _ => MultiOutput::UniformAverage,
    };
    let metric = R2Score::new()
        .adjusted(args.int("adjusted").unwrap_or(0) as usize)
        .multioutput(average);
    run.check(match run.shape("target") {
        [_, outputs] => metric.outputs(*outputs),
        _ => metric,
    });
}
