//! Elements with weights: sums by cell against `f64`, and what a weight means to every metric.

use crate::goldens::all_metrics;
use burn::tensor::{DType, Device, Int, Tensor};
use metrics_core::{
    Accumulator, BatchOf, Metric, MetricCollection, MetricError, REJECTED_SLOTS, Reason, Rejected,
    SummaryOf, Validation, Value,
    batch::{Binary, Multiclass, Multilabel, Values},
    classification::{
        Accuracy, Average, CohenKappa, ConfusionMatrix, ExactMatch, NegativePredictiveValue,
        Recall, Specificity,
    },
    ops,
    states::ConfusionSummary,
    text::Perplexity,
};
use metrics_tests::{
    compare::{Tolerance, same},
    devices,
    golden::{self, Array, Arrays},
    is_host,
    metrics::Visitor,
    samples::{CLASSES, LABELS, Random, Sample},
};
use std::any::TypeId;

/// Products with weights are rounded to `f32`, and differences of sums of them have fewer digits.
const CLOSE: Tolerance = Tolerance::Relative(1e-5);

// --- the operation ---------------------------------------------------------------------------

/// The sums by cell and the counts by reason, in `f64`.
fn reference(cells: &[i32], weights: &[f32], k: usize) -> (Vec<f64>, Vec<i32>) {
    let (mut sums, mut rejected) = (vec![0.0; k], vec![0; REJECTED_SLOTS]);
    for (cell, weight) in cells.iter().zip(weights) {
        match usize::try_from(*cell) {
            Err(_) => rejected[(-1 - cell) as usize] += 1,
            Ok(_) if !(weight.is_finite() && *weight >= 0.0) => {
                rejected[Reason::InvalidWeight as usize] += 1
            }
            Ok(cell) => sums[cell] += f64::from(*weight),
        }
    }
    (sums, rejected)
}

fn check_sums(cells: &[i32], weights: &[f32], k: usize, updates: usize) {
    let (sums, rejected) = reference(cells, weights, k);
    for (name, device) in devices() {
        let ints = Tensor::<1, Int>::from_data(cells, (&device, DType::I32));
        let floats = Tensor::<1>::from_data(weights, (&device, DType::F32));
        // Two counters that are not to be touched.
        let mut counts = Tensor::<1, Int>::full([2 + REJECTED_SLOTS], 7, (&device, DType::I32));
        let mut state = Tensor::<1>::zeros([2 * k], (&device, DType::F32));
        for _ in 0..updates {
            (counts, state) = ops::weighted_counts(counts, state, ints.clone(), floats.clone());
        }
        let found: Vec<i32> = counts.into_data().convert::<i32>().try_to_vec().unwrap();
        let expected = rejected.iter().map(|count| 7 + count * updates as i32);
        assert_eq!(
            found,
            [7, 7].into_iter().chain(expected).collect::<Vec<_>>(),
            "{name}"
        );
        let state: Vec<f32> = state.into_data().convert::<f32>().try_to_vec().unwrap();
        for (cell, sum) in sums.iter().enumerate() {
            let expected = sum * updates as f64;
            let found = f64::from(state[cell]) + f64::from(state[k + cell]);
            let off = (found - expected).abs() / expected.max(f64::MIN_POSITIVE);
            let n = cells.len();
            assert!(
                off < 3e-8,
                "{name}: cell {cell} of {k}, {n}: {found} {expected}"
            );
        }
    }
}

#[test]
fn sums_by_cell_are_those_of_f64() {
    let random = &mut Random(3);
    for (n, k) in [
        (1, 1),
        (7, 3),
        (1024, 1),
        (1025, 4),
        (5000, 12),
        (70_001, 100),
        (40_000, 1 << 19),
    ] {
        let cells: Vec<i32> = (0..n)
            .map(|_| match random.below(10) {
                0 => -1 - random.below(REJECTED_SLOTS) as i32,
                // Most in few cells, so that some sums are of many.
                1..=3 => random.below(k) as i32,
                _ => random.below(k.min(2)) as i32,
            })
            .collect();
        let bad = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            -1.0,
            -f32::MIN_POSITIVE,
        ];
        let weights: Vec<f32> = (0..n)
            .map(|_| match random.below(12) {
                0 => bad[random.below(bad.len())],
                1 => 0.0,
                2 => 1e6,
                3 => 1e-6,
                _ => random.below(1 << 20) as f32 / 777.0,
            })
            .collect();
        check_sums(&cells, &weights, k, 3);
    }
}

