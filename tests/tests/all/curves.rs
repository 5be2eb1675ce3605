//! What holds of curves beyond golden values: weights are repetitions, bounds hold and are reached.

use burn::tensor::{Device, Int, Tensor};
use metrics_core::{
    Metric, MetricCollection, MetricError, Validation, Value,
    batch::{Binary, Multiclass, Multilabel},
    classification::{
        Auroc, Average, AveragePrecision, CurveMetric, Eer, LogAuc, PrecisionAtFixedRecall,
        PrecisionRecallCurve, RecallAtFixedPrecision, Roc, SensitivityAtSpecificity,
        SpecificityAtSensitivity, Thresholds, rules::CurveRule, states::ScoredBatch,
    },
};
use metrics_tests::{
    compare::{Tolerance, same},
    devices, golden, is_host,
    samples::{CLASSES, LABELS, Random, Sample},
};

/// A kernel adds up precisions in `f32`.
const CLOSE: Tolerance = Tolerance::Relative(1e-6);

/// How far an exact area may be from a bound that it keeps or reaches.
fn slack(device: &str) -> f64 {
    if is_host(device) { 1e-12 } else { 1e-7 }
}

/// A batch of made-up rows in which row `i` occurs `times[i]` times.
fn repeated<B: Sample>(seed: u64, times: &[usize], device: &Device) -> B {
    let arrays = B::arrays(&mut Random(seed), times.len());
    let rows = golden::rows(&arrays);
    let rows: Vec<_> = (rows.iter().zip(times))
        .flat_map(|(row, times)| vec![row.clone(); *times])
        .collect();
    B::build(&golden::join(&arrays, &rows), device).unwrap()
}

/// The same rows with weights.
fn weighed<B: Sample>(seed: u64, times: &[usize], device: &Device) -> B {
    let weights: Vec<f32> = times.iter().map(|times| *times as f32).collect();
    repeated::<B>(seed, &vec![1; times.len()], device)
        .weighed(Tensor::from_floats(weights.as_slice(), device))
        .unwrap()
}

/// All metrics over thresholds.
macro_rules! for_curves {
    ($task:ident($($width:expr)?), $check:expr) => {{
        $check(Roc::$task($($width)?));
        $check(PrecisionRecallCurve::$task($($width)?));
        $check(Auroc::$task($($width)?));
        $check(AveragePrecision::$task($($width)?));
        $check(Eer::$task($($width)?));
        $check(LogAuc::$task($($width)?).fpr_range(0.1, 0.9));
        $check(RecallAtFixedPrecision::$task($($width)?).min_precision(0.6));
        $check(PrecisionAtFixedRecall::$task($($width)?).min_recall(0.6));
        $check(SensitivityAtSpecificity::$task($($width)?).min_specificity(0.6));
        $check(SpecificityAtSensitivity::$task($($width)?).min_sensitivity(0.6));
    }};
}

/// Weights of whole numbers are repetitions, 0 included, for elements that are valid.
#[test]
fn a_weight_is_how_often_an_element_counts() {
    struct Check<'a>(&'a Device, Vec<usize>, Thresholds);
    impl Check<'_> {
        fn run<R: CurveRule, B: ScoredBatch + Sample>(&self, metric: CurveMetric<R, B>) {
            let metric = metric.thresholds(self.2.clone());
            let value = |batch: &B| {
                let mut state = metric.state().validation(Validation::Ignore);
                state.update(batch).unwrap();
                state.compute().unwrap()
            };
            let repeated = value(&repeated::<B>(5, &self.1, self.0));
            let weighed = value(&weighed::<B>(5, &self.1, self.0));
            assert!(
                same(&repeated, &weighed, CLOSE),
                "{} at {:?}: {repeated} is not {weighed}",
                metric.name(),
                self.2,
            );
        }
    }
    let mut random = Random(3);
    let times: Vec<usize> = (0..200).map(|_| random.below(4)).collect();
    for (_, device) in devices() {
        for thresholds in [
            Thresholds::Exact,
            Thresholds::Count(9),
            Thresholds::Octaves(2),
        ] {
            let check = Check(&device, times.clone(), thresholds);
            for_curves!(binary(), |metric| check.run(metric));
            check.run(Auroc::binary().max_fpr(0.4));
            for_curves!(multiclass(CLASSES), |metric| check.run(metric));
            for_curves!(multilabel(LABELS), |metric| check.run(metric));
        }
    }
}

