//! What rows weigh, if some of them have weights.

use crate::ops::invalid_weights;
use burn::tensor::Tensor;

/// Numbers `[N, D]` with NaN in rows that do not count because of their weight.
pub(crate) fn counted(x: Tensor<2>, weights: &Option<Tensor<1>>) -> Tensor<2> {
    let Some(weights) = weights else { return x };
    let dims = x.dims();
    let unused = invalid_weights(weights.clone()).bool_or(weights.clone().equal_elem(0.0));
    x.mask_fill(unused.reshape([dims[0], 1]).expand(dims), f32::NAN)
}
