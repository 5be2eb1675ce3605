//! Terms of pairs as functions of kernels.

use crate::{
    Reason,
    ops::{
        cube::math::{exp, is_infinite, is_nan, ln, log1p, log1p_excess, power},
        pairs::{PairValues, TermsKernel, function::own_values},
    },
};
use cubecl::prelude::*;

/// 0, or the code of a pair that its terms reject, or do not know.
#[cube]
pub(super) fn code_of(values: &PairValues) -> i32 {
    let mut code = values.code;
    if code == 0 && (is_nan(values.first) || is_nan(values.second)) {
        code = comptime!(Reason::Nan.code()).runtime();
    }
    code
}

/// The terms of a pair of numbers that are not NaN.
#[cube]
pub(super) fn values_of(p: f32, t: f32, #[comptime] kernel: TermsKernel) -> PairValues {
    let own = comptime!(kernel.own_terms());
    if comptime!(own.is_some()) {
        own_values(p, t, comptime!(own.unwrap()))
    } else {
        terms_of(p, t, kernel)
    }
}

/// See the terms of the metrics that the kernels are named after.
#[cube]
fn terms_of(p: f32, t: f32, #[comptime] kernel: TermsKernel) -> PairValues {
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
    } else if comptime!(kernel.is_power()) {
        first = power(error, comptime!(kernel.number()));
    } else if comptime!(kernel.is_pinball()) {
        let alpha = comptime!(kernel.number());
        let slope = comptime!(alpha as f32).runtime();
        let below = comptime!((1.0 - alpha) as f32).runtime();
        // 0 times infinity is 0.
        if t > p && comptime!(alpha != 0.0) {
            first = error * slope;
        } else if t < p && comptime!(alpha != 1.0) {
            first = error * below;
        } else if is_nan(error) {
            first = error;
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
        } else if comptime!(kernel.is_deviance()) {
            let least = comptime!(least_target(kernel.number()));
            if comptime!(least > 0) {
                if t < 0.0f32 || comptime!(least > 1) && t == 0.0f32 {
                    code = comptime!(Reason::InvalidTarget.code()).runtime();
                }
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
        } else if comptime!(kernel.is_deviance()) {
            first = deviance(p, t, comptime!(2.0 - kernel.number()));
        } else {
            first = log_excess(t, p) * 2.0f32;
        }
    }
    PairValues {
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
pub(super) fn relative_entropy(p: f32, q: f32) -> f32 {
    let mut entropy = q;
    // Also where the quotient of the two is infinite, only `q` is left.
    if p != 0.0f32 && !is_infinite((q - p) / p) {
        entropy = p * log_excess(q, p);
        // The logarithm of 0.
        if q == 0.0f32 {
            entropy = f32::from_bits(0x7f80_0000u32);
        }
    }
    entropy
}

/// 0 if a deviance of a power takes all targets, 1 if it takes those of 0 or more, 2 if 0 is too small.
fn least_target(power: f64) -> u32 {
    if power < 1.0 {
        0
    } else if power < 2.0 {
        1
    } else {
        2
    }
}

/// The deviance of power `2 - a`, see [`TweedieDevianceScore`](crate::regression::TweedieDevianceScore).
#[cube]
fn deviance(p: f32, t: f32, #[comptime] a: f64) -> f32 {
    let slope = comptime!(a as f32).runtime();
    let ratio = t / p;
    let mut unit = ratio * comptime!((-1.0 / (a - 1.0)) as f32).runtime()
        + comptime!((1.0 / a) as f32).runtime();
    if t > 0.0f32 {
        let x = (t - p) / p;
        let excess = log_excess(t, p);
        let mut log = x - excess;
        if x.abs() >= 0.5f32 {
            log = ln(ratio);
        }
        let both = exp_excess(log * slope, power(ratio, a)) - excess * slope;
        unit = both * comptime!((1.0 / (a * (a - 1.0))) as f32).runtime();
    }
    power(p, a) * unit * 2.0f32
}

/// `exp(x) - 1 - x`, given `exp(x)`.
#[cube]
fn exp_excess(x: f32, exp: f32) -> f32 {
    let mut excess = exp - 1.0f32 - x;
    if x.abs() < 1.0f32 {
        let mut series = x * (1.0f32 / 11.0f32) + 1.0f32;
        series = series * x * (1.0f32 / 10.0f32) + 1.0f32;
        series = series * x * (1.0f32 / 9.0f32) + 1.0f32;
        series = series * x * (1.0f32 / 8.0f32) + 1.0f32;
        series = series * x * (1.0f32 / 7.0f32) + 1.0f32;
        series = series * x * (1.0f32 / 6.0f32) + 1.0f32;
        series = series * x * (1.0f32 / 5.0f32) + 1.0f32;
        series = series * x * (1.0f32 / 4.0f32) + 1.0f32;
        series = series * x * (1.0f32 / 3.0f32) + 1.0f32;
        excess = series * x * x * 0.5f32;
    }
    excess
}
