//! Functions that GPUs compute with few digits.

use burn::tensor::{Bool, Tensor};

/// `ln(1 + x)`. On GPUs `Tensor::log1p` is the logarithm of a rounded sum, which has no digits of a small `x`.
pub(crate) fn log1p<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let near = is_near(&x);
    let small = x.clone() - log1p_excess(x.clone());
    (x + 1.0).log().mask_where(near, small)
}

/// Where [`log1p_excess`] holds.
pub(crate) fn is_near<const D: usize>(x: &Tensor<D>) -> Tensor<D, Bool> {
    x.clone().abs().lower_elem(0.5)
}

/// `x - ln(1 + x)` for `x` near 0, which is 0 or more.
pub(crate) fn log1p_excess<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    // With s = x / (2 + x): ln(1 + x) = 2 atanh(s), the first term of whose series is x - s x.
    let s = x.clone() / (x.clone() + 2.0);
    let square = s.clone().square();
    let mut series = square.zeros_like();
    for k in [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * square.clone() + 1.0 / k;
    }
    s.clone() * x - series * square * s * 2.0
}

/// The most factors that a power is the product of.
const FACTORS: f64 = 16.0;

/// `x` of 0 or more to a power. The whole part of the exponent as a product, because the power function
/// of a GPU has the fewer digits the larger the exponent, and may make a number of NaN.
pub(crate) fn power<const D: usize>(x: Tensor<D>, exponent: f64) -> Tensor<D> {
    let whole = if exponent.abs() > FACTORS {
        0.0
    } else {
        exponent.trunc()
    };
    let mut product = x.ones_like();
    for _ in 0..whole.abs() as usize {
        product = product * x.clone();
    }
    if whole < 0.0 {
        product = product.recip();
    }
    if whole != exponent {
        product = product * x.clone().powf_scalar(exponent - whole);
    }
    product.mask_fill(x.is_nan(), f32::NAN)
}
