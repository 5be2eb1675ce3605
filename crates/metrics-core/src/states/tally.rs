use super::fold::{add_counts, add_rejected, add_weights};
use crate::{Rejected, pass::Block};
use serde::{Deserialize, Serialize};

/// What is counted, by cell: elements without weights exactly, whatever their number, and the weights of others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// The elements without a weight.
    pub counts: Vec<u64>,
    /// The sums of the weights of the others; empty if there are none.
    #[serde(default, with = "crate::number::list")]
    pub weighted: Vec<f64>,
}

impl Tally {
    /// So many cells, all zero.
    pub fn new(cells: usize) -> Self {
        Self::of(vec![0; cells])
    }

    /// Of elements without weights.
    pub fn of(counts: Vec<u64>) -> Self {
        let weighted = Vec::new();
        Self { counts, weighted }
    }

    /// Whether some element had a weight.
    pub fn is_weighted(&self) -> bool {
        !self.weighted.is_empty()
    }

    /// A cell's elements and weights together; 0 outside the cells.
    pub fn get(&self, cell: usize) -> f64 {
        let [count, weight] = [
            self.counts.get(cell).map_or(0.0, |count| *count as f64),
            self.weighted.get(cell).copied().unwrap_or(0.0),
        ];
        count + weight
    }

    /// All cells, elements and weights together.
    pub fn cells(&self) -> Vec<f64> {
        let counts = self.counts.iter().map(|count| *count as f64);
        if self.is_weighted() {
            counts.zip(&self.weighted).map(|(c, w)| c + w).collect()
        } else {
            counts.collect()
        }
    }

    /// All elements without a weight.
    pub fn counted(&self) -> u128 {
        self.counts.iter().map(|count| u128::from(*count)).sum()
    }

    /// Whether counts can be added up as they are: an altered state may hold some whose sum is beyond all numbers. It is told
    /// from their bits, since sums that stop at the largest number are slow.
    pub(super) fn is_small(&self) -> bool {
        let bits = self.counts.iter().fold(0, |bits, count| bits | count);
        u128::from(bits) * self.counts.len() as u128 <= u128::from(u64::MAX)
    }

    /// Whether every cell is 0.
    pub fn is_zero(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
            && self.weighted.iter().all(|weight| *weight == 0.0)
    }

    /// Adds the block of a sink that keeps a counter or a sum for each cell, and the counters of what was left
    /// out.
    pub(crate) fn fold(&mut self, block: &Block, rejected: &mut Rejected) {
        if block.weighted {
            add_weights(&mut self.weighted, &block.sums());
            add_rejected(rejected, &block.counts);
        } else {
            let (counts, rest) = block.counts.split_at(self.counts.len());
            add_counts(&mut self.counts, counts);
            add_rejected(rejected, rest);
        }
    }

    /// Adds another of as many cells, for which there is room.
    pub(crate) fn merge(&mut self, other: &Self) {
        let pairs = self.counts.iter_mut().zip(&other.counts);
        pairs.for_each(|(count, more)| *count += more);
        add_weights(&mut self.weighted, &other.weighted);
    }

    /// Whether it has so many cells, and weights, if any, that can be. Those of a damaged file may not.
    pub(crate) fn fits(&self, cells: usize) -> bool {
        self.counts.len() == cells
            && [0, cells].contains(&self.weighted.len())
            && self.weighted.iter().all(|weight| *weight >= 0.0)
    }
}
