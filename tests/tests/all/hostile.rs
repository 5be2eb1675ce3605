//! Data and shapes that are wrong, empty, extreme or of another type.

use crate::goldens::all_metrics;
use burn::tensor::{DType, Device, FloatDType, Int, IntDType, Tensor};
use metrics_core::{
    BatchOf, Metric, MetricCollection, MetricError, Rejected, Summary, SummaryOf, Validation,
    Value,
    aggregation::Mean,
    batch::{Binary, Multiclass, Multilabel, Regression, Values},
    classification::{
        Accuracy, Auroc, Average, CalibrationError, ConfusionMatrix, Eer, FBetaScore,
        PrecisionAtFixedRecall, RecallAtFixedPrecision, SensitivityAtSpecificity,
        SpecificityAtSensitivity, Thresholds,
    },
    custom_metric,
    regression::MeanSquaredError,
    text::Perplexity,
    wrappers::Task,
};
use metrics_tests::{
    compare::{Tolerance, same},
    devices,
    golden::row_count,
    metrics::Visitor,
    samples::{CLASSES, LABELS, OUTPUTS, Random, Sample},
};

const CLOSE: Tolerance = Tolerance::Relative(1e-6);

/// What must hold for a metric on a device.
trait Check {
    fn check<M: Metric>(metric: &M, device: &Device) -> Result<(), String>
    where
        BatchOf<M>: Sample;
}

/// Checks every metric on every device.
fn for_all<C: Check>() {
    struct Run<C>(Vec<String>, std::marker::PhantomData<C>);
    impl<C: Check> Visitor for Run<C> {
        fn visit<M: Metric>(&mut self, metric: M)
        where
            BatchOf<M>: Sample,
        {
            for (name, device) in devices() {
                if let Err(failure) = C::check(&metric, &device) {
                    let accumulator = metric.accumulator();
                    self.0.push(format!(
                        "{name} {} {accumulator:?}: {failure}",
                        metric.name()
                    ));
                }
            }
        }
    }
    let mut run = Run::<C>(Vec::new(), std::marker::PhantomData);
    all_metrics(&mut run);
    assert!(
        run.0.is_empty(),
        "{} failures\n{}",
        run.0.len(),
        run.0.join("\n")
    );
}

fn expect(holds: bool, otherwise: impl std::fmt::Debug) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("{otherwise:?}"))
    }
}

fn text(summary: &impl Summary) -> String {
    serde_json::to_string(summary).unwrap()
}

/// Whether two outcomes are the same value or the same error.
fn agree(a: &Result<Value, MetricError>, b: &Result<Value, MetricError>) -> bool {
    match (a, b) {
        (Ok(a), Ok(b)) => same(a, b, CLOSE),
        (Err(a), Err(b)) => a == b,
        _ => false,
    }
}

fn evaluate<M: Metric>(
    metric: &M,
    batch: &BatchOf<M>,
) -> (Result<Value, MetricError>, SummaryOf<M>) {
    let mut state = metric.state().validation(Validation::Ignore);
    state.update(batch).unwrap();
    (state.compute(), state.summary().unwrap().clone())
}

// --- shapes ----------------------------------------------------------------------------------

#[test]
fn shapes_that_do_not_fit_are_named() {
    for (_, device) in devices() {
        let floats = |shape: [usize; 2]| Tensor::<2>::zeros(shape, &device);
        let ints = |shape: [usize; 2]| Tensor::<2, Int>::zeros(shape, &device);
        let line = |n: usize| Tensor::<1, Int>::zeros([n], &device);
        let cube = Tensor::<3>::zeros([2, 3, 4], &device);
        let errors = [
            Binary::from_scores(floats([4, 1]), ints([3, 1])).map(|_| ()),
            Binary::from_labels(ints([4, 1]), ints([3, 1])).map(|_| ()),
            Multiclass::from_scores(floats([4, 5]), line(3)).map(|_| ()),
            Multiclass::from_dense(cube.clone(), ints([2, 3])).map(|_| ()),
            Multiclass::from_tokens(cube, ints([2, 2])).map(|_| ()),
            Multiclass::from_labels(line(4), line(3)).map(|_| ()),
            Multilabel::from_scores(floats([4, 3]), ints([4, 2])).map(|_| ()),
            Multilabel::from_labels(ints([4, 3]), ints([4, 2])).map(|_| ()),
            Regression::new(floats([4, 3]), floats([4, 2])).map(|_| ()),
            Regression::multi_output(floats([4, 3]), floats([4, 2])).map(|_| ()),
            Values::weighted(floats([4, 3]), floats([4, 2])).map(|_| ()),
        ];
        for error in errors {
            let error = error.unwrap_err();
            let MetricError::ShapeMismatch { left, right, .. } = &error else {
                panic!("{error:?}");
            };
            let message = error.to_string();
            assert!(message.contains(&format!("{left:?}")), "{message}");
            assert!(message.contains(&format!("{right:?}")), "{message}");
        }
    }
}