#[test]
fn many_equal_weights_lose_nothing() {
    // A plain sum of a million tenths in `f32` is off by 1e-2.
    check_sums(&vec![2; 1_000_000], &vec![0.1; 1_000_000], 4, 2);
    // Few cells take turns, and the number of sums side by side is limited.
    let turns: Vec<i32> = (0..100_000).map(|i| i % 3).collect();
    check_sums(&turns, &vec![0.7; 100_000], 1 << 20, 1);
}

#[test]
fn small_weights_beside_large_ones_keep_their_digits() {
    let cells: Vec<i32> = (0..50_000).map(|i| i % 2).collect();
    let weights: Vec<f32> = (0..50_000)
        .map(|i| {
            if i % 2 == 0 {
                1e-6 * (1 + i % 7) as f32
            } else {
                1e6
            }
        })
        .collect();
    check_sums(&cells, &weights, 2, 2);
    // In one cell.
    check_sums(&vec![0; 50_000], &weights, 1, 2);
}

#[test]
fn the_largest_weights_add_up_to_more_than_f32_holds_and_not_to_nan() {
    for (_, device) in devices() {
        let target = Tensor::<1, Int>::from_ints([0, 0, 1], &device);
        let batch = Multiclass::from_labels(target.clone(), target)
            .and_then(|b| {
                b.with_weights(Tensor::<1>::from_floats([f32::MAX, f32::MAX, 1.0], &device))
            })
            .unwrap();
        let value = ConfusionMatrix::multiclass(2).evaluate(&batch).unwrap();
        let sum = match value.matrix().unwrap().data[..] {
            [sum, 0.0, 0.0, 1.0] => sum,
            ref other => panic!("{other:?}"),
        };
        // Sums in host memory are `f64`, sums elsewhere `f32`.
        let exact = 2.0 * f64::from(f32::MAX);
        assert!(sum == exact || sum == f64::INFINITY, "{sum}");
    }
}

// --- what a weight means ---------------------------------------------------------------------

fn with_weights(arrays: &Arrays, weights: Vec<f64>) -> Arrays {
    let shape = vec![weights.len()];
    let mut arrays = arrays.clone();
    arrays.insert(
        "weights".into(),
        Array {
            shape,
            data: weights,
        },
    );
    arrays
}

fn state<M: Metric>(metric: &M, batches: &[Arrays], device: &Device) -> SummaryOf<M>
where
    BatchOf<M>: Sample,
{
    let mut state = metric.state().validation(Validation::Ignore);
    for arrays in batches {
        state
            .update(&Sample::build(arrays, device).unwrap())
            .unwrap();
    }
    state.summary().unwrap().clone()
}

/// Metrics of which some of this is not so: a correction for the number of rows counts each once, and a
/// mean of targets that is nearly 0 has few digits; an interval in closed form takes no weights, and the
/// bounds of an average precision know that an element without a weight is whole.
const APART: &[&str] = &[
    "adjusted",
    "normalized_root",
    "_interval",
    "_bootstrap",
    "average_precision_certified",
];

