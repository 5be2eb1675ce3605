//! Rows on their way into sums: which of them are used, and how much each weighs.

use crate::{
    REJECTED_SLOTS, Reason,
    delta::{Delta, HostDelta},
    ops::{self, as_i32, default::count},
};
use burn::tensor::{Bool, Int, Tensor};

/// Rows of a batch `[N]`.
pub(super) struct Rows {
    /// 0 where the row is used, else a negative [code](Reason::code).
    codes: Tensor<1, Int>,
    /// What each weighs; 0 where it is not used.
    weights: Option<Tensor<1>>,
}

impl Rows {
    /// Rejects the rows that would be used, but for a weight that is none.
    pub fn new(codes: Tensor<1, Int>, weights: Option<Tensor<1>>) -> Self {
        let Some(weights) = weights else {
            return Self { codes, weights };
        };
        let valid = (weights.clone().is_finite()).bool_and(weights.clone().greater_equal_elem(0.0));
        let used = codes.clone().equal_elem(0);
        let codes = codes.mask_fill(
            used.bool_and(valid.bool_not()),
            Reason::InvalidWeight.code(),
        );
        let weights = weights.mask_fill(codes.clone().lower_elem(0), 0.0);
        Self {
            codes,
            weights: Some(weights),
        }
    }

    /// Which are left out.
    pub fn rejected(&self) -> Tensor<1, Bool> {
        self.codes.clone().lower_elem(0)
    }

    /// Adds to the counter of rows used, and the rejected ones after it.
    pub fn count(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        count(counts, self.codes.clone().neg())
    }

    /// Adds their terms `[N, K]` to the first block of counters (of rows used, and the rejected
    /// ones) and the first of sums (`K`).
    pub fn add_terms(&self, delta: &mut Delta, terms: Tensor<2>) {
        let [n, k] = terms.dims();
        let device = terms.device();
        // A row that weighs nothing adds nothing, be its terms infinite.
        let (terms, unused) = match &self.weights {
            None => (terms, self.rejected()),
            Some(weights) => (
                terms * weights.clone().reshape([n, 1]).expand([n, k]),
                weights.clone().equal_elem(0.0),
            ),
        };
        let terms = terms.mask_fill(unused.reshape([n, 1]).expand([n, k]), 0.0);
        let batch = ops::sum_compensated(terms);
        delta.both(1 + REJECTED_SLOTS, k, &device, |counts, sums| {
            (self.count(counts), ops::add_compensated(sums, batch))
        });
    }

    /// Adds their weights, if they have any, to a second block of counters (of the weighted rows
    /// used) and the block `slot` of sums.
    pub fn add_weights(&self, delta: &mut Delta, slot: usize) {
        let Some(weights) = self.weights.clone() else {
            return;
        };
        let ([n], device) = (weights.dims(), weights.device());
        let used = as_i32(self.codes.clone().equal_elem(0).int()).sum();
        let batch = ops::sum_compensated(weights.reshape([n, 1]));
        delta.counts(1, 1, &device, |counts| counts + used);
        delta.sums(slot, 1, &device, |sums| ops::add_compensated(sums, batch));
    }
}

/// What the `used` rows of a delta weigh: one each, but for those whose weights were added to the
/// block `slot` of sums.
pub(super) fn weight(delta: &HostDelta, used: u64, slot: usize) -> f64 {
    match (delta.counts(1), delta.sums(slot)) {
        (Some(weighted), Some(weights)) => (used - weighted[0] as u64) as f64 + weights[0],
        _ => used as f64,
    }
}
