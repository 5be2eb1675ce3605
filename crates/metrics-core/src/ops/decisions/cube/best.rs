//! The best labels of whole rows.

use super::{
    rows::{Lane, Rows, code_of_label, code_of_row, place_of},
    sink::KernelSink,
    sinks::reject,
    terms::add_weight,
    walk::{Room, weight_code},
};
use crate::ops::{cube::counts::count, decisions::MultilabelCriterion};
use cubecl::prelude::*;

/// Adds whether the best labels of a row are right.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn choose<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    room: &Room,
    totals: &mut Array<f32>,
    rows: &Rows,
    lane: &Lane,
    flags: u32,
    weight: f32,
    #[comptime] sink: KernelSink,
    #[comptime] team: u32,
    #[comptime] weighted: bool,
    #[comptime] private: usize,
) {
    let labels = scores.shape(1);
    let mut code = code_of_row(flags);
    if code == 0 {
        code = weight_code(weight);
    }
    if code == 0 {
        let mut predicted = 0u32;
        let mut both = 0u32;
        let mut i = lane.lane;
        while i < labels {
            let own_code = code_of_label::<I>(target[lane.from + i], comptime!(sink.ignored));
            if own_code >= 0 {
                let own = place_of::<F>(scores[lane.from + i]);
                let mut before = 0u32;
                let mut j = 0usize;
                while j < labels {
                    let code = code_of_label::<I>(target[lane.from + j], comptime!(sink.ignored));
                    let other = place_of::<F>(scores[lane.from + j]);
                    if code >= 0 && (other > own || (other == own && j < i)) {
                        before += 1u32;
                    }
                    j += 1;
                }
                if before < comptime!(sink.best()).runtime() {
                    predicted += 1u32;
                    both += u32::cast_from(own_code);
                }
            }
            i += comptime!(team as usize).runtime();
        }
        rows.coverage[lane.own].fetch_add(predicted);
        rows.wrong[lane.own].fetch_add(both);
    }
    sync_cube();
    if lane.inside && lane.lane == 0 {
        if code < 0 {
            reject(counts, room, code, comptime!(sink.clone()), private);
        } else {
            let from = comptime!(sink.counts).runtime();
            count(counts, &room.counters, from, 1i32, private);
            let predicted = rows.coverage[lane.own].load();
            let both = rows.wrong[lane.own].load();
            let relevant = rows.relevant[lane.own].load();
            let used = rows.used[lane.own].load();
            let mut total = 1u32;
            let mut right = used;
            if comptime!(sink.criterion() == Some(MultilabelCriterion::Hamming)) {
                total = used;
                right += 2u32 * both - predicted - relevant;
            } else if comptime!(sink.criterion() == Some(MultilabelCriterion::ExactMatch)) {
                right = select(both == predicted && both == relevant, 1u32, 0u32);
            } else if comptime!(sink.criterion() == Some(MultilabelCriterion::Overlap)) {
                right = select(both > 0u32, 1u32, 0u32);
            } else if comptime!(sink.criterion() == Some(MultilabelCriterion::Contain)) {
                right = select(both == relevant, 1u32, 0u32);
            } else {
                right = select(both == predicted, 1u32, 0u32);
            }
            let first = comptime!(sink.sum);
            add_weight(totals, weight * f32::cast_from(right), first, weighted);
            add_weight(
                totals,
                weight * f32::cast_from(total),
                comptime!(first + 1),
                weighted,
            );
            add_weight(totals, weight, comptime!(first + 2), weighted);
        }
    }
}
