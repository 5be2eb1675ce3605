//! The sinks that take all scores of a row, and those of units.

use super::super::UNIT_NOTES;
use super::{
    keep::Keep,
    plan::How,
    sink::KernelSink,
    sinks::{code_of, count_at, reject},
    walk::Row,
};
use crate::{
    Reason,
    ops::cube::{
        UNITS,
        counts::reached,
        math::{exp, is_infinite, snapped},
        rows::Board,
    },
};
use cubecl::prelude::*;

/// Scores of a row, and what they are.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Scores {
    /// Where the row begins.
    pub from: usize,
    pub classes: usize,
    pub softmax: bool,
}

/// The negative code of a row of which all scores are taken, else 0. Its weight is not looked at.
#[cube]
pub(super) fn class_code<I: Int>(
    row: &Row,
    raw: I,
    scores: &Scores,
    #[comptime] sink: KernelSink,
) -> i32 {
    let nan = comptime!(Reason::Nan.code()).runtime();
    let mut code = 0i32;
    if comptime!(!sink.is_raw()) {
        if scores.softmax && is_infinite(row.scanned.max) {
            code = nan;
        } else if !scores.softmax && row.scanned.outside {
            code = comptime!(Reason::InvalidPrediction.code()).runtime();
        }
    }
    if row.scanned.rank == nan {
        code = nan;
    }
    if row.target < 0 || row.target >= scores.classes as i32 {
        code = comptime!(Reason::InvalidTarget.code()).runtime();
    }
    if comptime!(sink.ignored.is_some()) {
        if raw == I::new(comptime!(sink.ignored.unwrap_or(0))) {
            code = comptime!(Reason::Ignored.code()).runtime();
        }
    }
    code
}

/// The code of a row of which all scores are taken, or that of its weight, or 0. Counts the row if it is left out. All
/// units of its team may ask.
#[cube]
pub(super) fn checked<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    row: &Row,
    raw: I,
    scores: &Scores,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) -> i32 {
    let mut code = class_code::<I>(row, raw, scores, sink);
    if code == 0 {
        code = row.weight_code;
    }
    if code < 0 && row.first && row.inside {
        reject(counts, keep, code, sink, how);
    }
    code
}

/// The probability of a score, or the score itself if it is taken as it is.
#[cube]
pub(super) fn number(
    score: f32,
    row: &Row,
    softmax: bool,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) -> f32 {
    let mut number = score;
    if comptime!(!sink.is_raw()) {
        number = snapped(score, comptime!(how.slack.get()).runtime());
        if softmax {
            number = exp(score - row.scanned.max) / (1.0f32 + row.scanned.others);
        }
    }
    number
}

/// Adds the squared errors of a row. All units of the cube must take part.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn add_brier<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    board: &mut Board,
    all: &Tensor<F>,
    scores: &Scores,
    row: &Row,
    raw: I,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let team = comptime!(how.team);
    let mut sum = 0.0f32;
    let mut i = (UNIT_POS % team) as usize;
    while i < scores.classes {
        let score = f32::cast_from(all[scores.from + i]);
        let mut error = number(score, row, scores.softmax, sink, how);
        if i as i32 == row.target {
            error = 1.0f32 - error;
            if scores.softmax && row.scanned.rank == 0 {
                // A difference of nearly equal numbers would have few digits.
                error = row.scanned.others / (1.0f32 + row.scanned.others);
            }
        }
        sum += error * error;
        i += team as usize;
    }
    if comptime!(team > 1) {
        sum = over_team(board, sum, team);
    }
    if row.first && row.inside {
        let code = checked::<I>(counts, keep, row, raw, scores, sink, how);
        if code == 0 {
            let first = comptime!(sink.kept.sums);
            count_at(counts, keep, 0usize, sink, how);
            if row.weight > 0.0f32 {
                keep.add(row.weight * sum, first);
                keep.add(row.weight, comptime!(first + 1));
                keep.add(row.weight, comptime!(first + 2));
            }
        }
    }
}

/// The sum over the units of a team, known to its first.
#[cube]
fn over_team(board: &mut Board, number: f32, #[comptime] team: u32) -> f32 {
    let unit = UNIT_POS as usize;
    let lane = UNIT_POS % team;
    let mut sum = number;
    let mut half = comptime!(team / 2).runtime();
    while half > 0 {
        board.a[unit] = sum;
        sync_cube();
        if lane < half {
            sum += board.a[unit + half as usize];
        }
        sync_cube();
        half /= 2;
    }
    sum
}

/// The loss of a margin.
#[cube]
fn hinge(margin: f32, #[comptime] sink: KernelSink) -> f32 {
    let mut loss = 1.0f32 - margin;
    if loss < 0.0f32 {
        loss = 0.0f32;
    }
    if comptime!(sink.is_squared()) {
        loss *= loss;
    }
    loss
}

/// Adds the hinge loss of a row.
#[cube]
pub(super) fn add_hinge<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    scores: &Scores,
    row: &Row,
    raw: I,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let own = number(row.scanned.own, row, scores.softmax, sink, how);
    let rival = number(row.scanned.rival, row, scores.softmax, sink, how);
    let mut code = class_code::<I>(row, raw, scores, sink);
    if code == 0 {
        code = row.weight_code;
        // Equal infinities have no margin.
        if is_infinite(own) && own == rival {
            code = comptime!(Reason::Nan.code()).runtime();
        }
    }
    if code < 0 {
        reject(counts, keep, code, sink, how);
    } else {
        let loss = hinge(own - rival, sink);
        let first = comptime!(sink.kept.sums);
        count_at(counts, keep, 0usize, sink, how);
        if row.weight > 0.0f32 {
            keep.add(row.weight * loss, first);
            keep.add(row.weight, comptime!(first + 1));
        }
    }
}