/// Checks a property of every metric that takes weights, on made-up rows of two batches.
fn for_all(check: impl FnMut(&str, Arrays, Arrays) -> Vec<Vec<Arrays>>) {
    struct Run<F>(F, Vec<String>, usize);
    impl<F: FnMut(&str, Arrays, Arrays) -> Vec<Vec<Arrays>>> Visitor for Run<F> {
        fn visit<M: Metric>(&mut self, metric: M)
        where
            BatchOf<M>: Sample,
        {
            let name = metric.name();
            // A value that takes the place of a NaN weighs 1.
            let values = TypeId::of::<BatchOf<M>>() == TypeId::of::<Values>();
            let apart = values || APART.iter().any(|part| name.contains(part));
            if apart || !metric.accumulator().takes_weights() {
                return;
            }
            self.2 += 1;
            for (name, device) in devices() {
                for seed in 0..if is_host(name) { 8 } else { 1 } {
                    let random = &mut Random(seed);
                    let mut rows = || BatchOf::<M>::arrays(random, 1 + seed as usize * 5);
                    let ways = (self.0)(name, rows(), rows());
                    let values: Vec<_> = ways
                        .iter()
                        .map(|batches| metric.finalize(&state(&metric, batches, &device)))
                        .collect();
                    for value in &values[1..] {
                        let agree = match (&values[0], value) {
                            (Ok(a), Ok(b)) => same(a, b, CLOSE),
                            (a, b) => a.is_err() && b.is_err(),
                        };
                        if !agree {
                            let name = format!("{name} {}", metric.name());
                            self.1
                                .push(format!("{name}: {:?} is not {value:?}", values[0]));
                        }
                    }
                }
            }
        }
    }
    let mut run = Run(check, Vec::new(), 0);
    all_metrics(&mut run);
    assert!(run.2 > 0);
    assert!(run.1.is_empty(), "{}", run.1.join("\n"));
}

fn repeated(arrays: &Arrays, weights: &[f64]) -> Arrays {
    let rows: Vec<_> = golden::rows(arrays)
        .into_iter()
        .zip(weights)
        .flat_map(|(row, weight)| vec![row; *weight as usize])
        .collect();
    golden::join(arrays, &rows)
}

#[test]
fn a_weight_is_how_often_an_element_counts() {
    let random = &mut Random(17);
    for_all(|_, first, second| {
        let mut draw = |arrays: &Arrays| -> Vec<f64> {
            // The first has a weight: moments are taken around what the first batch has.
            (0..golden::row_count(arrays))
                .map(|row| random.below(4).max(usize::from(row == 0)) as f64)
                .collect()
        };
        let (a, b) = (draw(&first), draw(&second));
        vec![
            vec![repeated(&first, &a), repeated(&second, &b)],
            vec![
                with_weights(&first, a.clone()),
                with_weights(&second, b.clone()),
            ],
            // Batches with and without weights in one state.
            vec![with_weights(&first, a.clone()), repeated(&second, &b)],
            vec![repeated(&second, &b), with_weights(&first, a)],
        ]
    });
}

#[test]
fn the_batches_of_weighted_rows_do_not_matter() {
    let random = &mut Random(23);
    for_all(|_, first, second| {
        let mut draw = |arrays: &Arrays| -> Vec<f64> {
            (0..golden::row_count(arrays))
                .map(|_| random.below(1000) as f64 / 70.0)
                .collect()
        };
        let first = with_weights(&first, draw(&first));
        let second = with_weights(&second, draw(&second));
        let joined = golden::join(&first, &[first.clone(), second.clone()]);
        vec![
            vec![first.clone(), second.clone()],
            vec![joined],
            vec![second, first],
        ]
    });
}

#[test]
fn a_scale_of_all_weights_does_not_matter_to_shares() {
    let (_, device) = devices().remove(0);
    let arrays = Multiclass::arrays(&mut Random(5), 60);
    for scale in [1e-6, 1.0, 1e6] {
        let weights: Vec<f64> = (0..60).map(|i| scale * (1 + i % 5) as f64).collect();
        let batch = Multiclass::build(&with_weights(&arrays, weights), &device).unwrap();
        let plain: Vec<f64> = (0..60).map(|i| (1 + i % 5) as f64).collect();
        let plain = Multiclass::build(&with_weights(&arrays, plain), &device).unwrap();
        let metric = MetricCollection::new()
            .with(Accuracy::multiclass(CLASSES))
            .with(CohenKappa::multiclass(CLASSES));
        for name in ["accuracy", "cohen_kappa"] {
            let value = |batch| {
                let mut metrics = metric.fresh().validation(Validation::Ignore);
                metrics.update(batch).unwrap();
                metrics.compute().unwrap().scalar(name).unwrap()
            };
            let (a, b) = (value(&batch), value(&plain));
            assert!((a - b).abs() < 1e-6, "{name} {scale}: {a} {b}");
        }
    }
}

