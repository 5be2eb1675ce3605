//! Every operation against its default body, on every device.
//!
//! The default bodies are ordinary tensor operations, so they say what the fused versions must do.

use burn::tensor::{DType, Device, IndexingUpdateOp, Int, IntDType, Tensor};
use metrics_core::{
    Metric, REJECTED_SLOTS, Reason, ScoreKind,
    batch::Multiclass,
    classification::ConfusionMatrix,
    ops::{self, ConfusionOptions, LabelCountsOptions, codes, probabilities, ranking, ranks, sums},
};
use metrics_tests::{
    cpus, devices,
    golden::Array,
    read::{floats, ints, totals},
    reference,
    samples::Random,
};
use std::fmt::Debug;

const SHAPES: [(usize, usize); 9] = [
    (1, 1),
    (1, 5),
    (7, 2),
    (33, 16),
    (64, 17),
    (100, 3),
    (50, 100),
    // Large enough for several threads.
    (300, 257),
    (5000, 20),
];

/// Runs a check for every device and shape, with made-up data of several kinds.
fn for_all(check: impl Fn(&mut Data)) {
    for_all_on(devices(), check);
}

fn for_all_on(devices: Vec<(&'static str, Device)>, check: impl Fn(&mut Data)) {
    for (name, device) in devices {
        for (rows, width) in SHAPES {
            for kind in [Kind::Unit, Kind::Logits, Kind::Hostile] {
                let random = Random((rows * 1000 + width) as u64);
                let place = format!("{name} {kind:?} [{rows}, {width}]");
                check(&mut Data {
                    random,
                    rows,
                    width,
                    kind,
                    device: &device,
                    place,
                });
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Probabilities with ties, labels of the task.
    Unit,
    /// Any numbers, labels of the task.
    Logits,
    /// Infinities, NaN, huge and tiny numbers; any labels.
    Hostile,
}

struct Data<'a> {
    random: Random,
    rows: usize,
    width: usize,
    kind: Kind,
    device: &'a Device,
    place: String,
}

impl Data<'_> {
    fn array(&mut self, shape: &[usize], number: impl Fn(&mut Random, Kind) -> f64) -> Array {
        let kind = self.kind;
        self.random.array(shape, |random| number(random, kind))
    }

    /// Scores `[rows, width]`, in a layout that is not the usual one for some.
    fn scores(&mut self) -> Tensor<2> {
        let shape = [self.rows, self.width];
        if self.rows % 2 == 1 {
            return self.array(&shape, score).floats::<2>(self.device);
        }
        self.array(&[shape[1], shape[0]], score)
            .floats::<2>(self.device)
            .transpose()
    }

    fn labels(&mut self, labels: usize) -> Tensor<1, Int> {
        let (rows, wide) = (self.rows, self.wide());
        self.array(&[rows], |random, kind| label(random, kind, labels, wide))
            .ints(self.device)
    }

    /// 0, 1 and others `[rows, width]`.
    fn decisions(&mut self) -> Tensor<2, Int> {
        let (shape, wide) = ([self.rows, self.width], self.wide());
        self.array(&shape, |random, kind| label(random, kind, 2, wide))
            .ints(self.device)
    }

    /// Whether labels can be larger than an `i32`.
    fn wide(&self) -> bool {
        self.device.supports_dtype(IntDType::I64)
    }

    /// 0, 1 and the codes of rejected elements.
    fn codes(&mut self, count: usize) -> Tensor<1, Int> {
        let codes = self.array(&[count], |random, _| match random.below(9) {
            code @ 0..REJECTED_SLOTS => -1.0 - code as f64,
            other => (other % 2) as f64,
        });
        codes.ints::<1>(self.device).cast(IntDType::I32)
    }

    /// A state that is not empty any more.
    fn counts(&mut self, count: usize) -> Tensor<1, Int> {
        let counts = self.array(&[count], |random, _| random.below(100) as f64);
        counts.ints::<1>(self.device).cast(IntDType::I32)
    }

    /// Whether it takes too long to compare all elements of each row with each other.
    fn too_many_pairs(&self) -> bool {
        self.rows * self.width * self.width > 1 << 22
    }

    fn equal<T: PartialEq + Debug>(&self, what: &str, ours: Vec<T>, expected: Vec<T>) {
        assert_eq!(ours.len(), expected.len(), "{what} {}", self.place);
        for (i, (a, b)) in ours.iter().zip(&expected).enumerate() {
            assert!(a == b, "{what} {} at {i}: {a:?} is not {b:?}", self.place);
        }
    }

    /// Compares within a relative distance, or that of `floor` where numbers are smaller.
    fn close(&self, what: &str, ours: &[f64], expected: &[f64], limit: f64, floor: f64) {
        assert_eq!(ours.len(), expected.len(), "{what} {}", self.place);
        for (i, (a, b)) in ours.iter().zip(expected).enumerate() {
            let near = (a - b).abs() <= limit * b.abs().max(floor);
            let close = a == b || a.is_nan() && b.is_nan() || near;
            assert!(close, "{what} {} at {i}: {a} is not {b}", self.place);
        }
    }
}

fn score(random: &mut Random, kind: Kind) -> f64 {
    match (kind, random.below(50)) {
        (Kind::Hostile, 0) => f64::NAN,
        (Kind::Hostile, 1) => f64::INFINITY,
        (Kind::Hostile, 2) => f64::NEG_INFINITY,
        (Kind::Hostile, 3) => 3e38,
        (Kind::Hostile, 4) => -1e-39,
        (Kind::Unit, _) => random.probability(),
        _ => random.below(4001) as f64 / 256.0 - 8.0,
    }
}

fn label(random: &mut Random, kind: Kind, labels: usize, wide: bool) -> f64 {
    match (kind, random.below(8)) {
        (Kind::Hostile, 0) => -1.0,
        (Kind::Hostile, 1) => labels as f64,
        (Kind::Hostile, 2) if wide => (1u64 << 40) as f64,
        _ => random.below(labels) as f64,
    }
}

/// A tensor where default bodies run: on its device, or on the CPU where there is a GPU's as well. There
/// the logarithm of WGSL is too coarse to compare with, and Burn 0.22.1 fails to fuse some reductions.
macro_rules! there {
    ($tensor:expr) => {
        match cfg!(any(feature = "wgpu", feature = "vulkan", feature = "cuda")) {
            true => $tensor.clone().to_device(&reference()),
            false => $tensor.clone(),
        }
    };
}

/// The parts of ranks that mean something: the best class where the row is no NaN, and the rank.
fn ranks(tensor: Tensor<2, Int>) -> Vec<(i64, i64)> {
    let values = ints(tensor);
    let (best, rank) = values.split_at(values.len() / 2);
    let nan = metrics_core::Reason::Nan.code() as i64;
    let pair = |(best, rank): (&i64, &i64)| (if *rank == nan { 0 } else { *best }, *rank);
    best.iter().zip(rank).map(pair).collect()
}

#[test]
fn row_ranks() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels(data.width));
        let ours = ranks(ops::row_ranks(scores.clone(), target.clone()));
        data.equal(
            "ranks",
            ours,
            ranks(ranks::default::row_ranks(there!(scores), there!(target))),
        );
    });
}

