//! Compensated sums: per unit, then per cube, then over all cubes, in an order that depends on the
//! shapes alone.

use super::{
    UNITS, counts,
    math::{is_nan, opaque},
};
use crate::{Reason, ops::PAIR_MOMENTS};
use cubecl::prelude::*;

/// Elements that a unit adds up by itself before more cubes are used.
const PER_UNIT: usize = 16;

/// The grid of a kernel that sums the columns of `[rows, columns]`: units lie along the columns as far
/// as there are any, so that neighbours read neighbours.
pub(super) struct Grid {
    pub dim: CubeDim,
    pub count: CubeCount,
    /// Cubes along the rows, at most [`UNITS`]: partial sums of each column.
    pub parts: usize,
}

impl Grid {
    pub fn new(rows: usize, columns: usize) -> Self {
        let width = columns.next_power_of_two().min(32);
        let height = UNITS as usize / width;
        let parts = rows.div_ceil(height * PER_UNIT).clamp(1, UNITS as usize);
        Self {
            dim: CubeDim::new_2d(width as u32, height as u32),
            count: CubeCount::new_2d(parts as u32, columns.div_ceil(width) as u32),
            parts,
        }
    }
}

/// A sum and what rounding took from it.
#[derive(CubeType, CubeTypeMut, Clone, Copy)]
pub(in crate::ops) struct Sum {
    pub high: f32,
    pub low: f32,
}

#[cube]
impl Sum {
    pub fn zero() -> Sum {
        Sum {
            high: 0.0f32,
            low: 0.0f32,
        }
    }

    /// T. J. Dekker, A floating-point technique for extending the available precision, Numerische
    /// Mathematik 18 (1971), section 3: the rest of a sum from its larger term.
    pub fn add(&mut self, high: f32, low: f32) {
        let swap = high.abs() > self.high.abs();
        let large = select(swap, high, self.high);
        let small = select(swap, self.high, high);
        let sum = opaque(large + small);
        let kept = opaque(sum - large);
        self.high = sum;
        self.low += low + (small - kept);
    }

    pub fn add_number(&mut self, x: f32) {
        self.add(x, 0.0f32);
    }
}

/// Both halves of a sum.
#[cube]
pub(in crate::ops) fn whole(sum: &Sum) -> f32 {
    // An infinite sum has no other half.
    select(is_nan(sum.low), sum.high, sum.high + sum.low)
}

/// Adds `sum` to place `place` of `places`, in memory that holds all leading and then all trailing
/// halves.
#[cube]
pub(in crate::ops) fn add_at(
    sums: &mut Tensor<f32>,
    place: usize,
    places: usize,
    high: f32,
    low: f32,
) {
    let mut total = Sum {
        high: sums[place],
        low: sums[places + place],
    };
    total.add(high, low);
    sums[place] = total.high;
    sums[places + place] = total.low;
}

/// Adds to a sum of a slot, of which the trailing half is `places` words further.
#[cube]
pub(in crate::ops) fn add_to_slot(words: &mut Tensor<f32>, place: usize, places: usize, sum: &Sum) {
    let mut total = Sum {
        high: words[place],
        low: words[place + places],
    };
    total.add(sum.high, sum.low);
    words[place] = total.high;
    words[place + places] = total.low;
}

/// A number whose order is that of floats.
#[cube]
pub(in crate::ops) fn ordered(x: f32) -> u32 {
    let bits = x.to_bits();
    select(bits >> 31u32 == 1u32, !bits, bits | 0x8000_0000u32)
}

#[cube]
pub(in crate::ops) fn of_ordered(bits: u32) -> f32 {
    f32::from_bits(select(bits >> 31u32 == 1u32, bits & 0x7fff_ffffu32, !bits))
}

/// Sums that a unit adds up of others, one by one: barriers cost more than additions.
const GROUP: u32 = 16;

/// The sum over the units of a cube with the same `UNIT_POS_X`, known to those with `UNIT_POS_Y` 0.
#[cube]
pub(super) fn over_cube(total: &mut Sum) {
    let mut high = Shared::<[f32]>::new_slice(UNITS as usize);
    let mut low = Shared::<[f32]>::new_slice(UNITS as usize);
    let unit = UNIT_POS as usize;
    // How far apart the units are that still have a sum of others.
    let mut distance = 1u32.runtime();
    while distance < CUBE_DIM_Y {
        high[unit] = total.high;
        low[unit] = total.low;
        sync_cube();
        let next = distance * GROUP;
        if UNIT_POS_Y % next == 0 {
            let mut other = UNIT_POS_Y + distance;
            while other < min(UNIT_POS_Y + next, CUBE_DIM_Y) {
                let place = (other * CUBE_DIM_X + UNIT_POS_X) as usize;
                total.add(high[place], low[place]);
                other += distance;
            }
        }
        sync_cube();
        distance = next;
    }
}

