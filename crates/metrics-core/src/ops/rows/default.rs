//! The pass as tensor operations, sink by sink.

use super::{Need, Predictions, RowSink, Rows, need};
use crate::{
    framework::pass::{DeviceState, Plan},
    ops::{self, ScoreKind},
};
use burn::tensor::{DType, Int, Tensor};

pub(super) fn pass(rows: &Rows, plan: &Plan<RowSink>, mut state: DeviceState) -> DeviceState {
    let need = need(plan);
    let target = || rows.target.clone();
    let scan = match &rows.predictions {
        Predictions::Scores(scores) if need > Need::Ranks => Some(
            (rows.scan)
                .get_or_init(|| ops::row_scan(scores.clone(), target()))
                .clone(),
        ),
        _ => None,
    };
    let ranks = |classes: usize| match (&scan, &rows.predictions) {
        (Some((ranks, _)), _) => ranks.clone(),
        (None, Predictions::Scores(scores)) => ops::row_ranks(scores.clone(), target()),
        (None, Predictions::Labels(pred)) => ops::label_ranks(pred.clone(), target(), classes),
    };
    let (mut shared, device) = (None, rows.target.device());
    let zeros = |len: usize| Tensor::<1, Int>::zeros([len], (&device, DType::I32));
    for placed in &plan.sinks {
        match (&placed.sink, &rows.weights) {
            (RowSink::Matrix(options), None) => state.count(placed, |counts| {
                if let Predictions::Labels(pred) = &rows.predictions {
                    return ops::label_confusion(counts, pred.clone(), target(), *options);
                }
                let ranks = shared.get_or_insert_with(|| ranks(options.classes)).clone();
                ops::confusion(counts, ranks, target(), *options)
            }),
            (RowSink::Margins(options), None) => state.count(placed, |counts| {
                if let Predictions::Labels(pred) = &rows.predictions {
                    return ops::label_margins(counts, pred.clone(), target(), *options);
                }
                let ranks = shared.get_or_insert_with(|| ranks(options.classes)).clone();
                ops::class_margins(counts, ranks, target(), *options)
            }),
            (RowSink::Matrix(options), Some(weights)) => {
                let cells = ops::confusion_cells(ranks(options.classes), target(), *options);
                let weights = weights.clone();
                state.add(placed, |counts, sums| {
                    ops::weighted_counts(counts, sums, cells, weights)
                });
            }
            (RowSink::Margins(options), Some(weights)) => {
                let ranks = ranks(options.classes);
                let (outcome, missed) = ops::outcome_cells(ranks, target(), *options);
                let (cells, weights) =
                    ops::in_two_cells(outcome, weights.clone(), missed, weights.clone());
                state.add(placed, |counts, sums| {
                    ops::weighted_counts(counts, sums, cells, weights)
                });
            }
            (RowSink::LogLikelihood { ignore_index }, weights) => {
                // An accumulator's check keeps a batch without scores from getting here.
                let Some((ranks, scan)) = scan.clone() else {
                    continue;
                };
                state.add(placed, |counts, sums| match weights {
                    None => ops::log_likelihood(counts, sums, ranks, scan, target(), *ignore_index),
                    Some(weights) => {
                        let weights = weights.clone();
                        let (counts, batch) = ops::weighted_log_likelihood(
                            counts,
                            ranks,
                            scan,
                            target(),
                            weights,
                            *ignore_index,
                        );
                        (counts, ops::add_compensated(sums, batch))
                    }
                });
            }
            (RowSink::Calibration { bins, ignore_index }, weights) => {
                let (Some((ranks, scan)), Predictions::Scores(scores)) =
                    (scan.clone(), &rows.predictions)
                else {
                    continue;
                };
                let outside = match rows.kind {
                    ScoreKind::Auto => ops::outside_unit(scores.clone()),
                    _ => zeros(1),
                };
                let (hit, confidence) =
                    ops::top_confidence(ranks, scan, target(), outside, rows.kind, *ignore_index);
                let Some(weights) = weights else {
                    state.add(placed, |counts, sums| {
                        ops::bin_confidence(counts, sums, confidence, hit, *bins)
                    });
                    continue;
                };
                let (cells, weights) = ops::weighted_bins(confidence, hit, weights.clone(), *bins);
                state.add(placed, |counts, sums| {
                    ops::weighted_counts(counts, sums, cells, weights)
                });
            }
        }
    }
    state
}
