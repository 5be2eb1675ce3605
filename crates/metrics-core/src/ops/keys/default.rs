//! Keys as tensor operations, which know no bits: powers of two are scaled away, exactly.

use super::{LEAST, MIDDLE, MOST, ONE};
use crate::{
    framework::pass::{DeviceState, Placed},
    ops::labels::{as_i32, count_rejected, invalid_weights, reject_weights},
};
use burn::tensor::{Int, Tensor};

/// The [keys](super::key) of probabilities as `i32`, where codes are 1 or 0; where they are negative, the number of
/// [`LEFT_OUT`](super::LEFT_OUT).
pub(crate) fn keys(p: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<2, Int> {
    let tiny = p.clone().lower_elem(f32::MIN_POSITIVE);
    // The bits of a number that is not normal are its multiple of the least one.
    let small = as_i32(
        (p.clone() * 2f32.powi(75) * 2f32.powi(74))
            .mask_fill(tiny.clone().bool_not(), 0.0)
            .int(),
    );
    let bits = bits(p.mask_fill(tiny.clone(), 1.0)).mask_where(tiny, small);
    labelled(bits.neg() + ONE as i32, codes)
}

/// The [keys](super::logit_key) of logits, as [`keys`].
pub(crate) fn logit_keys(logits: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<2, Int> {
    let size = logits.clone().abs();
    let zero = size.clone().lower_elem(2f32.powi(-63));
    let beyond = size.clone().greater_equal_elem(2f32.powi(64));
    let known = zero
        .clone()
        .bool_or(beyond.clone())
        .bool_or(size.clone().is_nan());
    let magnitude = (bits(size.mask_fill(known, 1.0)) - LEAST as i32)
        .mask_fill(zero, 0)
        .mask_fill(beyond, MOST as i32);
    let negative = logits.lower_elem(0.0);
    let code = magnitude.clone().neg().mask_where(negative, magnitude);
    labelled(code + MIDDLE as i32, codes)
}

/// The bits of normal numbers: their powers of two in steps that become smaller, and then the mantissa.
fn bits(numbers: Tensor<2>) -> Tensor<2, Int> {
    let mut m = numbers;
    let mut exponent = as_i32(m.zeros_like().int());
    for step in [64, 32, 16, 8, 4, 2, 1] {
        let large = m.clone().greater_equal_elem(2f32.powi(step));
        exponent = exponent + as_i32(large.clone().int()) * step;
        m = m.clone().mask_where(large, m * 2f32.powi(-step));
    }
    for step in [64, 32, 16, 8, 4, 2, 1] {
        let small = m.clone().lower_elem(2f32.powi(1 - step));
        exponent = exponent - as_i32(small.clone().int()) * step;
        m = m.clone().mask_where(small, m * 2f32.powi(step));
    }
    (exponent + 127) * (1 << 23) + as_i32(((m - 1.0) * 2f32.powi(23)).int())
}

/// The numbers of the lists of keys `[N, L]` and of weights `[N]`, as bits, if rows have any: a row without a valid weight above 0
/// is left out. `codes` `[N, L]` are negative for keys that are left out, and `[N, 1]` for rows. Counts what is left out.
pub(crate) fn listed<S>(
    state: &mut DeviceState,
    placed: &Placed<S>,
    keys: Tensor<2, Int>,
    codes: Tensor<2, Int>,
    weights: Option<Tensor<1>>,
) -> Vec<Tensor<1, Int>> {
    let ([n, labels], [_, each]) = (keys.dims(), codes.dims());
    let Some(weights) = weights else {
        state.count(placed, |counts| {
            count_rejected(counts, codes.reshape([n * each]))
        });
        return vec![keys.reshape([n * labels])];
    };
    let by_row = |weights: Tensor<1>| weights.reshape([n, 1]);
    let spread = by_row(weights.clone())
        .expand([n, each])
        .reshape([n * each]);
    let codes = reject_weights(codes.reshape([n * each]), spread);
    state.count(placed, |counts| count_rejected(counts, codes));
    let invalid = invalid_weights(weights.clone());
    let some = weights
        .clone()
        .greater_elem(0.0)
        .bool_and(invalid.clone().bool_not());
    let none = some.clone().bool_not().reshape([n, 1]).expand([n, labels]);
    // Numbers below the least normal one are 0, as devices have it.
    let some = some.bool_and(weights.clone().greater_equal_elem(f32::MIN_POSITIVE));
    let size = by_row(weights.mask_fill(some.clone().bool_not(), 1.0));
    let bits = bits(size).reshape([n]).mask_fill(some.bool_not(), 0);
    vec![keys.mask_fill(none, -1).reshape([n * labels]), bits]
}

/// The label behind codes of 31 bits.
fn labelled(code: Tensor<2, Int>, codes: Tensor<2, Int>) -> Tensor<2, Int> {
    // Without an overflow: the first bit is the sign.
    let first = as_i32(code.clone().greater_equal_elem(1 << 30).int());
    let rest = code - first.clone() * (1 << 30);
    let signed = rest * 2 + first * i32::MIN;
    let left_out = codes.clone().lower_elem(0);
    (signed + codes).mask_fill(left_out, -1)
}

/// The log-odds of each class in rows of logits `[N, C]`: the score less the logarithm of the sum of exponentials of the
/// others. Rows whose others are a permutation of each other's tie: exponentials relative to the largest of the others are
/// added as whole numbers, in two halves.
pub(crate) fn log_odds(scores: Tensor<2>) -> Tensor<2> {
    let dims @ [_, classes] = scores.dims();
    let max = scores.clone().max_dim(1);
    let first = scores.clone().argmax(1);
    let index = Tensor::<1, Int>::arange(0..classes as i64, &scores.device());
    let index = index.reshape([1, classes]).expand(dims);
    let best = as_i32(index).equal(as_i32(first).expand(dims));
    let second = (scores.clone().mask_fill(best.clone(), f32::NEG_INFINITY)).max_dim(1);
    // Without others, and with infinitely small ones, the odds are infinite.
    let none = second.clone().equal_elem(f32::NEG_INFINITY);
    let second = second.mask_fill(none.clone(), 0.0);
    let bits = bits_of_half(classes);
    let scale = 2f32.powi(bits);
    let halves = |from: Tensor<2>| {
        let terms = (scores.clone() - from).clamp_max(0.0).exp() * scale;
        let high = terms.clone().floor();
        let low = ((terms - high.clone()) * scale).floor();
        [high, low].map(|half| as_i32(half.int()))
    };
    let others_of = |excess: Tensor<2, Int>, low: Tensor<2, Int>| {
        (excess.float() / scale + low.float() / (scale * scale)).log1p()
    };
    // Less 1, which the largest of the others adds.
    let one = 1i64 << bits;
    let [high, low] = halves(max.clone());
    let (all_high, all_low) = (high.clone().sum_dim(1), low.clone().sum_dim(1));
    let usual = scores.clone() - max.clone() - others_of(all_high - high - one, all_low - low);
    let [high, low] = halves(second.clone()).map(|half| half.mask_fill(best.clone(), 0));
    let of_best = max.clone() - second - others_of(high.sum_dim(1) - one, low.sum_dim(1));
    let of_best = of_best.mask_fill(none, f32::INFINITY).expand(dims);
    usual.mask_where(best, of_best)
}

/// The bits of each half of an exponential, so that as many as there are classes fit an `i32`.
pub(in crate::ops) fn bits_of_half(classes: usize) -> i32 {
    let sum = usize::BITS - classes.leading_zeros();
    31i32.saturating_sub(sum as i32).clamp(1, 20)
}
