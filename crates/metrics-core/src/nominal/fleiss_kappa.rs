use super::states::{RatingSums, RatingSumsSummary};
use crate::{Metric, MetricError, Value};

/// Fleiss' kappa: how far raters agree on the categories of subjects, beyond chance.
///
/// `(P - P_e) / (1 - P_e)`, with `P` the share of pairs of raters of a subject that agree, on average, and `P_e = Σ p_j²` that of raters who
/// choose categories `j` at random, as often as all raters did. At most 1. Takes [`RatingCounts`](crate::batch::RatingCounts), by
/// counts or from probabilities. Everything is counted in integers, so that perfect agreement is 1 exactly; `2 C + 4` counters.
///
/// Every subject needs the same number of raters, at least 2; other numbers, and ratings that are all of one category, are
/// [`MetricError::Undefined`] (TorchMetrics takes the most raters of a subject for the number of all). No data is
/// [`MetricError::Empty`]; a negative count or more than 32,767 raters is [`MetricError::InvalidData`].
/// Reference: statsmodels 0.15 `fleiss_kappa`; TorchMetrics 1.9.0 `FleissKappa`, which adds 1e-5 to the divisor (perfect agreement is
/// 0.99998), and fails for probabilities of more categories than raters.
///
/// ```
/// use metrics_core::{Metric, batch::RatingCounts, nominal::FleissKappa};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let counts = Tensor::<2, Int>::from_ints([[3, 0], [0, 3], [2, 1], [1, 2]], &device);
/// let value = FleissKappa::new(2).evaluate(&RatingCounts::new(counts))?.scalar().unwrap();
/// assert!((value - 1.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FleissKappa {
    categories: usize,
}

impl FleissKappa {
    /// Of so many categories.
    pub fn new(categories: usize) -> Self {
        Self { categories }
    }
}

impl Metric for FleissKappa {
    type Accumulator = RatingSums;

    fn name(&self) -> String {
        "fleiss_kappa".into()
    }

    fn accumulator(&self) -> RatingSums {
        RatingSums {
            categories: self.categories,
        }
    }

    fn finalize(&self, sums: &RatingSumsSummary) -> Result<Value, MetricError> {
        let undefined = |why: String| Err(MetricError::undefined(self.name(), why));
        let raters = match sums.raters {
            None => {
                return Err(MetricError::Empty {
                    rejected: sums.rejected,
                });
            }
            Some([least, most]) if least != most => {
                return undefined(format!(
                    "subjects have from {least} to {most} raters, and must all have as many"
                ));
            }
            Some([raters @ (0 | 1), _]) => {
                return undefined(format!(
                    "subjects have {raters} raters, and need at least 2"
                ));
            }
            Some([raters, _]) => u128::from(raters),
        };
        let ratings = u128::from(sums.subjects) * raters;
        let agreeing = u128::from(sums.squares).saturating_sub(ratings);
        let agreement = agreeing as f64 / (ratings * (raters - 1)) as f64;
        if sums.ratings.iter().any(|own| u128::from(*own) == ratings) {
            return undefined("all ratings are of one category".into());
        }
        let share = |own: &u64| *own as f64 / ratings as f64;
        let chance: f64 = sums.ratings.iter().map(|own| share(own) * share(own)).sum();
        Ok(((agreement - chance) / (1.0 - chance)).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}
