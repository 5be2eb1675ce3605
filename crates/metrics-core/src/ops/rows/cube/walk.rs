//! The walk over rows, each of which is scanned and handed to every sink.

use super::{
    keep::{Keep, start},
    keys::{Spot, add_keys},
    plan::{How, KernelPlan},
    scores::{Scores, add_brier, add_hinge, add_hinges, count_thresholds, match_row},
    sink::KernelSink,
    sinks::{add_confidence, add_loss, count_at, count_hit, count_row},
    spans::{Sizes, end_span, span, spans},
    weigh::{weigh_classes, weigh_confidence, weigh_row, weigh_thresholds},
};
use crate::{
    REASONS, Reason,
    ops::cube::{
        UNITS,
        counts::label_rank,
        kinds::are_logits,
        label,
        math::is_weight,
        rows::{Board, Scanned, board, scan},
        samples::{Samples, counters_at},
    },
};
use cubecl::{ir::ElemType, prelude::*};

/// A row on its way to the sinks.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Row {
    pub scanned: Scanned,
    pub target: i32,
    pub weight: f32,
    /// The code for its weight, or 0.
    pub weight_code: i32,
    /// Whether there is one: units beyond the last row go on with it, for the barriers need them all.
    pub inside: bool,
    /// Whether this unit is the first of its team, which knows the outcome of a scan.
    pub first: bool,
    /// Its place among the rows of a step.
    pub place: usize,
    /// Where the counters of its sample begin.
    pub counters: usize,
}

#[cube]
fn row(
    scanned: Scanned,
    weights: &Tensor<f32>,
    target: i32,
    at: usize,
    inside: bool,
    samples: &Samples,
    #[comptime] plan: KernelPlan,
) -> Row {
    let mut weight = 1.0f32;
    let mut weight_code = 0i32;
    if comptime!(plan.weighted) {
        weight = weights[at];
        if !is_weight(weight) {
            weight_code = comptime!(Reason::InvalidWeight.code()).runtime();
        }
    }
    let team = comptime!(plan.wants.team);
    Row {
        scanned,
        target,
        weight,
        weight_code,
        inside,
        first: UNIT_POS % team == 0,
        place: (UNIT_POS / team) as usize,
        counters: counters_at(samples, at, comptime!(plan.samples)),
    }
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn labels_pass<P: Int, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    pred: &Tensor<P>,
    target: &Tensor<I>,
    weights: &Tensor<f32>,
    group: u32,
    elements: u32,
    parts: u32,
    begin: u32,
    positions: u32,
    #[comptime] plan: KernelPlan,
    #[define(P, I)] _dtypes: [ElemType; 2],
) {
    let n = target.len();
    let mut board = board();
    let mut keep = start(comptime!(plan.clone()));
    let slot = CUBE_POS as usize * comptime!(plan.words).runtime();
    let size = Sizes {
        group: group as usize,
        elements: elements as usize,
        parts: parts as usize,
    };
    let samples = Samples {
        begin: begin as usize,
        positions: positions as usize,
    };
    let spans = spans(n, &size, comptime!(plan.unit));
    let mut index = CUBE_POS as usize;
    while index < spans {
        let span = span(index, n, &size, comptime!(plan.unit));
        let first = span.first;
        let end = span.end;
        let mut start = first;
        while start < end {
            let i = start + UNIT_POS as usize;
            let at = min(i, end - 1);
            let raw = target[at];
            let target = label::<I>(raw);
            let pred = label::<P>(pred[at]);
            #[unroll]
            for k in 0..comptime!(plan.sinks.len()) {
                let sink = comptime!(plan.sinks[k]);
                let scanned = of_labels_pair(pred, target, comptime!(sink.classes()));
                let row = row(
                    scanned,
                    weights,
                    target,
                    at,
                    i < end,
                    &samples,
                    comptime!(plan.clone()),
                );
                take_labels::<I>(
                    counts,
                    words,
                    &mut keep,
                    &mut board,
                    &row,
                    raw,
                    slot,
                    (at - first) / size.elements,
                    sink,
                    comptime!(plan.how()),
                );
            }
            start += comptime!(UNITS as usize).runtime();
        }
        end_span(counts, &mut keep, &span, &size, comptime!(plan.clone()));
        index += CUBE_COUNT;
    }
    keep.end(counts, words, &mut board, slot, plan);
}

