//! Thresholds and bins.

use super::{
    cells::in_two_cells,
    labels::{as_i32, count, places},
    sums::add_compensated,
};
use burn::tensor::{DType, FloatDType, IndexingUpdateOp, Int, Tensor};

/// `count` evenly spaced numbers from 0 to 1 in `f32`, as `torch.linspace` rounds them: steps up
/// from 0 in the first half, steps back from 1 in the second.
pub(crate) fn linspace(count: usize) -> Vec<f32> {
    if count <= 1 {
        return vec![0.0];
    }
    let line = Line::new(count);
    (0..count as i32).map(|i| line.at(i)).collect()
}

/// Evenly spaced numbers from 0 to 1, see [`linspace`].
#[derive(Clone, Copy)]
pub(super) struct Line {
    half: i32,
    last: i32,
    step: f32,
}

impl Line {
    pub fn new(count: usize) -> Self {
        Self {
            half: (count / 2) as i32,
            last: count as i32 - 1,
            step: 1.0f32 / (count - 1) as f32,
        }
    }

    /// The number in this place, without a branch, so that loops over it vectorize.
    #[inline(always)]
    pub fn at(self, place: i32) -> f32 {
        let up = place as f32 * self.step;
        let down = (1.0 - self.step as f64 * (self.last - place) as f64) as f32;
        if place < self.half { up } else { down }
    }
}

/// The lower edges `0, 1/width, ..` of equal-width bins over `[0, 1]` in `f32`, as `torch.linspace` places
/// them. The last bin is closed: 1 is in it.
pub(crate) fn lower_edges(width: usize) -> Vec<f32> {
    let mut edges = linspace(width + 1);
    edges.truncate(width);
    edges
}

/// How many of the rising thresholds each value reaches, by a binary search on tensors.
fn reached(values: Tensor<1>, thresholds: &[f32]) -> Tensor<1, Int> {
    let device = values.device();
    let [n] = values.dims();
    let table = Tensor::<1>::from_data(thresholds, (&device, DType::F32));
    let mut found = Tensor::<1, Int>::zeros([n], (&device, DType::I32));
    let mut step = thresholds.len().next_power_of_two();
    while step > 0 {
        let next = found.clone() + step as i32;
        let inside = next.clone().lower_equal_elem(thresholds.len() as i32);
        let at = (next.clone() - 1).clamp(0, thresholds.len() as i32 - 1);
        let reaches = table.clone().select(0, at).lower_equal(values.clone());
        found = found.mask_where(inside.bool_and(reaches), next);
        step /= 2;
    }
    found
}

/// Counts, per label and class of target, how many thresholds each probability reaches.
///
/// `state` holds `L * 2 * (T + 1)` counters (`(label * 2 + target) * (T + 1) + reached`, where
/// `reached` is how many of the rising `thresholds [T]` are at most the probability) and the
/// rejected ones. `target [N, L]` is 0 or 1 or a negative code.
pub(crate) fn threshold_counts(
    state: Tensor<1, Int>,
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    thresholds: &[f32],
) -> Tensor<1, Int> {
    let [_, labels] = probabilities.dims();
    let bins = (labels * 2 * (thresholds.len() + 1)) as i32;
    let cells = threshold_cells(probabilities, target, thresholds);
    count(state, places(cells, bins))
}

/// The counter of [`threshold_counts`] for each score, row by row `[N * L]`, or the code of what is left
/// out.
pub(crate) fn threshold_cells(
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    thresholds: &[f32],
) -> Tensor<1, Int> {
    let [n, labels] = probabilities.dims();
    let device = probabilities.device();
    let size = [n * labels];
    let block = thresholds.len() as i32 + 1;
    let label = Tensor::<1, Int>::arange(0..labels as i64, (&device, DType::I32))
        .reshape([1, labels])
        .expand([n, labels])
        .reshape(size);
    let target = as_i32(target).reshape(size);
    let rejected = target.clone().lower_elem(0);
    let safe = target.clone().mask_fill(rejected.clone(), 0);
    let cell = (label * 2 + safe) * block + reached(probabilities.reshape(size), thresholds);
    cell.mask_where(rejected, target)
}

/// Adds confidences to equal-width bins over `[0, 1]`.
///
/// `counts` holds `bins` counts, `bins` counts of hits and the rejected ones; `sums` is `bins`
/// compensated sums of confidence. `confidence [N]`; `hit [N]` is 1 or 0, or a negative code.
/// Bin `i` holds `[i / bins, (i + 1) / bins)`, and the last one 1 as well.
pub(crate) fn bin_confidence(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    confidence: Tensor<1>,
    hit: Tensor<1, Int>,
    bins: usize,
) -> (Tensor<1, Int>, Tensor<1>) {
    let rejected = hit.clone().lower_elem(0);
    let safe = confidence.clone().mask_fill(rejected.clone(), 0.0);
    let bin = bin_of(safe.clone(), bins);
    let bins = bins as i32;
    let place = bin
        .clone()
        .mask_where(rejected.clone(), hit.clone().neg() + (2 * bins - 1));
    let used = as_i32(rejected.clone().bool_not().int());
    let counts = counts.scatter(0, place, used.ones_like(), IndexingUpdateOp::Add);
    let hits = hit.mask_fill(rejected, 0);
    let counts = counts.scatter(0, bin.clone() + bins, hits, IndexingUpdateOp::Add);
    // A batch's sum per bin is plain f32; batches are added with compensation.
    let device = safe.device();
    let batch = Tensor::<1>::zeros([bins as usize], (&device, DType::F32)).scatter(
        0,
        bin,
        safe * used.float().cast(FloatDType::F32),
        IndexingUpdateOp::Add,
    );
    (counts, add_compensated(sums, batch))
}

/// The bin of each confidence, as [`bin_confidence`] has them.
fn bin_of(confidence: Tensor<1>, bins: usize) -> Tensor<1, Int> {
    // Every place a scatter writes to must exist, whatever the confidence.
    (reached(confidence, &lower_edges(bins)) - 1).clamp_min(0)
}

/// Each element of `confidence [N, L]` adds its weight to its bin, of misses or of hits, and weight times
/// confidence to that of its bin, for [`weighted_counts`](super::weighted_counts): `L * bins` sums of each.
pub(crate) fn weighted_bins(
    confidence: Tensor<2>,
    hit: Tensor<2, Int>,
    weights: Tensor<1>,
    bins: usize,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [n, labels] = confidence.dims();
    let device = confidence.device();
    let first = Tensor::<1, Int>::arange(0..labels as i64, (&device, DType::I32)) * bins as i32;
    let first = first.reshape([1, labels]).expand([n, labels]);
    let (confidence, hit) = (confidence.reshape([n * labels]), hit.reshape([n * labels]));
    let width = (labels * bins) as i32;
    let rejected = hit.clone().lower_elem(0);
    let confidence = confidence.mask_fill(rejected.clone(), 0.0);
    let bin = bin_of(confidence.clone(), bins) + first.reshape([n * labels]);
    let outcome = (bin.clone() + hit.clone() * width).mask_where(rejected, hit);
    let weighted = confidence * weights.clone();
    in_two_cells(outcome, weights, bin + 2 * width, weighted)
}
