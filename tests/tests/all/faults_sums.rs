//! Sums, sizes and states that someone found wrong: right values, or an error that names what is wrong.

use burn::tensor::{DType, Device, Int, Tensor};
use metrics_core::{
    Batch, CollectionSummary, Metric, MetricCollection, MetricError, MetricReport, MetricState,
    Rejected, Summary, SummaryOf, Validation, Value,
    batch::{
        Binary, Ensemble, Grouped, Multiclass, Multilabel, Observations, Regression, TwoSamples,
        Values,
    },
    custom_metric,
    intervals::PoissonBootstrap,
    prelude::*,
    wrappers::{MinMax, Multioutput, Running, Task, Tracker},
};
use metrics_tests::{devices, metrics::Visitor, samples::Sample};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::goldens::all_metrics;

fn json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn labels(n: usize, device: &Device) -> Multiclass {
    let labels = Tensor::<1, Int>::ones([n], (device, DType::I32));
    Multiclass::from_labels(labels.clone(), labels).unwrap()
}

// --- interrupted collections -----------------------------------------------------------------

#[test]
fn an_interrupted_collection_refuses_everything_but_reset() {
    for (name, device) in devices() {
        // Panics at a batch of 13 elements.
        let failing = custom_metric(
            "failing",
            1,
            |batch: &Multiclass| {
                assert_ne!(batch.count_bound(), 13, "a user's mistake");
                batch.target().clone().float().sum()
            },
            |sums: &[f64]| Ok(sums[0].into()),
        );
        let mut metrics = MetricCollection::new()
            .with(StatScores::multiclass(3).average(Average::Micro))
            .with(failing);
        let mut other = metrics.fresh();
        other.update(&labels(20, &device)).unwrap();
        let saved = other.summary().unwrap();
        metrics.update(&labels(20, &device)).unwrap();
        let broken = labels(13, &device);
        assert!(catch_unwind(AssertUnwindSafe(|| metrics.update(&broken))).is_err());
        let interrupted = |result: Result<(), MetricError>, what: &str| {
            assert_eq!(result, Err(MetricError::Interrupted), "{name}: {what}");
        };
        for _ in 0..2 {
            interrupted(metrics.merge(&saved), "merge");
            interrupted(metrics.absorb(&mut other), "absorb");
            interrupted(other.absorb(&mut metrics), "absorb of it");
            interrupted(metrics.compute().map(|_| ()), "compute");
            interrupted(metrics.update(&labels(2, &device)), "update");
            interrupted(metrics.forward(&labels(2, &device)).map(|_| ()), "forward");
            interrupted(metrics.summary().map(|_| ()), "summary");
            interrupted(metrics.clone().compute().map(|_| ()), "clone");
        }
        metrics.reset();
        metrics.merge(&saved).unwrap();
        assert_eq!(metrics.compute().unwrap().scalar("failing"), Some(20.0));
    }
}

#[test]
fn an_interrupted_state_of_one_metric_refuses_everything_but_reset() {
    for (_, device) in devices() {
        let failing = custom_metric(
            "failing",
            1,
            |batch: &Values| {
                assert_ne!(batch.count_bound(), 3, "a user's mistake");
                batch.values().clone().sum()
            },
            |sums: &[f64]| Ok(sums[0].into()),
        );
        let values = |n: usize| Values::new(Tensor::<1>::ones([n], &device));
        let mut state = failing.state();
        state.update(&values(2)).unwrap();
        let summary = state.summary().unwrap().clone();
        let broken = values(3);
        assert!(catch_unwind(AssertUnwindSafe(|| state.update(&broken))).is_err());
        let error = Some(MetricError::Interrupted);
        assert_eq!(state.merge(&summary).err(), error);
        assert_eq!(state.update(&values(1)).err(), error);
        assert_eq!(state.compute().err(), error);
        assert_eq!(state.summary().err(), error);
        assert_eq!(state.save().err(), error);
        let mut window = Running::new(failing.state(), 2);
        window.update(&values(1)).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| window.update(&broken))).is_err());
        assert_eq!(window.compute().unwrap().scalar(), Some(1.0));
        state.reset();
        state.merge(&summary).unwrap();
        assert_eq!(state.compute().unwrap().scalar(), Some(2.0));
    }
}