/// That a batch of another width is refused with its shape, and changes nothing.
fn refuses<M: Metric>(metric: M, good: BatchOf<M>, bad: BatchOf<M>, is: fn(&MetricError) -> bool) {
    let mut state = metric.state();
    state.update(&good).unwrap();
    let error = state.update(&bad).unwrap_err();
    assert!(is(&error), "{}: {error:?}", metric.name());
    let (_, alone) = evaluate(&metric, &good);
    assert_eq!(
        text(state.summary().unwrap()),
        text(&alone),
        "{}",
        metric.name()
    );
}

#[test]
fn another_width_is_refused_and_changes_nothing() {
    fn width(error: &MetricError) -> bool {
        matches!(error, MetricError::WidthMismatch { expected, found, shape, .. }
            if shape[1] == *found && expected != found)
    }
    fn scores(error: &MetricError) -> bool {
        matches!(error, MetricError::ScoresRequired { .. })
    }
    for (_, device) in devices() {
        let labels = |n| Tensor::<1, Int>::zeros([n], &device);
        let multiclass = |classes| {
            Multiclass::from_scores(Tensor::ones([2, classes], &device), labels(2)).unwrap()
        };
        let multilabel = |labels| {
            let target = Tensor::zeros([2, labels], &device);
            Multilabel::from_scores(Tensor::ones([2, labels], &device), target).unwrap()
        };
        let regression = |outputs| {
            let values = Tensor::<2>::ones([2, outputs], &device);
            Regression::multi_output(values.clone(), values).unwrap()
        };
        let by_label = || Multiclass::from_labels(labels(2), labels(2)).unwrap();
        refuses(Accuracy::multiclass(5), multiclass(5), multiclass(4), width);
        refuses(Auroc::multiclass(5), multiclass(5), multiclass(4), width);
        refuses(
            CalibrationError::multiclass(5),
            multiclass(5),
            multiclass(4),
            width,
        );
        refuses(Accuracy::multilabel(3), multilabel(3), multilabel(2), width);
        refuses(Auroc::multilabel(3), multilabel(3), multilabel(2), width);
        refuses(
            MeanSquaredError::new().outputs(2),
            regression(2),
            regression(3),
            width,
        );
        refuses(
            Accuracy::multiclass(5).top_k(2),
            multiclass(5),
            by_label(),
            scores,
        );
        refuses(Auroc::multiclass(5), multiclass(5), by_label(), scores);
        refuses(
            CalibrationError::multiclass(5),
            multiclass(5),
            by_label(),
            scores,
        );
        refuses(Perplexity::new(), multiclass(5), by_label(), scores);
        let binary = || Binary::from_labels(labels(2), labels(2)).unwrap();
        let scored = || Binary::from_scores(Tensor::<1>::ones([2], &device), labels(2)).unwrap();
        refuses(Auroc::binary(), scored(), binary(), scores);
        refuses(CalibrationError::binary(), scored(), binary(), scores);
    }
}

#[test]
fn a_batch_that_one_metric_refuses_reaches_no_metric() {
    let (_, device) = devices().remove(0);
    let target = Tensor::<1, Int>::zeros([4], &device);
    let labels = Multiclass::from_labels(target.clone(), target).unwrap();
    let mut metrics = MetricCollection::new()
        .with(Accuracy::multiclass(CLASSES))
        .with(Auroc::multiclass(CLASSES));
    let before = metrics.summary().unwrap();
    assert!(metrics.update(&labels).is_err());
    assert!(metrics.forward(&labels).is_err());
    assert_eq!(metrics.summary().unwrap(), before);
}

// --- values ----------------------------------------------------------------------------------

