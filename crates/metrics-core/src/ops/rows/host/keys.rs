//! Keys of the classes of rows.

use super::Block;
use crate::{
    REJECTED_SLOTS, Reason,
    framework::pass::{HostList, Plan, grow},
    ops::{
        host::{passes, slot},
        keys::{LEFT_OUT, key, logit_key},
        rows::RowSink,
        scalar::{exp, is_weight, ln},
    },
};
use rayon::prelude::*;
use std::sync::Arc;

/// Scores that a thread takes at a time: they fit the first-level cache.
const CHUNK: usize = 1 << 11;

/// The lists of a pass, which have grown by the rows of its batch.
pub(super) struct Pieces<'a> {
    lists: &'a mut [HostList],
    /// Where the batch begins in each.
    starts: Vec<usize>,
}

impl<'a> Pieces<'a> {
    pub fn new(plan: &Plan<RowSink>, lists: &'a mut [HostList], n: usize) -> Self {
        let widths = plan.sinks.iter().flat_map(|placed| placed.size.lists);
        let widths = widths.filter(|width| *width > 0);
        let add = |(list, width): (&mut HostList, usize)| {
            let start = list.len();
            grow(list, n * width);
            start
        };
        let starts = lists.iter_mut().zip(widths).map(add).collect();
        Self { lists, starts }
    }

    /// Writes the keys of a block that begins with row `from`, and its weights.
    pub fn add(&mut self, block: &Block, plan: &Plan<RowSink>, from: usize, counts: &mut [i32]) {
        let (n, classes) = (block.target.len(), block.classes);
        for placed in &plan.sinks {
            let RowSink::Keys { ignore_index, .. } = placed.sink else {
                continue;
            };
            let starts = &self.starts[placed.lists..];
            let mut own = placed.lists_of(self.lists).iter_mut();
            let mut piece = |width: usize, start: usize| {
                let list = own.next().map(Arc::make_mut);
                list.map(|list| &mut list[start + from * width..][..n * width])
            };
            if let Some(keys) = piece(classes, starts[0]) {
                block.keys(keys, ignore_index, placed.counts_of(counts));
            }
            let Some(weights) = block.weights else {
                continue;
            };
            if let Some(own) = starts.get(1).and_then(|start| piece(1, *start)) {
                for (own, weight) in own.iter_mut().zip(weights) {
                    *own = if is_weight(*weight) { *weight } else { 0.0 }.to_bits();
                }
            }
        }
    }
}

impl Block<'_> {
    fn keys(&self, keys: &mut [u32], ignore_index: Option<i64>, rejected: &mut [i32]) {
        let rows = (CHUNK / self.classes.max(1)).max(1);
        let size = rows * self.classes;
        let part = |(part, keys): (usize, &mut [u32])| self.part(part * rows, keys, ignore_index);
        let add = |all: &mut [i32], own: [i32; REJECTED_SLOTS]| {
            let pairs = all.iter_mut().zip(own);
            pairs.for_each(|(count, more)| *count += more);
        };
        if keys.len() <= size {
            return add(rejected, part((0, keys)));
        }
        let parts = keys.par_chunks_mut(size).enumerate().map(part);
        let all = parts.reduce(
            || [0; REJECTED_SLOTS],
            |mut all, own| {
                add(&mut all, own);
                all
            },
        );
        add(rejected, all);
    }

    /// The keys of rows from `from` on, and how many rows were left out for each reason.
    fn part(
        &self,
        from: usize,
        keys: &mut [u32],
        ignore_index: Option<i64>,
    ) -> [i32; REJECTED_SLOTS] {
        let classes = self.classes;
        let scores = &self.scores[from * classes..][..keys.len()];
        let mut undefined = vec![false; keys.len() / classes];
        if self.softmax {
            log_odds(scores, classes, keys, &mut undefined);
        } else {
            of_probabilities(scores, self.slack, keys);
        }
        let mut rejected = [0; REJECTED_SLOTS];
        let rows = from..from + undefined.len();
        self.target.range(rows).each(|i, target| {
            let row = i * classes..(i + 1) * classes;
            let weight = self.weights.map_or(1.0, |weights| weights[from + i]);
            let code = if ignore_index == Some(target) {
                Reason::Ignored.code()
            } else if !(0..classes as i64).contains(&target) {
                Reason::InvalidTarget.code()
            } else if undefined[i] || has_nan(&scores[row.clone()]) {
                Reason::Nan.code()
            } else if !self.softmax && passes::outside_unit(&scores[row.clone()], self.slack) {
                Reason::InvalidPrediction.code()
            } else if !is_weight(weight) {
                Reason::InvalidWeight.code()
            } else {
                keys[row.start + target as usize] |= 1;
                0
            };
            if code < 0 {
                rejected[slot(code)] += 1;
            }
            // A row of weight 0 is as if it were not there.
            if code < 0 || weight == 0.0 {
                keys[row].fill(LEFT_OUT);
            }
        });
        rejected
    }
}