/// Batches with weights before, between and after batches without, more than are kept in pieces.
#[test]
fn batches_without_weights_weigh_one() {
    let n = 700;
    let mut random = Random(8);
    let times: Vec<usize> = (0..n)
        .map(|i| if i % 3 == 1 { random.below(4) } else { 1 })
        .collect();
    for (name, device) in devices() {
        for thresholds in [Thresholds::Exact, Thresholds::Count(9)] {
            let metric = Auroc::multilabel(LABELS).thresholds(thresholds);
            let whole = repeated::<Multilabel>(2, &times, &device);
            let arrays = Multilabel::arrays(&mut Random(2), n);
            let mut state = metric.state().validation(Validation::Ignore);
            let mut expected = state.clone();
            expected.update(&whole).unwrap();
            for (i, row) in golden::rows(&arrays).iter().enumerate() {
                let batch = Multilabel::build(row, &device).unwrap();
                let batch = match i % 3 {
                    1 => batch.with_weights(Tensor::<1>::from_floats([times[i] as f32], &device)),
                    _ => Ok(batch),
                };
                state.update(&batch.unwrap()).unwrap();
            }
            let (ours, expected) = (state.compute().unwrap(), expected.compute().unwrap());
            assert!(
                same(&ours, &expected, CLOSE),
                "{name}: {ours} is not {expected}"
            );
        }
    }
}

/// Scores and targets as a batch.
fn binary(elements: &[(f64, bool)], device: &Device) -> Binary {
    let scores: Vec<f32> = elements.iter().map(|(score, _)| *score as f32).collect();
    let target: Vec<i32> = elements.iter().map(|(_, target)| *target as i32).collect();
    let scores = Tensor::<1>::from_floats(scores.as_slice(), device);
    Binary::from_scores(
        scores,
        Tensor::<1, Int>::from_ints(target.as_slice(), device),
    )
    .unwrap()
}

/// Exact values of both areas, and the bounds certified at some thresholds.
fn areas(batch: &Binary, thresholds: &Thresholds) -> [(f64, [f64; 3]); 2] {
    let bounds = |value: Value| {
        let estimate = value.estimate().unwrap();
        [estimate.value, estimate.lower, estimate.upper]
    };
    let exact = |value: Value| value.scalar().unwrap();
    let binned = Auroc::binary().thresholds(thresholds.clone()).certified();
    let precision = AveragePrecision::binary().thresholds(thresholds.clone());
    [
        (
            exact(Auroc::binary().evaluate(batch).unwrap()),
            bounds(binned.evaluate(batch).unwrap()),
        ),
        (
            exact(AveragePrecision::binary().evaluate(batch).unwrap()),
            bounds(precision.certified().evaluate(batch).unwrap()),
        ),
    ]
}

#[test]
fn exact_areas_are_within_the_certified_bounds() {
    let (name, device) = devices().remove(0);
    let slack = slack(name);
    let mut random = Random(4);
    for round in 0..400 {
        let n = 1 + random.below(60);
        // Spread, crowded near 0, near 1, and on a few values.
        let elements: Vec<(f64, bool)> = (0..n)
            .map(|_| {
                let uniform = random.below(1 << 20) as f64 / (1 << 20) as f64;
                let score = match round % 4 {
                    0 => uniform,
                    1 => uniform.powi(12),
                    2 => 1.0 - uniform.powi(12),
                    _ => (uniform * 5.0).round() / 5.0,
                };
                (score, random.below(5) < 1 + round % 4)
            })
            .collect();
        let batch = binary(&elements, &device);
        let weights = random.array(&[n], |r| r.below(9) as f64 / 4.0);
        let weighted = batch
            .clone()
            .with_weights(weights.floats::<1>(&device))
            .unwrap();
        // Areas take elements of both classes.
        let both = |weight: &dyn Fn(usize) -> f64| {
            let some = |class| (0..n).any(|i| elements[i].1 == class && weight(i) > 0.0);
            some(true) && some(false)
        };
        let (counted, weighed) = (both(&|_| 1.0), both(&|i| weights.data[i]));
        for thresholds in [
            Thresholds::Count(2),
            Thresholds::Count(11),
            Thresholds::List(vec![0.3, 0.9]),
            Thresholds::Octaves(1),
            Thresholds::Octaves(8),
        ] {
            for batch in [counted.then_some(&batch), weighed.then_some(&weighted)]
                .into_iter()
                .flatten()
            {
                for (exact, [value, lower, upper]) in areas(batch, &thresholds) {
                    let holds = |number: f64| lower - slack <= number && number <= upper + slack;
                    assert!(
                        holds(exact) && holds(value),
                        "{exact} or {value} not in {lower}..{upper} at {thresholds:?}: {elements:?}"
                    );
                }
            }
        }
    }
}

