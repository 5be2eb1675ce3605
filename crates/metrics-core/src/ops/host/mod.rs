//! What operations and passes in the host's memory share.

#![cfg_attr(feature = "ndarray", allow(deprecated))]

pub(in crate::ops) mod bins;
pub(in crate::ops) mod labels;
pub(in crate::ops) mod passes;
mod rows;
pub(in crate::ops) mod scan;
mod tensor;

use super::ConfusionOptions;
use burn::tensor::{Int, Tensor};

pub(in crate::ops) use super::{
    ranking::host::{places_of_labels, rank_rows, row_code},
    terms::host::hinge,
};
pub(in crate::ops) use bins::Reached;
pub(in crate::ops) use labels::{
    codes_of as decision_codes, confusion as label_confusion, margins as label_margins,
};
pub(in crate::ops) use passes::{matches, note_kind, outside_unit, slot, snap};
pub(in crate::ops) use rows::{RowSums, sum_parts, with_weights};
pub(in crate::ops) use tensor::{
    HostElement, Ints, counters, doubles, floats, from_floats, from_ints, ints, update_counts,
    update_sums, with_ints,
};

/// See [`ops::count`](crate::ops::count).
pub(super) fn count(counts: Tensor<1, Int>, places: &Tensor<1, Int>) -> Tensor<1, Int> {
    update_counts(counts, |counts| {
        counters(places, |places| {
            places.iter().for_each(|place| counts[*place as usize] += 1);
        })
    })
}

/// Compensated sums with totals added.
pub(super) fn add_totals(sums: Tensor<1>, totals: &[f64]) -> Tensor<1> {
    update_sums(sums, |sums| add(sums, totals))
}

/// See [`ops::add_compensated`](crate::ops::add_compensated).
pub(super) fn add_compensated(state: Tensor<1>, x: &Tensor<1>) -> Tensor<1> {
    update_sums(state, |state| {
        floats(x, |x| {
            let k = state.len() / 2;
            let total = |i: usize| match x.get(k + i) {
                // An infinite sum has an unspecified rest.
                Some(low) if x[i].is_finite() => f64::from(x[i]) + f64::from(*low),
                _ => f64::from(x[i]),
            };
            let totals: Vec<f64> = (0..k).map(total).collect();
            add(state, &totals);
        })
    })
}

/// Adds totals to compensated sums: `[2 * K]`, leading halves first.
fn add(sums: &mut [f32], totals: &[f64]) {
    let (high, low) = sums.split_at_mut(totals.len());
    for ((high, low), total) in high.iter_mut().zip(low).zip(totals) {
        let sum = *high as f64 + *low as f64 + total;
        *high = sum as f32;
        *low = if high.is_finite() {
            (sum - *high as f64) as f32
        } else {
            0.0
        };
    }
}
