//! Faults found from outside in curves and calibration, each with its right value, and what they stand for.

use burn::tensor::{Device, Int, Tensor};
use metrics_core::{
    Curve, Metric, MetricError, Value,
    batch::{Binary, Multiclass, Multilabel},
    classification::{
        Auroc, Average, AveragePrecision, BrierScore, CalibrationError, CalibrationNorm, Eer,
        LogAuc, PrecisionAtFixedRecall, PrecisionRecallCurve, RecallAtFixedPrecision,
        ReliabilityDiagram, Roc, SensitivityAtSpecificity, SpecificityAtSensitivity, Thresholds,
    },
};
use metrics_tests::{devices, is_host, samples::Random};

fn scored(scores: &[f32], target: &[i32], device: &Device) -> Binary {
    let target = Tensor::<1, Int>::from_ints(target, device);
    Binary::from_scores(Tensor::<1>::from_floats(scores, device), target).unwrap()
}

fn rows<const N: usize, const C: usize>(
    scores: [[f32; C]; N],
    target: [i32; N],
    device: &Device,
) -> Multiclass {
    let target = Tensor::<1, Int>::from_ints(target, device);
    Multiclass::from_scores(Tensor::<2>::from_floats(scores, device), target).unwrap()
}

fn assert_close(value: &Value, expected: f64, what: &str) {
    let number = value.scalar().expect("a number");
    assert!(
        (number - expected).abs() < 1e-6,
        "{what}: {number} is not {expected}"
    );
}

/// TorchMetrics #3510.
#[test]
fn a_confidence_of_1_is_in_the_last_bin() {
    for (name, device) in devices() {
        let batch = scored(&[0.95, 1.0, 1.0, 0.35], &[1, 0, 1, 0], &device);
        let error = |norm| CalibrationError::binary().bins(10).norm(norm);
        let values = [
            (CalibrationNorm::L1, 0.325),
            (CalibrationNorm::Max, 0.35),
            (
                CalibrationNorm::L2,
                (0.75 * (0.95f64 / 3.0).powi(2) + 0.25 * 0.35f64.powi(2)).sqrt(),
            ),
        ];
        for (norm, expected) in values {
            let value = error(norm).evaluate(&batch).unwrap();
            assert_close(&value, expected, name);
            let weights = Tensor::<1>::from_floats([2.0, 2.0, 2.0, 2.0], &device);
            let weighted = batch.clone().with_weights(weights).unwrap();
            assert_close(&error(norm).evaluate(&weighted).unwrap(), expected, name);
        }
        for bins in [1, 2, 10, 15] {
            let diagram = ReliabilityDiagram::binary().bins(bins);
            let value = diagram.evaluate(&batch).unwrap();
            let found = value.reliability().unwrap();
            assert_eq!(found.len(), bins);
            assert_eq!((found[0].lower, found[bins - 1].upper), (0.0, 1.0));
            let last = if bins == 1 { 4.0 } else { 3.0 };
            assert_eq!(found[bins - 1].count, last, "{name}, {bins} bins");
        }
        // Sure, of class 1, and once of another.
        let sure = rows([[0.0, 1.0], [0.0, 1.0], [0.4, 0.6]], [1, 0, 1], &device);
        let diagram = ReliabilityDiagram::multiclass(2)
            .bins(4)
            .evaluate(&sure)
            .unwrap();
        let counts: Vec<f64> = diagram
            .reliability()
            .unwrap()
            .iter()
            .map(|bin| bin.count)
            .collect();
        assert_eq!(counts, [0.0, 0.0, 1.0, 2.0]);
        let error = CalibrationError::multiclass(2)
            .bins(4)
            .evaluate(&sure)
            .unwrap();
        assert_close(&error, (2.0 * 0.5 + 0.4) / 3.0, name);
        let parts = BrierScore::binary()
            .decomposition(10)
            .evaluate(&batch)
            .unwrap();
        let reliability = parts.field("reliability").unwrap();
        assert_close(
            reliability,
            0.75 * (0.95f64 / 3.0).powi(2) + 0.25 * 0.35f64.powi(2),
            name,
        );
    }
}

/// All thresholds that separate the scores of a list.
fn separating(scores: &[f32]) -> Thresholds {
    Thresholds::List(scores.to_vec())
}