#[test]
fn what_is_invalid_is_counted_and_left_out() {
    struct LeftOut;
    impl Check for LeftOut {
        fn check<M: Metric>(metric: &M, device: &Device) -> Result<(), String>
        where
            BatchOf<M>: Sample,
        {
            for seed in 0..4 {
                let arrays = BatchOf::<M>::arrays(&mut Random(seed), 120);
                let batch = BatchOf::<M>::build(&arrays, device).unwrap();
                let (value, summary) = evaluate(metric, &batch);
                let rejected = summary.rejected();

                let mut deferred = metric.state();
                deferred.update(&batch).unwrap();
                let outcome = deferred.compute();
                let expected = match rejected.invalid() {
                    0 => value.clone(),
                    _ => Err(MetricError::InvalidData(rejected)),
                };
                expect(agree(&outcome, &expected), &outcome)?;

                let left_out = rejected.invalid() + rejected.ignored;
                let Some(clean) = BatchOf::<M>::clean(&arrays).filter(|_| left_out > 0) else {
                    continue;
                };
                let offenders = (row_count(&arrays) - row_count(&clean)) as u64;
                expect(left_out == offenders, (rejected, offenders))?;
                let (pure, _) = evaluate(metric, &BatchOf::<M>::build(&clean, device).unwrap());
                expect(agree(&value, &pure), (&value, &pure))?;
            }
            Ok(())
        }
    }
    for_all::<LeftOut>();
}

#[test]
fn eager_validation_refuses_the_batch_and_changes_nothing() {
    struct Eager;
    impl Check for Eager {
        fn check<M: Metric>(metric: &M, device: &Device) -> Result<(), String>
        where
            BatchOf<M>: Sample,
        {
            let batch = BatchOf::<M>::random(7, 120, device);
            let (value, summary) = evaluate(metric, &batch);
            let mut state = metric.state().validation(Validation::Eager);
            let empty = text(state.summary().unwrap());
            let outcome = state.update(&batch);
            if summary.rejected().invalid() > 0 {
                let error = Err(MetricError::InvalidData(summary.rejected()));
                expect(outcome == error, outcome)?;
                expect(text(state.summary().unwrap()) == empty, "the state changed")?;
            } else {
                expect(outcome.is_ok(), outcome)?;
                expect(agree(&state.compute(), &value), state.compute())?;
            }
            let mut collection = MetricCollection::new().named("it", metric.clone());
            collection = collection.validation(Validation::Eager);
            let before = collection.summary().unwrap();
            let outcome = collection.update(&batch);
            expect(
                outcome.is_err() == (summary.rejected().invalid() > 0),
                &outcome,
            )?;
            let after = collection.summary().unwrap();
            expect(
                (after == before) == outcome.is_err(),
                "the collection's state",
            )
        }
    }
    for_all::<Eager>();
}

#[test]
fn eager_validation_of_a_collection_is_all_or_nothing() {
    let (_, device) = devices().remove(0);
    // Invalid for the second metric only.
    let target = Tensor::<1, Int>::from_ints([-1, 0, 1], &device);
    let batch = Multiclass::from_labels(Tensor::from_ints([1, 0, 1], &device), target).unwrap();
    let mut metrics = MetricCollection::new()
        .named("ignoring", Accuracy::multiclass(2).ignore_index(-1))
        .with(Accuracy::multiclass(2))
        .validation(Validation::Eager);
    let before = metrics.summary().unwrap();
    let error = metrics.update(&batch).unwrap_err();
    let rejected = Rejected {
        invalid_targets: 1,
        ..Rejected::default()
    };
    assert_eq!(error, MetricError::InvalidData(rejected));
    assert_eq!(metrics.summary().unwrap(), before);
}

#[test]
fn no_rows_are_no_data() {
    struct NoRows;
    impl Check for NoRows {
        fn check<M: Metric>(metric: &M, device: &Device) -> Result<(), String>
        where
            BatchOf<M>: Sample,
        {
            let is_empty = |outcome: &_| matches!(outcome, Err(MetricError::Empty { .. }));
            let mut state = metric.state().validation(Validation::Ignore);
            expect(is_empty(&state.compute()), state.compute())?;
            let none = BatchOf::<M>::random(1, 0, device);
            state.update(&none).unwrap();
            expect(is_empty(&state.compute()), state.compute())?;
            let some = BatchOf::<M>::random(1, 30, device);
            for batch in [&some, &none] {
                state.update(batch).unwrap();
            }
            let (value, _) = evaluate(metric, &some);
            expect(agree(&state.compute(), &value), state.compute())?;
            let mut collection = MetricCollection::new().named("it", metric.clone());
            let report = collection.forward(&none).unwrap();
            expect(report.get("it").is_none(), report)
        }
    }
    for_all::<NoRows>();
}

