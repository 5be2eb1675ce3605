//! Functions of numbers in host memory, without a branch, so that loops over them become vectors.

use std::f64::consts::{LN_2, LOG2_E, SQRT_2};

/// Whether a weight is one: finite, and 0 or more.
#[inline(always)]
pub(crate) fn is_weight<E: Element>(weight: E) -> bool {
    (weight >= E::ZERO) & (weight < E::INFINITY)
}

/// A number of a batch in host memory: `f32`, or `f64` of a batch that came so.
pub trait Element: Copy + PartialOrd + Into<f64> + Send + Sync + 'static {
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Infinity.
    const INFINITY: Self;
    /// Negative infinity.
    const NEG_INFINITY: Self;

    /// The nearest number to one in single precision.
    fn of(number: f32) -> Self;

    /// Whether it is NaN.
    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn is_nan(self) -> bool {
        self != self
    }

    /// As `f64`.
    #[inline(always)]
    fn wide(self) -> f64 {
        self.into()
    }

    /// The order of all numbers, of which NaN is the largest or the smallest.
    fn total_cmp(&self, other: &Self) -> std::cmp::Ordering;
}

macro_rules! element {
    ($number:ident) => {
        impl Element for $number {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const INFINITY: Self = $number::INFINITY;
            const NEG_INFINITY: Self = $number::NEG_INFINITY;

            #[inline(always)]
            fn of(number: f32) -> Self {
                number.into()
            }

            fn total_cmp(&self, other: &Self) -> std::cmp::Ordering {
                $number::total_cmp(self, other)
            }
        }
    };
}
element!(f32);
element!(f64);

/// A function of two numbers. A trait as it is inlined, and compiled for AVX2, where a closure is not.
pub(crate) trait OfPair<const K: usize> {
    /// Its values.
    fn of(&self, a: f64, b: f64) -> [f64; K];
}

/// The sums of the terms of pairs, several side by side: one after the other, each would wait for the last.
#[inline(always)]
pub(crate) fn sum_pairs<E: Element, const K: usize>(
    [a, b]: [&[E]; 2],
    terms: impl OfPair<K>,
) -> [f64; K] {
    const LANES: usize = 8;
    let mut sums = [[0.0; LANES]; K];
    let [(a, a_rest), (b, b_rest)] = [a, b].map(|x| x.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            let terms = terms.of(a[lane].wide(), b[lane].wide());
            for k in 0..K {
                sums[k][lane] += terms[k];
            }
        }
    }
    for (a, b) in a_rest.iter().zip(b_rest) {
        let terms = terms.of(a.wide(), b.wide());
        (sums.iter_mut().zip(terms)).for_each(|(sum, term)| sum[0] += term);
    }
    sums.map(|lanes| lanes.iter().sum())
}

/// Adding it rounds a number of less than 2^51 to an integer, which is then in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Coefficients of `(atanh(s) - s) / s³` in powers of `s²`, the highest first.
const ATANH: [f64; 8] = [
    1.0 / 17.0,
    1.0 / 15.0,
    1.0 / 13.0,
    1.0 / 11.0,
    1.0 / 9.0,
    1.0 / 7.0,
    1.0 / 5.0,
    1.0 / 3.0,
];

/// `ln(x)` to 1e-13 of it or, near 1, 1e-16: `e ln(2) + 2 atanh((m - 1) / (m + 1))` of `x = 2^e m`.
/// Subnormal numbers are taken for the smallest normal ones.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mantissa = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000);
    let exponent = f64::from_bits(bits >> 52 | 0x4330_0000_0000_0000) - 4_503_599_627_371_519.0;
    let large = mantissa > SQRT_2;
    let m = if large { 0.5 * mantissa } else { mantissa };
    let e = if large { exponent + 1.0 } else { exponent };
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut series = 0.0;
    for coefficient in ATANH {
        series = series * z + coefficient;
    }
    let result = e * LN_2 + 2.0 * (s + s * z * series);
    let special = if x == 0.0 {
        f64::NEG_INFINITY
    } else {
        f64::NAN
    };
    let special = if x == f64::INFINITY { x } else { special };
    if x > 0.0 && x < f64::INFINITY {
        result
    } else {
        special
    }
}

