//! Adds what was read from a device to a summary.

use super::super::{
    curve_column::Areas,
    score_keys::{LEFT_OUT, key},
};
use super::{CurveScoresSummary, summary::Sorted};
use crate::{
    HostDelta, Reason,
    ops::{self, AREA_COUNTS, scalar::is_weight},
    pass::Block,
    states::{
        TaskKind,
        fold::{add_counts, add_rejected, add_weights},
    },
};
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
        let Some(block) = delta.counts("cells") else {
            return;
        };
        let (counts, rejected) = block.split_at(self.tally.counts.len());
        add_counts(&mut self.tally.counts, counts);
        self.fold_rejected(rejected);
        if let Some(sums) = delta.sums("cells") {
            add_weights(&mut self.tally.weighted, &sums);
        }
    }

    fn fold_rejected(&mut self, rejected: &[i32]) {
        // A rejected row of scores was rejected once per class.
        let repeats = match self.task {
            TaskKind::Multiclass => self.width as i32,
            _ => 1,
        };
        let rejected: Vec<i32> = rejected.iter().map(|count| count / repeats).collect();
        add_rejected(&mut self.rejected, &rejected);
    }

    pub(super) fn fold_areas(&mut self, delta: &HostDelta) {
        let block = |name| {
            let (counts, sums) = (delta.counts(name)?, delta.sums(name)?);
            let areas = counts.chunks_exact(AREA_COUNTS).zip(sums);
            Some(areas.map(|(counts, sum)| Areas::new(counts, sum)).collect())
        };
        let (Some(columns), Some(counts)): (Option<Vec<_>>, _) =
            (block("columns"), delta.counts("columns"))
        else {
            return;
        };
        self.fold_rejected(&counts[columns.len() * AREA_COUNTS..]);
        let pooled = block("pooled").and_then(|areas| areas.first().copied());
        self.areas = Some((columns, pooled));
    }

    /// Adds rows with their weights, of which there are none if all are 1.
    pub(super) fn fold_table(
        &mut self,
        scores: &[f32],
        targets: &[i32],
        weights: &[f32],
        ignores: bool,
    ) {
        self.sorted = Sorted::default();
        match (self.task, weights.is_empty()) {
            (_, false) => self.fold_weighted(scores, targets, weights, ignores),
            (TaskKind::Multiclass, true) => self.fold_rows(scores, targets, ignores),
            (_, true) => self.fold_decisions(scores, targets, ignores),
        }
        if !self.weights.is_empty() {
            self.weigh_all();
        }
    }

    /// Gives the rows that have no weight the weight 1.
    pub(super) fn weigh_all(&mut self) {
        let rows = self.keys.len() / self.width;
        self.weights.resize(rows, 1.0);
    }

    /// Rows with weights. Pieces in which all of them count, which is most, go at once.
    fn fold_weighted(&mut self, scores: &[f32], targets: &[i32], weights: &[f32], ignores: bool) {
        self.weigh_all();
        let per_row = targets.len() / weights.len();
        let size = (1024 / self.width).max(1);
        let pieces = (scores.chunks(size * self.width)).zip(targets.chunks(size * per_row));
        for ((scores, targets), weights) in pieces.zip(weights.chunks(size)) {
            let positive = weights
                .iter()
                .all(|weight| *weight > 0.0 && weight.is_finite());
            // Decisions that are left out keep their place, rows of classes do not.
            if positive && self.task != TaskKind::Multiclass {
                self.fold_decisions(scores, targets, ignores);
                self.weights.extend(weights);
            } else {
                self.fold_weighted_rows(scores, targets, weights, ignores);
            }
        }
    }

    /// One row after the other. One of weight 0 is as if it were not there, and so are its scores.
    fn fold_weighted_rows(
        &mut self,
        scores: &[f32],
        targets: &[i32],
        weights: &[f32],
        ignores: bool,
    ) {
        let per_row = targets.len() / weights.len();
        let rows = (scores.chunks_exact(self.width))
            .zip(targets.chunks_exact(per_row))
            .zip(weights);
        for ((scores, targets), weight) in rows {
            let start = self.keys.len();
            match self.task {
                TaskKind::Multiclass => self.fold_rows(scores, targets, ignores),
                _ => self.fold_decisions(scores, targets, ignores),
            }
            let valid = is_weight(*weight);
            if valid && *weight > 0.0 {
                let row = self.keys.len() > start;
                self.weights.extend(row.then_some(*weight));
                continue;
            }
            if !valid {
                let kept = self.keys[start..].iter().filter(|key| **key != LEFT_OUT);
                let per_element = self.width / per_row;
                self.rejected.invalid_weights += (kept.count() / per_element) as u64;
            }
            self.keys_mut().truncate(start);
        }
    }

    /// A class index per row.
    fn fold_rows(&mut self, scores: &[f32], targets: &[i32], ignores: bool) {
        for (row, target) in scores.chunks_exact(self.width).zip(targets) {
            match rejection(row, *target, self.width, ignores) {
                Some(reason) => self.rejected.add(reason),
                None => {
                    let keys = Arc::make_mut(&mut self.keys);
                    let start = keys.len();
                    keys.extend(row.iter().map(|score| key(*score, false)));
                    keys[start + *target as usize] |= 1;
                }
            }
        }
    }

    /// 0 or 1 per score. Pieces without a rejection, which is most of them, go without a branch.
    fn fold_decisions(&mut self, scores: &[f32], targets: &[i32], ignores: bool) {
        let keys = Arc::make_mut(&mut self.keys);
        for (scores, targets) in scores.chunks(1024).zip(targets.chunks(1024)) {
            let binary = targets.iter().fold(0, |any, target| any | *target) >> 1 == 0;
            let pairs = scores.iter().zip(targets);
            if binary && are_probabilities(scores) {
                keys.extend(pairs.map(|(s, t)| key(*s, *t == 1)));
                continue;
            }
            for (score, target) in pairs {
                let reason = rejection(&[*score], *target, 2, ignores);
                reason.iter().for_each(|reason| self.rejected.add(*reason));
                // Something in its place keeps the columns in step.
                keys.push(match reason {
                    Some(_) => LEFT_OUT,
                    None => key(*score, *target == 1),
                });
            }
        }
    }
}

/// Why a row is left out, whose target must be below `valid`.
fn rejection(row: &[f32], target: i32, valid: usize, ignores: bool) -> Option<Reason> {
    if ignores && target == ops::IGNORED_TARGET {
        Some(Reason::Ignored)
    } else if target < 0 || target as usize >= valid {
        Some(Reason::InvalidTarget)
    } else if are_probabilities(row) {
        None
    } else if row.iter().any(|score| score.is_nan()) {
        Some(Reason::Nan)
    } else {
        Some(Reason::InvalidPrediction)
    }
}

/// Whether all are in `[0, 1]`. Without a branch, so that the loop vectorizes.
fn are_probabilities(scores: &[f32]) -> bool {
    scores
        .iter()
        .fold(true, |all, score| all & (*score >= 0.0) & (*score <= 1.0))
}