// --- dimensions of 0 -------------------------------------------------------------------------

/// Every batch constructor on shapes with a 0 in every place.
#[test]
fn dimensions_of_zero_make_an_empty_batch_or_an_error_that_names_the_shape() {
    for (name, device) in devices() {
        let floats2 = |shape: [usize; 2]| Tensor::<2>::zeros(shape, (&device, DType::F32));
        let floats3 = |shape: [usize; 3]| Tensor::<3>::zeros(shape, (&device, DType::F32));
        let ints1 = |n: usize| Tensor::<1, Int>::zeros([n], (&device, DType::I32));
        let ints2 = |shape: [usize; 2]| Tensor::<2, Int>::zeros(shape, (&device, DType::I32));
        let ints3 = |shape: [usize; 3]| Tensor::<3, Int>::zeros(shape, (&device, DType::I32));
        for shape in [[2, 0], [0, 2], [0, 0]] {
            let weights = || Tensor::<1>::ones([shape[0]], (&device, DType::F32));
            let empty = floats2(shape);
            let (f, i) = (|| floats2(shape), || ints2(shape));
            binary(Binary::from_scores(f(), i()).unwrap().with_weights(f()));
            binary(Binary::from_labels(i(), i()).unwrap().with_weights(f()));
            let decisions = || Binary::from_scores(f(), i()).unwrap();
            nothing(
                GroupStatRates::new(2),
                Grouped::new(decisions(), i()).unwrap().with_weights(f()),
            );
            for batch in [
                Multilabel::from_scores(f(), i()),
                Multilabel::from_labels(i(), i()),
                Multilabel::from_dense(f(), i()),
                Multilabel::from_dense_labels(i(), i()),
            ] {
                let batch = batch.unwrap().with_weights(weights());
                nothing(Accuracy::multilabel(2), batch.clone());
                nothing(Auroc::multilabel(2), batch);
            }
            for batch in [
                Multiclass::from_scores(f(), ints1(shape[0])),
                Multiclass::from_dense(f(), ints1(shape[0])),
            ] {
                let batch = batch.unwrap().with_weights(weights());
                nothing(Accuracy::multiclass(3), batch.clone());
                nothing(Perplexity::new(), batch);
            }
            nothing(
                Accuracy::multiclass(3),
                Multiclass::from_labels(i(), i()).unwrap().with_weights(f()),
            );
            let pairs = Regression::new(f(), f()).unwrap();
            nothing(MeanSquaredError::new(), pairs.clone().with_weights(f()));
            let grades = Accuracy::binary().on(&Task::binary_target(0.5));
            nothing(grades.clone(), pairs.with_weights(f()));
            let pairs = Regression::multi_output(f(), f()).unwrap();
            nothing(grades, pairs.clone().with_weights(weights()));
            nothing(R2Score::new(), pairs.clone().with_weights(weights()));
            nothing(
                R2Score::new().outputs(2),
                pairs.clone().with_weights(weights()),
            );
            nothing(
                CosineSimilarity::new(),
                pairs.clone().with_weights(weights()),
            );
            nothing(SpearmanCorrCoef::new().outputs(2), Ok(pairs.clone()));
            nothing(Multioutput::new(MeanSquaredError::new(), 2), Ok(pairs));
            let ensemble = Ensemble::new(f(), Tensor::zeros([shape[0]], (&device, DType::F32)));
            nothing(
                ContinuousRankedProbabilityScore::new(),
                ensemble.and_then(|batch| batch.with_weights(weights())),
            );
            nothing(
                Covariance::new(2),
                Observations::new(f()).with_weights(weights()),
            );
            let samples = TwoSamples::new(f(), f()).and_then(|both| both.with_x_weights(f()));
            nothing(
                Wasserstein1D::new(),
                samples.and_then(|both| both.with_y_weights(f())),
            );
            nothing(RetrievalMap::new(), Documents::new(f(), i(), i()));
            nothing(RetrievalMap::new(), Documents::by_query(f(), f()));
            nothing(RandScore::new(), Labelings::new(i(), i()));
            nothing(MeanIoU::new(2), Masks::from_labels(i(), i()));
            nothing(HausdorffDistance::new(2), Masks::from_labels(i(), i()));
            nothing(MeanIoU::new(2).samplewise(), Masks::from_one_hot(i(), i()));
            if shape[0] == 0 {
                nothing(
                    SilhouetteScore::new(),
                    Clustered::new(f(), Tensor::zeros([shape[0]], (&device, DType::I32))),
                );
            }
            nothing(Mean::new(), Values::weighted(f(), f()));
            nothing(Cat::new(), Ok(Values::new(empty)));
        }
        for shape in [[2, 3, 0], [2, 0, 3], [0, 2, 3], [2, 0, 0]] {
            let [b, t, v] = shape;
            let (f, i) = (|| floats3(shape), || ints3(shape));
            binary(Binary::from_scores(f(), i()));
            nothing(
                Accuracy::multilabel(t.max(1)),
                Multilabel::from_dense(f(), i()),
            );
            let masks = Masks::from_one_hot(i(), i());
            nothing(DiceScore::new(t.max(1)), masks.clone());
            nothing(BoundaryIoU::new(t.max(1)), masks);
            let scores = Masks::from_scores(f(), ints2([b, v]));
            nothing(GeneralizedDiceScore::new(t.max(2)), scores);
            nothing(AverageSurfaceDistance::new(2), Masks::from_labels(i(), i()));
            let labels = Multilabel::from_dense_labels(i(), i());
            nothing(Accuracy::multilabel(t.max(1)).samplewise(), labels);
            let dense = Multiclass::from_dense(f(), ints2([b, v])).unwrap();
            let weights = Tensor::<2>::ones([b, v], (&device, DType::F32));
            nothing(
                Accuracy::multiclass(t.max(2)),
                dense.clone().with_weights(weights),
            );
            nothing(ExactMatch::multiclass(t.max(2)), Ok(dense.clone()));
            nothing(Accuracy::multiclass(t.max(2)).samplewise(), Ok(dense));
            let tokens = Multiclass::from_tokens(f(), ints2([b, t]));
            nothing(Perplexity::new(), tokens);
            nothing(MeanAbsoluteError::new(), Regression::new(f(), f()));
        }
        println!("{name}");
    }
}

