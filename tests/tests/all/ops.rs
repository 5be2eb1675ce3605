//! Every operation against its default body, on every device.
//!
//! The default bodies are ordinary tensor operations, so they say what the fused versions must do.

use burn::tensor::{DType, Device, IndexingUpdateOp, Int, IntDType, Tensor};
use metrics_core::{
    REJECTED_SLOTS, Reason, ScoreKind,
    ops::{self, ConfusionOptions, LabelCountsOptions, PAIR_MOMENTS, ValueOptions, default},
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
    for (name, device) in devices() {
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

    fn sums(&mut self, count: usize) -> Tensor<1> {
        let sums = self.array(&[count], |random, _| random.below(1000) as f64 / 8.0);
        Tensor::cat(
            vec![
                sums.floats::<1>(self.device),
                Tensor::zeros([count], self.device),
            ],
            0,
        )
    }

    /// Values `[rows, columns]` of which no square is beyond `f32`, be it of what is infinite.
    fn values(&mut self, columns: usize) -> Tensor<2> {
        self.array(&[self.rows, columns], moderate)
            .floats(self.device)
    }

    /// No weights, and weights of which some are 0 and, in hostile data, some are none.
    fn weights(&mut self) -> [Option<Tensor<1>>; 2] {
        let weights = self.array(&[self.rows], |random, kind| {
            match (kind, random.below(24)) {
                (Kind::Hostile, 0) => f64::NAN,
                (Kind::Hostile, 1) => f64::INFINITY,
                (Kind::Hostile, 2) => f64::NEG_INFINITY,
                (Kind::Hostile, 3) => -1.0,
                (_, 4..9) => 0.0,
                (_, 9) => -0.0,
                _ => random.below(64) as f64 / 16.0,
            }
        });
        [None, Some(weights.floats(self.device))]
    }

    /// Compares sums of products, of which the default bodies round every one. Those of which infinities
    /// are a part need not say so in the same way.
    fn close_sums(&self, what: &str, ours: Tensor<1>, expected: Tensor<1>) {
        let known = |sums: Tensor<1>| -> Vec<f64> {
            let unknown = |sum: f64| if sum.is_finite() { sum } else { f64::NAN };
            totals(sums).into_iter().map(unknown).collect()
        };
        let (ours, expected) = (known(ours), known(expected));
        // What cancels leaves the error of the terms, which are no larger than squares.
        let largest = expected
            .iter()
            .fold(1.0, |most: f64, sum| most.max(sum.abs()));
        self.close(what, &ours, &expected, 2e-7, largest);
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

/// As [`score`], but for what has a square beyond `f32`, which not every version takes to be infinite.
fn moderate(random: &mut Random, kind: Kind) -> f64 {
    match score(random, kind) {
        x if x.is_finite() => x.min(1e3),
        x => x,
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
            ranks(default::row_ranks(there!(scores), there!(target))),
        );
    });
}

#[test]
fn row_scan() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels(data.width));
        let (our_ranks, ours) = ops::row_scan(scores.clone(), target.clone());
        let (their_ranks, theirs) = default::row_scan(there!(scores), there!(target));
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
        let theirs = default::label_ranks(there!(pred), there!(target), data.width);
        data.equal("ranks", ranks(ours), ranks(theirs));
    });
}

#[test]
fn confusion_and_its_margins() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels(data.width));
        let ranks = ops::row_ranks(scores, target.clone());
        for top_k in [1, 2, 5] {
            for ignore_index in [
                None,
                Some(-1),
                Some(0),
                Some(data.width as i64),
                Some(1 << 40),
            ] {
                let options = ConfusionOptions {
                    classes: data.width,
                    top_k,
                    ignore_index,
                };
                type Op = fn(
                    Tensor<1, Int>,
                    Tensor<2, Int>,
                    Tensor<1, Int>,
                    ConfusionOptions,
                ) -> Tensor<1, Int>;
                let both: [(usize, Op, Op); 2] = [
                    (data.width * data.width, ops::confusion, default::confusion),
                    (3 * data.width, ops::class_margins, default::class_margins),
                ];
                for (cells, ours, reference) in both {
                    let state = data.counts(cells + REJECTED_SLOTS);
                    let theirs = reference(there!(state), there!(ranks), there!(target), options);
                    let ours = ours(state, ranks.clone(), target.clone(), options);
                    data.equal(&format!("{cells} {options:?}"), ints(ours), ints(theirs));
                }
            }
        }
    });
}

