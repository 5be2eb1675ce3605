//! The examples in the documentation of TorchMetrics' own classes.

use super::{
    aggregation, classification, classification_areas, classification_calibration,
    classification_counts, classification_curves, classification_samples, regression_correlation,
    regression_moments, regression_terms, runner::Run,
};

/// Hands the case to the file whose metrics it is of.
pub fn check(run: &mut Run) {
    let args = &run.case.args;
    let by_sample = args.text("multidim_average") == Some("samplewise");
    match run.case.metric.as_str() {
        "ExactMatch" => classification_samples::check(run),
        _ if by_sample => classification_samples::check(run),
        "Sum" | "Mean" | "Min" | "Max" | "Cat" => aggregation::check(run),
        "CalibrationError" => classification_calibration::check(run),
        "LogAUC" => classification_areas::check(run),
        "AUROC"
        | "AveragePrecision"
        | "EER"
        | "ROC"
        | "PrecisionRecallCurve"
        | "PrecisionAtFixedRecall"
        | "RecallAtFixedPrecision"
        | "SensitivityAtSpecificity"
        | "SpecificityAtSensitivity" => classification_curves::check(run),
        "MeanSquaredError" | "MeanAbsoluteError" | "R2Score" | "RelativeSquaredError" => {
            regression_moments::check(run)
        }
        "NormalizedRootMeanSquaredError" if args.text("normalization") != Some("range") => {
            regression_moments::check(run)
        }
        "NormalizedRootMeanSquaredError"
        | "ConcordanceCorrCoef"
        | "ContinuousRankedProbabilityScore"
        | "ExplainedVariance"
        | "KendallRankCorrCoef"
        | "PearsonCorrCoef"
        | "SpearmanCorrCoef" => regression_correlation::check(run),
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
        | "WeightedMeanAbsolutePercentageError" => regression_terms::check(run),
        "CoverageError"
        | "Fairness"
        | "GroupStatRates"
        | "HingeLoss"
        | "RankingAveragePrecision"
        | "RankingLoss" => classification::check(run),
        _ => classification_counts::check(run),
    }
}
