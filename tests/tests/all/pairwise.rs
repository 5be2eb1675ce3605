//! Similarities and distances between rows: golden values, hostile numbers, dtypes, and errors.

use burn::tensor::{DType, Device, FloatDType, Tensor};
use metrics_core::{
    MetricError,
    pairwise::{self, Pairwise},
};
use metrics_tests::{
    cpus, devices,
    golden::{self, number},
    samples::Random,
};

type Function = fn(Tensor<2>, Option<Tensor<2>>) -> Pairwise;

const ALL: [Function; 7] = [
    pairwise::cosine,
    pairwise::linear,
    pairwise::euclidean,
    pairwise::manhattan,
    |x, y| pairwise::minkowski(x, y, 2.5),
    |x, y| pairwise::minkowski(x, y, 3.0),
    |x, y| pairwise::minkowski(x, y, f64::INFINITY),
];

fn list<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn rows(values: &[f64], width: usize, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
    let n = values.len() / width;
    Tensor::<1>::from_floats(&values[..], device).reshape([n, width])
}

fn draw(seed: u64, n: usize, width: usize) -> Vec<f64> {
    let mut random = Random(seed);
    let draws = (0..n * width).map(|_| (random.below(4001) as f64 - 2000.0) / 256.0);
    draws.collect()
}

fn close(ours: &[f64], expected: &[f64], limit: f64, what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (i, (a, b)) in ours.iter().zip(expected).enumerate() {
        let scale = b.abs().max(1e-30);
        let same = a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= limit * scale;
        assert!(same, "{what}: {a} for {b} at {i}");
    }
}

#[test]
fn every_golden_case() {
    let file = golden::load("pairwise");
    for (device_name, device) in devices() {
        for case in &file.cases {
            let batch = &file.inputs[&case.input].batches[0];
            let x = batch["x"].floats::<2>(&device);
            let y = batch.get("y").map(|y| y.floats::<2>(&device));
            let exponent = case.args.float("exponent");
            let pairs = match (case.metric.as_str(), exponent) {
                ("PairwiseCosine", _) => pairwise::cosine(x, y),
                ("PairwiseLinear", _) => pairwise::linear(x, y),
                ("PairwiseEuclidean", _) => pairwise::euclidean(x, y),
                ("PairwiseManhattan", _) => pairwise::manhattan(x, y),
                (_, exponent) => pairwise::minkowski(x, y, exponent.unwrap()),
            };
            let pairs = match case.args.flag("zero_diagonal") {
                Some(zero) => pairs.zero_diagonal(zero),
                None => pairs,
            };
            let ours = match case.args.text("reduction") {
                Some("mean") => list(pairs.mean().unwrap()),
                Some(_) => list(pairs.sum().unwrap()),
                None => list(pairs.matrix().unwrap()),
            };
            let expected: Vec<f64> = (case.expect.as_array().unwrap().iter())
                .flat_map(|row| match row.as_array() {
                    Some(row) => row.iter().map(number).collect(),
                    None => vec![number(row)],
                })
                .collect();
            assert_eq!(ours.len(), expected.len(), "{}", case.id);
            let largest = expected
                .iter()
                .fold(0.0, |most: f64, value| most.max(value.abs()));
            for (a, b) in ours.iter().zip(&expected) {
                // A product of many numbers of both signs is as near as its terms.
                let signed = ["PairwiseLinear", "PairwiseCosine"];
                let near = if signed.contains(&case.metric.as_str()) {
                    largest
                } else {
                    b.abs()
                };
                let near = near.max(1e-2 * largest);
                assert!(
                    (a - b).abs() <= 3e-6 * near,
                    "{device_name} {}: {a} for {b}",
                    case.id
                );
            }
        }
    }
}

/// The distance by definition.
fn by_definition(x: &[f64], y: &[f64], p: f64) -> f64 {
    let differences = x.iter().zip(y).map(|(x, y)| (x - y).abs());
    if p.is_infinite() {
        return differences.fold(0.0, f64::max);
    }
    differences
        .map(|own| own.powf(p))
        .sum::<f64>()
        .powf(1.0 / p)
}

#[test]
fn sizes_around_those_of_tiles_and_blocks() {
    for (name, device) in cpus() {
        for (n, m, width) in [
            (1, 1, 1),
            (3, 17, 2),
            (4, 16, 32),
            (65, 33, 33),
            (64, 15, 129),
            (130, 8, 257),
        ] {
            let (x, y) = (draw(7, n, width), draw(8, m, width));
            for p in [1.0, 1.5, 2.0, 3.0, 4.0, f64::INFINITY] {
                let own = |i: usize, j: usize| {
                    let (x, y) = (&x[i * width..][..width], &y[j * width..][..width]);
                    by_definition(x, y, p)
                };
                let expected: Vec<f64> = (0..n * m).map(|at| own(at / m, at % m)).collect();
                let pairs = || {
                    let (x, y) = (rows(&x, width, &device), rows(&y, width, &device));
                    pairwise::minkowski(x, Some(y), p)
                };
                let what = format!("{name} {n} {m} {width} {p}");
                close(&list(pairs().matrix().unwrap()), &expected, 2e-6, &what);
                let sums: Vec<f64> = expected.chunks(m).map(|row| row.iter().sum()).collect();
                close(&list(pairs().sum().unwrap()), &sums, 2e-6, &what);
            }
        }
    }
}

