//! Sinks of single pairs, several of which a unit reads at once.

use super::{
    pair::{
        Pair, add_pair, begin_run, end_run, nan_code, pair_of, vector_at, weight_of, weights_at,
    },
    plan::{KernelPlan, Walk},
    terms::{code_of, values_of},
};
use crate::Reason;
use crate::ops::cube::{
    counts::{count, slot},
    math::is_infinite,
};
use cubecl::prelude::*;

/// The place of a pair of the cube that a pivot can be taken from, or the number of pairs. Only where `search` is set, is
/// there a search.
#[cube]
pub(super) fn pivot_place<N: Size, M: Size>(
    pred: &Tensor<Vector<f32, N>>,
    target: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, M>>,
    columns: usize,
    pred_row: usize,
    target_row: usize,
    search: bool,
    #[comptime] plan: KernelPlan,
) -> usize {
    let first = Shared::<[Atomic<u32>]>::new_slice(1usize);
    let n = pred.len();
    let vector = comptime!(plan.vector).runtime();
    if UNIT_POS == 0 {
        first[0].store(u32::cast_from(n * vector));
    }
    sync_cube();
    let mut i = select(search, ABSOLUTE_POS, n);
    while i < n {
        let p = vector_at(pred, i, columns, pred_row, comptime!(plan.clone()));
        let t = vector_at(target, i, columns, target_row, comptime!(plan.clone()));
        let given = weights_at(weights, i, comptime!(plan.clone()));
        let mut found = false;
        #[unroll]
        for lane in 0..comptime!(plan.vector) {
            let weight = weight_of(given, weights, i, columns, lane, comptime!(plan.clone()));
            let pair = pair_of(
                p.extract(lane),
                t.extract(lane),
                weight,
                comptime!(plan.weighted),
            );
            let mut fit = !pair.nan && pair.weight_code == 0 && pair.weight > 0.0f32;
            fit = fit && !is_infinite(pair.target);
            if comptime!(plan.joint_pivots(Walk::Elements)) {
                fit = fit && !is_infinite(pair.pred);
            }
            if fit {
                first[0].fetch_min(u32::cast_from(i * vector + comptime!(lane).runtime()));
                found = true;
            }
        }
        i = select(found, n, i + CUBE_COUNT * CUBE_DIM as usize);
    }
    sync_cube();
    usize::cast_from(first[0].load())
}

/// One number, by its place in the order of rows.
#[cube]
pub(super) fn number_at<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    place: usize,
    columns: usize,
    row: usize,
    #[comptime] plan: KernelPlan,
) -> f32 {
    let vector = comptime!(plan.vector).runtime();
    let numbers = vector_at(x, place / vector, columns, row, comptime!(plan.clone()));
    let mut number = numbers.extract(0usize);
    #[unroll]
    for lane in 1..comptime!(plan.vector) {
        if place % vector == comptime!(lane).runtime() {
            number = numbers.extract(lane);
        }
    }
    number
}

