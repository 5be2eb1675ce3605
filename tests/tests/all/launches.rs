//! How many kernels a step launches: one for all metrics of a batch.

use crate::process::alone;
use burn::tensor::{DType, Device, Int, Tensor};
use cubecl::logging::{LaunchObservation, LaunchObserver};
use metrics_core::prelude::*;
use metrics_tests::{
    devices, is_host,
    samples::{CLASSES, GROUPS, LABELS, Random, Sample},
};
use std::{
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
};

/// The kernels that one thread launches.
struct Launches {
    thread: ThreadId,
    names: Mutex<Vec<&'static str>>,
}

impl LaunchObserver for Launches {
    fn launched(&self, kernel: &'static str) {
        if thread::current().id() == self.thread {
            self.names.lock().unwrap().push(kernel);
        }
    }
}

/// The kernels that `f` launches on this thread.
pub fn launched(f: impl FnOnce()) -> Vec<&'static str> {
    let launches = Arc::new(Launches {
        thread: thread::current().id(),
        names: Mutex::default(),
    });
    let watching = LaunchObservation::new(launches.clone());
    f();
    drop(watching);
    let names = launches.names.lock().unwrap();
    names.clone()
}

/// Launches of a step after the first.
pub fn step<B: Sample>(metrics: MetricCollection<B>, rows: usize, device: &Device) -> usize {
    step_of(metrics, rows, |seed| B::random(seed, rows, device))
}

/// The same with batches of one's own.
fn step_of<B: Sample>(
    mut metrics: MetricCollection<B>,
    rows: usize,
    batch: impl Fn(u64) -> B,
) -> usize {
    metrics = metrics.validation(Validation::Ignore);
    for seed in 0..2 {
        metrics.update(&batch(seed)).unwrap();
    }
    count(&mut metrics, &batch(2), rows)
}

/// The same of batches with weights.
pub fn weighted_step<B: Sample>(
    metrics: MetricCollection<B>,
    rows: usize,
    device: &Device,
) -> usize {
    let weights = Tensor::full([rows], 0.5, device);
    let batch = |seed| (B::random(seed, rows, device).weighed(weights.clone())).unwrap();
    step_of(metrics, rows, batch)
}

fn count<B: Sample>(metrics: &mut MetricCollection<B>, batch: &B, rows: usize) -> usize {
    let names = launched(|| metrics.update(batch).unwrap());
    println!(
        "{} metrics, {rows} rows: {names:?}",
        metrics.metrics().len()
    );
    names.len()
}

/// Every device with kernels.
pub fn with_kernels() -> Vec<(&'static str, Device)> {
    let all = devices().into_iter();
    all.filter(|(name, _)| !is_host(name)).collect()
}

fn multiclass() -> MetricCollection<Multiclass> {
    MetricCollection::new()
        .with(Accuracy::multiclass(CLASSES).average(Average::Micro))
        .with(Precision::multiclass(CLASSES))
        .with(Recall::multiclass(CLASSES))
        .with(F1Score::multiclass(CLASSES))
        .with(Specificity::multiclass(CLASSES))
        .with(MatthewsCorrCoef::multiclass(CLASSES))
        .with(CohenKappa::multiclass(CLASSES))
        .with(Accuracy::multiclass(CLASSES).top_k(2))
        .with(NegativeLogLikelihood::new())
        .with(CalibrationError::multiclass(CLASSES))
}

#[test]
fn a_step_of_ten_multiclass_metrics_is_one_launch() {
    alone!(a_step_of_ten_multiclass_metrics_is_one_launch);
    for (name, device) in with_kernels() {
        let metrics = multiclass();
        assert_eq!((metrics.metrics().len(), metrics.state_count()), (10, 4));
        assert_eq!(step(metrics, 64, &device), 1, "{name}");
        // Several cubes: whether the scores are logits is decided first.
        assert_eq!(step(multiclass(), 20_000, &device), 2, "{name}");
        let with_curve = || multiclass().with(Auroc::multiclass(CLASSES));
        assert_eq!(step(with_curve(), 64, &device), 1, "{name}");
        assert_eq!(step(with_curve(), 20_000, &device), 2, "{name}");
    }
}

/// A batch whose samples have several positions each.
fn dense(seed: u64, samples: usize, positions: usize, device: &Device) -> Multiclass {
    let mut random = Random(seed);
    let shape = [samples, CLASSES, positions];
    let size: usize = shape.iter().product();
    let scores: Vec<f32> = (0..size)
        .map(|_| random.below(100) as f32 / 10.0 - 4.0)
        .collect();
    let target: Vec<i32> = (0..samples * positions)
        .map(|_| random.below(CLASSES) as i32)
        .collect();
    let scores = Tensor::<1>::from_data(scores.as_slice(), (device, DType::F32));
    let target = Tensor::<1, Int>::from_data(target.as_slice(), (device, DType::I32));
    let target = target.reshape([samples, positions]);
    Multiclass::from_dense::<3, 2>(scores.reshape(shape), target).unwrap()
}