/// Of all scores in the same bins, some have the lower bound and some the upper one.
#[test]
fn certified_bounds_are_reached() {
    let (name, device) = devices().remove(0);
    let slack = slack(name);
    let thresholds = Thresholds::List(vec![0.5]);
    let targets = [true, false, true, false, true, false, true];
    let upper_bin = [true, true, true, true, false, false, false];
    // Three scores in each bin: enough for two positives one by one below the negatives.
    let scores = [0.1, 0.2, 0.3];
    let (mut least, mut most) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    let mut bounds = None;
    for arrangement in 0..3usize.pow(targets.len() as u32) {
        let elements: Vec<(f64, bool)> = (0..targets.len())
            .map(|i| {
                let place = arrangement / 3usize.pow(i as u32) % 3;
                let bin = if upper_bin[i] { 0.5 } else { 0.0 };
                (scores[place] + bin, targets[i])
            })
            .collect();
        let both = areas(&binary(&elements, &device), &thresholds);
        for (i, (exact, _)) in both.iter().enumerate() {
            least[i] = least[i].min(*exact);
            most[i] = most[i].max(*exact);
        }
        let certified = both.map(|(_, [_, lower, upper])| [lower, upper]);
        assert_eq!(*bounds.get_or_insert(certified), certified);
    }
    for (i, [lower, upper]) in bounds.unwrap().into_iter().enumerate() {
        assert!((lower - least[i]).abs() < slack, "{lower} {}", least[i]);
        assert!((upper - most[i]).abs() < slack, "{upper} {}", most[i]);
    }
}

/// The sum over thousands of positives in a bin is a bound too, and a close one.
#[test]
fn bounds_of_many_positives_are_certain_and_close() {
    let (name, device) = devices().remove(0);
    for (positives, negatives) in [(5000, 3), (5000, 400), (3000, 30_000)] {
        // One bin, the positives one by one below all negatives.
        let below = (0..positives).map(|i| (0.4 * (i + 1) as f64 / positives as f64, true));
        let elements: Vec<_> = (0..negatives).map(|_| (0.45, false)).chain(below).collect();
        let batch = binary(&elements, &device);
        let [_, (exact, [_, lower, _])] = areas(&batch, &Thresholds::List(vec![0.5]));
        assert!(
            lower <= exact + slack(name) && exact - lower < 1e-6,
            "{lower} {exact}"
        );
    }
}

/// Scores below 0.01 share a few bins of an even grid.
#[test]
fn octaves_are_tight_where_scores_crowd() {
    let (_, device) = devices().remove(0);
    let mut random = Random(6);
    for near_one in [false, true] {
        let elements: Vec<(f64, bool)> = (0..4000)
            .map(|_| {
                let positive = random.below(10) == 0;
                let small = random.below(1 << 20) as f64 / (1 << 20) as f64;
                let small = 0.009 * small.powi(if positive { 2 } else { 4 });
                if near_one {
                    (1.0 - small, !positive)
                } else {
                    (small, positive)
                }
            })
            .collect();
        let batch = binary(&elements, &device);
        let width = |thresholds| areas(&batch, &thresholds).map(|(_, [_, low, high])| high - low);
        // As many thresholds.
        let octaves = width(Thresholds::Octaves(16));
        let even = width(Thresholds::Count(739));
        assert!(octaves[0] < 0.01 && octaves[1] < 0.03, "{octaves:?}");
        assert!(even[0] > 0.1, "{even:?}");
    }
}

