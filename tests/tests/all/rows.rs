//! Weights of rows, and rows of many labels.

use crate::goldens::all_metrics;
use burn::tensor::{DType, Device, Int, Tensor};
use metrics_core::{
    Accumulator, BatchOf, Metric, MetricCollection, MetricError, Rejected, Validation, Value,
    batch::{Binary, Grouped, Multiclass, Multilabel, Values},
    classification::{
        ClickThroughRate, GroupFairness, GroupStatRates, HingeLoss, MultilabelCoverageError,
        MultilabelCriterion, MultilabelRankingAveragePrecision, MultilabelRankingLoss,
        NormalizedEntropy, TopKMultilabelAccuracy, WeightedCalibration,
    },
};
use metrics_tests::{
    compare::{Tolerance, same},
    devices,
    golden::{Array, Arrays, slice},
    metrics::Visitor,
    samples::{Random, Sample},
};
use std::any::TypeId;

const CLOSE: Tolerance = Tolerance::Relative(1e-6);
const ROWS: usize = 60;

/// What must hold for a metric that takes weights.
trait Check {
    fn check<M: Metric>(metric: &M, arrays: &Arrays, device: &Device) -> Result<(), String>
    where
        BatchOf<M>: Sample;
}

fn for_all<C: Check>() {
    struct Run<C>(Vec<String>, std::marker::PhantomData<C>);
    impl<C: Check> Visitor for Run<C> {
        fn visit<M: Metric>(&mut self, metric: M)
        where
            BatchOf<M>: Sample,
        {
            // Weights of plain values may be negative.
            let values = TypeId::of::<BatchOf<M>>() == TypeId::of::<Values>();
            if values || !metric.accumulator().takes_weights() {
                return;
            }
            for (name, device) in devices() {
                for seed in 0..3 {
                    let arrays = BatchOf::<M>::arrays(&mut Random(seed), ROWS);
                    if let Err(failure) = C::check(&metric, &arrays, &device) {
                        let metric = metric.name();
                        self.0.push(format!("{name} {metric} {seed}: {failure}"));
                    }
                }
            }
        }
    }
    let mut run = Run::<C>(Vec::new(), std::marker::PhantomData);
    all_metrics(&mut run);
    assert!(run.0.is_empty(), "{}", run.0.join("\n"));
}

fn with_weights(arrays: &Arrays, weights: &[f64]) -> Arrays {
    let array = Array {
        shape: vec![weights.len()],
        data: weights.to_vec(),
    };
    let mut arrays = arrays.clone();
    arrays.insert("weights".into(), array);
    arrays
}

fn value<M: Metric>(
    metric: &M,
    batches: &[Arrays],
    device: &Device,
) -> (Result<Value, MetricError>, Rejected)
where
    BatchOf<M>: Sample,
{
    let mut state = metric.state().validation(Validation::Ignore);
    for arrays in batches {
        let batch = BatchOf::<M>::build(arrays, device).expect("the shapes fit");
        state.update(&batch).expect("the batch fits");
    }
    (state.compute(), state.rejected())
}

/// The values are close, or both errors.
fn agree(a: &Result<Value, MetricError>, b: &Result<Value, MetricError>) -> Result<(), String> {
    match (a, b) {
        (Ok(a), Ok(b)) if same(a, b, CLOSE) => Ok(()),
        (Err(_), Err(_)) => Ok(()),
        _ => Err(format!("{a:?} is not {b:?}")),
    }
}

#[test]
fn rows_with_an_invalid_weight_are_left_out() {
    struct Invalid;
    impl Check for Invalid {
        fn check<M: Metric>(metric: &M, arrays: &Arrays, device: &Device) -> Result<(), String>
        where
            BatchOf<M>: Sample,
        {
            let bad = [f64::NAN, f64::INFINITY, -1.0, f64::NEG_INFINITY];
            let mut weights = vec![0.5; ROWS];
            weights[10..14].copy_from_slice(&bad);
            let good = [slice(arrays, 0..10), slice(arrays, 14..ROWS)];
            let good = good.map(|part| {
                let weights = vec![0.5; part.values().next().map_or(0, |a| a.shape[0])];
                with_weights(&part, &weights)
            });
            let (expected, without) = value(metric, &good, device);
            let (outcome, rejected) = value(metric, &[with_weights(arrays, &weights)], device);
            agree(&outcome, &expected)?;
            // A row that is invalid for another reason counts under that.
            if rejected.invalid() > without.invalid() && without.invalid_weights == 0 {
                Ok(())
            } else {
                Err(format!("{rejected:?}"))
            }
        }
    }
    for_all::<Invalid>();
}

