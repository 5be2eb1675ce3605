//! The pass as tensor operations.

use super::{EnsembleSink, Ensembles};
use crate::{
    ops::{
        labels::any_in_row,
        sums::{add_compensated, sum_compensated},
        weighed::Rows,
    },
    pass::{DeviceState, Plan},
};
use burn::tensor::Tensor;

pub(super) fn pass(
    input: &Ensembles,
    plan: &Plan<EnsembleSink>,
    mut state: DeviceState,
) -> DeviceState {
    let Ensembles {
        pred,
        target,
        weights,
    } = input.clone();
    let (rows, terms) = ensemble_terms(pred, target, weights);
    let scores = sum_compensated(terms);
    let batch = if input.weights.is_some() {
        let weights = sum_compensated(rows.given());
        let half = |x: &Tensor<1>, i: usize| x.clone().slice(i..i + 1);
        let halves = [(&scores, 0), (&weights, 0), (&scores, 1), (&weights, 1)];
        Tensor::cat(halves.map(|(x, i)| half(x, i)).to_vec(), 0)
    } else {
        scores
    };
    for placed in &plan.sinks {
        state.add(placed, |counts, sums| {
            (rows.count(counts), add_compensated(sums, batch.clone()))
        });
    }
    state
}

/// The most products held at a time.
const PRODUCTS: usize = 1 << 22;

/// The rows of forecasts, and what each member adds to the scores `[N * M, 1]`.
fn ensemble_terms(
    pred: Tensor<2>,
    target: Tensor<1>,
    weights: Option<Tensor<1>>,
) -> (Rows, Tensor<2>) {
    let [n, members] = pred.dims();
    let target = target.reshape([n, 1]);
    let nan = any_in_row(pred.clone().is_nan()).bool_or(target.clone().is_nan());
    let rows = Rows::without_nan(nan, weights);
    let distance = rows.used(pred - target);
    // With sorted members, `2 / M² * sum((x_i - y) (M [x_i > y] - i + 1/2))`: every factor has the sign
    // of its distance, so that nothing cancels.
    let above = distance.clone().greater_elem(0.0);
    let share =
        (distance.zeros_like()).mask_fill(above, members as f32) - members_below(distance.clone());
    let scale = 2.0 / (members as f32 * members as f32);
    let terms = rows.weigh(distance * share * scale);
    (rows, terms.reshape([n * members, 1]))
}

/// How many members of its row `[N, M]` are below each, where an equal one, itself too, is half below.
fn members_below(x: Tensor<2>) -> Tensor<2> {
    let [n, members] = x.dims();
    let rows = (PRODUCTS / (members * members)).clamp(1, n.max(1));
    let others = (PRODUCTS / (rows * members)).clamp(1, members);
    let of_rows = |x: Tensor<2>| {
        let [n, _] = x.dims();
        let parts = x.clone().split(others, 1).into_iter().map(|other| {
            let dims = [n, members, other.dims()[1]];
            let other = other.reshape([n, 1, dims[2]]).expand(dims);
            let own = x.clone().reshape([n, members, 1]).expand(dims);
            let below = other.clone().lower(own.clone());
            let equal = other.clone().equal(own);
            let halves = other
                .zeros_like()
                .mask_fill(below, 1.0)
                .mask_fill(equal, 0.5);
            halves.sum_dim(2).reshape([n, members])
        });
        let sum = parts.reduce(|sum, part| sum + part);
        sum.unwrap_or_else(|| x.zeros_like())
    };
    let parts = x.split(rows, 0).into_iter().map(of_rows);
    Tensor::cat(parts.collect(), 0)
}