#[test]
fn labels_against_labels() {
    for_all(|data| {
        let (pred, target) = (data.labels(data.width), data.labels(data.width));
        for ignore_index in [None, Some(-1), Some(0), Some(1 << 40)] {
            let options = ConfusionOptions {
                classes: data.width,
                top_k: 1,
                ignore_index,
            };
            type Op = fn(
                Tensor<1, Int>,
                Tensor<1, Int>,
                Tensor<1, Int>,
                ConfusionOptions,
            ) -> Tensor<1, Int>;
            let both: [(usize, Op, Op); 2] = [
                (
                    data.width * data.width,
                    ops::label_confusion,
                    default::label_confusion,
                ),
                (3 * data.width, ops::label_margins, default::label_margins),
            ];
            for (cells, ours, reference) in both {
                let state = data.counts(cells + REJECTED_SLOTS);
                let run = |op: Op| ints(op(state.clone(), pred.clone(), target.clone(), options));
                data.equal(&format!("{cells} {options:?}"), run(ours), run(reference));
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
            let theirs = default::decision_codes(scores.clone(), target, ignore_index);
            let what = format!("ignoring {ignore_index:?}");
            data.equal(&what, ints(ours), ints(theirs));
            let target = labels.clone();
            let ours = ops::class_codes(scores.clone(), target.clone(), ignore_index);
            let theirs = default::class_codes(scores.clone(), target, ignore_index);
            data.equal(&what, ints(ours), ints(theirs));
        }
    });
}

/// Counts of many elements are made on several threads.
#[test]
fn a_million_decisions() {
    for (name, device) in devices() {
        let rows = 1_000_000;
        let mut random = Random(rows as u64);
        let mut labels = |below: usize| -> (Vec<usize>, Tensor<1, Int>) {
            let labels = random.array(&[rows], |random| random.below(below) as f64);
            let tensor = labels.ints::<1>(&device);
            let list = ints(tensor.clone()).iter().map(|t| *t as usize).collect();
            (list, tensor)
        };
        let ((pred, preds), (target, targets)) = (labels(21), labels(21));
        let options = ConfusionOptions {
            classes: 21,
            top_k: 1,
            ignore_index: Some(20),
        };
        let mut expected = vec![0i64; 21 * 21 + REJECTED_SLOTS];
        for (p, t) in pred.iter().zip(&target) {
            expected[if *t == 20 {
                21 * 21 + metrics_core::Reason::Ignored as usize
            } else {
                t * 21 + p
            }] += 1;
        }
        let state = Tensor::zeros([expected.len()], (&device, DType::I32));
        let counts = ops::label_confusion(state, preds, targets, options);
        assert_eq!(ints(counts), expected, "{name}");

        let ((score, scores), (hit, hits)) = (labels(1 << 20), labels(2));
        let scores = scores.float() / (1 << 20) as f32;
        let thresholds = [0.0, 0.25, 0.5, 0.75, 1.0];
        let mut expected = vec![0i64; 2 * 6 + REJECTED_SLOTS];
        let mut bins = vec![0i64; 2 * 5 + REJECTED_SLOTS];
        for (score, hit) in score.iter().zip(&hit) {
            let quarter = score >> 18;
            expected[hit * 6 + quarter + 1] += 1;
            bins[quarter] += 1;
            bins[5 + quarter] += *hit as i64;
        }
        let state = Tensor::zeros([expected.len()], (&device, DType::I32));
        let codes = hits.cast(IntDType::I32);
        let (rows, columns) = (
            scores.clone().reshape([rows, 1]),
            codes.clone().reshape([rows, 1]),
        );
        let counts = ops::threshold_counts(state, rows, columns, &thresholds);
        assert_eq!(ints(counts), expected, "{name}");
        let state = Tensor::zeros([bins.len()], (&device, DType::I32));
        let sums = Tensor::zeros([2 * 5], (&device, DType::F32));
        let (counts, sums) = ops::bin_confidence(state, sums, scores, codes, 4);
        assert_eq!(ints(counts), bins, "{name}");
        let exact: f64 = score.iter().map(|s| *s as f64 / (1 << 20) as f64).sum();
        let total: f64 = totals(sums).iter().sum();
        assert!(
            (total - exact).abs() < 1e-6 * exact,
            "{name}: {total} is not {exact}"
        );
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
                let theirs =
                    default::label_counts(there!(state), there!(scores), there!(target), options);
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
        let outside = ops::outside_unit(scores.clone());
        for kind in [ScoreKind::Auto, ScoreKind::Probabilities, ScoreKind::Logits] {
            let ours = floats(ops::sigmoid_probabilities(
                scores.clone(),
                outside.clone(),
                kind,
            ));
            if kind != ScoreKind::Probabilities {
                let theirs = floats(default::sigmoid_probabilities(
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
                let theirs = floats(default::softmax_probabilities(
                    there!(scores),
                    there!(outside),
                    kind,
                ));
                data.close(&format!("softmax {kind:?}"), &ours, &theirs, 2e-6, 1e-3);
            } else {
                data.close("unchanged", &ours, &floats(scores.clone()), 0.0, 0.0);
            }
        }
        let ours = ints(ops::outside_unit(scores.clone()));
        data.equal("outside", ours, ints(default::outside_unit(there!(scores))));
    });
}

#[test]
fn codes_of_decisions_and_classes() {
    for_all(|data| {
        let (scores, decisions) = (data.scores(), data.decisions());
        let classes = data.labels(data.width);
        for ignore_index in [None, Some(-1), Some(1), Some(1 << 40)] {
            let ours = ops::decision_codes(scores.clone(), decisions.clone(), ignore_index);
            let theirs = default::decision_codes(there!(scores), there!(decisions), ignore_index);
            data.equal(&format!("{ignore_index:?}"), ints(ours), ints(theirs));
            let ours = ops::class_codes(scores.clone(), classes.clone(), ignore_index);
            let theirs = default::class_codes(there!(scores), there!(classes), ignore_index);
            data.equal(&format!("{ignore_index:?}"), ints(ours), ints(theirs));
        }
    });
}

#[test]
fn top_confidence() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels(data.width));
        let (ranks, scan) = ops::row_scan(scores.clone(), target.clone());
        let outside = ops::outside_unit(scores.clone());
        for kind in [ScoreKind::Auto, ScoreKind::Probabilities, ScoreKind::Logits] {
            for ignore_index in [None, Some(-1), Some(0), Some(1 << 40)] {
                let (hits, ours) = ops::top_confidence(
                    ranks.clone(),
                    scan.clone(),
                    target.clone(),
                    outside.clone(),
                    kind,
                    ignore_index,
                );
                let (their_hits, theirs) = default::top_confidence(
                    there!(ranks),
                    there!(scan),
                    there!(target),
                    there!(outside),
                    kind,
                    ignore_index,
                );
                let (hits, what) = (ints(hits), format!("{kind:?} {ignore_index:?}"));
                data.equal(&what, hits.clone(), ints(their_hits));
                let used = |values: Tensor<1>| {
                    let values = floats(values).into_iter().zip(&hits);
                    values
                        .filter(|(_, hit)| **hit >= 0)
                        .map(|(v, _)| v)
                        .collect::<Vec<_>>()
                };
                data.close(&what, &used(ours), &used(theirs), 2e-6, 0.0);
            }
        }
    });
}

