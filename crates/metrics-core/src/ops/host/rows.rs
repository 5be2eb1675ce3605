//! Rows on their way into sums, as [`Rows`](crate::ops::weighed::Rows): counted, weighed and added up in parts.

use super::HostElement;
use crate::{
    REJECTED_SLOTS, Reason,
    ops::scalar::{Element, is_weight},
};
use burn::tensor::Tensor;
use rayon::prelude::*;
use std::ops::Range;

/// What rows add to a state: to the counters of those used and of the rejected ones, and to its sums.
pub(crate) struct RowSums {
    pub counts: [i32; 1 + REJECTED_SLOTS],
    pub totals: Vec<f64>,
}

impl RowSums {
    pub(in crate::ops) fn new(sums: usize) -> Self {
        Self {
            counts: [0; 1 + REJECTED_SLOTS],
            totals: vec![0.0; sums],
        }
    }

    /// Counts a row, and returns its weight if it adds anything to the sums.
    #[inline(always)]
    pub(in crate::ops) fn count<E: Element>(
        &mut self,
        nan: bool,
        weight: Option<E>,
    ) -> Option<f64> {
        let (place, weight) = match weight {
            _ if nan => (1 + Reason::Nan as usize, None),
            None => (0, Some(1.0)),
            Some(weight) if !is_weight(weight) => (1 + Reason::InvalidWeight as usize, None),
            Some(weight) => (0, (weight > E::ZERO).then_some(weight.wide())),
        };
        self.counts[place] += 1;
        weight
    }

    /// Counts a row that is rejected for the reason of a slot.
    pub(in crate::ops) fn reject(&mut self, slot: usize) {
        self.counts[1 + slot] += 1;
    }

    fn join(mut self, other: Self) -> Self {
        (self.counts.iter_mut().zip(other.counts)).for_each(|(own, other)| *own += other);
        (self.totals.iter_mut().zip(other.totals)).for_each(|(own, other)| *own += other);
        self
    }
}

/// Runs `f` on the weights, if there are any.
pub(in crate::ops) fn with_weights<E: HostElement, R>(
    weights: &Option<Tensor<1>>,
    f: impl FnOnce(Option<&[E]>) -> R,
) -> R {
    match weights {
        Some(weights) => E::slice(weights, |weights| f(Some(weights))),
        None => f(None),
    }
}

/// Adds up what the parts of `n` rows add, in their order, so that the sums do not depend on which
/// thread was first.
pub(in crate::ops) fn sum_parts(
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
