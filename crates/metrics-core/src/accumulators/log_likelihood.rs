//! Log-likelihood: the state of perplexity.

use super::add_rejected;
use crate::{
    Accumulator, Batch, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::Multiclass,
    delta::{Delta, HostDelta},
    ops,
};
use serde::{Deserialize, Serialize};

/// Adds up the negative log-likelihood of the targets: 1 device sum, and with weights 2 more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLikelihood {
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for LogLikelihood {
    type Batch = Multiclass;
    type Summary = LogLikelihoodSum;

    fn identity(&self) -> Identity {
        Identity::new("log_likelihood", 1).with(self)
    }

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

    fn takes_weights(&self) -> bool {
        true
    }

    fn prepare(&self, batch: &Multiclass) {
        batch.scan();
    }

    fn update(&self, delta: &mut Delta, batch: &Multiclass) {
        // `check` keeps a batch without scores from getting here.
        let Some((ranks, scan)) = batch.scan() else {
            return;
        };
        let (device, target) = (batch.device(), batch.target.clone());
        if let Some(weights) = batch.weights() {
            let (weights, mut sums) = (weights.clone(), None);
            delta.counts(0, 1 + REJECTED_SLOTS, &device, |counts| {
                let (counts, batch) = ops::weighted_log_likelihood(
                    counts,
                    ranks,
                    scan,
                    target,
                    weights,
                    self.ignore_index,
                );
                sums = Some(batch);
                counts
            });
            // The block of elements without a weight must be there before the second.
            delta.sums(0, 1, &device, |before| before);
            return delta.sums(1, 2, &device, |before| match sums {
                Some(sums) => ops::add_compensated(before, sums),
                None => before,
            });
        }
        delta.both(1 + REJECTED_SLOTS, 1, &device, |counts, sums| {
            ops::log_likelihood(counts, sums, ranks, scan, target, self.ignore_index)
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut LogLikelihoodSum) {
        let (Some(counts), Some(sums)) = (delta.counts(0), delta.sums(0)) else {
            return;
        };
        summary.count += counts[0] as u64;
        summary.loss += sums[0];
        if let Some(weighted) = delta.sums(1) {
            summary.loss += weighted[0];
            summary.weight += weighted[1];
        }
        add_rejected(&mut summary.rejected, &counts[1..]);
    }
}

/// The negative log-likelihood of all targets, in `f64`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogLikelihoodSum {
    /// Elements without a weight that were used.
    pub count: u64,
    /// The sum of the weights of the others.
    #[serde(default, with = "crate::number")]
    pub weight: f64,
    /// The sum of `-ln p(target)`, times the weight if there is one.
    #[serde(with = "crate::number")]
    pub loss: f64,
    /// What was left out.
    pub rejected: Rejected,
}

impl LogLikelihoodSum {
    /// The mean of `-ln p(target)`, by weight.
    ///
    /// # Errors
    /// [`MetricError::Empty`] without elements, or if none has any weight.
    pub fn mean(&self) -> Result<f64, MetricError> {
        let total = self.count as f64 + self.weight;
        match total > 0.0 {
            false => Err(MetricError::Empty {
                rejected: self.rejected,
            }),
            true => Ok(self.loss / total),
        }
    }
}

impl Summary for LogLikelihoodSum {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.count += other.count;
        self.weight += other.weight;
        self.loss += other.loss;
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