#[test]
fn huge_labels_are_counted_as_invalid() {
    const HUGE: [i64; 6] = [
        1 << 40,
        -(1 << 40),
        i64::MAX,
        i64::MIN,
        (1 << 32) + 1,
        -(1 << 32),
    ];
    for (name, device) in devices() {
        let device = &device;
        let wide = Tensor::<1, Int>::zeros([1], (device, DType::I64)).dtype() == DType::I64;
        if !wide {
            continue;
        }
        let target = Tensor::<1, Int>::from_data(HUGE, (device, DType::I64));
        let rejected = |targets, predictions| Rejected {
            invalid_targets: targets,
            invalid_predictions: predictions,
            ..Rejected::default()
        };
        let six = rejected(6, 0);
        let scores = Tensor::<1>::full([6], 0.25, device);
        let binary = Binary::from_scores(scores.clone(), target.clone()).unwrap();
        assert_eq!(
            evaluate(&Accuracy::binary(), &binary).1.rejected(),
            six,
            "{name}"
        );
        assert_eq!(
            evaluate(&Auroc::binary(), &binary).1.rejected(),
            six,
            "{name}"
        );
        assert_eq!(
            evaluate(&CalibrationError::binary(), &binary).1.rejected(),
            six,
            "{name}"
        );
        let rows = scores.reshape([6, 1]).expand([6, 5]);
        let multiclass = Multiclass::from_scores(rows, target.clone()).unwrap();
        assert_eq!(
            evaluate(&Accuracy::multiclass(5), &multiclass).1.rejected(),
            six,
            "{name}"
        );
        assert_eq!(
            evaluate(&Auroc::multiclass(5), &multiclass).1.rejected(),
            six,
            "{name}"
        );
        assert_eq!(
            evaluate(&Perplexity::new(), &multiclass).1.rejected(),
            six,
            "{name}"
        );

        let zeros = target.zeros_like();
        let labels = Multiclass::from_labels(target.clone(), zeros.clone()).unwrap();
        let summary = evaluate(&Accuracy::multiclass(5), &labels).1;
        assert_eq!(summary.rejected(), rejected(0, 6), "{name}");
        let labels = Binary::from_labels(target, zeros).unwrap();
        let summary = evaluate(&Accuracy::binary(), &labels).1;
        assert_eq!(summary.rejected(), rejected(0, 6), "{name}");
    }
}

#[test]
fn an_index_to_ignore_may_be_any_number() {
    for (name, device) in devices() {
        for index in [1 << 40, i32::MAX as i64, -1, -(1 << 33), 255] {
            let wide = device.supports_dtype(IntDType::I64);
            if !wide && i32::try_from(index).is_err() {
                continue;
            }
            // The last is invalid and next to what an index beyond 32 bits could become.
            let other = if index == i32::MAX as i64 {
                i32::MAX as i64 - 1
            } else {
                i32::MAX as i64
            };
            let dtype = if wide { DType::I64 } else { DType::I32 };
            let target = Tensor::<1, Int>::from_data([0, index, index, other], (&device, dtype));
            let expected = Rejected {
                ignored: 2,
                invalid_targets: 1,
                ..Rejected::default()
            };
            let scores = Tensor::<1>::full([4], 0.25, &device);
            let binary = Binary::from_scores(scores.clone(), target.clone()).unwrap();
            let rows = scores.reshape([4, 1]).expand([4, 5]);
            let classes = Multiclass::from_scores(rows, target).unwrap();
            let mut all = vec![
                rejected(&Accuracy::binary().ignore_index(index), &binary),
                rejected(&binned(Auroc::binary()).ignore_index(index), &binary),
                rejected(&CalibrationError::binary().ignore_index(index), &binary),
                rejected(&Accuracy::multiclass(5).ignore_index(index), &classes),
                rejected(&binned(Auroc::multiclass(5)).ignore_index(index), &classes),
                rejected(
                    &CalibrationError::multiclass(5).ignore_index(index),
                    &classes,
                ),
                rejected(&Perplexity::new().ignore_index(index), &classes),
            ];
            if i32::try_from(index).is_ok() {
                // Exact curves keep labels as `i32`: an index beyond that counts as invalid.
                all.push(rejected(&Auroc::binary().ignore_index(index), &binary));
                all.push(rejected(
                    &Auroc::multiclass(5).ignore_index(index),
                    &classes,
                ));
            }
            assert!(
                all.iter().all(|r| *r == expected),
                "{name} {index}: {all:?}"
            );
        }
    }
}

