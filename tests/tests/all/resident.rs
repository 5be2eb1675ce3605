//! Exact curves stay on devices whose memory is not the host's, while only areas are asked for.

use burn::tensor::Device;
use metrics_core::{
    Accumulator, Metric, MetricCollection, MetricReport, ScoreKind, Validation,
    batch::{Binary, Multiclass, Multilabel},
    classification::{Auroc, Average, AveragePrecision, Roc},
};
use metrics_tests::{devices, is_host, samples::Random};

fn binary(random: &mut Random, n: usize, device: &Device) -> Binary {
    let scores = random.array(&[n], |random| random.below(50) as f64 / 50.0);
    let target = random.array(&[n], |random| random.below(2) as f64);
    Binary::from_scores(scores.floats::<1>(device), target.ints::<1>(device)).unwrap()
}

fn areas() -> MetricCollection<Binary> {
    MetricCollection::new()
        .with(Auroc::binary())
        .with(AveragePrecision::binary())
}

/// What one state on the CPU makes of the same batches.
fn reference(sizes: &[usize]) -> [f64; 2] {
    let mut all = areas();
    let random = &mut Random(5);
    for n in sizes {
        all.update(&binary(random, *n, &metrics_tests::reference()))
            .unwrap();
    }
    let report = all.compute().unwrap();
    ["auroc", "average_precision"].map(|name| report.scalar(name).unwrap())
}

fn check(report: &MetricReport, expected: [f64; 2], place: &str) {
    for (name, expected) in ["auroc", "average_precision"].into_iter().zip(expected) {
        let value = report.scalar(name).unwrap();
        assert!(
            (value - expected).abs() < 1e-7,
            "{place}: {name} {value} is not {expected}"
        );
    }
}

#[test]
fn scores_are_read_only_to_be_merged_or_saved() {
    let sizes = [100, 3000, 1, 777];
    for (name, device) in devices() {
        let host = is_host(name);
        let random = &mut Random(5);
        let mut metrics = areas();
        assert_eq!(metrics.state_count(), 1);
        for (i, n) in sizes.iter().enumerate() {
            metrics.update(&binary(random, *n, &device)).unwrap();
            // A value in the middle of an epoch must not disturb the end of it.
            check(&metrics.compute().unwrap(), reference(&sizes[..=i]), name);
        }
        let reads = metrics.reads();
        check(&metrics.compute().unwrap(), reference(&sizes), name);
        assert_eq!(metrics.reads(), reads, "{name}: nothing is new");
        let saved = metrics.summary().unwrap();
        // The scores were still on the device.
        assert_eq!(metrics.reads(), reads + u64::from(!host), "{name}");
        check(&metrics.compute().unwrap(), reference(&sizes), name);
        let mut resumed = areas();
        resumed.merge(&saved).unwrap();
        check(&resumed.compute().unwrap(), reference(&sizes), name);
        // On top of what came from elsewhere.
        metrics.reset();
        let random = &mut Random(5);
        metrics.update(&binary(random, sizes[0], &device)).unwrap();
        let saved = metrics.summary().unwrap();
        let mut both = areas();
        both.merge(&saved).unwrap();
        both.update(&binary(random, sizes[1], &device)).unwrap();
        check(&both.compute().unwrap(), reference(&sizes[..2]), name);
    }
}

#[test]
fn a_metric_that_needs_the_curve_has_it() {
    for (name, device) in devices() {
        let mut metrics = areas().with(Roc::binary());
        assert_eq!(metrics.state_count(), 1, "the wider state serves all three");
        metrics
            .update(&binary(&mut Random(5), 300, &device))
            .unwrap();
        let report = metrics.compute().unwrap();
        check(&report, reference(&[300]), name);
        assert!(report.get("roc").is_some(), "{name}");
    }
}

