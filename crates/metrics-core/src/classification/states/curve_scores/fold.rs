//! Adds what was read from a device to a summary.

use super::super::curve_column::Areas;
use super::{CurveScoresSummary, summary::Sorted};
use crate::{HostDelta, ops::AREA_COUNTS, pass::Block, states::fold::add_rejected};
use std::sync::Arc;

impl CurveScoresSummary {
    /// Adds keys that a pass listed, and the weights of their rows.
    pub(super) fn fold_keys(&mut self, block: &Block) {
        self.sorted = Sorted::default();
        add_rejected(&mut self.rejected, &block.counts);
        let mut lists = block.lists.iter();
        let (keys, weights) = (lists.next(), lists.next());
        let weighted = weights.is_some() || !self.weights.is_empty();
        if weighted {
            self.weigh_all();
        }
        match keys {
            // Nothing is copied.
            Some(keys) if self.keys.is_empty() => self.keys = keys.clone(),
            Some(keys) => self.keys_mut().extend_from_slice(keys),
            None => {}
        }
        if let Some(weights) = weights {
            let weights = weights.iter().map(|bits| f32::from_bits(*bits));
            self.weights.extend(weights);
        }
        if weighted {
            self.weigh_all();
        }
    }

    pub(super) fn keys_mut(&mut self) -> &mut Vec<u32> {
        Arc::make_mut(&mut self.keys)
    }

    pub(super) fn fold_counts(&mut self, delta: &HostDelta) {
        for block in delta.blocks() {
            self.tally.fold(block, &mut self.rejected);
        }
    }

    pub(super) fn fold_areas(&mut self, delta: &HostDelta) {
        let block = |name| {
            let (counts, sums) = (delta.counts(name)?, delta.sums(name)?);
            let areas = counts.chunks_exact(AREA_COUNTS).zip(sums);
            Some(areas.map(|(counts, sum)| Areas::new(counts, sum)).collect())
        };
        let Some(columns): Option<Vec<_>> = block("columns") else {
            return;
        };
        let pooled = block("pooled").and_then(|areas| areas.first().copied());
        self.areas = Some((columns, pooled));
    }

    /// Gives the rows that have no weight the weight 1.
    pub(super) fn weigh_all(&mut self) {
        let rows = self.keys.len() / self.width;
        self.weights.resize(rows, 1.0);
    }
}