fn rejected<M: Metric>(metric: &M, batch: &BatchOf<M>) -> Rejected {
    evaluate(metric, batch).1.rejected()
}

fn binned<B>(metric: Auroc<B>) -> Auroc<B> {
    metric.thresholds(Thresholds::Count(5))
}

#[test]
fn infinite_scores_are_numbers() {
    let (plus, minus) = (f32::INFINITY, f32::NEG_INFINITY);
    for (name, device) in devices() {
        let scores = [
            [plus, 0.0, 1.0],
            [minus, 2.0, minus],
            [minus, minus, minus],
            [3.0, plus, plus],
        ];
        let target = Tensor::<1, Int>::from_ints([0, 1, 2, 1], &device);
        let batch = Multiclass::from_scores(Tensor::from_floats(scores, &device), target).unwrap();
        let micro = Accuracy::multiclass(3).average(Average::Micro);
        let (value, summary) = evaluate(&micro, &batch);
        assert_eq!(summary.rejected(), Rejected::default(), "{name}");
        // Of equal scores the first is the prediction: wrong in the third row only.
        assert_eq!(value, Ok(Value::Scalar(0.75)), "{name}");

        let scores = Tensor::<1>::from_floats([plus, minus, plus, minus], &device);
        let target = Tensor::<1, Int>::from_ints([1, 0, 0, 0], &device);
        let batch = Binary::from_scores(scores, target).unwrap();
        assert_eq!(
            evaluate(&Accuracy::binary(), &batch).0,
            Ok(Value::Scalar(0.75)),
            "{name}"
        );
        let (value, summary) = evaluate(&Auroc::binary(), &batch);
        assert_eq!(summary.rejected(), Rejected::default(), "{name}");
        let expected = Value::Scalar(5.0 / 6.0);
        assert!(
            same(&value.clone().unwrap(), &expected, CLOSE),
            "{name} {value:?}"
        );

        // A certain prediction that is right costs nothing, one that is wrong everything.
        let scores = Tensor::<2>::from_floats([[0.0, minus, minus]], &device);
        for (target, loss) in [(0, 1.0), (1, f64::INFINITY)] {
            let target = Tensor::<1, Int>::from_ints([target], &device);
            let batch = Multiclass::from_scores(scores.clone(), target).unwrap();
            assert_eq!(
                evaluate(&Perplexity::new(), &batch).0,
                Ok(Value::Scalar(loss)),
                "{name}"
            );
        }

        let pred = Tensor::<1>::from_floats([1.0, plus], &device);
        let batch = Regression::new(pred, Tensor::from_floats([1.0, 1.0], &device)).unwrap();
        let infinite = Ok(Value::Scalar(f64::INFINITY));
        assert_eq!(
            evaluate(&MeanSquaredError::new(), &batch).0,
            infinite,
            "{name}"
        );
        let batch = Values::new(Tensor::<1>::from_floats([1.0, plus], &device));
        assert_eq!(evaluate(&Mean::new(), &batch).0, infinite, "{name}");
    }
}

/// Whether a device computes in host memory.
fn on_host(device: &Device) -> bool {
    devices()
        .iter()
        .any(|(name, other)| other == device && metrics_tests::is_host(name))
}

/// Extreme logits must not panic or make NaN of a state, whatever the metric.
#[test]
fn extreme_logits_are_all_rejected_or_used() {
    struct Extreme;
    impl Check for Extreme {
        fn check<M: Metric>(metric: &M, device: &Device) -> Result<(), String>
        where
            BatchOf<M>: Sample,
        {
            let extremes = [
                f64::INFINITY,
                f64::NEG_INFINITY,
                1e30,
                -1e30,
                3.4e38,
                1e-40,
                -0.0,
                0.5,
            ];
            let mut random = Random(3);
            let mut arrays = BatchOf::<M>::arrays(&mut random, 60);
            let Some(scores) = arrays.get_mut("scores") else {
                return Ok(());
            };
            scores
                .data
                .fill_with(|| extremes[random.below(extremes.len())]);
            let batch = BatchOf::<M>::build(&arrays, device).unwrap();
            let (outcome, summary) = evaluate(metric, &batch);
            let (reference, expected) = evaluate(
                metric,
                &BatchOf::<M>::build(&arrays, &devices()[0].1).unwrap(),
            );
            expect(
                summary.rejected() == expected.rejected(),
                summary.rejected(),
            )?;
            if !on_host(device) {
                // Scores that tie here differ there by the last digit of an exponential.
                return Ok(());
            }
            expect(agree(&outcome, &reference), (outcome, reference))
        }
    }
    for_all::<Extreme>();
}

