//! Terms of pairs of numbers and of rows, computed and added at once.

use super::{Block, PairElement, Totals, has_nan};
use crate::{
    Reason,
    ops::scalar::Element,
    regression::states::{LANES, MAX_SUMS},
};

/// Terms that are known number by number. A trait as it is inlined, and compiled for AVX2, where a closure is not.
pub(crate) trait NumberTerms {
    /// How many terms there are.
    const TERMS: usize;
    /// Why a pair is rejected, if it is.
    fn rejects(&self, pred: f64, target: f64) -> Option<Reason>;
    /// The terms of one pair.
    fn pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS];
    /// The terms of several pairs.
    fn pairs(&self, pred: &[f64; LANES], target: &[f64; LANES]) -> [[f64; LANES]; MAX_SUMS];
    /// The terms of a row, or why there are none.
    fn row<E: Element>(&self, pred: &[E], target: &[E]) -> Result<[f64; MAX_SUMS], Reason>;
}

impl<E: PairElement> Block<'_, E> {
    /// Adds the terms of rows.
    pub(crate) fn add_rows<T: NumberTerms>(&self, totals: &mut Totals, of: &T) {
        rows(self, totals, of);
    }

    /// Adds the terms of pairs, those of every column by themselves.
    pub(crate) fn add_pairs<T: NumberTerms>(&self, totals: &mut Totals, of: &T) {
        if self.columns == 1 && self.is_clean() {
            let sums = match self.weights {
                None => lanes::<T, E, false>(self.pred, self.target, &[], of),
                Some(weights) => lanes::<T, E, true>(self.pred, self.target, weights, of),
            };
            if let Some((sums, given)) = sums {
                totals.count_used(self.pred.len(), given);
                (totals.sums.iter_mut().zip(sums)).for_each(|(sum, more)| *sum += more);
                return;
            }
        }
        columns(self, totals, of);
    }
}

/// Adds whole rows one by one. Compiled once more for processors with AVX2.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn rows<T: NumberTerms, E: PairElement>(block: &Block<E>, totals: &mut Totals, of: &T) {
    block.each_row(|pred, target, weight| {
        if has_nan(pred) | has_nan(target) {
            return totals.reject(Reason::Nan);
        }
        match of.row(pred, target) {
            Err(reason) => totals.reject(reason),
            Ok(terms) => {
                let terms = &terms[..T::TERMS];
                let undefined = terms.iter().any(|term| term.is_nan());
                if let Some(weight) = totals.count(undefined, weight) {
                    (totals.sums.iter_mut().zip(terms))
                        .for_each(|(sum, term)| *sum += weight * term);
                }
            }
        }
    });
}

/// Adds rows of pairs one by one: of each column the first term, then of each the second.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn columns<T: NumberTerms, E: PairElement>(block: &Block<E>, totals: &mut Totals, of: &T) {
    let columns = block.columns;
    let mut terms = vec![0.0; T::TERMS * columns];
    block.each_row(|pred, target, weight| {
        if has_nan(pred) | has_nan(target) {
            return totals.reject(Reason::Nan);
        }
        for (column, (pred, target)) in pred.iter().zip(target).enumerate() {
            let (pred, target) = (pred.wide(), target.wide());
            if let Some(reason) = of.rejects(pred, target) {
                return totals.reject(reason);
            }
            let of_pair = of.pair(pred, target);
            for (k, term) in of_pair.into_iter().take(T::TERMS).enumerate() {
                terms[k * columns + column] = term;
            }
        }
        let undefined = terms.iter().any(|term| term.is_nan());
        if let Some(weight) = totals.count(undefined, weight) {
            (totals.sums.iter_mut().zip(&terms)).for_each(|(sum, term)| *sum += weight * term);
        }
    });
}

/// The sums of the terms of pairs without NaN and of their weights, if no pair is to be rejected.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn lanes<T: NumberTerms, E: Element, const WEIGHTED: bool>(
    pred: &[E],
    target: &[E],
    weights: &[E],
    of: &T,
) -> Option<([f64; MAX_SUMS], f64)> {
    let mut rejected = 0;
    for (pred, target) in pred.iter().zip(target) {
        let reason = of.rejects(pred.wide(), target.wide());
        rejected |= u32::from(reason.is_some());
    }
    if rejected != 0 {
        return None;
    }
    let (mut sums, mut given) = ([[0.0f64; LANES]; MAX_SUMS], [0.0f64; LANES]);
    let [(a, a_rest), (b, b_rest)] = [pred, target].map(|x| x.as_chunks::<LANES>());
    let (w, w_rest) = weights.as_chunks::<LANES>();
    if WEIGHTED {
        for ((a, b), w) in a.iter().zip(b).zip(w) {
            step::<T, E, true>(of, a, b, w, &mut sums);
            for lane in 0..LANES {
                given[lane] += w[lane].wide();
            }
        }
    } else {
        for (a, b) in a.iter().zip(b) {
            step::<T, E, false>(of, a, b, &[E::ONE; LANES], &mut sums);
        }
    }
    if !a_rest.is_empty() {
        // Lanes beyond the last pair weigh nothing.
        let (mut a, mut b, mut w) = ([E::ONE; LANES], [E::ONE; LANES], [E::ZERO; LANES]);
        a[..a_rest.len()].copy_from_slice(a_rest);
        b[..b_rest.len()].copy_from_slice(b_rest);
        w[..a_rest.len()].fill(E::ONE);
        w[..w_rest.len()].copy_from_slice(w_rest);
        step::<T, E, true>(of, &a, &b, &w, &mut sums);
        given[0] += w_rest.iter().map(|w| w.wide()).sum::<f64>();
    }
    // A term that is NaN makes its sum NaN; so may infinities, and then there is none after all.
    let totals = sums.map(|lanes| lanes.iter().sum::<f64>());
    let given = if WEIGHTED {
        given.iter().sum()
    } else {
        pred.len() as f64
    };
    (!totals.iter().any(|total| total.is_nan())).then_some((totals, given))
}

/// Adds the terms of as many pairs as there are lanes.
#[inline(always)]
fn step<T: NumberTerms, E: Element, const WEIGHTED: bool>(
    of: &T,
    a: &[E; LANES],
    b: &[E; LANES],
    weights: &[E; LANES],
    sums: &mut [[f64; LANES]; MAX_SUMS],
) {
    let (mut pred, mut target) = ([0.0f64; LANES], [0.0f64; LANES]);
    for lane in 0..LANES {
        pred[lane] = a[lane].wide();
        target[lane] = b[lane].wide();
    }
    let terms = of.pairs(&pred, &target);
    for k in 0..T::TERMS {
        for lane in 0..LANES {
            sums[k][lane] += if WEIGHTED {
                weights[lane].wide() * terms[k][lane]
            } else {
                terms[k][lane]
            };
        }
    }
}
