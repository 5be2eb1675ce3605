//! Distances of pairs: the state of the edit distance.

use super::rows::{one_reference, over_chunks};
use crate::{
    HostAccumulator, Identity, MetricError, Rejected, Summary, batch::Texts,
    text::algorithms::edits::Aligner,
};
use serde::{Deserialize, Serialize};

/// Adds up edit distances over characters, and keeps each if asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distances {
    /// What a substitution costs; insertions and deletions cost 1.
    pub substitution_cost: u32,
    /// Whether to keep the distance of each pair.
    pub per_row: bool,
}

/// Distances: their number and sum, and 8 bytes a pair if each is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistancesSummary {
    /// Pairs of a prediction and a reference.
    pub pairs: u64,
    /// The sum of their distances.
    pub sum: u64,
    /// The distances, if they are kept.
    pub each: Vec<u64>,
}

impl Summary for DistancesSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.pairs += other.pairs;
        self.sum += other.sum;
        self.each.extend_from_slice(&other.each);
        Ok(())
    }

    fn counted(&self) -> u128 {
        u128::from(self.pairs) + u128::from(self.sum)
    }

    fn rejected(&self) -> Rejected {
        Rejected::default()
    }
}

impl HostAccumulator for Distances {
    type Batch = Texts;
    type Summary = DistancesSummary;

    fn identity(&self) -> Identity {
        Identity::new("text/distances", 1).with(self)
    }

    fn empty(&self) -> DistancesSummary {
        DistancesSummary::default()
    }

    fn check(&self, batch: &Texts) -> Result<(), MetricError> {
        one_reference(batch)
    }

    fn add(&self, batch: &Texts, summary: &mut DistancesSummary) {
        let cost = self.substitution_cost;
        let parts = over_chunks(batch, |rows| {
            let mut aligner = Aligner::default();
            let (mut reference, mut prediction) = (Vec::new(), Vec::new());
            let distances = rows.map(|row| {
                reference.clear();
                reference.extend(row.reference().chars().map(u32::from));
                prediction.clear();
                prediction.extend(row.prediction().chars().map(u32::from));
                distance(&mut aligner, &reference, &prediction, cost) as u64
            });
            distances.collect::<Vec<_>>()
        });
        for part in parts {
            summary.pairs += part.len() as u64;
            summary.sum += part.iter().sum::<u64>();
            if self.per_row {
                summary.each.extend_from_slice(&part);
            }
        }
    }
}

/// A substitution that costs 2 or more is never better than a deletion and an insertion, and one that costs nothing leaves
/// the difference of the lengths.
fn distance(aligner: &mut Aligner, left: &[u32], right: &[u32], substitution_cost: u32) -> usize {
    match substitution_cost {
        0 => left.len().abs_diff(right.len()),
        1 => aligner.distance(left, right),
        _ => left.len() + right.len() - 2 * aligner.common(left, right),
    }
}