fn labelled(pred: &[i64], target: &[i64], weights: &[f32], device: &Device) -> Multiclass {
    let ints = |labels: &[i64]| Tensor::<1, Int>::from_data(labels, device);
    Multiclass::from_labels(ints(pred), ints(target))
        .and_then(|batch| batch.with_weights(Tensor::<1>::from_data(weights, device)))
        .unwrap()
}

#[test]
fn a_class_of_small_weights_is_as_exact_as_any() {
    for (name, device) in devices() {
        // Class 0: three right and one taken for 1, of 1e-6 each; class 1 and 2 of 1e6.
        let (pred, target) = ([0, 0, 0, 1, 1, 2, 1], [0, 0, 0, 0, 1, 2, 2]);
        let weights = [1e-6, 1e-6, 1e-6, 1e-6, 1e6, 1e6, 1e6];
        let batch = labelled(&pred, &target, &weights, &device);
        let per_class = |value: Value| value.per_class().unwrap().to_vec();
        let recall = Recall::multiclass(3).average(Average::None);
        let recall = per_class(recall.evaluate(&batch).unwrap());
        assert!((recall[0] - 0.75).abs() < 1e-9, "{name} {recall:?}");
        // Nothing is taken for class 0 that is not, and nothing of class 1 for another.
        let specificity = Specificity::multiclass(3).average(Average::None);
        assert_eq!(
            per_class(specificity.evaluate(&batch).unwrap())[0],
            1.0,
            "{name}"
        );
        let npv = NegativePredictiveValue::multiclass(3).average(Average::None);
        assert_eq!(per_class(npv.evaluate(&batch).unwrap())[1], 1.0, "{name}");
    }
}

#[test]
fn what_cancels_is_nothing() {
    // All is taken for class 1, so it has no true negatives, whatever the rounding of the weights.
    let random = &mut Random(9);
    for trial in 0..30 {
        let target: Vec<i64> = (0..99).map(|i| i % 3).collect();
        let weights: Vec<f32> = (0..99)
            .map(|_| random.below(1 << 24) as f32 * 0.1f32.powi(random.below(9) as i32))
            .collect();
        for (name, device) in devices() {
            let batch = labelled(&[1; 99], &target, &weights, &device);
            let metric = NegativePredictiveValue::multiclass(3).average(Average::None);
            let metric = metric.zero_division(0.25);
            let value = metric.evaluate(&batch).unwrap();
            assert_eq!(value.per_class().unwrap()[1], 0.25, "{name} {trial}");
            // Beside a metric that needs the whole matrix.
            let mut both = MetricCollection::new()
                .with(metric)
                .with(ConfusionMatrix::multiclass(3));
            both.update(&batch).unwrap();
            let report = both.compute().unwrap();
            let value = report.entries[0].value.as_ref().unwrap();
            assert_eq!(value.per_class().unwrap()[1], 0.25, "{name} {trial}");
        }
    }
}

#[test]
fn invalid_weights_are_counted_once_and_left_out() {
    for (name, device) in devices() {
        let target = [0, 1, 2, 1, -1, 9];
        let weights = [1.0, f32::NAN, -1.0, f32::INFINITY, f32::NAN, f32::NAN];
        let batch = labelled(&[0, 0, 0, 1, 1, 1], &target, &weights, &device);
        let expected = Rejected {
            invalid_weights: 3,
            ignored: 1,
            invalid_targets: 1,
            ..Rejected::default()
        };
        let accuracy = Accuracy::multiclass(3)
            .ignore_index(-1)
            .average(Average::Micro);
        let mut state = accuracy.state().validation(Validation::Ignore);
        state.update(&batch).unwrap();
        assert_eq!(state.compute().unwrap().scalar(), Some(1.0), "{name}");
        assert_eq!(state.rejected(), expected, "{name}");
        let mut state = accuracy.state();
        state.update(&batch).unwrap();
        assert_eq!(
            state.compute(),
            Err(MetricError::InvalidData(expected)),
            "{name}"
        );
        let mut state = accuracy.state().validation(Validation::Eager);
        assert_eq!(
            state.update(&batch),
            Err(MetricError::InvalidData(expected)),
            "{name}"
        );
        let whole = ConfusionMatrix::multiclass(3).ignore_index(-1);
        let mut state = whole.state().validation(Validation::Ignore);
        state.update(&batch).unwrap();
        assert_eq!(state.compute().unwrap().matrix().unwrap().data[0], 1.0);
        assert_eq!(state.rejected(), expected, "{name}");
    }
}

