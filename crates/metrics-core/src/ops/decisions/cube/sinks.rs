//! What is counted, summed by bin or cell, or listed.

use super::{
    sink::KernelSink,
    walk::{Decision, Room, Spot},
};
use crate::ops::{
    cube::{
        UNITS,
        counts::{count, reached, slot},
        samples::count_in_sample,
        sums::{Sum, add_to_slot},
    },
    keys::{
        LEFT_OUT,
        cube::{key_of_logit, key_of_probability},
    },
};
use cubecl::prelude::*;

/// Probabilities are added as multiples of 2^-31 in whole numbers, so in any order.
const SCALE: f32 = 2147483648.0;

/// The cell of a decision that has none.
const NONE: u32 = u32::MAX;

/// Whether a probability is above a threshold, by their bits: a device may take small numbers for 0.
#[cube]
pub(super) fn is_above(probability: f32, threshold: f32) -> bool {
    let mask = 0x7fff_ffffu32;
    (probability.to_bits() & mask) > (threshold.to_bits() & mask)
}

/// The threshold of a sink that has one.
#[cube]
pub(super) fn threshold_of(constants: &Tensor<f32>, #[comptime] sink: KernelSink) -> f32 {
    if comptime!(sink.labels) {
        0.5f32.runtime()
    } else {
        constants[comptime!(sink.constants)]
    }
}

/// Counts a decision of a label or a group by its target and its side of a threshold, or by the number of
/// thresholds that it reaches. Returns its cell, which is not counted if rows have weights.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn count_cell(
    counts: &mut Tensor<Atomic<i32>>,
    constants: &Tensor<f32>,
    room: &Room,
    probability: f32,
    spot: &Spot,
    first: usize,
    code: i32,
    #[comptime] sink: KernelSink,
    #[comptime] weighted: bool,
    #[comptime] private: usize,
) -> u32 {
    let mut cell = comptime!(NONE).runtime();
    if spot.inside {
        if code < 0 {
            reject(counts, room, code, comptime!(sink.clone()), private);
        } else {
            let len = comptime!(sink.thresholds()).runtime();
            let side = if comptime!(sink.is_by_thresholds()) {
                let begin = comptime!(sink.constants).runtime();
                reached(constants, begin, len, probability)
            } else {
                let threshold = threshold_of(constants, comptime!(sink.clone()));
                select(is_above(probability, threshold), 1usize, 0usize)
            };
            let sides = if comptime!(sink.is_by_thresholds()) {
                len + 1
            } else {
                2usize.runtime()
            };
            let place = (first * 2 + code as usize) * sides + side;
            if comptime!(sink.is_by_sample()) {
                let first = spot.counters + comptime!(sink.sample).runtime();
                count_in_sample(counts, first + place);
            } else if comptime!(weighted) {
                cell = place as u32;
            } else {
                let from = comptime!(sink.counts).runtime();
                count(counts, &room.counters, from + place, 1i32, private);
            }
        }
    }
    cell
}

/// Counts a decision that is left out.
#[cube]
pub(super) fn reject(
    counts: &mut Tensor<Atomic<i32>>,
    room: &Room,
    code: i32,
    #[comptime] sink: KernelSink,
    #[comptime] private: usize,
) {
    let from = comptime!(sink.rejected).runtime();
    count(counts, &room.counters, from + slot(code), 1i32, private);
}

/// Adds an amount of each unit to the cell of a sink, of those that the cube's slot has. A cell belongs to one unit, which
/// looks through the amounts of all, so that no two add at the same time. All units of a cube take part.
#[cube]
pub(super) fn scatter(
    words: &mut Tensor<f32>,
    room: &mut Room,
    cell: u32,
    amount: f32,
    slot: usize,
    #[comptime] sink: KernelSink,
) {
    let none = comptime!(NONE).runtime();
    let unit = UNIT_POS as usize;
    room.left[unit] = cell;
    room.right[unit] = amount.to_bits();
    sync_cube();
    let places = comptime!(sink.places).runtime();
    let place = slot + comptime!(sink.words).runtime();
    if unit < places {
        let mut current = none;
        let mut sum = Sum::zero();
        let mut i = 0usize;
        while i < comptime!(UNITS as usize).runtime() {
            let other = room.left[i];
            if other != none && other % UNITS == UNIT_POS {
                if other != current {
                    if current != none {
                        add_to_slot(words, place + current as usize, places, &sum);
                    }
                    sum.high = 0.0f32;
                    sum.low = 0.0f32;
                    current = other;
                }
                sum.add_number(f32::from_bits(room.right[i]));
            }
            i += 1;
        }
        if current != none {
            add_to_slot(words, place + current as usize, places, &sum);
        }
    }
    sync_cube();
}