#[test]
fn near_rows_far_from_the_origin_keep_their_digits() {
    for (name, device) in devices() {
        for width in [3, 64] {
            let far: Vec<f64> = (0..width).map(|k| 4096.0 + k as f64).collect();
            let mut both = far.clone();
            both.extend(far.iter().map(|value| value + 1.0 / 1024.0));
            let distances = pairwise::euclidean(rows(&both, width, &device), None)
                .zero_diagonal(false)
                .matrix();
            let apart = (width as f64).sqrt() / 1024.0;
            let found = list(distances.unwrap());
            close(&found, &[0.0, apart, apart, 0.0], 1e-6, name);
        }
    }
}

#[test]
fn distances_of_huge_and_of_tiny_numbers() {
    for (name, device) in devices() {
        for (scale, width) in [(1e25, 2), (1e-25, 2), (1e25, 40), (1e-25, 40)] {
            let x: Vec<f64> = (0..2 * width).map(|k| (k % 7) as f64 * scale).collect();
            for p in [2.0, 3.0, 2.5] {
                let expected = by_definition(&x[..width], &x[width..], p);
                let pairs = pairwise::minkowski(rows(&x, width, &device), None, p);
                let found = list(pairs.matrix().unwrap());
                let what = format!("{name} {scale} {width} {p}");
                close(&found, &[0.0, expected, expected, 0.0], 3e-6, &what);
            }
            let cosines = pairwise::cosine(rows(&x, width, &device), None).zero_diagonal(false);
            let found = list(cosines.matrix().unwrap());
            assert!(
                (found[0] - 1.0).abs() < 1e-6 && found[1] > 0.0,
                "{name}: {found:?}"
            );
        }
    }
}

#[test]
fn a_distance_is_a_metric() {
    let (n, width) = (20, 37);
    for (name, device) in cpus() {
        for pairs in &ALL[2..] {
            let x = rows(&draw(3, n, width), width, &device);
            let d = list(pairs(x, None).matrix().unwrap());
            for i in 0..n {
                assert_eq!(d[i * n + i], 0.0, "{name}");
                for j in 0..n {
                    assert_eq!(d[i * n + j], d[j * n + i], "{name}");
                    for k in 0..n {
                        let detour = d[i * n + k] + d[k * n + j];
                        assert!(d[i * n + j] <= detour * (1.0 + 1e-6), "{name}");
                    }
                }
            }
        }
    }
}

#[test]
fn results_keep_the_dtype() {
    for (name, device) in cpus() {
        let (x, y) = (draw(1, 5, 40), draw(2, 6, 40));
        for pairs in ALL {
            let of = |dtype: FloatDType| {
                let [x, y] = [&x, &y].map(|values| rows(values, 40, &device).cast(dtype));
                pairs(x, Some(y))
            };
            let single = list(of(FloatDType::F32).matrix().unwrap());
            let mut dtypes = vec![(FloatDType::F64, DType::F64, 2e-6)];
            if name == "flex" {
                dtypes.push((FloatDType::F16, DType::F16, 2e-2));
                dtypes.push((FloatDType::BF16, DType::BF16, 2e-1));
            }
            for (dtype, expected, limit) in dtypes {
                let found = of(dtype).matrix().unwrap();
                assert_eq!(found.dtype(), expected, "{name}");
                let largest = single
                    .iter()
                    .fold(0.0, |most: f64, value| most.max(value.abs()));
                for (a, b) in list(found).iter().zip(&single) {
                    assert!(
                        (a - b).abs() <= limit * largest,
                        "{name} {dtype:?}: {a} for {b}"
                    );
                }
                assert_eq!(of(dtype).mean().unwrap().dtype(), expected);
            }
        }
    }
}

#[test]
fn nan_stays_in_its_rows() {
    for (name, device) in devices() {
        let mut x = draw(5, 6, 36);
        x[36] = f64::NAN;
        for pairs in ALL {
            let found = pairs(rows(&x, 36, &device), None)
                .zero_diagonal(false)
                .matrix();
            for (at, entry) in list(found.unwrap()).iter().enumerate() {
                let touched = at / 6 == 1 || at % 6 == 1;
                assert_eq!(entry.is_nan(), touched, "{name} {at}: {entry}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let device = Device::default();
    let x = |n: usize, width: usize| Tensor::<2>::ones([n, width], (&device, DType::F32));
    for pairs in ALL {
        let unfit = |x, y| {
            let error = pairs(x, y).matrix().unwrap_err();
            assert!(
                matches!(error, MetricError::ShapeMismatch { .. }),
                "{error}"
            );
        };
        unfit(x(2, 3), Some(x(2, 4)));
        unfit(x(0, 3), None);
        unfit(x(2, 3), Some(x(0, 3)));
        unfit(x(2, 0), None);
        let double = x(2, 3).cast(FloatDType::F64);
        let error = pairs(x(2, 3), Some(double)).mean().unwrap_err();
        assert!(
            matches!(error, MetricError::DTypeMismatch { .. }),
            "{error}"
        );
    }
    for exponent in [0.5, -1.0, f64::NAN, f64::NEG_INFINITY] {
        let error = pairwise::minkowski(x(2, 3), None, exponent)
            .sum()
            .unwrap_err();
        assert!(matches!(error, MetricError::InvalidOption(_)), "{error}");
    }
}
