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

/// How many counters [`key_areas`] yields for each column.
pub const AREA_COUNTS: usize = 4;

/// What the areas under the curves of [keys](super::decisions::DecisionSink::Keys) `[N, L]` come from, each column by itself: `L *
/// AREA_COUNTS` counters, and `L` compensated sums.
///
/// The counters are, as unsigned numbers: how often a positive scores higher than a negative, twice,
/// where a tie is half of once (its low and its high 32 bits); the positives; the negatives. The sum is
/// that of the precision at the score of every positive. What was rejected is not counted.
///
/// `None` on backends without kernels, where the keys are better read, and of more keys than a kernel takes.
#[allow(unused_variables)]
pub fn key_areas(keys: Tensor<2, Int>) -> Option<(Tensor<1, Int>, Tensor<1>)> {
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
