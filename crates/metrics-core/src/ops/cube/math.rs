//! Functions to the last digits of `f32`. WGSL lets a device's own be wrong by far more: `log` by 5e-7
//! near 1, where the logarithm is smaller than that.

use cubecl::prelude::*;

/// The number itself. Shader compilers may treat floats as real numbers, to which `a + b - a` is `b`, so
/// this passes it through a zero that no compiler knows.
#[cube]
pub(in crate::ops) fn opaque(x: f32) -> f32 {
    let zero = CUBE_COUNT_Z - 1;
    f32::from_bits(x.to_bits() ^ zero)
}

/// Whether it is NaN, by its bits: a compiler of fast mathematics may take it that nothing is.
#[cube]
pub(in crate::ops) fn is_nan(x: f32) -> bool {
    x.to_bits() & 0x7fff_ffffu32 > 0x7f80_0000u32
}

/// Whether it is infinite, by its bits.
#[cube]
pub(in crate::ops) fn is_infinite(x: f32) -> bool {
    x.to_bits() & 0x7fff_ffffu32 == 0x7f80_0000u32
}

/// Whether it is a number more than `slack` below 0 or above 1, by its bits: devices take a denormal number for 0.
#[cube]
pub(in crate::ops) fn is_outside_unit(x: f32, slack: f32) -> bool {
    let bits = x.to_bits();
    let magnitude = bits & 0x7fff_ffffu32;
    let above = (1.0f32 + slack).to_bits();
    let limit = select(bits == magnitude, above, slack.to_bits());
    magnitude > limit && magnitude <= 0x7f80_0000u32
}

/// A probability at most `slack` outside `[0, 1]` as 0 or 1; another number unchanged.
#[cube]
pub(in crate::ops) fn snapped(x: f32, slack: f32) -> f32 {
    let bits = x.to_bits();
    let magnitude = bits & 0x7fff_ffffu32;
    let mut p = x;
    if !is_outside_unit(x, slack) && !is_nan(x) {
        if bits != magnitude {
            p = 0.0f32;
        } else if magnitude > 0x3f80_0000u32 {
            p = 1.0f32;
        }
    }
    p
}

/// Whether it is a valid weight, finite and at least 0, by its bits.
#[cube]
pub(in crate::ops) fn is_weight(x: f32) -> bool {
    let bits = x.to_bits();
    bits < 0x7f80_0000u32 || bits == 0x8000_0000u32
}

/// `exp(x)` for `x <= 0`: `2^n * exp(r)` with `|r| <= ln(2) / 2` and the Taylor polynomial of degree 7.
/// Below -87 it is 0, which is within 1.7e-38.
#[cube]
pub(in crate::ops) fn exp(x: f32) -> f32 {
    // NaN fails every comparison and has to stay.
    let clamped = select(x < -87.0f32, -87.0f32, x);
    let n = f32::round(clamped * 1.442_695f32);
    // ln(2) in two parts, so that the product with n is exact.
    let r = opaque(clamped - n * 0.693_359_4f32) - n * -2.121_944_4e-4f32;
    let mut p = r * (1.0f32 / 5040.0f32) + 1.0f32 / 720.0f32;
    p = p * r + 1.0f32 / 120.0f32;
    p = p * r + 1.0f32 / 24.0f32;
    p = p * r + 1.0f32 / 6.0f32;
    p = p * r + 0.5f32;
    p = p * r + 1.0f32;
    p = p * r + 1.0f32;
    let scale = f32::from_bits(u32::cast_from(i32::cast_from(n) + 127) << 23u32);
    let mut result = p * scale;
    if x < -87.0f32 {
        result = 0.0f32;
    } else if is_nan(x) {
        result = x;
    }
    result
}

/// `ln(1 + x)` for `x >= 0`: `k * ln(2) + ln(1 + f)` with `ln(1 + f) = 2 * atanh(f / (2 + f))`.
#[cube]
pub(in crate::ops) fn log1p(x: f32) -> f32 {
    let mut k = 0.0f32;
    let mut f = x;
    if x > 0.41f32 {
        let bits = (1.0f32 + x).to_bits();
        let mut exponent = i32::cast_from(bits >> 23u32) - 127;
        let mut mantissa = f32::from_bits((bits & 0x007f_ffffu32) | 0x3f80_0000u32);
        if mantissa > 1.414_213_5f32 {
            mantissa *= 0.5f32;
            exponent += 1;
        }
        k = f32::cast_from(exponent);
        f = opaque(mantissa - 1.0f32);
    }
    let s = f / (2.0f32 + f);
    let z = s * s;
    let mut p = z * (2.0f32 / 11.0f32) + 2.0f32 / 9.0f32;
    p = p * z + 2.0f32 / 7.0f32;
    p = p * z + 2.0f32 / 5.0f32;
    p = p * z + 2.0f32 / 3.0f32;
    let mut result = k * 0.693_147_2f32 + (s * 2.0f32 + s * z * p);
    if is_nan(x) || is_infinite(x) {
        result = x;
    }
    result
}

