//! The examples in the documentation of TorchMetrics' own classes.

use crate::{
    aggregation, calibration, classification_counts, counts, curve_extras, curves, elementwise,
    joint, others, regression, runner::Run,
};

/// Hands the case to the file whose metrics it is of.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let by_sample = args.text("multidim_average") == Some("samplewise");
    match run.case.metric.as_str() {
        "ExactMatch" => counts::check(run),
        _ if by_sample => counts::check(run),
        "Sum" | "Mean" | "Min" | "Max" | "Cat" => aggregation::check(run),
        "CalibrationError" => calibration::check(run),
        "LogAUC" => curve_extras::check(run),
        "AUROC"
        | "AveragePrecision"
        | "EER"
        | "ROC"
        | "PrecisionRecallCurve"
        | "PrecisionAtFixedRecall"
        | "RecallAtFixedPrecision"
        | "SensitivityAtSpecificity"
        | "SpecificityAtSensitivity" => curves::check(run),
        "MeanSquaredError" | "MeanAbsoluteError" | "R2Score" | "RelativeSquaredError" => {
            regression::check(run)
        }
        "NormalizedRootMeanSquaredError" if args.text("normalization") != Some("range") => {
            regression::check(run)
        }
        "NormalizedRootMeanSquaredError"
        | "ConcordanceCorrCoef"
        | "ContinuousRankedProbabilityScore"
        | "ExplainedVariance"
        | "KendallRankCorrCoef"
        | "PearsonCorrCoef"
        | "SpearmanCorrCoef" => joint::check(run),
        "CosineSimilarity"
        | "CriticalSuccessIndex"
        | "JensenShannonDivergence"
        | "KLDivergence"
        | "LogCoshError"
        | "MeanAbsolutePercentageError"
        | "MeanSquaredLogError"
        | "MinkowskiDistance"
        | "SymmetricMeanAbsolutePercentageError"
        | "TweedieDevianceScore"
        | "WeightedMeanAbsolutePercentageError" => elementwise::check(run),
        "CoverageError"
        | "Fairness"
        | "GroupStatRates"
        | "HingeLoss"
        | "RankingAveragePrecision"
        | "RankingLoss" => others::check(run),
        _ => classification_counts::check(run),
    }
}
