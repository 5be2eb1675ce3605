//! All rows of a tensor beside all rows of another.

mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(crate) mod tiles;

use burn::tensor::{Int, Tensor};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measure {
    /// The cosine; 0 of a row of zeros.
    Cosine,
    /// The product.
    Linear,
    /// The distance by the norm of this exponent, of at least 1.
    Minkowski(f64),
}

/// What to compute of two tensors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    pub measure: Measure,
    /// Whether entries of rows with one number are 0.
    pub zero_diagonal: bool,
}

/// The entries `[N, M]` of `x [N, D]` and `y [M, D]`, or of `x` with itself; both `f32` or `f64`, and not empty.
pub(crate) fn matrix(x: Tensor<2>, y: Option<Tensor<2>>, plan: Plan) -> Tensor<2> {
    on_host!(x, host::matrix(&x, y.as_ref(), plan));
    let y = y.unwrap_or_else(|| x.clone());
    default::matrix(x, y, plan)
}

/// The `k` largest entries of each row of the [`matrix`] and their columns, `[N, k]` each, of distances the smallest ones as negative
/// numbers; without those on the diagonal if the plan says so. Of equal entries in host memory the first. An entry that
/// is NaN is the largest. There are at least `k` entries to choose from, and `k` is not 0.
pub(crate) fn nearest(
    x: Tensor<2>,
    y: Option<Tensor<2>>,
    plan: Plan,
    k: usize,
) -> (Tensor<2>, Tensor<2, Int>) {
    on_host!(x, host::nearest(&x, y.as_ref(), plan, k));
    let y = y.unwrap_or_else(|| x.clone());
    default::nearest(x, y, plan, k)
}

/// The sums of the rows of the [`matrix`], over `divisor`.
pub(crate) fn sums(x: Tensor<2>, y: Option<Tensor<2>>, plan: Plan, divisor: f64) -> Tensor<1> {
    on_host!(x, host::sums(&x, y.as_ref(), plan, divisor));
    let y = y.unwrap_or_else(|| x.clone());
    default::sums(x, y, plan) / divisor
}
