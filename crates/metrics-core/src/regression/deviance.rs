//! Deviances of positive numbers in `f32`, without the cancellation of their textbook formulas where
//! the two are nearly equal.

use crate::ops::{
    math::{is_near, log1p_excess},
    scalar::OfPair,
};
use burn::tensor::Tensor;

/// `a / b - 1` to full accuracy.
fn excess(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    (a - b.clone()) / b
}

/// `ln(a / b)`, and `a / b - 1 - ln(a / b)`, which is 0 or more: for positive `a` and `b`.
pub(super) fn log_ratio(a: Tensor<2>, b: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let ratio = a.clone() / b.clone();
    let x = excess(a, b);
    let near = is_near(&x);
    let small = log1p_excess(x.clone());
    let log = (ratio.log()).mask_where(near.clone(), x.clone() - small.clone());
    let rest = (x - log.clone()).mask_where(near, small);
    (log, rest)
}

/// `p ln(p / q) - p + q`, for `p` and `q` of 0 or more: its sum over two distributions is their
/// relative entropy, and twice of it is the Poisson deviance. It is `q` where `p` is 0, and infinite
/// where only `q` is.
pub(super) fn relative_entropy(p: Tensor<2>, q: Tensor<2>) -> Tensor<2> {
    // Also where the quotient of the two is beyond `f32`, only `q` is left.
    let only_q = (p.clone().equal_elem(0.0)).bool_or(excess(q.clone(), p.clone()).is_inf());
    let (_, rest) = log_ratio(q.clone(), p.clone());
    (p * rest).mask_where(only_q, q)
}

/// `exp(x) - 1 - x`, given `exp(x)`.
pub(super) fn exp_excess(x: Tensor<2>, exp: Tensor<2>) -> Tensor<2> {
    let near = x.clone().abs().lower_elem(1.0);
    let mut series = x.ones_like();
    for k in [11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0] {
        series = series * x.clone() / k + 1.0;
    }
    let small = series * x.clone().square() * 0.5;
    (exp - 1.0 - x).mask_where(near, small)
}

/// The same of single numbers in `f64`.
/// See [`number::relative_entropy`].
pub(super) struct RelativeEntropy;

impl OfPair<1> for RelativeEntropy {
    #[inline(always)]
    fn of(&self, p: f64, q: f64) -> [f64; 1] {
        [number::relative_entropy(p, q)]
    }
}

pub(super) mod number {
    use crate::ops::scalar::{exp, log1p_excess};

    /// See [`log_ratio`](super::log_ratio).
    #[inline(always)]
    pub fn log_ratio(a: f64, b: f64) -> (f64, f64) {
        let x = (a - b) / b;
        let excess = log1p_excess(x);
        (x - excess, excess)
    }

    /// See [`relative_entropy`](super::relative_entropy).
    #[inline(always)]
    pub fn relative_entropy(p: f64, q: f64) -> f64 {
        let x = (q - p) / p;
        let entropy = p * log1p_excess(x);
        let only_q = (p == 0.0) | (x == f64::INFINITY);
        if only_q { q } else { entropy }
    }

    /// `exp(x) - 1 - x`.
    #[inline(always)]
    pub fn exp_excess(x: f64) -> f64 {
        let near = x * x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x / 120.0)));
        let far = exp(x) - 1.0 - x;
        if x.abs() < 1e-3 { near } else { far }
    }
}
