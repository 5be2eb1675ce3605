//! Sums of terms: the state of most metrics of regression.

use super::pair_terms::{PairTerms, check, validate};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::Regression,
    framework::limits::parts,
    ops::pairs::{AnyTerms, PairSink},
    states::fold::{add_rejected, add_sums, check_range},
};
use serde::{Deserialize, Serialize};
use std::{fmt::Debug, sync::Arc};

#[cfg(test)]
mod tests;

/// Adds up the terms of a metric: a few device sums per output.
///
/// Terms, their products with weights and their sums are `f32` on a GPU; one beyond 3.4e38 that comes of finite numbers is
/// [`MetricError::Overflow`]. Terms [by number](PairTerms::BY_NUMBER) are `f64` on CPU backends.
#[derive(Debug, Clone, PartialEq)]
pub struct PairSums<T> {
    pub(super) terms: Arc<T>,
}

impl<T: PairTerms> PairSums<T> {
    /// Of these terms.
    pub fn new(terms: T) -> Self {
        Self {
            terms: Arc::new(terms),
        }
    }
}

impl<T: PairTerms> Accumulator for PairSums<T> {
    type Batch = Regression;
    type Summary = PairSumsSummary;

    fn identity(&self) -> Identity {
        Identity::new("pair_sums", 1).of(self.terms.identity())
    }

    fn empty(&self) -> PairSumsSummary {
        let outputs = parts(self, PairTerms::unit(&*self.terms).outputs());
        PairSumsSummary {
            outputs,
            count: 0,
            weight: 0.0,
            sums: vec![0.0; T::SUMS * outputs],
            overflowed: false,
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        validate(&*self.terms)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        check(&*self.terms, batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        let terms = AnyTerms(self.terms.clone());
        delta.want((&batch.pairs, PairSink::Terms(terms)));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut PairSumsSummary) {
        for block in delta.blocks() {
            let (used, rejected) = (block.counts[0], &block.counts[1..]);
            let mut sums = block.sums();
            let weight = if block.weighted { sums.pop() } else { None };
            let mut part = PairSumsSummary {
                count: used as u64,
                weight: weight.unwrap_or(f64::from(used)),
                sums,
                overflowed: block.overflows(),
                ..self.empty()
            };
            add_rejected(&mut part.rejected, rejected);
            summary.add(&part);
        }
    }
}

/// Sums of the terms of a metric, in `f64`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairSumsSummary {
    /// How many outputs there are.
    pub outputs: usize,
    /// Elements or rows that were used.
    pub count: u64,
    /// What they weigh; 1 each where there are no weights.
    #[serde(with = "crate::number")]
    pub weight: f64,
    /// The sums of weighted terms: those of the first term by output, those of the second, and so on.
    #[serde(with = "crate::number::list")]
    pub sums: Vec<f64>,
    /// Whether a sum left the range of its numbers, though the data are finite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overflowed: bool,
    /// What was left out.
    pub rejected: Rejected,
}

impl PairSumsSummary {
    /// Fails if nothing was used, or nothing of any weight, or if a sum left the range of its numbers.
    ///
    /// # Errors
    /// [`MetricError::Empty`], [`MetricError::Overflow`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        check_range(self.overflowed, &self.sums, "terms")?;
        if self.weight > 0.0 {
            Ok(())
        } else {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        }
    }

    /// The sums of a term, by output; none if there is no such term.
    pub fn sums_of(&self, term: usize) -> &[f64] {
        let sums = self.sums.chunks(self.outputs.max(1)).nth(term);
        sums.unwrap_or_default()
    }

    /// The weighted mean of the first term, by output.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn means(&self) -> Result<Vec<f64>, MetricError> {
        self.not_empty()?;
        let sums = self.sums_of(0).iter();
        Ok(sums.map(|sum| sum / self.weight).collect())
    }

    /// The weighted sum of the first term, of the first output.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn sum(&self) -> Result<f64, MetricError> {
        self.not_empty()?;
        Ok(self.sums_of(0).first().copied().unwrap_or(0.0))
    }

    /// The weighted mean of the first term, of the first output.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn mean(&self) -> Result<f64, MetricError> {
        Ok(self.sum()? / self.weight)
    }

    fn add(&mut self, other: &Self) {
        self.overflowed |= other.overflowed;
        self.count += other.count;
        self.weight += other.weight;
        self.rejected.merge(&other.rejected);
        add_sums(&mut self.sums, &other.sums);
    }
}

impl Summary for PairSumsSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let shape = |t: &Self| (t.outputs, t.sums.len());
        if shape(self) != shape(other) {
            let text = |t: &Self| format!("{} sums of {} outputs", t.sums.len(), t.outputs);
            return Err(MetricError::MergeMismatch {
                left: text(self),
                right: text(other),
            });
        }
        self.room_for(other)?;
        self.add(other);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
