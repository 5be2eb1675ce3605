//! Numbers that someone found wrong for their size: `f64` data, sums near the end of `f32`, long lists.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use metrics_core::{
    Metric, MetricCollection, MetricError, Value,
    batch::{Binary, Ensemble, Multiclass, Observations, Regression, TwoSamples, Values},
    custom_metric,
    prelude::*,
};
use metrics_tests::{cpus, devices, is_host};
use std::time::Instant;

fn doubles<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (device, DType::F64))
}

fn wide(values: &[f64], device: &Device) -> Tensor<1> {
    doubles(values, [values.len()], device)
}

fn pairs(pred: &[f64], target: &[f64], device: &Device) -> Regression {
    Regression::new(wide(pred, device), wide(target, device)).unwrap()
}

fn close(found: &Value, expected: f64, what: &str) {
    let found = found.scalar().unwrap();
    let error = (found - expected).abs();
    assert!(
        error <= 1e-12 * expected.abs().max(1.0),
        "{what}: {found} is not {expected}"
    );
}

// --- double precision ------------------------------------------------------------------------

/// Seconds since 1970, as a forecast of times has them: `f32` has steps of 128 there.
const NOW: f64 = 1.7e9;

fn times(device: &Device) -> Regression {
    let target = [NOW, NOW + 1.0, NOW + 2.0, NOW + 3.0];
    pairs(&target.map(|t| t + 0.5), &target, device)
}

#[test]
fn pairs_that_come_as_f64_count_as_f64() {
    for (name, device) in cpus() {
        let batch = times(&device);
        close(
            &MeanSquaredError::new().evaluate(&batch).unwrap(),
            0.25,
            name,
        );
        close(&R2Score::new().evaluate(&batch).unwrap(), 0.8, name);
        close(
            &MeanAbsoluteError::new().evaluate(&batch).unwrap(),
            0.5,
            name,
        );
        close(&PearsonCorrCoef::new().evaluate(&batch).unwrap(), 1.0, name);
        close(
            &ExplainedVariance::new().evaluate(&batch).unwrap(),
            1.0,
            name,
        );
        close(
            &RelativeSquaredError::new().evaluate(&batch).unwrap(),
            0.2,
            name,
        );
        close(
            &MinkowskiDistance::new(2.0).evaluate(&batch).unwrap(),
            1.0,
            name,
        );
        let log_cosh = 0.5f64.cosh().ln();
        close(
            &LogCoshError::new().evaluate(&batch).unwrap(),
            log_cosh,
            name,
        );
        close(&PinballLoss::new().evaluate(&batch).unwrap(), 0.25, name);
        let norm = NormalizedRootMeanSquaredError::new().normalization(RmseNormalization::Range);
        close(&norm.evaluate(&batch).unwrap(), 0.5 / 3.0, name);
        // 1 - 6 * 2 / (4 * 15), and (5 - 1) / 6: two neighbours are exchanged.
        let target = [NOW, NOW + 1.0, NOW + 2.0, NOW + 3.0];
        let swapped = [target[1], target[0], target[2], target[3]];
        let ranks = pairs(&swapped, &target, &device);
        close(
            &SpearmanCorrCoef::new().evaluate(&ranks).unwrap(),
            0.8,
            name,
        );
        close(
            &KendallRankCorrCoef::new().evaluate(&ranks).unwrap(),
            2.0 / 3.0,
            name,
        );
        // In columns, with weights, and of a weight that only `f64` has.
        let two = |values: [f64; 4]| doubles(&values, [2, 2], &device);
        let batch = Regression::multi_output(
            two([NOW, 1.0, NOW + 2.0, 5.0]),
            two([NOW + 1.0, 1.0, NOW, 3.0]),
        );
        let batch = batch
            .unwrap()
            .with_weights(wide(&[1.0 + 1e-9, 1.0], &device))
            .unwrap();
        let each = MeanSquaredError::new().outputs(2).evaluate(&batch).unwrap();
        let weight = 2.0 + 1e-9;
        let expected = [(1.0 + 1e-9 + 4.0) / weight, 4.0 / weight];
        for (found, expected) in each.per_class().unwrap().iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-15,
                "{name}: {found} {expected}"
            );
        }
    }
}

