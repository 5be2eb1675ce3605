//! Calibration: confidence per row, and its bins.

use super::{
    counts::{count, flush, own_counters, reached, slot},
    math::{exp, is_infinite, is_nan},
    sums::{Sum, hand_over},
};
use crate::Reason;
use cubecl::prelude::*;

/// Confidences are added as multiples of 2^-31 in whole numbers, so in any order.
const SCALE: f32 = 2147483648.0;

#[cube(launch_unchecked)]
pub(super) fn top_confidence<I: Int>(
    ranks: &Tensor<i32>,
    scan: &Tensor<f32>,
    target: &Tensor<I>,
    logits: &Tensor<i32>,
    hits: &mut Tensor<i32>,
    confidence: &mut Tensor<f32>,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[comptime] auto: bool,
    #[comptime] softmax: bool,
    #[define(I)] _dtype: ElemType,
) {
    let n = target.len();
    let i = ABSOLUTE_POS;
    if i < n {
        let max = scan[i];
        let rank = ranks[n + i];
        let mut code = select(rank < 0, rank, i32::cast_from(rank == 0));
        let mut share = max;
        let mut undefined = false;
        if comptime!(softmax) && (comptime!(!auto) || logits[0] != 0) {
            share = exp(max - scan[n + i]);
            undefined = is_infinite(max);
        }
        if comptime!(ignores) && target[i] == ignored.get::<I>() {
            code = comptime!(Reason::Ignored.code()).runtime();
        } else if code >= 0 {
            if undefined || is_nan(share) {
                code = comptime!(Reason::Nan.code()).runtime();
            } else if share < 0.0 || share > 1.0 {
                code = comptime!(Reason::InvalidPrediction.code()).runtime();
            }
        }
        hits[i] = code;
        confidence[i] = share;
    }
}

#[cube(launch_unchecked)]
pub(super) fn bin_confidence<F: Float>(
    counts: &mut Tensor<Atomic<i32>>,
    state: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    confidence: &Tensor<F>,
    hits: &Tensor<i32>,
    edges: &Tensor<f32>,
    #[comptime] bins: usize,
    #[comptime] rejected: usize,
    #[define(F)] _dtype: ElemType,
) {
    let private = comptime!(2 * bins + rejected);
    let own = own_counters(private);
    // Sums of 64 bits: what overflows the low half goes to the high half.
    let low = Shared::<[Atomic<u32>]>::new_slice(bins);
    let high = Shared::<[Atomic<u32>]>::new_slice(bins);
    let mut bin = UNIT_POS as usize;
    while bin < bins {
        low[bin].store(0u32);
        high[bin].store(0u32);
        bin += CUBE_DIM as usize;
    }
    sync_cube();
    let mut i = ABSOLUTE_POS;
    while i < hits.len() {
        let hit = hits[i];
        if hit < 0 {
            count(counts, &own, 2 * bins + slot(hit), 1i32, private);
        } else {
            let confidence = f32::cast_from(confidence[i]);
            let bin = max(reached(edges, 0usize, edges.len(), confidence), 1usize) - 1;
            count(counts, &own, bin, 1i32, private);
            count(counts, &own, bins + bin, hit, private);
            let amount = u32::cast_from(f32::round(confidence * SCALE));
            let before = low[bin].fetch_add(amount);
            if before + amount < before {
                high[bin].fetch_add(1u32);
            }
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    flush(counts, &own, private);
    let mut bin = UNIT_POS as usize;
    while bin < bins {
        let whole = low[bin].load();
        // Halves of 16 bits, which `f32` holds exactly.
        let mut sum = Sum::zero();
        sum.add_number(f32::cast_from(high[bin].load()) * (2.0 * SCALE));
        sum.add_number(f32::cast_from(whole >> 16u32) * 65536.0);
        sum.add_number(f32::cast_from(whole & 65535u32));
        sum.high /= SCALE;
        sum.low /= SCALE;
        hand_over(state, partials, sum.high, sum.low, bin, bins);
        bin += CUBE_DIM as usize;
    }
}
