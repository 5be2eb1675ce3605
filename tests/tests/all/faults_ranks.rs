//! Ranks of scores are those of the scores: a monotone map does not change them, and scores of two kinds are not mixed.

use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData};
use metrics_core::{
    BatchOf, Metric, MetricCollection, MetricError, ScoreKind, ScoreKinds, Validation, Value,
    batch::{Binary, Multiclass, Multilabel},
    classification::{
        Accuracy, Auroc, Average, AveragePrecision, BrierScore, CalibrationError, ConfusionMatrix,
        Eer, ExactMatch, F1Score, HingeLoss, LogAuc, MultilabelRankingLoss, NormalizedEntropy,
        PrecisionAtFixedRecall, PrecisionRecallCurve, RecallAtFixedPrecision, Roc,
        SensitivityAtSpecificity, SpecificityAtSensitivity, Thresholds,
    },
};
use metrics_tests::{devices, is_host, samples::Random};

fn scores<const D: usize>(values: &[f32], dims: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), dims), (device, DType::F32))
}

fn labels<const D: usize>(values: &[i32], dims: [usize; D], device: &Device) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), dims), (device, DType::I32))
}

fn binary(values: &[f32], target: &[i32], device: &Device) -> Binary {
    let n = [values.len()];
    Binary::from_scores(scores(values, n, device), labels(target, n, device)).unwrap()
}

fn multilabel(values: &[f32], target: &[i32], width: usize, device: &Device) -> Multilabel {
    let dims = [values.len() / width, width];
    Multilabel::from_scores(scores(values, dims, device), labels(target, dims, device)).unwrap()
}

fn multiclass(values: &[f32], target: &[i32], device: &Device) -> Multiclass {
    let n = target.len();
    let scores = scores(values, [n, values.len() / n], device);
    Multiclass::from_scores(scores, labels(target, [n], device)).unwrap()
}

fn scalar<M: Metric>(metric: M, batch: &BatchOf<M>) -> f64 {
    metric.evaluate(batch).unwrap().scalar().unwrap()
}

/// The value of several batches.
fn value<M: Metric>(metric: &M, batches: &[BatchOf<M>]) -> Result<Value, MetricError> {
    let mut state = metric.state();
    batches
        .iter()
        .for_each(|batch| state.update(batch).unwrap());
    state.compute()
}

#[test]
fn large_logits_keep_their_ranks() {
    for (name, device) in devices() {
        let batch = binary(&[20.0, 25.0, 30.0, 35.0, 22.0], &[0, 0, 1, 1, 1], &device);
        assert_eq!(scalar(Auroc::binary(), &batch), 5.0 / 6.0, "{name}");
        let batch = binary(
            &[-100.0, -95.0, -90.0, -104.0, 1e9, 1e10],
            &[0, 1, 1, 0, 0, 1],
            &device,
        );
        assert_eq!(scalar(Auroc::binary(), &batch), 7.0 / 9.0, "{name}");
        // Beyond the range there is one rank on each side, with infinity.
        let wide = [f32::NEG_INFINITY, -3e38, 0.0, -0.0, 2e19, f32::INFINITY];
        let batch = binary(&wide, &[0, 1, 0, 1, 0, 1], &device);
        assert_eq!(
            scalar(Auroc::binary(), &batch),
            (0.5 + 1.5 + 2.5) / 9.0,
            "{name}"
        );
    }
}

#[test]
fn rows_whose_others_are_a_permutation_tie() {
    let mut random = Random(11);
    for (name, device) in devices() {
        for classes in [3, 5, 9, 40] {
            // The first class scores the same in all rows; the others change places.
            let mut row: Vec<f32> = (0..classes)
                .map(|_| random.below(1 << 20) as f32 / 1e5)
                .collect();
            let (mut values, mut target) = (Vec::new(), Vec::new());
            for i in 0..60 {
                for j in (2..classes).rev() {
                    row.swap(j, 1 + random.below(j));
                }
                values.extend(&row);
                target.push(if i % 3 == 0 { 0 } else { 1 + i % 2 });
            }
            let batch = multiclass(&values, &target, &device);
            let areas = Auroc::multiclass(classes)
                .average(Average::None)
                .evaluate(&batch);
            let Value::PerClass(areas) = areas.unwrap() else {
                panic!("no areas of classes")
            };
            assert_eq!(areas[0], 0.5, "{name}, {classes} classes");
        }
    }
}