/// nci/scores #857.
#[test]
fn a_binned_curve_has_its_ends() {
    for (name, device) in devices() {
        let (scores, target) = ([0.2, 0.6, 0.8, 1.0, 1.0, 1.0], [0, 0, 1, 1, 0, 1]);
        let batch = scored(&scores, &target, &device);
        for thresholds in [
            Thresholds::Count(11),
            separating(&[0.9, 0.7, 0.5]),
            Thresholds::Exact,
        ] {
            let value = Auroc::binary()
                .thresholds(thresholds)
                .evaluate(&batch)
                .unwrap();
            assert_close(&value, 7.0 / 9.0, name);
        }
        for list in [vec![0.5], vec![1.0], vec![0.0], vec![0.3, 0.9]] {
            let thresholds = Thresholds::List(list.clone());
            let roc = Roc::binary()
                .thresholds(thresholds.clone())
                .evaluate(&batch)
                .unwrap();
            let Curve {
                x,
                y,
                thresholds: at,
                ..
            } = &roc.curves().unwrap()[0];
            let ends = |list: &[f64]| (list[0], list[list.len() - 1]);
            assert_eq!((ends(x), ends(y)), ((0.0, 1.0), (0.0, 1.0)), "{list:?}");
            assert_eq!((at.len(), at[at.len() - 1]), (x.len(), 0.0), "{list:?}");
            let curve = PrecisionRecallCurve::binary().thresholds(thresholds.clone());
            let curve = curve.evaluate(&batch).unwrap();
            let Curve { x, y, .. } = &curve.curves().unwrap()[0];
            assert_eq!(
                (x[0], y[0], ends(x).1, ends(y).1),
                (1.0, 0.5, 0.0, 1.0),
                "{list:?}"
            );
            // FAULTS: a list of one threshold panicked.
            let error = Eer::binary()
                .thresholds(thresholds.clone())
                .evaluate(&batch)
                .unwrap();
            assert!((0.0..=1.0).contains(&error.scalar().unwrap()));
            let one = rows([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8]], [0, 1, 1], &device);
            for average in [Average::Macro, Average::Micro] {
                let eer = Eer::multiclass(2)
                    .thresholds(thresholds.clone())
                    .average(average);
                let error = eer.evaluate(&one).unwrap().scalar().unwrap();
                assert!((0.0..=1.0).contains(&error), "{error} at {list:?}");
            }
        }
    }
}

/// Scores of one grid: some at thresholds, many tied.
fn random_scores(random: &mut Random, n: usize) -> (Vec<f32>, Vec<i32>) {
    let score = |random: &mut Random| random.below(17) as f32 / 16.0;
    (0..n)
        .map(|_| (score(random), random.below(2) as i32))
        .unzip()
}

/// The binned value of each metric whose thresholds separate all scores is the exact one, and every certified
/// interval contains the exact area and the binned one.
#[test]
fn binned_values_are_exact_where_thresholds_separate_the_scores() {
    let mut random = Random(19);
    let all: Vec<f32> = (0..=16).map(|i| i as f32 / 16.0).collect();
    for (name, device) in devices() {
        for _ in 0..if is_host(name) { 60 } else { 3 } {
            let (scores, mut target) = random_scores(&mut random, 20);
            (target[0], target[1]) = (0, 1);
            let batch = scored(&scores, &target, &device);
            macro_rules! check {
                ($($metric:expr),*) => {$(
                    let exact = $metric.evaluate(&batch).unwrap().scalar().unwrap();
                    for thresholds in [separating(&all), separating(&all[1..])] {
                        let binned = $metric.thresholds(thresholds).evaluate(&batch).unwrap();
                        assert_close(&binned, exact, stringify!($metric));
                    }
                )*};
            }
            check!(
                Auroc::binary(),
                Auroc::binary().max_fpr(0.4),
                AveragePrecision::binary(),
                Eer::binary(),
                LogAuc::binary().fpr_range(0.1, 0.8),
                RecallAtFixedPrecision::binary().min_precision(0.6),
                PrecisionAtFixedRecall::binary().min_recall(0.6),
                SensitivityAtSpecificity::binary().min_specificity(0.6),
                SpecificityAtSensitivity::binary().min_sensitivity(0.6)
            );
            let thresholds = Thresholds::List(vec![0.1, 0.55, 0.7]);
            let exact = Auroc::binary().evaluate(&batch).unwrap().scalar().unwrap();
            let binned = Auroc::binary().thresholds(thresholds.clone());
            let value = binned.evaluate(&batch).unwrap().scalar().unwrap();
            let bounds = *binned
                .certified()
                .evaluate(&batch)
                .unwrap()
                .estimate()
                .unwrap();
            let within = |area: f64| bounds.lower - 1e-6 <= area && area <= bounds.upper + 1e-6;
            assert!(
                within(exact) && within(value),
                "{exact} or {value} not in {bounds}"
            );
            assert!((value - bounds.value).abs() < 1e-6, "{value} {bounds}");
        }
    }
}