/// Adds a decision to the bin of its probability.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn add_probability(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    constants: &Tensor<f32>,
    room: &mut Room,
    decision: &Decision,
    spot: &Spot,
    code: i32,
    labels: usize,
    slot: usize,
    #[comptime] sink: KernelSink,
    #[comptime] weighted: bool,
    #[comptime] private: usize,
) {
    let bins = comptime!(sink.calibrated()).runtime();
    let mut width = bins;
    if comptime!(sink.is_by_label()) {
        width = bins * labels;
    }
    let probability = decision.probability;
    let mut code = code;
    if code >= 0 && decision.weight_code < 0 {
        code = decision.weight_code;
    }
    let mut bin = 0usize;
    let used = spot.inside && code >= 0;
    if used {
        let begin = comptime!(sink.constants).runtime();
        bin = max(reached(constants, begin, bins, probability), 1usize) - 1;
        if comptime!(sink.is_by_label()) {
            bin += spot.column * bins;
        }
    } else if spot.inside {
        reject(counts, &*room, code, comptime!(sink.clone()), private);
    }
    let none = comptime!(NONE).runtime();
    if comptime!(weighted || sink.is_by_label()) {
        // The weights of negatives, of positives, and those of probabilities.
        let of_target = select(code > 0, width, 0usize) + bin;
        let cell = select(used, of_target as u32, none);
        scatter(
            words,
            room,
            cell,
            decision.weight,
            slot,
            comptime!(sink.clone()),
        );
        let cell = select(used, (2 * width + bin) as u32, none);
        scatter(words, room, cell, decision.weight * probability, slot, sink);
    } else {
        if used {
            let from = comptime!(sink.counts).runtime();
            count(counts, &room.counters, from + bin, 1i32, private);
            if code == 1 {
                count(counts, &room.counters, from + width + bin, 1i32, private);
            }
        }
        if comptime!(sink.kind.bins() == 0) {
            let cell = select(used, bin as u32, none);
            scatter(words, room, cell, probability, slot, sink);
        } else if used {
            let at = comptime!(sink.bin).runtime() + bin;
            let amount = u32::cast_from(f32::round(probability * SCALE));
            let before = room.low[at].fetch_add(amount);
            if before + amount < before {
                room.high[at].fetch_add(1u32);
            }
        }
    }
}

/// Adds the bins of a cube to its slot.
#[cube]
pub(super) fn keep_bins(
    words: &mut Tensor<f32>,
    room: &Room,
    slot: usize,
    #[comptime] sink: KernelSink,
) {
    let width = comptime!(sink.kind.bins()).runtime();
    let place = slot + comptime!(sink.words).runtime();
    let mut bin = UNIT_POS as usize;
    while bin < width {
        let at = comptime!(sink.bin).runtime() + bin;
        let whole = room.low[at].load();
        // Halves of 16 bits, which `f32` holds exactly.
        let mut sum = Sum::zero();
        sum.add_number(f32::cast_from(room.high[at].load()) * (2.0 * SCALE));
        sum.add_number(f32::cast_from(whole >> 16u32) * 65536.0);
        sum.add_number(f32::cast_from(whole & 65535u32));
        sum.high /= SCALE;
        sum.low /= SCALE;
        add_to_slot(words, place + bin, width, &sum);
        bin += CUBE_DIM as usize;
    }
}

/// Appends the key of a decision to its list, and the weight of its row to another.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn add_key(
    counts: &mut Tensor<Atomic<i32>>,
    lists: &mut Tensor<u32>,
    room: &Room,
    decision: &Decision,
    spot: &Spot,
    code: i32,
    labels: usize,
    listed: u32,
    capacity: u32,
    #[comptime] sink: KernelSink,
    #[comptime] weighted: bool,
    #[comptime] private: usize,
) {
    let mut code = code;
    let mut key = comptime!(LEFT_OUT).runtime();
    if code >= 0 {
        key = key_of_probability(decision.probability, code);
        if decision.logit {
            key = key_of_logit(decision.score, code);
        }
        if decision.weight_code < 0 {
            code = decision.weight_code;
        }
    }
    if code < 0 {
        reject(counts, room, code, comptime!(sink.clone()), private);
    }
    let capacity = capacity as usize;
    let row = listed as usize + spot.row;
    let begin = capacity * comptime!(sink.list).runtime();
    if comptime!(weighted) {
        let bits = decision.weight.to_bits();
        let valid = decision.weight_code == 0;
        // A row of weight 0 is as if it were not there.
        let none = !valid || (bits & 0x7fff_ffffu32) == 0u32;
        key = select(none, comptime!(LEFT_OUT).runtime(), key);
        if spot.column == 0 {
            lists[begin + capacity * labels + row] = select(valid, bits & 0x7fff_ffffu32, 0u32);
        }
    }
    lists[begin + row * labels + spot.column] = key;
}
