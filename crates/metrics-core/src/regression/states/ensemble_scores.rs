//! Scores of ensembles: the state of the continuous ranked probability score.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::Ensemble,
    ops,
    states::{fold::add_rejected, rows::Weighed},
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
        match batch.pred.dims() {
            [_, 0] => Err(MetricError::InvalidOption("ensembles of 0 members".into())),
            _ => Ok(()),
        }
    }

    fn update(&self, delta: &mut Delta, batch: &Ensemble) {
        let (pred, target) = (batch.pred.clone(), batch.target.clone());
        let weights = batch.weights().cloned();
        delta.both(2 + REJECTED_SLOTS, 2, &batch.device(), |counts, sums| {
            ops::ensemble_scores(counts, sums, pred, target, weights)
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut EnsembleScoresSummary) {
        let (Some(counts), Some(sums)) = (delta.counts(0), delta.sums(0)) else {
            return;
        };
        let Weighed { count, weight } = Weighed::new(counts, sums[1]);
        summary.count += count;
        summary.weight += weight;
        summary.score += sums[0];
        add_rejected(&mut summary.rejected, &counts[2..]);
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
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
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
