//! Metrics of classification: one file each, finalizers over a few accumulators.

mod accuracy;
mod auroc;
mod average_precision;
mod calibration_error;
mod class_metric;
mod cohen_kappa;
mod confusion_matrix;
mod curve_metric;
mod f_score;
mod hamming_distance;
mod jaccard_index;
mod matthews_corr_coef;
mod precision;
mod precision_recall_curve;
mod recall;
mod roc;
mod specificity;
mod stat_scores;

pub use accuracy::{Accuracy, AccuracyRule};
pub use auroc::{Auroc, AurocRule};
pub use average_precision::{AveragePrecision, AveragePrecisionRule};
pub use calibration_error::{CalibrationError, CalibrationNorm};
pub use class_metric::{Average, Averaged, ClassMetric, ConfusionRule, RuleOptions, ZeroDivision};
pub use cohen_kappa::{CohenKappa, CohenKappaRule, KappaWeights};
pub use confusion_matrix::{ConfusionMatrix, ConfusionMatrixRule, Normalize};
pub use curve_metric::{CurveMetric, CurveRule};
pub use f_score::{F1Score, F1ScoreRule, FBetaScore, FBetaScoreRule};
pub use hamming_distance::{HammingDistance, HammingDistanceRule};
pub use jaccard_index::{JaccardIndex, JaccardIndexRule};
pub use matthews_corr_coef::{MatthewsCorrCoef, MatthewsCorrCoefRule};
pub use precision::{Precision, PrecisionRule};
pub use precision_recall_curve::{PrecisionRecallCurve, PrecisionRecallCurveRule};
pub use recall::{Recall, RecallRule};
pub use roc::{Roc, RocRule};
pub use specificity::{Specificity, SpecificityRule};
pub use stat_scores::{StatScores, StatScoresRule};
