//! The pass in host memory: blocks of decisions that fit the first-level caches, each checked once and then
//! taken by every sink. Parts of a large batch go to several threads.

mod block;
mod cells;
mod rows;
mod samples;
mod sums;

use super::{DecisionSink, Decisions};
use crate::{
    Reason,
    ops::{
        ScoreKind,
        host::{
            Ints, Reached, decision_codes, floats, ints, note_kind, outside_unit, snap,
            with_weights,
        },
    },
    pass::{HostList, Input, Placed, Plan, grow},
};
use block::Block;
use rayon::prelude::*;
use samples::Samples;
use std::ops::Range;

/// Decisions of a block.
const BLOCK: usize = 1 << 11;

/// Decisions of a part, unless its state is large beside them. It does not depend on the number of threads,
/// so that sums do not either.
const PART: usize = 1 << 16;

pub(super) fn pass(
    decisions: &Decisions,
    plan: &Plan<DecisionSink>,
    counts: &mut [i32],
    numbers: &mut [f64],
    lists: &mut [HostList],
) {
    let [n, labels] = decisions.dims();
    if n * labels == 0 {
        return;
    }
    let (counts, samples) = plan.split(counts, decisions.samples());
    let groups = |f: &mut dyn FnMut(Option<Ints>)| match &decisions.groups {
        Some(groups) => ints(groups, |groups| f(Some(groups))),
        None => f(None),
    };
    floats(&decisions.scores, |scores| {
        ints(&decisions.target, |target| {
            with_weights(&decisions.weights, |weights| {
                groups(&mut |groups| {
                    let batch = Slices {
                        scores,
                        target,
                        weights,
                        groups,
                        labels,
                        positions: decisions.positions(),
                        slack: decisions.slack,
                        logits: match decisions.kind {
                            ScoreKind::Auto => outside_unit(scores, decisions.slack),
                            ScoreKind::Probabilities => false,
                            ScoreKind::Logits => true,
                        },
                    };
                    let sinks = Sinks::new(decisions, plan);
                    batch.pass(
                        &sinks,
                        (&mut *counts, &mut *numbers, &mut *samples),
                        &mut *lists,
                    );
                    if !decisions.labels {
                        let asking = plan.sinks.iter().filter(|placed| placed.sink.asks());
                        asking.for_each(|placed| note_kind(placed.counts_of(counts), batch.logits));
                    }
                });
            });
        });
    });
}

/// The data of a batch.
struct Slices<'a> {
    scores: &'a [f32],
    target: Ints<'a>,
    weights: Option<&'a [f32]>,
    groups: Option<Ints<'a>>,
    labels: usize,
    /// Rows of a sample.
    positions: usize,
    /// How far outside `[0, 1]` a probability may lie.
    slack: f32,
    logits: bool,
}

/// The sinks of a plan, and what they need of every block.
struct Sinks<'a> {
    plan: &'a Plan<DecisionSink>,
    /// The checks that sinks want, each once.
    checks: Vec<Check>,
    ready: Vec<Ready>,
    /// Whether a sink takes probabilities of logits.
    probable: bool,
}

/// What a decision is checked for.
#[derive(Clone, Copy, PartialEq)]
struct Check {
    ignore_index: Option<i64>,
    /// Whether scores may be of any size.
    raw: bool,
}

/// What a sink needs beside its options.
struct Ready {
    /// Which check.
    check: usize,
    threshold: f32,
    reached: Option<Reached>,
}

