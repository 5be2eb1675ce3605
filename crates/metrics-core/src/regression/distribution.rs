//! Rows as distributions.

use crate::{
    Reason,
    ops::scalar::{Element, OfPair, exp, sum_pairs},
};
use burn::tensor::{Bool, Tensor};

/// Which rows are none, `[N, 1]`: those with a negative entry, or without a positive one. Of
/// logarithms, those in which nothing is possible, or something infinitely probable.
pub(super) fn invalid(rows: Tensor<2>, log_prob: bool) -> Tensor<2, Bool> {
    let highest = rows.clone().max_dim(1);
    if log_prob {
        highest.is_inf()
    } else {
        (rows.lower_elem(0.0).any_dim(1)).bool_or(highest.equal_elem(0.0))
    }
}

/// Probabilities of rows: divided by their sum, or of their logarithms.
pub(super) fn probabilities(rows: Tensor<2>, log_prob: bool) -> Tensor<2> {
    if log_prob {
        rows.exp()
    } else {
        rows.clone() / rows.sum_dim(1)
    }
}

/// Two rows in host memory.
pub(super) struct Numbers<'a, E> {
    rows: [&'a [E]; 2],
    log_prob: bool,
    sums: [f64; 2],
}

impl<'a, E: Element> Numbers<'a, E> {
    /// Of predictions and targets that are distributions.
    #[inline(always)]
    pub fn of(pred: &'a [E], target: &'a [E], log_prob: bool) -> Result<Self, Reason> {
        let rows = [pred, target];
        let shapes = rows.map(Shape::of);
        for (shape, reason) in shapes.iter().zip(REASONS).rev() {
            let invalid = if log_prob {
                shape.highest.is_infinite()
            } else {
                shape.highest == 0.0 || shape.lowest < 0.0
            };
            if invalid {
                return Err(reason);
            }
        }
        Ok(Self {
            rows,
            log_prob,
            sums: shapes.map(|shape| shape.sum),
        })
    }

    /// The sum over the terms of two probabilities.
    #[inline(always)]
    pub fn sum(&self, term: impl OfPair<1>) -> f64 {
        let [sum] = if self.log_prob {
            sum_pairs(self.rows, OfLogarithms(term))
        } else {
            let [p, q] = self.sums.map(|sum| 1.0 / sum);
            sum_pairs(
                self.rows,
                OfShares {
                    term,
                    scales: [p, q],
                },
            )
        };
        sum
    }

    /// The sum over the terms of two entries, as they are.
    #[inline(always)]
    pub fn sum_entries(&self, term: impl OfPair<1>) -> f64 {
        let [sum] = sum_pairs(self.rows, term);
        sum
    }
}

/// A term of probabilities, of their logarithms.
struct OfLogarithms<T>(T);

impl<T: OfPair<1>> OfPair<1> for OfLogarithms<T> {
    #[inline(always)]
    fn of(&self, p: f64, q: f64) -> [f64; 1] {
        self.0.of(exp(p), exp(q))
    }
}

/// A term of probabilities, of what is in proportion to them.
struct OfShares<T> {
    term: T,
    scales: [f64; 2],
}

impl<T: OfPair<1>> OfPair<1> for OfShares<T> {
    #[inline(always)]
    fn of(&self, p: f64, q: f64) -> [f64; 1] {
        self.term.of(p * self.scales[0], q * self.scales[1])
    }
}

/// Why a first or a second row is rejected.
const REASONS: [Reason; 2] = [Reason::InvalidPrediction, Reason::InvalidTarget];

/// What tells whether a row is a distribution.
struct Shape {
    sum: f64,
    lowest: f64,
    highest: f64,
}

impl Shape {
    #[inline(always)]
    fn of<E: Element>(row: &[E]) -> Self {
        let mut sums = [0.0; LANES];
        let mut lowest = [E::INFINITY; LANES];
        let mut highest = [E::NEG_INFINITY; LANES];
        let (blocks, rest) = row.as_chunks::<LANES>();
        for block in blocks {
            for lane in 0..LANES {
                let x = block[lane];
                sums[lane] += x.wide();
                lowest[lane] = if x < lowest[lane] { x } else { lowest[lane] };
                highest[lane] = if x > highest[lane] { x } else { highest[lane] };
            }
        }
        for x in rest {
            sums[0] += x.wide();
            lowest[0] = if *x < lowest[0] { *x } else { lowest[0] };
            highest[0] = if *x > highest[0] { *x } else { highest[0] };
        }
        Self {
            sum: sums.iter().sum(),
            lowest: lowest
                .map(E::wide)
                .into_iter()
                .fold(f64::INFINITY, f64::min),
            highest: (highest.map(E::wide).into_iter()).fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// How many terms are added side by side.
const LANES: usize = 8;
