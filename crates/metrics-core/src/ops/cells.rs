//! Sums of weights by cell.

use super::{
    labels::{count_rejected, invalid_weights, reject_weights},
    sums::{add_compensated, sum_compensated},
};
use burn::tensor::{DType, IndexingUpdateOp, Int, Tensor};

/// The most elements that are added to one sum before sums are added with compensation.
const WEIGHT_BLOCK: usize = 1024;

/// The most sums kept side by side while elements are added to them.
const WEIGHT_SUMS: usize = 1 << 22;

/// The most elements that [`exact_cell_sums`] adds to one sum at once.
const WEIGHT_RUN: usize = 1 << 20;

/// Adds elements to sums by cell, each as much as its weight.
///
/// `counts` holds any counters and then the rejected ones, which alone can change; `sums` is `K`
/// compensated sums. `cells [N]` are in `0..K`, or negative codes of elements to leave out; `weights
/// [N]` must be finite and at least 0, or else their element is rejected as well. What a batch adds to
/// a sum is exact to 2e-8 of it, whatever the weights of other cells; a sum beyond the range of `f32` is
/// infinite.
pub fn weighted_counts(
    counts: Tensor<1, Int>,
    mut sums: Tensor<1>,
    cells: Tensor<1, Int>,
    weights: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let cells = super::as_i32(cells);
    let ([n], [k]) = (cells.dims(), sums.dims());
    if n == 0 {
        return (counts, sums);
    }
    let k = k / 2;
    let cells = reject_weights(cells, weights.clone());
    let counts = count_rejected(counts, cells.clone());
    let rejected = cells.clone().lower_elem(0);
    let weights = weights.mask_fill(rejected.clone(), 0.0);
    let cells = cells.mask_fill(rejected, 0);
    let blocks = n.div_ceil(WEIGHT_BLOCK).min(WEIGHT_SUMS / k.max(1)).max(1);
    // An index of 32 bits must not overflow.
    let most = (WEIGHT_RUN * blocks).min(1 << 30);
    for from in (0..n).step_by(most) {
        let run = from..n.min(from + most);
        let index = Tensor::<1, Int>::arange(0..run.len() as i64, (&cells.device(), DType::I32));
        let place = (index % blocks as i32) * k as i32 + cells.clone().slice(run.clone());
        let per_sum = run.len().div_ceil(blocks);
        let batch = exact_cell_sums(place, weights.clone().slice(run), blocks * k, per_sum);
        for part in batch {
            let part = sum_compensated(part.reshape([blocks, k]));
            sums = add_compensated(sums, part);
        }
    }
    (counts, sums)
}

/// The sums of numbers by cell, each in several parts that add up to it. At most `most` numbers of
/// one cell lose no more than the last digits of `f32` of the last part, in whatever order a device
/// adds them.
///
/// As in [`exact_sums`], each part but the last is of numbers rounded to a grid on which all their
/// partial sums lie. The grid of a cell is that of four times its plain sum, so that small weights of
/// one cell do not suffer from large ones of another.
fn exact_cell_sums(
    place: Tensor<1, Int>,
    numbers: Tensor<1>,
    cells: usize,
    most: usize,
) -> Vec<Tensor<1>> {
    let device = place.device();
    let sum = |numbers: Tensor<1>| {
        Tensor::<1>::zeros([cells], (&device, DType::F32)).scatter(
            0,
            place.clone(),
            numbers,
            IndexingUpdateOp::Add,
        )
    };
    // How far off a plain sum can be; what is left of numbers is at most five times that.
    let plain = most as f64 * f64::from(f32::EPSILON) / 2.0;
    let mut parts = Vec::new();
    let mut rest = numbers;
    let mut error = plain;
    while error > 2e-8 {
        let grid = sum(rest.clone().abs()) * 4.0;
        // Where the grid would overflow, the numbers are added as they are.
        let too_large = grid.clone().greater_elem(f32::MAX / 4.0);
        let grid = grid.mask_fill(too_large, 0.0).select(0, place.clone());
        let top = (rest.clone() + grid.clone()) - grid;
        parts.push(sum(top.clone()));
        rest = rest - top;
        error *= 5.0 * plain;
    }
    parts.push(sum(rest));
    parts
}

/// Elements that count in two cells, for [`weighted_counts`]: `also` with its own weights, and nothing
/// where it is negative. An element that the first cell or the first weight rejects is rejected once.
pub(crate) fn in_two_cells(
    cells: Tensor<1, Int>,
    weights: Tensor<1>,
    also: Tensor<1, Int>,
    also_weights: Tensor<1>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let out = invalid_weights(weights.clone())
        .bool_or(cells.clone().lower_elem(0))
        .bool_or(also.clone().lower_elem(0));
    let also = also.mask_fill(out.clone(), 0);
    let also_weights = also_weights.mask_fill(out, 0.0);
    (
        Tensor::cat(vec![cells, also], 0),
        Tensor::cat(vec![weights, also_weights], 0),
    )
}