#[test]
fn an_infinite_loss_of_no_weight_adds_nothing() {
    for (name, device) in devices() {
        let scores = Tensor::<1>::from_floats([0.0, 0.5, 0.5], &device);
        let target = Tensor::<1, Int>::from_ints([1, 1, 0], &device);
        let batch = Binary::from_scores(scores, target).unwrap();
        let entropy = NormalizedEntropy::binary();
        let infinite = entropy.evaluate(&batch).unwrap().scalar();
        assert_eq!(infinite, Some(f64::INFINITY), "{name}");
        let weights = Tensor::<1>::from_floats([0.0, 1.0, 1.0], &device);
        let batch = batch.with_weights(weights).unwrap();
        let finite = entropy.evaluate(&batch).unwrap().scalar().unwrap();
        assert!((finite - 1.0).abs() < 1e-6, "{name}: {finite}");
    }
}

/// More pairs of labels than are compared at once, against loops on the host.
#[test]
fn rows_of_many_labels() {
    const N: usize = 48;
    const L: usize = 300;
    let mut random = Random(3);
    let scores = random.array(&[N, L], Random::probability);
    let target = random.array(&[N, L], |r| r.below(2) as f64);
    let mut expected = [0.0; 4];
    for (scores, target) in scores.data.chunks(L).zip(target.data.chunks(L)) {
        let relevant = target.iter().sum::<f64>();
        let (mut coverage, mut precision, mut wrong) = (0.0f64, 0.0, 0.0);
        for (label, score) in scores.iter().enumerate().filter(|(i, _)| target[*i] == 1.0) {
            let not_below = || (0..L).filter(|other| scores[*other] >= *score);
            let all = not_below().count() as f64;
            let hits = not_below().filter(|other| target[*other] == 1.0).count() as f64;
            coverage = coverage.max(all);
            precision += hits / all / relevant;
            wrong += all - hits;
            let before = (0..L).filter(|other| {
                scores[*other] > *score || scores[*other] == *score && *other < label
            });
            if before.count() == 0 {
                // The best label is a true one.
                expected[3] += 1.0 / N as f64;
            }
        }
        let loss = wrong / (relevant * (L as f64 - relevant));
        for (sum, term) in expected.iter_mut().zip([coverage, precision, loss]) {
            *sum += term / N as f64;
        }
    }
    for (name, device) in devices() {
        let batch = Multilabel::from_scores(scores.floats(&device), target.ints(&device)).unwrap();
        let mut metrics = MetricCollection::new()
            .with(MultilabelCoverageError::new(L))
            .with(MultilabelRankingAveragePrecision::new(L))
            .with(MultilabelRankingLoss::new(L))
            .with(TopKMultilabelAccuracy::new(L).criterion(MultilabelCriterion::Overlap));
        assert_eq!(metrics.state_count(), 2);
        let report = metrics.forward(&batch).unwrap();
        for (entry, expected) in report.entries.iter().zip(expected) {
            let value = entry.value.as_ref().and_then(Value::scalar).unwrap();
            assert!(CLOSE.accepts(value, expected), "{name}: {value} {expected}");
        }
    }
}

