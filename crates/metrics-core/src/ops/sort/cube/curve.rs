//! Areas under exact curves, of scores that never leave the device.

use super::radix::{scratch, sums_before};
use crate::ops::{
    AREA_COUNTS,
    cube::{
        UNITS,
        sums::{Sum, hand_over, over_cube},
    },
    keys::LEFT_OUT,
};
use cubecl::prelude::*;

/// Keys of a unit, one after the other.
const PER_UNIT: usize = 8;
pub(super) const BLOCK: usize = UNITS as usize * PER_UNIT;

/// Bits of a key.
pub(super) const BITS: u32 = 32;

#[cube]
fn is_positive(key: u32) -> u32 {
    select(key == comptime!(LEFT_OUT).runtime(), 0u32, key & 1u32)
}

/// How many positives each block of a row has.
#[cube(launch_unchecked)]
pub(super) fn count_positives(keys: &Tensor<u32>, counts: &mut Tensor<u32>, n: u32) {
    let total = Shared::<[Atomic<u32>]>::new_slice(1usize);
    if UNIT_POS == 0 {
        total[0].store(0u32);
    }
    sync_cube();
    let n = n as usize;
    let row = CUBE_POS_Y as usize * n;
    let from = CUBE_POS_X as usize * BLOCK;
    let mut sum = 0u32;
    let mut i = from + UNIT_POS as usize;
    while i < min(from + BLOCK, n) {
        sum += is_positive(keys[row + i]);
        i += CUBE_DIM as usize;
    }
    total[0].fetch_add(sum);
    sync_cube();
    if UNIT_POS == 0 {
        counts[(CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) as usize] = total[0].load();
    }
}

/// How many positives there are up to each key of a row, that key included.
#[cube(launch_unchecked)]
pub(super) fn positives_so_far(
    keys: &Tensor<u32>,
    starts: &Tensor<u32>,
    positives: &mut Tensor<u32>,
    n: u32,
) {
    let mut sums = Shared::<[u32]>::new_slice(comptime!(scratch(UNITS as usize)));
    let n = n as usize;
    let row = CUBE_POS_Y as usize * n;
    let from = min(
        CUBE_POS_X as usize * BLOCK + UNIT_POS as usize * PER_UNIT,
        n,
    );
    let to = min(from + PER_UNIT, n);
    let mut sum = 0u32;
    let mut i = from;
    while i < to {
        sum += is_positive(keys[row + i]);
        i += 1;
    }
    let mut so_far = sums_before(&mut sums, sum, comptime!(UNITS as usize));
    so_far += starts[(CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) as usize];
    let mut i = from;
    while i < to {
        so_far += is_positive(keys[row + i]);
        positives[row + i] = so_far;
        i += 1;
    }
}

/// Where the keys with the score of key `i` start.
#[cube]
fn start_of(keys: &Tensor<u32>, row: usize, i: usize) -> usize {
    let score = keys[row + i] >> 1u32;
    let mut low = 0usize;
    let mut high = i;
    if i > 0 && keys[row + i - 1] >> 1u32 != score {
        low = i;
    }
    while low < high {
        let middle = (low + high) / 2;
        if keys[row + middle] >> 1u32 < score {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Of each row of sorted keys twice the number of pairs in which the positive scores higher, ties
/// counting half (64 bits, the low ones first), the positives and the negatives; and the sum over the
/// positives of the precision at their score.
#[cube(launch_unchecked)]
pub(super) fn areas(
    keys: &Tensor<u32>,
    positives: &Tensor<u32>,
    numbers: &mut Tensor<Atomic<u32>>,
    precisions: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    n: u32,
) {
    let n = n as usize;
    let column = CUBE_POS_Y as usize;
    let row = column * n;
    let mut low = 0u32;
    let mut high = 0u32;
    let mut all_positives = 0u32;
    let mut all_negatives = 0u32;
    let mut precision = Sum::zero();
    let mut i = (CUBE_POS_X * UNITS + UNIT_POS) as usize;
    while i < n {
        let key = keys[row + i];
        let mut last = true;
        if i + 1 < n {
            last = keys[row + i + 1] >> 1u32 != key >> 1u32;
        }
        if last && key != comptime!(LEFT_OUT).runtime() {
            let start = start_of(keys, row, i);
            let so_far = positives[row + i];
            let mut before = 0u32;
            if start > 0 {
                before = positives[row + start - 1];
            }
            let tied = so_far - before;
            let negatives = (i + 1 - start) as u32 - tied;
            let above = 2 * before + tied;
            let product = negatives * above;
            low += product;
            high += negatives.mul_hi(above) + u32::cast_from(low < product);
            all_positives += tied;
            all_negatives += negatives;
            let share = f32::cast_from(so_far) / f32::cast_from((i + 1) as u32);
            precision.add_number(f32::cast_from(tied) * share);
        }
        i += (CUBE_COUNT_X * UNITS) as usize;
    }
    let first = column * comptime!(AREA_COUNTS);
    let before = numbers[first].fetch_add(low);
    high += u32::cast_from(before + low < before);
    numbers[first + 1].fetch_add(high);
    numbers[first + 2].fetch_add(all_positives);
    numbers[first + 3].fetch_add(all_negatives);
    over_cube(&mut precision);
    if UNIT_POS_Y == 0 {
        hand_over(
            precisions,
            partials,
            precision.high,
            precision.low,
            column,
            CUBE_COUNT_Y as usize,
        );
    }
}
