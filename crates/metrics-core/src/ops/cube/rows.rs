//! One read of a score matrix.

use super::{
    UNITS,
    math::{exp, is_infinite, is_nan, is_outside_unit, log1p},
};
use crate::{Reason, ops::decisions::Real};
use burn_cubecl::{kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

/// Scores that one unit reads of a row, where the row has enough of them.
const SCORES_PER_UNIT: usize = 8;

/// Scores that a unit has on their way at the same time.
const IN_FLIGHT: usize = 4;

/// Units that share a row: a power of two.
pub(in crate::ops) fn team(classes: usize) -> u32 {
    classes
        .div_ceil(SCORES_PER_UNIT)
        .next_power_of_two()
        .min(UNITS as usize) as u32
}

/// What a scan is to find besides the best class and the rank of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::ops) struct Wants {
    /// Units that share a row.
    pub team: u32,
    /// The sum of exponentials, and what follows from it.
    pub likelihood: bool,
    /// The best score of other classes than the target's.
    pub rival: bool,
    /// Whether a score lies outside `[0, 1]`.
    pub outside: bool,
    /// How far outside it may lie.
    pub slack: Real,
    /// Whether all units of a team know the outcome, not only the first.
    pub all: bool,
}

/// Memory that the units of a cube share, with a place for each in every list.
#[derive(CubeType)]
pub(in crate::ops) struct Board {
    pub a: Shared<[f32]>,
    pub b: Shared<[f32]>,
    pub c: Shared<[f32]>,
    pub x: Shared<[u32]>,
    pub y: Shared<[u32]>,
    pub z: Shared<[u32]>,
}

/// `f32` and `u32` of a [`Board`].
pub(in crate::ops) const BOARD: usize = 6 * UNITS as usize;

/// A board. Its memory lasts as long as the kernel, so a kernel has one.
#[cube]
pub(in crate::ops) fn board() -> Board {
    Board {
        a: Shared::<[f32]>::new_slice(UNITS as usize),
        b: Shared::<[f32]>::new_slice(UNITS as usize),
        c: Shared::<[f32]>::new_slice(UNITS as usize),
        x: Shared::<[u32]>::new_slice(UNITS as usize),
        y: Shared::<[u32]>::new_slice(UNITS as usize),
        z: Shared::<[u32]>::new_slice(UNITS as usize),
    }
}

/// What a unit knows of its part of a row.
#[derive(CubeType, CubeTypeMut, Clone, Copy)]
pub(in crate::ops) struct Part {
    /// The largest score, and the first index it is at; the number of classes if there is none.
    pub max: f32,
    pub best: u32,
    /// The sum of `exp(score - max)` over the others.
    pub others: f32,
    /// The largest score of other classes than the target's.
    pub rival: f32,
    /// How many scores come before the target's.
    pub before: u32,
    /// 1 if a score is NaN, and 2 more if one lies outside `[0, 1]`.
    pub flags: u32,
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
    /// The sum of `exp(score - max)` over the others.
    pub others: f32,
    /// The logarithm of the sum of exponentials.
    pub log_sum: f32,
    /// The negative log-likelihood of the target.
    pub loss: f32,
    /// The target's score, and the best of the others.
    pub own: f32,
    pub rival: f32,
    /// Whether a score lies outside `[0, 1]`.
    pub outside: bool,
}

/// Scans a row of scores that begins at `from`, with the other units of its team: the first of these
/// knows the outcome. All units of the cube must take part, as barriers need them.
#[cube]
pub(in crate::ops) fn scan<F: Float>(
    scores: &Tensor<F>,
    board: &mut Board,
    from: usize,
    classes: usize,
    target: i32,
    infinite: f32,
    #[comptime] wants: Wants,
) -> Scanned {
    let none = classes as u32;
    let team = comptime!(wants.team as usize).runtime();
    let lane = UNIT_POS as usize % team;
    let valid = target >= 0 && target < classes as i32;
    let own_index = select(valid, target, 0i32) as usize;
    let own = f32::cast_from(scores[from + own_index]);
    let mut part = Part {
        max: 0.0f32,
        best: none,
        others: 0.0f32,
        rival: -infinite,
        before: 0u32,
        flags: 0u32,
    };
    let mut i = lane;
    while i < classes {
        let mut some = Array::<f32>::new(IN_FLIGHT);
        #[unroll]
        for j in 0..IN_FLIGHT {
            let at = min(i + j * team, classes - 1);
            some[j] = f32::cast_from(scores[from + at]);
        }
        #[unroll]
        for j in 0..IN_FLIGHT {
            let at = i + j * team;
            if at < classes {
                take_score(&mut part, some[j], at, own, own_index, none, wants);
            }
        }
        i += IN_FLIGHT * team;
    }
    if comptime!(wants.team > 1) {
        join_team(&mut part, board, none, wants);
    }
    finish(
        &part,
        own,
        classes,
        valid,
        infinite,
        comptime!(wants.likelihood),
    )
}