/// `x - ln(1 + x)`, without the difference where the two are nearly equal; NaN of infinity.
#[inline(always)]
pub(crate) fn log1p_excess(x: f64) -> f64 {
    let y = 1.0 + x;
    let bits = y.to_bits();
    let mantissa = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000);
    let exponent = f64::from_bits(bits >> 52 | 0x4330_0000_0000_0000) - 4_503_599_627_371_519.0;
    let large = mantissa > SQRT_2;
    let m = if large { 0.5 * mantissa } else { mantissa };
    let e = if large { exponent + 1.0 } else { exponent };
    // Near 1, `m - 1` is `x` before it was rounded, and `x - 2 s = s x`.
    let near = e == 0.0;
    let f = if near { x } else { m - 1.0 };
    let s = f / (2.0 + f);
    let z = s * s;
    let mut series = 0.0;
    for coefficient in ATANH {
        series = series * z + coefficient;
    }
    let first = if near { s * x } else { x - e * LN_2 - 2.0 * s };
    let result = first - 2.0 * (s * z * series);
    let special = if y == 0.0 { f64::INFINITY } else { f64::NAN };
    if y > 0.0 && y < f64::INFINITY {
        result
    } else {
        special
    }
}

/// Coefficients of `exp(r)` in powers of `r`, the highest first.
const EXP: [f64; 13] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
    1.0,
    1.0,
];

/// `exp(x)` to 1e-14 of it; 0 below -708.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let inside = if x > -708.0 { x } else { -708.0 };
    let inside = if inside < 709.0 { inside } else { 709.0 };
    let rounded = inside * LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (inside - n * 0.693_147_180_369_123_8) - n * 1.908_214_929_270_587_7e-10;
    let mut series = 0.0;
    for coefficient in EXP {
        series = series * r + coefficient;
    }
    let power = f64::from_bits((rounded.to_bits() << 52).wrapping_add(0x3ff0_0000_0000_0000));
    let result = if x < -708.0 { 0.0 } else { series * power };
    let result = if x > 709.0 { f64::INFINITY } else { result };
    if x.is_nan() { x } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_library_has_them() {
        let close = |ours: f64, exact: f64, limit: f64| (ours - exact).abs() <= limit * exact.abs();
        for i in -70_000..=70_000 {
            let x = i as f64 / 100.0 + 0.001;
            assert!(close(exp(x), x.exp(), 1e-14), "exp({x}): {}", exp(x));
            let y = (x / 2.0).exp();
            assert!(close(ln(y), y.ln(), 1e-13), "ln({y}): {}", ln(y));
            if y > 0.1 {
                let excess = y - y.ln_1p();
                assert!(close(log1p_excess(y), excess, 1e-12), "excess of {y}");
            }
            let tiny = x * 1e-9;
            let series = tiny * tiny * (0.5 - tiny / 3.0);
            assert!(close(log1p_excess(tiny), series, 1e-11), "of {tiny}");
            let near = 1.0 + x * 1e-9;
            assert!(
                close(ln(near), near.ln(), 1e-13),
                "ln({near}): {}",
                ln(near)
            );
        }
        assert_eq!(
            [ln(1.0), exp(0.0), exp(-1e9), exp(1e9)],
            [0.0, 1.0, 0.0, f64::INFINITY]
        );
        assert_eq!(
            [ln(0.0), ln(f64::INFINITY)],
            [f64::NEG_INFINITY, f64::INFINITY]
        );
        assert!(ln(-1.0).is_nan() && ln(f64::NAN).is_nan() && exp(f64::NAN).is_nan());
    }
}
