//! The pass in host memory against the one of tensor operations, on tensors in host memory.

use super::*;
use crate::ops::{
    keys::{LEFT_OUT, logit_of},
    tests::{assert_same, both},
};
use burn::tensor::{Device, TensorData};

const CLASSES: usize = 4;

/// Rows of scores or labels, in which some numbers are not what they should be.
fn rows(n: usize, seed: usize, kind: ScoreKind, labels: bool, weighted: bool) -> Rows {
    let device = Device::default();
    let random = |i: usize, k: usize| (i * 7919 + seed * 31 + k * 977) % 1009;
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.5, 1.5];
    let score = |i: usize| match random(i, 1) {
        place if place < odd.len() => odd[place],
        place => {
            let unit = place as f32 / 1009.0;
            let logits = kind != ScoreKind::Probabilities;
            if logits { 8.0 * unit - 3.0 } else { unit }
        }
    };
    let label = |i: usize, k: usize| match random(i, k) {
        place @ 0..40 => [-1, CLASSES as i64][place % 2],
        place => (place % CLASSES) as i64,
    };
    let ints = |k: usize| {
        let labels: Vec<i64> = (0..n).map(|i| label(i, k)).collect();
        Tensor::<1, Int>::from_data(TensorData::new(labels, [n]), &device)
    };
    let predictions = if labels {
        Predictions::Labels(ints(2))
    } else {
        let scores: Vec<f32> = (0..n * CLASSES).map(score).collect();
        let data = TensorData::new(scores, [n, CLASSES]);
        Predictions::Scores(Tensor::from_data(data, &device))
    };
    let weights = weighted.then(|| {
        let weight = |i: usize| match random(i, 5) {
            0..10 => f32::NAN,
            10..20 => -1.0,
            place => [1.0, 0.5, 0.0, 2.0][place % 4],
        };
        let weights: Vec<f32> = (0..n).map(weight).collect();
        Tensor::from_data(TensorData::new(weights, [n]), &device)
    });
    Rows {
        weights,
        samples: Some(n / 4),
        ..Rows::new(predictions, ints(3)).of_kind(kind)
    }
}

/// The counters and sums of both passes.
fn agree(sink: RowSink, labels: bool) {
    let kinds = [ScoreKind::Auto, ScoreKind::Probabilities, ScoreKind::Logits];
    for (kind, weighted) in kinds.map(|kind| [(kind, false), (kind, true)]).concat() {
        for n in [4, 40, 3000] {
            let batches = [1, 2].map(|seed| rows(n, seed, kind, labels, weighted));
            let states = both(&batches, sink.clone(), |batch, plan, state| {
                default::pass(batch, plan.sinks.iter().collect(), state)
            });
            let what = format!("{sink:?} of {n} rows, {kind:?}, weighted: {weighted}");
            assert_same(&states, &what);
        }
    }
}

fn options(ignore_index: Option<i64>) -> ConfusionOptions {
    ConfusionOptions {
        classes: CLASSES,
        top_k: 1,
        ignore_index,
    }
}

#[test]
fn cells_and_units() {
    for labels in [false, true] {
        for ignore_index in [None, Some(-1), Some(2)] {
            agree(RowSink::Matrix(options(ignore_index)), labels);
            agree(RowSink::Margins(options(ignore_index)), labels);
            let classes = CLASSES;
            let units = RowSink::Units {
                classes,
                ignore_index,
            };
            agree(units, labels);
            agree(RowSink::Samples(options(ignore_index)), labels);
            let hits = RowSink::SampleHits {
                classes,
                ignore_index,
            };
            agree(hits, labels);
        }
    }
}

#[test]
fn scores() {
    for ignore_index in [None, Some(-1), Some(2)] {
        agree(RowSink::LogLikelihood { ignore_index }, false);
        let bins = 10;
        agree(RowSink::Calibration { bins, ignore_index }, false);
        agree(RowSink::Brier { ignore_index }, false);
        let class_bins = RowSink::ClassBins {
            classes: CLASSES,
            bins,
            ignore_index,
        };
        agree(class_bins, false);
        for (one_vs_rest, raw) in [(false, false), (false, true), (true, false), (true, true)] {
            agree(
                RowSink::Hinge(HingeSink {
                    classes: CLASSES,
                    one_vs_rest,
                    squared: raw,
                    raw,
                    ignore_index,
                }),
                false,
            );
        }
        let thresholds = [0.0, 0.2, 0.5, 1.0].map(Real::new).to_vec();
        agree(
            RowSink::Thresholds {
                classes: CLASSES,
                thresholds,
                ignore_index,
            },
            false,
        );
    }
}

