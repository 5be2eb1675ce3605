//! Every workload of the performance page on every compiled backend, and how their time grows with
//! the batch, the classes, the metrics and the steps.

use burn::tensor::{Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use metrics_benches::{devices, logits, workloads::WORKLOADS};
use metrics_core::{
    MetricCollection,
    batch::Multiclass,
    classification::{
        Accuracy, CohenKappa, ConfusionMatrix, F1Score, HammingDistance, JaccardIndex,
        MatthewsCorrCoef, Precision, Recall, Specificity,
    },
};

/// A figure is the time of a pass of as many steps as its throughput says.
fn workloads(c: &mut Criterion) {
    for (backend, device) in devices() {
        for (short, make) in WORKLOADS {
            let mut workload = make(&device);
            let mut group = c.benchmark_group(format!("{short}/{backend}"));
            group.throughput(Throughput::Elements(workload.steps as u64));
            group.bench_function(workload.name, |b| b.iter(|| (workload.pass)()));
            group.finish();
        }
    }
}

type Metrics = MetricCollection<Multiclass>;

fn metrics(count: usize, classes: usize) -> Metrics {
    let add: [fn(Metrics, usize) -> Metrics; 10] = [
        |m, c| m.with(ConfusionMatrix::multiclass(c)),
        |m, c| m.with(Accuracy::multiclass(c)),
        |m, c| m.with(Precision::multiclass(c)),
        |m, c| m.with(Recall::multiclass(c)),
        |m, c| m.with(F1Score::multiclass(c)),
        |m, c| m.with(Specificity::multiclass(c)),
        |m, c| m.with(JaccardIndex::multiclass(c)),
        |m, c| m.with(HammingDistance::multiclass(c)),
        |m, c| m.with(CohenKappa::multiclass(c)),
        |m, c| m.with(MatthewsCorrCoef::multiclass(c)),
    ];
    let none = MetricCollection::new();
    add[..count].iter().fold(none, |m, add| add(m, classes))
}

/// One epoch of steps over one batch.
struct Epoch {
    rows: usize,
    classes: usize,
    metrics: usize,
    steps: usize,
}

const EPOCH: Epoch = Epoch {
    rows: 512,
    classes: 10,
    metrics: 5,
    steps: 100,
};

impl Epoch {
    fn pass(&self, device: &Device) -> impl FnMut() + use<> {
        let (scores, target): (Tensor<2>, _) = logits(1, self.rows, self.classes, device).remove(0);
        let batch = Multiclass::from_scores(scores, target).expect("the shapes fit");
        let mut metrics = metrics(self.metrics, self.classes);
        let steps = self.steps;
        move || {
            metrics.reset();
            for _ in 0..steps {
                metrics.update(&batch.clone()).expect("the batch fits");
            }
            metrics.compute().expect("the device can be read");
        }
    }
}

/// What grows, to what sizes, and the epoch of a size.
type Axis = (&'static str, &'static [usize], fn(usize) -> Epoch);

fn scaling(c: &mut Criterion) {
    let axes: [Axis; 4] = [
        ("rows", &[64, 512, 4096, 32768], |rows| Epoch {
            rows,
            ..EPOCH
        }),
        ("classes", &[2, 10, 100, 1000], |classes| Epoch {
            classes,
            ..EPOCH
        }),
        ("metrics", &[1, 2, 5, 10], |metrics| Epoch {
            metrics,
            ..EPOCH
        }),
        ("steps", &[10, 100, 1000, 10000], |steps| Epoch {
            steps,
            ..EPOCH
        }),
    ];
    for (backend, device) in devices() {
        for (axis, sizes, epoch) in axes {
            let mut group = c.benchmark_group(format!("epoch by {axis}/{backend}"));
            for size in sizes {
                let mut pass = epoch(*size).pass(&device);
                let id = BenchmarkId::from_parameter(size);
                group.bench_function(id, |b| b.iter(&mut pass));
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = workloads, scaling
}
criterion_main!(benches);
