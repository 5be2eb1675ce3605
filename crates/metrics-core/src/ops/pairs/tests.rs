//! The pass in host memory against the one of tensor operations, on tensors in host memory.

use super::*;
use crate::{
    Accumulator, HostDelta, MetricError, Summary,
    pass::{Block, Part},
    regression::{
        LogCoshError, MinkowskiDistance, TweedieDevianceScore, WeightedMeanAbsolutePercentageError,
        states::{JointMoments, PairMoments, PairSums},
        terms::KlTerms,
    },
};
use burn::tensor::{Device, TensorData};
use std::fmt::Debug;

/// A batch of numbers, in which some are not what they should be.
fn batch(rows: usize, columns: usize, seed: usize, hostile: &[f32], weighted: bool) -> Pairs {
    let device = Device::default();
    let random = |i: usize, k: usize| (i * 7919 + seed * 31 + k * 977) % 1009;
    let numbers = |k: usize| {
        let number = |i: usize| match random(i, k) {
            place if place < hostile.len() => hostile[place],
            place => 0.1 + place as f32 / 400.0,
        };
        let numbers: Vec<f32> = (0..rows * columns).map(number).collect();
        Tensor::<2>::from_data(TensorData::new(numbers, [rows, columns]), &device)
    };
    let weights = weighted.then(|| {
        let kinds = [1.0, 0.5, 0.0, 2.0];
        let weight = |i: usize| match random(i, 5) {
            0 => f32::NAN,
            1 => -1.0,
            place => kinds[place % 4],
        };
        let weights: Vec<f32> = (0..rows).map(weight).collect();
        Tensor::<1>::from_data(TensorData::new(weights, [rows]), &device)
    });
    Pairs {
        pred: numbers(1),
        target: numbers(2),
        weights,
    }
}

/// The summaries of both passes over batches.
fn both<A: Accumulator>(accumulator: &A, sink: &PairSink, batches: &[Pairs]) -> [A::Summary; 2] {
    let plan = Plan::new(&batches[0], [sink.clone()]);
    let mut host = (vec![0; plan.counts], vec![0.0; plan.numbers]);
    let mut device = DeviceState::new(&plan, &Device::default());
    for batch in batches {
        batch.on_host(&plan, &mut host.0, &mut host.1);
        device = default::pass(batch, plan.sinks.iter().collect(), device);
    }
    let size = plan.sinks[0].size;
    let (sums, marks) = host.1.split_at(size.sums);
    let ours = Part {
        sums: sums.to_vec(),
        marks: marks.to_vec(),
    };
    let words = device.words.into_data().try_to_vec::<f32>().unwrap();
    let counts = device.counts.into_data().try_to_vec::<i32>().unwrap();
    [(host.0, ours), (counts, Part::new(&words, size))].map(|(counts, part)| {
        let mut delta = HostDelta::default();
        delta.push_block(Block {
            wide: false,
            weighted: batches[0].is_weighted(),
            counts: counts[..size.counts].to_vec(),
            parts: vec![part],
            lists: Vec::new(),
            samples: vec![],
        });
        let mut summary = accumulator.empty();
        accumulator.fold(&delta, &mut summary);
        summary
    })
}

/// Compares the numbers of both, which are in the text of their summaries.
fn agree<A: Accumulator>(accumulator: A, sink: PairSink)
where
    A::Summary: Debug,
{
    for hostile in [&[][..], &[f32::NAN], &[f32::NAN, 0.0, f32::INFINITY]] {
        for weighted in [false, true] {
            for rows in [1, 7, 500, 3000, 40_001] {
                // More than one thread takes.
                if rows > 3000 && !(weighted && hostile.len() == 1) {
                    continue;
                }
                let columns = 3;
                let batches = [1, 2].map(|seed| batch(rows, columns, seed, hostile, weighted));
                let [ours, theirs] = both(&accumulator, &sink, &batches);
                let what = format!("{sink:?} of {rows} rows, {weighted}, {hostile:?}");
                assert_eq!(ours.rejected(), theirs.rejected(), "{what}");
                let (ours, theirs) = (numbers(&ours), numbers(&theirs));
                assert_eq!(ours.len(), theirs.len(), "{what}");
                for (a, b) in ours.iter().zip(&theirs) {
                    let close = (a - b).abs() <= 1e-5 * a.abs().max(1.0);
                    // Infinities cancel in `f32` where they need not in `f64`.
                    let neither = !a.is_finite() && !b.is_finite();
                    assert!(close || neither, "{what}: {ours:?}, {theirs:?}");
                }
            }
        }
    }
}

