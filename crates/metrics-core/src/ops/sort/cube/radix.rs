//! Radix sort: stable, of each row of a matrix of keys by itself, with or without values.
//!
//! Least significant digit first, three kernels a digit: how many keys of each digit a block of keys
//! has, the sums of that before each block, and each key to its place. None waits for another cube, as
//! a single pass over the keys would have to, so it runs on every device.
//! Nadathur Satish, Mark Harris, Michael Garland: Designing Efficient Sorting Algorithms for Manycore
//! GPUs, IPDPS 2009.

use crate::ops::cube::empty;
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{CubeCount, CubeDim, prelude::*};

/// Bits of a digit.
const BITS: u32 = 4;
const DIGITS: usize = 1 << BITS;
/// Units of a cube that sorts: counters of every digit for each take 8 KiB.
const UNITS: usize = 128;
/// Keys of a unit, one after the other.
const PER_UNIT: usize = 16;
const BLOCK: usize = UNITS * PER_UNIT;

/// What scans have: units, of which each adds up a run of numbers.
pub(super) const SCAN_UNITS: usize = 256;

#[cube]
fn digit(key: u32, shift: u32) -> usize {
    ((key >> shift) & comptime!(DIGITS as u32 - 1)) as usize
}

/// How many keys of each digit every block has: `counts[row, digit, block]`.
#[cube(launch_unchecked)]
fn count_digits(keys: &Tensor<u32>, counts: &mut Tensor<u32>, n: u32, shift: u32) {
    let own = Shared::<[Atomic<u32>]>::new_slice(DIGITS);
    let unit = UNIT_POS as usize;
    if unit < DIGITS {
        own[unit].store(0u32);
    }
    sync_cube();
    let n = n as usize;
    let row = CUBE_POS_Y as usize;
    let block = CUBE_POS_X as usize;
    let blocks = CUBE_COUNT_X as usize;
    let from = block * BLOCK;
    let mut i = from + unit;
    while i < min(from + BLOCK, n) {
        own[digit(keys[row * n + i], shift)].fetch_add(1u32);
        i += UNITS;
    }
    sync_cube();
    if unit < DIGITS {
        counts[(row * DIGITS + unit) * blocks + block] = own[unit].load();
    }
}

/// Replaces each number of a row by the sum of those before it: a cube a row.
#[cube(launch_unchecked)]
pub(super) fn exclusive_sums(numbers: &mut Tensor<u32>, length: u32) {
    let mut sums = Shared::<[u32]>::new_slice(comptime!(scratch(SCAN_UNITS)));
    let unit = UNIT_POS as usize;
    let length = length as usize;
    let row = CUBE_POS * length;
    let run = length.div_ceil(SCAN_UNITS);
    let from = min(unit * run, length);
    let to = min(from + run, length);
    let mut sum = 0u32;
    let mut i = from;
    while i < to {
        sum += numbers[row + i];
        i += 1;
    }
    let mut before = sums_before(&mut sums, sum, SCAN_UNITS);
    let mut i = from;
    while i < to {
        let number = numbers[row + i];
        numbers[row + i] = before;
        before += number;
        i += 1;
    }
}

/// Units that add up what is before them one by one.
const GROUP: usize = 16;

/// The sum over the units before this one. `sums` has a place for each unit and for each group.
#[cube]
pub(super) fn sums_before(sums: &mut Shared<[u32]>, own: u32, #[comptime] units: usize) -> u32 {
    let unit = UNIT_POS as usize;
    let group = unit / GROUP;
    sums[unit] = own;
    sync_cube();
    let mut before = 0u32;
    let mut i = group * GROUP;
    while i < unit {
        before += sums[i];
        i += 1;
    }
    if unit % GROUP == GROUP - 1 {
        sums[units + group] = before + own;
    }
    sync_cube();
    let mut i = 0usize;
    while i < group {
        before += sums[units + i];
        i += 1;
    }
    sync_cube();
    before
}

/// The size of what [`sums_before`] needs.
pub(super) const fn scratch(units: usize) -> usize {
    units + units / GROUP
}