/// `ln(x)` of positive numbers that are normal.
#[cube]
pub(in crate::ops) fn ln(x: f32) -> f32 {
    let bits = x.to_bits();
    let mut exponent = i32::cast_from(bits >> 23u32) - 127;
    let mut mantissa = f32::from_bits((bits & 0x007f_ffffu32) | 0x3f80_0000u32);
    if mantissa > 1.414_213_5f32 {
        mantissa *= 0.5f32;
        exponent += 1;
    }
    let f = opaque(mantissa - 1.0f32);
    let s = f / (2.0f32 + f);
    let z = s * s;
    let mut p = z * (2.0f32 / 11.0f32) + 2.0f32 / 9.0f32;
    p = p * z + 2.0f32 / 7.0f32;
    p = p * z + 2.0f32 / 5.0f32;
    p = p * z + 2.0f32 / 3.0f32;
    let mut result = f32::cast_from(exponent) * 0.693_147_2f32 + (s * 2.0f32 + s * z * p);
    if is_nan(x) || is_infinite(x) {
        result = x;
    }
    result
}

/// `x - ln(1 + x)` for `x` near 0, which is 0 or more.
#[cube]
pub(in crate::ops) fn log1p_excess(x: f32) -> f32 {
    // With s = x / (2 + x): ln(1 + x) = 2 atanh(s), the first term of whose series is x - s x.
    let s = x / (x + 2.0f32);
    let z = s * s;
    let mut series = z * (1.0f32 / 15.0f32) + 1.0f32 / 13.0f32;
    series = series * z + 1.0f32 / 11.0f32;
    series = series * z + 1.0f32 / 9.0f32;
    series = series * z + 1.0f32 / 7.0f32;
    series = series * z + 1.0f32 / 5.0f32;
    series = series * z + 1.0f32 / 3.0f32;
    s * x - series * z * s * 2.0f32
}

/// `x` of 0 or more to a power.
#[cube]
pub(in crate::ops) fn power(x: f32, #[comptime] exponent: f64) -> f32 {
    let bits = x.to_bits();
    let mut whole = i32::cast_from(bits >> 23u32) - 127;
    let mut mantissa = f32::from_bits((bits & 0x007f_ffffu32) | 0x3f80_0000u32);
    if mantissa > 1.414_213_5f32 {
        mantissa *= 0.5f32;
        whole += 1;
    }
    // `x` is `2^whole * mantissa`. The exponent in two parts, the first of which times `whole` is exact.
    let whole = f32::cast_from(whole);
    let first = comptime!(f32::from_bits((exponent as f32).to_bits() & 0xffff_f000));
    let rest = comptime!((exponent - f64::from(first)) as f32);
    let high = whole * first;
    let n = f32::round(high);
    let part = opaque(high - n) + whole * rest;
    let small = part * 0.693_147_2f32 + ln(mantissa) * comptime!(exponent as f32).runtime();
    // Exponents may be so large that the mantissa alone decides.
    let up = small + n * 0.693_147_2f32 > 0.0f32;
    let mut result = select(up, f32::from_bits(0x7f80_0000u32), 0.0f32);
    if small.abs() < 80.0f32 {
        let mut own = exp(-small.abs());
        if small > 0.0f32 {
            own = 1.0f32 / own;
        }
        // In two factors, as one of the powers of two might be beyond `f32`.
        let n = i32::cast_from(max(min(n, 250.0f32), -250.0f32));
        let half = n / 2;
        let other = n - half;
        let factor = f32::from_bits(u32::cast_from(half + 127) << 23u32);
        result = own * factor * f32::from_bits(u32::cast_from(other + 127) << 23u32);
    }
    if is_nan(x) {
        result = x;
    } else if x == 0.0f32 || is_infinite(x) {
        // Not every compiler of kernels can compare booleans.
        let infinity = f32::from_bits(0x7f80_0000u32);
        if comptime!(exponent > 0.0) {
            result = select(x == 0.0f32, 0.0f32, infinity);
        } else {
            result = select(x == 0.0f32, infinity, 0.0f32);
        }
    }
    result
}
