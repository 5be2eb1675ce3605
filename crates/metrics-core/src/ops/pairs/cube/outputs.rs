//! Sinks of outputs: a unit has a column, and a row is used as a whole or not at all.

use super::{
    pair::{Pair, add_pair, begin_run, end_run, nan_code, pair_of},
    plan::{KernelPlan, KernelSink, Walk},
    terms::{code_of, values_of},
};
use crate::{
    Reason,
    ops::cube::{
        UNITS,
        counts::{count, slot, weight_code},
        math::{is_infinite, is_nan},
    },
};
use cubecl::prelude::*;

/// Rows that a unit reads at once.
const STEPS: usize = 4;

/// The flag of a row with a NaN. Terms have three flags each: the row is undefined, its prediction or its target invalid.
const NAN: u32 = 1;

/// Rows that a cube reads at once.
fn rows_at_once(plan: &KernelPlan) -> usize {
    UNITS as usize / plan.width * STEPS
}

/// The first row of the cube that a pivot of the unit's column can be taken from, or the number of rows. Only where
/// `search` is set, is there a search.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn pivot_row<N: Size, M: Size>(
    pred: &Tensor<Vector<f32, N>>,
    target: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, M>>,
    rows: usize,
    columns: usize,
    pred_row: usize,
    target_row: usize,
    search: bool,
    #[comptime] plan: KernelPlan,
) -> usize {
    let width = comptime!(plan.width).runtime();
    let lanes = comptime!(UNITS as usize / plan.width).runtime();
    let first = Shared::<[Atomic<u32>]>::new_slice(comptime!(plan.width));
    let column = UNIT_POS as usize % width;
    if UNIT_POS as usize == column {
        first[column].store(u32::cast_from(rows));
    }
    sync_cube();
    let at_once = comptime!(rows_at_once(&plan)).runtime();
    let mut row = CUBE_POS * at_once + UNIT_POS as usize / width;
    // Beyond the last row of a step, the next is as far away as the other cubes have rows.
    let mut step = 0usize.runtime();
    if column >= columns || !search {
        row = rows;
    }
    while row < rows {
        let mut weight = 1.0f32;
        if comptime!(plan.weighted) {
            weight = weights[row].extract(0usize);
        }
        let mut fit = weight_code(weight) == 0 && weight > 0.0f32;
        let mut j = 0usize;
        while j < columns {
            let p = pred[row * pred_row + j].extract(0usize);
            let t = target[row * target_row + j].extract(0usize);
            fit = fit && !is_nan(p) && !is_nan(t);
            j += 1;
        }
        fit = fit && !is_infinite(target[row * target_row + column].extract(0usize));
        if comptime!(plan.joint_pivots(Walk::Outputs)) {
            fit = fit && !is_infinite(pred[row * pred_row + column].extract(0usize));
        }
        if fit {
            first[column].fetch_min(u32::cast_from(row));
            row = rows;
        } else {
            step += 1;
            row += lanes;
            if step == comptime!(STEPS).runtime() {
                step = 0usize.runtime();
                row += (CUBE_COUNT - 1) * at_once;
            }
        }
    }
    sync_cube();
    usize::cast_from(first[column].load())
}

