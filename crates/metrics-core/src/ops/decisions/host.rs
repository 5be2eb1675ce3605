//! The pass in host memory: blocks of decisions that fit the first-level caches, each checked once and then
//! taken by every sink. Parts of a large batch go to several threads.

use super::{DecisionSink, Decisions, LEFT_OUT, host_rows, host_sums, key};
use crate::{
    REJECTED_SLOTS, Reason,
    ops::{
        ScoreKind,
        host::{Ints, Reached, decision_codes, floats, ints, outside_unit, slot, with_weights},
        scalar::is_weight,
    },
    pass::{HostList, Placed, Plan, grow},
};
use rayon::prelude::*;
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
                        logits: match decisions.kind {
                            ScoreKind::Auto => outside_unit(scores),
                            ScoreKind::Probabilities => false,
                            ScoreKind::Logits => true,
                        },
                    };
                    let sinks = Sinks::new(decisions, plan);
                    batch.pass(&sinks, (&mut *counts, &mut *numbers), &mut *lists);
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
    logits: bool,
}

/// The sinks of a plan, and what they need of every block.
struct Sinks<'a> {
    plan: &'a Plan<DecisionSink>,
    /// The checks that sinks want, each once.
    checks: Vec<Check>,
    ready: Vec<Ready>,
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
                DecisionSink::Calibration { bins, ignore_index } => {
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
                | DecisionSink::Ranking { ignore_index }
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
        Self {
            plan,
            checks,
            ready,
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
        let own = placed.size.lists.min(lists.len());
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
        (counts, numbers): (&mut [i32], &mut [f64]),
        lists: &mut [HostList],
    ) {
        let n = self.target.len() / self.labels;
        let state = counts.len() + numbers.len();
        let size = (PART.max(4 * state) / self.labels).max(1);
        let pieces = pieces(sinks.plan, lists, [n, self.labels], size);
        let range = |part: usize| part * size..((part + 1) * size).min(n);
        if let [_] = pieces[..] {
            for mut pieces in pieces {
                let state = (&mut *counts, &mut *numbers);
                self.part(range(0), sinks, &mut pieces, state);
            }
            return;
        }
        let parts = pieces.into_par_iter().enumerate();
        let parts: Vec<_> = parts
            .map(|(part, mut pieces)| {
                let mut counts = vec![0; counts.len()];
                let mut numbers = vec![0.0; numbers.len()];
                let state = (&mut counts[..], &mut numbers[..]);
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
        (counts, numbers): (&mut [i32], &mut [f64]),
    ) {
        let labels = self.labels;
        let block_rows = (BLOCK / labels).max(1).min(rows.len());
        let size = block_rows * labels;
        let mut room = Room {
            probabilities: vec![0.0; if self.logits { size } else { 0 }],
            weights: Vec::with_capacity(size),
            first: (0..size).map(|i| 4 * (i % labels) as i32).collect(),
            groups: vec![0; if self.groups.is_some() { size } else { 0 }],
            codes: vec![vec![0; size]; sinks.checks.len()],
            cells: vec![0; size],
        };
        for from in rows.clone().step_by(block_rows) {
            let to = (from + block_rows).min(rows.end);
            let range = from * labels..to * labels;
            let scores = &self.scores[range.clone()];
            let len = scores.len();
            let probabilities = if self.logits {
                sigmoid(&mut room.probabilities[..len], scores);
                &room.probabilities[..len]
            } else {
                scores
            };
            for (check, codes) in sinks.checks.iter().zip(&mut room.codes) {
                let target = self.target.range(range.clone());
                if check.raw {
                    let number = |score: &f32| if score.is_nan() { f32::NAN } else { 0.0 };
                    let checked: Vec<f32> = scores.iter().map(number).collect();
                    decision_codes(&mut codes[..len], &checked, target, check.ignore_index);
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
                let first = match (&placed.sink, &self.groups) {
                    (DecisionSink::Groups { groups, .. }, Some(all)) => {
                        first_cells(&mut room.groups, all.range(from..to), *groups);
                        &room.groups
                    }
                    _ => &room.first,
                };
                let buffers = (&first[..len], cells);
                block.sink((&placed.sink, ready), codes, buffers, state, &mut piece);
            }
        }
    }
}

/// Decisions that have been checked.
struct Block<'a> {
    scores: &'a [f32],
    probabilities: &'a [f32],
    /// Of each decision.
    weights: Option<&'a [f32]>,
    row_weights: Option<&'a [f32]>,
    labels: usize,
    logits: bool,
}

impl Block<'_> {
    fn sink(
        &self,
        (sink, ready): (&DecisionSink, &Ready),
        codes: &[i32],
        (first, cells): (&[i32], &mut [i32]),
        (counts, numbers): (&mut [i32], &mut [f64]),
        piece: &mut Piece,
    ) {
        let (p, labels) = (self.probabilities, self.labels);
        let single = labels == 1 && self.weights.is_none();
        match (sink, &ready.reached) {
            (DecisionSink::Cells { .. }, _) if single => {
                count_decisions(counts, p, codes, ready.threshold);
            }
            (DecisionSink::Cells { .. } | DecisionSink::Groups { .. }, _) => {
                outcomes(cells, p, codes, first, ready.threshold);
                tally(cells, self.weights, counts, numbers);
            }
            (DecisionSink::Thresholds { thresholds, .. }, Some(reached)) => {
                reached.cells(cells, p, codes, (thresholds.len() + 1, labels));
                tally(cells, self.weights, counts, numbers);
            }
            (DecisionSink::Calibration { bins, .. }, Some(reached)) => {
                self.calibrate(codes, (bins + 1, reached), counts, numbers);
            }
            (DecisionSink::Terms { .. }, _) => {
                let scores = if self.logits { self.scores } else { p };
                let terms = host_sums::Terms {
                    codes,
                    weights: self.weights,
                    labels,
                };
                terms.decisions(scores, p, self.logits, counts, numbers);
            }
            (DecisionSink::Hinge { squared, raw, .. }, _) => {
                let scores = if *raw { self.scores } else { p };
                let terms = host_sums::Terms {
                    codes,
                    weights: self.weights,
                    labels,
                };
                terms.hinge(scores, *squared, counts, numbers);
            }
            (DecisionSink::Units { .. }, _) => {
                host_rows::units(cells, p, codes, (ready.threshold, labels), counts);
            }
            (DecisionSink::Ranking { .. }, _) => {
                let rows = (self.scores, codes, self.row_weights);
                host_rows::ranking(rows, labels, counts, numbers);
            }
            (DecisionSink::Keys { .. }, _) => self.keys(codes, counts, piece),
            (DecisionSink::Thresholds { .. } | DecisionSink::Calibration { .. }, None) => {}
        }
    }

    fn calibrate(
        &self,
        codes: &[i32],
        (width, reached): (usize, &Reached),
        counts: &mut [i32],
        numbers: &mut [f64],
    ) {
        let rejected = counts.len() - REJECTED_SLOTS;
        for (i, (p, code)) in self.probabilities.iter().zip(codes).enumerate() {
            if *code < 0 {
                counts[rejected + slot(*code)] += 1;
                continue;
            }
            let (bin, confidence) = (reached.bin(*p), f64::from(*p));
            match self.weights.map(|weights| weights[i]) {
                None => {
                    counts[bin] += 1;
                    counts[width + bin] += code;
                    numbers[bin] += confidence;
                }
                Some(weight) if is_weight(weight) => {
                    let weight = f64::from(weight);
                    numbers[*code as usize * width + bin] += weight;
                    numbers[2 * width + bin] += weight * confidence;
                }
                Some(_) => counts[rejected + Reason::InvalidWeight as usize] += 1,
            }
        }
    }

    fn keys(&self, codes: &[i32], rejected: &mut [i32], piece: &mut Piece) {
        let Some(keys) = piece.keys.get_mut(..codes.len()) else {
            return;
        };
        write_keys(keys, self.probabilities, codes);
        count_rejected(rejected, codes);
        let (Some(weights), Some(of_rows)) = (self.weights, self.row_weights) else {
            return;
        };
        // A row of weight 0 is as if it were not there.
        for ((key, weight), code) in keys.iter_mut().zip(weights).zip(codes) {
            if !(*weight > 0.0 && weight.is_finite()) {
                *key = LEFT_OUT;
                let invalid = *code >= 0 && !is_weight(*weight);
                rejected[Reason::InvalidWeight as usize] += invalid as i32;
            }
        }
        for (own, weight) in piece.weights.iter_mut().zip(of_rows) {
            *own = if is_weight(*weight) { *weight } else { 0.0 }.to_bits();
        }
    }
}

/// The first cell of each group, or the code of one that does not exist.
fn first_cells(first: &mut [i32], all: Ints, groups: usize) {
    let known = 0..groups as i64;
    all.each(|i, group| {
        first[i] = if known.contains(&group) {
            4 * group as i32
        } else {
            Reason::InvalidTarget.code()
        };
    });
}

/// See [`ops::sigmoid_probabilities`](crate::ops::sigmoid_probabilities).
fn sigmoid(probabilities: &mut [f32], scores: &[f32]) {
    for (p, score) in probabilities.iter_mut().zip(scores) {
        *p = 1.0 / (1.0 + (-score).exp());
    }
}

/// Counts the decisions of one label by target and prediction: sums, which vectorize.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn count_decisions(counts: &mut [i32], p: &[f32], codes: &[i32], threshold: f32) {
    let [mut used, mut positives, mut predicted, mut both] = [0i32; 4];
    for (p, code) in p.iter().zip(codes) {
        let valid = (*code >= 0) as i32;
        let positive = (*code > 0) as i32;
        let above = (*p > threshold) as i32 & valid;
        used += valid;
        positives += positive;
        predicted += above;
        both += above & positive;
    }
    counts[0] += used - positives - predicted + both;
    counts[1] += predicted - both;
    counts[2] += positives - both;
    counts[3] += both;
    if (used as usize) < codes.len() {
        count_rejected(&mut counts[4..], codes);
    }
}