fn binary(batch: Result<Binary, MetricError>) {
    nothing(Accuracy::binary(), batch.clone());
    nothing(Auroc::binary(), batch.clone());
    nothing(BrierScore::binary(), batch);
}

/// The metric has no value of a batch without data, and says why.
fn nothing<M: Metric>(metric: M, batch: Result<metrics_core::BatchOf<M>, MetricError>) {
    let name = metric.name();
    match batch.and_then(|batch| metric.evaluate(&batch)) {
        Err(MetricError::Empty { .. } | MetricError::TooFew { .. }) => {}
        // The errors that name the shape, or what is missing in it.
        Err(MetricError::WidthMismatch { .. } | MetricError::ShapeMismatch { .. }) => {}
        Err(MetricError::ScoresRequired { .. }) => {}
        Err(MetricError::InvalidOption(text)) if text.contains("of 0 members") => {}
        Err(MetricError::InvalidOption(text)) if text.contains("over no classes") => {}
        Ok(Value::List(values)) if values.is_empty() => {}
        other => panic!("{name}: {other:?}"),
    }
}

// --- options that ask for too much -----------------------------------------------------------

#[test]
fn options_too_large_are_refused_before_anything_is_allocated() {
    // Nothing of this may be tried: each asks for more memory than there is.
    const HUGE: [usize; 3] = [1 << 31, 1 << 62, usize::MAX];
    for huge in HUGE {
        too_large(Specificity::multiclass(huge), "classes");
        too_large(ConfusionMatrix::multiclass(huge), "classes");
        too_large(CohenKappa::multiclass(40_000), "classes");
        too_large(Accuracy::multiclass(huge).samplewise(), "classes");
        too_large(F1Score::multilabel(huge), "labels");
        too_large(F1Score::multilabel(huge).samplewise(), "labels");
        too_large(CalibrationError::binary().bins(huge), "bins");
        too_large(ReliabilityDiagram::multiclass(3).bins(huge), "bins");
        too_large(BrierScore::multilabel(huge), "sums");
        too_large(BrierScore::binary().decomposition(huge), "bins");
        too_large(BrierScore::multiclass(3).decomposition(huge), "bins");
        too_large(BrierScore::multilabel(huge).decomposition(10), "bins");
        too_large(HingeLoss::multiclass(huge).one_vs_all(), "sums");
        too_large(NormalizedEntropy::multilabel(huge), "sums");
        too_large(GroupStatRates::new(huge), "groups");
        for thresholds in [Thresholds::Count(huge), Thresholds::Octaves(huge)] {
            let roc = Roc::binary().thresholds(thresholds.clone());
            too_large(roc, "thresholds");
            too_large(Auroc::multilabel(7).thresholds(thresholds), "thresholds");
        }
        let wide = AveragePrecision::multiclass(huge).thresholds(Thresholds::Count(100));
        too_large(wide, "thresholds");
        too_large(MeanSquaredError::new().outputs(huge), "outputs");
        too_large(R2Score::new().outputs(huge), "outputs");
        too_large(PearsonCorrCoef::new().outputs(huge), "outputs");
        too_large(SpearmanCorrCoef::new().outputs(huge), "outputs");
        too_large(LogCoshError::new().outputs(huge), "outputs");
        too_large(Multioutput::new(MeanSquaredError::new(), huge), "outputs");
        too_large(Covariance::new(huge), "variables");
        let sums = custom_metric(
            "sums",
            huge,
            |b: &Values| b.values().clone(),
            |_| Ok(0.0.into()),
        );
        too_large(sums, "sums");
        let many = F1Score::binary().bootstrap(huge);
        let refused = many.state().compute().unwrap_err().to_string();
        assert!(refused.contains("ask for at most"), "{refused}");
        let refused = MetricCollection::new().with(many).compute().unwrap_err();
        assert!(refused.to_string().contains("replicates"), "{refused}");
        let refused = PoissonBootstrap::new(Mean::new(), huge).unwrap_err();
        assert!(refused.to_string().contains("replicates"), "{refused}");
        let k = Accuracy::multiclass(5).top_k(huge);
        assert!(matches!(
            k.state().compute(),
            Err(MetricError::InvalidOption(_))
        ));
        // A window grows with the updates.
        Running::new(Mean::new().state(), huge);
    }
    // As large as may be.
    assert!(ConfusionMatrix::multiclass(32_768).accumulator_is_valid());
}

