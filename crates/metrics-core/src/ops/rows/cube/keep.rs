//! What a cube and its units keep until the cube's end.

use super::{plan::KernelPlan, sink::KernelSink};
use crate::ops::cube::{
    UNITS,
    counts::{flush, own_counters},
    rows::Board,
    sums::{Sum, add_to_slot, over_units_in},
};
use cubecl::prelude::*;

/// Confidences are added as multiples of 2^-31 in whole numbers, so in any order.
pub(super) const SCALE: f32 = 2147483648.0;

/// No cell.
pub(super) const NONE: u32 = u32::MAX;

/// What a cube and its units keep.
#[derive(CubeType)]
pub(super) struct Keep {
    /// Counters of the cube.
    pub own: Shared<[Atomic<i32>]>,
    /// Sums of 64 bits by bin: what overflows the low half goes to the high half.
    pub low: Shared<[Atomic<u32>]>,
    pub high: Shared<[Atomic<u32>]>,
    /// What is known of units of several rows.
    pub flags: Shared<[Atomic<u32>]>,
    /// Sums of the unit, in two halves each.
    pub totals: Array<f32>,
    /// Sums of the unit by class, of which every `team`-th is the unit's.
    pub columns: Array<f32>,
    /// The cells whose sums the unit has at the moment, and these sums.
    pub cells: Array<u32>,
    pub weights: Array<f32>,
}

#[cube]
pub(super) fn start(#[comptime] plan: KernelPlan) -> Keep {
    let kept = comptime!(plan.kept);
    let own = own_counters(comptime!(plan.how().private));
    let low = Shared::<[Atomic<u32>]>::new_slice(comptime!(kept.bins.max(1)));
    let high = Shared::<[Atomic<u32>]>::new_slice(comptime!(kept.bins.max(1)));
    let mut bin = UNIT_POS as usize;
    while bin < comptime!(kept.bins).runtime() {
        low[bin].store(0u32);
        high[bin].store(0u32);
        bin += CUBE_DIM as usize;
    }
    let flags = Shared::<[Atomic<u32>]>::new_slice(comptime!(if kept.flags > 0 {
        UNITS as usize
    } else {
        1
    }));
    if comptime!(kept.flags > 0) {
        flags[UNIT_POS as usize].store(0u32);
    }
    let mut totals = Array::<f32>::new(comptime!(2 * kept.sums.max(1)));
    #[unroll]
    for k in 0..comptime!(2 * kept.sums) {
        totals[k] = 0.0f32;
    }
    let mut columns = Array::<f32>::new(comptime!(2 * kept.columns.max(1)));
    let mut column = 0usize;
    while column < comptime!(2 * kept.columns).runtime() {
        columns[column] = 0.0f32;
        column += 1;
    }
    let mut cells = Array::<u32>::new(comptime!(kept.held.max(1)));
    let mut weights = Array::<f32>::new(comptime!(2 * kept.held.max(1)));
    #[unroll]
    for k in 0..comptime!(kept.held) {
        cells[k] = comptime!(NONE).runtime();
        weights[2 * k] = 0.0f32;
        weights[2 * k + 1] = 0.0f32;
    }
    sync_cube();
    Keep {
        own,
        low,
        high,
        flags,
        totals,
        columns,
        cells,
        weights,
    }
}

#[cube]
impl Keep {
    /// Adds to a sum of the unit.
    pub fn add(&mut self, number: f32, #[comptime] sum: usize) {
        let mut total = Sum {
            high: self.totals[comptime!(2 * sum)],
            low: self.totals[comptime!(2 * sum + 1)],
        };
        total.add_number(number);
        self.totals[comptime!(2 * sum)] = total.high;
        self.totals[comptime!(2 * sum + 1)] = total.low;
    }

    /// Adds to a sum of the unit by class.
    pub fn add_column(&mut self, column: usize, number: f32) {
        let mut total = Sum {
            high: self.columns[2 * column],
            low: self.columns[2 * column + 1],
        };
        total.add_number(number);
        self.columns[2 * column] = total.high;
        self.columns[2 * column + 1] = total.low;
    }

    /// Adds to a cell that no other unit of the cube adds to. The sum goes to the slot when the unit comes to
    /// another cell.
    pub fn hold(
        &mut self,
        words: &mut Tensor<f32>,
        cell: u32,
        weight: f32,
        slot: usize,
        #[comptime] sink: KernelSink,
    ) {
        let at = comptime!(sink.kept.held);
        if self.cells[at] != cell {
            self.put_down(words, slot, sink);
            self.cells[at] = cell;
            self.weights[comptime!(2 * at)] = 0.0f32;
            self.weights[comptime!(2 * at + 1)] = 0.0f32;
        }
        let mut total = Sum {
            high: self.weights[comptime!(2 * at)],
            low: self.weights[comptime!(2 * at + 1)],
        };
        total.add_number(weight);
        self.weights[comptime!(2 * at)] = total.high;
        self.weights[comptime!(2 * at + 1)] = total.low;
    }