#[test]
fn moving_pairs_of_f64_by_a_billion_changes_no_error() {
    for (name, device) in cpus() {
        let mut random = metrics_tests::samples::Random(5);
        let numbers = random.array(&[2, 3000], |r| {
            r.probability() * 7.0 - 3.0 + r.probability() / 97.0
        });
        let (pred, target) = numbers.data.split_at(3000);
        let at = |offset: f64| {
            let moved = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x + offset).collect() };
            pairs(&moved(pred), &moved(target), &device)
        };
        let mut metrics = MetricCollection::new()
            .with(MeanSquaredError::new())
            .with(MeanAbsoluteError::new())
            .with(R2Score::new())
            .with(PearsonCorrCoef::new())
            .with(ConcordanceCorrCoef::new())
            .with(LogCoshError::new())
            .with(SpearmanCorrCoef::new());
        let mut near = metrics.fresh();
        near.update(&at(0.0)).unwrap();
        metrics.update(&at(1e9)).unwrap();
        let (far, near) = (metrics.compute().unwrap(), near.compute().unwrap());
        for (entry, expected) in far.scalars().iter().zip(near.scalars()) {
            let error = (entry.1 - expected.1).abs();
            assert!(error < 1e-6, "{name}: {entry:?} is not {expected:?}");
        }
    }
}

#[test]
fn rows_values_samples_ensembles_and_observations_count_as_f64() {
    for (name, device) in cpus() {
        let values = [NOW + 0.25, NOW + 0.5, NOW + 0.75];
        let batch = Values::new(wide(&values, &device));
        close(&Mean::new().evaluate(&batch).unwrap(), NOW + 0.5, name);
        close(&Max::new().evaluate(&batch).unwrap(), NOW + 0.75, name);
        close(&Min::new().evaluate(&batch).unwrap(), NOW + 0.25, name);
        let all = Cat::new().evaluate(&batch).unwrap();
        assert_eq!(all.list(), Some(&values[..]), "{name}");
        let weights = wide(&[1.0, 0.0, 3.0], &device);
        let weighted = Values::weighted(wide(&values, &device), weights).unwrap();
        close(&Mean::new().evaluate(&weighted).unwrap(), NOW + 0.625, name);
        let samples = TwoSamples::new(wide(&values, &device), wide(&[NOW], &device)).unwrap();
        close(&Wasserstein1D::new().evaluate(&samples).unwrap(), 0.5, name);
        let members = doubles(&[NOW, NOW + 1.0], [1, 2], &device);
        let ensemble = Ensemble::new(members, wide(&[NOW + 0.5], &device)).unwrap();
        let score = ContinuousRankedProbabilityScore::new();
        close(&score.evaluate(&ensemble).unwrap(), 0.25, name);
        let rows = doubles(&[NOW, 1.0, NOW + 1.0, 3.0, NOW + 2.0, 5.0], [3, 2], &device);
        let value = Covariance::new(2)
            .evaluate(&Observations::new(rows))
            .unwrap();
        assert_eq!(value.matrix().unwrap().data, [1.0, 2.0, 2.0, 4.0], "{name}");
        // Rows, of which one is far from 1 beside the other.
        let p = doubles(&[1.0, 1e-10, 1.0, 0.0], [2, 2], &device);
        let q = doubles(&[1.0, 0.0, 1.0, 1e-10], [2, 2], &device);
        let cosine = CosineSimilarity::new().per_row();
        let rows = cosine
            .evaluate(&Regression::multi_output(p, q).unwrap())
            .unwrap();
        let expected = 1.0 / (1.0f64 + 1e-20).sqrt();
        assert_eq!(rows.list(), Some(&[expected; 2][..]), "{name}");
        let own = custom_metric(
            "sum",
            1,
            |batch: &Values| batch.values().clone().sum(),
            |sums: &[f64]| Ok(sums[0].into()),
        );
        close(&own.evaluate(&batch).unwrap(), 3.0 * NOW + 1.5, name);
        // Beside `f32`, both are `f64`.
        let single = Tensor::<1>::from_floats([0.5], &device);
        let mixed = Regression::new(single.clone(), wide(&[0.1], &device)).unwrap();
        close(
            &MeanAbsoluteError::new().evaluate(&mixed).unwrap(),
            0.4,
            name,
        );
        // States of both kinds of batches are one.
        let mut state = Cat::new().state();
        state.update(&Values::new(single)).unwrap();
        state.update(&batch).unwrap();
        let all = state.compute().unwrap();
        let mut list = all.list().unwrap().to_vec();
        list.sort_by(f64::total_cmp);
        assert_eq!(list[0], 0.5, "{name}");
        assert_eq!(list[1..], values, "{name}");
    }
}

