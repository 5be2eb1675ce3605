//! Terms of pairs as functions of kernels.

use super::{Pair, add_to};
use crate::{
    Reason,
    ops::{
        cube::math::{exp, is_infinite, is_nan, ln, log1p, log1p_excess},
        pairs::TermsKernel,
    },
};
use cubecl::prelude::*;

/// The terms of a pair.
#[derive(CubeType, Clone, Copy)]
struct Terms {
    first: f32,
    second: f32,
    /// 0, or the code of a pair that is rejected.
    code: i32,
}

/// Adds the terms of a pair to sums from `at` on, and yields 0 or the code of a pair that is rejected.
#[cube]
pub(super) fn add_terms(
    totals: &mut Array<f32>,
    pair: &Pair,
    #[comptime] kernel: TermsKernel,
    #[comptime] at: usize,
) -> i32 {
    let mut code = pair.code;
    if code == 0 {
        let terms = terms_of(pair.pred, pair.target, kernel);
        code = terms.code;
        if code == 0 && (is_nan(terms.first) || is_nan(terms.second)) {
            code = comptime!(Reason::Nan.code()).runtime();
        }
        if code == 0 {
            code = pair.weight_code;
        }
        if code == 0 && pair.weight > 0.0f32 {
            add_to(totals, terms.first * pair.weight, 0.0f32, at);
            if comptime!(kernel.sums() > 1) {
                add_to(
                    totals,
                    terms.second * pair.weight,
                    0.0f32,
                    comptime!(at + 1),
                );
            }
        }
    }
    code
}

/// See the terms of the metrics that the kernels are named after.
#[cube]
fn terms_of(p: f32, t: f32, #[comptime] kernel: TermsKernel) -> Terms {
    let mut first = 0.0f32;
    let mut second = 0.0f32;
    let mut code = 0i32;
    let error = (p - t).abs();
    if comptime!(kernel == TermsKernel::AbsolutePercentage) {
        first = error / max(t.abs(), 1.17e-6f32);
    } else if comptime!(kernel == TermsKernel::SymmetricPercentage) {
        // Halves, so that large numbers do not overflow.
        let (p, t) = (p * 0.5f32, t * 0.5f32);
        let scale = p.abs() + t.abs();
        if scale != 0.0f32 {
            first = (p - t).abs() / scale * 2.0f32;
        }
    } else if comptime!(kernel == TermsKernel::WeightedPercentage) {
        first = error;
        second = t.abs();
    } else if comptime!(kernel == TermsKernel::SquaredLog) {
        if t <= -1.0f32 {
            code = comptime!(Reason::InvalidTarget.code()).runtime();
        } else if p <= -1.0f32 {
            code = comptime!(Reason::InvalidPrediction.code()).runtime();
        }
        // The logarithm of the quotient, less 1: the difference of two logarithms would keep few digits.
        let low = min(p, t);
        let log = log1p((max(p, t) - low) / (low + 1.0f32));
        first = log * log;
    } else if comptime!(kernel == TermsKernel::LogCosh) {
        if error < 1.0f32 {
            // cosh(x) - 1 by its Taylor series, which has no 1 to lose digits to.
            let square = error * error;
            let mut series = square * (1.0f32 / 90.0f32) + 1.0f32;
            series = series * square * (1.0f32 / 56.0f32) + 1.0f32;
            series = series * square * (1.0f32 / 30.0f32) + 1.0f32;
            series = series * square * (1.0f32 / 12.0f32) + 1.0f32;
            first = log1p(series * square * 0.5f32);
        } else {
            first = log1p(exp(error * -2.0f32)) + error - 0.693_147_2f32;
        }
    } else if comptime!(kernel.is_minkowski()) {
        first = error;
        #[unroll]
        for _ in 1..comptime!(kernel.whole_power()) {
            first *= error;
        }
    } else if comptime!(kernel.is_events()) {
        let threshold = comptime!(kernel.threshold()).runtime();
        let (p, t) = (p >= threshold, t >= threshold);
        first = select(p && t, 1.0f32, 0.0f32);
        second = select(p || t, 1.0f32, 0.0f32);
    } else {
        if comptime!(kernel == TermsKernel::GammaDeviance) {
            if t <= 0.0f32 {
                code = comptime!(Reason::InvalidTarget.code()).runtime();
            }
        } else if comptime!(kernel != TermsKernel::SquaredError) {
            if t < 0.0f32 {
                code = comptime!(Reason::InvalidTarget.code()).runtime();
            }
        }
        if comptime!(kernel != TermsKernel::SquaredError) {
            if code == 0 && p <= 0.0f32 {
                code = comptime!(Reason::InvalidPrediction.code()).runtime();
            }
        }
        if comptime!(kernel == TermsKernel::SquaredError) {
            first = error * error;
        } else if comptime!(kernel == TermsKernel::PoissonDeviance) {
            first = relative_entropy(t, p) * 2.0f32;
        } else if comptime!(kernel == TermsKernel::CompoundDeviance) {
            let root = f32::sqrt(p);
            let sum = root + f32::sqrt(t);
            first = error / sum * (error / sum) * 4.0f32 / root;
        } else {
            first = log_excess(t, p) * 2.0f32;
        }
    }
    Terms {
        first,
        second,
        code,
    }
}

/// `x - ln(1 + x)` of `x = a / b - 1`.
#[cube]
fn log_excess(a: f32, b: f32) -> f32 {
    let x = (a - b) / b;
    let mut excess = log1p_excess(x);
    if x.abs() >= 0.5f32 {
        excess = x - ln(a / b);
    }
    excess
}

/// `p ln(p / q) - p + q`.
#[cube]
fn relative_entropy(p: f32, q: f32) -> f32 {
    let mut entropy = q;
    // Also where the quotient of the two is infinite, only `q` is left.
    if p != 0.0f32 && !is_infinite((q - p) / p) {
        entropy = p * log_excess(q, p);
    }
    entropy
}