#[test]
fn a_step_with_values_by_sample_is_one_launch() {
    alone!(a_step_with_values_by_sample_is_one_launch);
    let metrics = || {
        MetricCollection::new()
            .with(Accuracy::multiclass(CLASSES))
            .with(Accuracy::multiclass(CLASSES).samplewise())
            .with(F1Score::multiclass(CLASSES).samplewise())
            .with(ExactMatch::multiclass(CLASSES))
            .with(ExactMatch::multiclass(CLASSES).samplewise())
    };
    for (name, device) in with_kernels() {
        for (samples, positions) in [(8, 8), (40, 500)] {
            let batch = |seed| dense(seed, samples, positions, &device);
            let rows = samples * positions;
            assert_eq!(step_of(metrics(), rows, batch), 1, "{name}, {rows} rows");
        }
    }
}

#[test]
fn a_step_of_labels_by_sample_is_one_launch() {
    alone!(a_step_of_labels_by_sample_is_one_launch);
    for (name, device) in with_kernels() {
        for (samples, positions, launches) in [(8, 8, 1), (40, 500, 2)] {
            let rows = samples * positions;
            let batch = |seed| {
                let mut random = Random(seed);
                let shape = [samples, LABELS, positions];
                let mut below = |n: usize| -> Vec<i32> {
                    let size: usize = shape.iter().product();
                    (0..size).map(|_| random.below(n) as i32).collect()
                };
                let ints = |values: Vec<i32>| {
                    Tensor::<1, Int>::from_data(values.as_slice(), (&device, DType::I32))
                };
                let scores = ints(below(101)).float() / 100.0;
                let target = ints(below(2)).reshape(shape);
                Multilabel::from_dense(scores.reshape(shape), target).unwrap()
            };
            let metrics = MetricCollection::new()
                .with(Accuracy::multilabel(LABELS))
                .with(Accuracy::multilabel(LABELS).samplewise())
                .with(ExactMatch::multilabel(LABELS).samplewise());
            assert_eq!(step_of(metrics, rows, batch), launches, "{name}, {rows}");
        }
    }
}

/// Rows with weights.
fn weighted(seed: u64, rows: usize, device: &Device) -> Multiclass {
    let mut random = Random(seed);
    let mut arrays = Multiclass::arrays(&mut random, rows);
    let weights = random.array(&[rows], Random::weight);
    arrays.insert("weights".into(), weights);
    Multiclass::build(&arrays, device).unwrap()
}

#[test]
fn a_step_with_weights_is_one_launch() {
    alone!(a_step_with_weights_is_one_launch);
    for (name, device) in with_kernels() {
        for (rows, launches) in [(64, 1), (20_000, 2)] {
            let batch = |seed| weighted(seed, rows, &device);
            let found = step_of(multiclass(), rows, batch);
            assert_eq!(found, launches, "{name}, {rows} rows");
        }
        // Each by itself, of which only some ask what the scores are.
        let alone = |metrics: MetricCollection<Multiclass>, launches| {
            let batch = |seed| weighted(seed, 20_000, &device);
            let what = format!("{name}: {:?}", metrics.metrics());
            assert_eq!(step_of(metrics, 20_000, batch), launches, "{what}");
        };
        let one = MetricCollection::new;
        alone(one().with(ConfusionMatrix::multiclass(CLASSES)), 1);
        alone(one().with(Accuracy::multiclass(CLASSES)), 1);
        alone(one().with(NegativeLogLikelihood::new()), 1);
        alone(one().with(CalibrationError::multiclass(CLASSES)), 2);
        alone(one().with(BrierScore::multiclass(CLASSES)), 2);
        alone(one().with(HingeLoss::multiclass(CLASSES)), 2);
        alone(one().with(HingeLoss::multiclass(CLASSES).raw_scores()), 1);
        alone(one().with(HingeLoss::multiclass(CLASSES).one_vs_all()), 2);
        alone(one().with(Auroc::multiclass(CLASSES)), 2);
        let curve = Auroc::multiclass(CLASSES).thresholds(Thresholds::Count(20));
        alone(one().with(curve), 2);
    }
}

#[test]
fn a_step_of_all_sinks_of_rows_is_one_launch() {
    alone!(a_step_of_all_sinks_of_rows_is_one_launch);
    for (name, device) in with_kernels() {
        let metrics = || {
            multiclass()
                .with(ExactMatch::multiclass(CLASSES))
                .with(BrierScore::multiclass(CLASSES))
                .with(BrierScore::multiclass(CLASSES).decomposition(10))
                .with(HingeLoss::multiclass(CLASSES))
                .with(HingeLoss::multiclass(CLASSES).one_vs_all())
                .with(Auroc::multiclass(CLASSES).thresholds(Thresholds::Count(20)))
        };
        assert_eq!(metrics().state_count(), 10);
        assert_eq!(step(metrics(), 64, &device), 1, "{name}");
        assert_eq!(step(metrics(), 20_000, &device), 2, "{name}");
    }
}

