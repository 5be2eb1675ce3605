//! Keys of the classes of rows.

use super::{
    keep::Keep,
    plan::How,
    scores::{Scores, checked},
    sink::KernelSink,
    walk::Row,
};
use crate::ops::{
    cube::{
        kinds::Meaning,
        math::{exp, is_infinite, log1p, snapped},
        rows::Board,
    },
    keys::{
        LEFT_OUT,
        cube::{key_of_logit, key_of_probability},
        default::bits_of_half,
    },
};
use cubecl::prelude::*;

/// Where a row goes in the lists, for how many rows each has room, and what a kernel takes to be infinite.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Spot {
    pub row: usize,
    pub capacity: usize,
    pub infinite: f32,
}

/// A sum of exponentials, in units of `2^-b` and `2^-2b`: whole numbers, so that it does not depend on the order.
#[derive(CubeType, CubeTypeMut, Clone, Copy)]
struct Exponentials {
    high: u32,
    low: u32,
}

/// Appends the keys of a row, each unit of the team those of some classes, and its weight. All units of the cube must take
/// part.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn add_keys<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    lists: &mut Tensor<u32>,
    keep: &mut Keep,
    board: &mut Board,
    all: &Tensor<F>,
    scores: &Scores,
    row: &Row,
    raw: I,
    spot: &Spot,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let code = checked::<I>(counts, keep, row, raw, scores, sink, how);
    let classes = comptime!(sink.classes()).runtime();
    let bits = comptime!(bits_of_half(sink.classes()));
    let scale = comptime!((1u32 << bits) as f32).runtime();
    let one = comptime!(1i32 << bits).runtime();
    let team = comptime!(how.team as usize).runtime();
    let lane = UNIT_POS as usize % team;
    let best = usize::cast_from(row.scanned.best);
    let max = row.scanned.max;
    let mut second = -spot.infinite;
    let mut by_max = Exponentials {
        high: 0u32,
        low: 0u32,
    };
    let mut by_second = Exponentials {
        high: 0u32,
        low: 0u32,
    };
    // Barriers do not depend on what the scores are.
    if comptime!(how.scores != Meaning::Probabilities) {
        let mut i = lane;
        while i < classes {
            let score = f32::cast_from(all[scores.from + i]);
            if i != best && score > second {
                second = score;
            }
            i += team;
        }
        second = largest(board, second, comptime!(how.team));
        let from = select(is_infinite(second), 0.0f32, second);
        let mut i = lane;
        while i < classes {
            let score = f32::cast_from(all[scores.from + i]);
            let own = exponential(score - max, scale);
            by_max.high += own.high;
            by_max.low += own.low;
            if i != best {
                let own = exponential(score - from, scale);
                by_second.high += own.high;
                by_second.low += own.low;
            }
            i += team;
        }
        sum(board, &mut by_max, comptime!(how.team));
        sum(board, &mut by_second, comptime!(how.team));
    }
    let begin = spot.capacity * comptime!(sink.list()).runtime();
    // A row of weight 0 is as if it were not there.
    let none = code < 0 || (row.weight.to_bits() & 0x7fff_ffffu32) == 0u32;
    let mut i = lane;
    while i < classes && row.inside {
        let score = f32::cast_from(all[scores.from + i]);
        let own = select(i as i32 == row.target, 1i32, 0i32);
        let p = snapped(score, comptime!(how.slack.get()).runtime());
        let mut key = key_of_probability(p, own);
        if scores.softmax {
            let mut odds = spot.infinite;
            if i != best {
                let own = exponential(score - max, scale);
                let high = i32::cast_from(by_max.high - own.high) - one;
                let low = i32::cast_from(by_max.low) - i32::cast_from(own.low);
                odds = (score - max) - logarithm(high, low, scale);
            } else if !is_infinite(second) {
                let high = i32::cast_from(by_second.high) - one;
                odds = (max - second) - logarithm(high, i32::cast_from(by_second.low), scale);
            }
            key = key_of_logit(odds, own);
        }
        lists[begin + spot.row * classes + i] = select(none, comptime!(LEFT_OUT).runtime(), key);
        i += team;
    }
    if comptime!(how.weighted) {
        if row.first && row.inside {
            let bits = row.weight.to_bits() & 0x7fff_ffffu32;
            let weight = select(row.weight_code == 0, bits, 0u32);
            lists[begin + spot.capacity * classes + spot.row] = weight;
        }
    }
}

/// The exponential of a number that is not above 0.
#[cube]
fn exponential(x: f32, scale: f32) -> Exponentials {
    let units = exp(x) * scale;
    let high = u32::cast_from(units);
    Exponentials {
        high,
        low: u32::cast_from((units - f32::cast_from(high)) * scale),
    }
}

/// The logarithm of 1 and a number of units.
#[cube]
fn logarithm(high: i32, low: i32, scale: f32) -> f32 {
    let excess = f32::cast_from(high) / scale + f32::cast_from(low) / (scale * scale);
    log1p(max(excess, 0.0f32))
}

/// The largest number of a team, known to all of it.
#[cube]
fn largest(board: &mut Board, number: f32, #[comptime] team: u32) -> f32 {
    let mut largest = number;
    if comptime!(team > 1) {
        let unit = UNIT_POS as usize;
        let lane = UNIT_POS % team;
        board.a[unit] = largest;
        sync_cube();
        let mut half = comptime!(team / 2).runtime();
        while half > 0 {
            if lane < half {
                largest = max(largest, board.a[unit + half as usize]);
                board.a[unit] = largest;
            }
            sync_cube();
            half /= 2;
        }
        largest = board.a[unit - lane as usize];
        sync_cube();
    }
    largest
}

/// The sum over a team, known to all of it.
#[cube]
fn sum(board: &mut Board, sum: &mut Exponentials, #[comptime] team: u32) {
    if comptime!(team > 1) {
        let unit = UNIT_POS as usize;
        let lane = UNIT_POS % team;
        board.x[unit] = sum.high;
        board.y[unit] = sum.low;
        sync_cube();
        let mut half = comptime!(team / 2).runtime();
        while half > 0 {
            if lane < half {
                board.x[unit] += board.x[unit + half as usize];
                board.y[unit] += board.y[unit + half as usize];
            }
            sync_cube();
            half /= 2;
        }
        sum.high = board.x[unit - lane as usize];
        sum.low = board.y[unit - lane as usize];
        sync_cube();
    }
}
