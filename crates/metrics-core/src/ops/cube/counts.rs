//! Counters. A cube counts in memory of its own where there are few counters and many elements.

use super::{
    label,
    math::{is_infinite, is_nan, is_outside},
};
use crate::Reason;
use cubecl::prelude::*;

/// The most counters a cube keeps for itself: half of the memory that WebGPU promises.
pub(in crate::ops) const PRIVATE: usize = 2048;

/// How many elements there must be for each counter, so that clearing and adding a cube's own is worth
/// it.
const PER_COUNTER: usize = 4;

/// How many counters each cube keeps for itself: all or none.
pub(in crate::ops) fn private(counters: usize, elements: usize) -> usize {
    match counters <= PRIVATE && elements >= PER_COUNTER * counters {
        true => counters,
        false => 0,
    }
}

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
    if place < state.len() {
        if comptime!(private > 0) {
            own[place].fetch_add(amount);
        } else {
            state[place].fetch_add(amount);
        }
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

#[cube(launch_unchecked)]
pub(super) fn confusion<I: Int>(
    state: &mut Tensor<Atomic<i32>>,
    ranks: &Tensor<i32>,
    target: &Tensor<I>,
    classes: u32,
    top_k: i32,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[comptime] matrix: bool,
    #[comptime] private: usize,
    #[define(I)] _dtype: ElemType,
) {
    let n = target.len();
    let own = own_counters(private);
    let mut i = ABSOLUTE_POS;
    while i < n {
        let rank = ranks[n + i];
        let raw = target[i];
        let target = label::<I>(raw);
        let code = row_code::<I>(rank, raw, ignored.get::<I>(), ignores);
        let pred = select(rank < top_k, target, ranks[i]);
        count_pair(
            state,
            &own,
            target,
            pred,
            code,
            classes as usize,
            matrix,
            private,
        );
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    flush(state, &own, private);
}

#[cube(launch_unchecked)]
pub(super) fn label_confusion<P: Int, I: Int>(
    state: &mut Tensor<Atomic<i32>>,
    pred: &Tensor<P>,
    target: &Tensor<I>,
    classes: u32,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[comptime] matrix: bool,
    #[comptime] private: usize,
    #[define(P, I)] _dtypes: [ElemType; 2],
) {
    let n = target.len();
    let own = own_counters(private);
    let mut i = ABSOLUTE_POS;
    while i < n {
        let raw = target[i];
        let target = label::<I>(raw);
        let pred = label::<P>(pred[i]);
        let rank = label_rank(pred, target, classes as i32);
        let code = row_code::<I>(rank, raw, ignored.get::<I>(), ignores);
        count_pair(
            state,
            &own,
            target,
            pred,
            code,
            classes as usize,
            matrix,
            private,
        );
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    flush(state, &own, private);
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

/// Counts a pair of target and prediction, or a negative code.
#[cube]
fn count_pair(
    state: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    target: i32,
    pred: i32,
    code: i32,
    classes: usize,
    #[comptime] matrix: bool,
    #[comptime] private: usize,
) {
    let bins = if comptime!(matrix) {
        classes * classes
    } else {
        3 * classes
    };
    let (target, pred) = (usize::cast_from(target), usize::cast_from(pred));
    if code < 0 {
        count(state, own, bins + slot(code), 1i32, private);
    } else if comptime!(matrix) {
        count(state, own, target * classes + pred, 1i32, private);
    } else {
        if target == pred {
            count(state, own, target, 1i32, private);
        }
        count(state, own, classes + pred, 1i32, private);
        count(state, own, 2 * classes + target, 1i32, private);
    }
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

#[cube(launch_unchecked)]
pub(super) fn label_ranks<P: Int, I: Int>(
    pred: &Tensor<P>,
    target: &Tensor<I>,
    ranks: &mut Tensor<i32>,
    classes: i32,
    #[define(P, I)] _dtypes: [ElemType; 2],
) {
    let n = target.len();
    let i = ABSOLUTE_POS;
    if i < n {
        let target = label::<I>(target[i]);
        let pred = label::<P>(pred[i]);
        let known = pred >= 0 && pred < classes;
        ranks[i] = select(known, pred, 0i32);
        ranks[n + i] = label_rank(pred, target, classes);
    }
}

#[cube(launch_unchecked)]
pub(super) fn label_counts<F: Float, I: Int>(
    state: &mut Tensor<Atomic<i32>>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    threshold: f32,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[comptime] private: usize,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let n = target.len();
    let labels = scores.shape(1);
    let own = own_counters(private);
    let mut i = ABSOLUTE_POS;
    while i < n {
        let score = f32::cast_from(scores[i]);
        let code = decision_code::<I>(score, target[i], ignored.get::<I>(), ignores);
        if code < 0 {
            count(state, &own, 4 * labels + slot(code), 1i32, private);
        } else {
            let pred = select(score > threshold, 1usize, 0usize);
            let place = (i % labels) * 4 + code as usize * 2 + pred;
            count(state, &own, place, 1i32, private);
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    flush(state, &own, private);
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
    } else if is_outside(score) {
        code = comptime!(Reason::InvalidPrediction.code()).runtime();
    }
    code
}

#[cube(launch_unchecked)]
pub(super) fn decision_codes<F: Float, I: Int>(
    scores: &Tensor<F>,
    target: &Tensor<I>,
    codes: &mut Tensor<i32>,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let i = ABSOLUTE_POS;
    if i < codes.len() {
        let score = f32::cast_from(scores[i]);
        codes[i] = decision_code::<I>(score, target[i], ignored.get::<I>(), ignores);
    }
}

#[cube(launch_unchecked)]
pub(super) fn threshold_counts<F: Float>(
    state: &mut Tensor<Atomic<i32>>,
    probabilities: &Tensor<F>,
    target: &Tensor<i32>,
    thresholds: &Tensor<f32>,
    #[comptime] private: usize,
    #[define(F)] _dtype: ElemType,
) {
    let labels = probabilities.shape(1);
    let block = thresholds.len() + 1;
    let own = own_counters(private);
    let mut i = ABSOLUTE_POS;
    while i < target.len() {
        let code = target[i];
        if code < 0 {
            count(state, &own, labels * 2 * block + slot(code), 1i32, private);
        } else {
            let reached = reached(
                thresholds,
                0usize,
                thresholds.len(),
                f32::cast_from(probabilities[i]),
            );
            let place = ((i % labels) * 2 + code as usize) * block + reached;
            count(state, &own, place, 1i32, private);
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    flush(state, &own, private);
}

/// How many of `len` rising thresholds from `begin` on the value reaches. Thresholds are 0 or more. They are compared by
/// their bits, since a device may take small numbers for 0.
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

/// Adds up what every unit counted, with one addition to the state per cube.
#[cube]
pub(in crate::ops) fn tally(state: &mut Tensor<Atomic<i32>>, place: usize, amount: i32) {
    let total = Shared::<[Atomic<i32>]>::new_slice(1usize);
    if UNIT_POS == 0 {
        total[0].store(0i32);
    }
    sync_cube();
    if amount != 0 {
        total[0].fetch_add(amount);
    }
    sync_cube();
    if UNIT_POS == 0 {
        let all = total[0].load();
        if all != 0 {
            state[place].fetch_add(all);
        }
    }
}

#[cube(launch_unchecked)]
pub(super) fn mark_ignored<I: Int>(
    target: &Tensor<I>,
    marked: &mut Tensor<i32>,
    ignored: InputScalar,
    #[comptime] mark: i32,
    #[define(I)] _dtype: ElemType,
) {
    let i = ABSOLUTE_POS;
    if i < marked.len() {
        let raw = target[i];
        let label = label::<I>(raw);
        marked[i] = select(raw == ignored.get::<I>(), comptime!(mark).runtime(), label);
    }
}
