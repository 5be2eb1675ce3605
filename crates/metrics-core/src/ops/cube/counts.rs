//! Counters. A cube counts in memory of its own where there are few counters and many elements.

use super::{
    label,
    math::{is_infinite, is_nan, is_outside_unit},
};
use crate::Reason;
use cubecl::prelude::*;

/// The most counters a cube keeps for itself: half of the memory that WebGPU promises.
pub(in crate::ops) const PRIVATE: usize = 2048;

/// The cube's own counters, all zero.
#[cube]
pub(in crate::ops) fn own_counters(#[comptime] private: usize) -> Shared<[Atomic<i32>]> {
    let own = Shared::<[Atomic<i32>]>::new_slice(comptime!(private.max(1)));
    let mut i = UNIT_POS as usize;
    while i < comptime!(private).runtime() {
        own[i].store(0i32);
        i += CUBE_DIM as usize;
    }
    sync_cube();
    own
}

#[cube]
pub(in crate::ops) fn count(
    state: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    place: usize,
    amount: i32,
    #[comptime] private: usize,
) {
    // A place is made of labels and codes, which only a caller's mistake takes out of the state.
    if comptime!(private > 0) {
        if place < comptime!(private).runtime() {
            own[place].fetch_add(amount);
        }
    } else if place < state.len() {
        state[place].fetch_add(amount);
    }
}

/// Adds the cube's own counters to the state.
#[cube]
pub(in crate::ops) fn flush(
    state: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    #[comptime] private: usize,
) {
    sync_cube();
    let mut i = UNIT_POS as usize;
    while i < comptime!(private).runtime() {
        let amount = own[i].load();
        if amount != 0 {
            state[i].fetch_add(amount);
        }
        i += CUBE_DIM as usize;
    }
}

/// The rejected counter of a negative code, counted from the first of them.
#[cube]
pub(in crate::ops) fn slot(code: i32) -> usize {
    usize::cast_from(-1i32 - code)
}

/// The code of an invalid weight, or 0.
#[cube]
pub(in crate::ops) fn weight_code(weight: f32) -> i32 {
    let mut code = 0i32;
    if is_nan(weight) || is_infinite(weight) || weight < 0.0f32 {
        code = comptime!(Reason::InvalidWeight.code()).runtime();
    }
    code
}

/// The negative code of a row that is left out, else 0.
#[cube]
pub(in crate::ops) fn row_code<I: Int>(
    rank: i32,
    target: I,
    ignored: I,
    #[comptime] ignores: bool,
) -> i32 {
    let mut code = min(rank, 0i32);
    if comptime!(ignores) && target == ignored {
        code = comptime!(Reason::Ignored.code()).runtime();
    }
    code
}

/// See [`ops::label_ranks`](crate::ops::label_ranks).
#[cube]
pub(in crate::ops) fn label_rank(pred: i32, target: i32, classes: i32) -> i32 {
    let mut rank = select(pred == target, 0i32, classes);
    if target < 0 || target >= classes {
        rank = comptime!(Reason::InvalidTarget.code()).runtime();
    } else if pred < 0 || pred >= classes {
        rank = comptime!(Reason::InvalidPrediction.code()).runtime();
    }
    rank
}

/// A target of 0 or 1, or the code of a rejected element.
#[cube]
pub(in crate::ops) fn decision_code<I: Int>(
    score: f32,
    target: I,
    ignored: I,
    #[comptime] ignores: bool,
) -> i32 {
    let mut code = label::<I>(target);
    if comptime!(ignores) && target == ignored {
        code = comptime!(Reason::Ignored.code()).runtime();
    } else if code < 0 || code > 1 {
        code = comptime!(Reason::InvalidTarget.code()).runtime();
    } else if is_nan(score) {
        code = comptime!(Reason::Nan.code()).runtime();
    } else if is_outside_unit(score, 0.0f32) {
        code = comptime!(Reason::InvalidPrediction.code()).runtime();
    }
    code
}

/// How many of `len` rising thresholds from `begin` on the value reaches. All are 0 or more, and compared by their bits,
/// since a device may take small numbers for 0.
#[cube]
pub(in crate::ops) fn reached(
    thresholds: &Tensor<f32>,
    begin: usize,
    len: usize,
    value: f32,
) -> usize {
    let mut low = begin;
    let mut high = begin + len;
    let bits = value.to_bits();
    let place = select(bits == 0x8000_0000u32, 0u32, bits);
    // A negative number, whose bits are larger, reaches none.
    if place > 0x7fff_ffffu32 {
        high = begin;
    }
    while low < high {
        let middle = (low + high) / 2;
        if (thresholds[middle].to_bits() & 0x7fff_ffffu32) <= place {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low - begin
}
