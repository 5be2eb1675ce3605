//! The operations in host memory.

use crate::ops::host::{
    RowSums, add_totals, counters, floats, slot, sum_parts, update_counts, with_weights,
};
use burn::tensor::{Int, Tensor};
use std::ops::Range;

/// Terms that one thread takes at a time.
const TERMS_PER_TASK: usize = 1 << 16;

pub(super) fn term_sums(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    terms: &Tensor<3>,
    codes: &Tensor<2, Int>,
    weights: &Option<Tensor<1>>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [n, elements, k] = terms.dims();
    let size = (TERMS_PER_TASK / (elements * k).max(1)).max(1);
    let total = floats(terms, |terms| {
        counters(codes, |codes| {
            with_weights(weights, |weights| {
                sum_parts(n, size, |rows| match k {
                    1 => part_of::<1>(rows, elements, k, terms, codes, weights),
                    3 => part_of::<3>(rows, elements, k, terms, codes, weights),
                    _ => part_of::<0>(rows, elements, k, terms, codes, weights),
                })
            })
        })
    });
    let counts = update_counts(counts, |counts| {
        (counts.iter_mut().zip(total.counts)).for_each(|(count, more)| *count += more);
    });
    (counts, add_totals(sums, &total.totals))
}

/// The sums over some rows, of which an element has `K` terms, or `k` if that is 0.
#[inline(always)]
fn part_of<const K: usize>(
    rows: Range<usize>,
    elements: usize,
    k: usize,
    terms: &[f32],
    codes: &[i32],
    weights: Option<&[f32]>,
) -> RowSums {
    let k = if K > 0 { K } else { k };
    let mut part = RowSums::new(elements * (k + 1));
    for row in rows {
        let weight = weights.map(|weights| weights[row]);
        for element in 0..elements {
            let place = row * elements + element;
            if codes[place] < 0 {
                part.reject(slot(codes[place]));
                continue;
            }
            let terms = &terms[place * k..][..k];
            let undefined = terms.iter().any(|term| term.is_nan());
            if let Some(weight) = part.count(undefined, weight) {
                let (sums, weights) = part.totals.split_at_mut(elements * k);
                for (sum, term) in sums[element * k..][..k].iter_mut().zip(terms) {
                    *sum += weight * *term as f64;
                }
                weights[element] += weight;
            }
        }
    }
    part
}

/// The loss of a margin; NaN of one that is undefined.
#[inline(always)]
pub(in crate::ops) fn hinge(margin: f32, squared: bool) -> f32 {
    let loss = 1.0 - margin;
    // Not `max`, which drops NaN.
    let loss = if loss < 0.0 { 0.0 } else { loss };
    if squared { loss * loss } else { loss }
}
