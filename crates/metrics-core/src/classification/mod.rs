//! Metrics of classification: one file each, finalizers over a few accumulators.

mod accuracy;
mod auroc;
mod average_precision;
mod balanced_accuracy;
mod brier_score;
mod calibration_error;
mod certified;
mod class_metric;
mod click_through_rate;
mod cohen_kappa;
mod confusion_matrix;
mod curve_mean;
mod curve_metric;
mod decision_metric;
mod delong;
mod dice;
mod eer;
mod exact_match;
mod f_score;
mod group_fairness;
mod group_stat_rates;
mod hamming_distance;
mod hinge_loss;
mod informedness;
mod jaccard_index;
mod log_auc;
mod matthews_corr_coef;
mod multilabel_coverage_error;
mod multilabel_ranking_average_precision;
mod multilabel_ranking_loss;
mod negative_predictive_value;
mod normalized_entropy;
mod operating_point;
mod precision;
mod precision_at_fixed_recall;
mod precision_recall_curve;
mod ranking_metric;
mod recall;
mod recall_at_fixed_precision;
mod reliability_diagram;
mod roc;
mod samplewise;
mod sensitivity_at_specificity;
mod specificity;
mod specificity_at_sensitivity;
mod stat_scores;
pub mod states;
mod topk_multilabel_accuracy;
mod weighted_calibration;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{
        accuracy::Accuracy,
        auroc::Auroc,
        average_precision::AveragePrecision,
        balanced_accuracy::BalancedAccuracy,
        brier_score::{BrierDecomposition, BrierScore},
        calibration_error::{CalibrationError, CalibrationNorm},
        class_metric::Average,
        click_through_rate::ClickThroughRate,
        cohen_kappa::{CohenKappa, KappaWeights},
        confusion_matrix::{ConfusionMatrix, Normalize},
        dice::Dice,
        eer::Eer,
        exact_match::ExactMatch,
        f_score::{F1Score, FBetaScore},
        group_fairness::GroupFairness,
        group_stat_rates::GroupStatRates,
        hamming_distance::HammingDistance,
        hinge_loss::HingeLoss,
        informedness::Informedness,
        jaccard_index::JaccardIndex,
        log_auc::LogAuc,
        matthews_corr_coef::MatthewsCorrCoef,
        multilabel_coverage_error::MultilabelCoverageError,
        multilabel_ranking_average_precision::MultilabelRankingAveragePrecision,
        multilabel_ranking_loss::MultilabelRankingLoss,
        negative_predictive_value::NegativePredictiveValue,
        normalized_entropy::NormalizedEntropy,
        precision::Precision,
        precision_at_fixed_recall::PrecisionAtFixedRecall,
        precision_recall_curve::PrecisionRecallCurve,
        recall::Recall,
        recall_at_fixed_precision::RecallAtFixedPrecision,
        reliability_diagram::ReliabilityDiagram,
        roc::Roc,
        sensitivity_at_specificity::SensitivityAtSpecificity,
        specificity::Specificity,
        specificity_at_sensitivity::SpecificityAtSensitivity,
        stat_scores::StatScores,
        states::Thresholds,
        topk_multilabel_accuracy::{MultilabelCriterion, TopKMultilabelAccuracy},
        weighted_calibration::WeightedCalibration,
    };
}
pub use self::{
    class_metric::ClassMetric, curve_metric::CurveMetric, decision_metric::DecisionMetric,
    ranking_metric::RankingMetric, samplewise::Samplewise,
};
pub use metrics::*;

/// The rules that metrics of classification finalize their counts by, and what a rule of your own
/// implements.
pub mod rules {
    pub use super::{
        accuracy::AccuracyRule,
        auroc::AurocRule,
        average_precision::AveragePrecisionRule,
        balanced_accuracy::BalancedAccuracyRule,
        class_metric::{Averaged, ConfusionRule, RuleOptions, ZeroDivision},
        click_through_rate::ClickThroughRateRule,
        cohen_kappa::CohenKappaRule,
        confusion_matrix::ConfusionMatrixRule,
        curve_metric::{AveragedCurve, CurveRule},
        decision_metric::DecisionRule,
        dice::DiceRule,
        eer::EerRule,
        f_score::{F1ScoreRule, FBetaScoreRule},
        hamming_distance::HammingDistanceRule,
        informedness::InformednessRule,
        jaccard_index::JaccardIndexRule,
        log_auc::LogAucRule,
        matthews_corr_coef::MatthewsCorrCoefRule,
        multilabel_coverage_error::MultilabelCoverageErrorRule,
        multilabel_ranking_average_precision::MultilabelRankingAveragePrecisionRule,
        multilabel_ranking_loss::MultilabelRankingLossRule,
        negative_predictive_value::NegativePredictiveValueRule,
        normalized_entropy::NormalizedEntropyRule,
        operating_point::{OperatingPoint, OperatingPointRule},
        precision::PrecisionRule,
        precision_at_fixed_recall::PrecisionAtFixedRecallRule,
        precision_recall_curve::PrecisionRecallCurveRule,
        ranking_metric::RankingRule,
        recall::RecallRule,
        recall_at_fixed_precision::RecallAtFixedPrecisionRule,
        roc::RocRule,
        samplewise::{Multidim, SampleMetric},
        sensitivity_at_specificity::SensitivityAtSpecificityRule,
        specificity::SpecificityRule,
        specificity_at_sensitivity::SpecificityAtSensitivityRule,
        stat_scores::StatScoresRule,
        weighted_calibration::WeightedCalibrationRule,
    };
}