impl<'a> Sinks<'a> {
    fn new(decisions: &Decisions, plan: &'a Plan<DecisionSink>) -> Self {
        let mut checks = Vec::new();
        let ready = |placed: &Placed<DecisionSink>| {
            let (mut threshold, mut reached, mut is_raw) = (0.0, None, false);
            let ignore_index = match &placed.sink {
                DecisionSink::Cells {
                    threshold: own,
                    ignore_index,
                }
                | DecisionSink::Groups {
                    threshold: own,
                    ignore_index,
                    ..
                }
                | DecisionSink::Samples {
                    threshold: own,
                    ignore_index,
                }
                | DecisionSink::SampleUnits {
                    threshold: own,
                    ignore_index,
                }
                | DecisionSink::Units {
                    threshold: own,
                    ignore_index,
                } => {
                    threshold = decisions.threshold(*own);
                    ignore_index
                }
                DecisionSink::Thresholds {
                    thresholds,
                    ignore_index,
                } => {
                    let thresholds: Vec<f32> = thresholds.iter().map(|t| t.get()).collect();
                    reached = Some(Reached::new(&thresholds));
                    ignore_index
                }
                DecisionSink::Calibration { bins, ignore_index }
                | DecisionSink::LabelBins { bins, ignore_index } => {
                    reached = Some(Reached::of_bins(*bins));
                    ignore_index
                }
                DecisionSink::Hinge {
                    raw, ignore_index, ..
                } => {
                    is_raw = *raw;
                    ignore_index
                }
                DecisionSink::Terms { ignore_index }
                | DecisionSink::Brier { ignore_index }
                | DecisionSink::Ranking { ignore_index }
                | DecisionSink::Best { ignore_index, .. }
                | DecisionSink::Keys { ignore_index } => ignore_index,
            };
            let check = Check {
                ignore_index: *ignore_index,
                raw: is_raw,
            };
            let index = checks.iter().position(|own| *own == check);
            Ready {
                check: index.unwrap_or_else(|| {
                    checks.push(check);
                    checks.len() - 1
                }),
                threshold,
                reached,
            }
        };
        let ready = plan.sinks.iter().map(ready).collect();
        let takes = |sink: &DecisionSink| sink.asks() && !matches!(sink, DecisionSink::Keys { .. });
        let probable = plan.sinks.iter().any(|placed| takes(&placed.sink));
        Self {
            plan,
            checks,
            ready,
            probable,
        }
    }
}

/// Where a part of the decisions goes in the lists of a sink.
#[derive(Default)]
struct Piece<'a> {
    keys: &'a mut [u32],
    weights: &'a mut [u32],
}

/// The pieces of each sink, part by part of so many rows.
fn pieces<'a>(
    plan: &Plan<DecisionSink>,
    mut lists: &'a mut [HostList],
    [n, labels]: [usize; 2],
    size: usize,
) -> Vec<Vec<Piece<'a>>> {
    let mut parts: Vec<Vec<_>> = (0..n.div_ceil(size)).map(|_| Vec::new()).collect();
    for placed in &plan.sinks {
        let own = placed.size.lists().min(lists.len());
        let (own, rest) = std::mem::take(&mut lists).split_at_mut(own);
        lists = rest;
        let mut own = own.iter_mut();
        let mut keys = (own.next().into_iter())
            .flat_map(|list| grow(list, n * labels).chunks_mut(size * labels));
        let mut weights = (own.next().into_iter()).flat_map(|list| grow(list, n).chunks_mut(size));
        for part in &mut parts {
            part.push(Piece {
                keys: keys.next().unwrap_or_default(),
                weights: weights.next().unwrap_or_default(),
            });
        }
    }
    parts
}

/// Buffers of a thread, for a block.
struct Room {
    probabilities: Vec<f32>,
    /// 0, or NaN for a score that is.
    checked: Vec<f32>,
    /// The weight of each decision.
    weights: Vec<f32>,
    /// The first cell of each decision's label.
    first: Vec<i32>,
    /// The first cell of each decision's group, or the code of one that does not exist.
    groups: Vec<i32>,
    /// For each check 0, 1 or the code of what to leave out.
    codes: Vec<Vec<i32>>,
    cells: Vec<i32>,
}

