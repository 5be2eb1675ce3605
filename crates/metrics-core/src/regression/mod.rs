//! Metrics of predicted numbers: finalizers over moments, sums of terms, or all pairs where ranks are asked for.

mod concordance_corr_coef;
mod continuous_ranked_probability_score;
mod cosine_similarity;
mod critical_success_index;
mod deviance;
mod distribution;
mod explained_variance;
mod jensen_shannon_divergence;
mod kendall_rank_corr_coef;
mod kl_divergence;
mod log_cosh_error;
mod mean_absolute_error;
mod mean_absolute_percentage_error;
mod mean_squared_error;
mod mean_squared_log_error;
mod minkowski_distance;
mod normalized_root_mean_squared_error;
mod pearson_corr_coef;
mod per_row;
mod r2_score;
mod ranks;
mod relative_squared_error;
mod spearman_corr_coef;
mod symmetric_mean_absolute_percentage_error;
mod tweedie_deviance_score;
mod weighted_mean_absolute_percentage_error;

pub use concordance_corr_coef::ConcordanceCorrCoef;
pub use continuous_ranked_probability_score::ContinuousRankedProbabilityScore;
pub use cosine_similarity::{CosineSimilarity, CosineTerms};
pub use critical_success_index::CriticalSuccessIndex;
pub use explained_variance::ExplainedVariance;
pub use jensen_shannon_divergence::{JensenShannonDivergence, JensenShannonTerms};
pub use kendall_rank_corr_coef::{Alternative, KendallRankCorrCoef, KendallVariant};
pub use kl_divergence::{KlDivergence, KlTerms};
pub use log_cosh_error::LogCoshError;
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_absolute_percentage_error::MeanAbsolutePercentageError;
pub use mean_squared_error::MeanSquaredError;
pub use mean_squared_log_error::MeanSquaredLogError;
pub use minkowski_distance::MinkowskiDistance;
pub use normalized_root_mean_squared_error::{NormalizedRootMeanSquaredError, RmseNormalization};
pub use pearson_corr_coef::PearsonCorrCoef;
pub use per_row::{PerRow, Reduction};
pub use r2_score::{MultiOutput, R2Score};
pub use relative_squared_error::RelativeSquaredError;
pub use spearman_corr_coef::SpearmanCorrCoef;
pub use symmetric_mean_absolute_percentage_error::SymmetricMeanAbsolutePercentageError;
pub use tweedie_deviance_score::TweedieDevianceScore;
pub use weighted_mean_absolute_percentage_error::WeightedMeanAbsolutePercentageError;

use crate::{MetricError, Value, accumulators::Moments};

/// One number, or a list if the outputs were asked for one by one.
fn per_output(values: Vec<f64>, outputs: Option<usize>) -> Value {
    match outputs {
        None => values[0].into(),
        Some(_) => Value::PerClass(values),
    }
}

/// The mean of a sum over the rows, weighted if they are.
fn mean(
    moments: &Moments,
    sums: &[f64],
    outputs: Option<usize>,
    finish: impl Fn(f64) -> f64,
) -> Result<Value, MetricError> {
    moments.not_empty()?;
    let means = sums.iter().map(|sum| finish(sum / moments.weight));
    Ok(per_output(means.collect(), outputs))
}

/// What a metric with a value per output adds to its name.
fn suffix(outputs: Option<usize>) -> &'static str {
    match outputs {
        None => "",
        Some(_) => "_per_output",
    }
}

/// An error relative to that of a baseline; if the baseline has none, every error is infinite.
fn relative(error: f64, baseline: f64) -> f64 {
    match (error, baseline) {
        (0.0, 0.0) => 0.0,
        _ => error / baseline,
    }
}
