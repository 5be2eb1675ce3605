//! The sinks that take all scores of a row, and those of units.

use super::Block;
use crate::{
    REJECTED_SLOTS, Reason,
    ops::{
        host::{Reached, passes, scan},
        rows::HingeSink,
        scalar::is_weight,
    },
};

impl Block<'_> {
    /// 1 for rows that are right, 0 for others, or the code of those that are left out.
    pub(super) fn hits(&self, ignore_index: Option<i64>, hits: &mut [i32]) {
        let ranks = &self.ranks[self.target.len()..];
        self.target.each(|i, target| {
            hits[i] = if ignore_index == Some(target) {
                Reason::Ignored.code()
            } else {
                // A rank of 0 is a hit.
                ranks[i].min(0) + i32::from(ranks[i] == 0)
            };
        });
    }

    /// The code of a row of which all scores are taken, or 0. `raw` scores may be of any size.
    fn class_code(&self, i: usize, target: i64, raw: bool, ignore_index: Option<i64>) -> i32 {
        let row = &self.scores[i * self.classes..][..self.classes];
        let outside = |row: &[f32]| {
            let beyond = |s: &f32| (*s < -self.slack) | (*s > 1.0 + self.slack);
            row.iter().fold(false, |any, s| any | beyond(s))
        };
        if ignore_index == Some(target) {
            Reason::Ignored.code()
        } else if !(0..self.classes as i64).contains(&target) {
            Reason::InvalidTarget.code()
        } else if self.ranks[self.target.len() + i] == Reason::Nan.code() {
            Reason::Nan.code()
        } else if raw {
            0
        } else if self.softmax {
            // The softmax of a row with an infinite maximum is undefined.
            let undefined = self.floats[i].is_infinite();
            if undefined { Reason::Nan.code() } else { 0 }
        } else if outside(row) {
            Reason::InvalidPrediction.code()
        } else {
            0
        }
    }

    /// The probabilities of a row, or its scores if they are `raw`.
    fn numbers(&self, i: usize, raw: bool, numbers: &mut [f32]) {
        let row = &self.scores[i * self.classes..][..self.classes];
        if raw || !self.softmax {
            numbers.copy_from_slice(row);
            if !raw {
                passes::snap(numbers, self.slack);
            }
        } else {
            softmax(row, self.floats[i], numbers);
        }
    }

    /// Adds `terms`, which come of the numbers and the target of each row, and the weights.
    fn terms(
        &self,
        (raw, ignore_index): (bool, Option<i64>),
        counts: &mut [i32],
        sums: &mut [f64],
        mut terms: impl FnMut(&mut [f32], usize, &mut [f64]),
    ) {
        let mut numbers = vec![0.0; self.classes];
        let mut own = vec![0.0; sums.len() - 1];
        self.target.each(|i, target| {
            let mut code = self.class_code(i, target, raw, ignore_index);
            let weight = self.weights.map_or(1.0, |weights| weights[i]);
            if code == 0 {
                self.numbers(i, raw, &mut numbers);
                terms(&mut numbers, target as usize, &mut own);
                if own.iter().any(|term| term.is_nan()) {
                    code = Reason::Nan.code();
                } else if !is_weight(weight) {
                    code = Reason::InvalidWeight.code();
                }
            }
            if code < 0 {
                counts[1 + passes::slot(code)] += 1;
                return;
            }
            counts[0] += 1;
            if weight > 0.0 {
                let weight = f64::from(weight);
                (sums.iter_mut().zip(&own)).for_each(|(sum, term)| *sum += weight * term);
                sums[own.len()] += weight;
            }
        });
    }

    pub(super) fn brier(&self, ignore_index: Option<i64>, counts: &mut [i32], sums: &mut [f64]) {
        self.terms((false, ignore_index), counts, sums, |p, target, terms| {
            p[target] -= 1.0;
            terms.copy_from_slice(&[squares(p), 1.0]);
        });
    }

    pub(super) fn hinge(&self, margin: HingeSink, counts: &mut [i32], sums: &mut [f64]) {
        let loss = |difference: f32| {
            let loss = 1.0 - f64::from(difference);
            // NaN stays.
            let loss = if loss < 0.0 { 0.0 } else { loss };
            if margin.squared { loss * loss } else { loss }
        };
        let how = (margin.raw, margin.ignore_index);
        self.terms(how, counts, sums, |numbers, target, terms| {
            let own = numbers[target];
            if margin.one_vs_rest {
                let pairs = terms.iter_mut().zip(numbers.iter());
                pairs.for_each(|(term, number)| *term = loss(-number));
                terms[target] = loss(own);
            } else {
                let (before, after) = (&numbers[..target], &numbers[target + 1..]);
                let others = before.iter().chain(after).copied();
                terms[0] = loss(own - others.fold(f32::NEG_INFINITY, f32::max));
            }
        });
    }

    pub(super) fn thresholds(
        &self,
        thresholds: &[f32],
        ignore_index: Option<i64>,
        counts: &mut [i32],
        sums: &mut [f64],
    ) {
        let classes = self.classes;
        let first = counts.len() - REJECTED_SLOTS;
        let mut numbers = vec![0.0; classes];
        let (mut codes, mut cells) = (vec![0; classes], vec![0; classes]);
        let reached = Reached::new(thresholds);
        self.target.each(|i, target| {
            let mut code = self.class_code(i, target, false, ignore_index);
            let weight = self.weights.map(|weights| weights[i]);
            if code == 0 && weight.is_some_and(|weight| !is_weight(weight)) {
                code = Reason::InvalidWeight.code();
            }
            if code < 0 {
                counts[first + passes::slot(code)] += 1;
                return;
            }
            self.numbers(i, false, &mut numbers);
            codes[target as usize] = 1;
            reached.cells(
                &mut cells,
                &numbers,
                &codes,
                (thresholds.len() + 1, classes),
            );
            codes[target as usize] = 0;
            match weight {
                None => cells.iter().for_each(|cell| counts[*cell as usize] += 1),
                Some(weight) => {
                    (cells.iter()).for_each(|cell| sums[*cell as usize] += f64::from(weight))
                }
            }
        });
    }

    pub(super) fn class_bins(
        &self,
        bins: usize,
        ignore_index: Option<i64>,
        rejected: &mut [i32],
        sums: &mut [f64],
    ) {
        let (classes, width) = (self.classes, self.classes * bins);
        let mut numbers = vec![0.0; classes];
        let reached = Reached::of_bins(bins);
        self.target.each(|i, target| {
            let mut code = self.class_code(i, target, false, ignore_index);
            let weight = self.weights.map_or(1.0, |weights| weights[i]);
            if code == 0 && !is_weight(weight) {
                code = Reason::InvalidWeight.code();
            }
            if code < 0 {
                rejected[passes::slot(code)] += 1;
                return;
            }
            self.numbers(i, false, &mut numbers);
            let weight = f64::from(weight);
            for (class, p) in numbers.iter().enumerate() {
                let bin = class * bins + reached.bin(*p);
                let own = usize::from(class as i64 == target);
                sums[own * width + bin] += weight;
                sums[2 * width + bin] += weight * f64::from(*p);
            }
        });
    }
}

/// The softmax of a row whose largest score is finite.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn softmax(row: &[f32], max: f32, out: &mut [f32]) {
    const LANES: usize = 8;
    for (out, score) in out.iter_mut().zip(row) {
        *out = scan::exp(score - max);
    }
    let mut sums = [0.0f32; LANES];
    let (chunks, rest) = out.as_chunks::<LANES>();
    for chunk in chunks {
        (0..LANES).for_each(|lane| sums[lane] += chunk[lane]);
    }
    let sum = sums.iter().chain(rest).sum::<f32>();
    out.iter_mut().for_each(|share| *share /= sum);
}

/// The sum of squares.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn squares(numbers: &[f32]) -> f64 {
    const LANES: usize = 8;
    let square = |x: f32| f64::from(x) * f64::from(x);
    let mut sums = [0.0f64; LANES];
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        (0..LANES).for_each(|lane| sums[lane] += square(chunk[lane]));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|x| square(*x)).sum::<f64>()
}
