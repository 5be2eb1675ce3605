//! One read of a score matrix.

use super::{
    UNITS, label,
    math::{exp, is_infinite, is_nan, is_outside, log1p},
};
use crate::Reason;
use cubecl::prelude::*;

/// Scores that one unit reads of a row, where the row has enough of them.
const SCORES_PER_UNIT: usize = 8;

/// Units that share a row: a power of two.
pub(in crate::ops) fn team(classes: usize) -> u32 {
    classes
        .div_ceil(SCORES_PER_UNIT)
        .next_power_of_two()
        .min(UNITS as usize) as u32
}

/// What a unit knows of its part of a row.
#[derive(CubeType, CubeTypeMut, Clone, Copy)]
pub(in crate::ops) struct Part {
    /// The largest score, and the first index it is at; the number of classes if there is none.
    pub max: f32,
    pub best: u32,
    /// The sum of `exp(score - max)` over the others.
    pub others: f32,
    /// How many scores come before the target's.
    pub before: i32,
    /// Whether a score is NaN.
    pub nan: bool,
}

/// What is known of a row at its end.
#[derive(CubeType, CubeTypeMut, Clone, Copy)]
pub(in crate::ops) struct Scanned {
    /// The best class.
    pub best: i32,
    /// The rank of the target, or a negative code.
    pub rank: i32,
    /// The largest score.
    pub max: f32,
    /// The logarithm of the sum of exponentials.
    pub log_sum: f32,
    /// The negative log-likelihood of the target.
    pub loss: f32,
}

/// Scans a row of scores that begins at `from`, with the other units of its team: the first of these
/// knows the outcome. All units of the cube must take part, as barriers need them.
#[cube]
pub(in crate::ops) fn scan<F: Float>(
    scores: &Tensor<F>,
    from: usize,
    classes: usize,
    target: i32,
    undefined: f32,
    #[comptime] team: u32,
    #[comptime] likelihood: bool,
) -> Scanned {
    let none = classes as u32;
    let lane = UNIT_POS % team;
    let valid = target >= 0 && target < classes as i32;
    let own_index = select(valid, target, 0i32) as usize;
    let own = f32::cast_from(scores[from + own_index]);
    let mut part = Part {
        max: 0.0f32,
        best: none,
        others: 0.0f32,
        before: 0i32,
        nan: false,
    };
    let mut i = lane as usize;
    while i < classes {
        let score = f32::cast_from(scores[from + i]);
        if is_nan(score) {
            part.nan = true;
        } else {
            if score > own || (score == own && i < own_index) {
                part.before += 1;
            }
            if part.best == none {
                part.best = i as u32;
                part.max = score;
            } else if score > part.max {
                if comptime!(likelihood) {
                    part.others = share(part.others, part.max, score);
                }
                part.best = i as u32;
                part.max = score;
            } else if comptime!(likelihood) {
                part.others += share(0.0f32, score, part.max);
            }
        }
        i += team as usize;
    }
    if comptime!(team > 1) {
        join_team(&mut part, none, team, likelihood);
    }
    let mut code = part.before;
    if part.nan {
        code = comptime!(Reason::Nan.code()).runtime();
    } else if !valid {
        code = comptime!(Reason::InvalidTarget.code()).runtime();
    }
    let mut scanned = Scanned {
        best: select(part.best == none, 0i32, part.best as i32),
        rank: code,
        max: part.max,
        log_sum: 0.0f32,
        loss: 0.0f32,
    };
    if comptime!(likelihood) {
        // Equal infinities leave the sum of exponentials undefined.
        let infinite = is_infinite(part.max);
        let certain = classes == 1 || (infinite && part.max > 0.0 && part.others == 0.0);
        let mut excess = log1p(part.others);
        let mut log_sum = part.max + excess;
        if infinite {
            log_sum = part.max;
            excess = select(certain, 0.0f32, undefined);
        }
        let mut gap = part.max - own;
        if code == 0 {
            gap = 0.0f32;
        }
        scanned.log_sum = log_sum;
        scanned.loss = gap + excess;
    }
    scanned
}