/// The sum over all units of a cube of one dimension, known to the first.
#[cube]
pub(in crate::ops) fn over_units(total: &mut Sum) {
    let mut high = Shared::<[f32]>::new_slice(UNITS as usize);
    let mut low = Shared::<[f32]>::new_slice(UNITS as usize);
    over_units_in(total, &mut high, &mut low);
}

/// The same with memory that is there: every [`over_units`] of a kernel has its own until the kernel's end.
#[cube]
pub(in crate::ops) fn over_units_in(
    total: &mut Sum,
    high: &mut Shared<[f32]>,
    low: &mut Shared<[f32]>,
) {
    let unit = UNIT_POS as usize;
    let mut distance = 1u32.runtime();
    while distance < UNITS {
        high[unit] = total.high;
        low[unit] = total.low;
        sync_cube();
        let next = distance * GROUP;
        if UNIT_POS % next == 0 {
            let mut other = UNIT_POS + distance;
            while other < min(UNIT_POS + next, comptime!(UNITS).runtime()) {
                total.add(high[other as usize], low[other as usize]);
                other += distance;
            }
        }
        sync_cube();
        distance = next;
    }
}

/// Adds a cube's sum to the state, or keeps it for [`fold`] if there are more cubes.
#[cube]
pub(super) fn hand_over(
    state: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    high: f32,
    low: f32,
    place: usize,
    places: usize,
) {
    if CUBE_COUNT_X == 1 {
        add_at(state, place, places, high, low);
    } else {
        let from = CUBE_POS_X as usize * 2 * places;
        partials[from + place] = high;
        partials[from + places + place] = low;
    }
}

/// Hands over a column's sum over the cube.
#[cube]
fn hand_over_column(
    state: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    sum: &mut Sum,
    place: usize,
    places: usize,
    inside: bool,
) {
    over_cube(sum);
    if UNIT_POS_Y == 0 && inside {
        hand_over(state, partials, sum.high, sum.low, place, places);
    }
}

/// Adds the partial sums `[parts, 2 * places]` to the state.
#[cube(launch_unchecked)]
pub(super) fn fold(state: &mut Tensor<f32>, partials: &Tensor<f32>, parts: u32) {
    let places = state.len() / 2;
    let mut walk = walk(places);
    let mut sum = Sum::zero();
    while walk.row < parts as usize {
        let from = walk.row * 2 * places;
        sum.add(
            partials[from + walk.column],
            partials[from + places + walk.column],
        );
        walk.row += walk.step;
    }
    over_cube(&mut sum);
    if UNIT_POS_Y == 0 && walk.inside {
        add_at(state, walk.column, places, sum.high, sum.low);
    }
}

/// Adds numbers or sums to a state.
#[cube(launch_unchecked)]
pub(super) fn add_compensated(state: &mut Tensor<f32>, x: &Tensor<f32>) {
    let places = state.len() / 2;
    let place = ABSOLUTE_POS;
    if place < places {
        let mut low = 0.0f32;
        if x.len() > places {
            low = x[places + place];
        }
        add_at(state, place, places, x[place], low);
    }
}

/// Where a unit's column and first row are, and how far it is to its next row.
#[derive(CubeType)]
struct Walk {
    column: usize,
    inside: bool,
    row: usize,
    step: usize,
}

#[cube]
fn walk(columns: usize) -> Walk {
    let column = (CUBE_POS_Y * CUBE_DIM_X + UNIT_POS_X) as usize;
    Walk {
        column: min(column, columns - 1),
        inside: column < columns,
        row: (CUBE_POS_X * CUBE_DIM_Y + UNIT_POS_Y) as usize,
        step: (CUBE_COUNT_X * CUBE_DIM_Y) as usize,
    }
}

#[cube(launch_unchecked)]
pub(super) fn sum_columns<F: Float>(
    state: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    x: &Tensor<F>,
    #[define(F)] _dtype: ElemType,
) {
    let rows = x.shape(0);
    let columns = x.shape(1);
    let mut walk = walk(columns);
    let mut sum = Sum::zero();
    while walk.row < rows {
        let value = f32::cast_from(x[walk.row * columns + walk.column]);
        sum.add_number(value);
        walk.row += walk.step;
    }
    hand_over_column(state, partials, &mut sum, walk.column, columns, walk.inside);
}

