//! One read of a score matrix.

use super::{
    UNITS, label,
    math::{exp, is_infinite, is_nan, is_outside_unit},
    scan::{Wants, board, scan},
};
use crate::Reason;
use cubecl::prelude::*;

#[cube(launch_unchecked)]
pub(super) fn row_scan<F: Float, I: Int>(
    scores: &Tensor<F>,
    target: &Tensor<I>,
    ranks: &mut Tensor<i32>,
    floats: &mut Tensor<f32>,
    infinite: f32,
    #[comptime] wants: Wants,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let n = scores.shape(0);
    let classes = scores.shape(1);
    let team = comptime!(wants.team).runtime();
    let lane = UNIT_POS % team;
    let row = ABSOLUTE_POS / team as usize;
    // Units beyond the last row go on with it, for the barriers need them all.
    let at = min(row, n - 1);
    let from = at * scores.stride(0);
    let target = label::<I>(target[at]);
    let mut board = board();
    let scanned = scan::<F>(scores, &mut board, from, classes, target, infinite, wants);
    if lane == 0 && row < n {
        ranks[row] = scanned.best;
        ranks[n + row] = scanned.rank;
        if comptime!(wants.likelihood) {
            floats[row] = scanned.max;
            floats[n + row] = scanned.log_sum;
            floats[2 * n + row] = scanned.own;
            floats[3 * n + row] = scanned.loss;
        }
    }
}

/// The largest value of the units that share a row, or their sum.
#[cube]
fn over_team(value: f32, #[comptime] team: u32, #[comptime] largest: bool) -> f32 {
    let mut values = Shared::<[f32]>::new_slice(UNITS as usize);
    let unit = UNIT_POS as usize;
    let lane = UNIT_POS % team;
    let mut half = comptime!(team / 2).runtime();
    values[unit] = value;
    sync_cube();
    while half > 0 {
        if lane < half {
            let other = values[unit + half as usize];
            if comptime!(!largest) {
                values[unit] += other;
            } else if other > values[unit] {
                values[unit] = other;
            }
        }
        sync_cube();
        half /= 2;
    }
    let all = values[unit - lane as usize];
    sync_cube();
    all
}

#[cube(launch_unchecked)]
pub(super) fn softmax<F: Float>(
    scores: &Tensor<F>,
    logits: &Tensor<i32>,
    out: &mut Tensor<f32>,
    undefined: f32,
    #[comptime] auto: bool,
    #[comptime] team: u32,
    #[define(F)] _dtype: ElemType,
) {
    let n = scores.shape(0);
    let classes = scores.shape(1);
    let lane = (UNIT_POS % team) as usize;
    let row = ABSOLUTE_POS / team as usize;
    let from = min(row, n - 1) * scores.stride(0);
    let into = row * classes;
    if comptime!(auto) && logits[0] == 0 {
        let mut i = lane;
        while i < classes && row < n {
            out[into + i] = f32::cast_from(scores[from + i]);
            i += team as usize;
        }
    } else {
        let mut max = f32::cast_from(scores[from]);
        let mut nan = 0.0f32;
        let mut i = lane;
        while i < classes {
            let score = f32::cast_from(scores[from + i]);
            if is_nan(score) {
                nan = 1.0f32;
            } else if score > max || is_nan(max) {
                max = score;
            }
            i += team as usize;
        }
        max = over_team(
            select(is_nan(max), f32::cast_from(f32::min_value()), max),
            team,
            true,
        );
        nan = over_team(nan, team, true);
        let mut sum = 0.0f32;
        let mut i = lane;
        while i < classes {
            sum += exp(f32::cast_from(scores[from + i]) - max);
            i += team as usize;
        }
        sum = over_team(sum, team, false);
        let bad = nan > 0.0 || is_infinite(max);
        let mut i = lane;
        while i < classes && row < n {
            let share = exp(f32::cast_from(scores[from + i]) - max) / sum;
            out[into + i] = select(bad, undefined, share);
            i += team as usize;
        }
    }
}