/// Whether a metric's options are valid.
trait Valid: Metric {
    fn accumulator_is_valid(&self) -> bool {
        metrics_core::Accumulator::validate(&self.accumulator()).is_ok()
    }
}

impl<M: Metric> Valid for M {}

fn too_large<M: Metric>(metric: M, unit: &str) {
    let name = metric.name();
    let told = |error: MetricError| {
        let text = error.to_string();
        let words = ["bytes", "4294967296", "ask for at most", unit];
        let missing = words.iter().find(|word| !text.contains(**word));
        assert_eq!(missing, None, "{name}: {text}");
    };
    let mut state = metric.state();
    told(state.compute().unwrap_err());
    told(state.summary().unwrap_err());
    let empty: SummaryOf<M> = metrics_core::Accumulator::empty(&metric.accumulator());
    told(state.merge(&empty).unwrap_err());
    let mut metrics = MetricCollection::new().with(metric);
    told(metrics.compute().unwrap_err());
    assert_eq!(metrics.state_count(), 0);
}

// --- counts near 2^64 ------------------------------------------------------------------------

#[test]
fn a_state_merged_until_its_counts_overflow_is_an_error() {
    let mut visitor = Merged(0);
    all_metrics(&mut visitor);
    assert!(visitor.0 > 50, "{} metrics count", visitor.0);
}

struct Merged(usize);

