//! W1, W1s, W2 and W3 of the performance page: ours beside burn-train's, where it has them.
//!
//! A figure is the time of one step: all metrics updated with one batch, the epoch's value computed
//! once per pass.

use burn::{
    data::dataloader::Progress,
    tensor::{Distribution, Int, Tensor},
    train::metric::{
        AccuracyInput, AccuracyMetric, AurocMetric, ClassReduction, ConfusionStatsInput,
        FBetaScoreMetric, Metric as BurnMetric, MetricMetadata, PrecisionMetric, RecallMetric,
        TopKAccuracyInput, TopKAccuracyMetric,
    },
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use metrics_benches::{devices, logits};
use metrics_core::{
    MetricCollection,
    batch::Multiclass,
    classification::{
        Accuracy, Average, CalibrationError, ConfusionMatrix, F1Score, Precision, Recall,
    },
};

type Batches = [(Tensor<2>, Tensor<1, Int>)];

fn batch((scores, target): &(Tensor<2>, Tensor<1, Int>)) -> Multiclass {
    Multiclass::from_scores(scores.clone(), target.clone()).expect("the shapes fit")
}

/// One pass: an update per step and the epoch's value.
fn epoch(metrics: &mut MetricCollection<Multiclass>, batches: &Batches, steps: usize) {
    metrics.reset();
    for step in 0..steps {
        metrics
            .update(&batch(&batches[step % batches.len()]))
            .expect("the batch fits");
    }
    metrics.compute().expect("the device can be read");
}

/// One pass with the value of every step.
fn steps(metrics: &mut MetricCollection<Multiclass>, batches: &Batches, steps: usize) {
    metrics.reset();
    for step in 0..steps {
        metrics
            .forward(&batch(&batches[step % batches.len()]))
            .expect("the batch fits");
    }
    metrics.compute().expect("the device can be read");
}

/// One pass of burn-train's metrics, which compute at every step.
fn burn_train(
    batches: &Batches,
    steps: usize,
    mut update: impl FnMut(&Tensor<2>, &Tensor<1, Int>),
) {
    for step in 0..steps {
        let (scores, target) = &batches[step % batches.len()];
        update(scores, target);
    }
}

fn metadata() -> MetricMetadata {
    MetricMetadata {
        progress: Progress::new(1, 1, None),
        iteration: Some(1),
        lr: None,
    }
}

/// The input of burn-train's counting metrics, made as its `ClassificationOutput` makes it.
fn stats(scores: &Tensor<2>, target: &Tensor<1, Int>, classes: usize) -> ConfusionStatsInput {
    ConfusionStatsInput::new(scores.clone(), target.clone().one_hot(classes).bool())
}

fn run<M: BurnMetric>(metric: &mut M, input: &M::Input) {
    metric
        .update(input, &metadata())
        .expect("the device can be read");
}

fn w1(c: &mut Criterion) {
    for (name, device) in devices() {
        let batches = logits(20, 512, 10, &device);
        let mut metrics = MetricCollection::new()
            .with(Accuracy::multiclass(10))
            .with(Precision::multiclass(10))
            .with(Recall::multiclass(10))
            .with(F1Score::multiclass(10))
            .with(ConfusionMatrix::multiclass(10));
        let mut group = c.benchmark_group(format!("W1 512x10, 5 metrics/{name}"));
        group.throughput(Throughput::Elements(200));
        group.bench_function("ours, epoch value", |b| {
            b.iter(|| epoch(&mut metrics, &batches, 200))
        });
        group.bench_function("ours, value at every step", |b| {
            b.iter(|| steps(&mut metrics, &batches, 200))
        });
        group.bench_function("burn-train, 4 of the 5", |b| {
            b.iter(|| burn_train_w1(&batches))
        });
        group.finish();
    }
}

fn burn_train_w1(batches: &Batches) {
    let mut accuracy = AccuracyMetric::new();
    let mut precision = PrecisionMetric::multiclass(1, ClassReduction::Macro);
    let mut recall = RecallMetric::multiclass(1, ClassReduction::Macro);
    let mut f1 = FBetaScoreMetric::multiclass(1.0, 1, ClassReduction::Macro);
    burn_train(batches, 200, |scores, target| {
        run(
            &mut accuracy,
            &AccuracyInput::new(scores.clone(), target.clone()),
        );
        run(&mut precision, &stats(scores, target, 10));
        run(&mut recall, &stats(scores, target, 10));
        run(&mut f1, &stats(scores, target, 10));
    });
}

fn w2(c: &mut Criterion) {
    for (name, device) in devices() {
        let batches = logits(8, 256, 1000, &device);
        let mut metrics = MetricCollection::new()
            .with(Accuracy::multiclass(1000).average(Average::Micro))
            .with(Accuracy::multiclass(1000).average(Average::Micro).top_k(5))
            .with(F1Score::multiclass(1000))
            .with(ConfusionMatrix::multiclass(1000))
            .with(CalibrationError::multiclass(1000));
        let mut group = c.benchmark_group(format!("W2 256x1000, 5 metrics/{name}"));
        group.throughput(Throughput::Elements(40));
        group.sample_size(10);
        group.bench_function("ours, epoch value", |b| {
            b.iter(|| epoch(&mut metrics, &batches, 40))
        });
        group.bench_function("burn-train, 3 of the 5", |b| {
            b.iter(|| burn_train_w2(&batches))
        });
        group.finish();
    }
}

fn burn_train_w2(batches: &Batches) {
    let mut top1 = AccuracyMetric::new();
    let mut top5 = TopKAccuracyMetric::new(5);
    let mut f1 = FBetaScoreMetric::multiclass(1.0, 1, ClassReduction::Macro);
    burn_train(batches, 40, |scores, target| {
        run(
            &mut top1,
            &AccuracyInput::new(scores.clone(), target.clone()),
        );
        run(
            &mut top5,
            &TopKAccuracyInput::new(scores.clone(), target.clone()),
        );
        run(&mut f1, &stats(scores, target, 1000));
    });
}

/// burn-train's AUROC; it has no other metric over thresholds.
fn w3(c: &mut Criterion) {
    for (name, device) in devices() {
        let positive = Tensor::<1>::random([1_000_000], Distribution::Uniform(0.0, 1.0), &device);
        let chance = Tensor::<1>::random([1_000_000], Distribution::Uniform(0.0, 1.0), &device);
        let target = chance.lower(positive.clone()).reshape([1_000_000, 1]);
        let scores = positive.reshape([1_000_000, 1]);
        device.sync().expect("the device works");
        let mut group = c.benchmark_group(format!("W3 1e6 binary scores/{name}"));
        group.sample_size(10);
        group.bench_function("burn-train, AUROC", |b| {
            b.iter(|| {
                let input = ConfusionStatsInput::new(scores.clone(), target.clone());
                let mut auroc = AurocMetric::binary();
                run(&mut auroc, &input);
                auroc.compute().expect("the device can be read")
            })
        });
        group.finish();
    }
}

criterion_group! {
    name = classification;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(3));
    targets = w1, w2, w3
}
criterion_main!(classification);
