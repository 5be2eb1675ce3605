//! Decisions on every device against the host, whatever the shapes, the weights and the values.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use metrics_core::{Batch, CollectionSummary, prelude::*};
use metrics_tests::{devices, is_host, reference, samples::Random};

/// Numbers of a batch of decisions `[rows, labels]`.
#[derive(Clone)]
struct Data {
    scores: Vec<f32>,
    target: Vec<i32>,
    groups: Vec<i32>,
    weights: Option<Vec<f32>>,
    rows: usize,
    labels: usize,
}

/// What scores are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scores {
    Probabilities,
    Logits,
    /// Numbers at the edge of what is allowed, and beyond.
    Hostile,
}

const HOSTILE: [f32; 12] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    1e-40,
    -1e-40,
    -0.0,
    0.0,
    1.0,
    1.000_000_1,
    -1.0,
    f32::MIN_POSITIVE,
    0.5,
];

const WEIGHTS: [f32; 10] = [
    0.0,
    0.25,
    1.0,
    3.0,
    1e-20,
    1e6,
    0.1,
    f32::NAN,
    -1.0,
    f32::INFINITY,
];

impl Data {
    fn new(seed: u64, [rows, labels]: [usize; 2], scores: Scores, weighted: bool) -> Self {
        let random = &mut Random(seed);
        let score = |random: &mut Random| match (scores, random.below(8)) {
            (Scores::Hostile, 0) => HOSTILE[random.below(HOSTILE.len())],
            (Scores::Logits, _) => random.below(4001) as f32 / 200.0 - 10.0,
            // Some are equal, and some are thresholds.
            _ => random.below(257) as f32 / 256.0,
        };
        let target = |random: &mut Random| match (scores, random.below(30)) {
            (Scores::Hostile, 0) => [2, -7, i32::MAX, i32::MIN][random.below(4)],
            (Scores::Hostile, 1 | 2) => -1,
            _ => random.below(2) as i32,
        };
        let size = rows * labels;
        Self {
            scores: (0..size).map(|_| score(random)).collect(),
            target: (0..size).map(|_| target(random)).collect(),
            groups: (0..rows).map(|_| random.below(4) as i32).collect(),
            weights: weighted.then(|| {
                let kinds = if scores == Scores::Hostile { 10 } else { 7 };
                (0..rows).map(|_| WEIGHTS[random.below(kinds)]).collect()
            }),
            rows,
            labels,
        }
    }

    fn scores(&self, device: &Device) -> Tensor<2> {
        let data = TensorData::new(self.scores.clone(), [self.rows, self.labels]);
        Tensor::from_data(data, (device, DType::F32))
    }

    fn target(&self, device: &Device) -> Tensor<2, Int> {
        let data = TensorData::new(self.target.clone(), [self.rows, self.labels]);
        Tensor::from_data(data, (device, DType::I32))
    }

    fn weights(&self, device: &Device) -> Option<Tensor<1>> {
        let weights = self.weights.as_deref()?;
        Some(Tensor::from_data(weights, (device, DType::F32)))
    }

    fn binary(&self, device: &Device) -> Binary {
        let flat = [self.rows * self.labels];
        let (scores, target) = (self.scores(device), self.target(device));
        let batch = Binary::from_scores(scores.reshape(flat), target.reshape(flat)).unwrap();
        match self.weights(device) {
            Some(weights) => batch.with_weights(weights).unwrap(),
            None => batch,
        }
    }

    fn multilabel(&self, device: &Device) -> Multilabel {
        let batch = Multilabel::from_scores(self.scores(device), self.target(device)).unwrap();
        match self.weights(device) {
            Some(weights) => batch.with_weights(weights).unwrap(),
            None => batch,
        }
    }

    fn grouped(&self, device: &Device) -> Grouped {
        let groups = Tensor::<1, Int>::from_data(self.groups.as_slice(), (device, DType::I32));
        Grouped::new(self.binary(device), groups).unwrap()
    }
}

