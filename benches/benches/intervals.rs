//! Bootstrap intervals of a million elements, from their counts.

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use metrics_core::{
    Accumulator, Metric,
    batch::Binary,
    classification::{Auroc, F1Score},
    intervals::{BootstrapMethod, Resampled},
    states::ConfusionSummary,
};
use std::hint::black_box;

const ELEMENTS: u64 = 1_000_000;

/// A matrix in which nine of ten elements are right and each class is taken for so many others.
fn matrix(classes: usize, others: usize) -> ConfusionSummary {
    let accumulator = F1Score::multiclass(classes).accumulator();
    let mut matrix = accumulator.resampled().empty();
    let rows = ELEMENTS / classes as u64;
    let misses = rows / 10 / others as u64;
    for target in 0..classes {
        matrix.tally.counts[target * classes + target] = rows - rows / 10;
        for other in 1..=others {
            let prediction = (target + other * (classes - 1) / others) % classes;
            // Not all cells alike.
            let some = misses + (target * 7 + other * 3) as u64 % (misses / 2 + 1);
            matrix.tally.counts[target * classes + prediction] = some;
        }
    }
    matrix
}

/// A figure is the time of an interval from 1000 replicates.
fn counts(c: &mut Criterion) {
    for method in [BootstrapMethod::Percentile, BootstrapMethod::Bca] {
        let mut group = c.benchmark_group(format!("macro F1, 1000 replicates, {method:?}"));
        for (classes, others) in [(10, 9), (100, 10), (100, 99)] {
            let counts = matrix(classes, others);
            let metric = F1Score::multiclass(classes).bootstrap(1000).method(method);
            let id = BenchmarkId::new(
                format!("{classes} classes"),
                format!("{others} others each"),
            );
            group.bench_function(id, |b| {
                b.iter(|| {
                    metric
                        .finalize(black_box(&counts))
                        .expect("there are elements")
                });
            });
        }
        group.finish();
    }
}

/// Exact curves draw rows.
fn curves(c: &mut Criterion) {
    let device = Device::default();
    let mut group = c.benchmark_group("AUROC, 100 replicates");
    for rows in [1_000, 100_000] {
        let normal = || Tensor::<1>::random([rows], Distribution::Normal(0.0, 1.0), &device);
        let scores = normal();
        let target = (scores.clone() + normal()).greater_elem(0.0).int();
        let batch = Binary::from_scores(scores, target).expect("the shapes fit");
        let metric = Auroc::binary().bootstrap(100);
        let mut state = metric.state();
        state.update(&batch).expect("the batch fits");
        let summary = state.summary().expect("the device can be read").clone();
        group.bench_function(BenchmarkId::from_parameter(rows), |b| {
            b.iter(|| {
                metric
                    .finalize(black_box(&summary))
                    .expect("there are rows")
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = counts, curves
}
criterion_main!(benches);
