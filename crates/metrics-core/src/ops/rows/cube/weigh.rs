//! The sinks that add weights to sums by cell.
//!
//! The first units of the teams write the cells of their rows on the board. Then every unit goes over the board
//! and adds what belongs to cells of its own, so that sums depend on the shapes alone and no unit waits for
//! another's addition.

use super::{
    keep::{Keep, NONE},
    plan::How,
    scores::{Scores, checked, number, threshold_cell},
    sink::KernelSink,
    sinks::{bin_of, code_of, confidence, count_at, predicted, reject},
    walk::Row,
};
use crate::ops::cube::{UNITS, rows::Board};
use cubecl::prelude::*;

/// Two cells of a row with a number for each.
#[derive(CubeType, Clone, Copy)]
struct Entry {
    cell: u32,
    weight: f32,
    also: u32,
    also_weight: f32,
}

#[cube]
fn nothing() -> Entry {
    Entry {
        cell: comptime!(NONE).runtime(),
        weight: 0.0f32,
        also: comptime!(NONE).runtime(),
        also_weight: 0.0f32,
    }
}

/// Adds the weight of a row to its cell of a matrix, or to its margins.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn weigh_row<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    keep: &mut Keep,
    board: &mut Board,
    row: &Row,
    raw: I,
    slot: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let mut entry = nothing();
    if row.first && row.inside {
        let mut code = code_of::<I>(row, raw, sink);
        if code == 0 {
            code = row.weight_code;
        }
        let classes = comptime!(sink.classes() as u32).runtime();
        if code < 0 {
            reject(counts, keep, code, sink, how);
        } else {
            let target = u32::cast_from(row.target);
            let pred = u32::cast_from(predicted(row, sink));
            entry.weight = row.weight;
            if comptime!(sink.is_matrix()) {
                entry.cell = target * classes + pred;
            } else if target == pred {
                entry.cell = target;
            } else {
                entry.cell = classes + pred;
                entry.also = 2 * classes + target;
                entry.also_weight = row.weight;
            }
        }
    }
    add(words, keep, board, &entry, row, slot, sink, how);
}

/// Adds the weight of a row, and its product with the best class's probability, to the bin of this
/// probability. A row without a weight is counted, and adds its probability.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn weigh_confidence<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    keep: &mut Keep,
    board: &mut Board,
    constants: &Tensor<f32>,
    row: &Row,
    raw: I,
    softmax: bool,
    slot: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let mut entry = nothing();
    if row.first && row.inside {
        let confidence = confidence::<I>(row, raw, softmax, sink, how);
        if confidence.code < 0 {
            reject(counts, keep, confidence.code, sink, how);
        } else {
            let bin = bin_of(constants, confidence.share, sink) as u32;
            let width = comptime!(sink.bins() as u32).runtime();
            if comptime!(sink.counts_bins()) {
                count_at(counts, keep, bin as usize, sink, how);
                if row.scanned.rank == 0 {
                    count_at(counts, keep, (width + bin) as usize, sink, how);
                }
                entry.cell = bin;
                entry.weight = confidence.share;
            } else {
                entry.cell = select(row.scanned.rank == 0, width + bin, bin);
                entry.weight = row.weight;
                entry.also = 2 * width + bin;
                entry.also_weight = row.weight * confidence.share;
            }
        }
    }
    add(words, keep, board, &entry, row, slot, sink, how);
}

/// Adds the weight of a row to a cell of each class, by how many thresholds its probability reaches.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn weigh_thresholds<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    keep: &mut Keep,
    board: &mut Board,
    constants: &Tensor<f32>,
    all: &Tensor<F>,
    scores: &Scores,
    row: &Row,
    raw: I,
    slot: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let code = checked::<I>(counts, keep, row, raw, scores, sink, how);
    let team = comptime!(how.team as usize).runtime();
    let mut first = 0usize;
    while first < comptime!(sink.classes()).runtime() {
        let class = first + UNIT_POS as usize % team;
        let mut entry = nothing();
        if code == 0 && row.inside && class < scores.classes {
            entry.cell = threshold_cell::<F>(constants, all, scores, row, class, sink, how) as u32;
            entry.weight = row.weight;
        }
        put(board, &entry, UNIT_POS as usize, sink);
        add_all(words, keep, board, slot, sink, UNITS);
        first += team;
    }
}

/// Adds the weight of a row, and its product with the probability of each class, to the bin of this probability.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn weigh_classes<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    keep: &mut Keep,
    board: &mut Board,
    constants: &Tensor<f32>,
    all: &Tensor<F>,
    scores: &Scores,
    row: &Row,
    raw: I,
    slot: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let code = checked::<I>(counts, keep, row, raw, scores, sink, how);
    let team = comptime!(how.team as usize).runtime();
    let bins = comptime!(sink.bins()).runtime();
    let width = comptime!(sink.bins() * sink.classes()).runtime();
    let mut first = 0usize;
    while first < comptime!(sink.classes()).runtime() {
        let class = first + UNIT_POS as usize % team;
        let mut entry = nothing();
        if code == 0 && row.inside && class < scores.classes {
            let score = f32::cast_from(all[scores.from + class]);
            let share = number(score, row, scores.softmax, sink, how);
            let bin = class * bins + bin_of(constants, share, sink);
            let own = select(class as i32 == row.target, width, 0usize);
            entry.cell = (own + bin) as u32;
            entry.weight = row.weight;
            entry.also = (2 * width + bin) as u32;
            entry.also_weight = row.weight * share;
        }
        put(board, &entry, UNIT_POS as usize, sink);
        add_all(words, keep, board, slot, sink, UNITS);
        first += team;
    }
}

/// Adds the entries of all rows of a step. All units of the cube must take part.
#[cube]
#[allow(clippy::too_many_arguments)]
fn add(
    words: &mut Tensor<f32>,
    keep: &mut Keep,
    board: &mut Board,
    entry: &Entry,
    row: &Row,
    slot: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    if row.first {
        put(board, entry, row.place, sink);
    }
    add_all(words, keep, board, slot, sink, comptime!(UNITS / how.team));
}

/// Puts an entry on the board.
#[cube]
fn put(board: &mut Board, entry: &Entry, place: usize, #[comptime] sink: KernelSink) {
    let cells = comptime!(sink.cells() as u32).runtime();
    // A cell is made of labels, which only a caller's mistake takes out of the state.
    board.x[place] = select(entry.cell < cells, entry.cell, NONE);
    board.a[place] = entry.weight;
    if comptime!(sink.has_pairs()) {
        board.y[place] = select(entry.also < cells, entry.also, NONE);
        board.b[place] = entry.also_weight;
    }
}

/// Adds so many entries that are on the board, each by the unit of its cell.
#[cube]
fn add_all(
    words: &mut Tensor<f32>,
    keep: &mut Keep,
    board: &mut Board,
    slot: usize,
    #[comptime] sink: KernelSink,
    #[comptime] entries: u32,
) {
    sync_cube();
    let mut i = 0usize;
    while i < comptime!(entries as usize).runtime() {
        let cell = board.x[i];
        if cell % UNITS == UNIT_POS && cell != NONE {
            keep.hold(words, cell, board.a[i], slot, sink);
        }
        if comptime!(sink.has_pairs()) {
            let also = board.y[i];
            if also % UNITS == UNIT_POS && also != NONE {
                keep.hold(words, also, board.b[i], slot, sink);
            }
        }
        i += 1;
    }
    sync_cube();
}
