//! The pass in host memory against the one of tensor operations, on tensors in host memory.

use super::*;
use crate::ops::tests::{State, assert_close, both, floats, random, weights};

/// The weight, the means and the central co-moments, which do not depend on the pivots.
fn moments(state: &State, variables: usize) -> Vec<f64> {
    let sum = |pair: (usize, usize)| {
        let at = pairs(variables).position(|other| other == pair);
        at.map_or(f64::NAN, |at| state.part.sums[at])
    };
    let weight = sum((0, 0));
    let mean = |i: usize| state.part.marks[i - 1] + sum((0, i)) / weight;
    let central = |(i, j): (usize, usize)| sum((i, j)) - sum((0, i)) * sum((0, j)) / weight;
    let means = (1..=variables).map(mean);
    let products = pairs(variables).filter(|(i, _)| *i > 0).map(central);
    [weight].into_iter().chain(means).chain(products).collect()
}

#[test]
fn co_moments() {
    for (n, variables) in [(40, 1), (300, 3), (3000, 5)] {
        for (hostile, weighted) in [(false, false), (false, true), (true, false), (true, true)] {
            let batches = [1, 2].map(|salt| Observed {
                values: floats([n, variables], |i| match random(i, salt) {
                    0..3 if hostile => f32::NAN,
                    place => place as f32 / 256.0 - 1.0,
                }),
                weights: weighted.then(|| weights(n, salt + 7)),
            });
            let sink = ObservedSink::CoMoments(variables);
            let [ours, theirs] = both(&batches, sink, default::pass);
            let what = format!("[{n}, {variables}], hostile: {hostile}, weighted: {weighted}");
            assert_eq!(ours.counts, theirs.counts, "{what}");
            let [ours, theirs] = [&ours, &theirs].map(|state| moments(state, variables));
            assert_close(&ours, &theirs, &what);
        }
    }
}
