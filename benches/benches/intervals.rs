//! Bootstrap intervals of a million elements, from their counts.

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use metrics_core::{
    Accumulator, Auroc, F1Score, Metric,
    accumulators::Confusion,
    batch::Binary,
    intervals::{BootstrapMethod, Resampled},
};
use std::hint::black_box;

const ELEMENTS: u64 = 1_000_000;

/// A matrix in which nine of ten elements are right and no cell is empty.
fn matrix(classes: usize) -> Confusion {
    let mut matrix = F1Score::multiclass(classes)
        .accumulator()
        .resampled()
        .empty();
    let rows = ELEMENTS / classes as u64;
    let misses = rows / 10 / (classes as u64 - 1);
    for target in 0..classes {
        for prediction in 0..classes {
            // Not all cells alike.
            let some = misses + (target * 7 + prediction * 3) as u64 % (misses / 2 + 1);
            matrix.counts[target * classes + prediction] = match target == prediction {
                true => rows - rows / 10,
                false => some,
            };
        }
    }
    matrix
}

/// A figure is the time of an interval from 1000 replicates.
fn counts(c: &mut Criterion) {
    for method in [BootstrapMethod::Percentile, BootstrapMethod::Bca] {
        let mut group = c.benchmark_group(format!("macro F1, 1000 replicates, {method:?}"));
        for classes in [10, 100] {
            let counts = matrix(classes);
            let metric = F1Score::multiclass(classes).bootstrap(1000).method(method);
            group.bench_function(BenchmarkId::from_parameter(classes), |b| {
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
