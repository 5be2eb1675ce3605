//! The pass in host memory: blocks of pairs that every sink takes while they are in the cache.

mod joint;
mod lists;
mod moments;
mod terms;

pub(super) use lists::append;

pub(crate) use terms::NumberTerms;

use super::{PairSink, Pairs, Terms, Unit};
use crate::{
    Reason,
    ops::scalar::{Element, is_weight},
    pass::{Placed, Plan},
};
use rayon::prelude::*;
use std::{ops::Range, sync::OnceLock};

/// Elements of a block: predictions and targets take half of the first-level cache.
const BLOCK: usize = 1 << 11;

/// Elements that a thread takes at a time. Parts have this size whatever the number of threads, so that sums do
/// not depend on it.
const PART: usize = 1 << 15;

/// Elements of a row from which a row is a block of its own.
const FEWEST_ROWS: usize = 8;

#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(super) fn pass(pairs: &Pairs, plan: &Plan<PairSink>, counts: &mut [i32], numbers: &mut [f64]) {
    let mut any = false;
    for placed in &plan.sinks {
        match &placed.sink {
            PairSink::Terms(terms) if !terms.0.by_number() => {
                let mut totals = Totals::of(placed, pairs.weights.is_some(), counts, numbers);
                let (rows, measured) = terms.0.measure(pairs.of(terms.0.unit()));
                totals.add_measured(&rows, &measured);
            }
            PairSink::Ranks { .. } | PairSink::List(_) => {}
            _ => any = true,
        }
    }
    if any && pairs.is_wide() {
        blocks::<f64>(pairs, plan, counts, numbers);
    } else if any {
        blocks::<f32>(pairs, plan, counts, numbers);
    }
    for placed in &plan.sinks {
        if let PairSink::Terms(_) = placed.sink {
            // No sum of finite terms leaves the range of `f64`.
            let (sums, marks) = placed.numbers_of(numbers).split_at_mut(placed.size.sums);
            marks[0] = f64::from(sums.iter().any(|sum| !sum.is_finite()));
        }
    }
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
fn blocks<E: crate::ops::host::HostElement + PairElement>(
    pairs: &Pairs,
    plan: &Plan<PairSink>,
    counts: &mut [i32],
    numbers: &mut [f64],
) {
    use crate::ops::host::with_weights;

    let [n, columns] = pairs.pred.dims();
    E::slice(&pairs.pred, |pred| {
        E::slice(&pairs.target, |target| {
            with_weights(&pairs.weights, |weights| {
                let batch = Block::new(pred, target, columns.max(1), weights);
                batch.pass(n, plan, counts, numbers);
            });
        });
    });
}

#[cfg(not(any(feature = "flex", feature = "ndarray")))]
pub(super) fn pass(_: &Pairs, _: &Plan<PairSink>, _: &mut [i32], _: &mut [f64]) {}

/// Some rows of pairs, `[N, D]`.
pub(crate) struct Block<'a, E> {
    pub pred: &'a [E],
    pub target: &'a [E],
    pub columns: usize,
    pub weights: Option<&'a [E]>,
    clean: OnceLock<bool>,
}

/// An element of pairs, for which terms can be any.
pub(crate) trait PairElement: Element {
    /// Adds the terms of a block.
    fn add(terms: &dyn Terms, block: &Block<Self>, totals: &mut Totals);
}

impl PairElement for f32 {
    fn add(terms: &dyn Terms, block: &Block<f32>, totals: &mut Totals) {
        terms.add(block, totals);
    }
}

impl PairElement for f64 {
    fn add(terms: &dyn Terms, block: &Block<f64>, totals: &mut Totals) {
        terms.add_wide(block, totals);
    }
}

impl<'a, E: PairElement> Block<'a, E> {
    fn new(pred: &'a [E], target: &'a [E], columns: usize, weights: Option<&'a [E]>) -> Self {
        Self {
            pred,
            target,
            columns,
            weights,
            clean: OnceLock::new(),
        }
    }

    fn rows(&self, rows: Range<usize>) -> Self {
        let elements = rows.start * self.columns..rows.end * self.columns;
        let weights = self.weights.map(|weights| &weights[rows]);
        Self::new(
            &self.pred[elements.clone()],
            &self.target[elements],
            self.columns,
            weights,
        )
    }