/// What is `f32` has the value that it had, also if it comes as `f64`.
#[test]
fn numbers_that_fit_f32_have_the_same_value_in_f64() {
    for (name, device) in cpus() {
        let mut random = metrics_tests::samples::Random(11);
        let mut draw = |n| {
            let numbers = random.array(&[n], |r| match r.below(50) {
                0 => f64::NAN,
                _ => f64::from((r.probability() + 0.125) as f32),
            });
            numbers.data
        };
        // Of several blocks and parts, and of a rest.
        let n = 70_003;
        let (pred, target, weights) = (draw(n), draw(n), draw(n));
        let single = |x: &[f64]| wide(x, &device).cast(burn::tensor::FloatDType::F32);
        let batches = |weighted: bool, columns: usize| {
            let rows = n / columns;
            let table = |x: Tensor<1>| x.narrow(0, 0, rows * columns).reshape([rows, columns]);
            [false, true].map(|double| {
                let of = |x: &[f64]| if double { wide(x, &device) } else { single(x) };
                let batch = Regression::multi_output(table(of(&pred)), table(of(&target)));
                let weights = of(&weights).narrow(0, 0, rows);
                if weighted {
                    batch.unwrap().with_weights(weights).unwrap()
                } else {
                    batch.unwrap()
                }
            })
        };
        for (weighted, columns) in [(false, 1), (true, 1), (false, 3), (true, 3)] {
            let [single, double] = batches(weighted, columns);
            let metrics = || {
                MetricCollection::new()
                    .validation(metrics_core::Validation::Ignore)
                    .with(MeanSquaredError::new())
                    .with(
                        NormalizedRootMeanSquaredError::new()
                            .normalization(RmseNormalization::Range),
                    )
                    .with(R2Score::new().multioutput(MultiOutput::RawValues))
                    .with(PearsonCorrCoef::new())
                    .with(ExplainedVariance::new())
                    .with(MeanSquaredLogError::new())
                    .with(TweedieDevianceScore::new().power(1.5))
                    .with(CosineSimilarity::new())
                    .with(KlDivergence::new())
                    .with(JensenShannonDivergence::new())
                    .with(WeightedMeanAbsolutePercentageError::new())
            };
            let (mut a, mut b) = (metrics(), metrics());
            a.update(&single).unwrap();
            b.update(&double).unwrap();
            let (a, b) = (a.compute().unwrap(), b.compute().unwrap());
            assert_eq!(a, b, "{name}, weighted: {weighted}, columns: {columns}");
        }
    }
}

#[test]
fn f64_on_a_device_with_sums_of_f32_is_an_error_that_says_so() {
    for (name, device) in devices() {
        if metrics_tests::is_host(name) || !device.supports_dtype(DType::F64) {
            continue;
        }
        let batch = times(&device);
        let error = MeanSquaredError::new()
            .evaluate(&batch)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("f64") && error.contains("cast them to f32"),
            "{error}"
        );
        let mut metrics = MetricCollection::new().with(R2Score::new());
        assert!(metrics.update(&batch).is_err(), "{name}");
        let values = Values::new(wide(&[1.0], &device));
        assert!(Cat::new().evaluate(&values).is_err(), "{name}");
    }
}

// --- sums near the end of a number -----------------------------------------------------------

