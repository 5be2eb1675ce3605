//! What rows weigh, if some of them have weights.

use crate::ops::invalid_weights;
use burn::tensor::Tensor;

/// What rows count, if some of them have weights.
pub(crate) struct Weighed {
    /// How many there are.
    pub count: u64,
    /// Their weight; a row without a weight weighs 1.
    pub weight: f64,
}

impl Weighed {
    /// From counters that begin with the number of rows without a weight and the number of rows with one, and
    /// from the sum of the given weights.
    pub fn new(counts: &[i32], given: f64) -> Self {
        let [plain, weighted] = [counts[0], counts[1]].map(|count| count as u64);
        Self {
            count: plain + weighted,
            weight: plain as f64 + given,
        }
    }
}

/// Numbers `[N, D]` with NaN in rows that do not count because of their weight.
pub(crate) fn counted(x: Tensor<2>, weights: &Option<Tensor<1>>) -> Tensor<2> {
    let Some(weights) = weights else { return x };
    let dims = x.dims();
    let unused = invalid_weights(weights.clone()).bool_or(weights.clone().equal_elem(0.0));
    x.mask_fill(unused.reshape([dims[0], 1]).expand(dims), f32::NAN)
}
