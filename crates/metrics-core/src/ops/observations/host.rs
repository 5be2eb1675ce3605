//! The pass in host memory.

use super::{Observed, ObservedSink, pairs, products::products};
use crate::{
    ops::{
        host::{HostElement, with_weights},
        scalar::{Element, is_weight},
    },
    pass::Plan,
};
use burn::tensor::DType;

/// How many rows a pivot is taken from.
const PIVOT_ROWS: usize = 1024;

pub(super) fn pass(
    input: &Observed,
    plan: &Plan<ObservedSink>,
    counts: &mut [i32],
    numbers: &mut [f64],
) {
    if input.values.dtype() == DType::F64 {
        add::<f64>(input, plan, counts, numbers);
    } else {
        add::<f32>(input, plan, counts, numbers);
    }
}

fn add<E: HostElement>(
    input: &Observed,
    plan: &Plan<ObservedSink>,
    counts: &mut [i32],
    numbers: &mut [f64],
) {
    let [n, columns] = input.values.dims();
    E::slice(&input.values, |values| {
        with_weights(&input.weights, |weights: Option<&[E]>| {
            for placed in &plan.sinks {
                let (sums, marks) = placed.numbers_of(numbers).split_at_mut(placed.size.sums);
                if sums[0] == 0.0 {
                    take_pivots(values, weights, marks);
                }
                let batch = products(n, values, weights, marks);
                let counted = batch.counts;
                (placed.counts_of(counts).iter_mut().zip(counted)).for_each(|(sum, n)| *sum += n);
                let (offsets, products) = batch.totals[1..].split_at(columns);
                let weight = match weights {
                    Some(_) => batch.totals[0],
                    None => f64::from(counted[0]),
                };
                for (sum, pair) in sums.iter_mut().zip(pairs(columns)) {
                    *sum += match pair {
                        (0, 0) => weight,
                        (0, j) => offsets[j - 1],
                        (i, j) => products[(i - 1) * columns + j - 1],
                    };
                }
            }
        });
    });
}

/// The mean of the first numbers of each variable that are finite, of observations that are used and weigh anything. It is
/// never outside these: numbers that are all equal lie exactly on it.
fn take_pivots<E: Element>(values: &[E], weights: Option<&[E]>, marks: &mut [f64]) {
    let columns = marks.len();
    let mut found = vec![(0.0, 0.0f64, f64::MAX, f64::MIN); columns];
    let rows = values.chunks_exact(columns.max(1)).take(PIVOT_ROWS);
    for (i, row) in rows.enumerate() {
        let weighs = weights.is_none_or(|weights| is_weight(weights[i]) && weights[i] > E::ZERO);
        if !weighs || row.iter().any(|x| x.is_nan()) {
            continue;
        }
        let numbers = row.iter().map(|x| x.wide());
        for (found, x) in (found.iter_mut().zip(numbers)).filter(|(_, x)| x.is_finite()) {
            found.0 += 1.0;
            found.1 += x;
            found.2 = found.2.min(x);
            found.3 = found.3.max(x);
        }
    }
    for (mark, (count, sum, low, high)) in marks.iter_mut().zip(found) {
        *mark = if count > 0.0 {
            (sum / count).max(low).min(high)
        } else {
            0.0
        };
    }
}