#[test]
fn large_numbers_have_their_mean_and_their_correlation() {
    for (name, device) in cpus() {
        let values = Tensor::<1>::full([1_000_000], 1e38f32, (&device, DType::F32));
        let mean = Mean::new().evaluate(&Values::new(values.clone())).unwrap();
        let exact = f64::from(1e38f32);
        assert!(
            (mean.scalar().unwrap() / exact - 1.0).abs() < 1e-12,
            "{name}: {mean}"
        );
        let weights = Tensor::<1>::full([1_000_000], 1e38f32, (&device, DType::F32));
        let weighted = Values::weighted(values, weights).unwrap();
        let mean = Mean::new().evaluate(&weighted).unwrap();
        assert!(
            (mean.scalar().unwrap() / exact - 1.0).abs() < 1e-12,
            "{name}: {mean}"
        );
        let floats = |x: [f32; 4]| Tensor::<1>::from_data(x, (&device, DType::F32));
        let (pred, target) = (
            floats([1e30, 2e30, 3e30, 5e30]),
            floats([1.5e30, 2.5e30, 3.5e30, 4.5e30]),
        );
        let batch = Regression::new(pred, target).unwrap();
        // 1 - 1 / 5, and 6.5 / sqrt(8.75 * 5).
        let r2 = R2Score::new().evaluate(&batch).unwrap().scalar().unwrap();
        assert!((r2 - 0.8).abs() < 1e-6, "{name}: {r2}");
        let pearson = PearsonCorrCoef::new().evaluate(&batch).unwrap();
        let expected = 6.5 / 43.75f64.sqrt();
        assert!(
            (pearson.scalar().unwrap() - expected).abs() < 1e-6,
            "{name}: {pearson}"
        );
    }
}

#[test]
fn sums_of_finite_numbers_are_right_or_an_error() {
    for (name, device) in devices() {
        let floats = |x: &[f32]| Tensor::<1>::from_data(x, (&device, DType::F32));
        let values = |x: &[f32]| Values::new(floats(x));
        let many = values(&[3e38; 5000]);
        let sums = [
            (Sum::new().evaluate(&many), 5000.0 * f64::from(3e38f32)),
            (Mean::new().evaluate(&many), f64::from(3e38f32)),
        ];
        for (sum, right) in sums {
            match sum {
                Ok(sum) => assert!(
                    (sum.scalar().unwrap() / right - 1.0).abs() < 1e-12,
                    "{name}"
                ),
                Err(error) => {
                    assert!(
                        matches!(error, MetricError::Overflow { .. }),
                        "{name}: {error}"
                    );
                    assert!(!is_host(name), "{name}: {error}");
                }
            }
        }
        // An infinite number makes an infinite sum, and a NaN with one of the other sign.
        let sum = |x: &[f32]| Sum::new().evaluate(&values(x)).unwrap().scalar().unwrap();
        assert_eq!(
            sum(&[1.0, f32::INFINITY, 3e38, 3e38]),
            f64::INFINITY,
            "{name}"
        );
        assert!(sum(&[f32::NEG_INFINITY, f32::INFINITY]).is_nan(), "{name}");
        let errors = |pred: &[f32]| {
            let batch = Regression::new(floats(pred), floats(&[0.0; 4])).unwrap();
            MinkowskiDistance::new(3.0).evaluate(&batch)
        };
        match errors(&[1e20; 4]) {
            Ok(error) => {
                let right = 1e20 * 4f64.cbrt();
                assert!(
                    (error.scalar().unwrap() / right - 1.0).abs() < 1e-6,
                    "{name}: {error}"
                );
            }
            Err(error) => {
                assert!(
                    matches!(error, MetricError::Overflow { .. }),
                    "{name}: {error}"
                );
                assert!(!is_host(name), "{name}: {error}");
            }
        }
        let infinite = errors(&[1.0, f32::INFINITY, 1.0, 1.0]).unwrap();
        assert_eq!(infinite.scalar(), Some(f64::INFINITY), "{name}");
    }
}

// --- lists that grow -------------------------------------------------------------------------

/// How much longer the last tenth of the updates takes than the first. Of twenty parts of each tenth a quarter is
/// faster than what counts, as other tests run beside this one.
fn growth(batches: usize, mut update: impl FnMut()) -> f64 {
    let part = batches / 200;
    let parts: Vec<f64> = (0..200)
        .map(|_| {
            let start = Instant::now();
            (0..part).for_each(|_| update());
            start.elapsed().as_secs_f64()
        })
        .collect();
    let quick = |parts: &[f64]| {
        let mut parts = parts.to_vec();
        parts.sort_by(f64::total_cmp);
        parts[parts.len() / 4]
    };
    quick(&parts[180..]) / quick(&parts[..20])
}

