//! The pass as tensor operations.

use super::{Observed, ObservedSink};
use crate::{
    ops::{self, labels::any_in_row, weighed::Rows},
    pass::{DeviceState, Plan},
    states::{
        pivot::{first_rows, pivot},
        rows::counted,
    },
};
use burn::tensor::{DType, Tensor};

/// The most products held at a time.
const PRODUCTS: usize = 1 << 22;

pub(super) fn pass(
    input: &Observed,
    plan: &Plan<ObservedSink>,
    mut state: DeviceState,
) -> DeviceState {
    let Observed { values, weights } = input.clone();
    let [n, columns] = values.dims();
    let rows = Rows::without_nan(any_in_row(values.clone().is_nan()), weights.clone());
    let given = if weights.is_some() {
        rows.given()
    } else {
        rows.used(Tensor::ones([n, 1], (&values.device(), DType::F32)))
    };
    for placed in &plan.sinks {
        state.change(placed, |counts, words| {
            let places = placed.size.sums;
            let weight = words.clone().slice(0..1);
            let known = words.clone().slice(2 * places..2 * places + columns);
            let fresh = {
                let weights = weights.clone().map(first_rows);
                let counted = counted(first_rows(values.clone()), &weights);
                pivot(counted.clone(), counted, None)
            };
            let marks = fresh.mask_where(weight.greater_elem(0.0).expand([columns]), known);
            let x = rows.used(values.clone() - marks.clone().reshape([1, columns]));
            // Together with the 1 whose products are the weights and the sums.
            let x = Tensor::cat(vec![x.clone().slice_dim(1, 0..1).ones_like(), x], 1);
            let weighed = x.clone() * given.clone();
            let size = (PRODUCTS / places).clamp(1, n.max(1));
            let mut sums = words.slice(0..2 * places);
            for (x, weighed) in x.split(size, 0).into_iter().zip(weighed.split(size, 0)) {
                let products = (0..=columns).map(|i| {
                    weighed.clone().slice_dim(1, i..i + 1) * x.clone().slice_dim(1, i..columns + 1)
                });
                let batch = ops::sum_compensated(Tensor::cat(products.collect(), 1));
                sums = ops::add_compensated(sums, batch);
            }
            (rows.count(counts), Tensor::cat(vec![sums, marks], 0))
        });
    }
    state
}
