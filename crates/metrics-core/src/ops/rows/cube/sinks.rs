//! The sinks that count a row, or add it to the sums of a unit.

use super::{
    keep::{Keep, SCALE},
    plan::How,
    sink::KernelSink,
    walk::Row,
};
use crate::{
    Reason,
    ops::cube::{
        counts::{count, reached, row_code, slot},
        math::{exp, is_infinite, is_nan, is_outside_unit, snapped},
        samples::count_in_sample,
    },
};
use cubecl::prelude::*;

/// The negative code of a row that is left out, else 0.
#[cube]
pub(super) fn code_of<I: Int>(row: &Row, raw: I, #[comptime] sink: KernelSink) -> i32 {
    let ignores = comptime!(sink.ignored.is_some());
    let index = comptime!(sink.ignored.unwrap_or(0));
    row_code::<I>(row.scanned.rank, raw, I::new(index), ignores)
}

/// Counts a row that is left out.
#[cube]
pub(super) fn reject(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    code: i32,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let from = comptime!(sink.counts + sink.rejected()).runtime();
    count(
        counts,
        &keep.own,
        from + slot(code),
        1i32,
        comptime!(how.private),
    );
}

/// Counts a row in a counter of a sink.
#[cube]
pub(super) fn count_at(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    place: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let from = comptime!(sink.counts).runtime();
    count(
        counts,
        &keep.own,
        from + place,
        1i32,
        comptime!(how.private),
    );
}

/// Counts for its sample whether a row is wrong, right or invalid.
#[cube]
pub(super) fn count_hit<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    row: &Row,
    raw: I,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let code = code_of::<I>(row, raw, sink);
    if code < 0 {
        reject(counts, keep, code, sink, how);
    }
    if code != comptime!(Reason::Ignored.code()) {
        let right = select(row.scanned.rank == 0, 1usize, 0usize);
        let first = row.counters + comptime!(sink.sample).runtime();
        count_in_sample(counts, first + select(code < 0, 2usize, right));
    }
}

/// The class that a row is taken for.
#[cube]
pub(super) fn predicted(row: &Row, #[comptime] sink: KernelSink) -> i32 {
    let hit = row.scanned.rank < comptime!(sink.top_k()).runtime();
    select(hit, row.target, row.scanned.best)
}

/// Counts a row in a matrix or its margins.
#[cube]
pub(super) fn count_row<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    row: &Row,
    raw: I,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let code = code_of::<I>(row, raw, sink);
    let classes = comptime!(sink.classes()).runtime();
    if code < 0 {
        reject(counts, keep, code, sink, how);
    } else {
        let target = usize::cast_from(row.target);
        let pred = usize::cast_from(predicted(row, sink));
        if comptime!(sink.is_matrix()) {
            count_at(counts, keep, target * classes + pred, sink, how);
        } else if comptime!(sink.is_by_sample()) {
            let first = row.counters + comptime!(sink.sample).runtime();
            if target == pred {
                count_in_sample(counts, first + target);
            }
            count_in_sample(counts, first + classes + pred);
            count_in_sample(counts, first + 2 * classes + target);
        } else {
            if target == pred {
                count_at(counts, keep, target, sink, how);
            }
            count_at(counts, keep, classes + pred, sink, how);
            count_at(counts, keep, 2 * classes + target, sink, how);
        }
    }
}

/// Adds the loss of a row.
#[cube]
pub(super) fn add_loss<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    row: &Row,
    raw: I,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let mut code = code_of::<I>(row, raw, sink);
    if code == 0 {
        code = row.weight_code;
        if is_nan(row.scanned.loss) {
            code = comptime!(Reason::Nan.code()).runtime();
        }
    }
    let first = comptime!(sink.kept.sums);
    if code < 0 {
        reject(counts, keep, code, sink, how);
    } else if comptime!(how.weighted) {
        if row.weight > 0.0f32 {
            keep.add(row.weight * row.scanned.loss, first);
            keep.add(row.weight, comptime!(first + 1));
        }
    } else {
        count_at(counts, keep, 0usize, sink, how);
        keep.add(row.scanned.loss, first);
    }
}

/// The best class's probability, and the code of a row that is left out.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Confidence {
    pub share: f32,
    pub code: i32,
}

#[cube]
pub(super) fn confidence<I: Int>(
    row: &Row,
    raw: I,
    softmax: bool,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) -> Confidence {
    let mut share = snapped(row.scanned.max, comptime!(how.slack.get()).runtime());
    let mut undefined = false;
    if softmax {
        share = exp(row.scanned.max - row.scanned.log_sum);
        undefined = is_infinite(row.scanned.max);
    }
    let mut code = code_of::<I>(row, raw, sink);
    if code == 0 {
        if undefined || is_nan(share) {
            code = comptime!(Reason::Nan.code()).runtime();
        } else if is_outside_unit(share, 0.0f32) {
            code = comptime!(Reason::InvalidPrediction.code()).runtime();
        } else {
            code = row.weight_code;
        }
    }
    Confidence { share, code }
}

/// The bin of a probability.
#[cube]
pub(super) fn bin_of(constants: &Tensor<f32>, share: f32, #[comptime] sink: KernelSink) -> usize {
    let begin = comptime!(sink.constants).runtime();
    let edges = reached(constants, begin, comptime!(sink.bins()).runtime(), share);
    max(edges, 1usize) - 1
}

/// Counts a row in the bin of its best class's probability, and adds this.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn add_confidence<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    keep: &mut Keep,
    constants: &Tensor<f32>,
    row: &Row,
    raw: I,
    softmax: bool,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    let confidence = confidence::<I>(row, raw, softmax, sink, how);
    let width = comptime!(sink.bins()).runtime();
    if confidence.code < 0 {
        reject(counts, keep, confidence.code, sink, how);
    } else {
        let bin = bin_of(constants, confidence.share, sink);
        if row.scanned.rank == 0 {
            count_at(counts, keep, width + bin, sink, how);
        }
        let at = comptime!(sink.kept.bins).runtime() + bin;
        let amount = u32::cast_from(f32::round(confidence.share * SCALE));
        let before = keep.low[at].fetch_add(amount);
        if before + amount < before {
            keep.high[at].fetch_add(1u32);
        }
        count_at(counts, keep, bin, sink, how);
    }
}