#[test]
fn row_scan() {
    // On a GPU it is the default body, and the logarithm of WGSL is coarse.
    for_all_on(cpus(), |data| {
        let (scores, target) = (data.scores(), data.labels(data.width));
        let (our_ranks, ours) = ops::row_scan(scores.clone(), target.clone());
        let (their_ranks, theirs) = ranks::default::row_scan(there!(scores), there!(target));
        let rows = ranks(our_ranks);
        data.equal("ranks", rows.clone(), ranks(their_ranks));
        let nan = metrics_core::Reason::Nan.code() as i64;
        let defined = |tensor: Tensor<2>| {
            let mut values = floats(tensor);
            for (i, value) in values.iter_mut().enumerate() {
                let (_, rank) = rows[i % data.rows];
                if rank == nan || (i >= 2 * data.rows && rank < 0) {
                    *value = 0.0;
                }
            }
            values
        };
        let (ours, theirs) = (defined(ours), defined(theirs));
        // The logarithm of the sum cancels, the loss does not.
        let (ours, our_losses) = ours.split_at(3 * data.rows);
        let (theirs, their_losses) = theirs.split_at(3 * data.rows);
        data.close("scan", ours, theirs, 1e-6, 4.0);
        data.close("loss", our_losses, their_losses, 4e-6, 1e-6);
    });
}

#[test]
fn label_ranks() {
    for_all(|data| {
        let (pred, target) = (data.labels(data.width), data.labels(data.width));
        let ours = ops::label_ranks(pred.clone(), target.clone(), data.width);
        let theirs = ranks::default::label_ranks(there!(pred), there!(target), data.width);
        data.equal("ranks", ranks(ours), ranks(theirs));
    });
}

#[test]
fn class_margins() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels(data.width));
        let ranks = ops::row_ranks(scores, target.clone());
        for top_k in [1, 2, 5] {
            let width = data.width as i64;
            for ignore_index in [None, Some(-1), Some(0), Some(width), Some(1 << 40)] {
                let options = ConfusionOptions {
                    classes: data.width,
                    top_k,
                    ignore_index,
                };
                let state = data.counts(3 * data.width + REJECTED_SLOTS);
                let theirs = ranks::default::class_margins(
                    there!(state),
                    there!(ranks),
                    there!(target),
                    options,
                );
                let ours = ops::class_margins(state, ranks.clone(), target.clone(), options);
                data.equal(&format!("{options:?}"), ints(ours), ints(theirs));
            }
        }
    });
}