#[test]
fn intervals_and_bounds_without_meaning_are_refused() {
    let (_, device) = devices().remove(0);
    let batch = binary(
        &[(0.1, false), (0.7, true), (0.4, true), (0.5, false)],
        &device,
    );
    let refused = |value: Result<Value, MetricError>| {
        assert!(
            matches!(value, Err(MetricError::InvalidOption(_))),
            "{value:?}"
        );
    };
    for level in [0.0, 1.0, -0.5, f64::NAN] {
        refused(Auroc::binary().interval(level).evaluate(&batch));
    }
    for (low, high) in [(0.0, 0.1), (0.2, 0.2), (0.1, 1.1), (f64::NAN, 0.5)] {
        refused(LogAuc::binary().fpr_range(low, high).evaluate(&batch));
    }
    let binned = Auroc::binary().thresholds(Thresholds::Count(5));
    refused(binned.clone().interval(0.95).evaluate(&batch));
    refused(binned.max_fpr(0.5).certified().evaluate(&batch));
    refused(Auroc::binary().max_fpr(0.5).interval(0.95).evaluate(&batch));
    refused(Auroc::binary().certified().evaluate(&batch));
    refused(AveragePrecision::binary().certified().evaluate(&batch));
    refused(
        Auroc::binary()
            .thresholds(Thresholds::Octaves(0))
            .evaluate(&batch),
    );
    let weighted = batch.with_weights(Tensor::<1>::ones([4], &device)).unwrap();
    refused(Auroc::binary().interval(0.95).evaluate(&weighted));
    let per_class = Auroc::multiclass(CLASSES).thresholds(Thresholds::Count(5));
    let per_class = per_class.average(Average::None).certified();
    let batch = Multiclass::random(1, 9, &device);
    let mut state = per_class.state().validation(Validation::Ignore);
    state.update(&batch).unwrap();
    refused(state.compute());
}

#[test]
fn an_area_with_and_without_its_interval_share_a_state() {
    let (_, device) = devices().remove(0);
    let batch = binary(
        &[(0.1, false), (0.7, true), (0.4, true), (0.5, false)],
        &device,
    );
    let mut metrics = MetricCollection::new()
        .with(Auroc::binary())
        .with(Auroc::binary().interval(0.95))
        .with(Roc::binary());
    metrics.update(&batch).unwrap();
    assert_eq!(metrics.state_count(), 1);
    let report = metrics.compute().unwrap();
    assert_eq!(report.scalar("auroc"), report.scalar("auroc_interval0.95"));
    assert_eq!(report.scalar("auroc"), Some(0.75));
}

#[test]
fn saved_weights_that_do_not_fit_are_refused() {
    let (_, device) = devices().remove(0);
    let batch = binary(&[(0.1, false), (0.7, true)], &device);
    let batch = batch
        .with_weights(Tensor::<1>::from_floats([0.5, 2.0], &device))
        .unwrap();
    for (thresholds, value, weights, damaged) in [
        (
            Thresholds::Exact,
            1.0,
            "[0.5,2.0]",
            ["[0.5]", "[0.5,-2.0]", "[0.5,2.0,1.0]"],
        ),
        (
            Thresholds::Count(2),
            0.5,
            "[0.0,0.5,0.0,0.0,2.0,0.0]",
            [
                "[0.0]",
                "[0.0,-0.5,0.0,0.0,2.0,0.0]",
                "[0.0,\"NaN\",0.0,0.0,2.0,0.0]",
            ],
        ),
    ] {
        let mut metrics = MetricCollection::new().with(Auroc::binary().thresholds(thresholds));
        metrics.update(&batch).unwrap();
        let saved = serde_json::to_string(&metrics.summary().unwrap()).unwrap();
        for damaged in damaged {
            let text = saved.replace(weights, damaged);
            assert_ne!(text, saved);
            let error = metrics.merge(&serde_json::from_str(&text).unwrap());
            assert!(
                matches!(error, Err(MetricError::Saved(_))),
                "{damaged}: {error:?}"
            );
        }
        metrics
            .merge(&serde_json::from_str(&saved).unwrap())
            .unwrap();
        assert_eq!(metrics.compute().unwrap().scalar("auroc"), Some(value));
    }
}
