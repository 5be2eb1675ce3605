//! Terms of pairs of numbers, computed and added in one pass.

use super::rows::{RowSums, sum_parts};
use crate::{Reason, regression::states::MAX_SUMS};

/// Rows of predictions and targets `[N, D]`, and their weights.
#[derive(Clone, Copy)]
pub(crate) struct PairRows<'a> {
    pub pred: &'a [f32],
    pub target: &'a [f32],
    pub columns: usize,
    pub weights: Option<&'a [f32]>,
}

/// Adds rows one by one: their terms, and last the weights that were given. Compiled once more for
/// processors with AVX2.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn add_rows<R: RowOfTerms>(pass: &mut RowSums, rows: PairRows, of: &R) {
    let mut row = vec![0.0; pass.totals.len() - 1];
    let columns = rows.columns.max(1);
    let pairs = (rows.pred.chunks_exact(columns)).zip(rows.target.chunks_exact(columns));
    for (i, (pred, target)) in pairs.enumerate() {
        // Not `any`, which stops at the first and is no vector.
        let has_nan = |row: &[f32]| row.iter().fold(false, |nan, x| nan | x.is_nan());
        if has_nan(pred) | has_nan(target) {
            pass.reject(Reason::Nan as usize);
            continue;
        }
        if let Err(reason) = of.write(pred, target, &mut row) {
            pass.reject(reason as usize);
            continue;
        }
        let undefined = row.iter().any(|term| term.is_nan());
        let weight = rows.weights.map(|weights| weights[i]);
        if let Some(used) = pass.count(undefined, weight) {
            let (sums, given) = pass.totals.split_at_mut(row.len());
            (sums.iter_mut().zip(&row)).for_each(|(sum, term)| *sum += used * term);
            given[0] += weight.map_or(0.0, |_| used);
        }
    }
}

/// How many pairs a thread takes at a time.
const PART: usize = 1 << 14;

impl<'a> PairRows<'a> {
    /// Passes over parts of the rows, of `sums` terms each.
    fn pass(self, sums: usize, part: impl Fn(PairRows<'a>, &mut RowSums) + Sync) -> RowSums {
        let columns = self.columns.max(1);
        let (rows, size) = (self.pred.len() / columns, (PART / columns).max(1));
        sum_parts(rows, size, |rows| {
            let mut pass = RowSums::new(sums + 1);
            part(self.slice(rows.start, rows.end), &mut pass);
            pass
        })
    }

    fn slice(self, start: usize, end: usize) -> Self {
        let pairs = start * self.columns..end * self.columns;
        Self {
            pred: &self.pred[pairs.clone()],
            target: &self.target[pairs],
            weights: self.weights.map(|weights| &weights[start..end]),
            ..self
        }
    }
}

/// The terms of a row. A trait as it is inlined, and compiled for AVX2, where a closure is not.
pub(crate) trait RowOfTerms: Sync {
    /// Writes them, or says why there are none.
    fn write(&self, pred: &[f32], target: &[f32], terms: &mut [f64]) -> Result<(), Reason>;
}

/// Adds the `sums` terms of every row, and last the weights that were given.
pub(crate) fn row_terms(rows: PairRows, sums: usize, of: &impl RowOfTerms) -> RowSums {
    rows.pass(sums, |rows, pass| add_rows(pass, rows, of))
}

/// Terms of a pair of numbers.
pub(crate) trait NumberTerms: Sync {
    /// Why it is rejected, if it is.
    fn rejects(&self, pred: f64, target: f64) -> Option<Reason>;
    /// Its terms.
    fn terms(&self, pred: f64, target: f64) -> [f64; MAX_SUMS];
}

/// The terms of the pairs of a row: of each column the first, then of each the second.
struct Columns<'a, T> {
    of: &'a T,
    sums: usize,
}

impl<T: NumberTerms> RowOfTerms for Columns<'_, T> {
    #[inline(always)]
    fn write(&self, pred: &[f32], target: &[f32], terms: &mut [f64]) -> Result<(), Reason> {
        let Self { of, sums } = self;
        let columns = pred.len();
        for (column, (pred, target)) in pred.iter().zip(target).enumerate() {
            let (pred, target) = (*pred as f64, *target as f64);
            if let Some(reason) = of.rejects(pred, target) {
                return Err(reason);
            }
            for (k, term) in of.terms(pred, target).into_iter().take(*sums).enumerate() {
                terms[k * columns + column] = term;
            }
        }
        Ok(())
    }
}

/// The same of single pairs, those of every column by themselves: `sums` of each.
pub(crate) fn pair_terms(rows: PairRows, sums: usize, of: &impl NumberTerms) -> RowSums {
    let row = Columns { of, sums };
    if rows.columns != 1 || rows.weights.is_some() {
        return row_terms(rows, sums * rows.columns, &row);
    }
    rows.pass(sums, |rows, pass| {
        for start in (0..rows.pred.len()).step_by(PIECE) {
            let piece = rows.slice(start, rows.pred.len().min(start + PIECE));
            match lanes(piece.pred, piece.target, of) {
                Some(totals) => {
                    pass.count_used(piece.pred.len(), false);
                    (pass.totals[..sums].iter_mut().zip(totals))
                        .for_each(|(sum, more)| *sum += more);
                }
                None => add_rows(pass, piece, &row),
            }
        }
    })
}

/// Pieces go through vectors, and again pair by pair if something in them is to be rejected.
const PIECE: usize = 1024;

/// How many terms are added side by side.
const LANES: usize = 8;

/// The sums of the terms of pairs, if none is to be rejected.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn lanes<T: NumberTerms>(pred: &[f32], target: &[f32], of: &T) -> Option<[f64; MAX_SUMS]> {
    let mut rejected = false;
    for (pred, target) in pred.iter().zip(target) {
        rejected |= pred.is_nan() | target.is_nan();
        rejected |= of.rejects(*pred as f64, *target as f64).is_some();
    }
    if rejected {
        return None;
    }
    let mut sums = [[0.0f64; LANES]; MAX_SUMS];
    let mut add = |pred: &[f32; LANES], target: &[f32; LANES], count: usize| {
        let mut terms = [[0.0f64; LANES]; MAX_SUMS];
        for lane in 0..LANES {
            let of_lane = of.terms(pred[lane] as f64, target[lane] as f64);
            for k in 0..MAX_SUMS {
                terms[k][lane] = of_lane[k];
            }
        }
        for k in 0..MAX_SUMS {
            for lane in 0..count {
                sums[k][lane] += terms[k][lane];
            }
        }
    };
    let (pred_blocks, pred_rest) = pred.as_chunks::<LANES>();
    let (target_blocks, target_rest) = target.as_chunks::<LANES>();
    for (pred, target) in pred_blocks.iter().zip(target_blocks) {
        add(pred, target, LANES);
    }
    if !pred_rest.is_empty() {
        let filled =
            |rest: &[f32]| std::array::from_fn(|lane| rest.get(lane).copied().unwrap_or(1.0));
        add(&filled(pred_rest), &filled(target_rest), pred_rest.len());
    }
    // A term that is NaN makes its sum NaN; so may infinities, and then there is none after all.
    let totals = sums.map(|lanes| lanes.iter().sum::<f64>());
    (!totals.iter().any(|total| total.is_nan())).then_some(totals)
}