#[test]
fn codes_of_targets() {
    for_all(|data| {
        let scores = data.scores();
        let (decisions, labels) = (data.decisions(), data.labels(data.width));
        for ignore_index in [None, Some(-1), Some(1), Some(1 << 40)] {
            let target = decisions.clone();
            let ours = ops::decision_codes(scores.clone(), target.clone(), ignore_index);
            let theirs = codes::default::decision_codes(scores.clone(), target, ignore_index);
            let what = format!("ignoring {ignore_index:?}");
            data.equal(&what, ints(ours), ints(theirs));
            let target = labels.clone();
            let ours = ops::class_codes(scores.clone(), target.clone(), ignore_index);
            let theirs = codes::default::class_codes(scores.clone(), target, ignore_index);
            data.equal(&what, ints(ours), ints(theirs));
        }
    });
}

/// Counts of many elements are made on several threads.
#[test]
fn a_million_labels() {
    for (name, device) in devices() {
        let rows = 1_000_000;
        let mut random = Random(rows as u64);
        let mut labels = || -> (Vec<usize>, Tensor<1, Int>) {
            let labels = random.array(&[rows], |random| random.below(21) as f64);
            let tensor = labels.ints::<1>(&device);
            let list = ints(tensor.clone()).iter().map(|t| *t as usize).collect();
            (list, tensor)
        };
        let ((pred, preds), (target, targets)) = (labels(), labels());
        let mut expected = vec![0.0; 21 * 21];
        for (p, t) in pred.iter().zip(&target).filter(|(_, t)| **t != 20) {
            expected[t * 21 + p] += 1.0;
        }
        let batch = Multiclass::from_labels(preds, targets).unwrap();
        let matrix = ConfusionMatrix::multiclass(21).ignore_index(20);
        let value = matrix.evaluate(&batch).unwrap();
        assert_eq!(value.matrix().unwrap().data, expected, "{name}");
    }
}

#[test]
fn label_counts() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.decisions());
        for ignore_index in [None, Some(-1), Some(1), Some(1 << 40)] {
            for threshold in [0.0, 0.5, 1.0] {
                let options = LabelCountsOptions {
                    threshold,
                    ignore_index,
                };
                let state = data.counts(4 * data.width + REJECTED_SLOTS);
                let (scores, target) = (scores.clone(), target.clone());
                let theirs = codes::default::label_counts(
                    there!(state),
                    there!(scores),
                    there!(target),
                    options,
                );
                let ours = ops::label_counts(state, scores, target, options);
                data.equal(&format!("{options:?}"), ints(ours), ints(theirs));
            }
        }
    });
}

#[test]
fn probabilities() {
    for_all(|data| {
        let scores = data.scores();
        let outside = ops::outside_unit(scores.clone(), 0.0);
        for kind in [ScoreKind::Auto, ScoreKind::Probabilities, ScoreKind::Logits] {
            let ours = floats(ops::sigmoid_probabilities(
                scores.clone(),
                outside.clone(),
                kind,
            ));
            if kind != ScoreKind::Probabilities {
                let theirs = floats(probabilities::default::sigmoid_probabilities(
                    there!(scores),
                    there!(outside),
                    kind,
                ));
                data.close(&format!("sigmoid {kind:?}"), &ours, &theirs, 1e-6, 1e-3);
                let ours = floats(ops::softmax_probabilities(
                    scores.clone(),
                    outside.clone(),
                    kind,
                ));
                let theirs = floats(probabilities::default::softmax_probabilities(
                    there!(scores),
                    there!(outside),
                    kind,
                ));
                data.close(&format!("softmax {kind:?}"), &ours, &theirs, 2e-6, 1e-3);
            } else {
                data.close("unchanged", &ours, &floats(scores.clone()), 0.0, 0.0);
            }
        }
        let ours = ints(ops::outside_unit(scores.clone(), 0.0));
        data.equal(
            "outside",
            ours,
            ints(probabilities::default::outside_unit(there!(scores), 0.0)),
        );
    });
}

#[test]
fn codes_of_decisions_and_classes() {
    for_all(|data| {
        let (scores, decisions) = (data.scores(), data.decisions());
        let classes = data.labels(data.width);
        for ignore_index in [None, Some(-1), Some(1), Some(1 << 40)] {
            let ours = ops::decision_codes(scores.clone(), decisions.clone(), ignore_index);
            let theirs =
                codes::default::decision_codes(there!(scores), there!(decisions), ignore_index);
            data.equal(&format!("{ignore_index:?}"), ints(ours), ints(theirs));
            let ours = ops::class_codes(scores.clone(), classes.clone(), ignore_index);
            let theirs = codes::default::class_codes(there!(scores), there!(classes), ignore_index);
            data.equal(&format!("{ignore_index:?}"), ints(ours), ints(theirs));
        }
    });
}