// --- types -----------------------------------------------------------------------------------

#[test]
fn any_float_and_integer_type_gives_the_same_value() {
    for (name, device) in devices() {
        let device = &device;
        let scores = |seed| {
            let mut random = Random(seed);
            let array = random.array(&[40, LABELS], Random::probability);
            array.floats::<2>(device)
        };
        let labels =
            |seed, labels, shape: &[usize]| Random(seed).array(shape, |r| r.below(labels) as f64);
        let target = labels(1, LABELS, &[40]).ints::<1>(device);
        let each = labels(2, 2, &[40, LABELS]).ints::<2>(device);
        let values = |scores: Tensor<2>, target: Tensor<1, Int>, each: Tensor<2, Int>| {
            let multiclass = Multiclass::from_scores(scores.clone(), target).unwrap();
            let multilabel = Multilabel::from_scores(scores.clone(), each).unwrap();
            let regression = Regression::new(scores.clone(), scores.clone() * 0.5).unwrap();
            [
                evaluate(&Accuracy::multiclass(LABELS), &multiclass).0,
                evaluate(&Auroc::multiclass(LABELS), &multiclass).0,
                evaluate(&Accuracy::multilabel(LABELS), &multilabel).0,
                evaluate(&MeanSquaredError::new(), &regression).0,
                evaluate(&Mean::new(), &Values::new(scores)).0,
            ]
        };
        let expected = values(scores(3), target.clone(), each.clone());
        for dtype in [FloatDType::F64, FloatDType::F16, FloatDType::BF16] {
            if device.supports_dtype(dtype) {
                let other = values(scores(3).cast(dtype), target.clone(), each.clone());
                assert_eq!(other, expected, "{name} {dtype:?}");
            }
        }
        for dtype in [
            IntDType::I64,
            IntDType::I32,
            IntDType::I16,
            IntDType::I8,
            IntDType::U8,
        ] {
            if device.supports_dtype(dtype) {
                let (target, each) = (target.clone().cast(dtype), each.clone().cast(dtype));
                let other = values(scores(3), target, each);
                assert_eq!(other, expected, "{name} {dtype:?}");
            }
        }
    }
}

#[test]
fn tensors_of_an_autodiff_device_are_taken_off_it() {
    struct Autodiff;
    impl Check for Autodiff {
        fn check<M: Metric>(metric: &M, device: &Device) -> Result<(), String>
        where
            BatchOf<M>: Sample,
        {
            let autodiff = device.clone().autodiff();
            let (plain, _) = evaluate(metric, &BatchOf::<M>::random(5, 40, device));
            let (other, _) = evaluate(metric, &BatchOf::<M>::random(5, 40, &autodiff));
            expect(agree(&plain, &other), (plain, other))
        }
    }
    for_all::<Autodiff>();

    let (_, device) = devices().remove(0);
    let scores = Tensor::<2>::ones([4, OUTPUTS], &device.autodiff()).require_grad();
    let loss = scores.clone() * 2.0;
    let batch = Regression::multi_output(loss.clone(), scores.clone()).unwrap();
    assert!(!batch.device().is_autodiff());
    evaluate(&MeanSquaredError::new(), &batch).0.unwrap();
    // The graph is the caller's and still whole.
    let gradients = loss.sum().backward();
    assert_eq!(
        scores.grad(&gradients).unwrap().sum().into_scalar::<f32>(),
        16.0
    );
}

// --- options ---------------------------------------------------------------------------------