/// Adds a score to a unit's part of a row.
#[cube]
fn take_score(
    part: &mut Part,
    score: f32,
    i: usize,
    own: f32,
    own_index: usize,
    none: u32,
    #[comptime] wants: Wants,
) {
    if is_nan(score) {
        part.flags |= 1u32;
    } else {
        if score > own || (score == own && i < own_index) {
            part.before += 1;
        }
        if comptime!(wants.rival) && i != own_index && score > part.rival {
            part.rival = score;
        }
        if comptime!(wants.outside)
            && is_outside_unit(score, comptime!(wants.slack.get()).runtime())
        {
            part.flags |= 2u32;
        }
        if part.best == none {
            part.best = i as u32;
            part.max = score;
        } else if score > part.max {
            if comptime!(wants.likelihood) {
                part.others = share(part.others, part.max, score);
            }
            part.best = i as u32;
            part.max = score;
        } else if comptime!(wants.likelihood) {
            part.others += share(0.0f32, score, part.max);
        }
    }
}

/// What is known of a row, from what a team knows of it.
#[cube]
fn finish(
    part: &Part,
    own: f32,
    classes: usize,
    valid: bool,
    infinite: f32,
    #[comptime] likelihood: bool,
) -> Scanned {
    let mut code = part.before as i32;
    if part.flags & 1u32 == 1u32 {
        code = comptime!(Reason::Nan.code()).runtime();
    } else if !valid {
        code = comptime!(Reason::InvalidTarget.code()).runtime();
    }
    let mut scanned = Scanned {
        best: select(part.best == classes as u32, 0i32, part.best as i32),
        rank: code,
        max: part.max,
        others: part.others,
        log_sum: 0.0f32,
        loss: 0.0f32,
        own,
        rival: part.rival,
        outside: part.flags & 2u32 == 2u32,
    };
    if comptime!(likelihood) {
        // Equal infinities leave the sum of exponentials undefined.
        let undefined = f32::from_bits(infinite.to_bits() | 0x0040_0000u32);
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

/// Joins the parts of the units of a team into that of its first, or of all of them.
#[cube]
fn join_team(part: &mut Part, board: &mut Board, none: u32, #[comptime] wants: Wants) {
    let unit = UNIT_POS as usize;
    let lane = UNIT_POS % comptime!(wants.team).runtime();
    let mut half = comptime!(wants.team / 2).runtime();
    while half > 0 {
        write(board, part, unit);
        sync_cube();
        if lane < half {
            let joined = read(board, unit + half as usize);
            join(part, &joined, none, comptime!(wants.likelihood));
        }
        sync_cube();
        half /= 2;
    }
    if comptime!(wants.all) {
        if lane == 0 {
            write(board, part, unit);
        }
        sync_cube();
        let first = read(board, unit - lane as usize);
        part.max = first.max;
        part.best = first.best;
        part.others = first.others;
        part.rival = first.rival;
        part.before = first.before;
        part.flags = first.flags;
        sync_cube();
    }
}

#[cube]
fn write(board: &mut Board, part: &mut Part, unit: usize) {
    board.a[unit] = part.max;
    board.b[unit] = part.others;
    board.c[unit] = part.rival;
    board.x[unit] = part.best;
    board.y[unit] = part.before;
    board.z[unit] = part.flags;
}

#[cube]
fn read(board: &mut Board, unit: usize) -> Part {
    Part {
        max: board.a[unit],
        best: board.x[unit],
        others: board.b[unit],
        rival: board.c[unit],
        before: board.y[unit],
        flags: board.z[unit],
    }
}

/// Adds the scores of another part.
#[cube]
fn join(part: &mut Part, other: &Part, none: u32, #[comptime] likelihood: bool) {
    part.before += other.before;
    part.flags |= other.flags;
    if other.rival > part.rival {
        part.rival = other.rival;
    }
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

/// The largest value of the units that share a row, or their sum.
#[cube]
pub(in crate::ops) fn over_team(
    value: f32,
    #[comptime] team: u32,
    #[comptime] largest: bool,
) -> f32 {
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

/// A matrix whose rows may lie apart, as they do in memory that is aligned.
pub(in crate::ops) fn rows(matrix: CubeTensor) -> CubeTensor {
    match matrix.meta.is_tiled() || matrix.meta.strides()[1] != 1 {
        true => into_contiguous(matrix),
        false => matrix,
    }
}