fn has_nan(scores: &[f32]) -> bool {
    scores.iter().fold(false, |any, score| any | score.is_nan())
}

/// Keys of probabilities, as of no target. Those of other numbers are not used.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn of_probabilities(scores: &[f32], slack: f32, keys: &mut [u32]) {
    for (own, score) in keys.iter_mut().zip(scores) {
        let p = passes::snapped(*score, slack);
        let inside = (0.0..=1.0).contains(&p);
        *own = key(if inside { p } else { 0.0 }, false);
    }
}

/// Keys of the log-odds of each class, as of no target: the score less the logarithm of the sum of exponentials of the others.
/// Rows with an infinite maximum are undefined.
///
/// Exponentials are relative to the largest of the others and are added as multiples of `2^-k`, exactly, so that the sum does
/// not depend on the order of the classes, and rows whose others are a permutation of each other's tie. As sums of `C` of them
/// keep within the 53 bits of an `f64`, `k` is 52 less the bits of `C`, and a log-odds is off by at most `C 2^-(k + 1)`: 3e-12
/// for 100 classes, beside the 6e-8 of it by which a key rounds.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn log_odds(scores: &[f32], classes: usize, keys: &mut [u32], undefined: &mut [bool]) {
    let bits = usize::BITS - classes.leading_zeros();
    // Adding it rounds to a multiple of 2^-k.
    let round = 1.5 * f64::from(bits).exp2();
    let mut by_max = vec![0.0f64; scores.len()];
    let mut by_second = vec![0.0f64; scores.len()];
    let mut known = vec![(0, 0.0f64, 0.0f64); undefined.len()];
    let rows = scores
        .chunks_exact(classes)
        .zip(by_max.chunks_exact_mut(classes));
    let rows = rows.zip(by_second.chunks_exact_mut(classes));
    for (((row, by_max), by_second), known) in rows.zip(&mut known) {
        let (mut best, mut max, mut second) = (0, row[0], f32::NEG_INFINITY);
        for (j, score) in row.iter().enumerate().skip(1) {
            if *score > max {
                (best, second, max) = (j, max, *score);
            } else if *score > second {
                second = *score;
            }
        }
        *known = (best, f64::from(max), f64::from(second));
        for ((own, other), score) in by_max.iter_mut().zip(&mut *by_second).zip(row) {
            *own = f64::from(*score) - known.1;
            *other = f64::from(*score) - known.2;
        }
        by_second[best] = f64::NEG_INFINITY;
    }
    for term in by_max.iter_mut().chain(&mut by_second) {
        *term = (exp(*term) + round) - round;
    }
    let rows = by_max
        .chunks_exact_mut(classes)
        .zip(by_second.chunks_exact(classes));
    for ((by_max, by_second), known) in rows.zip(&known) {
        let all: f64 = by_max.iter().sum();
        by_max.iter_mut().for_each(|own| *own = all - *own);
        by_max[known.0] = by_second.iter().sum();
    }
    by_max.iter_mut().for_each(|others| *others = ln(*others));
    let rows = scores
        .chunks_exact(classes)
        .zip(by_max.chunks_exact(classes));
    let rows = rows.zip(keys.chunks_exact_mut(classes)).zip(undefined);
    for ((((row, others), keys), undefined), (best, max, second)) in rows.zip(known) {
        for (own, (score, others)) in keys.iter_mut().zip(row.iter().zip(others)) {
            *own = logit_key(((f64::from(*score) - max) - others) as f32, false);
        }
        // Without others, and with infinitely small ones, the odds are infinite.
        let odds = if second == f64::NEG_INFINITY {
            f64::INFINITY
        } else {
            (max - second) - others[best]
        };
        keys[best] = logit_key(odds as f32, false);
        *undefined = max.is_infinite();
    }
}