#[test]
fn rates_of_one_batch_share_a_state() {
    let metrics = MetricCollection::<Binary>::new()
        .with(NormalizedEntropy::binary())
        .with(WeightedCalibration::binary())
        .with(ClickThroughRate::binary());
    assert_eq!(metrics.state_count(), 1);
    let metrics = MetricCollection::<Grouped>::new()
        .with(GroupStatRates::new(2))
        .with(GroupFairness::new(2));
    assert_eq!(metrics.state_count(), 1);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let (_, device) = devices().remove(0);
    let target = Tensor::<1, Int>::from_ints([0, 1], &device);
    let scores = Tensor::<1>::from_floats([0.25, 0.75], &device);
    let binary = Binary::from_scores(scores.clone(), target.clone()).unwrap();
    let grouped = Grouped::new(binary, target.clone()).unwrap();
    let one = Multiclass::from_scores(scores.clone().reshape([2, 1]), target.clone()).unwrap();
    let row = |n: usize| {
        let target = target.clone().reshape([2 / n, n]);
        Multilabel::from_scores(scores.clone().reshape([2 / n, n]), target).unwrap()
    };
    let outcomes = [
        HingeLoss::multiclass(1).evaluate(&one),
        TopKMultilabelAccuracy::new(2).k(0).evaluate(&row(2)),
        TopKMultilabelAccuracy::new(2).k(3).evaluate(&row(2)),
        MultilabelRankingLoss::new(0).evaluate(&row(1)),
        NormalizedEntropy::multilabel(0).evaluate(&row(1)),
        GroupStatRates::new(0).evaluate(&grouped),
        GroupStatRates::new(2)
            .threshold(f32::NAN)
            .evaluate(&grouped),
        GroupFairness::new(2).threshold(1.5).evaluate(&grouped),
    ];
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, MetricError::InvalidOption(_)),
            "{index}: {error:?}"
        );
    }
}

#[test]
fn batches_that_do_not_fit_are_refused() {
    for (name, device) in devices() {
        let labels = Tensor::<2, Int>::ones([2, 3], &device);
        let hard = Multilabel::from_labels(labels.clone(), labels.clone()).unwrap();
        let soft = Multilabel::from_scores(Tensor::ones([2, 3], &device), labels).unwrap();
        let target = Tensor::<1, Int>::ones([2], &device);
        let decided = Binary::from_labels(target.clone(), target.clone()).unwrap();
        let unscored = [
            MultilabelCoverageError::new(3).evaluate(&hard),
            TopKMultilabelAccuracy::new(3).evaluate(&hard),
            HingeLoss::binary().evaluate(&decided),
            HingeLoss::multiclass(3)
                .evaluate(&Multiclass::from_labels(target.clone(), target.clone()).unwrap()),
        ];
        for outcome in unscored {
            let error = outcome.unwrap_err();
            let scores = matches!(error, MetricError::ScoresRequired { .. });
            assert!(scores, "{name}: {error:?}");
        }
        let wide = [
            MultilabelCoverageError::new(4).evaluate(&soft),
            TopKMultilabelAccuracy::new(2).evaluate(&soft),
            WeightedCalibration::multilabel(2).evaluate(&soft),
        ];
        for outcome in wide {
            let error = outcome.unwrap_err();
            let width = matches!(error, MetricError::WidthMismatch { found: 3, .. });
            assert!(width, "{name}: {error:?}");
        }
        let error = Grouped::new(decided, Tensor::<1, Int>::ones([3], &device)).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("[3]") && message.contains("[2]"),
            "{message}"
        );
    }
}

#[test]
fn summaries_of_other_shapes_are_refused() {
    let mut state = HingeLoss::multiclass(3).one_vs_all().state();
    let mut other = HingeLoss::multiclass(3).state();
    let error = state.merge(other.summary().unwrap()).unwrap_err();
    assert!(
        matches!(error, MetricError::MergeMismatch { .. }),
        "{error:?}"
    );
    let mut state = GroupStatRates::new(2).state();
    let mut other = GroupStatRates::new(3).state();
    let error = state.merge(other.summary().unwrap()).unwrap_err();
    assert!(
        matches!(error, MetricError::MergeMismatch { .. }),
        "{error:?}"
    );
}

#[test]
fn a_label_that_is_no_number_of_32_bits_is_invalid() {
    let (_, device) = devices().remove(0);
    let huge = Tensor::<1, Int>::from_data([1i64 << 40, -(1i64 << 32), 1], (&device, DType::I64));
    let scores = Tensor::<1>::from_floats([0.25, 0.75, 0.5], &device);
    let target = Tensor::<1, Int>::from_ints([0, 1, 1], &device);
    let grouped = Grouped::new(Binary::from_scores(scores, target).unwrap(), huge).unwrap();
    let mut state = GroupStatRates::new(2).state();
    state.update(&grouped).unwrap();
    assert!(state.compute().is_err());
    assert_eq!(state.rejected().invalid_targets, 2);
}