/// TorchMetrics #348.
#[test]
fn an_undefined_class_is_nan_and_not_in_the_mean() {
    let scores = [
        [0.7, 0.2, 0.1],
        [0.6, 0.3, 0.1],
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
    ];
    for (name, device) in devices() {
        let batch = rows(scores, [0, 0, 1, 1], &device);
        for thresholds in [
            Thresholds::Exact,
            Thresholds::Count(11),
            Thresholds::List(vec![0.5]),
        ] {
            macro_rules! check {
                ($($metric:expr => $expected:expr),*) => {$(
                    let metric = $metric.thresholds(thresholds.clone());
                    for average in [Average::Macro, Average::Weighted] {
                        let value = metric.clone().average(average).evaluate(&batch).unwrap();
                        assert_close(&value, $expected, name);
                    }
                    let each = metric.average(Average::None).evaluate(&batch).unwrap();
                    let each = each.per_class().unwrap();
                    let near = |value: f64| (value - $expected).abs() < 1e-6;
                    assert!(near(each[0]) && near(each[1]) && each[2].is_nan(), "{each:?}");
                )*};
            }
            check!(
                Auroc::multiclass(3) => 1.0,
                AveragePrecision::multiclass(3) => 1.0,
                LogAuc::multiclass(3).fpr_range(0.1, 0.9) => 1.0
            );
            let eer = Eer::multiclass(3).thresholds(thresholds.clone());
            assert_close(
                &eer.clone()
                    .average(Average::Macro)
                    .evaluate(&batch)
                    .unwrap(),
                0.0,
                name,
            );
            let each = eer.evaluate(&batch).unwrap();
            assert!(each.per_class().unwrap()[2].is_nan() && each.per_class().unwrap()[0] == 0.0);
            let point = SensitivityAtSpecificity::multiclass(3).min_specificity(0.5);
            let points = point
                .thresholds(thresholds.clone())
                .evaluate(&batch)
                .unwrap();
            let points = points.operating_points().unwrap();
            assert!(points.values[0] == 1.0 && points.values[2].is_nan());
            assert!(points.thresholds[2].is_nan());
        }
    }
}

/// A number without the classes it needs is an error that says which is absent.
#[test]
fn targets_of_one_class_are_an_error() {
    let says = |value: Result<Value, MetricError>, absent: &str, what: &str| match value {
        Err(error @ MetricError::Undefined { .. }) => {
            assert!(error.to_string().contains(absent), "{what}: {error}");
        }
        other => panic!("{what}: {other:?}"),
    };
    for (_, device) in devices() {
        let [ones, zeros] = [1, 0].map(|target| scored(&[0.2, 0.9, 0.4], &[target; 3], &device));
        for thresholds in [Thresholds::Exact, Thresholds::Count(5)] {
            macro_rules! check {
                ($($needs_negatives:literal $metric:expr;)*) => {$(
                    let metric = $metric.thresholds(thresholds.clone());
                    let what = format!("{} at {thresholds:?}", metric.name());
                    says(metric.evaluate(&zeros), "no target is positive (3 negative)", &what);
                    if $needs_negatives {
                        says(metric.evaluate(&ones), "no target is negative (3 positive)", &what);
                    } else {
                        assert_eq!(metric.evaluate(&ones).unwrap().scalar(), Some(1.0), "{what}");
                    }
                )*};
            }
            check! {
                true Auroc::binary();
                false AveragePrecision::binary();
                true Eer::binary();
                true LogAuc::binary();
                false RecallAtFixedPrecision::binary().min_precision(0.5);
                false PrecisionAtFixedRecall::binary().min_recall(0.5);
                true SensitivityAtSpecificity::binary().min_specificity(0.5);
                true SpecificityAtSensitivity::binary().min_sensitivity(0.5);
            }
            // No class has negatives where there is but one.
            let one = rows([[0.5, 0.5], [0.5, 0.5]], [0, 0], &device);
            let auroc = Auroc::multiclass(2).thresholds(thresholds.clone());
            says(auroc.evaluate(&one), "no class", "multiclass");
            let roc = Roc::multiclass(2).thresholds(thresholds.clone());
            says(
                roc.average(Average::Macro).evaluate(&one),
                "no class",
                "a mean curve",
            );
        }
        let scores = Tensor::<2>::from_floats([[0.2, 0.7], [0.4, 0.9]], &device);
        let labels = Multilabel::from_scores(scores, Tensor::zeros([2, 2], &device)).unwrap();
        let micro = Auroc::multilabel(2).average(Average::Micro);
        says(
            micro.evaluate(&labels),
            "no target is positive (4 negative)",
            "micro",
        );
        // What is missing in weights is missing.
        let weights = Tensor::<1>::from_floats([1.0, 0.0], &device);
        let weighted = scored(&[0.3, 0.6], &[1, 0], &device)
            .with_weights(weights)
            .unwrap();
        says(
            Auroc::binary().evaluate(&weighted),
            "no target is negative (1 positive)",
            "weights",
        );
    }
}