/// The value per class on every device, and what was rejected, beside those on the CPU.
fn same<M: Metric>(metric: M, batch: impl Fn(&Device) -> BatchOf<M>, place: &str) {
    for (name, device) in devices() {
        let value = |device: &Device| {
            let mut state = metric.state().validation(Validation::Ignore);
            state.update(&batch(device)).unwrap();
            let value = state.compute().unwrap();
            let numbers = value.per_class().map(<[f64]>::to_vec);
            (
                numbers.unwrap_or_else(|| vec![value.scalar().unwrap()]),
                state.rejected(),
            )
        };
        let (ours, our_rejected) = value(&device);
        let (theirs, their_rejected) = value(&metrics_tests::reference());
        assert_eq!(our_rejected, their_rejected, "{place} on {name}");
        for (a, b) in ours.iter().zip(&theirs) {
            let close = (a - b).abs() < 1e-7 || a.is_nan() && b.is_nan();
            assert!(close, "{place} on {name}: {ours:?} is not {theirs:?}");
        }
    }
}

type BatchOf<M> = <<M as Metric>::Accumulator as Accumulator>::Batch;

#[test]
fn areas_per_class_and_what_is_left_out() {
    // Classes 3 and 4 never occur, label 9 is none, and a few rows are no probabilities.
    let multiclass = |device: &Device| {
        let random = &mut Random(11);
        let scores = random.array(&[500, 5], |random| match random.below(400) {
            0 => f64::NAN,
            1 => 1.5,
            _ => random.below(20) as f64 / 20.0,
        });
        let target = random.array(&[500], |random| [0, 1, 2, 0, 1, 9][random.below(6)] as f64);
        Multiclass::from_scores(scores.floats::<2>(device), target.ints::<1>(device))
            .unwrap()
            .score_kind(ScoreKind::Probabilities)
    };
    let multilabel = |device: &Device| {
        let random = &mut Random(12);
        let scores = random.array(&[500, 3], |random| random.below(20) as f64 / 20.0);
        let target = random.array(&[500, 3], |random| random.below(4) as f64 - 1.0);
        Multilabel::from_scores(scores.floats::<2>(device), target.ints::<2>(device)).unwrap()
    };
    for average in [Average::None, Average::Macro, Average::Weighted] {
        let place = format!("{average:?}");
        same(Auroc::multiclass(5).average(average), multiclass, &place);
        same(
            Auroc::multiclass(5).average(average).ignore_index(1),
            multiclass,
            &place,
        );
        same(
            AveragePrecision::multiclass(5).average(average),
            multiclass,
            &place,
        );
    }
    for average in [Average::None, Average::Macro, Average::Micro] {
        let place = format!("{average:?}");
        same(
            Auroc::multilabel(3).average(average).ignore_index(-1),
            multilabel,
            &place,
        );
        same(
            AveragePrecision::multilabel(3).average(average),
            multilabel,
            &place,
        );
    }
}

/// For `cargo test --release -- --ignored`.
#[test]
#[ignore = "large"]
fn ten_million_scores() {
    const BATCH: usize = 1_000_000;
    let values = |device: &Device| {
        let mut metrics = areas();
        let random = &mut Random(9);
        for _ in 0..10 {
            let scores = random.array(&[BATCH], |random| random.below(1 << 22) as f64 / 4194304.0);
            let target = random.array(&[BATCH], |random| random.below(3).min(1) as f64);
            let (scores, target) = (scores.floats::<1>(device), target.ints::<1>(device));
            metrics
                .update(&Binary::from_scores(scores, target).unwrap())
                .unwrap();
        }
        let report = metrics.compute().unwrap();
        ["auroc", "average_precision"].map(|name| report.scalar(name).unwrap())
    };
    let expected = values(&metrics_tests::reference());
    for (name, device) in devices() {
        for (ours, expected) in values(&device).into_iter().zip(expected) {
            let error = (ours - expected).abs() / expected;
            assert!(error < 1e-7, "{name}: {ours} is not {expected}");
        }
    }
}
