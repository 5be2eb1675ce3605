//! Sums beside `f64`, where plain `f32` fails.

use burn::tensor::{Device, Tensor};
use metrics_core::{
    Metric, MetricState,
    aggregation::{Mean, Sum},
    batch::{Regression, Values},
    regression::{
        LogCoshError, MeanSquaredError, MeanSquaredLogError, R2Score, TweedieDevianceScore,
    },
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

/// The smaller an error, the fewer digits are left of it where `ln(1 + x)` is the logarithm of a sum.
#[test]
fn predictions_near_their_targets() {
    for (name, device) in devices() {
        for size in [1e-1, 1e-2, 1e-3, 1e-4] {
            let pred: Vec<f32> = (1..=50).map(|i| 0.5 + i as f32 / 16.0).collect();
            let target: Vec<f32> = (pred.iter().enumerate())
                .map(|(i, p)| p * (1.0 + size * (i as f32 - 20.5) / 20.0))
                .collect();
            let tensor = |x: &[f32]| Tensor::<1>::from_floats(x, &device);
            let batch = Regression::new(tensor(&pred), tensor(&target)).unwrap();
            let mean = |loss: &dyn Fn(f64, f64) -> f64| {
                let losses = pred.iter().zip(&target);
                losses.map(|(p, t)| loss(*p as f64, *t as f64)).sum::<f64>() / pred.len() as f64
            };
            let what = |metric: &str| format!("{name} {metric} of {size}");

            let ours = MeanSquaredLogError::new().evaluate(&batch).unwrap();
            let exact = mean(&|p, t| ((p - t) / (1.0 + t)).ln_1p().powi(2));
            close(ours.scalar().unwrap(), exact, &what("MSLE"));

            let ours = LogCoshError::new().evaluate(&batch).unwrap();
            let exact = mean(&|p, t| (((p - t) / 2.0).sinh().powi(2) * 2.0).ln_1p());
            close(ours.scalar().unwrap(), exact, &what("log-cosh"));

            for power in [-1.0, 1.0, 1.5, 2.0, 3.0] {
                let metric = TweedieDevianceScore::new().power(power);
                let ours = metric.evaluate(&batch).unwrap();
                let exact = mean(&|p, t| tweedie(p, t, power));
                close(
                    ours.scalar().unwrap(),
                    exact,
                    &what(&format!("deviance {power}")),
                );
            }
        }
    }
}

/// The deviance as the integral `2 ∫ (t - m) / m^power dm` from the prediction to the target, by
/// Gauss-Legendre's five points, as its formula has few digits of it.
fn tweedie(pred: f64, target: f64, power: f64) -> f64 {
    const NODES: [(f64, f64); 5] = [
        (0.0, 128.0 / 225.0),
        (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (0.906_179_845_938_664, 0.236_926_885_056_189_1),
        (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
    ];
    let half = (target - pred) / 2.0;
    let terms = NODES.iter().map(|(node, weight)| {
        let m = pred + half * (1.0 + node);
        weight * (target - m) / m.powf(power)
    });
    2.0 * half * terms.sum::<f64>()
}
