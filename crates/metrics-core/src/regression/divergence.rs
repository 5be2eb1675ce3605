//! What the divergences of rows share.

use super::{PerRow, Reduction};
use crate::{
    Metric, MetricError, Value,
    regression::states::{PairSums, PairSumsSummary, PairTerms},
};

/// The terms of a divergence of rows, each a distribution.
pub trait DivergenceTerms: PairTerms + Default {
    /// The metric's name.
    const NAME: &'static str;

    /// Whether rows are logarithms of probabilities.
    fn set_log_prob(&mut self, log_prob: bool);
}

/// The mean or sum of a divergence over the rows.
///
/// It has two names, [`KlDivergence`](crate::regression::KlDivergence) and
/// [`JensenShannonDivergence`](crate::regression::JensenShannonDivergence).
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence<T> {
    terms: T,
    reduction: Reduction,
}

impl<T: DivergenceTerms> Default for Divergence<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: DivergenceTerms> Divergence<T> {
    /// The mean over all rows, which are probabilities or in proportion to these.
    pub fn new() -> Self {
        Self {
            terms: T::default(),
            reduction: Reduction::Mean,
        }
    }

    /// Takes rows as logarithms of probabilities, which must add up to 1; default `false`.
    pub fn log_prob(mut self, log_prob: bool) -> Self {
        self.terms.set_log_prob(log_prob);
        self
    }

    /// How the divergences become one; default [`Reduction::Mean`].
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// The divergence of every row.
    pub fn per_row(self) -> PerRow<Self> {
        PerRow::new(self, T::NAME)
    }
}

impl<T: DivergenceTerms> Metric for Divergence<T> {
    type Accumulator = PairSums<T>;

    fn name(&self) -> String {
        match self.reduction {
            Reduction::Mean => T::NAME.into(),
            Reduction::Sum => format!("{}_sum", T::NAME),
        }
    }

    fn accumulator(&self) -> PairSums<T> {
        PairSums::new(self.terms.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        self.reduction.apply(totals)
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