/// Counts what is rejected, by reason.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn count_rejected(rejected: &mut [i32], codes: &[i32]) {
    if codes.iter().fold(0, |any, code| any | *code) < 0 {
        for code in codes.iter().filter(|code| **code < 0) {
            rejected[slot(*code)] += 1;
        }
    }
}

/// The cell of each decision, from the first one of its label or group, or the code of one to leave out.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn outcomes(cells: &mut [i32], p: &[f32], codes: &[i32], first: &[i32], threshold: f32) {
    let decisions = p.iter().zip(codes).zip(first);
    for (cell, ((p, code), first)) in cells.iter_mut().zip(decisions) {
        let inside = first + 2 * code + (*p > threshold) as i32;
        let inside = if *first < 0 { *first } else { inside };
        *cell = if *code < 0 { *code } else { inside };
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn write_keys(keys: &mut [u32], p: &[f32], codes: &[i32]) {
    for (own, (p, code)) in keys.iter_mut().zip(p.iter().zip(codes)) {
        *own = if *code < 0 {
            LEFT_OUT
        } else {
            key(*p, *code == 1)
        };
    }
}

/// State that is kept several times, so that equal cells in a row do not wait for each other.
const COPIES: usize = 4;
const COPIED: usize = 64;

/// Adds decisions to counters by cell, which the rejected ones follow, or the weights of decisions to
/// sums by cell.
fn tally(cells: &mut [i32], weights: Option<&[f32]>, counts: &mut [i32], sums: &mut [f64]) {
    match weights {
        None => count(cells, counts),
        Some(weights) => weigh(cells, weights, counts, sums),
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn count(cells: &mut [i32], counts: &mut [i32]) {
    let rejected = (counts.len() - REJECTED_SLOTS) as i32;
    for cell in cells.iter_mut() {
        *cell = if *cell < 0 {
            rejected - 1 - *cell
        } else {
            *cell
        };
    }
    if counts.len() > COPIED {
        cells.iter().for_each(|cell| counts[*cell as usize] += 1);
        return;
    }
    let mut copies = [[0; COPIED]; COPIES];
    let (fours, rest) = cells.as_chunks::<COPIES>();
    for four in fours {
        for (copy, cell) in copies.iter_mut().zip(four) {
            copy[*cell as usize % COPIED] += 1;
        }
    }
    rest.iter().for_each(|cell| counts[*cell as usize] += 1);
    for copy in copies {
        let pairs = counts.iter_mut().zip(copy);
        pairs.for_each(|(count, more)| *count += more);
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn weigh(cells: &mut [i32], weights: &[f32], rejected: &mut [i32], sums: &mut [f64]) {
    let cells_before = sums.len();
    let mut terms = [0.0f32; 1024];
    for (cells, weights) in cells
        .chunks_mut(terms.len())
        .zip(weights.chunks(terms.len()))
    {
        let mut any = 0;
        for ((term, cell), weight) in terms.iter_mut().zip(cells.iter_mut()).zip(weights) {
            let valid = is_weight(*weight);
            let invalid = (*cell >= 0) & !valid;
            *cell = if invalid {
                Reason::InvalidWeight.code()
            } else {
                *cell
            };
            *term = if valid { *weight } else { 0.0 };
            any |= *cell;
        }
        if any < 0 {
            for (cell, term) in cells.iter_mut().zip(&mut terms).filter(|(c, _)| **c < 0) {
                rejected[slot(*cell)] += 1;
                (*cell, *term) = (0, 0.0);
            }
        }
        if cells_before > COPIED {
            for (cell, term) in cells.iter().zip(&terms) {
                sums[*cell as usize] += f64::from(*term);
            }
            continue;
        }
        let mut copies = [[0.0f64; COPIED]; COPIES];
        for (i, (cell, term)) in cells.iter().zip(&terms).enumerate() {
            copies[i % COPIES][*cell as usize % COPIED] += f64::from(*term);
        }
        for copy in copies {
            let pairs = sums.iter_mut().zip(copy);
            pairs.for_each(|(sum, more)| *sum += more);
        }
    }
}
