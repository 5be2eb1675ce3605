//! The kernel: pivots, a walk for each kind of sinks, and the sums to the slot of the cube.

use super::{
    elements, outputs,
    pair::{no_pivots, pivot_end, take_pivots},
    plan::{KernelPlan, Walk},
    rows,
};
use crate::ops::cube::{
    counts::{count, flush, own_counters, weight_code},
    sums::{of_ordered, ordered},
    totals::{desk, hand_over, zeros},
};
use cubecl::prelude::*;

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn pairs_pass<N: Size, M: Size>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    lists: &mut Tensor<u32>,
    pred: &Tensor<Vector<f32, N>>,
    target: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, M>>,
    rows: u32,
    columns: u32,
    pred_row: u32,
    target_row: u32,
    listed: u32,
    room: u32,
    infinity: f32,
    #[comptime] plan: KernelPlan,
) {
    let rows = rows as usize;
    let columns = columns as usize;
    let pred_row = pred_row as usize;
    let target_row = target_row as usize;
    let listed = listed as usize;
    let room = room as usize;
    let private = comptime!(plan.own_counters());
    let own = own_counters(private);
    let mut desk = desk();
    let slot_at = CUBE_POS * comptime!(plan.words).runtime();
    // A unit has a column of outputs.
    let width = comptime!(plan.width as u32);
    let column = (UNIT_POS % width) as usize;

    let mut totals = zeros(comptime!(plan.places.len()));
    let sinks = comptime!(plan.sinks.len());
    let mut used = Array::<i32>::new(sinks);
    let mut infinite = Array::<u32>::new(sinks);
    // Of each sink the pivots, of which there are 4 at most, and the extremes.
    let mut marks = Array::<f32>::new(comptime!(4 * sinks));
    let mut ends = Array::<f32>::new(comptime!(2 * sinks));
    // Whether a slot has no pivots yet: all sinks of a walk use the same pairs.
    let mut fresh = false;
    let mut fresh_outputs = false;
    #[unroll]
    for k in 0..sinks {
        used[k] = 0i32;
        infinite[k] = 0u32;
        ends[comptime!(2 * k)] = infinity;
        ends[comptime!(2 * k + 1)] = -infinity;
        #[unroll]
        for j in 0..4usize {
            marks[comptime!(4 * k + j)] = 0.0f32;
        }
        let sink = comptime!(plan.sinks[k].clone());
        if comptime!(sink.has_pivots()) {
            let weight = slot_at + comptime!(sink.words + sink.sums - 1).runtime();
            let none = words[weight] == 0.0f32;
            if comptime!(sink.is(Walk::Elements)) {
                fresh = fresh || none;
            } else {
                fresh_outputs = fresh_outputs || none;
            }
        }
    }
    let mut pivots = no_pivots();
    if comptime!(plan.pivots(Walk::Elements)) {
        let place = elements::pivot_place(
            pred,
            target,
            weights,
            columns,
            pred_row,
            target_row,
            fresh,
            comptime!(plan.clone()),
        );
        if place < rows * columns {
            pivots.begin(
                elements::number_at(pred, place, columns, pred_row, comptime!(plan.clone())),
                elements::number_at(target, place, columns, target_row, comptime!(plan.clone())),
            );
            // Of pairs with weights it is the first that weighs anything.
            if comptime!(!plan.weighted) {
                for other in place + 1..pivot_end(place, rows * columns) {
                    pivots.add(
                        elements::number_at(
                            pred,
                            other,
                            columns,
                            pred_row,
                            comptime!(plan.clone()),
                        ),
                        elements::number_at(
                            target,
                            other,
                            columns,
                            target_row,
                            comptime!(plan.clone()),
                        ),
                    );
                }
            }
        }
    }
    let mut column_pivots = no_pivots();
    if comptime!(plan.pivots(Walk::Outputs)) {
        let row = outputs::pivot_row(
            pred,
            target,
            weights,
            rows,
            columns,
            pred_row,
            target_row,
            fresh_outputs,
            comptime!(plan.clone()),
        );
        if row < rows && column < columns {
            column_pivots.begin(
                pred[row * pred_row + column].extract(0usize),
                target[row * target_row + column].extract(0usize),
            );
            for other in row + 1..pivot_end(row, rows) {
                let mut weight = 1.0f32;
                if comptime!(plan.weighted) {
                    weight = weights[other].extract(0usize);
                }
                if weight_code(weight) == 0 && weight > 0.0f32 {
                    column_pivots.add(
                        pred[other * pred_row + column].extract(0usize),
                        target[other * target_row + column].extract(0usize),
                    );
                }
            }
        }
    }
    #[unroll]
    for k in 0..sinks {
        let sink = comptime!(plan.sinks[k].clone());
        if comptime!(sink.has_pivots()) {
            let single = comptime!(sink.is(Walk::Elements));
            if comptime!(single) {
                take_pivots(&mut marks, &pivots, k, comptime!(sink.is_joint()));
            } else {
                take_pivots(&mut marks, &column_pivots, k, comptime!(sink.is_joint()));
            }
            let from = slot_at + comptime!(sink.words).runtime();
            let known = words[from + comptime!(sink.sums - 1).runtime()] != 0.0f32;
            if known && (single || column < columns) {
                let (step, first) = mark_places(columns, column, single);
                let from = from + comptime!(2 * sink.sums).runtime() + first;
                #[unroll]
                for j in 0..comptime!(sink.pivots()) {
                    marks[comptime!(4 * k + j)] = words[from + comptime!(j).runtime() * step];
                }
                if comptime!(sink.has_extremes()) {
                    ends[comptime!(2 * k)] = words[from + step];
                    ends[comptime!(2 * k + 1)] = words[from + 2 * step];
                }
            }
        }
    }

    if comptime!(plan.any(Walk::Elements)) {
        elements::walk(
            counts,
            &own,
            &mut totals,
            &mut used,
            &mut infinite,
            &marks,
            &mut ends,
            lists,
            pred,
            target,
            weights,
            columns,
            pred_row,
            target_row,
            listed,
            room,
            comptime!(plan.clone()),
        );
    }
    if comptime!(plan.any(Walk::Outputs)) {
        outputs::walk(
            counts,
            &own,
            &mut totals,
            &mut used,
            &mut infinite,
            &marks,
            &mut ends,
            pred,
            target,
            weights,
            rows,
            columns,
            pred_row,
            target_row,
            comptime!(plan.clone()),
        );
    }
    if comptime!(plan.any(Walk::Rows)) {
        rows::walk(
            counts,
            &own,
            &mut totals,
            &mut used,
            &mut infinite,
            &mut desk,
            lists,
            pred,
            target,
            weights,
            rows,
            columns,
            pred_row,
            target_row,
            listed,
            room,
            infinity,
            comptime!(plan.clone()),
        );
    }

    #[unroll]
    for k in 0..sinks {
        let sink = comptime!(plan.sinks[k].clone());
        if used[k] != 0 && comptime!(!sink.is_ranks()) {
            count(
                counts,
                &own,
                comptime!(sink.counts).runtime(),
                used[k],
                private,
            );
        }
        if comptime!(!plan.weighted && sink.has_pivots()) {
            let at = comptime!(2 * (sink.sum + sink.terms()));
            totals[at] = f32::cast_from(used[k]);
        }
    }
    flush(counts, &own, private);
    hand_over(
        words,
        slot_at,
        &totals,
        &mut desk,
        0usize,
        comptime!(plan.places[..plan.single].to_vec()),
        1usize,
    );
    hand_over(
        words,
        slot_at,
        &totals,
        &mut desk,
        comptime!(plan.single),
        comptime!(plan.places[plan.single..].to_vec()),
        comptime!(plan.width),
    );
    #[unroll]
    for k in 0..sinks {
        let sink = comptime!(plan.sinks[k].clone());
        if comptime!(sink.is_terms()) && infinite[k] > 0 {
            // Whichever unit writes last, the mark is the same.
            words[slot_at + comptime!(sink.words + 2 * sink.sums).runtime()] = 1.0f32;
        }
        if comptime!(sink.has_pivots()) {
            let single = comptime!(sink.is(Walk::Elements));
            let (step, first) = mark_places(columns, column, single);
            let from = slot_at + comptime!(sink.words + 2 * sink.sums).runtime() + first;
            let places = comptime!(if single { 1usize } else { plan.width });
            let writes =
                (UNIT_POS as usize) < comptime!(places).runtime() && (single || column < columns);
            if writes {
                #[unroll]
                for j in 0..comptime!(sink.pivots()) {
                    words[from + comptime!(j).runtime() * step] = marks[comptime!(4 * k + j)];
                }
            }
            if comptime!(sink.has_extremes()) {
                let low = Shared::<[Atomic<u32>]>::new_slice(places);
                let high = Shared::<[Atomic<u32>]>::new_slice(places);
                let place = UNIT_POS as usize % comptime!(places).runtime();
                if (UNIT_POS as usize) < comptime!(places).runtime() {
                    low[place].store(ordered(infinity));
                    high[place].store(ordered(-infinity));
                }
                sync_cube();
                low[place].fetch_min(ordered(ends[comptime!(2 * k)]));
                high[place].fetch_max(ordered(ends[comptime!(2 * k + 1)]));
                sync_cube();
                if writes {
                    words[from + step] = of_ordered(low[place].load());
                    words[from + 2 * step] = of_ordered(high[place].load());
                }
            }
        }
    }
}

/// How far marks of a column are from each other, and where the first is.
#[cube]
fn mark_places(columns: usize, column: usize, #[comptime] single: bool) -> (usize, usize) {
    let mut step = 1usize.runtime();
    let mut first = 0usize.runtime();
    if comptime!(!single) {
        step = columns;
        first = column;
    }
    (step, first)
}
