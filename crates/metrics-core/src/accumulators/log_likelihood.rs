//! Log-likelihood: the state of perplexity.

use super::add_rejected;
use crate::{
    Accumulator, Batch, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::Multiclass,
    delta::{Delta, HostDelta},
    ops,
};
use serde::{Deserialize, Serialize};

/// Adds up the negative log-likelihood of the targets: 1 device sum.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLikelihood {
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for LogLikelihood {
    type Batch = Multiclass;
    type Summary = LogLikelihoodSum;

    fn empty(&self) -> LogLikelihoodSum {
        LogLikelihoodSum::default()
    }

    fn check(&self, batch: &Multiclass) -> Result<(), MetricError> {
        let metric = "the log-likelihood";
        let scores = batch
            .scores()
            .ok_or(MetricError::ScoresRequired { metric })?;
        match scores.dims() {
            [_, 0] => Err(MetricError::InvalidOption(format!(
                "{metric} of scores over no classes"
            ))),
            _ => Ok(()),
        }
    }

    fn prepare(&self, batch: &Multiclass) {
        batch.scan();
    }

    fn update(&self, delta: &mut Delta, batch: &Multiclass) {
        // `check` keeps a batch without scores from getting here.
        let Some((ranks, scan)) = batch.scan() else {
            return;
        };
        let target = batch.target.clone();
        delta.both(1 + REJECTED_SLOTS, 1, &batch.device(), |counts, sums| {
            ops::log_likelihood(counts, sums, ranks, scan, target, self.ignore_index)
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut LogLikelihoodSum) {
        let (Some(counts), Some(sums)) = (delta.counts(0), delta.sums(0)) else {
            return;
        };
        summary.count += counts[0] as u64;
        summary.loss += sums[0];
        add_rejected(&mut summary.rejected, &counts[1..]);
    }
}

/// The negative log-likelihood of all targets, in `f64`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogLikelihoodSum {
    /// Elements that were used.
    pub count: u64,
    /// The sum of `-ln p(target)`.
    #[serde(with = "crate::number")]
    pub loss: f64,
    /// What was left out.
    pub rejected: Rejected,
}

impl LogLikelihoodSum {
    /// The mean of `-ln p(target)`.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn mean(&self) -> Result<f64, MetricError> {
        match self.count {
            0 => Err(MetricError::Empty {
                rejected: self.rejected,
            }),
            count => Ok(self.loss / count as f64),
        }
    }
}

impl Summary for LogLikelihoodSum {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.count += other.count;
        self.loss += other.loss;
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
