//! The pass in host memory against the one of tensor operations, on tensors in host memory.

use super::*;
use crate::{
    Accumulator, HostDelta, Metric, MetricError,
    aggregation::{Mean, NanStrategy},
    ops::tests::{assert_close, assert_same, both, floats, random, weights},
    pass::Block,
    states::ValueTotals,
};

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

/// The mean of what a pass accumulated.
fn mean(state: &crate::ops::tests::State, weighted: bool) -> Result<crate::Value, MetricError> {
    let accumulator = ValueTotals {
        nan: NanStrategy::Error,
    };
    let mut delta = HostDelta::default();
    delta.push_block(Block {
        weighted,
        counts: state.counts.clone(),
        parts: vec![state.part.clone()],
        ..Block::default()
    });
    let mut totals = accumulator.empty();
    accumulator.fold(&delta, &mut totals);
    Mean::new().finalize(&totals)
}

#[test]
fn sums_of_finite_numbers_beyond_the_range_are_an_error() {
    let rule = NanRule::LeaveOut(Reason::Nan);
    let of = |values: [f32; 4], weights: Option<[f32; 4]>| {
        let floats = |numbers: [f32; 4]| floats([4], |i| numbers[i]);
        let batch = Numbers {
            values: floats(values),
            weights: weights.map(floats),
        };
        // Twice, as the second batch comes to sums that are infinite already.
        let weighted = weights.is_some();
        both(
            &[batch.clone(), batch],
            ValueSink::Totals(rule),
            default::pass,
        )
        .map(|state| mean(&state, weighted))
    };
    let overflow = Err(MetricError::Overflow { what: "values" });
    let large = f64::from(3e38f32);
    let ones = Some([1.0; 4]);
    for weights in [None, ones] {
        let [host, device] = of([3e38; 4], weights);
        assert_eq!((host, device), (Ok(large.into()), overflow.clone()));
        let infinite = [1.0, f32::INFINITY, 3e38, 3e38];
        assert_eq!(
            of(infinite, weights),
            [Ok(f64::INFINITY.into()), Ok(f64::INFINITY.into())]
        );
    }
    let [host, device] = of([1e30; 4], Some([1e30; 4]));
    assert_eq!(device, overflow);
    assert!((host.unwrap().scalar().unwrap() / 1e30 - 1.0).abs() < 1e-6);
    let [host, device] = of([1.0; 4], Some([3e38; 4]));
    assert_eq!((host, device), (Ok(1.0.into()), overflow));
}
