//! Metrics of predicted numbers: finalizers over moments, or over all pairs where ranks are asked for.

mod concordance_corr_coef;
mod continuous_ranked_probability_score;
mod explained_variance;
mod kendall_rank_corr_coef;
mod mean_absolute_error;
mod mean_squared_error;
mod normalized_root_mean_squared_error;
mod pearson_corr_coef;
mod r2_score;
mod ranks;
mod relative_squared_error;
mod spearman_corr_coef;

pub use concordance_corr_coef::ConcordanceCorrCoef;
pub use continuous_ranked_probability_score::ContinuousRankedProbabilityScore;
pub use explained_variance::ExplainedVariance;
pub use kendall_rank_corr_coef::{Alternative, KendallRankCorrCoef, KendallVariant};
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_squared_error::MeanSquaredError;
pub use normalized_root_mean_squared_error::{NormalizedRootMeanSquaredError, RmseNormalization};
pub use pearson_corr_coef::PearsonCorrCoef;
pub use r2_score::{MultiOutput, R2Score};
pub use relative_squared_error::RelativeSquaredError;
pub use spearman_corr_coef::SpearmanCorrCoef;

use crate::{MetricError, Value, accumulators::Moments};

/// One number, or a list if the outputs were asked for one by one.
fn per_output(values: Vec<f64>, outputs: Option<usize>) -> Value {
    match outputs {
        None => values[0].into(),
        Some(_) => Value::PerClass(values),
    }
}

/// The mean of a sum over the rows.
fn mean(
    moments: &Moments,
    sums: &[f64],
    outputs: Option<usize>,
    finish: impl Fn(f64) -> f64,
) -> Result<Value, MetricError> {
    moments.not_empty()?;
    let n = moments.count as f64;
    let means = sums.iter().map(|sum| finish(sum / n)).collect();
    Ok(per_output(means, outputs))
}

/// What a metric with a value per output adds to its name.
fn suffix(outputs: Option<usize>) -> &'static str {
    match outputs {
        None => "",
        Some(_) => "_per_output",
    }
}
