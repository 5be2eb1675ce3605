//! Sorting, and areas under curves of sorted scores.

#[cfg(feature = "cube")]
pub(super) mod cube;
pub mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(super) mod host;

use burn::tensor::{Int, Tensor};

#[cfg(feature = "cube")]
/// The most keys of a sort, for as many cubes as WebGPU has in a dimension.
const KERNEL_KEYS: usize = 65_535 * 2048;

/// Pairs of a key and a value `[N]` in the order of rising keys, the values first. Pairs with equal keys
/// keep their order on CubeCL devices, Flex and NdArray; 0 and -0 are equal (and become 0), and NaN is
/// last. Keys are taken as `f32` and values as `i32`.
pub fn sort_pairs(keys: Tensor<1>, values: Tensor<1, Int>) -> (Tensor<1, Int>, Tensor<1>) {
    on_host!(keys, host::sort_pairs(&keys, values));
    #[cfg(feature = "cube")]
    if super::has_kernel(&keys.device(), keys.shape().num_elements())
        && keys.dims()[0] <= KERNEL_KEYS
    {
        return cube::on_tensors::sort_pairs(keys, values);
    }
    default::sort_pairs(keys, values)
}

/// How many counters [`curve_areas`] yields for each column.
pub const AREA_COUNTS: usize = 4;

#[allow(unused_variables)]
/// What the areas under the curves of scores `[N, L]` come from, each column by itself: `L *
/// AREA_COUNTS` counters and the rejected ones, and `L` compensated sums.
///
/// The counters are, as unsigned numbers: how often a positive scores higher than a negative, twice,
/// where a tie is half of once (its low and its high 32 bits); the positives; the negatives. The sum is
/// that of the precision at the score of every positive. `codes [N, L]` is 1, 0, or the code of what is
/// left out; other scores are in `[0, 1]`.
///
/// `None` on backends without kernels: there the scores are better read.
pub fn curve_areas(
    scores: Tensor<2>,
    codes: Tensor<2, Int>,
) -> Option<(Tensor<1, Int>, Tensor<1>)> {
    #[cfg(feature = "cube")]
    if super::has_kernel(&scores.device(), scores.shape().num_elements()) && fits(scores.dims()) {
        return Some(cube::on_tensors::curve_areas(scores, codes));
    }
    None
}

/// What [`curve_areas`] yields, of [keys](super::decisions::DecisionSink::Keys) `[N, L]`. What was rejected is not counted.
///
/// `None` as there, and of more keys than a kernel takes.
#[allow(unused_variables)]
pub(crate) fn key_areas(keys: Tensor<2, Int>) -> Option<(Tensor<1, Int>, Tensor<1>)> {
    #[cfg(feature = "cube")]
    if super::has_kernel(&keys.device(), keys.shape().num_elements()) && fits(keys.dims()) {
        return Some(cube::on_tensors::key_areas(keys));
    }
    None
}

/// Whether a kernel sorts so many rows and columns.
#[cfg(feature = "cube")]
fn fits([rows, columns]: [usize; 2]) -> bool {
    rows <= KERNEL_KEYS && columns < super::KERNEL_COLUMNS
}