/// The numbers in the text of a summary, with the words before them.
fn numbers(summary: &CollectionSummary) -> Vec<f64> {
    let text = format!("{summary:?}");
    let words = text.split(|c: char| " ,:[](){}\"\\".contains(c));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Compares what metrics accumulate on a device with what they accumulate on the host.
fn agree<B: Batch>(
    metrics: MetricCollection<B>,
    make: impl Fn(&Data, &Device) -> B,
    batches: &[Data],
    what: &str,
) {
    let summary = |device: &Device| {
        let mut metrics = metrics.fresh().validation(Validation::Ignore);
        for data in batches {
            metrics.update(&make(data, device)).unwrap();
        }
        metrics.summary().unwrap()
    };
    let host = numbers(&summary(&reference()));
    for (name, device) in devices() {
        if is_host(name) {
            continue;
        }
        let ours = numbers(&summary(&device));
        assert_eq!(ours.len(), host.len(), "{name}, {what}");
        for (i, (ours, host)) in ours.iter().zip(&host).enumerate() {
            let close = (ours - host).abs() <= 1e-6 * host.abs().max(1e-12);
            let same = close || ours == host || (ours.is_nan() && host.is_nan());
            assert!(same, "{name}, {what}, number {i}: {ours} and {host}");
        }
    }
}

/// Calls `check` with two batches of each kind of scores, with and without weights.
fn for_each(shapes: &[[usize; 2]], mut check: impl FnMut(&[Data], &str)) {
    for [rows, labels] in shapes.iter().copied() {
        for scores in [Scores::Probabilities, Scores::Logits, Scores::Hostile] {
            for weighted in [false, true] {
                let data = |seed| Data::new(seed, [rows, labels], scores, weighted);
                let what = format!("[{rows}, {labels}] {scores:?}, weighted: {weighted}");
                check(&[data(1), data(2)], &what);
            }
        }
    }
}

fn thresholds() -> Thresholds {
    Thresholds::List(vec![0.0, 1e-40, 0.25, 0.5, 0.75, 1.0])
}

#[test]
fn binary_decisions_are_those_of_the_host() {
    for_each(&[[1, 1], [300, 1], [20_000, 1]], |batches, what| {
        let metrics = MetricCollection::new()
            .with(Accuracy::binary())
            .with(BrierScore::binary())
            .named("zero", Accuracy::binary().threshold(0.0).ignore_index(-1))
            .with(CalibrationError::binary())
            .named(
                "many",
                CalibrationError::binary().bins(600).ignore_index(-1),
            )
            .with(NormalizedEntropy::binary().ignore_index(-1))
            .with(HingeLoss::binary())
            .named(
                "raw",
                HingeLoss::binary().raw_scores().squared().ignore_index(-1),
            )
            .with(Auroc::binary().thresholds(thresholds()))
            .named(
                "fine",
                Auroc::binary()
                    .thresholds(Thresholds::Count(400))
                    .ignore_index(-1),
            );
        agree(metrics, Data::binary, batches, what);
        let metrics = MetricCollection::new()
            .with(GroupFairness::new(3))
            .named("many", GroupFairness::new(70).ignore_index(-1));
        agree(metrics, Data::grouped, batches, what);
    });
}

/// More sums than a unit keeps, and more bins than a cube keeps, are several launches.
#[test]
fn many_sinks_are_those_of_the_host() {
    for weighted in [false, true] {
        let mut metrics = MetricCollection::new();
        for i in 0..10 {
            let metric = Accuracy::binary().threshold(i as f32 / 10.0);
            metrics = metrics.named(format!("cells {i}"), metric);
        }
        for bins in [300, 400, 500] {
            let metric = CalibrationError::binary().bins(bins);
            metrics = metrics.named(format!("bins {bins}"), metric);
        }
        let batches = [1, 2].map(|seed| Data::new(seed, [500, 1], Scores::Hostile, weighted));
        let what = format!("many sinks, weighted: {weighted}");
        agree(metrics, Data::binary, &batches, &what);
    }
}

const CRITERIA: [MultilabelCriterion; 5] = [
    MultilabelCriterion::ExactMatch,
    MultilabelCriterion::Hamming,
    MultilabelCriterion::Overlap,
    MultilabelCriterion::Contain,
    MultilabelCriterion::Belong,
];

/// Samples of several rows each, of one and of several labels.
#[test]
fn samples_are_those_of_the_host() {
    for (labels, positions) in [(1, 5), (3, 4), (3, 150), (300, 2)] {
        for_each(&[[6 * positions, labels]], |batches, what| {
            // Weights are refused.
            if batches[0].weights.is_some() {
                return;
            }
            let what = format!("{what}, {positions} rows a sample");
            let dense = |data: &Data, device: &Device| {
                let shape = [6, positions, labels];
                let scores = data.scores(device).reshape(shape).swap_dims(1, 2);
                let target = data.target(device).reshape(shape).swap_dims(1, 2);
                (scores, target)
            };
            let binary = MetricCollection::new()
                .with(Accuracy::binary())
                .with(Accuracy::binary().samplewise())
                .named("some", F1Score::binary().ignore_index(-1).samplewise());
            let make = |data: &Data, device: &Device| {
                let (scores, target) = dense(data, device);
                Binary::from_scores(scores, target).unwrap()
            };
            agree(binary, make, batches, &what);
            let multilabel = MetricCollection::new()
                .with(Accuracy::multilabel(labels).samplewise())
                .with(ExactMatch::multilabel(labels).samplewise())
                .named(
                    "some",
                    ExactMatch::multilabel(labels).ignore_index(-1).samplewise(),
                );
            let make = |data: &Data, device: &Device| {
                let (scores, target) = dense(data, device);
                Multilabel::from_dense(scores, target).unwrap()
            };
            agree(multilabel, make, batches, &what);
        });
    }
}

#[test]
fn labels_are_those_of_the_host() {
    let shapes = [[7, 3], [2000, 3], [300, 20], [40, 300]];
    for_each(&shapes, |batches, what| {
        let labels = batches[0].labels;
        let mut metrics = MetricCollection::new()
            .with(Accuracy::multilabel(labels).ignore_index(-1))
            .with(NormalizedEntropy::multilabel(labels).ignore_index(-1))
            .with(Auroc::multilabel(labels).thresholds(thresholds()))
            .named(
                "fine",
                Auroc::multilabel(labels)
                    .thresholds(Thresholds::Count(300))
                    .ignore_index(-1),
            )
            .with(MultilabelRankingLoss::new(labels).ignore_index(-1))
            .named("all", MultilabelRankingLoss::new(labels));
        // Of more labels these are tensor operations, with the device's own sigmoid.
        if labels <= 256 {
            for k in [1, labels.div_ceil(2)] {
                for criterion in CRITERIA {
                    let metric = TopKMultilabelAccuracy::new(labels).k(k);
                    let metric = metric.criterion(criterion).ignore_index(-1);
                    metrics = metrics.named(format!("best {k} {criterion:?}"), metric);
                }
            }
            let brier = || BrierScore::multilabel(labels);
            metrics = (metrics.with(brier()))
                .named("parts", brier().decomposition(7))
                .named("used", brier().ignore_index(-1).decomposition(600));
        }
        if batches[0].weights.is_none() {
            metrics = metrics
                .with(ExactMatch::multilabel(labels).ignore_index(-1))
                .named("any", ExactMatch::multilabel(labels).threshold(0.0));
        }
        agree(metrics, Data::multilabel, batches, what);
    });
}

#[test]
fn keys_are_those_of_the_host() {
    for_each(&[[1, 1], [300, 3], [9000, 2]], |batches, what| {
        let labels = batches[0].labels;
        let metrics = MetricCollection::new()
            .with(Auroc::multilabel(labels))
            .named("some", Auroc::multilabel(labels).ignore_index(0));
        agree(metrics, Data::multilabel, batches, what);
    });
}