impl Visitor for Merged {
    fn visit<M: Metric>(&mut self, metric: M)
    where
        metrics_core::BatchOf<M>: Sample,
    {
        let (_, device) = devices().remove(0);
        let mut state = metric.state().validation(Validation::Ignore);
        state.update(&Sample::random(7, 60, &device)).unwrap();
        let mut summary = state.summary().unwrap().clone();
        let lists = serde_json::to_string(&summary).unwrap().len();
        if summary.counted() == 0 || lists > 20_000 {
            return;
        }
        // Lists double, too: only summaries without one can be merged as often as it takes.
        let mut doubled = summary.clone();
        doubled.merge(&summary).unwrap();
        if serde_json::to_string(&doubled).unwrap().len() > lists + lists / 4 {
            return;
        }
        self.0 += 1;
        let name = metric.name();
        for _ in 0..66 {
            let before = summary.clone();
            match summary.merge(&before) {
                Ok(()) => {}
                Err(error) => {
                    assert!(
                        matches!(error, MetricError::TooManyElements { .. }),
                        "{name}"
                    );
                    assert_eq!(summary.counted(), before.counted(), "{name}: changed");
                    let mut collection = MetricCollection::new().with(metric.clone());
                    collection = collection.validation(Validation::Ignore);
                    collection.update(&Sample::random(7, 60, &device)).unwrap();
                    // What there is has its value still, whatever the sums of its counters.
                    let mut state = metric.state().validation(Validation::Ignore);
                    state.merge(&summary).unwrap();
                    state.compute().ok();
                    assert!(state.merge(&summary).is_err(), "{name}");
                    return;
                }
            }
        }
        panic!("{name} counts beyond 2^63");
    }
}

#[test]
fn an_altered_file_with_counts_near_the_end_is_refused_and_changes_nothing() {
    let (_, device) = devices().remove(0);
    let mut metrics = MetricCollection::new()
        .with(Recall::multiclass(3))
        .with(CohenKappa::multiclass(3))
        .with(CalibrationError::multiclass(3));
    let scores = Tensor::<2>::from_data(
        [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]],
        (&device, DType::F32),
    );
    let target = Tensor::<1, Int>::from_data([0, 2], (&device, DType::I32));
    metrics
        .update(&Multiclass::from_scores(scores, target).unwrap())
        .unwrap();
    let before = metrics.compute().unwrap();
    let text = serde_json::to_string(&metrics.summary().unwrap()).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    // The last of the states is altered: those before it must not have been merged when it fails.
    let states = file["states"].as_array_mut().unwrap();
    let last = states.last_mut().unwrap();
    last["summary"]["tally"]["counts"][0] = serde_json::json!(u64::MAX);
    last["summary"]["tally"]["counts"][1] = serde_json::json!(u64::MAX);
    let altered: CollectionSummary = serde_json::from_value(file).unwrap();
    let error = metrics.merge(&altered).unwrap_err();
    assert!(
        matches!(error, MetricError::TooManyElements { .. }),
        "{error}"
    );
    assert_eq!(metrics.compute().unwrap(), before);
}

#[test]
fn rejected_elements_stop_at_the_largest_count() {
    let most = Rejected {
        nan: u64::MAX,
        invalid_targets: 5,
        ..Rejected::default()
    };
    let mut both = most;
    both.merge(&most);
    assert_eq!((both.nan, both.invalid_targets), (u64::MAX, 10));
    assert_eq!(both.invalid(), u64::MAX);
}

// --- values and states as files --------------------------------------------------------------

/// Every value of every metric, of data with and without what is invalid, and of next to no data.
#[test]
fn every_value_and_every_state_survives_json() {
    all_metrics(&mut Saved);
}

struct Saved;

impl Visitor for Saved {
    fn visit<M: Metric>(&mut self, metric: M)
    where
        metrics_core::BatchOf<M>: Sample,
    {
        let (_, device) = devices().remove(0);
        for (seed, rows) in [(1, 40), (2, 1), (3, 2), (4, 3), (5, 7)] {
            let mut metrics = MetricCollection::new().with(metric.clone());
            metrics = metrics.validation(Validation::Ignore);
            metrics
                .update(&Sample::random(seed, rows, &device))
                .unwrap();
            let report = metrics.compute().unwrap();
            same_text(&report, &json(&report));
            let summary = metrics.summary().unwrap();
            let mut again = metrics.fresh();
            again.merge(&json(&summary)).unwrap();
            same_text(&report, &again.compute().unwrap());
        }
    }
}

/// Equal, NaN and all.
fn same_text(ours: &MetricReport, theirs: &MetricReport) {
    assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
}

