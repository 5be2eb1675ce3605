//! Operations that have a pass over slices in host memory, against their default bodies.

use burn::tensor::{DType, Device, Int, IntDType, Tensor};
use metrics_core::{
    REJECTED_SLOTS, ScoreKind,
    ops::{self, ConfusionOptions, LabelCountsOptions, MarginOptions, default},
};
use metrics_tests::{
    cpus,
    golden::Array,
    read::{floats, ints, totals},
    samples::Random,
};

/// Rows and columns. The last ones are more than one thread takes.
const SHAPES: [(usize, usize); 7] = [
    (1, 1),
    (1, 5),
    (7, 3),
    (300, 17),
    (2000, 2),
    (70_000, 1),
    (25_000, 3),
];

/// What a batch can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Probabilities, valid labels and weights.
    Clean,
    /// Also NaN, infinities, labels that are none, weights that are 0, or none.
    Hostile,
}

struct Data<'a> {
    random: Random,
    kind: Kind,
    rows: usize,
    width: usize,
    device: &'a Device,
    place: String,
}

/// Runs a check for every device in host memory, shape and kind of batch.
fn for_all(check: impl Fn(&mut Data)) {
    for (name, device) in cpus() {
        for (rows, width) in SHAPES {
            for kind in [Kind::Clean, Kind::Hostile] {
                // Default bodies take their time.
                if kind == Kind::Clean && rows > 2000 {
                    continue;
                }
                check(&mut Data {
                    random: Random((rows * 100 + width) as u64),
                    kind,
                    rows,
                    width,
                    device: &device,
                    place: format!("{name} {kind:?} [{rows}, {width}]"),
                });
            }
        }
    }
}

impl Data<'_> {
    /// A number, or now and then one of others if the batch is hostile.
    fn draw(&mut self, usual: impl Fn(&mut Random) -> f64, others: &[f64]) -> f64 {
        let hostile = self.kind == Kind::Hostile && self.random.below(8) == 0;
        if hostile && !others.is_empty() {
            others[self.random.below(others.len())]
        } else {
            usual(&mut self.random)
        }
    }

    fn array(
        &mut self,
        shape: &[usize],
        usual: impl Fn(&mut Random) -> f64,
        others: &[f64],
    ) -> Array {
        let size = shape.iter().product();
        Array {
            shape: shape.to_vec(),
            data: (0..size).map(|_| self.draw(&usual, others)).collect(),
        }
    }

    fn floats<const D: usize>(
        &mut self,
        shape: [usize; D],
        usual: impl Fn(&mut Random) -> f64,
        others: &[f64],
    ) -> Tensor<D> {
        self.array(&shape, usual, others).floats(self.device)
    }

    fn ints<const D: usize>(
        &mut self,
        shape: [usize; D],
        usual: impl Fn(&mut Random) -> f64,
        others: &[f64],
    ) -> Tensor<D, Int> {
        self.array(&shape, usual, others).ints(self.device)
    }

    /// Probabilities `[rows, width]`, of a layout that is not the usual one for some.
    fn scores(&mut self) -> Tensor<2> {
        let others = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5, -0.5, 1e-30];
        match self.rows % 2 {
            1 => self.floats([self.rows, self.width], Random::probability, &others),
            _ => self
                .floats([self.width, self.rows], Random::probability, &others)
                .transpose(),
        }
    }

    /// Valid labels, and some to ignore or that are none.
    fn labels<const D: usize>(&mut self, shape: [usize; D], count: usize) -> Tensor<D, Int> {
        let others = [-1.0, count as f64, (1u64 << 40) as f64];
        self.ints(shape, |random| random.below(count) as f64, &others)
    }

    /// Numbers below `count`, and the codes of rejected elements.
    fn codes<const D: usize>(&mut self, shape: [usize; D], count: usize) -> Tensor<D, Int> {
        let others: Vec<f64> = (0..REJECTED_SLOTS).map(|code| -1.0 - code as f64).collect();
        let codes = self.ints(shape, |random| random.below(count) as f64, &others);
        codes.cast(IntDType::I32)
    }

    fn weights(&mut self) -> Tensor<1> {
        let others = [0.0, -0.0, 1e-30, f64::NAN, f64::INFINITY, -1.0];
        self.floats(
            [self.rows],
            |random| random.below(1000) as f64 / 64.0,
            &others,
        )
    }

    /// None, and some.
    fn perhaps_weights(&mut self) -> [Option<Tensor<1>>; 2] {
        [None, Some(self.weights())]
    }

    /// A state that is not empty any more.
    fn counts(&mut self, count: usize) -> Tensor<1, Int> {
        let counts = self.ints([count], |random| random.below(100) as f64, &[]);
        counts.cast(IntDType::I32)
    }

    fn sums(&mut self, count: usize) -> Tensor<1> {
        let sums = self.floats([count], |random| random.below(1000) as f64 / 8.0, &[]);
        Tensor::cat(
            vec![sums, Tensor::zeros([count], (self.device, DType::F32))],
            0,
        )
    }

    fn same(&self, what: &str, (ours, theirs): (Vec<i64>, Vec<i64>)) {
        assert_eq!(ours.len(), theirs.len(), "{what} {}", self.place);
        let differ = ours.iter().zip(&theirs).position(|(a, b)| a != b);
        if let Some(i) = differ {
            let (ours, theirs) = (ours[i], theirs[i]);
            panic!("{what} {} at {i}: {ours} is not {theirs}", self.place);
        }
    }

    fn close(&self, what: &str, (ours, theirs): (Vec<f64>, Vec<f64>), limit: f64) {
        assert_eq!(ours.len(), theirs.len(), "{what} {}", self.place);
        for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            let near = (a - b).abs() <= limit * b.abs();
            let close = a == b || a.is_nan() && b.is_nan() || near;
            assert!(close, "{what} {} at {i}: {a} is not {b}", self.place);
        }
    }

    /// Counters and sums after an update.
    fn states(
        &self,
        what: &str,
        (our_counts, our_sums): (Tensor<1, Int>, Tensor<1>),
        (their_counts, their_sums): (Tensor<1, Int>, Tensor<1>),
    ) {
        self.same(what, (ints(our_counts), ints(their_counts)));
        self.close(what, (totals(our_sums), totals(their_sums)), 1e-6);
    }
}