/// Moves every key to its place, and its value with it.
#[cube(launch_unchecked)]
fn scatter(
    keys: &Tensor<u32>,
    values: &Tensor<i32>,
    starts: &Tensor<u32>,
    sorted: &mut Tensor<u32>,
    moved: &mut Tensor<i32>,
    n: u32,
    shift: u32,
    #[comptime] with_values: bool,
) {
    // Of each digit, of each unit: how many keys; later, the place of the next one in the block.
    let mut places = Shared::<[u32]>::new_slice(comptime!(DIGITS * UNITS));
    let mut sums = Shared::<[u32]>::new_slice(comptime!(scratch(UNITS)));
    let mut firsts = Shared::<[u32]>::new_slice(DIGITS);
    let unit = UNIT_POS as usize;
    let n = n as usize;
    let row = CUBE_POS_Y as usize * n;
    let block = CUBE_POS_X as usize;
    let blocks = CUBE_COUNT_X as usize;
    let from = min(block * BLOCK + unit * PER_UNIT, n);
    let to = min(from + PER_UNIT, n);
    for digit in 0..DIGITS {
        places[digit * UNITS + unit] = 0u32;
    }
    let mut i = from;
    while i < to {
        places[digit(keys[row + i], shift) * UNITS + unit] += 1;
        i += 1;
    }
    sync_cube();
    // The sums before each, in the order of digits and then units.
    let run = comptime!(DIGITS);
    let mut sum = 0u32;
    for i in 0..run {
        sum += places[unit * run + i];
    }
    let mut before = sums_before(&mut sums, sum, UNITS);
    for i in 0..run {
        let count = places[unit * run + i];
        places[unit * run + i] = before;
        before += count;
    }
    sync_cube();
    if unit < DIGITS {
        let digits = (CUBE_POS_Y as usize * DIGITS + unit) * blocks;
        // Wraps where the block's keys of this digit start later in the block than in the row.
        firsts[unit] = starts[digits + block] - places[unit * UNITS];
    }
    sync_cube();
    let mut i = from;
    while i < to {
        let key = keys[row + i];
        let digit = digit(key, shift);
        let place = places[digit * UNITS + unit];
        places[digit * UNITS + unit] = place + 1;
        let into = row + (firsts[digit] + place) as usize;
        sorted[into] = key;
        if comptime!(with_values) {
            moved[into] = values[row + i];
        }
        i += 1;
    }
}

/// Sorts each row of `keys [rows, n]` by their low `bits`, rising; equal keys keep their order. The
/// memory of the keys is used, that of the values is not changed.
pub(super) fn sort(
    mut keys: CubeTensor,
    mut values: Option<CubeTensor>,
    bits: u32,
) -> (CubeTensor, Option<CubeTensor>) {
    let [rows, n] = keys.meta.shape().dims();
    let blocks = n.div_ceil(BLOCK);
    let mut other = empty(&keys, [rows, n], DType::U32);
    let scratch = || Some(empty(&keys, [rows, n], DType::I32));
    let (mut moved, mut spare) = match values.is_some() {
        true => (scratch(), scratch()),
        false => (None, None),
    };
    let counts = empty(&keys, [rows, DIGITS, blocks], DType::U32);
    let grid = || CubeCount::new_2d(blocks as u32, rows as u32);
    for shift in (0..bits).step_by(BITS as usize) {
        let client = keys.client.clone();
        let nothing = || empty(&keys, [1], DType::I32);
        // SAFETY: blocks cover `n`, units stop there, and the sums of counts are below `n`.
        unsafe {
            count_digits::launch_unchecked(
                &client,
                grid(),
                CubeDim::new_1d(UNITS as u32),
                keys.clone().into_tensor_arg(),
                counts.clone().into_tensor_arg(),
                n as u32,
                shift,
            );
            exclusive_sums::launch_unchecked(
                &client,
                CubeCount::new_1d(rows as u32),
                CubeDim::new_1d(SCAN_UNITS as u32),
                counts.clone().into_tensor_arg(),
                (DIGITS * blocks) as u32,
            );
            scatter::launch_unchecked(
                &client,
                grid(),
                CubeDim::new_1d(UNITS as u32),
                keys.clone().into_tensor_arg(),
                values.clone().unwrap_or_else(nothing).into_tensor_arg(),
                counts.clone().into_tensor_arg(),
                other.clone().into_tensor_arg(),
                moved.clone().unwrap_or_else(nothing).into_tensor_arg(),
                n as u32,
                shift,
                values.is_some(),
            );
        }
        std::mem::swap(&mut keys, &mut other);
        let read = std::mem::replace(&mut values, moved);
        // The values that came in may be in use elsewhere, so they are only read.
        moved = spare.take().or(read);
    }
    (keys, values)
}

/// Bits of floats in the order of the floats: 0 and -0 are equal, and NaN is last.
#[cube(launch_unchecked)]
pub(super) fn encode<F: Float>(
    floats: &Tensor<F>,
    keys: &mut Tensor<u32>,
    #[define(F)] _dtype: ElemType,
) {
    let i = ABSOLUTE_POS;
    if i < keys.len() {
        let bits = f32::cast_from(floats[i]).to_bits();
        let size = bits & 0x7fff_ffffu32;
        let mut key = bits | 0x8000_0000u32;
        if size > 0x7f80_0000u32 {
            key = 0xffff_ffffu32;
        } else if size == 0 {
            key = 0x8000_0000u32;
        } else if bits != size {
            key = !bits;
        }
        keys[i] = key;
    }
}

/// The inverse of [`encode`].
#[cube(launch_unchecked)]
pub(super) fn decode(keys: &Tensor<u32>, floats: &mut Tensor<f32>) {
    let i = ABSOLUTE_POS;
    if i < keys.len() {
        let key = keys[i];
        let bits = select(key >= 0x8000_0000u32, key & 0x7fff_ffffu32, !key);
        floats[i] = f32::from_bits(bits);
    }
}