impl Slices<'_> {
    fn pass(
        &self,
        sinks: &Sinks,
        (counts, numbers, samples): (&mut [i32], &mut [f64], &mut [i32]),
        lists: &mut [HostList],
    ) {
        let n = self.target.len() / self.labels;
        let state = counts.len() + numbers.len();
        let mut size = (PART.max(4 * state) / self.labels).max(1);
        if !samples.is_empty() {
            // A part has whole samples.
            size = size.next_multiple_of(self.positions);
        }
        let own = (size / self.positions * sinks.plan.samples).max(1);
        let mut samples = samples.chunks_mut(own);
        let pieces = pieces(sinks.plan, lists, [n, self.labels], size);
        let pieces = pieces.into_iter().map(|pieces| {
            let samples = samples.next().unwrap_or_default();
            (pieces, samples)
        });
        let pieces: Vec<_> = pieces.collect();
        let range = |part: usize| part * size..((part + 1) * size).min(n);
        if let [_] = pieces[..] {
            for (mut pieces, samples) in pieces {
                let state = (&mut *counts, &mut *numbers, samples);
                self.part(range(0), sinks, &mut pieces, state);
            }
            return;
        }
        let parts = pieces.into_par_iter().enumerate();
        let parts: Vec<_> = parts
            .map(|(part, (mut pieces, samples))| {
                let mut counts = vec![0; counts.len()];
                let mut numbers = vec![0.0; numbers.len()];
                let state = (&mut counts[..], &mut numbers[..], samples);
                self.part(range(part), sinks, &mut pieces, state);
                (counts, numbers)
            })
            .collect();
        for (own_counts, own_numbers) in parts {
            let pairs = counts.iter_mut().zip(own_counts);
            pairs.for_each(|(count, own)| *count += own);
            let pairs = numbers.iter_mut().zip(own_numbers);
            pairs.for_each(|(number, own)| *number += own);
        }
    }

    fn part(
        &self,
        rows: Range<usize>,
        sinks: &Sinks,
        pieces: &mut [Piece],
        (counts, numbers, samples): (&mut [i32], &mut [f64], &mut [i32]),
    ) {
        let labels = self.labels;
        let block_rows = (BLOCK / labels).max(1).min(rows.len());
        let size = block_rows * labels;
        let mut room = Room {
            probabilities: vec![0.0; size],
            checked: vec![0.0; size],
            weights: Vec::with_capacity(size),
            first: (0..size).map(|i| 4 * (i % labels) as i32).collect(),
            groups: vec![0; size],
            codes: vec![vec![0; size]; sinks.checks.len()],
            cells: vec![0; size],
        };
        for from in rows.clone().step_by(block_rows) {
            let to = (from + block_rows).min(rows.end);
            let range = from * labels..to * labels;
            let scores = &self.scores[range.clone()];
            let len = scores.len();
            let probabilities = if self.logits && sinks.probable {
                sigmoid(&mut room.probabilities[..len], scores);
                &room.probabilities[..len]
            } else if !self.logits && outside_unit(scores, 0.0) {
                room.probabilities[..len].copy_from_slice(scores);
                snap(&mut room.probabilities[..len], self.slack);
                &room.probabilities[..len]
            } else {
                scores
            };
            for (check, codes) in sinks.checks.iter().zip(&mut room.codes) {
                let target = self.target.range(range.clone());
                // A logit may be of any size.
                if check.raw || self.logits {
                    let checked = &mut room.checked[..len];
                    for (own, score) in checked.iter_mut().zip(scores) {
                        *own = if score.is_nan() { f32::NAN } else { 0.0 };
                    }
                    decision_codes(&mut codes[..len], checked, target, check.ignore_index);
                } else {
                    decision_codes(&mut codes[..len], probabilities, target, check.ignore_index);
                }
            }
            let row_weights = self.weights.map(|weights| &weights[from..to]);
            let weights = match row_weights {
                Some(weights) if labels > 1 => {
                    let each = weights.iter().flat_map(|w| std::iter::repeat_n(*w, labels));
                    room.weights.clear();
                    room.weights.extend(each);
                    Some(&room.weights[..])
                }
                weights => weights,
            };
            let block = Block {
                scores,
                probabilities,
                weights,
                row_weights,
                labels,
                logits: self.logits,
            };
            let ready = sinks.plan.sinks.iter().zip(&sinks.ready);
            for ((placed, ready), piece) in ready.zip(&mut *pieces) {
                let at = from - rows.start;
                let mut piece = Piece {
                    keys: piece.keys.get_mut(at * labels..).unwrap_or_default(),
                    weights: piece.weights.get_mut(at..).unwrap_or_default(),
                };
                let codes = &room.codes[ready.check][..len];
                let state = (placed.counts_of(counts), placed.numbers_of(numbers));
                let cells = &mut room.cells[..len];
                let first = match &placed.sink {
                    DecisionSink::Groups { groups, .. } => {
                        if let Some(all) = &self.groups {
                            first_cells(&mut room.groups, all.range(from..to), *groups, labels);
                        }
                        &room.groups
                    }
                    _ => &room.first,
                };
                if placed.size.samples > 0 {
                    let own = Samples {
                        counts: &mut *samples,
                        width: sinks.plan.samples,
                        before: placed.samples,
                        positions: self.positions,
                    };
                    let first = (&room.first[..len], cells);
                    block.by_sample((&placed.sink, ready), codes, first, state.0, (at, own));
                    continue;
                }
                let buffers = (&first[..len], cells);
                block.sink((&placed.sink, ready), codes, buffers, state, &mut piece);
            }
        }
    }
}

/// The first cell of the group of each decision, or the code of one that does not exist.
fn first_cells(first: &mut [i32], all: Ints, groups: usize, labels: usize) {
    let known = 0..groups as i64;
    all.each(|row, group| {
        first[row * labels..][..labels].fill(if known.contains(&group) {
            4 * group as i32
        } else {
            Reason::InvalidTarget.code()
        });
    });
}

/// See [`ops::sigmoid_probabilities`](crate::ops::sigmoid_probabilities).
fn sigmoid(probabilities: &mut [f32], scores: &[f32]) {
    for (p, score) in probabilities.iter_mut().zip(scores) {
        *p = 1.0 / (1.0 + (-score).exp());
    }
}