#[test]
fn values_of_every_kind_with_nan_and_infinity_in_every_field_survive_json() {
    use metrics_core::{
        Criterion, Curve, Disparity, Estimate, Matrix, OperatingPoints, ReliabilityBin, Support,
        states::ClassCounts,
    };
    for x in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        f64::MIN_POSITIVE / 8.0,
    ] {
        let list = || vec![x, 1.0, x];
        let matrix = || Matrix {
            rows: 1,
            cols: 3,
            data: list(),
            normalized: true,
        };
        let values = [
            Value::Scalar(x),
            Value::Estimate(Estimate {
                value: x,
                lower: x,
                upper: x,
            }),
            Value::PerClass(list()),
            Value::Matrix(matrix()),
            Value::Matrices(vec![matrix()]),
            Value::Table(matrix()),
            Value::Tables(vec![matrix()]),
            Value::Curves(vec![Curve {
                x_name: "x".into(),
                y_name: "y".into(),
                x: list(),
                y: list(),
                thresholds: list(),
                support: Some(Support {
                    positives: x,
                    negatives: x,
                }),
            }]),
            Value::OperatingPoints(OperatingPoints {
                values: list(),
                thresholds: list(),
            }),
            Value::Reliability(vec![ReliabilityBin {
                lower: x,
                upper: x,
                count: x,
                confidence: x,
                accuracy: x,
            }]),
            Value::StatScores(vec![ClassCounts {
                tp: x,
                fp: x,
                tn: x,
                fn_: x,
            }]),
            Value::Disparities(vec![Disparity {
                criterion: Criterion::EqualOpportunity,
                groups: None,
                ratio: x,
            }]),
            Value::List(list()),
            Value::of_fields([("a", x), ("b", x)]),
        ];
        for value in values {
            assert_eq!(format!("{:?}", json(&value)), format!("{value:?}"));
        }
    }
}

#[test]
fn group_rates_of_an_empty_group_survive_json() {
    for (_, device) in devices() {
        let ints = |values: [i32; 3]| Tensor::<1, Int>::from_data(values, (&device, DType::I32));
        let decisions = Binary::from_labels(ints([0, 1, 1]), ints([0, 1, 0])).unwrap();
        let batch = Grouped::new(decisions, ints([0, 0, 2])).unwrap();
        let value = GroupStatRates::new(3).evaluate(&batch).unwrap();
        let text = serde_json::to_string(&value).unwrap();
        assert!(text.contains("NaN"), "{text}");
        assert_eq!(format!("{:?}", json(&value)), format!("{value:?}"));
    }
}

// --- wrappers as files -----------------------------------------------------------------------

fn value(x: f32, device: &Device) -> Values {
    Values::new(Tensor::<1>::from_data([x], (device, DType::F32)))
}

#[test]
fn extremes_go_on_after_they_were_saved() {
    for (_, device) in devices() {
        let mut before = MinMax::new(Mean::new());
        for epoch in [3.0, 1.0, 2.0] {
            before.update(&value(epoch, &device)).unwrap();
            before.compute().unwrap();
            before.reset();
        }
        before.update(&value(7.0, &device)).unwrap();
        let mut after = MinMax::new(Mean::new());
        after.update(&value(-50.0, &device)).unwrap();
        after.compute().unwrap();
        after.restore(&json(&before.save().unwrap())).unwrap();
        after.update(&value(4.0, &device)).unwrap();
        let found = after.compute().unwrap();
        assert_eq!((found.raw, found.min, found.max), (5.5, 1.0, 5.5));
        // Without a value, both are NaN, also in a file.
        let none = MinMax::new(Mean::new()).save().unwrap();
        after.restore(&json(&none)).unwrap();
        after.update(&value(2.0, &device)).unwrap();
        assert_eq!(after.compute().unwrap().max, 2.0);
        // A file of other options is refused, and changes nothing.
        let mut other = MinMax::new(Mean::new().nan_strategy(NanStrategy::Ignore));
        let saved = other.save().unwrap();
        let refused = after.restore(&saved).unwrap_err();
        assert!(
            matches!(refused, MetricError::MergeMismatch { .. }),
            "{refused}"
        );
        assert_eq!(after.compute().unwrap().max, 2.0);
    }
}

