//! Kernels of pairs, ensembles and observations against the passes in host memory, on the same data.

use burn::tensor::{Device, Tensor, TensorData};
use metrics_core::{
    Accumulator, BatchOf, Metric, Summary,
    batch::{Ensemble, Observations, Regression, TwoSamples, Values},
    prelude::*,
    regression::Reduction,
};
use metrics_tests::{devices, is_host, reference};
use std::fmt::Debug;

/// What is among the numbers of a batch.
const HOSTILE: [&[f32]; 4] = [
    &[],
    &[f32::NAN, 0.0, f32::INFINITY],
    &[0.0, -0.5, -1.0, f32::NAN],
    // Numbers of which powers and quotients are `f32`, too.
    &[f32::INFINITY, f32::NEG_INFINITY, 1e6],
];

/// Numbers by their place in a batch.
fn numbers(rows: usize, columns: usize, seed: usize, hostile: &[f32]) -> TensorData {
    let random = |i: usize| (i * 7919 + seed * 977) % 1009;
    let number = |i: usize| match random(i) {
        place if place < hostile.len() => hostile[place],
        place => 0.1 + place as f32 / 400.0,
    };
    let numbers: Vec<f32> = (0..rows * columns).map(number).collect();
    TensorData::new(numbers, [rows, columns])
}

fn weights(rows: usize, device: &Device) -> Tensor<1> {
    let kinds = [1.0, 0.5, 0.0, 2.0, f32::NAN, 1.5, -1.0, 3.0];
    let weights: Vec<f32> = (0..rows).map(|i| kinds[i * 31 % 8]).collect();
    Tensor::from_data(TensorData::new(weights, [rows]), device)
}

fn pairs(
    [rows, columns]: [usize; 2],
    seed: usize,
    hostile: &[f32],
    weighted: bool,
    device: &Device,
) -> Regression {
    let matrix = |seed: usize| Tensor::from_data(numbers(rows, columns, seed, hostile), device);
    let batch = Regression::multi_output(matrix(seed), matrix(seed + 5)).unwrap();
    if weighted {
        batch.with_weights(weights(rows, device)).unwrap()
    } else {
        batch
    }
}

