//! Sums that every unit of a cube keeps, and their way into the slot of the cube.

use super::{
    UNITS,
    sums::{Sum, add_to_slot},
};
use cubecl::prelude::*;

/// Where the sums of one kind go, one for each column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::ops) struct Place {
    /// The word of the leading half of the first column, in a slot.
    pub word: usize,
    /// How far behind it the trailing half is.
    pub low: usize,
    /// How far it is from one column to the next.
    pub step: usize,
    /// How many columns there are.
    pub columns: usize,
}

/// Sums of a cube that are added up at the same time.
const TOGETHER: usize = 4;

/// Units that add up one of these, and the most columns.
pub(in crate::ops) const SEGMENT: usize = UNITS as usize / TOGETHER;

/// Sums that a unit adds up of others, one by one: barriers cost more than additions.
const GROUP: usize = 8;

/// Memory that a cube adds up its sums in.
#[derive(CubeType, Clone)]
pub(in crate::ops) struct Desk {
    pub high: Shared<[f32]>,
    pub low: Shared<[f32]>,
}

#[cube]
pub(in crate::ops) fn desk() -> Desk {
    Desk {
        high: Shared::<[f32]>::new_slice(comptime!(TOGETHER * UNITS as usize)),
        low: Shared::<[f32]>::new_slice(comptime!(TOGETHER * UNITS as usize)),
    }
}

/// Sums that a unit keeps: all leading and trailing halves in turn.
#[cube]
pub(in crate::ops) fn zeros(#[comptime] sums: usize) -> Array<f32> {
    let mut totals = Array::<f32>::new(comptime!(2 * sums.max(1)));
    #[unroll]
    for k in 0..comptime!(2 * sums.max(1)) {
        totals[k] = 0.0f32;
    }
    totals
}

/// Adds to a sum that a unit keeps.
#[cube]
pub(in crate::ops) fn add_to(totals: &mut Array<f32>, high: f32, low: f32, #[comptime] at: usize) {
    let mut total = Sum {
        high: totals[comptime!(2 * at)],
        low: totals[comptime!(2 * at + 1)],
    };
    total.add(high, low);
    totals[comptime!(2 * at)] = total.high;
    totals[comptime!(2 * at + 1)] = total.low;
}

/// Adds the sums from `first` on, over all units with the same place modulo `width`, to the slot of the cube, which begins
/// at `slot`. All units of the cube take part. The width is a power of two of at most [`SEGMENT`].
#[cube]
pub(in crate::ops) fn hand_over(
    words: &mut Tensor<f32>,
    slot: usize,
    totals: &Array<f32>,
    desk: &mut Desk,
    #[comptime] first: usize,
    #[comptime] places: Vec<Place>,
    #[comptime] width: usize,
) {
    let group = UNIT_POS as usize / comptime!(SEGMENT).runtime();
    let lane = UNIT_POS as usize % comptime!(SEGMENT).runtime();
    let from = group * comptime!(UNITS as usize).runtime();
    #[unroll]
    for chunk in 0..comptime!(places.len().div_ceil(TOGETHER)) {
        let some = comptime!((places.len() - TOGETHER * chunk).min(TOGETHER));
        #[unroll]
        for k in 0..some {
            let at = comptime!(2 * (first + TOGETHER * chunk + k));
            let place = comptime!(k * UNITS as usize).runtime() + UNIT_POS as usize;
            desk.high[place] = totals[at];
            desk.low[place] = totals[comptime!(at + 1)];
        }
        sync_cube();
        let idle = group >= comptime!(some).runtime();
        join(desk, from, lane, idle, comptime!(UNITS as usize), SEGMENT);
        if comptime!(width >= GROUP) {
            if comptime!(width < SEGMENT) {
                join(desk, from, lane, idle, SEGMENT, width);
            }
        } else {
            join(desk, from, lane, idle, SEGMENT, GROUP);
            join(desk, from, lane, idle, GROUP, width);
        }
        #[unroll]
        for k in 0..some {
            let place = comptime!(places[TOGETHER * chunk + k]);
            if group == comptime!(k).runtime() && lane < comptime!(place.columns).runtime() {
                let total = Sum {
                    high: desk.high[from + lane],
                    low: desk.low[from + lane],
                };
                let word = slot + comptime!(place.word).runtime();
                let word = word + lane * comptime!(place.step).runtime();
                add_to_slot(words, word, comptime!(place.low).runtime(), &total);
            }
        }
        sync_cube();
    }
}

/// Makes `to` sums of `many`, whose place modulo `to` is the same.
#[cube]
fn join(
    desk: &mut Desk,
    from: usize,
    lane: usize,
    idle: bool,
    #[comptime] many: usize,
    #[comptime] to: usize,
) {
    if !idle && lane < comptime!(to).runtime() {
        let mut total = Sum {
            high: desk.high[from + lane],
            low: desk.low[from + lane],
        };
        #[unroll]
        for k in 1..comptime!(many / to) {
            let other = from + lane + comptime!(k * to).runtime();
            total.add(desk.high[other], desk.low[other]);
        }
        desk.high[from + lane] = total.high;
        desk.low[from + lane] = total.low;
    }
    sync_cube();
}
