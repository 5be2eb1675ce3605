//! Sums of two halves, whose digits are kept.

#[cfg(feature = "cube")]
pub(super) mod cube;
pub mod default;

use burn::tensor::Tensor;

pub(crate) use default::two_sum;

/// Adds `x` to `K` compensated sums: `state` is `[2 * K]`, the leading halves and then the
/// trailing halves, whose sum is exact to about 48 bits (Knuth's two-sum). `x` is `[K]` plain
/// numbers, or `[2 * K]` compensated sums such as [`sum_compensated`] yields.
pub fn add_compensated(state: Tensor<1>, x: Tensor<1>) -> Tensor<1> {
    on_host!(state, super::host::add_compensated(state, &x));
    #[cfg(feature = "cube")]
    if super::has_kernel(&state.device(), state.shape().num_elements()) {
        return cube::on_tensors::add_compensated(state, x);
    }
    default::add_compensated(state, x)
}

/// Sums the columns of `x [N, K]`: `[2 * K]`, the leading halves of the sums and then their
/// trailing halves, exact to about 48 bits whatever the backend's own sum does.
///
/// A sum with an infinite term, or one beyond the range of `f32`, has an infinite leading half
/// and an unspecified trailing half; one of NaN or of both infinities is NaN.
pub fn sum_compensated(x: Tensor<2>) -> Tensor<1> {
    #[cfg(feature = "cube")]
    if super::has_kernel(&x.device(), x.shape().num_elements()) {
        return cube::on_tensors::sum_compensated(x);
    }
    default::sum_compensated(x)
}