/// Adds the hinge losses of the classes of a row, each unit of the team some of them.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn add_hinges<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    all: &Tensor<F>,
    scores: &Scores,
    row: &Row,
    raw: I,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let code = checked::<I>(counts, keep, row, raw, scores, sink, how);
    if code == 0 && row.weight > 0.0f32 {
        let team = comptime!(how.team as usize).runtime();
        let classes = min(scores.classes, comptime!(sink.classes()).runtime());
        let mut column = comptime!(sink.kept.columns).runtime();
        let mut i = UNIT_POS as usize % team;
        while i < classes {
            let score = f32::cast_from(all[scores.from + i]);
            let number = number(score, row, scores.softmax, sink, how);
            let margin = select(i as i32 == row.target, number, -number);
            let loss = hinge(margin, sink);
            keep.add_column(column, row.weight * loss);
            column += 1;
            i += team;
        }
    }
    if row.first && code == 0 {
        let first = comptime!(sink.kept.sums);
        count_at(counts, keep, 0usize, sink, how);
        if row.weight > 0.0f32 {
            keep.add(row.weight, first);
        }
    }
}

/// Counts how many thresholds the probability of each class reaches, each unit of the team some classes.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn count_thresholds<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    constants: &Tensor<f32>,
    all: &Tensor<F>,
    scores: &Scores,
    row: &Row,
    raw: I,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let code = class_code::<I>(row, raw, scores, sink);
    if code < 0 {
        if row.first {
            reject(counts, keep, code, sink, how);
        }
    } else {
        let team = comptime!(how.team as usize).runtime();
        let classes = min(scores.classes, comptime!(sink.classes()).runtime());
        let mut i = UNIT_POS as usize % team;
        while i < classes {
            let cell = threshold_cell::<F>(constants, all, scores, row, i, sink, how);
            count_at(counts, keep, cell, sink, how);
            i += team;
        }
    }
}

/// The cell of a class.
#[cube]
pub(super) fn threshold_cell<F: Float>(
    constants: &Tensor<f32>,
    all: &Tensor<F>,
    scores: &Scores,
    row: &Row,
    class: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) -> usize {
    let begin = comptime!(sink.constants).runtime();
    let len = comptime!(sink.thresholds()).runtime();
    let score = f32::cast_from(all[scores.from + class]);
    let number = number(score, row, scores.softmax, sink, how);
    let own = select(class as i32 == row.target, 1usize, 0usize);
    (2 * class + own) * (len + 1) + reached(constants, begin, len, number)
}

/// A row that counts, one that is wrong, and one that is invalid.
const JUDGED: u32 = 1;
const MISSED: u32 = 2;
const INVALID: u32 = 4;

/// Counts whether a row is right, or notes it for its unit, which is the `unit`-th of those that a cube has at
/// a time.
#[cube]
pub(super) fn match_row<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    row: &Row,
    raw: I,
    unit: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let code = code_of::<I>(row, raw, sink);
    if code < 0 {
        reject(counts, keep, code, sink, how);
    }
    let hit = row.scanned.rank == 0;
    if comptime!(sink.has_flags()) {
        let mut flags = comptime!(JUDGED).runtime();
        if code == comptime!(Reason::Ignored.code()) {
            flags = 0u32;
        } else if code < 0 {
            flags = comptime!(INVALID).runtime();
        } else if !hit {
            flags = comptime!(JUDGED | MISSED).runtime();
        }
        keep.flags[unit].fetch_or(flags);
    } else {
        count_unit(counts, keep, code >= 0, !hit, false, sink, how);
    }
}

/// Whether a unit counts, and for which counter.
#[cube]
fn count_unit(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    judged: bool,
    missed: bool,
    invalid: bool,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    if judged && !invalid {
        let place = comptime!(UNIT_NOTES).runtime() + select(missed, 0usize, 1usize);
        count_at(counts, keep, place, sink, how);
    }
}

/// Counts the units of which all rows have been noted. All units of the cube must take part.
#[cube]
pub(super) fn end_units(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    units: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    sync_cube();
    let unit = UNIT_POS as usize;
    if unit < min(units, comptime!(UNITS as usize).runtime()) {
        let flags = keep.flags[unit].load();
        let judged = flags & JUDGED != 0;
        let missed = flags & MISSED != 0;
        let invalid = flags & INVALID != 0;
        count_unit(counts, keep, judged, missed, invalid, sink, how);
        keep.flags[unit].store(0u32);
    }
    sync_cube();
}

/// Notes a part of a unit. Who notes the last of its `parts` counts it: a note says how many parts there were,
/// and in how many of them a row was judged, missed or invalid. All units of the cube must take part.
#[cube]
pub(super) fn end_part(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    unit: usize,
    parts: u32,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    sync_cube();
    if UNIT_POS == 0 {
        let flags = keep.flags[0].load() as i32;
        let note =
            1i32 + ((flags & 1i32) << 8i32) + ((flags & 2i32) << 15i32) + ((flags & 4i32) << 22i32);
        let place = comptime!(sink.counts).runtime() + unit;
        let sum = counts[place].fetch_add(note) + note;
        if sum & 127i32 == parts as i32 {
            let judged = (sum >> 8i32) & 127i32 != 0;
            let missed = (sum >> 16i32) & 127i32 != 0;
            let invalid = (sum >> 24i32) & 127i32 != 0;
            count_unit(counts, keep, judged, missed, invalid, sink, how);
            counts[place].store(0i32);
        }
        keep.flags[0].store(0u32);
    }
    sync_cube();
}