#[test]
fn weighted_counts() {
    for_all(|data| {
        // Cells that are kept in one cache line, in several copies, and in one.
        for cells in [1, 4, 40, 5000] {
            let places = data.codes([data.rows], cells);
            let (weights, counts) = (data.weights(), data.counts(2 + REJECTED_SLOTS));
            let sums = data.sums(cells);
            let state = || (counts.clone(), sums.clone());
            let ((counts, sums), (places, weights)) = (state(), (places.clone(), weights.clone()));
            let ours = ops::weighted_counts(counts, sums, places.clone(), weights.clone());
            let (counts, sums) = state();
            let theirs = default::weighted_counts(counts, sums, places, weights);
            data.states(&format!("{cells} cells"), ours, theirs);
        }
    });
}

/// A sum beyond the range of `f32` is infinite, and nothing else is.
#[test]
fn weights_beyond_the_range() {
    for (_, device) in cpus() {
        let cells = Tensor::<1, Int>::from_ints([0, 0, 1], &device);
        let weights = Tensor::<1>::from_floats([3e38, 3e38, 3e38], &device);
        let counts = Tensor::zeros([REJECTED_SLOTS], (&device, DType::I32));
        let sums = Tensor::zeros([4], (&device, DType::F32));
        let (_, sums) = ops::weighted_counts(counts, sums, cells, weights);
        assert_eq!(totals(sums), [f64::INFINITY, 3e38f32 as f64]);
    }
}

#[test]
fn weighted_log_likelihood() {
    for_all(|data| {
        let target = data.labels([data.rows], data.width);
        let logits = data.scores();
        let (ranks, scan) = ops::row_scan(logits, target.clone());
        let (weights, counts) = (data.weights(), data.counts(1 + REJECTED_SLOTS));
        for ignore_index in [None, Some(0), Some(-1), Some(1 << 40)] {
            let run = |f: fn(_, _, _, _, _, _) -> _| {
                let (counts, ranks, scan) = (counts.clone(), ranks.clone(), scan.clone());
                f(
                    counts,
                    ranks,
                    scan,
                    target.clone(),
                    weights.clone(),
                    ignore_index,
                )
            };
            let (ours, theirs) = (
                run(ops::weighted_log_likelihood),
                run(default::weighted_log_likelihood),
            );
            data.states(&format!("{ignore_index:?}"), ours, theirs);
        }
    });
}

#[test]
fn term_sums() {
    for_all(|data| {
        for k in [1, 2, 3] {
            let elements = data.width;
            let others = [f64::NAN, f64::INFINITY, 1e30, 0.0];
            let usual = |random: &mut Random| random.below(1000) as f64 / 256.0;
            let terms = data.floats([data.rows, elements, k], usual, &others);
            let codes = data.codes([data.rows, elements], 2);
            for weights in data.perhaps_weights() {
                let (counts, sums) = (
                    data.counts(1 + REJECTED_SLOTS),
                    data.sums(elements * (k + 1)),
                );
                let run = |f: fn(_, _, _, _, _) -> _| {
                    let (terms, codes) = (terms.clone(), codes.clone());
                    f(counts.clone(), sums.clone(), terms, codes, weights.clone())
                };
                let what = format!("{k} terms, weights: {}", weights.is_some());
                data.states(&what, run(ops::term_sums), run(default::term_sums));
            }
        }
    });
}

