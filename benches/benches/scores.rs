//! W3 and W4 of the performance page: whole-set metrics of scores and of regression.

use burn::tensor::{Distribution, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use metrics_benches::devices;
use metrics_core::{
    Auroc, AveragePrecision, MeanAbsoluteError, MeanSquaredError, Metric, MetricCollection,
    R2Score,
    accumulators::Thresholds,
    batch::{Binary, Regression},
};

fn w3(c: &mut Criterion) {
    for (name, device) in devices() {
        let scores = Tensor::<1>::random([1_000_000], Distribution::Uniform(0.0, 1.0), &device);
        let chance = Tensor::<1>::random([1_000_000], Distribution::Uniform(0.0, 1.0), &device);
        let target = chance.lower(scores.clone()).int();
        let batches: Vec<Binary> = (scores.chunk(10, 0).into_iter().zip(target.chunk(10, 0)))
            .map(|(scores, target)| Binary::from_scores(scores, target).expect("the shapes fit"))
            .collect();
        device.sync().expect("the device works");
        let mut group = c.benchmark_group(format!("W3 1e6 binary scores/{name}"));
        let exact = Auroc::binary();
        group.bench_function("AUROC, exact", |b| b.iter(|| whole(&exact, &batches)));
        let exact = AveragePrecision::binary();
        group.bench_function("average precision, exact", |b| {
            b.iter(|| whole(&exact, &batches))
        });
        let binned = Auroc::binary().thresholds(Thresholds::Count(200));
        group.bench_function("AUROC, 200 thresholds", |b| {
            b.iter(|| whole(&binned, &batches))
        });
        group.finish();
    }
}

fn whole<M: Metric>(metric: &M, batches: &[metrics_core::BatchOf<M>]) {
    let mut state = metric.state();
    for batch in batches {
        // A clone without its memo would be fairer still, but the scores are probabilities.
        state.update(batch).expect("the batch fits");
    }
    state.compute().expect("there is a value");
}

fn w4(c: &mut Criterion) {
    for (name, device) in devices() {
        let target = Tensor::<1>::random([10_000_000], Distribution::Normal(0.0, 1.0), &device);
        let noise = Tensor::<1>::random([10_000_000], Distribution::Normal(0.0, 0.1), &device);
        let batch = Regression::new(target.clone() + noise, target).expect("the shapes fit");
        device.sync().expect("the device works");
        let mut metrics = MetricCollection::new()
            .with(MeanSquaredError::new())
            .with(MeanAbsoluteError::new())
            .with(R2Score::new());
        let mut group = c.benchmark_group(format!("W4 1e7 pairs/{name}"));
        group.bench_function("MSE, MAE and R2", |b| {
            b.iter(|| {
                metrics.reset();
                metrics.update(&batch).expect("the batch fits");
                metrics.compute().expect("there is a value")
            })
        });
        group.finish();
    }
}

criterion_group! {
    name = scores;
    config = Criterion::default().sample_size(10);
    targets = w3, w4
}
criterion_main!(scores);