/// A class without targets has no place in an average, however it is scored.
#[test]
fn a_class_that_never_occurs_changes_no_area() {
    let mut random = Random(23);
    let Some((_, device)) = metrics_tests::cpu() else {
        return;
    };
    for _ in 0..20 {
        let target: Vec<i32> = (0..24).map(|i| i % 3).collect();
        let few: Vec<f32> = (0..24 * 3)
            .map(|_| random.below(33) as f32 / 32.0)
            .collect();
        let more: Vec<f32> = (few.chunks(3))
            .flat_map(|row| [row, &[random.below(33) as f32 / 32.0]].concat())
            .collect();
        let batch = |scores: &[f32], classes: usize| {
            let scores = Tensor::<1>::from_floats(scores, &device).reshape([24, classes]);
            let target = Tensor::<1, Int>::from_ints(target.as_slice(), &device);
            Multiclass::from_scores(scores, target).unwrap()
        };
        let (few, more) = (batch(&few, 3), batch(&more, 4));
        for thresholds in [Thresholds::Exact, Thresholds::Count(9)] {
            macro_rules! check {
                ($($metric:ident $($average:ident)*;)*) => {$($(
                    let metric = |classes| {
                        let metric = $metric::multiclass(classes).average(Average::$average);
                        metric.thresholds(thresholds.clone())
                    };
                    let [small, large] = [metric(3).evaluate(&few), metric(4).evaluate(&more)];
                    assert_eq!(small.unwrap(), large.unwrap(), stringify!($metric $average));
                )*)*};
            }
            check! {
                Auroc Macro Weighted;
                AveragePrecision Macro Weighted;
                LogAuc Macro Weighted;
                Eer Macro;
                Roc Macro Weighted;
                PrecisionRecallCurve Macro Weighted;
            }
        }
    }
}

/// TorchMetrics #3413: an average of curves is one curve, which does not go back, with the average of the areas.
#[test]
fn an_average_of_curves_is_one_curve() {
    let area = |Curve { x, y, .. }: &Curve| -> f64 {
        let steps = x.windows(2).zip(y.windows(2));
        steps
            .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
            .sum()
    };
    // Each precision for the recall it adds.
    let steps = |Curve { x, y, .. }: &Curve| -> f64 {
        let steps = x.windows(2).zip(y);
        steps
            .map(|(x, y)| if x[0] > x[1] { (x[0] - x[1]) * y } else { 0.0 })
            .sum()
    };
    let mut random = Random(29);
    for (name, device) in devices() {
        for _ in 0..if is_host(name) { 20 } else { 2 } {
            let scores: Vec<f32> = (0..30 * 3)
                .map(|_| random.below(33) as f32 / 32.0)
                .collect();
            let target: Vec<i32> = (0..30 * 3).map(|_| random.below(2) as i32).collect();
            let scores = Tensor::<1>::from_floats(scores.as_slice(), &device).reshape([30, 3]);
            let target = Tensor::<1, Int>::from_ints(target.as_slice(), &device).reshape([30, 3]);
            let batch = Multilabel::from_scores(scores, target).unwrap();
            for thresholds in [
                Thresholds::Exact,
                Thresholds::Count(7),
                separating(&[0.3, 0.6]),
            ] {
                for average in [Average::Micro, Average::Macro, Average::Weighted] {
                    let at = || thresholds.clone();
                    let value = Roc::multilabel(3).thresholds(at()).average(average);
                    let value = value.evaluate(&batch).unwrap();
                    let [roc] = value.curves().unwrap() else {
                        panic!("{average:?}: {value}")
                    };
                    assert!(roc.x.is_sorted() && roc.y.is_sorted(), "{roc:?}");
                    let auroc = Auroc::multilabel(3).thresholds(at()).average(average);
                    let auroc = auroc.evaluate(&batch).unwrap();
                    assert_close(&auroc, area(roc), "the area of a mean curve");
                    let value = PrecisionRecallCurve::multilabel(3).thresholds(at());
                    let value = value.average(average).evaluate(&batch).unwrap();
                    let [curve] = value.curves().unwrap() else {
                        panic!("{average:?}: {value}")
                    };
                    let back = curve.x.windows(2).find(|pair| pair[0] < pair[1]);
                    assert_eq!(back, None, "{curve:?}");
                    let precision = AveragePrecision::multilabel(3).thresholds(at());
                    let precision = precision.average(average).evaluate(&batch).unwrap();
                    assert_close(&precision, steps(curve), "the area of a mean curve");
                }
                let each = Roc::multilabel(3).thresholds(thresholds).evaluate(&batch);
                assert_eq!(each.unwrap().curves().unwrap().len(), 3);
            }
        }
        let two = rows([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8]], [0, 1, 1], &device);
        for average in [Average::Micro, Average::Macro] {
            let curve = PrecisionRecallCurve::multiclass(2).average(average);
            assert_eq!(curve.evaluate(&two).unwrap().curves().unwrap().len(), 1);
        }
    }
}

