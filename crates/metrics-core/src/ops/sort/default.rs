//! The operations as tensor operations.

use crate::ops::labels::as_i32;
use burn::tensor::{DType, Int, Tensor};

/// See [`sort_pairs`](super::sort_pairs).
pub fn sort_pairs(keys: Tensor<1>, values: Tensor<1, Int>) -> (Tensor<1, Int>, Tensor<1>) {
    let [n] = keys.dims();
    let nan = keys.clone().is_nan();
    // Where a backend puts NaN is its own affair: sorted as infinity, then moved behind the others.
    let (_, order) = (keys.clone() + 0.0)
        .mask_fill(nan.clone(), f32::INFINITY)
        .sort_with_indices(0);
    let late = as_i32(nan.int()).select(0, order.clone()) * n as i32;
    let place = Tensor::<1, Int>::arange(0..n as i64, (&keys.device(), DType::I32));
    let order = order.select(0, (late + place).argsort(0));
    (
        as_i32(values).select(0, order.clone()),
        keys.select(0, order),
    )
}
