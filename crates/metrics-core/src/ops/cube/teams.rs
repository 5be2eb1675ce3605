//! Teams: units of a cube that share a row.

use super::{UNITS, totals::Desk};
use cubecl::prelude::*;

/// How numbers of a team become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::ops) enum Join {
    Sum,
    Least,
    Most,
}

/// Joins up to 8 numbers of all units of a team, so that each of its units knows the outcome. All units of the cube take
/// part. A team is a power of two.
#[cube]
pub(in crate::ops) fn join_team(
    values: &mut Array<f32>,
    desk: &mut Desk,
    #[comptime] joins: Vec<Join>,
    #[comptime] team: u32,
) {
    #[unroll]
    for step in 0..comptime!(team.trailing_zeros()) {
        #[unroll]
        for j in 0..comptime!(joins.len()) {
            let place = comptime!(j % 4 * UNITS as usize).runtime() + UNIT_POS as usize;
            if comptime!(j < 4) {
                desk.high[place] = values[j];
            } else {
                desk.low[place] = values[j];
            }
        }
        sync_cube();
        let other = UNIT_POS ^ comptime!(1u32 << step).runtime();
        #[unroll]
        for j in 0..comptime!(joins.len()) {
            let place = comptime!(j % 4 * UNITS as usize).runtime() + other as usize;
            let value = if comptime!(j < 4) {
                desk.high[place]
            } else {
                desk.low[place]
            };
            let join = comptime!(joins[j]);
            if comptime!(join == Join::Sum) {
                values[j] += value;
            } else if comptime!(join == Join::Least) {
                values[j] = min(values[j], value);
            } else {
                values[j] = max(values[j], value);
            }
        }
        sync_cube();
    }
}