fn numbers(summary: &impl Debug) -> Vec<f64> {
    let text = format!("{summary:?}");
    let words = text.split(|c: char| ", :[](){}".contains(c));
    words.filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn moments() {
    for outputs in [None, Some(3)] {
        for extremes in [false, true] {
            let unit = Unit::columns(outputs);
            agree(
                PairMoments {
                    outputs: outputs.into(),
                    extremes,
                },
                PairSink::Moments { unit, extremes },
            );
        }
    }
}

#[test]
fn joint_moments() {
    for outputs in [None, Some(3)] {
        let unit = Unit::columns(outputs);
        let outputs = outputs.into();
        agree(JointMoments { outputs }, PairSink::Joint { unit });
    }
}

#[test]
fn terms() {
    fn of<T: crate::regression::states::PairTerms>(terms: T) {
        let sink = PairSink::Terms(AnyTerms(Arc::new(terms.clone())));
        agree(PairSums::new(terms), sink);
    }
    of(WeightedMeanAbsolutePercentageError::new());
    of(LogCoshError::new());
    of(LogCoshError::new().outputs(3));
    of(TweedieDevianceScore::new().power(1.5));
    of(TweedieDevianceScore::new().power(1.7));
}

#[test]
fn equal_terms_are_known() {
    let terms = |power| AnyTerms(Arc::new(TweedieDevianceScore::new().power(power)));
    assert_eq!(terms(1.5), terms(1.5));
    assert_ne!(terms(1.5), terms(2.0));
    assert_ne!(terms(1.5), AnyTerms(Arc::new(LogCoshError::new())));
}

#[test]
fn terms_of_finite_numbers_beyond_the_range_are_an_error() {
    let device = Device::default();
    let numbers = |numbers: [f32; 4]| {
        Tensor::<2>::from_data(TensorData::new(numbers.to_vec(), [2, 2]), &device)
    };
    let of = |terms: &MinkowskiDistance, pred: [f32; 4], target: [f32; 4]| {
        let batch = Pairs {
            pred: numbers(pred),
            target: numbers(target),
            weights: None,
        };
        let sink = PairSink::Terms(AnyTerms(Arc::new(terms.clone())));
        let sums = PairSums::new(terms.clone());
        // Twice, as the second batch comes to sums that are infinite already.
        both(&sums, &sink, &[batch.clone(), batch]).map(|summary| summary.sum())
    };
    let overflow = Err(MetricError::Overflow { what: "terms" });
    // The sum of terms, and the terms themselves.
    for (p, x) in [(1.0, 3e38f32), (3.0, 1e20)] {
        let terms = MinkowskiDistance::new(p);
        let [host, theirs] = of(&terms, [x; 4], [0.0; 4]);
        let expected = 8.0 * f64::from(x).powf(p);
        assert!((host.unwrap() / expected - 1.0).abs() < 1e-6);
        assert_eq!(theirs, overflow);
        let [host, theirs] = of(&terms, [x, 1.0, f32::INFINITY, 1.0], [0.0; 4]);
        assert_eq!((host, theirs), (Ok(f64::INFINITY), Ok(f64::INFINITY)));
    }
    // A divergence is infinite by its formula where the prediction has a probability of 0.
    let terms = PairSums::new(KlTerms::default());
    let batch = Pairs {
        pred: numbers([0.5, 0.5, 0.5, 0.5]),
        target: numbers([1.0, 0.0, 0.5, 0.5]),
        weights: None,
    };
    let sink = PairSink::Terms(AnyTerms(Arc::new(KlTerms::default())));
    let [host, theirs] = both(&terms, &sink, &[batch]).map(|summary| summary.sum());
    assert_eq!(host, theirs);
}
