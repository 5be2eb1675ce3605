//! Log-likelihood: the state of perplexity.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary, batch::Multiclass,
    ops::rows::RowSink, states::fold::add_rejected,
};
use serde::{Deserialize, Serialize};

/// Adds up the negative log-likelihood of the targets: 1 device sum, and with weights 2 more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLikelihood {
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for LogLikelihood {
    type Batch = Multiclass;
    type Summary = LogLikelihoodSummary;

    fn identity(&self) -> Identity {
        Identity::new("log_likelihood", 1).with(self)
    }

    fn empty(&self) -> LogLikelihoodSummary {
        LogLikelihoodSummary::default()
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

    fn update(&self, delta: &mut Delta, batch: &Multiclass) {
        let ignore_index = self.ignore_index;
        delta.want((&batch.rows, RowSink::LogLikelihood { ignore_index }));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut LogLikelihoodSummary) {
        for block in delta.blocks() {
            let sums = block.sums();
            summary.loss += sums[0];
            if block.weighted {
                summary.weight += sums[1];
                add_rejected(&mut summary.rejected, &block.counts);
            } else {
                summary.count += block.counts[0] as u64;
                add_rejected(&mut summary.rejected, &block.counts[1..]);
            }
        }
    }
}

/// The negative log-likelihood of all targets, in `f64`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogLikelihoodSummary {
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

impl LogLikelihoodSummary {
    /// The mean of `-ln p(target)`, by weight.
    ///
    /// # Errors
    /// [`MetricError::Empty`] without elements, or if none has any weight.
    pub fn mean(&self) -> Result<f64, MetricError> {
        let total = self.count as f64 + self.weight;
        if total <= 0.0 {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        } else {
            Ok(self.loss / total)
        }
    }
}

impl Summary for LogLikelihoodSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
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
