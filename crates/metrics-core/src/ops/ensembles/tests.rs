//! The pass in host memory against the one of tensor operations, on tensors in host memory.

use super::*;
use crate::ops::tests::{assert_same, both, floats, random, weights};

#[test]
fn scores() {
    for (n, members) in [(1, 1), (7, 2), (300, 17), (40, 100)] {
        for (hostile, weighted) in [(false, false), (false, true), (true, false), (true, true)] {
            let number = |i: usize, salt: usize| match random(i, salt) {
                0 if hostile => f32::NAN,
                // Ties, too.
                place => (place % 97) as f32 / 16.0 - 3.0,
            };
            let batches = [1, 2].map(|salt| Ensembles {
                pred: floats([n, members], |i| number(i, salt)),
                target: floats([n], |i| number(i, salt + 3)),
                weights: weighted.then(|| weights(n, salt + 7)),
            });
            let states = both(&batches, EnsembleSink::Scores, default::pass);
            let what = format!("[{n}, {members}], hostile: {hostile}, weighted: {weighted}");
            assert_same(&states, &what);
        }
    }
}
