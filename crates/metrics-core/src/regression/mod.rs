//! Metrics of predicted numbers: finalizers over moments, sums of terms, or all pairs where ranks are
//! asked for.

mod concordance_corr_coef;
mod continuous_ranked_probability_score;
mod cosine_similarity;
mod critical_success_index;
mod deviance;
mod distribution;
mod divergence;
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
mod pinball_loss;
mod r2_score;
mod ranks;
mod relative_squared_error;
mod spearman_corr_coef;
pub mod states;
mod symmetric_mean_absolute_percentage_error;
mod tweedie_deviance_score;
mod weighted_mean_absolute_percentage_error;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{
        concordance_corr_coef::ConcordanceCorrCoef,
        continuous_ranked_probability_score::ContinuousRankedProbabilityScore,
        cosine_similarity::CosineSimilarity,
        critical_success_index::CriticalSuccessIndex,
        explained_variance::ExplainedVariance,
        jensen_shannon_divergence::JensenShannonDivergence,
        kendall_rank_corr_coef::{Alternative, KendallRankCorrCoef, KendallVariant},
        kl_divergence::KlDivergence,
        log_cosh_error::LogCoshError,
        mean_absolute_error::MeanAbsoluteError,
        mean_absolute_percentage_error::MeanAbsolutePercentageError,
        mean_squared_error::MeanSquaredError,
        mean_squared_log_error::MeanSquaredLogError,
        minkowski_distance::MinkowskiDistance,
        normalized_root_mean_squared_error::{NormalizedRootMeanSquaredError, RmseNormalization},
        pearson_corr_coef::PearsonCorrCoef,
        per_row::Reduction,
        pinball_loss::PinballLoss,
        r2_score::{MultiOutput, R2Score},
        relative_squared_error::RelativeSquaredError,
        spearman_corr_coef::SpearmanCorrCoef,
        symmetric_mean_absolute_percentage_error::SymmetricMeanAbsolutePercentageError,
        tweedie_deviance_score::TweedieDevianceScore,
        weighted_mean_absolute_percentage_error::WeightedMeanAbsolutePercentageError,
    };
}
pub use self::{divergence::Divergence, per_row::PerRow};
pub use metrics::*;

/// The terms that metrics of rows are sums of, which the names of these metrics stand for.
pub mod terms {
    pub use super::{
        cosine_similarity::CosineTerms, divergence::DivergenceTerms,
        jensen_shannon_divergence::JensenShannonTerms, kl_divergence::KlTerms,
    };
}

use crate::{MetricError, Value, regression::states::PairMomentsSummary};

/// `Metric` of an error that is the mean of its terms over all pairs.
macro_rules! error_of_terms {
    ($metric:ident, $name:literal) => {
        impl crate::Metric for $metric {
            type Accumulator = PairSums<Self>;

            fn name(&self) -> String {
                $name.into()
            }

            fn accumulator(&self) -> PairSums<Self> {
                PairSums::new(self.clone())
            }

            fn finalize(
                &self,
                totals: &crate::regression::states::PairSumsSummary,
            ) -> Result<crate::Value, crate::MetricError> {
                Ok(totals.mean()?.into())
            }

            fn higher_is_better(&self) -> Option<bool> {
                Some(false)
            }
        }
    };
}
use error_of_terms;

/// The option of metrics that have a value for each output.
macro_rules! value_per_output {
    () => {
        /// One value for each of the `outputs` columns of `[N, outputs]` batches.
        pub fn outputs(mut self, outputs: usize) -> Self {
            self.outputs = Some(outputs);
            self
        }
    };
}
use value_per_output;

/// One number, or a list if the outputs were asked for one by one.
fn per_output(values: Vec<f64>, outputs: Option<usize>) -> Value {
    match outputs {
        None => values[0].into(),
        Some(_) => Value::PerClass(values),
    }
}

/// The mean of a sum over the rows, weighted if they are.
fn mean(
    moments: &PairMomentsSummary,
    sums: &[f64],
    outputs: Option<usize>,
    finish: impl Fn(f64) -> f64,
) -> Result<Value, MetricError> {
    moments.not_empty()?;
    moments.check_range(sums)?;
    let means = sums.iter().map(|sum| finish(sum / moments.weight));
    Ok(per_output(means.collect(), outputs))
}