/// The area under the curve of each class, of log-odds in `f64` whose sums are of sorted terms.
fn areas_in_f64(values: &[f32], target: &[i32], classes: usize) -> Vec<f64> {
    let odds = |row: &[f32], class: usize| {
        let own = f64::from(row[class]);
        let mut others: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
        others.remove(class);
        others.sort_by(f64::total_cmp);
        let max = others[others.len() - 1];
        // With compensation (Neumaier).
        let (mut sum, mut rest) = (0.0f64, 0.0);
        for term in others.iter().map(|x| (x - max).exp()) {
            let next = sum + term;
            rest += if sum >= term {
                (sum - next) + term
            } else {
                (term - next) + sum
            };
            sum = next;
        }
        // A key has the digits of an `f32`.
        ((own - max) - (sum + rest).ln()) as f32
    };
    let area = |class: usize| {
        let rows = values.chunks_exact(classes).zip(target);
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for (row, target) in rows {
            let odds = odds(row, class);
            if *target == class as i32 {
                own.push(odds)
            } else {
                others.push(odds)
            }
        }
        let wins: f64 = (own.iter())
            .flat_map(|a| {
                others
                    .iter()
                    .map(move |b| f64::from(a > b) + 0.5 * f64::from(a == b))
            })
            .sum();
        wins / (own.len() * others.len()) as f64
    };
    (0..classes).map(area).collect()
}

#[test]
fn log_odds_rank_as_in_f64() {
    let mut random = Random(5);
    for (name, device) in devices() {
        for classes in 3..=10 {
            for grid in [1.0, 4.0] {
                let n = 300;
                let values: Vec<f32> = (0..n * classes)
                    .map(|_| random.below(12 * grid as usize) as f32 / grid - 5.0)
                    .collect();
                let target: Vec<i32> = (0..n).map(|i| (i % classes) as i32).collect();
                let batch = multiclass(&values, &target, &device);
                let metric = Auroc::multiclass(classes).average(Average::None);
                let Value::PerClass(ours) = metric.evaluate(&batch).unwrap() else {
                    panic!("no areas of classes")
                };
                let exact = areas_in_f64(&values, &target, classes);
                for (ours, exact) in ours.iter().zip(&exact) {
                    // Kernels have odds in `f32`.
                    let error = if is_host(name) { 0.0 } else { 1e-4 };
                    assert!((ours - exact).abs() <= error, "{name}: {ours} for {exact}");
                }
            }
        }
    }
}

/// Of two classes the log-odds are the difference of the scores.
#[test]
fn two_classes_are_a_difference() {
    let mut random = Random(7);
    for (name, device) in devices() {
        let values: Vec<f32> = (0..600)
            .map(|_| random.below(1 << 16) as f32 / 7e3 - 4.0)
            .collect();
        let target: Vec<i32> = (0..300).map(|_| random.below(2) as i32).collect();
        let difference: Vec<f32> = values.chunks_exact(2).map(|row| row[1] - row[0]).collect();
        let two = multiclass(&values, &target, &device);
        let one = binary(&difference, &target, &device);
        assert_eq!(
            scalar(Auroc::multiclass(2), &two),
            scalar(Auroc::binary(), &one),
            "{name}"
        );
    }
}

/// What does not depend on thresholds: numbers, and coordinates of curves.
fn ranked(value: Value) -> Vec<f64> {
    match value {
        Value::Scalar(value) => vec![value],
        Value::PerClass(values) => values,
        Value::OperatingPoints(points) => points.values,
        Value::Curves(curves) => curves
            .into_iter()
            .flat_map(|curve| [curve.x, curve.y].concat())
            .collect(),
        Value::Estimate(estimate) => vec![estimate.value, estimate.lower, estimate.upper],
        other => panic!("{other}"),
    }
}

/// All metrics of ranks.
macro_rules! for_ranks {
    ($task:ident($($width:expr)?), $check:expr) => {{
        $check(&Auroc::$task($($width)?));
        $check(&AveragePrecision::$task($($width)?));
        $check(&Eer::$task($($width)?));
        $check(&LogAuc::$task($($width)?).fpr_range(0.1, 0.9));
        $check(&Roc::$task($($width)?));
        $check(&PrecisionRecallCurve::$task($($width)?));
        $check(&RecallAtFixedPrecision::$task($($width)?).min_precision(0.6));
        $check(&PrecisionAtFixedRecall::$task($($width)?).min_recall(0.6));
        $check(&SensitivityAtSpecificity::$task($($width)?).min_specificity(0.6));
        $check(&SpecificityAtSensitivity::$task($($width)?).min_sensitivity(0.6));
    }};
}