const KINDS: [ScoreKind; 3] = [ScoreKind::Auto, ScoreKind::Probabilities, ScoreKind::Logits];

#[test]
fn decision_terms() {
    for_all(|data| {
        let scores = data.scores();
        let target = data.labels([data.rows, data.width], 2);
        let outside = ops::outside_unit(scores.clone());
        for kind in KINDS {
            let p = ops::sigmoid_probabilities(scores.clone(), outside.clone(), kind);
            let codes = ops::decision_codes(p.clone(), target.clone(), Some(-1));
            let run = |f: fn(_, _, _, _, _) -> Tensor<3>| {
                let (scores, codes) = (scores.clone(), codes.clone());
                let terms = f(scores, p.clone(), codes.clone(), outside.clone(), kind);
                let used = ints(codes).into_iter().flat_map(|code| [code >= 0; 3]);
                let terms = floats(terms).into_iter().zip(used);
                let terms = terms.map(|(term, used)| if used { term } else { 0.0 });
                terms.collect::<Vec<_>>()
            };
            let both = (run(ops::decision_terms), run(default::decision_terms));
            data.close(&format!("{kind:?}"), both, 1e-6);
        }
    });
}

#[test]
fn hinge_losses() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels([data.rows], data.width));
        let number = scores.clone().is_nan().bool_not();
        let checked = scores.clone().mask_fill(number, 0.0);
        let codes = ops::class_codes(checked, target, Some(-1));
        for (against_best, squared) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let options = MarginOptions {
                against_best,
                squared,
            };
            let run = |f: fn(_, _, _) -> (Tensor<2>, Tensor<2, Int>)| {
                let (losses, codes) = f(scores.clone(), codes.clone(), options);
                let ([_, width], rejected) = (losses.dims(), ints(codes));
                let losses = floats(losses).into_iter().enumerate();
                let used = |(i, loss)| if rejected[i / width] < 0 { 0.0 } else { loss };
                let losses: Vec<f64> = losses.map(used).collect();
                (losses, rejected)
            };
            let ((ours, our_codes), (theirs, their_codes)) =
                (run(ops::hinge_losses), run(default::hinge_losses));
            let what = format!("{options:?}");
            data.same(&what, (our_codes, their_codes));
            data.close(&what, (ours, theirs), 0.0);
        }
    });
}

#[test]
fn hits_and_cells() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels([data.rows], data.width));
        let pred = data.labels([data.rows], data.width);
        for ranks in [
            ops::row_ranks(scores, target.clone()),
            ops::label_ranks(pred, target.clone(), data.width),
        ] {
            for (top_k, ignore_index) in [(1, None), (1, Some(0)), (2, Some(-1))] {
                let options = ConfusionOptions {
                    classes: data.width,
                    top_k,
                    ignore_index,
                };
                let run = |f: fn(_, _, _) -> _| ints(f(ranks.clone(), target.clone(), options));
                let what = format!("{options:?}");
                data.same(&what, (run(ops::hits), run(default::hits)));
                let both = (run(ops::confusion_cells), run(default::confusion_cells));
                data.same(&what, both);
                let run = |f: fn(_, _, _) -> (Tensor<1, Int>, Tensor<1, Int>)| {
                    let (first, missed) = f(ranks.clone(), target.clone(), options);
                    // What is negative in the second is nothing, whatever the number.
                    [ints(first), ints(missed.clamp_min(-1))].concat()
                };
                data.same(
                    &what,
                    (run(ops::outcome_cells), run(default::outcome_cells)),
                );
            }
        }
    });
}

#[test]
fn label_hits_and_cells() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels([data.rows, data.width], 2));
        for (threshold, ignore_index) in [(0.5, None), (0.25, Some(0)), (1.0, Some(-1))] {
            let options = LabelCountsOptions {
                threshold,
                ignore_index,
            };
            let run = |f: fn(_, _, _) -> _| ints(f(scores.clone(), target.clone(), options));
            let what = format!("{options:?}");
            data.same(&what, (run(ops::label_hits), run(default::label_hits)));
            let both = (run(ops::decision_cells), run(default::decision_cells));
            data.same(&what, both);
        }
    });
}