/// What a scan would say of a prediction.
#[cube]
fn of_labels_pair(pred: i32, target: i32, #[comptime] classes: usize) -> Scanned {
    Scanned {
        best: pred,
        rank: label_rank(pred, target, comptime!(classes as i32).runtime()),
        max: 0.0f32,
        others: 0.0f32,
        log_sum: 0.0f32,
        loss: 0.0f32,
        own: 0.0f32,
        rival: 0.0f32,
        outside: false,
    }
}

/// Hands a row to a sink that needs no scores.
#[cube]
#[allow(clippy::too_many_arguments)]
fn take_labels<I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    keep: &mut Keep,
    board: &mut Board,
    row: &Row,
    raw: I,
    slot: usize,
    unit: usize,
    #[comptime] sink: KernelSink,
    #[comptime] how: How,
) {
    if comptime!(sink.is_cells() && sink.is_held()) {
        weigh_row::<I>(counts, words, keep, board, row, raw, slot, sink, how);
    } else if comptime!(sink.is_cells() || (sink.is_by_sample() && !sink.is_hits())) {
        if row.first && row.inside {
            count_row::<I>(counts, keep, row, raw, sink, how);
        }
    } else if comptime!(sink.is_hits()) {
        if row.first && row.inside {
            count_hit::<I>(counts, keep, row, raw, sink, how);
        }
    } else if comptime!(sink.is_units()) {
        if row.first && row.inside {
            match_row::<I>(counts, keep, row, raw, unit, sink, how);
        }
    }
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn scores_pass<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    lists: &mut Tensor<u32>,
    constants: &Tensor<f32>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    weights: &Tensor<f32>,
    epoch: i32,
    listed: u32,
    capacity: u32,
    infinite: f32,
    group: u32,
    elements: u32,
    parts: u32,
    begin: u32,
    positions: u32,
    #[comptime] plan: KernelPlan,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let n = scores.shape(0);
    let classes = scores.shape(1);
    let team = comptime!(plan.wants.team);
    let mut board = board();
    let mut keep = start(comptime!(plan.clone()));
    let softmax = are_logits::<F>(
        &*counts,
        scores,
        epoch,
        comptime!(plan.wants.slack.get()).runtime(),
        comptime!(plan.scores),
        comptime!(plan.counts),
    );
    let slot = CUBE_POS as usize * comptime!(plan.words).runtime();
    let size = Sizes {
        group: group as usize,
        elements: elements as usize,
        parts: parts as usize,
    };
    let samples = Samples {
        begin: begin as usize,
        positions: positions as usize,
    };
    let spans = spans(n, &size, comptime!(plan.unit));
    let mut index = CUBE_POS as usize;
    while index < spans {
        let span = span(index, n, &size, comptime!(plan.unit));
        let first = span.first;
        let end = span.end;
        let mut start = first;
        while start < end {
            let i = start + (UNIT_POS / team) as usize;
            let at = min(i, end - 1);
            let raw = target[at];
            let target = label::<I>(raw);
            let from = at * scores.stride(0);
            let scanned = scan::<F>(
                scores,
                &mut board,
                from,
                classes,
                target,
                infinite,
                comptime!(plan.wants),
            );
            let row = row(
                scanned,
                weights,
                target,
                at,
                i < end,
                &samples,
                comptime!(plan.clone()),
            );
            let of_row = Scores {
                from,
                classes,
                softmax,
            };
            #[unroll]
            for k in 0..comptime!(plan.sinks.len()) {
                let sink = comptime!(plan.sinks[k]);
                if comptime!(sink.is_brier()) {
                    add_brier::<F, I>(
                        counts,
                        &mut keep,
                        &mut board,
                        scores,
                        &of_row,
                        &row,
                        raw,
                        sink,
                        comptime!(plan.how()),
                    );
                } else if comptime!(sink.is_hinge()) {
                    if row.first && row.inside {
                        add_hinge::<I>(
                            counts,
                            &mut keep,
                            &of_row,
                            &row,
                            raw,
                            sink,
                            comptime!(plan.how()),
                        );
                    }
                } else if comptime!(sink.is_hinges()) {
                    if row.inside {
                        add_hinges::<F, I>(
                            counts,
                            &mut keep,
                            scores,
                            &of_row,
                            &row,
                            raw,
                            sink,
                            comptime!(plan.how()),
                        );
                    }
                } else if comptime!(sink.is_thresholds() && sink.is_held()) {
                    weigh_thresholds::<F, I>(
                        counts,
                        words,
                        &mut keep,
                        &mut board,
                        constants,
                        scores,
                        &of_row,
                        &row,
                        raw,
                        slot,
                        sink,
                        comptime!(plan.how()),
                    );
                } else if comptime!(sink.is_class_bins()) {
                    weigh_classes::<F, I>(
                        counts,
                        words,
                        &mut keep,
                        &mut board,
                        constants,
                        scores,
                        &of_row,
                        &row,
                        raw,
                        slot,
                        sink,
                        comptime!(plan.how()),
                    );
                } else if comptime!(sink.is_thresholds()) {
                    if row.inside {
                        count_thresholds::<F, I>(
                            counts,
                            &mut keep,
                            constants,
                            scores,
                            &of_row,
                            &row,
                            raw,
                            sink,
                            comptime!(plan.how()),
                        );
                    }
                } else if comptime!(sink.is_keys()) {
                    let spot = Spot {
                        row: listed as usize + at,
                        capacity: capacity as usize,
                        infinite,
                    };
                    add_keys::<F, I>(
                        counts,
                        lists,
                        &mut keep,
                        &mut board,
                        scores,
                        &of_row,
                        &row,
                        raw,
                        &spot,
                        sink,
                        comptime!(plan.how()),
                    );
                } else if comptime!(sink.is_loss()) {
                    if row.first && row.inside {
                        add_loss::<I>(counts, &mut keep, &row, raw, sink, comptime!(plan.how()));
                    }
                } else if comptime!(sink.is_bins() && sink.is_held()) {
                    weigh_confidence::<I>(
                        counts,
                        words,
                        &mut keep,
                        &mut board,
                        constants,
                        &row,
                        raw,
                        softmax,
                        slot,
                        sink,
                        comptime!(plan.how()),
                    );
                } else if comptime!(sink.is_bins()) {
                    if row.first && row.inside {
                        add_confidence::<I>(
                            counts,
                            &mut keep,
                            constants,
                            &row,
                            raw,
                            softmax,
                            sink,
                            comptime!(plan.how()),
                        );
                    }
                } else {
                    take_labels::<I>(
                        counts,
                        words,
                        &mut keep,
                        &mut board,
                        &row,
                        raw,
                        slot,
                        (at - first) / size.elements,
                        sink,
                        comptime!(plan.how()),
                    );
                }
            }
            start += comptime!((UNITS / team) as usize).runtime();
        }
        end_span(counts, &mut keep, &span, &size, comptime!(plan.clone()));
        index += CUBE_COUNT;
    }
    if CUBE_POS == 0 && UNIT_POS == 0 {
        #[unroll]
        for k in 0..comptime!(plan.sinks.len()) {
            let sink = comptime!(plan.sinks[k]);
            if comptime!(sink.asks()) {
                let kind = select(softmax, 1usize, 0usize);
                let place = comptime!(sink.rejected() + REASONS).runtime() + kind;
                count_at(counts, &mut keep, place, sink, comptime!(plan.how()));
            }
        }
    }
    keep.end(counts, words, &mut board, slot, plan);
}