    /// Every element as a row of its own; `spread` is where their weights go.
    fn elements<'b>(&self, spread: &'b mut Vec<E>) -> Block<'b, E>
    where
        'a: 'b,
    {
        let columns = self.columns;
        let weights: Option<&'b [E]> = match self.weights {
            Some(weights) if columns > 1 => {
                spread.clear();
                spread.extend(
                    (weights.iter()).flat_map(|weight| std::iter::repeat_n(*weight, columns)),
                );
                Some(&spread[..])
            }
            weights => weights,
        };
        Block::new(self.pred, self.target, 1, weights)
    }

    /// Calls `f` with each row and its weight.
    #[inline(always)]
    fn each_row(&self, mut f: impl FnMut(&[E], &[E], Option<E>)) {
        let rows = self.pred.chunks_exact(self.columns);
        let rows = rows.zip(self.target.chunks_exact(self.columns));
        for (i, (pred, target)) in rows.enumerate() {
            f(pred, target, self.weights.map(|weights| weights[i]));
        }
    }

    /// Whether no number is NaN and all weights are valid: found out once for all sinks.
    fn is_clean(&self) -> bool {
        *(self.clean).get_or_init(|| clean(self.pred, self.target, self.weights))
    }

    /// As a whole batch.
    fn pass(&self, n: usize, plan: &Plan<PairSink>, counts: &mut [i32], numbers: &mut [f64]) {
        self.take_marks(n, plan, numbers);
        let size = (PART / self.columns).max(1);
        if n <= size {
            return self.part(0..n, plan, counts, numbers);
        }
        let mut start = numbers.to_vec();
        for placed in &plan.sinks {
            placed.numbers_of(&mut start)[..placed.size.sums].fill(0.0);
        }
        let parts = (0..n.div_ceil(size)).into_par_iter().map(|i| {
            let (mut counts, mut numbers) = (vec![0; counts.len()], start.clone());
            let rows = i * size..n.min((i + 1) * size);
            self.part(rows, plan, &mut counts, &mut numbers);
            (counts, numbers)
        });
        // Collected in order, so that the sums do not depend on which thread was first.
        let parts: Vec<_> = parts.collect();
        for (more, mut part) in parts {
            (counts.iter_mut().zip(more)).for_each(|(count, more)| *count += more);
            for placed in &plan.sinks {
                let (sums, marks) = placed.numbers_of(numbers).split_at_mut(placed.size.sums);
                let (more, others) = placed.numbers_of(&mut part).split_at(placed.size.sums);
                (sums.iter_mut().zip(more)).for_each(|(sum, more)| *sum += more);
                if let PairSink::Moments { extremes: true, .. } = placed.sink {
                    moments::join_extremes(marks, others);
                }
            }
        }
    }

    /// Takes pivots from the first rows, where there are none yet.
    fn take_marks(&self, n: usize, plan: &Plan<PairSink>, numbers: &mut [f64]) {
        let first = self.rows(0..n.min(PIVOT_ROWS).min((1 << 16) / self.columns + 16));
        let mut spread = Vec::new();
        let elements = first.elements(&mut spread);
        for placed in &plan.sinks {
            let block = match placed.sink.unit() {
                Unit::Elements => &elements,
                _ => &first,
            };
            let (sums, marks) = placed.numbers_of(numbers).split_at_mut(placed.size.sums);
            let fresh = sums.last() == Some(&0.0);
            match placed.sink {
                PairSink::Moments { .. } if fresh => moments::take_marks(block, marks),
                PairSink::Joint { .. } if fresh => joint::take_marks(block, marks),
                _ => {}
            }
        }
    }

    /// Block by block.
    fn part(
        &self,
        rows: Range<usize>,
        plan: &Plan<PairSink>,
        counts: &mut [i32],
        numbers: &mut [f64],
    ) {
        let size = (BLOCK / self.columns).max(FEWEST_ROWS);
        let (mut spread, end) = (Vec::new(), rows.end);
        for start in rows.step_by(size) {
            let whole = self.rows(start..end.min(start + size));
            let elements = whole.elements(&mut spread);
            for placed in &plan.sinks {
                let block = match placed.sink.unit() {
                    Unit::Outputs(_) | Unit::Rows if self.columns > 1 => &whole,
                    _ => &elements,
                };
                match &placed.sink {
                    PairSink::Moments { extremes, .. } => {
                        let mut totals = Totals::of(placed, false, counts, numbers);
                        moments::add(block, *extremes, &mut totals);
                    }
                    PairSink::Joint { .. } => {
                        let mut totals = Totals::of(placed, false, counts, numbers);
                        joint::add(block, &mut totals);
                    }
                    PairSink::Terms(terms) if terms.0.by_number() => {
                        let weighted = self.weights.is_some();
                        let mut totals = Totals::of(placed, weighted, counts, numbers);
                        E::add(&*terms.0, block, &mut totals);
                    }
                    PairSink::Terms(_) | PairSink::Ranks { .. } | PairSink::List(_) => {}
                }
            }
        }
    }
}

/// How many rows a pivot is taken from.
const PIVOT_ROWS: usize = 1024;