#[test]
fn metrics_without_weights_refuse_them_and_change_nothing() {
    for (_, device) in devices() {
        let batch = Multilabel::random(1, 8, &device);
        let weights = Tensor::<1>::ones([8], &device);
        let weighted = batch.clone().with_weights(weights).unwrap();
        let mut state = ExactMatch::multilabel(LABELS)
            .state()
            .validation(Validation::Ignore);
        state.update(&batch).unwrap();
        let before = state.summary().unwrap().clone();
        let accumulator = "ExactMatches";
        let error = MetricError::WeightsUnsupported { accumulator };
        assert_eq!(state.update(&weighted), Err(error));
        assert_eq!(*state.summary().unwrap(), before);
    }
}

#[test]
fn a_summary_without_a_list_of_weights_is_read() {
    let (_, device) = devices().remove(0);
    let mut state = Accuracy::multiclass(CLASSES)
        .state()
        .validation(Validation::Ignore);
    state.update(&Multiclass::random(1, 40, &device)).unwrap();
    let mut json = serde_json::to_value(state.summary().unwrap()).unwrap();
    assert_eq!(
        json["tally"].as_object_mut().unwrap().remove("weighted"),
        Some(serde_json::json!([]))
    );
    let old: ConfusionSummary = serde_json::from_value(json).unwrap();
    assert_eq!(old, *state.summary().unwrap());

    let weights = Tensor::<1>::ones([40], &device);
    let batch = Multiclass::random(1, 40, &device)
        .with_weights(weights)
        .unwrap();
    let mut weighted = Accuracy::multiclass(CLASSES)
        .state()
        .validation(Validation::Ignore);
    weighted.update(&batch).unwrap();
    let mut damaged = weighted.summary().unwrap().clone();
    damaged.tally.weighted.pop();
    let before = weighted.summary().unwrap().clone();
    assert!(weighted.merge(&damaged).is_err());
    assert_eq!(*weighted.summary().unwrap(), before);
}

#[test]
fn updates_with_weights_never_read() {
    let device = Device::capture();
    let graph = device.capture_scope(|scope| {
        let weights = || Tensor::<1>::ones([9], &device);
        let binary = Binary::random(1, 9, &device)
            .with_weights(weights())
            .unwrap();
        let multiclass = Multiclass::random(1, 9, &device)
            .with_weights(weights())
            .unwrap();
        let multilabel = Multilabel::random(1, 9, &device)
            .with_weights(weights())
            .unwrap();
        let mut one = Accuracy::binary().state();
        let mut margins = Accuracy::multiclass(CLASSES).state();
        let mut matrix = CohenKappa::multiclass(CLASSES).state();
        let mut labels = Accuracy::multilabel(LABELS).state();
        let mut bins = metrics_core::classification::CalibrationError::multiclass(CLASSES).state();
        let mut tokens = Perplexity::new().state();
        for _ in 0..40 {
            one.update(&binary).unwrap();
            margins.update(&multiclass).unwrap();
            matrix.update(&multiclass).unwrap();
            labels.update(&multilabel).unwrap();
            bins.update(&multiclass).unwrap();
            tokens.update(&multiclass).unwrap();
        }
        scope.complete([], [])
    });
    assert!(!graph.unwrap().graph.operations.is_empty());
}