fn regression() -> MetricCollection<Regression> {
    MetricCollection::new()
        .with(MeanSquaredError::new())
        .with(MeanAbsoluteError::new())
        .with(R2Score::new())
        .with(PearsonCorrCoef::new())
        .with(ConcordanceCorrCoef::new())
        .with(ExplainedVariance::new())
        .with(MeanAbsolutePercentageError::new())
        .with(LogCoshError::new())
        .with(MinkowskiDistance::new(3.0))
        .with(WeightedMeanAbsolutePercentageError::new())
}

#[test]
fn a_step_of_ten_regression_metrics_is_one_launch() {
    alone!(a_step_of_ten_regression_metrics_is_one_launch);
    for (name, device) in with_kernels() {
        assert_eq!(regression().metrics().len(), 10);
        for rows in [64, 20_000] {
            assert_eq!(step(regression(), rows, &device), 1, "{name}, {rows} rows");
        }
    }
}

#[test]
fn a_step_of_eight_binary_metrics_is_one_launch() {
    alone!(a_step_of_eight_binary_metrics_is_one_launch);
    let metrics = || {
        MetricCollection::new()
            .with(Accuracy::binary())
            .with(Precision::binary())
            .with(Recall::binary())
            .with(F1Score::binary())
            .with(Specificity::binary())
            .with(MatthewsCorrCoef::binary())
            .with(CalibrationError::binary())
            .with(Auroc::binary())
    };
    for (name, device) in with_kernels() {
        assert_eq!(metrics().metrics().len(), 8);
        assert_eq!(step(metrics(), 64, &device), 1, "{name}");
        assert_eq!(step(metrics(), 100_000, &device), 2, "{name}");
    }
}

fn binary() -> MetricCollection<Binary> {
    MetricCollection::new()
        .with(Accuracy::binary())
        .with(CalibrationError::binary())
        .with(NormalizedEntropy::binary())
        .with(HingeLoss::binary())
        .with(BrierScore::binary())
        .with(Auroc::binary())
        .named("binned", Auroc::binary().thresholds(Thresholds::Count(50)))
}

fn multilabel() -> MetricCollection<Multilabel> {
    MetricCollection::new()
        .with(Accuracy::multilabel(LABELS))
        .with(NormalizedEntropy::multilabel(LABELS))
        .with(MultilabelRankingLoss::new(LABELS))
        .with(TopKMultilabelAccuracy::new(LABELS).k(2))
        .with(BrierScore::multilabel(LABELS))
        .with(BrierScore::multilabel(LABELS).decomposition(10))
        .with(AveragePrecision::multilabel(LABELS))
        .named(
            "binned",
            Auroc::multilabel(LABELS).thresholds(Thresholds::Count(50)),
        )
}

#[test]
fn decisions_are_one_launch() {
    alone!(decisions_are_one_launch);
    for (name, device) in with_kernels() {
        for (rows, launches) in [(64, 1), (20_000, 2)] {
            let place = format!("{name}, {rows} rows");
            assert_eq!(step(binary(), rows, &device), launches, "{place}");
            let matches = multilabel().with(ExactMatch::multilabel(LABELS));
            assert_eq!(step(matches, rows, &device), launches, "{place}");
            let groups = MetricCollection::new().with(GroupFairness::new(GROUPS));
            assert_eq!(step::<Grouped>(groups, rows, &device), launches, "{place}");
        }
    }
}

#[test]
fn decisions_with_weights_are_one_launch() {
    alone!(decisions_with_weights_are_one_launch);
    for (name, device) in with_kernels() {
        for (rows, launches) in [(64, 1), (20_000, 2)] {
            let of_binary = weighted_step(binary(), rows, &device);
            let of_labels = weighted_step(multilabel(), rows, &device);
            let groups = MetricCollection::new().with(GroupFairness::new(GROUPS));
            let of_groups = weighted_step::<Grouped>(groups, rows, &device);
            let all = [of_binary, of_labels, of_groups];
            assert_eq!(all, [launches; 3], "{name}, {rows} rows");
        }
    }
}

#[test]
fn a_list_that_grows_is_not_copied() {
    alone!(a_list_that_grows_is_not_copied);
    for (name, device) in with_kernels() {
        let mut metrics = MetricCollection::new().with(Auroc::binary());
        for seed in 0..40 {
            let batch = Binary::random(seed, 3000, &device).score_kind(ScoreKind::Probabilities);
            let names = launched(|| metrics.update(&batch).unwrap());
            assert!(
                names.len() == 1 || seed == 0,
                "{name}, batch {seed}: {names:?}"
            );
        }
    }
}

/// One kernel fills the counters with zeros, the other counts.
#[test]
fn a_step_of_all_overlaps_of_masks_is_two_launches() {
    alone!(a_step_of_all_overlaps_of_masks_is_two_launches);
    for (name, device) in with_kernels() {
        let metrics = MetricCollection::new()
            .with(DiceScore::new(CLASSES))
            .with(DiceScore::new(CLASSES).global())
            .with(GeneralizedDiceScore::new(CLASSES))
            .with(MeanIoU::new(CLASSES).per_class());
        assert_eq!(metrics.state_count(), 1);
        assert_eq!(step::<Masks>(metrics, 64, &device), 2, "{name}");
    }
}