#[test]
fn threshold_cells() {
    for_all(|data| {
        let scores = data.scores();
        let target = data.labels([data.rows, data.width], 2);
        let codes = ops::decision_codes(scores.clone(), target, Some(-1));
        // Evenly spaced, and not.
        for thresholds in [&[0.0, 0.25, 0.5, 0.75, 1.0][..], &[0.1, 0.2, 0.9], &[0.5]] {
            let run = |f: fn(_, _, &[f32]) -> _| ints(f(scores.clone(), codes.clone(), thresholds));
            let both = (run(ops::threshold_cells), run(default::threshold_cells));
            data.same(&format!("{thresholds:?}"), both);
        }
    });
}

#[test]
fn in_two_cells() {
    for_all(|data| {
        let (cells, also) = (data.codes([data.rows], 9), data.codes([data.rows], 4));
        let (weights, others) = (data.weights(), data.weights());
        let run = |f: fn(_, _, _, _) -> (Tensor<1, Int>, Tensor<1>)| {
            let (cells, also) = (cells.clone(), also.clone());
            let (cells, weights) = f(cells, weights.clone(), also, others.clone());
            (ints(cells), floats(weights))
        };
        let ((cells, weights), (their_cells, their_weights)) =
            (run(ops::in_two_cells), run(default::in_two_cells));
        data.same("cells", (cells, their_cells));
        data.close("weights", (weights, their_weights), 0.0);
    });
}

#[test]
fn unit_matches() {
    for_all(|data| {
        let codes = data.codes([data.rows, data.width], 2);
        // Also units that are all right, or all left out.
        let right = codes.ones_like();
        for hits in [
            codes.clone(),
            codes.clone().clamp_max(-1),
            right,
            codes.clamp(-1, 1),
        ] {
            let rows = data.rows;
            let divides = |samples: &usize| rows.is_multiple_of(*samples);
            for samples in [1, 7, rows].into_iter().filter(divides) {
                let state = data.counts(2 * samples + REJECTED_SLOTS);
                let run = |f: fn(_, _, _) -> _| ints(f(state.clone(), hits.clone(), samples));
                let what = format!("{samples} samples");
                data.same(&what, (run(ops::unit_matches), run(default::unit_matches)));
            }
        }
    });
}

/// Not all default bodies do this on every backend.
#[test]
fn batches_of_no_rows() {
    for (name, device) in cpus() {
        let [counts, flat] = [8, 0].map(|n| Tensor::<1, Int>::ones([n], (&device, DType::I32)));
        let [table, ranks] =
            [[0, 2], [2, 0]].map(|dims| Tensor::<2, Int>::ones(dims, (&device, DType::I32)));
        let scores = Tensor::<2>::ones([0, 2], (&device, DType::F32));
        let (weights, sums) = (
            Tensor::<1>::ones([0], (&device, DType::F32)),
            Tensor::<1>::ones([12], (&device, DType::F32)),
        );
        let same = |(after, after_sums): (Tensor<1, Int>, Tensor<1>), sums: Vec<f64>| {
            assert_eq!(ints(after), [1; 8], "{name}");
            assert_eq!(totals(after_sums), sums, "{name}");
        };
        let ones = || (counts.clone(), sums.clone());
        let (before, state) = ones();
        let after = ops::weighted_counts(before, state, flat.clone(), weights.clone());
        same(after, vec![2.0; 6]);
        let (before, state) = ones();
        let terms = Tensor::<3>::ones([0, 2, 2], (&device, DType::F32));
        let after = ops::term_sums(before, state, terms, table.clone(), Some(weights.clone()));
        same(after, vec![2.0; 6]);
        let scan = Tensor::<2>::ones([4, 0], (&device, DType::F32));
        let (before, target) = (counts.clone(), flat.clone());
        let after =
            ops::weighted_log_likelihood(before, ranks.clone(), scan, target, weights, None);
        same(after, vec![0.0; 2]);
        let after = ops::unit_matches(counts.clone(), table.clone(), 1);
        assert_eq!(ints(after), [1; 8], "{name}");
        let options = ConfusionOptions {
            classes: 2,
            top_k: 1,
            ignore_index: None,
        };
        assert_eq!(ops::hits(ranks.clone(), flat.clone(), options).dims(), [0]);
        assert_eq!(ops::confusion_cells(ranks, flat, options).dims(), [0]);
        let options = MarginOptions {
            against_best: true,
            squared: false,
        };
        let (losses, codes) = ops::hinge_losses(scores.clone(), table.clone(), options);
        assert_eq!([losses.dims(), codes.dims()], [[0, 1]; 2], "{name}");
        let outside = ops::outside_unit(scores.clone());
        let kind = ScoreKind::Auto;
        let terms = ops::decision_terms(scores.clone(), scores, table, outside, kind);
        assert_eq!(terms.dims(), [0, 2, 3], "{name}");
    }
}