#[test]
fn windows_go_on_after_they_were_saved() {
    for (_, device) in devices() {
        let mut before = Running::new(Sum::new().state(), 3);
        let collection = || MetricCollection::new().with(Sum::new()).with(Max::new());
        let mut both = Running::new(collection(), 3);
        for x in [1.0, 2.0, 3.0, 4.0] {
            before.update(&value(x, &device)).unwrap();
            both.update(&value(x, &device)).unwrap();
        }
        let mut after = Running::new(Sum::new().state(), 3);
        after.restore(&json(&before.save().unwrap())).unwrap();
        after.update(&value(10.0, &device)).unwrap();
        assert_eq!(after.compute().unwrap().scalar(), Some(17.0));
        let mut again = Running::new(collection(), 2);
        again.restore(&json(&both.save().unwrap())).unwrap();
        assert_eq!(again.len(), 2);
        let report = again.compute().unwrap();
        assert_eq!(
            (report.scalar("sum"), report.scalar("max")),
            (Some(7.0), Some(4.0))
        );
        let saved = Running::new(Sum::new().nan_strategy(NanStrategy::Ignore).state(), 3).save();
        after.restore(&saved.unwrap()).unwrap();
        assert!(after.is_empty());
    }
}

#[test]
fn trackers_and_bootstraps_go_on_after_they_were_saved() {
    let (_, device) = devices().remove(0);
    let mut metrics = MetricCollection::new().with(Mean::new());
    let mut tracker = Tracker::new(metrics.metrics());
    for x in [2.0, f32::INFINITY] {
        metrics.update(&value(x, &device)).unwrap();
        tracker.push(metrics.compute().unwrap());
        metrics.reset();
    }
    assert_eq!(json(&tracker), tracker);
    let new = || PoissonBootstrap::new(Mean::new(), 20).unwrap().seed(9);
    let (mut whole, mut first, mut second) = (new(), new(), new().seed(1));
    for (i, x) in [1.0, 2.0, 5.0, 9.0].into_iter().enumerate() {
        whole.update(&value(x, &device)).unwrap();
        if i < 2 {
            first.update(&value(x, &device)).unwrap();
        } else {
            if i == 2 {
                second.restore(&json(&first.save().unwrap())).unwrap();
            }
            second.update(&value(x, &device)).unwrap();
        }
    }
    assert_eq!(whole.replicates().unwrap(), second.replicates().unwrap());
    let mut other = PoissonBootstrap::new(Mean::new(), 21).unwrap();
    let refused = other.restore(&first.save().unwrap()).unwrap_err();
    assert!(
        matches!(refused, MetricError::MergeMismatch { .. }),
        "{refused}"
    );
}

#[test]
fn a_saved_metric_knows_its_options() {
    let (_, device) = devices().remove(0);
    let mut state = Mean::new().state();
    state.update(&value(3.0, &device)).unwrap();
    let saved = json(&state.save().unwrap());
    let mut same = Mean::new().state();
    same.restore(&saved).unwrap();
    assert_eq!(same.compute().unwrap().scalar(), Some(3.0));
    let mut other: MetricState<Mean> = Mean::new().nan_strategy(NanStrategy::Ignore).state();
    let refused = other.restore(&saved).unwrap_err();
    assert!(
        matches!(refused, MetricError::MergeMismatch { .. }),
        "{refused}"
    );
}

// --- defaults over several outputs -----------------------------------------------------------

fn rows<const N: usize>(pred: [[f32; 2]; N], target: [[f32; 2]; N], device: &Device) -> Regression {
    let floats = |rows| Tensor::<2>::from_data(rows, (device, DType::F32));
    Regression::multi_output(floats(pred), floats(target)).unwrap()
}

/// Scikit-learn 1.7 `r2_score(target, pred)` is -1: the mean of -3 and 1.
#[test]
fn scores_of_several_outputs_are_their_mean_by_default() {
    for (name, device) in devices() {
        let pred = [[3.0, 100.0], [2.0, 200.0], [1.0, 300.0]];
        let target = [[1.0, 100.0], [2.0, 200.0], [3.0, 300.0]];
        let batch = rows(pred, target, &device);
        let value = |metric: R2Score| metric.evaluate(&batch).unwrap();
        assert_eq!(value(R2Score::new()).scalar(), Some(-1.0), "{name}");
        let raw = value(R2Score::new().multioutput(MultiOutput::RawValues));
        assert_eq!(raw.per_class(), Some([-3.0, 1.0].as_slice()), "{name}");
        let explained = ExplainedVariance::new().evaluate(&batch).unwrap();
        assert_eq!(explained.scalar(), Some(-1.0), "{name}");
        let relative = RelativeSquaredError::new().evaluate(&batch).unwrap();
        assert_eq!(relative.scalar(), Some(2.0), "{name}");
        // TorchMetrics' `num_outputs` of the plain errors is 1: they are over all elements.
        let squared = MeanSquaredError::new().evaluate(&batch).unwrap();
        assert_eq!(squared.scalar(), Some(8.0 / 6.0), "{name}");
        let absolute = MeanAbsoluteError::new().evaluate(&batch).unwrap();
        assert_eq!(absolute.scalar(), Some(4.0 / 6.0), "{name}");
        let one = Regression::new(batch.pred().clone(), batch.target().clone()).unwrap();
        assert!(R2Score::new().evaluate(&one).unwrap().scalar().unwrap() > 0.999);
    }
}