/// Joins the parts of the units of a team into that of its first.
#[cube]
fn join_team(part: &mut Part, none: u32, #[comptime] team: u32, #[comptime] likelihood: bool) {
    let mut maxima = Shared::<[f32]>::new_slice(UNITS as usize);
    let mut bests = Shared::<[u32]>::new_slice(UNITS as usize);
    let mut others = Shared::<[f32]>::new_slice(UNITS as usize);
    let mut before = Shared::<[i32]>::new_slice(UNITS as usize);
    let mut nans = Shared::<[u32]>::new_slice(UNITS as usize);
    let unit = UNIT_POS as usize;
    let lane = UNIT_POS % team;
    let mut half = comptime!(team / 2).runtime();
    while half > 0 {
        maxima[unit] = part.max;
        bests[unit] = part.best;
        others[unit] = part.others;
        before[unit] = part.before;
        nans[unit] = u32::cast_from(part.nan);
        sync_cube();
        if lane < half {
            let other = unit + half as usize;
            let joined = Part {
                max: maxima[other],
                best: bests[other],
                others: others[other],
                before: before[other],
                nan: nans[other] != 0,
            };
            join(part, &joined, none, likelihood);
        }
        sync_cube();
        half /= 2;
    }
}

/// Adds the scores of another part.
#[cube]
fn join(part: &mut Part, other: &Part, none: u32, #[comptime] likelihood: bool) {
    part.before += other.before;
    part.nan = part.nan || other.nan;
    if other.best != none {
        let empty = part.best == none;
        let first =
            empty || other.max > part.max || (other.max == part.max && other.best < part.best);
        if comptime!(likelihood) {
            let mut others = other.others;
            if first && !empty {
                others += share(part.others, part.max, other.max);
            } else if !first {
                others = part.others + share(other.others, other.max, part.max);
            }
            part.others = others;
        }
        if first {
            part.max = other.max;
            part.best = other.best;
        }
    }
}

/// What the maximum and the others of one part are to another part with a larger maximum.
#[cube]
fn share(others: f32, max: f32, larger: f32) -> f32 {
    if max == larger {
        others + 1.0
    } else {
        (others + 1.0) * exp(max - larger)
    }
}

#[cube(launch_unchecked)]
pub(super) fn row_scan<F: Float, I: Int>(
    scores: &Tensor<F>,
    target: &Tensor<I>,
    ranks: &mut Tensor<i32>,
    floats: &mut Tensor<f32>,
    undefined: f32,
    #[comptime] team: u32,
    #[comptime] likelihood: bool,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let n = scores.shape(0);
    let classes = scores.shape(1);
    let lane = UNIT_POS % team;
    let row = ABSOLUTE_POS / team as usize;
    // Units beyond the last row go on with it, for the barriers need them all.
    let at = min(row, n - 1);
    let from = at * scores.stride(0);
    let target = label::<I>(target[at]);
    let scanned = scan::<F>(scores, from, classes, target, undefined, team, likelihood);
    if lane == 0 && row < n {
        ranks[row] = scanned.best;
        ranks[n + row] = scanned.rank;
        if comptime!(likelihood) {
            let valid = target >= 0 && target < classes as i32;
            let own = select(valid, target, 0i32) as usize;
            floats[row] = scanned.max;
            floats[n + row] = scanned.log_sum;
            floats[2 * n + row] = f32::cast_from(scores[from + own]);
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
        outside = outside || score < 0.0 || score > 1.0;
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

/// Keeps `epoch` in the last counter if any score lies outside `[0, 1]`.
#[cube(launch_unchecked)]
pub(in crate::ops) fn tell_logits<F: Float>(
    scores: &Tensor<F>,
    counts: &mut Tensor<Atomic<i32>>,
    epoch: i32,
    #[define(F)] _dtype: ElemType,
) {
    let mut outside = false;
    let mut i = ABSOLUTE_POS;
    while i < scores.len() {
        outside = outside || is_outside(f32::cast_from(scores[i]));
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    if outside {
        counts[counts.len() - 1].store(epoch);
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
        } else if (p < 0.0 || p > 1.0) && bad == 0.0 {
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