#[cube(launch_unchecked)]
pub(super) fn sigmoid<F: Float>(
    scores: &Tensor<F>,
    logits: &Tensor<i32>,
    out: &mut Tensor<f32>,
    #[comptime] auto: bool,
    #[define(F)] _dtype: ElemType,
) {
    let i = ABSOLUTE_POS;
    if i < out.len() {
        let score = f32::cast_from(scores[i]);
        // Of the side on which the exponential does not overflow.
        let small = exp(-score.abs());
        let mut probability = select(score < 0.0, small, 1.0f32) / (1.0 + small);
        if comptime!(auto) && logits[0] == 0 {
            probability = score;
        }
        out[i] = probability;
    }
}

/// Whether any score lies outside `[0, 1]`: 1 or 0. Several cubes need `found` to be 0 at first.
#[cube(launch_unchecked)]
pub(super) fn outside_unit<F: Float>(
    scores: &Tensor<F>,
    found: &mut Tensor<Atomic<i32>>,
    #[define(F)] _dtype: ElemType,
) {
    let any = Shared::<[Atomic<i32>]>::new_slice(1usize);
    if UNIT_POS == 0 {
        any[0].store(0i32);
    }
    sync_cube();
    let mut outside = false;
    let mut i = ABSOLUTE_POS;
    while i < scores.len() {
        let score = f32::cast_from(scores[i]);
        outside = outside || is_outside_unit(score);
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    if outside {
        any[0].store(1i32);
    }
    sync_cube();
    if UNIT_POS == 0 {
        let flag = any[0].load();
        if CUBE_COUNT == 1 || flag != 0 {
            found[0].store(flag);
        }
    }
}

#[cube(launch_unchecked)]
pub(super) fn class_codes<F: Float, I: Int>(
    probabilities: &Tensor<F>,
    target: &Tensor<I>,
    codes: &mut Tensor<i32>,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[comptime] team: u32,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let n = target.len();
    let classes = probabilities.shape(1);
    let lane = (UNIT_POS % team) as usize;
    let row = ABSOLUTE_POS / team as usize;
    let at = min(row, n - 1);
    let from = at * probabilities.stride(0);
    // 2 for a NaN, 1 for what is no probability.
    let mut bad = 0.0f32;
    let mut i = lane;
    while i < classes {
        let p = f32::cast_from(probabilities[from + i]);
        if is_nan(p) {
            bad = 2.0f32;
        } else if is_outside_unit(p) && bad == 0.0 {
            bad = 1.0f32;
        }
        i += team as usize;
    }
    bad = over_team(bad, team, true);
    let raw = target[at];
    let own = label::<I>(raw);
    let mut code = 0i32;
    if comptime!(ignores) && raw == ignored.get::<I>() {
        code = comptime!(Reason::Ignored.code()).runtime();
    } else if own < 0 || own >= classes as i32 {
        code = comptime!(Reason::InvalidTarget.code()).runtime();
    } else if bad > 1.5 {
        code = comptime!(Reason::Nan.code()).runtime();
    } else if bad > 0.5 {
        code = comptime!(Reason::InvalidPrediction.code()).runtime();
    }
    let mut i = lane;
    while i < classes && row < n {
        codes[row * classes + i] = select(code < 0, code, i32::cast_from(i as i32 == own));
        i += team as usize;
    }
}

/// Whether a row of predictions or targets has a NaN: 1 or 0.
#[cube(launch_unchecked)]
pub(super) fn nan_rows<F: Float, G: Float>(
    pred: &Tensor<F>,
    target: &Tensor<G>,
    nan: &mut Tensor<i32>,
    #[comptime] team: u32,
    #[define(F, G)] _dtypes: [ElemType; 2],
) {
    let n = pred.shape(0);
    let columns = pred.shape(1);
    let row = ABSOLUTE_POS / team as usize;
    let from = min(row, n - 1) * columns;
    let mut found = 0.0f32;
    let mut i = (UNIT_POS % team) as usize;
    while i < columns {
        let p = f32::cast_from(pred[from + i]);
        let t = f32::cast_from(target[from + i]);
        if is_nan(p) || is_nan(t) {
            found = 1.0f32;
        }
        i += team as usize;
    }
    found = over_team(found, team, true);
    if UNIT_POS % team == 0 && row < n {
        nan[row] = i32::cast_from(found > 0.5);
    }
}