/// The share of the targets' variance in each output that is no residual, or the average of the shares,
/// `finish`ed.
fn explained(
    residuals: &[f64],
    totals: &[f64],
    multioutput: MultiOutput,
    finish: impl Fn(f64) -> f64,
) -> Value {
    let pairs = residuals.iter().zip(totals);
    let scores: Vec<f64> = pairs
        .map(|pair| match pair {
            (0.0, _) => 1.0,
            (_, 0.0) => 0.0,
            (residual, total) => 1.0 - residual / total,
        })
        .collect();
    match multioutput {
        MultiOutput::RawValues => Value::PerClass(scores.into_iter().map(finish).collect()),
        MultiOutput::VarianceWeighted if totals.iter().any(|total| *total != 0.0) => {
            let weighted: f64 = scores.iter().zip(totals).map(|(s, w)| s * w).sum();
            finish(weighted / totals.iter().sum::<f64>()).into()
        }
        _ => finish(scores.iter().sum::<f64>() / scores.len() as f64).into(),
    }
}

/// What a metric with such an average adds to its name.
fn average_suffix(multioutput: MultiOutput) -> &'static str {
    match multioutput {
        MultiOutput::UniformAverage => "",
        MultiOutput::RawValues => "_per_output",
        MultiOutput::VarianceWeighted => "_variance_weighted",
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Metric,
        batch::Regression,
        regression::states::{PairSums, PairTerms},
    };
    use burn::tensor::{Device, Tensor};

    /// Of a pair at a time, against the textbook in `f64`, which has digits to lose.
    fn close<T: PairTerms>(
        metric: impl Metric<Accumulator = PairSums<T>>,
        target: f32,
        pred: f32,
        textbook: impl Fn(f64, f64) -> f64,
    ) {
        let device = Device::default();
        let number = |x: f32| Tensor::<1>::from_floats([x], &device);
        let batch = Regression::new(number(pred), number(target)).unwrap();
        let ours = metric.evaluate(&batch).unwrap().scalar().unwrap();
        let exact = textbook(target as f64, pred as f64);
        let error = (ours - exact).abs() / exact;
        assert!(
            error < 2e-6,
            "{} of {pred} for {target}: {ours}, not {exact}",
            metric.name()
        );
    }

    /// Quotients near 1, at the ends of every series, and far from it.
    const EXCESSES: [f32; 15] = [
        -0.9999, -0.9, -0.51, -0.49, -0.2, -0.01, -1e-3, 1e-3, 0.02, 0.3, 0.499, 0.501, 1.1, 30.0,
        1e6,
    ];

    #[test]
    fn deviances_keep_their_digits() {
        for scale in [1e-3, 1.0, 700.0] {
            for excess in EXCESSES {
                let target = scale * (1.0 + excess);
                let score = |power| TweedieDevianceScore::new().power(power);
                close(score(1.0), target, scale, |y, m| {
                    2.0 * (y * (y / m).ln() - y + m)
                });
                close(score(2.0), target, scale, |y, m| {
                    2.0 * ((m / y).ln() + y / m - 1.0)
                });
                for p in [-2.0, -0.5, 1.3, 1.5, 1.7, 2.5, 3.0] {
                    let (a, b): (f64, f64) = (2.0 - p, 1.0 - p);
                    close(score(p), target, scale, |y, m| {
                        2.0 * (y.powf(a) / (a * b) - y * m.powf(b) / b + m.powf(a) / a)
                    });
                }
            }
        }
    }

    #[test]
    fn errors_of_logarithms_keep_their_digits() {
        for excess in EXCESSES {
            let difference = |y: f64, m: f64| (m.ln_1p() - y.ln_1p()).powi(2);
            close(
                MeanSquaredLogError::new(),
                3.0 + 3.0 * excess,
                3.0,
                difference,
            );
            let log_cosh = |y: f64, m: f64| {
                let size = (m - y).abs();
                // cosh(x) - 1, of which the logarithm keeps its digits.
                if size < 1.0 {
                    (2.0 * (size / 2.0).sinh().powi(2)).ln_1p()
                } else {
                    size + ((-2.0 * size).exp() / 2.0 + 0.5).ln()
                }
            };
            close(LogCoshError::new(), excess * 2.0, 0.0, log_cosh);
        }
    }
}
