//! Sums of products of pairs.

use super::{
    floats,
    rows::{RowSums, sum_parts, with_weights},
};
use crate::ops::{JOINT_MOMENTS, scalar::is_weight};
use burn::tensor::{Int, Tensor};

/// Elements that one thread takes at a time where there are many.
const ELEMENTS_PER_PART: usize = 1 << 16;

/// See [`ops::joint_moments`](crate::ops::joint_moments).
pub(crate) fn joint_moments(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    pred: &Tensor<2>,
    target: &Tensor<2>,
    weights: &Option<Tensor<1>>,
    pivots: &Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [n, columns] = pred.dims();
    let pivots = floats(pivots, |pivots| Pivot::of_columns(pivots, columns));
    let rows_per_part = (ELEMENTS_PER_PART / columns.max(1)).max(16);
    let batch = floats(pred, |pred| {
        floats(target, |target| {
            with_weights(weights, |weights| {
                sum_parts(n, rows_per_part, |rows| {
                    let weights = weights.map(|weights| &weights[rows.clone()]);
                    let elements = rows.start * columns..rows.end * columns;
                    let pairs = (&pred[elements.clone()], &target[elements]);
                    moments(rows.len(), pairs, weights, &pivots)
                })
            })
        })
    });
    batch.add_to(counts, sums)
}

/// What is subtracted from the predictions, targets and errors of a column.
#[derive(Clone, Copy)]
struct Pivot {
    pred: f64,
    target: f64,
    error: f64,
}

impl Pivot {
    fn of_columns(pivots: &[f32], columns: usize) -> Vec<Self> {
        let half = |k: usize, column: usize| pivots[k * columns + column] as f64;
        let pivot = |column| Self {
            pred: half(0, column),
            target: half(1, column),
            error: half(2, column) + half(3, column),
        };
        (0..columns).map(pivot).collect()
    }

    /// What a pair of some weight adds to each moment.
    #[inline(always)]
    fn terms(self, pred: f32, target: f32, weight: f64) -> [f64; JOINT_MOMENTS] {
        let error = (target as f64 - pred as f64) - self.error;
        let (pred, target) = (pred as f64 - self.pred, target as f64 - self.target);
        let [p, t, e] = [pred, target, error].map(|x| x * weight);
        [p * pred, t * target, e * error, p * target, p, t, e]
    }
}

/// The moments of some rows.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn moments(
    n: usize,
    (pred, target): (&[f32], &[f32]),
    weights: Option<&[f32]>,
    pivots: &[Pivot],
) -> RowSums {
    let mut moments = Moments {
        sums: RowSums::new(JOINT_MOMENTS * pivots.len() + 1),
        columns: vec![[0.0; JOINT_MOMENTS]; pivots.len()],
        given: 0.0,
    };
    match pivots {
        [pivot] => moments.add_column(pred, target, weights, *pivot),
        _ => {
            for i in 0..n {
                let row = i * pivots.len()..(i + 1) * pivots.len();
                let pair = (&pred[row.clone()], &target[row]);
                moments.add_row(pair, weights.map(|weights| weights[i]), pivots);
            }
        }
    }
    moments.finish()
}

struct Moments {
    sums: RowSums,
    /// The moments of each column, to be sorted by moment in the end.
    columns: Vec<[f64; JOINT_MOMENTS]>,
    /// The sum of the weights that were given.
    given: f64,
}

impl Moments {
    #[inline(always)]
    fn add_row(&mut self, (pred, target): (&[f32], &[f32]), weight: Option<f32>, pivots: &[Pivot]) {
        let nan = |row: &[f32]| row.iter().fold(false, |any, x| any | x.is_nan());
        let Some(used) = self.sums.count(nan(pred) | nan(target), weight) else {
            return;
        };
        self.given += weight.map_or(0.0, |_| used);
        let pairs = pred.iter().zip(target).zip(pivots);
        for (((pred, target), pivot), sums) in pairs.zip(&mut self.columns) {
            let terms = pivot.terms(*pred, *target, used);
            (sums.iter_mut().zip(terms)).for_each(|(sum, term)| *sum += term);
        }
    }

    /// Pieces go through vectors, and again row by row if they turn out to have a row to leave out.
    #[inline(always)]
    fn add_column(&mut self, pred: &[f32], target: &[f32], weights: Option<&[f32]>, pivot: Pivot) {
        const PIECE: usize = 1024;
        for start in (0..pred.len()).step_by(PIECE) {
            let piece = start..pred.len().min(start + PIECE);
            let whole = piece.len() / LANES * LANES;
            let lanes = start..start + whole;
            let pairs = (&pred[lanes.clone()], &target[lanes.clone()]);
            let (sums, given) = match weights {
                None => add_lanes(pairs, std::iter::repeat(&[1.0; LANES]), pivot),
                Some(weights) => {
                    let weights = &weights[lanes];
                    let valid = (weights.iter()).fold(true, |all, weight| all & is_weight(*weight));
                    match valid {
                        true => add_lanes(pairs, weights.as_chunks::<LANES>().0.iter(), pivot),
                        false => ([f64::NAN; JOINT_MOMENTS], 0.0),
                    }
                }
            };
            // A NaN is in a square, as is an infinity that weighs nothing; infinities may cancel elsewhere.
            let added = if (sums[0] + sums[1]).is_nan() {
                0
            } else {
                whole
            };
            if added > 0 {
                self.sums.count_used(added, weights.is_some());
                self.given += weights.map_or(0.0, |_| given);
                (self.columns[0].iter_mut().zip(sums)).for_each(|(own, sum)| *own += sum);
            }
            for i in start + added..piece.end {
                let weight = weights.map(|weights| weights[i]);
                self.add_row((&pred[i..=i], &target[i..=i]), weight, &[pivot]);
            }
        }
    }

    fn finish(mut self) -> RowSums {
        let columns = self.columns.len();
        for (column, moments) in self.columns.iter().enumerate() {
            for (k, moment) in moments.iter().enumerate() {
                self.sums.totals[k * columns + column] = *moment;
            }
        }
        self.sums.totals[JOINT_MOMENTS * columns] = self.given;
        self.sums
    }
}

/// Few enough that the sums of all moments stay in registers.
const LANES: usize = 4;

/// The moments of pairs, whose number is a multiple of the lanes, and the sum of their weights.
#[inline(always)]
fn add_lanes<'a>(
    (pred, target): (&[f32], &[f32]),
    weights: impl Iterator<Item = &'a [f32; LANES]>,
    pivot: Pivot,
) -> ([f64; JOINT_MOMENTS], f64) {
    let mut moments = [[0.0f64; LANES]; JOINT_MOMENTS];
    let mut given = [0.0f64; LANES];
    let (pred, target) = (pred.as_chunks::<LANES>().0, target.as_chunks::<LANES>().0);
    for ((pred, target), weights) in pred.iter().zip(target).zip(weights) {
        for lane in 0..LANES {
            let weight = weights[lane] as f64;
            let terms = pivot.terms(pred[lane], target[lane], weight);
            for k in 0..JOINT_MOMENTS {
                moments[k][lane] += terms[k];
            }
            given[lane] += weight;
        }
    }
    (moments.map(|lanes| lanes.iter().sum()), given.iter().sum())
}