/// That a metric of these options says so, by itself and in a collection, and does not panic.
fn refuses_options<M: Metric>(metric: M, batch: &BatchOf<M>) {
    let error = metric.state().update(batch).unwrap_err();
    let MetricError::InvalidOption(what) = error else {
        panic!("{error}");
    };
    let mut collection = MetricCollection::new().named("it", metric);
    let named = MetricError::InvalidOption(format!("`it`: {what}"));
    assert_eq!(collection.update(batch).unwrap_err(), named);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let (_, device) = devices().remove(0);
    let scores = Tensor::<2>::from_floats([[0.1, 0.9], [0.8, 0.2]], &device);
    let target = Tensor::<1, Int>::from_ints([1, 0], &device);
    let multiclass = Multiclass::from_scores(scores.clone(), target.clone()).unwrap();
    refuses_options(Accuracy::multiclass(0), &multiclass);
    refuses_options(Accuracy::multiclass(2).top_k(0), &multiclass);
    refuses_options(Accuracy::multiclass(2).top_k(3), &multiclass);
    refuses_options(ConfusionMatrix::multiclass(1 << 20), &multiclass);
    refuses_options(CalibrationError::multiclass(2).bins(0), &multiclass);
    refuses_options(CalibrationError::multiclass(0), &multiclass);
    refuses_options(Auroc::multiclass(0), &multiclass);
    let binary = Binary::from_labels(target.clone(), target).unwrap();
    refuses_options(Accuracy::binary().threshold(f32::NAN), &binary);
    refuses_options(Accuracy::binary().threshold(1.5), &binary);
    // Options of the metric alone, which its accumulator does not know; wrappers pass them on.
    let beta = || FBetaScore::binary().beta(-1.0);
    refuses_options(beta(), &binary);
    refuses_options(beta().bootstrap(9), &binary);
    refuses_options(beta().expr() + 1.0, &binary);
    refuses_options(Accuracy::binary().expr() - beta(), &binary);
    refuses_options(
        beta().on(&Task::new("same", |b: &Binary| Ok(b.clone()))),
        &binary,
    );
    refuses_options(Accuracy::binary().interval(1.5), &binary);
    refuses_options(Accuracy::binary().bootstrap(0), &binary);
    for thresholds in [
        Thresholds::Count(0),
        Thresholds::Count(1),
        Thresholds::List(vec![]),
        Thresholds::List(vec![0.5, f32::NAN]),
    ] {
        refuses_options(Auroc::multiclass(2).thresholds(thresholds), &multiclass);
    }
}

#[test]
fn rates_outside_of_0_to_1_are_refused() {
    let (_, device) = devices().remove(0);
    let scores = Tensor::<1>::from_floats([0.1, 0.9], &device);
    let target = Tensor::<1, Int>::from_ints([0, 1], &device);
    let batch = Binary::from_scores(scores, target).unwrap();
    for rate in [-0.1, 1.1, f64::NAN] {
        let values = [
            RecallAtFixedPrecision::binary()
                .min_precision(rate)
                .evaluate(&batch),
            PrecisionAtFixedRecall::binary()
                .min_recall(rate)
                .evaluate(&batch),
            SensitivityAtSpecificity::binary()
                .min_specificity(rate)
                .evaluate(&batch),
            SpecificityAtSensitivity::binary()
                .min_sensitivity(rate)
                .evaluate(&batch),
        ];
        for value in values {
            assert!(
                matches!(value, Err(MetricError::InvalidOption(_))),
                "{value:?}"
            );
        }
    }
}

#[test]
fn a_minimum_that_was_not_set_is_refused_by_the_first_batch() {
    let (_, device) = devices().remove(0);
    let batch = Binary::random(1, 8, &device);
    refuses_options(RecallAtFixedPrecision::binary(), &batch);
    refuses_options(PrecisionAtFixedRecall::binary(), &batch);
    refuses_options(SensitivityAtSpecificity::binary(), &batch);
    refuses_options(SpecificityAtSensitivity::binary(), &batch);
    let value = RecallAtFixedPrecision::binary().state().compute();
    assert!(matches!(value, Err(MetricError::InvalidOption(_))));
}

#[test]
fn an_equal_error_rate_has_no_weighted_average() {
    let (_, device) = devices().remove(0);
    let scores = Tensor::<2>::from_floats([[0.1, 0.9], [0.8, 0.2]], &device);
    let target = Tensor::<1, Int>::from_ints([1, 0], &device);
    let batch = Multiclass::from_scores(scores, target).unwrap();
    let value = Eer::multiclass(2)
        .average(Average::Weighted)
        .evaluate(&batch);
    assert!(matches!(value, Err(MetricError::InvalidOption(_))));
}