/// Where the probabilities of a bin are equal, the three parts add up to the score, of every task.
#[test]
fn the_parts_of_a_brier_score_add_up_to_it() {
    let sum = |parts: &Value| {
        let part = |name: &str| parts.field(name).and_then(Value::scalar).unwrap();
        part("reliability") - part("resolution") + part("uncertainty")
    };
    let mut random = Random(31);
    for (name, device) in devices() {
        for _ in 0..if is_host(name) { 20 } else { 2 } {
            // Eighths, each of which has a bin of 16 of its own.
            let shares: Vec<[f32; 3]> = (0..40)
                .map(|_| {
                    let (a, b) = (random.below(9), random.below(9));
                    [a.min(b), a.max(b) - a.min(b), 8 - a.max(b)].map(|part| part as f32 / 8.0)
                })
                .collect();
            let target: Vec<i32> = (0..40).map(|_| random.below(3) as i32).collect();
            let weights: Vec<f32> = (0..40).map(|_| random.below(5) as f32 / 2.0).collect();
            let scores = Tensor::<1>::from_floats(shares.concat().as_slice(), &device);
            let scores = scores.reshape([40, 3]);
            let of_classes = Tensor::<1, Int>::from_ints(target.as_slice(), &device);
            let rows = Multiclass::from_scores(scores.clone(), of_classes.clone()).unwrap();
            let weights = Tensor::<1>::from_floats(weights.as_slice(), &device);
            let weighted = rows.clone().with_weights(weights).unwrap();
            for half in [false, true] {
                let score = BrierScore::multiclass(3).scale_by_half(half);
                for batch in [&rows, &weighted] {
                    let whole = score.evaluate(batch).unwrap().scalar().unwrap();
                    let parts = score.clone().decomposition(16).evaluate(batch).unwrap();
                    assert!(
                        (sum(&parts) - whole).abs() < 1e-6,
                        "{name}: {parts} is not {whole}"
                    );
                }
            }
            let of_labels = of_classes
                .reshape([40, 1])
                .expand([40, 3])
                .lower_elem(2)
                .int();
            let labels = Multilabel::from_scores(scores, of_labels).unwrap();
            for average in [Average::Macro, Average::Micro, Average::Weighted] {
                let score = BrierScore::multilabel(3).average(average);
                let whole = score.evaluate(&labels).unwrap().scalar().unwrap();
                let parts = score.decomposition(16).evaluate(&labels).unwrap();
                assert!(
                    (sum(&parts) - whole).abs() < 1e-6,
                    "{name}: {parts} is not {whole}"
                );
            }
            let each = BrierScore::multilabel(3).average(Average::None);
            let parts = each.decomposition(16).evaluate(&labels).unwrap();
            let part = parts.field("reliability").and_then(Value::per_class);
            assert_eq!(part.map(<[f64]>::len), Some(3));
        }
    }
}