#[test]
fn outputs_are_those_of_the_batches_and_all_batches_must_agree() {
    for (name, device) in devices() {
        let two = rows([[1.0, 3.0], [2.0, 5.0]], [[1.0, 4.0], [3.0, 5.0]], &device);
        let column = |x: Tensor<2>| x.narrow(1, 0, 1);
        let one = Regression::new(column(two.pred().clone()), column(two.target().clone()));
        let one = one.unwrap();
        let metrics = || {
            MetricCollection::new()
                .with(R2Score::new())
                .with(ExplainedVariance::new())
        };
        let (mut all, mut first, mut second) = (metrics(), metrics(), metrics());
        for batch in [&two, &one] {
            all.update(batch).unwrap();
        }
        first.update(&two).unwrap();
        second.update(&one).unwrap();
        let report = all.compute().unwrap();
        for error in report.errors() {
            assert!(
                error.1.contains("of 1 and of 2 outputs"),
                "{name}: {error:?}"
            );
        }
        assert_eq!(report.errors().count(), 2, "{name}");
        // Also after it was saved, and in a merge.
        let mut again = metrics();
        again.merge(&json(&all.summary().unwrap())).unwrap();
        assert_eq!(again.compute().unwrap().errors().count(), 2, "{name}");
        let before = first.compute().unwrap();
        let refused = first.merge(&second.summary().unwrap()).unwrap_err();
        assert!(
            matches!(refused, MetricError::MergeMismatch { .. }),
            "{refused}"
        );
        assert_eq!(first.compute().unwrap(), before, "{name}");
        // A state without data takes any.
        let mut fresh = metrics();
        fresh.merge(&metrics().summary().unwrap()).unwrap();
        fresh.merge(&first.summary().unwrap()).unwrap();
        fresh.merge(&metrics().summary().unwrap()).unwrap();
        assert_eq!(fresh.compute().unwrap(), before, "{name}");
        let three = R2Score::new().outputs(3).evaluate(&two).unwrap_err();
        assert!(matches!(
            three,
            MetricError::WidthMismatch {
                expected: 3,
                found: 2,
                ..
            }
        ));
    }
}

/// Equal sinks of two states are one.
#[test]
fn moments_of_elements_and_of_single_outputs_are_computed_once() {
    for (name, device) in devices() {
        let floats = |x: [f32; 4]| Tensor::<1>::from_data(x, (&device, DType::F32));
        let batch = Regression::new(floats([1.0, 2.0, 4.0, 4.0]), floats([1.0, 3.0, 3.0, 5.0]));
        let batch = batch.unwrap();
        let mut both = MetricCollection::new()
            .with(R2Score::new())
            .with(MeanSquaredError::new())
            .with(PearsonCorrCoef::new())
            .with(ExplainedVariance::new());
        both.update(&batch).unwrap();
        both.update(&batch).unwrap();
        let report = both.compute().unwrap();
        for (metric, value) in [
            ("r2_score", R2Score::new().evaluate(&batch)),
            (
                "mean_squared_error",
                MeanSquaredError::new().evaluate(&batch),
            ),
            ("pearson_corr_coef", PearsonCorrCoef::new().evaluate(&batch)),
            (
                "explained_variance",
                ExplainedVariance::new().evaluate(&batch),
            ),
        ] {
            let (ours, alone) = (report.scalar(metric), value.unwrap().scalar());
            let error = (ours.unwrap() - alone.unwrap()).abs();
            assert!(error < 1e-6, "{name}: {metric} {ours:?} {alone:?}");
        }
    }
}