/// The numbers in the text of a summary.
fn numbers_of(summary: &impl Debug) -> Vec<f64> {
    let text = format!("{summary:?}");
    let words = text.split(|c: char| ", :[](){}".contains(c));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Compares the summary of two batches on each device with that in host memory.
fn agree<M: Metric>(metric: &M, what: &str, batch: impl Fn(usize, &Device) -> BatchOf<M>) {
    let summary = |device: &Device| {
        let mut state = metric.state();
        for seed in [1, 2] {
            state.update(&batch(seed, device)).unwrap();
        }
        let summary = state.summary().unwrap();
        (summary.rejected(), numbers_of(summary))
    };
    let expected = summary(&reference());
    for (name, device) in devices().into_iter().filter(|(name, _)| !is_host(name)) {
        let found = summary(&device);
        let what = format!("{} on {name}, {what}", metric.name());
        assert_eq!(found.0, expected.0, "{what}");
        assert_eq!(found.1.len(), expected.1.len(), "{what}");
        for (a, b) in found.1.iter().zip(&expected.1) {
            let close = (a - b).abs() <= 1e-5 * b.abs().max(1.0);
            // Infinities cancel in `f32` where they need not in `f64`.
            let neither = !a.is_finite() && !b.is_finite();
            assert!(close || neither, "{what}: {found:?}, not {expected:?}");
        }
    }
}

pub fn agree_on_pairs<M: Metric>(metric: M, columns: &[usize])
where
    M::Accumulator: Accumulator<Batch = Regression>,
{
    let weights: &[bool] = if metric.accumulator().takes_weights() {
        &[false, true]
    } else {
        &[false]
    };
    for columns in columns {
        for rows in [7, 3000] {
            for hostile in HOSTILE {
                for weighted in weights.iter().copied() {
                    let shape = [rows, *columns];
                    let what = format!("{shape:?}, {hostile:?}, weighted {weighted}");
                    agree(&metric, &what, |seed, device| {
                        pairs(shape, seed, hostile, weighted, device)
                    });
                }
            }
        }
    }
}

#[test]
fn elements() {
    let columns = [1, 3];
    agree_on_pairs(MeanSquaredError::new(), &columns);
    agree_on_pairs(
        NormalizedRootMeanSquaredError::new().normalization(RmseNormalization::Range),
        &[1, 3],
    );
    agree_on_pairs(PearsonCorrCoef::new(), &columns);
    agree_on_pairs(LogCoshError::new(), &columns);
    agree_on_pairs(WeightedMeanAbsolutePercentageError::new(), &columns);
    agree_on_pairs(MeanSquaredLogError::new(), &[1]);
    agree_on_pairs(MinkowskiDistance::new(3.0), &[1]);
    agree_on_pairs(MinkowskiDistance::new(1.3), &[1]);
    for alpha in [0.0, 0.3, 1.0] {
        agree_on_pairs(PinballLoss::new().alpha(alpha), &[1]);
    }
    for power in [-1.0, 1.0, 1.3, 1.5, 2.0, 3.0] {
        agree_on_pairs(TweedieDevianceScore::new().power(power), &[1]);
    }
}

/// Numbers that some devices take for 0.
#[test]
fn denormal_numbers() {
    let batch = |seed, device: &Device| pairs([500, 1], seed, &[1e-42, -1e-42], false, device);
    agree(&MeanSquaredError::new(), "denormal", batch);
    agree(&PearsonCorrCoef::new(), "denormal", batch);
    agree(&LogCoshError::new(), "denormal", batch);
}

#[test]
fn outputs() {
    for columns in [2, 5, 64] {
        let columns = [columns];
        let outputs = columns[0];
        agree_on_pairs(MeanSquaredError::new().outputs(outputs), &columns);
        agree_on_pairs(PearsonCorrCoef::new().outputs(outputs), &columns);
        agree_on_pairs(CriticalSuccessIndex::new(0.5).outputs(outputs), &columns);
    }
    let range = NormalizedRootMeanSquaredError::new().normalization(RmseNormalization::Range);
    agree_on_pairs(range.outputs(5), &[5]);
    agree_on_pairs(PinballLoss::new().alpha(0.9).outputs(3), &[3]);
    agree_on_pairs(LogCoshError::new().outputs(3), &[3]);
    // More than there is a kernel for.
    let wide = |seed, device: &Device| pairs([70, 65], seed, &[f32::NAN], true, device);
    agree(&MeanSquaredError::new().outputs(65), "of 65 outputs", wide);
}

#[test]
fn rows() {
    let columns = [1, 3, 300];
    agree_on_pairs(CosineSimilarity::new(), &columns);
    for log_prob in [false, true] {
        let mean = Reduction::Mean;
        agree_on_pairs(
            KlDivergence::new().log_prob(log_prob).reduction(mean),
            &columns,
        );
        agree_on_pairs(JensenShannonDivergence::new().log_prob(log_prob), &columns);
    }
}

#[test]
fn ensembles() {
    for members in [1, 2, 33, 300] {
        for rows in [1, 100] {
            for hostile in [&[][..], &[0.0, f32::NAN, 1e15]] {
                for weighted in [false, true] {
                    let what = format!("[{rows}, {members}], {hostile:?}, weighted {weighted}");
                    let metric = ContinuousRankedProbabilityScore::new();
                    agree(&metric, &what, |seed, device| {
                        let pred = Tensor::from_data(numbers(rows, members, seed, hostile), device);
                        let target = numbers(rows, 1, seed + 5, hostile);
                        let target = Tensor::<2>::from_data(target, device).reshape([rows]);
                        let batch = Ensemble::new(pred, target).unwrap();
                        if weighted {
                            batch.with_weights(weights(rows, device)).unwrap()
                        } else {
                            batch
                        }
                    });
                }
            }
        }
    }
}

#[test]
fn observations() {
    for variables in [1, 3, 21, 22, 65] {
        for rows in [7, 3000] {
            for hostile in [&[][..], &[0.0, f32::NAN, 1e15]] {
                for weighted in [false, true] {
                    let what = format!("[{rows}, {variables}], {hostile:?}, weighted {weighted}");
                    agree(&Covariance::new(variables), &what, |seed, device| {
                        let values = numbers(rows, variables, seed, hostile);
                        let batch = Observations::new(Tensor::from_data(values, device));
                        if weighted {
                            batch.with_weights(weights(rows, device)).unwrap()
                        } else {
                            batch
                        }
                    });
                }
            }
        }
    }
}

#[test]
fn lists_of_pairs() {
    agree_on_pairs(SpearmanCorrCoef::new(), &[1, 3]);
    agree_on_pairs(KendallRankCorrCoef::new().outputs(3), &[3]);
    agree_on_pairs(CosineSimilarity::new().per_row(), &[1, 20]);
    agree_on_pairs(KlDivergence::new().log_prob(true).per_row(), &[5]);
    // Batches of several shapes, which are passes of their own.
    agree(
        &SpearmanCorrCoef::new(),
        "of several shapes",
        |seed, device| pairs([50, seed + 2], seed, &[f32::NAN], false, device),
    );
}

#[test]
fn values() {
    for rows in [1, 500, 3001] {
        for hostile in HOSTILE {
            let batch = |seed, device: &Device| {
                let values = numbers(rows, 1, seed, hostile);
                Values::new(Tensor::<2>::from_data(values, device))
            };
            let weighted = |seed, device: &Device| {
                let values = numbers(rows, 1, seed, hostile);
                let values = Tensor::<2>::from_data(values, device).reshape([rows]);
                Values::weighted(values, weights(rows, device)).unwrap()
            };
            for nan in [NanStrategy::Error, NanStrategy::Impute(0.5)] {
                let what = format!("{rows}, {hostile:?}, {nan:?}");
                agree(&Sum::new().nan_strategy(nan), &what, batch);
                agree(&Mean::new().nan_strategy(nan), &what, weighted);
                agree(&Max::new().nan_strategy(nan), &what, batch);
                agree(&Cat::new().nan_strategy(nan), &what, batch);
            }
        }
    }
}

#[test]
fn two_samples() {
    for [n, m] in [[1, 1], [500, 7], [3000, 3000], [5, 0]] {
        for hostile in HOSTILE {
            for weighted in [false, true] {
                let what = format!("{n} and {m}, {hostile:?}, weighted {weighted}");
                agree(&Wasserstein1D::new(), &what, |seed, device| {
                    let sample = |rows, seed| {
                        let values = numbers(rows, 1, seed, hostile);
                        Tensor::<2>::from_data(values, device).reshape([rows])
                    };
                    let (x, y): (Tensor<1>, Tensor<1>) = (sample(n, seed), sample(m, seed + 5));
                    let batch = TwoSamples::new(x, y).unwrap();
                    if weighted {
                        batch.with_y_weights(weights(m, device)).unwrap()
                    } else {
                        batch
                    }
                });
            }
        }
    }
}