    /// Adds the sum that the unit holds to the slot.
    fn put_down(&mut self, words: &mut Tensor<f32>, slot: usize, #[comptime] sink: KernelSink) {
        let at = comptime!(sink.kept.held);
        let cell = self.cells[at];
        if cell != NONE {
            let sum = Sum {
                high: self.weights[comptime!(2 * at)],
                low: self.weights[comptime!(2 * at + 1)],
            };
            let place = slot + comptime!(sink.words).runtime() + cell as usize;
            add_to_slot(words, place, comptime!(sink.cells()).runtime(), &sum);
        }
    }

    /// Adds all that was kept to the counters and the slot of the cube.
    pub fn end(
        &mut self,
        counts: &mut Tensor<Atomic<i32>>,
        words: &mut Tensor<f32>,
        board: &mut Board,
        slot: usize,
        #[comptime] plan: KernelPlan,
    ) {
        flush(counts, &self.own, comptime!(plan.how().private));
        #[unroll]
        for k in 0..comptime!(plan.sinks.len()) {
            let sink = comptime!(plan.sinks[k]);
            if comptime!(sink.is_held()) {
                self.put_down(words, slot, sink);
            }
            self.end_sums(words, board, slot, sink);
            if comptime!(sink.is_hinges()) {
                self.end_columns(words, board, slot, sink, comptime!(plan.wants.team));
            }
            if comptime!(sink.has_bins()) {
                self.end_bins(words, slot, sink);
            }
        }
    }

    fn end_sums(
        &mut self,
        words: &mut Tensor<f32>,
        board: &mut Board,
        slot: usize,
        #[comptime] sink: KernelSink,
    ) {
        let before = comptime!(sink.sums_before());
        let sums = comptime!(sink.sums());
        #[unroll]
        for k in 0..sums {
            let at = comptime!(2 * (sink.kept.sums + k));
            let mut total = Sum {
                high: self.totals[at],
                low: self.totals[at + 1],
            };
            over_units_in(&mut total, &mut board.a, &mut board.b);
            if UNIT_POS == 0 {
                let place = slot + comptime!(sink.words + before + k).runtime();
                add_to_slot(words, place, comptime!(before + sums).runtime(), &total);
            }
        }
    }

    /// The first team adds what all teams have of each class.
    fn end_columns(
        &mut self,
        words: &mut Tensor<f32>,
        board: &mut Board,
        slot: usize,
        #[comptime] sink: KernelSink,
        #[comptime] team: u32,
    ) {
        let classes = comptime!(sink.classes()).runtime();
        let team = comptime!(team as usize).runtime();
        let unit = UNIT_POS as usize;
        let mut i = 0usize;
        while i * team < classes {
            let at = 2 * (comptime!(sink.kept.columns).runtime() + i);
            board.a[unit] = self.columns[at];
            board.b[unit] = self.columns[at + 1];
            sync_cube();
            let class = i * team + unit;
            if unit < team && class < classes {
                let mut total = Sum::zero();
                let mut other = unit;
                while other < comptime!(UNITS as usize).runtime() {
                    total.add(board.a[other], board.b[other]);
                    other += team;
                }
                let place = slot + comptime!(sink.words).runtime() + class;
                let places = comptime!(sink.sums_before() + sink.sums()).runtime();
                add_to_slot(words, place, places, &total);
            }
            sync_cube();
            i += 1;
        }
    }

    fn end_bins(&mut self, words: &mut Tensor<f32>, slot: usize, #[comptime] sink: KernelSink) {
        let width = comptime!(sink.bins()).runtime();
        let place = slot + comptime!(sink.words).runtime();
        let mut bin = UNIT_POS as usize;
        while bin < width {
            let at = comptime!(sink.kept.bins).runtime() + bin;
            let whole = self.low[at].load();
            // Halves of 16 bits, which `f32` holds exactly.
            let mut sum = Sum::zero();
            sum.add_number(f32::cast_from(self.high[at].load()) * (2.0 * SCALE));
            sum.add_number(f32::cast_from(whole >> 16u32) * 65536.0);
            sum.add_number(f32::cast_from(whole & 65535u32));
            sum.high /= SCALE;
            sum.low /= SCALE;
            add_to_slot(words, place + bin, width, &sum);
            bin += CUBE_DIM as usize;
        }
    }
}
