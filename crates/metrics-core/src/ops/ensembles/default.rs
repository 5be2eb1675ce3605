//! The pass as tensor operations.

use super::{EnsembleSink, Ensembles};
use crate::{
    ops::{self, default::ensemble_terms},
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
    let scores = ops::sum_compensated(terms);
    let batch = if input.weights.is_some() {
        let weights = ops::sum_compensated(rows.given());
        let half = |x: &Tensor<1>, i: usize| x.clone().slice(i..i + 1);
        let halves = [(&scores, 0), (&weights, 0), (&scores, 1), (&weights, 1)];
        Tensor::cat(halves.map(|(x, i)| half(x, i)).to_vec(), 0)
    } else {
        scores
    };
    for placed in &plan.sinks {
        state.add(placed, |counts, sums| {
            (
                rows.count(counts),
                ops::add_compensated(sums, batch.clone()),
            )
        });
    }
    state
}