/// Hands every row to the sinks of outputs.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn walk<N: Size, M: Size>(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    totals: &mut Array<f32>,
    used: &mut Array<i32>,
    infinite: &mut Array<u32>,
    marks: &Array<f32>,
    ends: &mut Array<f32>,
    pred: &Tensor<Vector<f32, N>>,
    target: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, M>>,
    rows: usize,
    columns: usize,
    pred_row: usize,
    target_row: usize,
    #[comptime] plan: KernelPlan,
) {
    let sinks = comptime!(plan.sinks.len());
    let private = comptime!(plan.own_counters());
    let in_runs = comptime!(plan.in_runs(Walk::Outputs));
    let width = comptime!(plan.width).runtime();
    let lanes = comptime!(UNITS as usize / plan.width).runtime();
    let at_once = comptime!(rows_at_once(&plan)).runtime();
    let column = UNIT_POS as usize % width;
    let lane = UNIT_POS as usize / width;
    let mut run = Array::<f32>::new(comptime!(plan.places.len().max(1)));
    let mut preds = Array::<f32>::new(STEPS);
    let mut targets = Array::<f32>::new(STEPS);
    let mut values = Array::<f32>::new(comptime!(2 * STEPS * sinks));
    // Flags of the rows of this step, the next and the one before: with three of each, a step needs one barrier.
    let flags = Shared::<[Atomic<u32>]>::new_slice(comptime!(3 * rows_at_once(&plan)));
    let mut i = UNIT_POS as usize;
    while i < comptime!(3 * rows_at_once(&plan)).runtime() {
        flags[i].store(0u32);
        i += CUBE_DIM as usize;
    }
    sync_cube();
    let mut turn = 0usize.runtime();
    let mut first = CUBE_POS * at_once;
    while first < rows {
        #[unroll]
        for s in 0..STEPS {
            let own_row = comptime!(s).runtime() * lanes + lane;
            let row = first + own_row;
            let mut bits = 0u32;
            preds[s] = 0.0f32;
            targets[s] = 0.0f32;
            if row < rows && column < columns {
                let p = pred[row * pred_row + column].extract(0usize);
                let t = target[row * target_row + column].extract(0usize);
                preds[s] = p;
                targets[s] = t;
                if is_nan(p) || is_nan(t) {
                    bits = comptime!(NAN).runtime();
                } else {
                    #[unroll]
                    for k in 0..sinks {
                        let sink = comptime!(plan.sinks[k].clone());
                        if comptime!(sink.is(Walk::Outputs) && !sink.has_pivots()) {
                            let of_pair = values_of(p, t, comptime!(sink.kernel()));
                            values[comptime!(2 * (STEPS * k + s))] = of_pair.first;
                            values[comptime!(2 * (STEPS * k + s) + 1)] = of_pair.second;
                            let code = code_of(&of_pair);
                            let flag = comptime!(1u32 << sink.flag);
                            if code == nan_code() {
                                bits |= comptime!(flag).runtime();
                            } else if code == comptime!(Reason::InvalidTarget.code()).runtime() {
                                bits |= comptime!(flag << 2u32).runtime();
                            } else if code < 0 {
                                bits |= comptime!(flag << 1u32).runtime();
                            }
                        }
                    }
                }
            }
            if bits != 0 {
                flags[turn * at_once + own_row].fetch_or(bits);
            }
        }
        let mut next = turn + 1;
        if next == 3 {
            next = 0usize.runtime();
        }
        if column == 0 {
            #[unroll]
            for s in 0..STEPS {
                let own_row = comptime!(s).runtime() * lanes + lane;
                flags[next * at_once + own_row].store(0u32);
            }
        }
        sync_cube();
        begin_run(&mut run, comptime!(in_runs.clone()));
        #[unroll]
        for s in 0..STEPS {
            let own_row = comptime!(s).runtime() * lanes + lane;
            let row = first + own_row;
            if row < rows && column < columns {
                let bits = flags[turn * at_once + own_row].load();
                let mut weight = 1.0f32;
                if comptime!(plan.weighted) {
                    weight = weights[row].extract(0usize);
                }
                let pair = pair_of(preds[s], targets[s], weight, comptime!(plan.weighted));
                #[unroll]
                for k in 0..sinks {
                    let sink = comptime!(plan.sinks[k].clone());
                    if comptime!(sink.is(Walk::Outputs)) {
                        let code = code_of_row(bits, &pair, comptime!(sink.clone()));
                        if code == 0 && pair.weight > 0.0f32 {
                            if comptime!(sink.has_pivots()) {
                                add_pair(totals, &pair, marks, k, comptime!(sink.clone()));
                                if comptime!(sink.has_extremes()) {
                                    let (low, high) = (comptime!(2 * k), comptime!(2 * k + 1));
                                    ends[low] = min(ends[low], pair.target);
                                    ends[high] = max(ends[high], pair.target);
                                }
                            } else {
                                #[unroll]
                                for j in 0..comptime!(sink.terms()) {
                                    let value = values[comptime!(2 * (STEPS * k + s) + j)];
                                    let term = select(comptime!(sink.is_own()), value, 0.0f32);
                                    if is_infinite(pair.pred)
                                        || is_infinite(pair.target)
                                        || is_infinite(term)
                                    {
                                        infinite[k] = 1u32;
                                    }
                                    run[comptime!(sink.sum + j)] += value * pair.weight;
                                }
                            }
                            if comptime!(plan.weighted) {
                                // Rows weigh once.
                                let given = select(column == 0, pair.weight, 0.0f32);
                                run[comptime!(sink.sum + sink.terms())] += given;
                            }
                        }
                        if column == 0 {
                            if code < 0 {
                                let place = comptime!(sink.counts).runtime() + 1 + slot(code);
                                count(counts, own, place, 1i32, private);
                            } else {
                                used[k] += 1i32;
                            }
                        }
                    }
                }
            }
        }
        end_run(totals, &run, comptime!(in_runs.clone()));
        turn = next;
        first += CUBE_COUNT * at_once;
    }
}

/// 0, or the code of a row.
#[cube]
fn code_of_row(bits: u32, pair: &Pair, #[comptime] sink: KernelSink) -> i32 {
    let mut code = pair.weight_code;
    if comptime!(!sink.has_pivots()) {
        let flag = comptime!(1u32 << sink.flag);
        if bits & comptime!(flag << 2u32).runtime() != 0 {
            code = comptime!(Reason::InvalidTarget.code()).runtime();
        } else if bits & comptime!(flag << 1u32).runtime() != 0 {
            code = comptime!(Reason::InvalidPrediction.code()).runtime();
        } else if bits & comptime!(flag).runtime() != 0 {
            code = nan_code();
        }
    }
    if bits & comptime!(NAN).runtime() != 0 {
        code = nan_code();
    }
    code
}