/// The mean of a number of each column of the rows that are used and weigh anything, as far as it is finite, and
/// never outside these: numbers that are all equal lie exactly on it, whatever rounding does to a mean.
fn pivots<E: PairElement>(block: &Block<E>, pivots: &mut [f64], of: impl Fn(f64, f64) -> f64) {
    let mut used = vec![(0.0, 0.0f64, f64::MAX, f64::MIN); pivots.len()];
    block.each_row(|pred, target, weight| {
        if has_nan(pred) | has_nan(target) || !weight.is_none_or(|w| is_weight(w) && w > E::ZERO) {
            return;
        }
        for (used, (pred, target)) in used.iter_mut().zip(pred.iter().zip(target)) {
            let number = of(pred.wide(), target.wide());
            if number.is_finite() {
                used.0 += 1.0;
                used.1 += number;
                used.2 = used.2.min(number);
                used.3 = used.3.max(number);
            }
        }
    });
    for (pivot, (count, sum, low, high)) in pivots.iter_mut().zip(used) {
        *pivot = if count > 0.0 {
            (sum / count).max(low).min(high)
        } else {
            0.0
        };
    }
}

/// Not `any`, which stops at the first and is no vector; numbers as wide as the floats make no work between.
#[inline(always)]
fn has_nan<E: Element>(row: &[E]) -> bool {
    row.iter().fold(0, |nan, x| nan | u32::from(x.is_nan())) != 0
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn clean<E: Element>(pred: &[E], target: &[E], weights: Option<&[E]>) -> bool {
    let invalid = |weights: &[E]| {
        let any = weights
            .iter()
            .fold(0, |any, w| any | u32::from(!is_weight(*w)));
        any != 0
    };
    !has_nan(pred) && !has_nan(target) && !weights.is_some_and(invalid)
}

/// The counters, sums and marks of a sink.
pub(crate) struct Totals<'a> {
    /// Rows used, and the rejected ones.
    counts: &'a mut [i32],
    sums: &'a mut [f64],
    marks: &'a mut [f64],
    /// The sum of weights, of terms with weights.
    given: Option<&'a mut f64>,
}

impl<'a> Totals<'a> {
    fn of(
        placed: &Placed<PairSink>,
        weighted: bool,
        counts: &'a mut [i32],
        numbers: &'a mut [f64],
    ) -> Self {
        let (all, marks) = placed.numbers_of(numbers).split_at_mut(placed.size.sums);
        let moments = matches!(
            placed.sink,
            PairSink::Moments { .. } | PairSink::Joint { .. }
        );
        let weights = usize::from(weighted || moments);
        let (sums, given) = all.split_at_mut(all.len() - weights);
        Self {
            counts: placed.counts_of(counts),
            sums,
            marks,
            given: given.first_mut(),
        }
    }

    /// Counts a row, and returns its weight if it adds anything to the sums.
    #[inline(always)]
    fn count<E: Element>(&mut self, undefined: bool, weight: Option<E>) -> Option<f64> {
        let (place, weight) = match weight {
            _ if undefined => (1 + Reason::Nan as usize, None),
            None => (0, Some(1.0)),
            Some(weight) if !is_weight(weight) => (1 + Reason::InvalidWeight as usize, None),
            Some(weight) => (0, (weight > E::ZERO).then_some(weight.wide())),
        };
        self.counts[place] += 1;
        if let (Some(given), Some(weight)) = (&mut self.given, weight) {
            **given += weight;
        }
        weight
    }

    /// Counts rows that are used and weigh so much.
    fn count_used(&mut self, rows: usize, weight: f64) {
        self.counts[0] += rows as i32;
        if let Some(given) = &mut self.given {
            **given += weight;
        }
    }

    /// Counts a row that is rejected.
    fn reject(&mut self, reason: Reason) {
        self.counts[1 + reason as usize] += 1;
    }

    /// Adds terms of rows that were computed as tensors.
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    fn add_measured(&mut self, rows: &crate::ops::weighed::Rows, terms: &burn::tensor::Tensor<2>) {
        use crate::ops::host::{counters, doubles};

        let [_, k] = terms.dims();
        let weights = rows.given();
        counters(rows.codes(), |codes| {
            doubles(&weights, |weights| {
                doubles(terms, |terms| {
                    for (i, code) in codes.iter().enumerate() {
                        if *code < 0 {
                            self.counts[code.unsigned_abs() as usize] += 1;
                            continue;
                        }
                        let weight = if self.given.is_some() {
                            weights[i]
                        } else {
                            1.0
                        };
                        self.count_used(1, weight);
                        if weight > 0.0 {
                            let terms = &terms[i * k..][..k];
                            (self.sums.iter_mut().zip(terms))
                                .for_each(|(sum, term)| *sum += weight * term);
                        }
                    }
                });
            });
        });
    }
}
