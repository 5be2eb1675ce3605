use super::*;
use crate::plan::plans;
use burn::{
    data::dataloader::Progress,
    tensor::{Device, Tensor},
};
use metrics_core::{MetricCollection, aggregation::Sum, batch::Values};

/// The split of a training whose metric is the sum of its batches' values.
fn sum() -> (SplitState<Values>, MetricResults) {
    let metrics = MetricCollection::new().with(Sum::new());
    let results = MetricResults::new(metrics.metrics());
    let plan = plans(&metrics.metrics(), &[]).unwrap().remove(0);
    let measures = Measures {
        metrics,
        loss: false,
        pad: None,
        scores: None,
    };
    let watch = Watch::default();
    let state = SplitState::new(measures, plan, results.clone(), 1, watch);
    (state, results)
}

fn send(state: &mut SplitState<Values>, value: f32, iteration: usize, last: usize) {
    let values = Tensor::<1>::from_floats([value], &Device::flex());
    let metadata = MetricMetadata {
        progress: Progress::new(iteration, last, None),
        iteration: Some(iteration),
        lr: None,
    };
    state.update(&Values::new(values).into(), &metadata);
}

/// In any order of the workers' events, each epoch has its own batches, if the workers
/// meet at regular steps and at the last step of an epoch, as sharing gradients makes them do.
#[test]
fn every_order_of_workers_gives_each_epoch_its_batches() {
    let mut seed = 1u64;
    let mut random = move |n: usize| {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 33) as usize % n
    };
    let epochs = 4;
    let (mut late, mut early) = (0, 0);
    for _ in 0..400 {
        let (workers, steps) = (2 + random(3), 1 + random(5));
        let meet = 1 + random(steps);
        let (mut state, results) = sum();
        // How many steps each has sent; the first worker also ends each epoch.
        let mut sent = vec![0; workers];
        let mut ended = 0;
        while ended < epochs {
            let worker = random(workers);
            let (epoch, step) = (sent[worker] / steps, sent[worker] % steps);
            // Workers meet at the last step of each segment, and send a step after it.
            let start = step / meet * meet;
            let last = (start + meet - 1).min(steps - 1);
            let met = if step == last {
                epoch * steps + last
            } else {
                (epoch * steps + start).saturating_sub(1)
            };
            let others = sent.iter().all(|sent| *sent >= met);
            let waits = worker == 0 && ended < epoch;
            if epoch < epochs && others && !waits {
                late += usize::from(epoch < ended);
                early += usize::from(epoch > ended);
                let value = 10f32.powi(epoch as i32);
                send(&mut state, value, workers * (step + 1), workers * steps);
                sent[worker] += 1;
            }
            if worker == 0 && sent[0] / steps > ended && random(2) == 0 {
                state.finish();
                state.clear();
                ended += 1;
            }
        }
        for sent in sent {
            for step in sent % steps..if sent < epochs * steps { steps } else { 0 } {
                send(&mut state, 1000.0, workers * (step + 1), workers * steps);
                late += 1;
            }
        }
        drop(state);
        for epoch in 0..epochs {
            let report = results.epoch(SplitKind::Train, epoch + 1).unwrap();
            let n = workers * steps;
            let expected = n as f64 * 10f64.powi(epoch as i32);
            let sum = report.report.scalar("sum");
            assert_eq!(sum, Some(expected), "epoch {epoch}: {n} batches");
            assert_eq!((report.batches, report.complete), (n, true));
        }
    }
    assert!(late > 100 && early > 100, "{late} late, {early} early");
}

/// A loop that counts its iterations through all epochs is not taken for a group of workers.
#[test]
fn iterations_that_go_on_through_epochs_are_one_sequence() {
    let (mut state, results) = sum();
    for iteration in 101..=112 {
        let last = iteration + usize::from(iteration % 4 != 0);
        send(&mut state, 1.0, iteration, last);
        if iteration % 4 == 0 {
            state.finish();
            state.clear();
        }
    }
    for epoch in 1..=3 {
        let report = results.epoch(SplitKind::Train, epoch).unwrap();
        let sum = report.report.scalar("sum");
        assert_eq!((sum, report.batches), (Some(4.0), 4));
    }
}

/// Once every worker has begun the next epoch, nothing more comes for the last.
#[test]
fn batches_that_never_come_are_not_waited_for() {
    let (mut state, results) = sum();
    for value in [1.0, 10.0, 100.0] {
        // The second worker has one batch fewer, and never says that it is done.
        for (worker, step) in [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3)] {
            send(&mut state, value, 2 * step, 6 + worker);
        }
        state.finish();
        state.clear();
    }
    drop(state);
    for (epoch, value) in [(1, 5.0), (2, 50.0), (3, 500.0)] {
        let report = results.epoch(SplitKind::Train, epoch).unwrap();
        assert_eq!(report.report.scalar("sum"), Some(value));
        assert_eq!((report.samples, report.complete), (5, false));
    }
}

/// Burn files what it logs under the epoch that it is in.
#[test]
fn a_late_value_is_not_given_out_in_the_next_epoch() {
    for begun in [false, true] {
        let (mut state, results) = sum();
        for iteration in [2, 2, 4] {
            send(&mut state, 1.0, iteration, 4);
        }
        state.finish();
        state.clear();
        if begun {
            send(&mut state, 10.0, 2, 4);
        }
        send(&mut state, 1.0, 4, 4);
        let given = state.end().map(|end| (end.epoch, end.complete));
        assert_eq!(given, (!begun).then_some((1, true)));
        let report = results.epoch(SplitKind::Train, 1).unwrap();
        assert_eq!(
            (report.report.scalar("sum"), report.complete),
            (Some(4.0), true)
        );
    }
}