#[test]
fn log_likelihood() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels(data.width));
        let (ranks, scan) = ops::row_scan(scores.clone(), target.clone());
        for ignore_index in [None, Some(-1), Some(0), Some(1 << 40)] {
            let (counts, sums) = (data.counts(1 + REJECTED_SLOTS), data.sums(1));
            let (our_counts, ours) = ops::log_likelihood(
                counts.clone(),
                sums.clone(),
                ranks.clone(),
                scan.clone(),
                target.clone(),
                ignore_index,
            );
            let (their_counts, theirs) = default::log_likelihood(
                there!(counts),
                there!(sums),
                there!(ranks),
                there!(scan),
                there!(target),
                ignore_index,
            );
            let what = format!("{ignore_index:?}");
            data.equal(&what, ints(our_counts), ints(their_counts));
            data.close(&what, &totals(ours), &totals(theirs), 1e-12, 1.0);
        }
    });
}

#[test]
fn value_totals() {
    for_all(|data| {
        let n = [data.rows];
        let values = data.array(&n, moderate).floats::<1>(data.device);
        let weights = data.array(&n, moderate).floats::<1>(data.device);
        for weighted in [false, true] {
            for (impute, reason) in [
                (None, Reason::Nan),
                (None, Reason::Ignored),
                (Some(2.5), Reason::Nan),
            ] {
                let options = ValueOptions {
                    weighted,
                    impute,
                    reason,
                };
                let (counts, sums) = (data.counts(2 + REJECTED_SLOTS), data.sums(3));
                let (our_counts, ours) = ops::value_totals(
                    counts.clone(),
                    sums.clone(),
                    values.clone(),
                    weights.clone(),
                    options,
                );
                let (their_counts, theirs) = default::value_totals(
                    there!(counts),
                    there!(sums),
                    there!(values),
                    there!(weights),
                    options,
                );
                let what = format!("{options:?}");
                data.equal(&what, ints(our_counts), ints(their_counts));
                // What cancels leaves the error of the terms.
                data.close(&what, &totals(ours), &totals(theirs), 1e-9, 1e4);
            }
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
        let theirs = totals(default::sum_compensated(there!(scores)));
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

#[test]
fn bin_confidence() {
    for_all(|data| {
        let rows = data.rows;
        let confidence = data.array(&[rows], |random, _| random.probability());
        let confidence = confidence.floats::<1>(data.device);
        let hit = data.codes(rows);
        for width in [1, 4, 15, 16] {
            let bins = width + 1;
            let (counts, sums) = (data.counts(2 * bins + REJECTED_SLOTS), data.sums(bins));
            let (confidence, hit) = (confidence.clone(), hit.clone());
            let (our_counts, ours) = ops::bin_confidence(
                counts.clone(),
                sums.clone(),
                confidence.clone(),
                hit.clone(),
                width,
            );
            let (their_counts, theirs) = default::bin_confidence(
                there!(counts),
                there!(sums),
                there!(confidence),
                there!(hit),
                width,
            );
            data.equal(
                &format!("{width} bins"),
                ints(our_counts),
                ints(their_counts),
            );
            data.close(
                &format!("{width} bins"),
                &totals(ours),
                &totals(theirs),
                1e-6,
                1e-3,
            );
        }
    });
}

#[test]
fn threshold_counts() {
    for_all(|data| {
        let scores = data.scores();
        let codes = data
            .codes(data.rows * data.width)
            .reshape([data.rows, data.width]);
        let lists: [&[f32]; 5] = [
            &[0.5],
            &[0.0, 1.0],
            &[0.0, 0.25, 0.25, 0.5, 1.0],
            &[0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.9],
            &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
        ];
        for list in lists {
            let state = data.counts(data.width * 2 * (list.len() + 1) + REJECTED_SLOTS);
            // NaN is rejected before it gets here.
            let scores = scores.clone().mask_fill(scores.clone().is_nan(), 0.5);
            let ours = ops::threshold_counts(state.clone(), scores.clone(), codes.clone(), list);
            let theirs =
                default::threshold_counts(there!(state), there!(scores), there!(codes), list);
            data.equal(&format!("{list:?}"), ints(ours), ints(theirs));
        }
    });
}

#[test]
fn pair_moments() {
    for_all(|data| {
        let (pred, target) = (data.scores(), data.scores());
        let (counts, sums) = (
            data.counts(1 + REJECTED_SLOTS),
            data.sums(PAIR_MOMENTS * data.width),
        );
        let pivot = data.array(&[data.width], |random, _| random.probability());
        let pivot = pivot.floats::<1>(data.device);
        let (our_counts, ours) = ops::pair_moments(
            counts.clone(),
            sums.clone(),
            pred.clone(),
            target.clone(),
            pivot.clone(),
        );
        let (their_counts, theirs) = default::pair_moments(
            there!(counts),
            there!(sums),
            there!(pred),
            there!(target),
            there!(pivot),
        );
        data.equal("counts", ints(our_counts), ints(their_counts));
        data.close("sums", &totals(ours), &totals(theirs), 1e-6, 1.0);
    });
}

/// A tensor that may be none, as [`there`].
macro_rules! both_there {
    ($weights:expr) => {
        $weights.as_ref().map(|weights| there!(weights))
    };
}

/// Burn broadcasts no tensors without rows, so the default bodies are for others.
#[test]
fn sums_of_no_rows() {
    for (name, device) in cpus() {
        let none = |columns: usize| Tensor::<2>::zeros([0, columns], &device);
        let (one, no_pivot) = (none(1), Tensor::<1>::zeros([12], &device));
        let weights = || Tensor::<1>::zeros([0], &device);
        for weights in [None, Some(weights())] {
            let counts = Tensor::<1, Int>::ones([2 + REJECTED_SLOTS], (&device, DType::I32));
            let sums = |count: usize| Tensor::<1>::ones([2 * count], &device);
            let after = [
                ops::co_moments(
                    counts.clone(),
                    sums(13),
                    none(3),
                    weights.clone(),
                    no_pivot.clone().slice(0..3),
                ),
                ops::ensemble_scores(
                    counts.clone(),
                    sums(2),
                    none(5),
                    one.clone().reshape([0]),
                    weights,
                ),
            ];
            for (counts, sums) in after {
                assert_eq!(ints(counts), [1; 2 + REJECTED_SLOTS], "{name}");
                // A one in each half is a two in the first.
                assert!(totals(sums).iter().all(|sum| *sum == 2.0), "{name}");
            }
        }
        let codes = Tensor::<2, Int>::zeros([0, 3], (&device, DType::I32));
        let terms = ops::label_ranking(none(3), codes.clone());
        assert_eq!(terms.dims(), [0, ops::RANKING_TERMS], "{name}");
        let places = ops::labels_before(none(3), codes.clone());
        assert_eq!(places.dims(), [0, 3], "{name}");
        assert_eq!(ops::row_codes(codes).dims(), [0, 1], "{name}");
    }
}

#[test]
fn co_moments() {
    for_all(|data| {
        let columns = data.width.min(20);
        let values = data.values(columns);
        let pivot = data.array(&[columns], |random, _| random.probability());
        let pivot = pivot.floats::<1>(data.device);
        for weights in data.weights() {
            let (counts, sums) = (
                data.counts(2 + REJECTED_SLOTS),
                data.sums(1 + columns + columns * columns),
            );
            let (our_counts, ours) = ops::co_moments(
                counts.clone(),
                sums.clone(),
                values.clone(),
                weights.clone(),
                pivot.clone(),
            );
            let (their_counts, theirs) = default::co_moments(
                there!(counts),
                there!(sums),
                there!(values),
                both_there!(weights),
                there!(pivot),
            );
            let what = format!("weighted: {}", weights.is_some());
            data.equal(&what, ints(our_counts), ints(their_counts));
            data.close_sums(&what, ours, theirs);
        }
    });
}

#[test]
fn ensemble_scores() {
    for_all(|data| {
        if data.too_many_pairs() {
            return;
        }
        let (pred, target) = (data.scores(), data.values(1));
        let target = target.reshape([data.rows]);
        for weights in data.weights() {
            let (counts, sums) = (data.counts(2 + REJECTED_SLOTS), data.sums(2));
            let (our_counts, ours) = ops::ensemble_scores(
                counts.clone(),
                sums.clone(),
                pred.clone(),
                target.clone(),
                weights.clone(),
            );
            let (their_counts, theirs) = default::ensemble_scores(
                there!(counts),
                there!(sums),
                there!(pred),
                there!(target),
                both_there!(weights),
            );
            let what = format!("weighted: {}", weights.is_some());
            data.equal(&what, ints(our_counts), ints(their_counts));
            data.close_sums(&what, ours, theirs);
        }
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
    let theirs = default::labels_before(there!(scores), there!(codes));
    data.equal("places", ints(ours), ints(theirs));
    let codes = codes.mask_fill(scores.clone().is_nan(), Reason::Nan.code());
    let ours = ops::row_codes(codes.clone());
    data.equal("codes", ints(ours), ints(default::row_codes(there!(codes))));
    let ours = ops::label_ranking(scores.clone(), codes.clone());
    let theirs = default::label_ranking(there!(scores), there!(codes));
    data.close("terms", &floats(ours), &floats(theirs), 2e-6, 1e-6);
}

/// An operation must not change a state that someone else holds.
#[test]
fn a_shared_state_stays_as_it_was() {
    for (name, device) in devices() {
        let state = Tensor::<1, Int>::zeros([4 + REJECTED_SLOTS], (&device, DType::I32));
        let kept = state.clone();
        let target = Tensor::<1, Int>::from_ints([0, 1, 1], &device);
        let ranks = ops::label_ranks(target.clone(), target.clone(), 2);
        let options = ConfusionOptions {
            classes: 2,
            top_k: 1,
            ignore_index: None,
        };
        let after = ints(ops::confusion(state, ranks, target, options));
        assert_eq!(ints(kept), [0; 4 + REJECTED_SLOTS], "{name}");
        assert_eq!(after[..4], [1, 0, 0, 2], "{name}");
        assert_eq!(after[4..], [0; REJECTED_SLOTS], "{name}");
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
