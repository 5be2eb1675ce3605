//! Operations that have a pass over slices in host memory, against their default bodies.

use burn::tensor::{DType, Device, Int, IntDType, Tensor};
use metrics_core::{
    REJECTED_SLOTS,
    ops::{self, ConfusionOptions, LabelCountsOptions, codes, ranks, terms},
};
use metrics_tests::{
    cpus,
    golden::Array,
    read::{ints, totals},
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
                data.states(&what, run(ops::term_sums), run(terms::default::term_sums));
            }
        }
    });
}

#[test]
fn hits() {
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
                data.same(&what, (run(ops::hits), run(ranks::default::hits)));
            }
        }
    });
}

#[test]
fn label_hits() {
    for_all(|data| {
        let (scores, target) = (data.scores(), data.labels([data.rows, data.width], 2));
        for (threshold, ignore_index) in [(0.5, None), (0.25, Some(0)), (1.0, Some(-1))] {
            let options = LabelCountsOptions {
                threshold,
                ignore_index,
            };
            let run = |f: fn(_, _, _) -> _| ints(f(scores.clone(), target.clone(), options));
            let what = format!("{options:?}");
            data.same(
                &what,
                (run(ops::label_hits), run(codes::default::label_hits)),
            );
        }
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
                data.same(
                    &what,
                    (run(ops::unit_matches), run(codes::default::unit_matches)),
                );
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
        let weights = Tensor::<1>::ones([0], (&device, DType::F32));
        let sums = Tensor::<1>::ones([12], (&device, DType::F32));
        let terms = Tensor::<3>::ones([0, 2, 2], (&device, DType::F32));
        let (after, sums) =
            ops::term_sums(counts.clone(), sums, terms, table.clone(), Some(weights));
        assert_eq!(ints(after), [1; 8], "{name}");
        // A one in each half is a two.
        assert_eq!(totals(sums), [2.0; 6], "{name}");
        let after = ops::unit_matches(counts, table.clone(), 1);
        assert_eq!(ints(after), [1; 8], "{name}");
        let options = ConfusionOptions {
            classes: 2,
            top_k: 1,
            ignore_index: None,
        };
        assert_eq!(ops::hits(ranks, flat, options).dims(), [0]);
        let places = ops::labels_before(scores, table.clone());
        assert_eq!(places.dims(), [0, 2], "{name}");
        assert_eq!(ops::row_codes(table).dims(), [0, 1], "{name}");
    }
}