/// Logits on a grid so coarse that maps of them are exact, or keep them apart, and their images.
fn images(n: usize) -> [(ScoreKind, Vec<f32>); 4] {
    let mut random = Random(3);
    let logits: Vec<f32> = (0..n)
        .map(|_| random.below(160) as f32 / 16.0 - 5.0)
        .collect();
    let image = |f: fn(f32) -> f32| logits.iter().map(|x| f(*x)).collect();
    [
        (ScoreKind::Logits, image(|x| x)),
        (ScoreKind::Logits, image(|x| 3.0 * x + 1.0)),
        (ScoreKind::Logits, image(|x| x * x * x)),
        (
            ScoreKind::Probabilities,
            image(|x| (1.0 / (1.0 + (-f64::from(x)).exp())) as f32),
        ),
    ]
}

#[test]
fn monotone_maps_change_no_rank() {
    let (n, width) = (240, 3);
    let mut random = Random(9);
    let target: Vec<i32> = (0..n).map(|_| random.below(2) as i32).collect();
    for (name, device) in devices() {
        let of_binary = images(n).map(|(kind, x)| binary(&x, &target, &device).score_kind(kind));
        let of_labels =
            images(n).map(|(kind, x)| multilabel(&x, &target, width, &device).score_kind(kind));
        fn check<M: Metric>(name: &str, metric: &M, batches: &[BatchOf<M>]) {
            let values: Vec<Vec<f64>> = (batches.iter())
                .map(|batch| ranked(metric.evaluate(batch).unwrap()))
                .collect();
            for other in &values[1..] {
                assert_eq!(other, &values[0], "{name}: {}", metric.name());
            }
        }
        for_ranks!(binary(), |metric| check(name, metric, &of_binary));
        for_ranks!(multilabel(width), |metric| check(name, metric, &of_labels));
        check(
            name,
            &Auroc::multilabel(width).average(Average::Micro),
            &of_labels,
        );
        check(name, &Auroc::binary().interval(0.9), &of_binary);
        if is_host(name) {
            check(name, &Auroc::binary().bootstrap(50), &of_binary);
            check(name, &Auroc::multilabel(width).bootstrap(50), &of_labels);
        }
    }
}

/// However the rows are cut into batches, with and without weights.
#[test]
fn batches_of_any_size_give_one_value() {
    let (n, classes) = (120, 4);
    let mut random = Random(21);
    let values: Vec<f32> = (0..n * classes)
        .map(|_| random.below(1000) as f32 / 50.0 - 9.0)
        .collect();
    let target: Vec<i32> = (0..n).map(|_| random.below(classes) as i32).collect();
    let weights: Vec<f32> = (0..n).map(|_| random.below(4) as f32).collect();
    for (name, device) in devices() {
        for weighted in [false, true] {
            let batches = |size: usize| -> Vec<Multiclass> {
                let parts = values.chunks(size * classes).zip(target.chunks(size));
                let parts = parts.zip(weights.chunks(size));
                let batch = |((values, target), weights): ((&[f32], &[i32]), &[f32])| {
                    let batch = multiclass(values, target, &device).score_kind(ScoreKind::Logits);
                    if !weighted {
                        return batch;
                    }
                    let weights = scores(weights, [weights.len()], &device);
                    batch.with_weights(weights).unwrap()
                };
                parts.map(batch).collect()
            };
            for metric in [
                Auroc::multiclass(classes),
                Auroc::multiclass(classes).thresholds(Thresholds::Count(20)),
            ] {
                let whole = value(&metric, &batches(n)).unwrap();
                for size in [1, 7, 40] {
                    let cut = value(&metric, &batches(size)).unwrap();
                    let (cut, whole) = (cut.scalar().unwrap(), whole.scalar().unwrap());
                    assert!(
                        (cut - whole).abs() < 1e-12,
                        "{name}, {size} rows: {cut} is not {whole}"
                    );
                }
            }
        }
    }
}

