//! Rows as distributions.

use crate::{Reason, ops::scalar::exp};
use burn::tensor::{Bool, Tensor};

/// Which rows are none, `[N, 1]`: those with a negative entry, or without a positive one. Of
/// logarithms, those in which nothing is possible, or something infinitely probable.
pub(super) fn invalid(rows: Tensor<2>, log_prob: bool) -> Tensor<2, Bool> {
    let highest = rows.clone().max_dim(1);
    match log_prob {
        true => highest.is_inf(),
        false => (rows.lower_elem(0.0).any_dim(1)).bool_or(highest.equal_elem(0.0)),
    }
}

/// Probabilities of rows: divided by their sum, or of their logarithms.
pub(super) fn probabilities(rows: Tensor<2>, log_prob: bool) -> Tensor<2> {
    match log_prob {
        true => rows.exp(),
        false => rows.clone() / rows.sum_dim(1),
    }
}

/// Two rows in host memory.
pub(super) struct Numbers<'a> {
    rows: [&'a [f32]; 2],
    log_prob: bool,
    sums: [f64; 2],
}

impl<'a> Numbers<'a> {
    /// Of predictions and targets that are distributions.
    #[inline(always)]
    pub fn of(pred: &'a [f32], target: &'a [f32], log_prob: bool) -> Result<Self, Reason> {
        for (row, reason) in [
            (target, Reason::InvalidTarget),
            (pred, Reason::InvalidPrediction),
        ] {
            let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let invalid = match log_prob {
                true => highest.is_infinite(),
                false => highest == 0.0 || row.iter().any(|x| *x < 0.0),
            };
            if invalid {
                return Err(reason);
            }
        }
        let rows = [pred, target];
        let sums = rows.map(|row| row.iter().map(|x| *x as f64).sum());
        Ok(Self {
            rows,
            log_prob,
            sums,
        })
    }

    /// The sum over the terms of two probabilities.
    #[inline(always)]
    pub fn sum(&self, term: impl Fn(f64, f64) -> f64) -> f64 {
        let [p_sum, q_sum] = self.sums;
        match self.log_prob {
            true => self.sum_entries(|p, q| term(exp(p), exp(q))),
            false => self.sum_entries(|p, q| term(p / p_sum, q / q_sum)),
        }
    }

    /// The sum over the terms of two entries, as they are.
    #[inline(always)]
    pub fn sum_entries(&self, term: impl Fn(f64, f64) -> f64) -> f64 {
        let [(p, p_rest), (q, q_rest)] = self.rows.map(|row| row.as_chunks::<LANES>());
        let mut sums = [0.0; LANES];
        for (p, q) in p.iter().zip(q) {
            for lane in 0..LANES {
                sums[lane] += term(p[lane] as f64, q[lane] as f64);
            }
        }
        let rest = p_rest.iter().zip(q_rest);
        let rest: f64 = rest.map(|(p, q)| term(*p as f64, *q as f64)).sum();
        sums.iter().sum::<f64>() + rest
    }
}

/// How many terms are added side by side.
const LANES: usize = 8;