#[test]
fn sum_compensated() {
    for_all(|data| {
        let scores = data.scores();
        let values = floats(scores.clone());
        let mut exact = vec![0.0; data.width];
        for row in values.chunks_exact(data.width) {
            exact.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        let ours = totals(ops::sum_compensated(scores.clone()));
        let theirs = totals(sums::default::sum_compensated(there!(scores)));
        // What cancels leaves the error of the terms, so the terms set the scale.
        let scale: f64 = values
            .iter()
            .filter(|x| x.is_finite())
            .map(|x| x.abs())
            .sum();
        for (i, exact) in exact.iter().enumerate() {
            for sum in [ours[i], theirs[i]] {
                // Sums of huge numbers overflow `f32` somewhere, which `f64` does not.
                let overflow = !sum.is_finite() && scale > f32::MAX as f64;
                let close = sum == *exact
                    || overflow
                    || sum.is_nan() && exact.is_nan()
                    || (sum - exact).abs() <= 1e-12 * scale;
                assert!(close, "{} at {i}: {sum} is not {exact}", data.place);
            }
        }
    });
}

#[test]
fn add_compensated() {
    for_all(|data| {
        // Terms that a plain f32 sum would lose.
        let x = Tensor::<1>::full([data.width], 1e-8, data.device);
        let mut state = Tensor::cat(vec![x.ones_like(), x.zeros_like()], 0);
        let mut expected = 1.0;
        for _ in 0..100 {
            state = ops::add_compensated(state, x.clone());
            expected += 1e-8f32 as f64;
        }
        data.close(
            "sum",
            &totals(state),
            &vec![expected; data.width],
            1e-11,
            0.0,
        );
    });
}

/// The order of labels in every row, of which some are left out, and of few and of many.
#[test]
fn orders_of_labels() {
    for_all(|data| {
        if data.too_many_pairs() {
            return;
        }
        let scores = data.scores();
        let codes = data.codes(data.rows * data.width);
        let codes = codes.reshape([data.rows, data.width]);
        check_orders(data, scores, codes);
    });
    for (name, device) in devices() {
        let data = &mut Data {
            random: Random(7),
            rows: 4,
            width: 600,
            kind: Kind::Logits,
            device: &device,
            place: name.into(),
        };
        let (scores, decisions) = (data.scores(), data.decisions());
        check_orders(data, scores.clone(), decisions.clone().cast(IntDType::I32));
        let all = decisions.ones_like().cast(IntDType::I32);
        check_orders(data, scores, all);
    }
}

fn check_orders(data: &Data, scores: Tensor<2>, codes: Tensor<2, Int>) {
    let ours = ops::labels_before(scores.clone(), codes.clone());
    let theirs = ranking::default::labels_before(there!(scores), there!(codes));
    data.equal("places", ints(ours), ints(theirs));
    let codes = codes.mask_fill(scores.clone().is_nan(), Reason::Nan.code());
    let ours = ops::row_codes(codes.clone());
    data.equal(
        "codes",
        ints(ours),
        ints(ranking::default::row_codes(there!(codes))),
    );
}

/// An operation must not change a state that someone else holds.
#[test]
fn a_shared_state_stays_as_it_was() {
    for (name, device) in devices() {
        let state = Tensor::<1, Int>::zeros([6 + REJECTED_SLOTS], (&device, DType::I32));
        let kept = state.clone();
        let target = Tensor::<1, Int>::from_ints([0, 1, 1], &device);
        let ranks = ops::label_ranks(target.clone(), target.clone(), 2);
        let options = ConfusionOptions {
            classes: 2,
            top_k: 1,
            ignore_index: None,
        };
        let after = ints(ops::class_margins(state, ranks, target, options));
        assert_eq!(ints(kept), [0; 6 + REJECTED_SLOTS], "{name}");
        assert_eq!(after[..6], [1, 2, 1, 2, 1, 2], "{name}");
        assert_eq!(after[6..], [0; REJECTED_SLOTS], "{name}");
        let ones = after_scatter(&device);
        assert_eq!(ones, [2, 0, 1], "{name}");
    }
}

/// Counting relies on duplicates in a scatter adding up.
fn after_scatter(device: &Device) -> Vec<i64> {
    let places = Tensor::<1, Int>::from_ints([0, 2, 0], device);
    let zeros = Tensor::<1, Int>::zeros([3], device);
    ints(zeros.scatter(0, places.clone(), places.ones_like(), IndexingUpdateOp::Add))
}