/// 9 of 10 negatives are false positives: the specificity is 0.1, which `1 - 0.9` is not.
#[test]
fn a_specificity_is_a_quotient_of_counts() {
    let (_, device) = devices().remove(0);
    let scores = [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.1, 0.5];
    let target = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let scores = Tensor::<1>::from_floats(scores, &device);
    let target = Tensor::<1, Int>::from_ints(target, &device);
    let batch = Binary::from_scores(scores, target).unwrap();
    let metric = SensitivityAtSpecificity::binary().min_specificity(0.1);
    let value = metric.evaluate(&batch).unwrap();
    let points = value.operating_points().unwrap();
    assert_eq!(
        (&*points.values, &*points.thresholds),
        (&[1.0][..], &[0.5][..])
    );
}

#[cfg(feature = "ndarray")]
#[test]
fn tensors_of_two_devices_are_refused() {
    let all = devices();
    let (one, two) = (&all[0].1, &all[1].1);
    let scores = Tensor::<2>::ones([3, 2], one);
    let error = Multiclass::from_scores(scores, Tensor::zeros([3], two)).unwrap_err();
    assert!(
        matches!(error, MetricError::DeviceMismatch { .. }),
        "{error}"
    );
    assert!(Regression::new(Tensor::<1>::ones([3], one), Tensor::ones([3], two)).is_err());
}

#[test]
fn a_metric_added_too_late_is_refused() {
    let (_, device) = devices().remove(0);
    let labels = Tensor::<1, Int>::from_ints([1, 0], &device);
    let batch = Multiclass::from_labels(labels.clone(), labels).unwrap();
    let mut metrics = MetricCollection::new().with(Accuracy::multiclass(2));
    metrics.update(&batch).unwrap();
    // Its state counts margins only, and the matrix of the first batch is gone.
    let mut metrics = metrics.with(ConfusionMatrix::multiclass(2));
    assert!(metrics.compute().is_err());
}

#[test]
fn a_panicking_metric_breaks_the_collection_until_a_reset() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let (_, device) = devices().remove(0);
    let labels = Tensor::<1, Int>::from_ints([1, 0], &device);
    let batch = Multiclass::from_labels(labels.clone(), labels).unwrap();
    let failing = custom_metric(
        "failing",
        1,
        |_: &Multiclass| panic!("a user's mistake"),
        |_: &[f64]| Ok(Value::Scalar(1.0)),
    );
    let mut metrics = MetricCollection::new()
        .with(Accuracy::multiclass(2))
        .with(failing);
    let update = catch_unwind(AssertUnwindSafe(|| metrics.update(&batch)));
    assert!(update.is_err());
    assert!(
        metrics
            .compute()
            .unwrap_err()
            .to_string()
            .contains("panicked")
    );
    metrics.reset();
    assert!(metrics.compute().is_ok());
}

#[test]
fn eager_validation_names_the_labels() {
    for (name, device) in devices() {
        let ints = |labels: &[i32]| Tensor::<1, Int>::from_data(labels, (&device, DType::I32));
        let scores = Tensor::<2>::ones([3, 3], (&device, DType::F32));
        let of_scores = Multiclass::from_scores(scores, ints(&[0, 7, 2])).unwrap();
        let of_labels = Multiclass::from_labels(ints(&[0, 1, 9]), ints(&[0, -3, 2])).unwrap();
        let decisions = Binary::from_labels(ints(&[0, 1, 1]), ints(&[0, 1, 2])).unwrap();
        let eager = |error: Result<(), MetricError>, text: &str| {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(text), "{name}: {error}");
            assert!(error.contains("ignore_index"), "{name}: {error}");
        };
        let of_three = || Accuracy::multiclass(3);
        let state = || of_three().state().validation(Validation::Eager);
        let targets = "the targets of the batch are 0 to 7, of 3 labels (0 to 2)";
        eager(state().update(&of_scores), targets);
        let mut metrics = MetricCollection::new().with(of_three());
        metrics = metrics.validation(Validation::Eager);
        eager(metrics.update(&of_scores), targets);
        let both =
            "the targets of the batch are -3 to 2, the predicted labels of the batch are 0 to 9";
        eager(state().update(&of_labels), both);
        let mut binary = Accuracy::binary().state().validation(Validation::Eager);
        eager(
            binary.update(&decisions),
            "are 0 to 2, the predicted labels of the batch are 0 to 1, of 2",
        );
        // Otherwise nothing more is read than the state.
        let error = of_three().evaluate(&of_scores).unwrap_err().to_string();
        assert!(
            !error.contains("the targets of the batch"),
            "{name}: {error}"
        );
    }
}