#[test]
fn thresholds_of_logits_are_probabilities() {
    for (name, device) in devices() {
        let batch = binary(&[2.0, -1.0, 0.0, 40.0], &[1, 0, 0, 1], &device);
        let Value::Curves(curves) = Roc::binary().evaluate(&batch).unwrap() else {
            panic!("no curve")
        };
        let shown = &curves[0].thresholds;
        let expected = [40.0, 2.0, 0.0, -1.0].map(|x: f64| (1.0 / (1.0 + (-x).exp())) as f32);
        let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();
        assert_eq!(shown[shown.len() - 4..], expected, "{name}");
    }
}

/// The exact areas of logits lie within the bounds that are certified of bins of their probabilities.
#[test]
fn certified_bounds_hold_for_logits() {
    let mut random = Random(13);
    let (name, device) = devices().remove(0);
    let slack = if is_host(name) { 1e-12 } else { 1e-7 };
    for round in 0..60 {
        let n = 2 + random.below(60);
        let spread = [1.0, 8.0, 90.0][round % 3];
        let values: Vec<f32> = (0..n)
            .map(|_| spread * (random.below(1 << 16) as f32 / 32768.0 - 1.0))
            .collect();
        let mut target: Vec<i32> = (0..n).map(|_| random.below(2) as i32).collect();
        (target[0], target[1]) = (0, 1);
        let batch = binary(&values, &target, &device).score_kind(ScoreKind::Logits);
        for thresholds in [
            Thresholds::Count(2),
            Thresholds::Count(11),
            Thresholds::Octaves(1),
        ] {
            let auroc = Auroc::binary().thresholds(thresholds.clone()).certified();
            let precision = AveragePrecision::binary()
                .thresholds(thresholds.clone())
                .certified();
            let pairs = [
                (scalar(Auroc::binary(), &batch), auroc.evaluate(&batch)),
                (
                    scalar(AveragePrecision::binary(), &batch),
                    precision.evaluate(&batch),
                ),
            ];
            for (exact, bounds) in pairs {
                let value = bounds.unwrap();
                let bounds = value.estimate().unwrap();
                let inside = bounds.lower - slack <= exact && exact <= bounds.upper + slack;
                assert!(
                    inside,
                    "{exact} is not in {bounds:?} of {values:?} at {thresholds:?}"
                );
            }
        }
    }
}

/// Batches that were taken for different kinds.
fn mixed(device: &Device) -> [Binary; 2] {
    [
        binary(&[2.0, -1.0], &[1, 0], device),
        binary(&[0.9, 0.95], &[0, 0], device),
    ]
}