/// The keys of both bodies: those of log-odds within the error of `f32`.
#[test]
fn keys() {
    let kinds = [ScoreKind::Auto, ScoreKind::Probabilities, ScoreKind::Logits];
    for (kind, weighted) in kinds.map(|kind| [(kind, false), (kind, true)]).concat() {
        for (n, ignore_index) in [(4, None), (40, Some(2)), (3000, Some(-1)), (3000, None)] {
            let sink = RowSink::Keys {
                classes: CLASSES,
                ignore_index,
            };
            let batches = [1, 2].map(|seed| rows(n, seed, kind, false, weighted));
            let [ours, theirs] = both(&batches, sink, |batch, plan, state| {
                default::pass(batch, plan.sinks.iter().collect(), state)
            });
            let what = format!("{n} rows, {kind:?}, weighted: {weighted}");
            assert_eq!(ours.counts, theirs.counts, "{what}");
            assert_eq!(ours.lists[0].len(), 2 * n * CLASSES, "{what}");
            assert_eq!(ours.lists[1..], theirs.lists[1..], "{what}");
            if kind == ScoreKind::Probabilities {
                assert_eq!(ours.lists, theirs.lists, "{what}");
                continue;
            }
            for (a, b) in ours.lists[0].iter().zip(&theirs.lists[0]) {
                if *a == LEFT_OUT || *b == LEFT_OUT {
                    assert_eq!(a, b, "{what}");
                    continue;
                }
                assert_eq!(a & 1, b & 1, "{what}");
                let [a, b] = [*a, *b].map(logit_of);
                let close = (a - b).abs() <= 1e-6 * (1.0 + a.abs()) || a == b;
                assert!(close, "{what}: {a} and {b}");
            }
        }
    }
}

/// Log-odds against their definition in `f64`, within the error that is promised.
#[test]
fn log_odds_are_as_defined() {
    for classes in [1, 2, 3, 10, 1000] {
        let n = if classes < 1000 { 50 } else { 4 };
        let random = |i: usize| ((i * 7919 + classes * 31) % 1009) as f32 / 1009.0;
        let spread = [0.01, 1.0, 8.0, 60.0];
        let scores: Vec<f32> = (0..n * classes)
            .map(|i| spread[i / classes % 4] * (random(i) - 0.5) + 3.0 * random(i / classes))
            .collect();
        let device = Device::default();
        let tensor = Tensor::from_data(TensorData::new(scores.clone(), [n, classes]), &device);
        let target = Tensor::zeros([n], (&device, DType::I32));
        let batch = Rows::new(Predictions::Scores(tensor), target).of_kind(ScoreKind::Logits);
        let sink = RowSink::Keys {
            classes,
            ignore_index: None,
        };
        let states = both(&[batch], sink, |batch, plan, state| {
            default::pass(batch, plan.sinks.iter().collect(), state)
        });
        for (state, error) in states.iter().zip([6.1e-8, 1e-6]) {
            let rows = scores
                .chunks_exact(classes)
                .zip(state.lists[0].chunks_exact(classes));
            for (row, keys) in rows {
                for (j, key) in keys.iter().enumerate() {
                    let before = row[..j].iter().chain(&row[j + 1..]);
                    let mut others: Vec<f64> = before.map(|x| f64::from(*x)).collect();
                    others.sort_by(f64::total_cmp);
                    let max = others.last().copied().unwrap_or(f64::NEG_INFINITY);
                    let sum: f64 = others.iter().map(|x| (x - max).exp()).sum();
                    let exact = f64::from(row[j]) - max - sum.ln();
                    let ours = f64::from(logit_of(*key));
                    let size = exact.abs() + if error > 1e-7 { 1.0 } else { 3e-10 };
                    let close = (ours - exact).abs() <= error * size || ours == exact;
                    assert!(close, "{classes} classes: {ours} for {exact}");
                }
            }
        }
    }
}