#[cube(launch_unchecked)]
pub(super) fn pair_moments<F: Float, G: Float>(
    counts: &mut Tensor<Atomic<i32>>,
    state: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    pred: &Tensor<F>,
    target: &Tensor<G>,
    pivot: &Tensor<f32>,
    nan: &Tensor<i32>,
    #[define(F, G)] _dtypes: [ElemType; 2],
) {
    let rows = pred.shape(0);
    let columns = pred.shape(1);
    let mut walk = walk(columns);
    let pivot = pivot[walk.column];
    let mut squares = Sum::zero();
    let mut absolutes = Sum::zero();
    let mut offsets = Sum::zero();
    let mut spread = Sum::zero();
    let mut used = 0i32;
    let mut rejected = 0i32;
    while walk.row < rows {
        let place = walk.row * columns + walk.column;
        let p = f32::cast_from(pred[place]);
        let t = f32::cast_from(target[place]);
        let mut bad = is_nan(p) || is_nan(t);
        if columns > 1 {
            bad = nan[walk.row] != 0;
        }
        if bad {
            rejected += 1;
        } else {
            let error = p - t;
            // The mean of targets may be small beside them, so their offsets keep all digits.
            let mut exact = Sum {
                high: t,
                low: 0.0f32,
            };
            exact.add_number(-pivot);
            let offset = exact.high;
            squares.add_number(error * error);
            absolutes.add_number(error.abs());
            offsets.add(offset, exact.low);
            spread.add_number(offset * offset);
            used += 1;
        }
        walk.row += walk.step;
    }
    let places = comptime!(PAIR_MOMENTS) * columns;
    hand_over_column(
        state,
        partials,
        &mut squares,
        walk.column,
        places,
        walk.inside,
    );
    hand_over_column(
        state,
        partials,
        &mut absolutes,
        columns + walk.column,
        places,
        walk.inside,
    );
    hand_over_column(
        state,
        partials,
        &mut offsets,
        2 * columns + walk.column,
        places,
        walk.inside,
    );
    hand_over_column(
        state,
        partials,
        &mut spread,
        3 * columns + walk.column,
        places,
        walk.inside,
    );
    // Every column sees every row: the first counts them.
    let first = CUBE_POS_Y == 0 && UNIT_POS_X == 0;
    counts::tally(counts, 0usize, select(first, used, 0i32));
    counts::tally(
        counts,
        comptime!(1 + Reason::Nan as usize).runtime(),
        select(first, rejected, 0i32),
    );
}

#[cube(launch_unchecked)]
pub(super) fn log_likelihood<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    state: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    ranks: &Tensor<i32>,
    scan: &Tensor<f32>,
    target: &Tensor<I>,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[define(I)] _dtype: ElemType,
) {
    let rows = target.len();
    let mut walk = walk(1usize);
    let mut sum = Sum::zero();
    let mut used = 0i32;
    while walk.row < rows {
        let mut place = -ranks[rows + walk.row];
        let loss = scan[3 * rows + walk.row];
        if comptime!(ignores) && target[walk.row] == ignored.get::<I>() {
            place = comptime!(1 + Reason::Ignored as i32).runtime();
        } else if place <= 0 && is_nan(loss) {
            place = comptime!(1 + Reason::Nan as i32).runtime();
        }
        if place > 0 {
            counts[place as usize].fetch_add(1i32);
        } else {
            sum.add_number(loss);
            used += 1;
        }
        walk.row += walk.step;
    }
    hand_over_column(state, partials, &mut sum, 0usize, 1usize, walk.inside);
    counts::tally(counts, 0usize, used);
}

#[cube(launch_unchecked)]
pub(super) fn value_totals<F: Float, G: Float>(
    counts: &mut Tensor<Atomic<i32>>,
    state: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    values: &Tensor<F>,
    weights: &Tensor<G>,
    imputed: f32,
    #[comptime] weighted: bool,
    #[comptime] imputes: bool,
    #[comptime] reason: usize,
    #[define(F, G)] _dtypes: [ElemType; 2],
) {
    let rows = values.len();
    let mut walk = walk(1usize);
    let mut sum = Sum::zero();
    let mut weighted_sum = Sum::zero();
    let mut total = Sum::zero();
    let mut used = 0i32;
    let mut rejected = 0i32;
    while walk.row < rows {
        let mut value = f32::cast_from(values[walk.row]);
        let mut weight = 1.0f32;
        if comptime!(weighted) {
            weight = f32::cast_from(weights[walk.row]);
        }
        let nan = is_nan(value) || is_nan(weight);
        if comptime!(imputes) && nan {
            value = imputed;
            weight = 1.0f32;
        }
        if comptime!(!imputes) && nan {
            rejected += 1;
        } else {
            sum.add_number(value);
            if comptime!(weighted) {
                weighted_sum.add_number(value * weight);
                total.add_number(weight);
            }
            used += 1;
        }
        walk.row += walk.step;
    }
    if comptime!(!weighted) {
        // Each weighs 1, and the second counter counts them.
        weighted_sum.add(sum.high, sum.low);
        counts::tally(counts, 1usize, used);
    }
    hand_over_column(state, partials, &mut sum, 0usize, 3usize, walk.inside);
    hand_over_column(
        state,
        partials,
        &mut weighted_sum,
        1usize,
        3usize,
        walk.inside,
    );
    hand_over_column(state, partials, &mut total, 2usize, 3usize, walk.inside);
    counts::tally(counts, 0usize, used);
    counts::tally(counts, comptime!(2 + reason).runtime(), rejected);
}