/// Every 256 pieces were joined with all that had been there: at 50,000 batches an update took 6 to 13 times as long as at
/// the beginning.
#[test]
fn lists_grow_in_constant_time() {
    const BATCHES: usize = 50_000;
    for (name, device) in cpus() {
        let scores = Tensor::<1>::from_data([0.25f32, 0.5, 0.75, 1.0], (&device, DType::F32));
        let scores = scores.repeat_dim(0, 25);
        let ints = Tensor::<1, Int>::from_data([0, 1, 1, 0], (&device, DType::I32));
        let target = ints.repeat_dim(0, 25);
        let binary = Binary::from_scores(scores.clone(), target.clone()).unwrap();
        let mut state = Auroc::binary().state();
        let curve = growth(BATCHES, || state.update(&binary).unwrap());
        assert!(state.compute().is_ok());
        let pairs = Regression::new(scores.clone(), scores.clone()).unwrap();
        let mut state = SpearmanCorrCoef::new().state();
        let ranks = growth(BATCHES / 2, || state.update(&pairs).unwrap());
        let values = Values::new(scores.clone());
        let mut state = Cat::new().state();
        let list = growth(BATCHES / 2, || state.update(&values).unwrap());
        // A list outside of the passes: `Delta::append_ints`.
        let labels = target.narrow(0, 0, 20).reshape([10, 2]);
        let batch = Multiclass::from_labels(labels.clone(), labels).unwrap();
        let mut state = Accuracy::multiclass(2).samplewise().state();
        let samples = growth(BATCHES / 10, || state.update(&batch).unwrap());
        println!("{name}: {curve:.1} {ranks:.1} {list:.1} {samples:.1}");
        for (what, growth) in [
            ("keys of curves", curve),
            ("pairs", ranks),
            ("values", list),
            ("samples", samples),
        ] {
            assert!(
                growth < 4.0,
                "{name}: {what} take {growth} times as long at the end"
            );
        }
    }
}

/// Squares of 1e30 are beyond `f32`, in which devices add, and those of 1e200 beyond `f64`.
#[test]
fn sums_of_finite_numbers_beyond_their_range_are_an_error_that_says_so() {
    for (name, device) in devices() {
        let host = metrics_tests::is_host(name);
        let of = |values: [f64; 4]| {
            if host {
                wide(&values.map(|x| x * 1e170), &device)
            } else {
                Tensor::<1>::from_data(values.map(|x| x as f32), (&device, DType::F32))
            }
        };
        let (pred, target) = ([1e30, 2e30, 3e30, 5e30], [1.5e30, 2.5e30, 3.5e30, 4.5e30]);
        let batch = Regression::new(of(pred), of(target)).unwrap();
        let mut metrics = MetricCollection::new()
            .with(MeanSquaredError::new())
            .with(R2Score::new())
            .with(RelativeSquaredError::new())
            .with(PearsonCorrCoef::new())
            .with(ConcordanceCorrCoef::new())
            .with(ExplainedVariance::new());
        metrics.update(&batch).unwrap();
        let report = metrics.compute().unwrap();
        for (metric, error) in report.errors() {
            assert!(
                error.contains("more than a sum can hold"),
                "{name} {metric}: {error}"
            );
        }
        assert_eq!(report.errors().count(), 6, "{name}: {report}");
        // What is no square has its value, and data that are infinite have theirs.
        let absolute = MeanAbsoluteError::new().evaluate(&batch).unwrap();
        let absolute = absolute.scalar().unwrap() / if host { 1e170 } else { 1.0 };
        assert!((absolute / 5e29 - 1.0).abs() < 1e-6, "{name}: {absolute}");
        let infinite = Tensor::<1>::from_data([f32::INFINITY, 1.0], (&device, DType::F32));
        let zeros = infinite.zeros_like();
        let batch = Regression::new(infinite, zeros).unwrap();
        let value = MeanSquaredError::new().evaluate(&batch).unwrap();
        assert_eq!(value.scalar(), Some(f64::INFINITY), "{name}");
        let rows = Tensor::cat(
            vec![of(pred).reshape([4, 1]), of(target).reshape([4, 1])],
            1,
        );
        let error = Covariance::new(2)
            .evaluate(&Observations::new(rows))
            .unwrap_err();
        assert!(
            error.to_string().contains("more than a sum can hold"),
            "{name}: {error}"
        );
    }
}
