//! Correlations, explained variance, covariance, rank correlations, distances and ensemble scores.

use super::runner::Run;
use metrics_core::prelude::*;
use metrics_tests::metrics::Visitor;
use metrics_tests::samples::OUTPUTS;

/// The metrics of this file, most with several options, for the tests of all metrics.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit(PearsonCorrCoef::new());
    visitor.visit(PearsonCorrCoef::new().outputs(OUTPUTS));
    visitor.visit(ConcordanceCorrCoef::new());
    visitor.visit(ConcordanceCorrCoef::new().outputs(OUTPUTS));
    visitor.visit(ExplainedVariance::new());
    visitor.visit(ExplainedVariance::new().outputs(OUTPUTS));
    visitor.visit(SpearmanCorrCoef::new());
    visitor.visit(SpearmanCorrCoef::new().outputs(OUTPUTS));
    visitor.visit(KendallRankCorrCoef::new());
    visitor.visit(
        KendallRankCorrCoef::new()
            .outputs(OUTPUTS)
            .t_test(Alternative::Less),
    );
    visitor.visit(ContinuousRankedProbabilityScore::new());
    visitor.visit(Covariance::new(OUTPUTS));
    visitor.visit(Wasserstein1D::new());
}

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let outputs = args.int("num_outputs").filter(|n| *n > 1);
    let outputs = outputs.map(|n| n as usize);
    match run.case.metric.as_str() {
        "PearsonCorrCoef" => run.check(match outputs {
            Some(outputs) => PearsonCorrCoef::new().outputs(outputs),
            None => PearsonCorrCoef::new(),
        }),
        "ConcordanceCorrCoef" => run.check(match outputs {
            Some(outputs) => ConcordanceCorrCoef::new().outputs(outputs),
            None => ConcordanceCorrCoef::new(),
        }),
        "ExplainedVariance" => explained_variance(run),
        "SpearmanCorrCoef" => run.check(match outputs {
            Some(outputs) => SpearmanCorrCoef::new().outputs(outputs),
            None => SpearmanCorrCoef::new(),
        }),
        "KendallRankCorrCoef" => kendall(run, outputs),
        "NormalizedRootMeanSquaredError" => {
            let metric = NormalizedRootMeanSquaredError::new();
            let metric = metric.normalization(RmseNormalization::Range);
            run.check(match outputs {
                Some(outputs) => metric.outputs(outputs),
                None => metric,
            })
        }
        "Covariance" => run.check(Covariance::new(args.size("variables"))),
        "Wasserstein1D" => {
            // The samples of a batch may differ in size.
            run.by_rows = false;
            run.check(Wasserstein1D::new())
        }
        "ContinuousRankedProbabilityScore" => run.check(ContinuousRankedProbabilityScore::new()),
        other => run.fail(&format!("{other} is not in regression_correlation.rs")),
    }
}

fn explained_variance(run: &mut Run) {
    let average = match run.case.args.text("multioutput") {
        // The one score of a single output is a number there, and a list of one here.
        Some("raw_values") if run.shape("target").len() == 1 => MultiOutput::UniformAverage,
        Some("raw_values") => MultiOutput::RawValues,
        Some("variance_weighted") => MultiOutput::VarianceWeighted,
        _ => MultiOutput::UniformAverage,
    };
    let metric = ExplainedVariance::new().multioutput(average);
    run.check(metric);
}

fn kendall(run: &mut Run, outputs: Option<usize>) {
    let args = &run.case.args;
    let mut metric = KendallRankCorrCoef::new().variant(match args.text("variant") {
        Some("a") => KendallVariant::A,
        Some("c") => KendallVariant::C,
        _ => KendallVariant::B,
    });
    if args.flag("t_test") == Some(true) {
        metric = metric.t_test(match args.text("alternative") {
            Some("less") => Alternative::Less,
            Some("greater") => Alternative::Greater,
            _ => Alternative::TwoSided,
        });
    }
    if let Some(outputs) = outputs {
        metric = metric.outputs(outputs);
    }
    run.check(metric);
}
