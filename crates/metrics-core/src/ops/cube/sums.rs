//! Compensated sums: per unit, then per cube, then over all cubes, in an order that depends on the
//! shapes alone.

use super::{
    UNITS,
    math::{is_nan, opaque},
};
use cubecl::prelude::*;

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
pub(in crate::ops) fn over_cube(total: &mut Sum) {
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

/// Adds a cube's sum to the state, or keeps it for [`Partials::fold`](crate::ops::sums::cube::Partials::fold) if there are more cubes.
#[cube]
pub(in crate::ops) fn hand_over(
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
