//! Sums beside `f64`, where plain `f32` fails.

use burn::tensor::{Device, Tensor};
use metrics_core::{
    Mean, MeanSquaredError, Metric, MetricState, R2Score, Sum,
    batch::{Regression, Values},
};
use metrics_tests::{devices, samples::Random};

const LIMIT: f64 = 1e-6;

fn close(ours: f64, exact: f64, what: &str) {
    let error = (ours - exact).abs() / exact.abs();
    assert!(
        error <= LIMIT,
        "{what}: {ours} is not {exact}, off by {error:e}"
    );
}

fn values(numbers: &[f32], device: &Device) -> Values {
    Values::new(Tensor::<1>::from_floats(numbers, device))
}

fn value<M: Metric>(state: &mut MetricState<M>) -> f64 {
    state.compute().unwrap().scalar().unwrap()
}

/// A sum in `f32` stays at 2^24.
#[test]
fn ones_beyond_two_to_the_24th() {
    const ONES: usize = (1 << 24) + 1;
    for (name, device) in devices() {
        let whole = Values::new(Tensor::<1>::ones([ONES], &device));
        assert_eq!(
            Sum::new().evaluate(&whole).unwrap().scalar(),
            Some(ONES as f64),
            "{name}"
        );
        let mut state = Sum::new().state();
        let half = Values::new(Tensor::<1>::ones([1 << 23], &device));
        state.update(&half).unwrap();
        state.update(&half).unwrap();
        for _ in 0..3 {
            state.update(&values(&[1.0], &device)).unwrap();
        }
        assert_eq!(value(&mut state), (ONES + 2) as f64, "{name} in batches");
    }
}

#[test]
fn a_hundred_million_values() {
    const BATCH: usize = 1_000_000;
    const BATCHES: usize = 100;
    let mut random = Random(1);
    let numbers: Vec<f32> = (0..BATCH)
        .map(|_| random.below(1 << 24) as f32 / 1e7)
        .collect();
    let exact: f64 = numbers.iter().map(|x| *x as f64).sum::<f64>() * BATCHES as f64;
    for (name, device) in devices() {
        let batch = values(&numbers, &device);
        let (mut sum, mut mean) = (Sum::new().state(), Mean::new().state());
        for _ in 0..BATCHES {
            sum.update(&batch).unwrap();
            mean.update(&batch).unwrap();
        }
        close(value(&mut sum), exact, name);
        close(value(&mut mean), exact / (BATCH * BATCHES) as f64, name);
    }
}

#[test]
fn values_far_from_zero() {
    const COUNT: usize = 300_000;
    let mut random = Random(2);
    let mut number = |spread: f32| 1e6 + random.below(1 << 20) as f32 / (1 << 20) as f32 * spread;
    let target: Vec<f32> = (0..COUNT).map(|_| number(16.0)).collect();
    let pred: Vec<f32> = target.iter().map(|t| t + number(1.0) - 1e6).collect();
    let f64s = |numbers: &[f32]| numbers.iter().map(|x| *x as f64).collect::<Vec<_>>();
    let (t, p) = (f64s(&target), f64s(&pred));
    let n = COUNT as f64;
    let mean = t.iter().sum::<f64>() / n;
    let squares: f64 = t.iter().zip(&p).map(|(t, p)| (p - t) * (p - t)).sum();
    let spread: f64 = t.iter().map(|t| (t - mean) * (t - mean)).sum();
    for (name, device) in devices() {
        let mut state = Mean::new().state();
        let (mut mse, mut r2) = (MeanSquaredError::new().state(), R2Score::new().state());
        for (target, pred) in target.chunks(70_000).zip(pred.chunks(70_000)) {
            state.update(&values(target, &device)).unwrap();
            let tensor = |numbers| Tensor::<1>::from_floats(numbers, &device);
            let batch = Regression::new(tensor(pred), tensor(target)).unwrap();
            mse.update(&batch).unwrap();
            r2.update(&batch).unwrap();
        }
        close(value(&mut state), mean, name);
        close(value(&mut mse), squares / n, name);
        close(value(&mut r2), 1.0 - squares / spread, name);
    }
}
