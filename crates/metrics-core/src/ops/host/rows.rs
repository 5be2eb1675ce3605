//! Rows on their way into sums, as [`Rows`](crate::ops::Rows): counted, weighed and added up in parts.

use super::{add_counts, add_totals, floats};
use crate::{REJECTED_SLOTS, Reason, ops::scalar::is_weight};
use burn::tensor::{Int, Tensor};
use rayon::prelude::*;
use std::ops::Range;

/// What rows add to a state: to the counters of those used without a weight, of those used with one
/// and of the rejected ones, and to its sums.
pub(crate) struct RowSums {
    pub counts: [i32; 2 + REJECTED_SLOTS],
    pub totals: Vec<f64>,
}

impl RowSums {
    pub(super) fn new(sums: usize) -> Self {
        Self {
            counts: [0; 2 + REJECTED_SLOTS],
            totals: vec![0.0; sums],
        }
    }

    /// Counts a row, and returns its weight if it adds anything to the sums.
    #[inline(always)]
    pub(super) fn count(&mut self, nan: bool, weight: Option<f32>) -> Option<f64> {
        let (place, weight) = match weight {
            _ if nan => (2 + Reason::Nan as usize, None),
            None => (0, Some(1.0)),
            Some(weight) if !is_weight(weight) => (2 + Reason::InvalidWeight as usize, None),
            Some(weight) => (1, (weight > 0.0).then_some(weight as f64)),
        };
        self.counts[place] += 1;
        weight
    }

    /// Counts a row that is rejected for the reason of a slot.
    pub(super) fn reject(&mut self, slot: usize) {
        self.counts[2 + slot] += 1;
    }

    /// The counters with one of all rows used in place of two.
    pub(crate) fn used_and_rejected(&self) -> [i32; 1 + REJECTED_SLOTS] {
        let [plain, rest @ ..] = self.counts;
        let mut counts = rest;
        counts[0] += plain;
        counts
    }

    fn join(mut self, other: Self) -> Self {
        (self.counts.iter_mut().zip(other.counts)).for_each(|(own, other)| *own += other);
        (self.totals.iter_mut().zip(other.totals)).for_each(|(own, other)| *own += other);
        self
    }

    pub(super) fn add_to(
        self,
        counts: Tensor<1, Int>,
        sums: Tensor<1>,
    ) -> (Tensor<1, Int>, Tensor<1>) {
        (
            add_counts(counts, &self.counts),
            add_totals(sums, &self.totals),
        )
    }
}

/// Runs `f` on the weights, if there are any.
pub(crate) fn with_weights<R>(
    weights: &Option<Tensor<1>>,
    f: impl FnOnce(Option<&[f32]>) -> R,
) -> R {
    match weights {
        Some(weights) => floats(weights, |weights| f(Some(weights))),
        None => f(None),
    }
}

/// Adds up what the parts of `n` rows add, in their order, so that the sums do not depend on which
/// thread was first.
pub(super) fn sum_parts(
    n: usize,
    rows_per_part: usize,
    part: impl Fn(Range<usize>) -> RowSums + Sync,
) -> RowSums {
    if n <= rows_per_part {
        return part(0..n);
    }
    let parts = (0..n.div_ceil(rows_per_part)).into_par_iter();
    let range = |i: usize| i * rows_per_part..n.min((i + 1) * rows_per_part);
    let parts: Vec<_> = parts.map(|i| part(range(i))).collect();
    let sum = parts.into_iter().reduce(RowSums::join);
    sum.unwrap_or_else(|| part(0..0))
}
