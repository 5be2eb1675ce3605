//! The pass in host memory against the one of tensor operations, on tensors in host memory.

use super::*;
use crate::ops::tests::{assert_close, assert_same, both, floats, random, weights};

fn numbers(n: usize, salt: usize, hostile: bool, weighted: bool) -> Numbers {
    let values = floats([n], |i| match random(i, salt) {
        0..9 if hostile => f32::NAN,
        place => place as f32 / 64.0 - 5.0,
    });
    Numbers {
        values,
        weights: weighted.then(|| weights(n, salt + 7)),
    }
}

#[test]
fn totals_and_extremes() {
    let rules = [
        NanRule::Impute(2.5),
        NanRule::LeaveOut(Reason::Nan),
        NanRule::LeaveOut(Reason::Ignored),
    ];
    for (rule, hostile) in rules.map(|rule| [(rule, false), (rule, true)]).concat() {
        for (n, weighted) in [(1, false), (1, true), (40_001, false), (40_001, true)] {
            for sink in [ValueSink::Totals(rule), ValueSink::Extremes(rule)] {
                let batches = [1, 2].map(|salt| numbers(n, salt, hostile, weighted));
                let states = both(&batches, sink.clone(), default::pass);
                let what = format!("{sink:?} of {n} numbers, weighted: {weighted}");
                assert_same(&states, &what);
                let [ours, theirs] = &states;
                assert_close(&ours.part.marks, &theirs.part.marks, &what);
            }
        }
    }
}