#[test]
fn scores_of_two_kinds_are_not_mixed() {
    let error = MetricError::MixedScores(ScoreKinds {
        probabilities: 1,
        logits: 1,
    });
    let text = error.to_string();
    assert!(
        text.contains("1 of the batches was taken for probabilities and 1 for logits"),
        "{text}"
    );
    assert!(text.contains("score_kind(ScoreKind::Logits)"), "{text}");
    fn check<M: Metric>(name: &str, metric: M, batches: &[BatchOf<M>], error: &MetricError) {
        let what = format!("{name}: {}", metric.name());
        assert_eq!(value(&metric, batches), Err(error.clone()), "{what}");
        for validation in [Validation::Ignore, Validation::Eager] {
            let mut state = metric.state().validation(validation);
            batches
                .iter()
                .for_each(|batch| state.update(batch).unwrap());
            assert_eq!(state.compute(), Err(error.clone()), "{what}");
        }
        // Also of states that were merged.
        let mut states = batches.iter().map(|batch| {
            let mut state = metric.state();
            state.update(batch).unwrap();
            state
        });
        let mut first = states.next().unwrap();
        states.for_each(|mut state| first.merge(state.summary().unwrap()).unwrap());
        assert_eq!(first.compute(), Err(error.clone()), "{what}");
    }
    for (name, device) in devices() {
        let batches = mixed(&device);
        check(name, Auroc::binary(), &batches, &error);
        check(
            name,
            Auroc::binary().thresholds(Thresholds::Count(5)),
            &batches,
            &error,
        );
        check(name, Accuracy::binary(), &batches, &error);
        check(name, F1Score::binary(), &batches, &error);
        check(name, CalibrationError::binary(), &batches, &error);
        check(name, BrierScore::binary(), &batches, &error);
        check(name, NormalizedEntropy::binary(), &batches, &error);
        check(name, HingeLoss::binary(), &batches, &error);
        let of_sample = |values: &[f32], target: &[i32]| {
            let scores = scores(values, [1, 2], &device);
            Binary::from_scores(scores, labels(target, [1, 2], &device)).unwrap()
        };
        let by_sample = [
            of_sample(&[2.0, -1.0], &[1, 0]),
            of_sample(&[0.9, 0.95], &[0, 0]),
        ];
        check(name, Accuracy::binary().samplewise(), &by_sample, &error);
        let logits = batches
            .clone()
            .map(|batch| batch.score_kind(ScoreKind::Logits));
        assert_eq!(
            value(&Auroc::binary(), &logits).unwrap().scalar(),
            Some(1.0),
            "{name}"
        );

        let rows = [
            multilabel(&[2.0, -1.0], &[1, 0], 2, &device),
            multilabel(&[0.9, 0.95], &[0, 1], 2, &device),
        ];
        check(name, AveragePrecision::multilabel(2), &rows, &error);
        check(name, Accuracy::multilabel(2), &rows, &error);
        check(name, ExactMatch::multilabel(2), &rows, &error);
        check(name, BrierScore::multilabel(2), &rows, &error);

        let classes = [
            multiclass(&[2.0, -1.0, 0.5], &[1], &device),
            multiclass(&[0.1, 0.7, 0.2], &[0], &device),
        ];
        check(name, Auroc::multiclass(3), &classes, &error);
        check(
            name,
            Auroc::multiclass(3).thresholds(Thresholds::Count(5)),
            &classes,
            &error,
        );
        check(name, CalibrationError::multiclass(3), &classes, &error);
        check(name, BrierScore::multiclass(3), &classes, &error);
        check(name, HingeLoss::multiclass(3), &classes, &error);

        // A collection says so of the metrics that it concerns.
        let mut metrics = MetricCollection::new()
            .with(Auroc::multiclass(3))
            .with(Accuracy::multiclass(3));
        classes
            .iter()
            .for_each(|batch| metrics.update(batch).unwrap());
        let report = metrics.compute().unwrap();
        let entry = report.entry("auroc").unwrap();
        assert_eq!(entry.error, Some(error.to_string()), "{name}");
        assert_eq!(report.scalar("accuracy"), Some(0.0), "{name}");
    }
}

/// What the best class, a rank within a row, a raw margin or a label says does not depend on the kind.
#[test]
fn what_does_not_depend_on_the_kind_does_not_ask() {
    fn check<M: Metric>(name: &str, metric: M, batches: &[BatchOf<M>]) {
        let found = value(&metric, batches);
        assert!(found.is_ok(), "{name}: {}: {found:?}", metric.name());
        let mut state = metric.state();
        batches
            .iter()
            .for_each(|batch| state.update(batch).unwrap());
        state.compute().unwrap();
        assert_eq!(
            state.rejected().kinds,
            ScoreKinds::default(),
            "{name}: {}",
            metric.name()
        );
    }
    for (name, device) in devices() {
        let classes = [
            multiclass(&[2.0, -1.0, 0.5], &[1], &device),
            multiclass(&[0.1, 0.7, 0.2], &[0], &device),
        ];
        check(name, Accuracy::multiclass(3), &classes);
        check(name, ConfusionMatrix::multiclass(3), &classes);
        check(name, ExactMatch::multiclass(3), &classes);
        check(name, HingeLoss::multiclass(3).raw_scores(), &classes);
        let rows = [
            multilabel(&[2.0, -1.0], &[1, 0], 2, &device),
            multilabel(&[0.9, 0.95], &[0, 1], 2, &device),
        ];
        check(name, MultilabelRankingLoss::new(2), &rows);
        let predicted = |pred: &[i32]| {
            let n = [pred.len()];
            let target = labels(&[1, 0], n, &device);
            Binary::from_labels(labels(pred, n, &device), target).unwrap()
        };
        check(
            name,
            Accuracy::binary(),
            &[predicted(&[0, 1]), predicted(&[1, 1])],
        );
        // A batch without data has no kind.
        let none = binary(&[], &[], &device);
        let mut state = Auroc::binary().state();
        state.update(&none).unwrap();
        state
            .update(&binary(&[3.0, -2.0], &[1, 0], &device))
            .unwrap();
        state.compute().unwrap();
        let kinds = state.rejected().kinds;
        assert_eq!((kinds.probabilities, kinds.logits), (0, 1), "{name}");
    }
}