/// Hands every pair to the sinks of elements.
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
    lists: &mut Tensor<u32>,
    pred: &Tensor<Vector<f32, N>>,
    target: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, M>>,
    columns: usize,
    pred_row: usize,
    target_row: usize,
    listed: usize,
    room: usize,
    #[comptime] plan: KernelPlan,
) {
    let n = pred.len();
    let sinks = comptime!(plan.sinks.len());
    let private = comptime!(plan.own_counters());
    let in_runs = comptime!(plan.in_runs(Walk::Elements));
    let mut run = Array::<f32>::new(comptime!(plan.places.len().max(1)));
    let mut fine = 0i32;
    let mut nans = 0i32;
    let mut invalid = 0i32;
    let mut i = ABSOLUTE_POS;
    while i < n {
        let p = vector_at(pred, i, columns, pred_row, comptime!(plan.clone()));
        let t = vector_at(target, i, columns, target_row, comptime!(plan.clone()));
        let given = weights_at(weights, i, comptime!(plan.clone()));
        begin_run(&mut run, comptime!(in_runs.clone()));
        #[unroll]
        for lane in 0..comptime!(plan.vector) {
            let weight = weight_of(given, weights, i, columns, lane, comptime!(plan.clone()));
            let pair = pair_of(
                p.extract(lane),
                t.extract(lane),
                weight,
                comptime!(plan.weighted),
            );
            #[unroll]
            for k in 0..sinks {
                let sink = comptime!(plan.sinks[k].clone());
                if comptime!(sink.is_ranks()) {
                    let element = i * comptime!(plan.vector).runtime() + comptime!(lane).runtime();
                    let place = room * comptime!(sink.list).runtime();
                    let place = place + 2 * (listed * columns + element);
                    lists[place] = pair.pred.to_bits();
                    lists[place + 1] = pair.target.to_bits();
                }
            }
            if pair.nan {
                nans += 1i32;
            } else {
                let valid = pair.weight_code == 0;
                fine += select(valid, 1i32, 0i32);
                invalid += select(valid, 0i32, 1i32);
                #[unroll]
                for k in 0..sinks {
                    let sink = comptime!(plan.sinks[k].clone());
                    if comptime!(sink.is(Walk::Elements) && sink.has_pivots()) {
                        if valid && pair.weight > 0.0f32 {
                            add_pair(totals, &pair, marks, k, comptime!(sink.clone()));
                            if comptime!(sink.has_extremes()) {
                                let (low, high) = (comptime!(2 * k), comptime!(2 * k + 1));
                                ends[low] = min(ends[low], pair.target);
                                ends[high] = max(ends[high], pair.target);
                            }
                            if comptime!(plan.weighted) {
                                run[comptime!(sink.sum + sink.terms())] += pair.weight;
                            }
                        }
                    } else if comptime!(sink.is(Walk::Elements) && !sink.is_ranks()) {
                        let code = add_terms(&mut run, infinite, &pair, k, comptime!(plan.clone()));
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
        end_run(totals, &run, comptime!(in_runs.clone()));
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    #[unroll]
    for k in 0..sinks {
        let sink = comptime!(plan.sinks[k].clone());
        if comptime!(sink.is(Walk::Elements) && !sink.is_ranks()) {
            let rejected = comptime!(sink.counts).runtime() + 1;
            if nans > 0 {
                count(counts, own, rejected + slot(nan_code()), nans, private);
            }
            if comptime!(sink.has_pivots()) {
                used[k] = fine;
                if invalid > 0 {
                    let code = comptime!(Reason::InvalidWeight.code()).runtime();
                    count(counts, own, rejected + slot(code), invalid, private);
                }
            }
        }
    }
}

/// Adds the terms of a pair without NaN to a short run, and yields 0 or the code of a pair that is rejected.
#[cube]
fn add_terms(
    run: &mut Array<f32>,
    infinite: &mut Array<u32>,
    pair: &Pair,
    #[comptime] k: usize,
    #[comptime] plan: KernelPlan,
) -> i32 {
    let sink = comptime!(plan.sinks[k].clone());
    let values = values_of(pair.pred, pair.target, comptime!(sink.kernel()));
    let mut code = code_of(&values);
    if code == 0 {
        code = pair.weight_code;
    }
    if code == 0 && pair.weight > 0.0f32 {
        let term = select(comptime!(sink.is_own()), values.first, 0.0f32);
        if is_infinite(pair.pred) || is_infinite(pair.target) || is_infinite(term) {
            infinite[k] = 1u32;
        }
        run[comptime!(sink.sum)] += values.first * pair.weight;
        if comptime!(sink.terms() > 1) {
            run[comptime!(sink.sum + 1)] += values.second * pair.weight;
        }
        if comptime!(plan.weighted) {
            run[comptime!(sink.sum + sink.terms())] += pair.weight;
        }
    }
    code
}
