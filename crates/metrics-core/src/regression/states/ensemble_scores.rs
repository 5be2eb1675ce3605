//! Scores of ensembles: the state of the continuous ranked probability score.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary, batch::Ensemble,
    ops::ensembles::EnsembleSink, states::fold::add_rejected,
};
use serde::{Deserialize, Serialize};

/// Adds up the scores of ensembles: 2 device sums.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleScores;

impl Accumulator for EnsembleScores {
    type Batch = Ensemble;
    type Summary = EnsembleScoresSummary;

    fn identity(&self) -> Identity {
        Identity::new("ensemble_scores", 1)
    }

    fn empty(&self) -> EnsembleScoresSummary {
        EnsembleScoresSummary::default()
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &Ensemble) -> Result<(), MetricError> {
        match batch.pred().dims() {
            [_, 0] => Err(MetricError::InvalidOption("ensembles of 0 members".into())),
            _ => Ok(()),
        }
    }

    fn update(&self, delta: &mut Delta, batch: &Ensemble) {
        delta.want((&batch.forecasts, EnsembleSink::Scores));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut EnsembleScoresSummary) {
        for block in delta.blocks() {
            let used = block.counts[0];
            let sums = block.sums();
            summary.count += used as u64;
            summary.score += sums[0];
            summary.weight += if block.weighted {
                sums[1]
            } else {
                f64::from(used)
            };
            add_rejected(&mut summary.rejected, &block.counts[1..]);
        }
    }
}

/// The scores of all ensembles, in `f64`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EnsembleScoresSummary {
    /// Ensembles that were used.
    pub count: u64,
    /// Their weight; one without a weight has 1.
    #[serde(with = "crate::number")]
    pub weight: f64,
    /// The sum of their scores times their weights.
    #[serde(with = "crate::number")]
    pub score: f64,
    /// What was left out.
    pub rejected: Rejected,
}

impl Summary for EnsembleScoresSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.count += other.count;
        self.weight += other.weight;
        self.score += other.score;
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
