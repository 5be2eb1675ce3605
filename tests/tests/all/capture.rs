//! `update` never reads: it runs on a device that has no data.

use crate::goldens::all_metrics;
use burn::tensor::Device;
use metrics_core::{Batch, BatchOf, Metric, MetricCollection};
use metrics_tests::{metrics::Visitor, samples::Sample};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Enough updates for a state to flush its device in between.
const UPDATES: usize = 40;

#[test]
fn update_never_reads() {
    struct Capture(Vec<String>);
    impl Visitor for Capture {
        fn visit<M: Metric>(&mut self, metric: M)
        where
            BatchOf<M>: Sample,
        {
            // Nothing of a batch without a device is done on one.
            let on_host = (BatchOf::<M>::random(0, 1, &Device::default()).device()).is_none();
            let device = Device::capture();
            let updates = || {
                device.capture_scope(|scope| {
                    let mut alone = metric.state();
                    let mut shared = MetricCollection::new()
                        .named("one", metric.clone())
                        .named("two", metric.clone());
                    for seed in 0..UPDATES as u64 {
                        let batch = BatchOf::<M>::random(seed, 7, &device);
                        alone.update(&batch).unwrap();
                        shared.update(&batch).unwrap();
                    }
                    scope.complete([], [])
                })
            };
            match catch_unwind(AssertUnwindSafe(updates)) {
                Ok(Ok(graph)) => assert_eq!(graph.graph.operations.is_empty(), on_host),
                Ok(Err(error)) => self.0.push(format!("{}: {error:?}", metric.name())),
                Err(_) => self
                    .0
                    .push(format!("{} panicked, see above", metric.name())),
            }
        }
    }
    let mut capture = Capture(Vec::new());
    all_metrics(&mut capture);
    assert!(capture.0.is_empty(), "{}", capture.0.join("\n"));
}

#[test]
fn a_read_would_be_noticed() {
    use metrics_core::{batch::Binary, classification::Accuracy};
    let device = Device::capture();
    let reads = || {
        device.capture_scope(|scope| {
            let mut state = Accuracy::binary().state();
            state.update(&Binary::random(1, 7, &device)).unwrap();
            state.compute().unwrap();
            scope.complete([], [])
        })
    };
    assert!(!matches!(catch_unwind(AssertUnwindSafe(reads)), Ok(Ok(_))));
}