#[test]
fn a_probability_may_be_a_few_units_off() {
    for (name, device) in devices() {
        let near = [1.000_000_1, 0.6, 0.3, 0.1];
        let batch = binary(&near, &[1, 1, 0, 0], &device);
        assert_eq!(scalar(Accuracy::binary(), &batch), 1.0, "{name}");
        assert_eq!(scalar(Auroc::binary(), &batch), 1.0, "{name}");
        let inside = binary(&[1.0, 0.6, 0.3, 0.1], &[1, 1, 0, 0], &device);
        fn same<M: Metric>(name: &str, metric: M, [a, b]: [&BatchOf<M>; 2]) {
            let what = format!("{name}: {}", metric.name());
            assert_eq!(metric.evaluate(a), metric.evaluate(b), "{what}");
        }
        same(name, CalibrationError::binary(), [&batch, &inside]);
        same(name, BrierScore::binary(), [&batch, &inside]);
        same(name, NormalizedEntropy::binary(), [&batch, &inside]);
        same(name, HingeLoss::binary(), [&batch, &inside]);
        same(name, Roc::binary(), [&batch, &inside]);
        same(
            name,
            Roc::binary().thresholds(Thresholds::Count(5)),
            [&batch, &inside],
        );
        let below = binary(&[-4e-7, 1.0, 0.3, 0.1], &[0, 1, 0, 0], &device);
        let zero = binary(&[0.0, 1.0, 0.3, 0.1], &[0, 1, 0, 0], &device);
        same(name, Roc::binary(), [&below, &zero]);
        same(name, NormalizedEntropy::binary(), [&below, &zero]);

        let classes =
            |first: f32| multiclass(&[first, -1e-7, 0.0, 0.2, 0.5, 0.3], &[0, 2], &device);
        let whole = multiclass(&[1.0, 0.0, 0.0, 0.2, 0.5, 0.3], &[0, 2], &device);
        let batch = classes(1.000_000_2);
        same(name, BrierScore::multiclass(3), [&batch, &whole]);
        same(name, CalibrationError::multiclass(3), [&batch, &whole]);
        same(name, HingeLoss::multiclass(3), [&batch, &whole]);
        same(name, Auroc::multiclass(3), [&batch, &whole]);
        same(
            name,
            Auroc::multiclass(3).thresholds(Thresholds::Count(5)),
            [&batch, &whole],
        );

        // Further out they are logits, or invalid if they are said to be probabilities.
        let far = binary(&[1.000_001, 0.6, 0.3, 0.1], &[1, 1, 0, 0], &device);
        assert_eq!(scalar(Accuracy::binary(), &far), 0.5, "{name}");
        let far = far.score_kind(ScoreKind::Probabilities);
        assert!(
            matches!(
                Accuracy::binary().evaluate(&far),
                Err(MetricError::InvalidData(_))
            ),
            "{name}"
        );
        assert!(
            matches!(
                Auroc::binary().evaluate(&far),
                Err(MetricError::InvalidData(_))
            ),
            "{name}"
        );
    }
}

/// Units of the dtype that the scores came in.
#[test]
fn units_are_those_of_the_dtype() {
    let (name, device) = devices().remove(0);
    for (dtype, near, far) in [
        (FloatDType::F64, 1.000_000_2, 1.000_001),
        (FloatDType::F32, 1.000_000_4, 1.000_001),
        (FloatDType::F16, 1.003, 1.006),
        (FloatDType::BF16, 1.03, 1.06),
    ] {
        if !device.supports_dtype(dtype) {
            continue;
        }
        let Some(kinds) = [near, far]
            .map(|score: f64| {
                let data = TensorData::new(vec![score, 0.6, 0.3, 0.1], [4]);
                let scores = Tensor::<1>::from_data(data, (&device, DType::F32)).cast(dtype);
                let target = labels(&[1, 1, 0, 0], [4], &device);
                let mut state = Accuracy::binary().state();
                state
                    .update(&Binary::from_scores(scores, target).unwrap())
                    .unwrap();
                state.compute().ok()?;
                Some(state.rejected().kinds.logits)
            })
            .into_iter()
            .collect::<Option<Vec<_>>>()
        else {
            panic!("{name}: {dtype:?}")
        };
        assert_eq!(kinds, [0, 1], "{name}: {dtype:?}");
    }
}
