//! The pass as tensor operations, sink by sink.

mod cells;
mod losses;

use super::{HingeSink, Need, Predictions, RowSink, Rows, UNIT_NOTES, need};
use crate::{
    REJECTED_SLOTS, Reason,
    framework::pass::{DeviceState, Input, Placed},
    ops::{
        self, ConfusionOptions, MarginOptions, ScoreKind, keys::default as keys,
        labels::count_rejected,
    },
};
use burn::tensor::{Bool, DType, FloatDType, Int, Tensor};
use cells::{confusion, confusion_cells, label_confusion, label_margins, outcome_cells};
use losses::{log_likelihood, top_confidence, weighted_log_likelihood};

pub(super) fn pass(
    rows: &Rows,
    sinks: Vec<&Placed<RowSink>>,
    mut state: DeviceState,
) -> DeviceState {
    let need = need(sinks.iter().copied());
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
    for placed in sinks.iter().filter(|placed| placed.sink.asks()) {
        state.count(placed, |counts| rows.count_kind(counts));
    }
    let mut lists = Vec::new();
    let (mut shared, device) = (None, rows.target.device());
    let zeros = |len: usize| Tensor::<1, Int>::zeros([len], (&device, DType::I32));
    for placed in sinks {
        match (&placed.sink, &rows.weights) {
            (RowSink::Matrix(options), None) => state.count(placed, |counts| {
                if let Predictions::Labels(pred) = &rows.predictions {
                    return label_confusion(counts, pred.clone(), target(), *options);
                }
                let ranks = shared.get_or_insert_with(|| ranks(options.classes)).clone();
                confusion(counts, ranks, target(), *options)
            }),
            (RowSink::Margins(options), None) => state.count(placed, |counts| {
                if let Predictions::Labels(pred) = &rows.predictions {
                    return label_margins(counts, pred.clone(), target(), *options);
                }
                let ranks = shared.get_or_insert_with(|| ranks(options.classes)).clone();
                ops::class_margins(counts, ranks, target(), *options)
            }),
            (RowSink::Matrix(options), Some(weights)) => {
                let cells = confusion_cells(ranks(options.classes), target(), *options);
                let weights = weights.clone();
                state.add(placed, |counts, sums| {
                    ops::weighted_counts(counts, sums, cells, weights)
                });
            }
            (RowSink::Margins(options), Some(weights)) => {
                let ranks = ranks(options.classes);
                let (outcome, missed) = outcome_cells(ranks, target(), *options);
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
                    None => log_likelihood(counts, sums, ranks, scan, target(), *ignore_index),
                    Some(weights) => {
                        let weights = weights.clone();
                        let (counts, batch) = weighted_log_likelihood(
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
                    ScoreKind::Auto => rows.outside(scores),
                    _ => zeros(1),
                };
                let (hit, confidence) = top_confidence(
                    (ranks, scan),
                    target(),
                    (outside, rows.kind, rows.slack),
                    *ignore_index,
                );
                let Some(weights) = weights else {
                    state.add(placed, |counts, sums| {
                        ops::bin_confidence(counts, sums, confidence, hit, *bins)
                    });
                    continue;
                };
                let (confidence, hit) = (confidence.unsqueeze_dim(1), hit.unsqueeze_dim(1));
                let (cells, weights) = ops::weighted_bins(confidence, hit, weights.clone(), *bins);
                state.add(placed, |counts, sums| {
                    ops::weighted_counts(counts, sums, cells, weights)
                });
            }
            (
                RowSink::Units {
                    classes,
                    ignore_index,
                },
                _,
            ) => {
                let options = ConfusionOptions {
                    classes: *classes,
                    top_k: 1,
                    ignore_index: *ignore_index,
                };
                let (elements, [n]) = (rows.elements(), rows.target.dims());
                let hits = ops::hits(ranks(*classes), target(), options);
                let hits = hits.reshape([n / elements, elements]);
                state.count(placed, |counts| {
                    let [len] = counts.dims();
                    let matches = ops::unit_matches(counts.clone().slice(UNIT_NOTES..len), hits, 1);
                    counts.slice_assign(UNIT_NOTES..len, matches)
                });
            }
            (RowSink::Samples(options), _) => {
                let (samples, classes) = (rows.samples(), options.classes);
                // Each sample has classes of its own.
                let all = ConfusionOptions {
                    classes: samples * classes,
                    ignore_index: None,
                    ..*options
                };
                let (ranks, target) =
                    ops::classes_by_sample(ranks(classes), target(), samples, *options);
                let cells = 3 * all.classes;
                let counted = ops::class_margins(zeros(cells + REJECTED_SLOTS), ranks, target, all);
                // From margins by sample to samples with three margins each.
                let margins = (counted.clone().slice(0..cells))
                    .reshape([3, samples, classes])
                    .swap_dims(0, 1)
                    .reshape([cells]);
                let rejected = counted.slice(cells..cells + REJECTED_SLOTS);
                let counted = Tensor::cat(vec![margins, rejected], 0);
                state.keep_samples(placed, counted, samples);
            }
            (
                RowSink::SampleHits {
                    classes,
                    ignore_index,
                },
                _,
            ) => {
                let options = ConfusionOptions {
                    classes: *classes,
                    top_k: 1,
                    ignore_index: *ignore_index,
                };
                let (samples, [n]) = (rows.samples(), rows.target.dims());
                let hits = ops::hits(ranks(*classes), target(), options);
                let by_sample = hits.clone().reshape([samples, n / samples.max(1)]);
                let count = |rows: Tensor<2, Bool>| ops::as_i32(rows.int()).sum_dim(1);
                let counted = Tensor::cat(
                    vec![
                        count(by_sample.clone().equal_elem(0)),
                        count(by_sample.clone().equal_elem(1)),
                        count(by_sample.lower_elem(Reason::Ignored.code())),
                    ],
                    1,
                );
                let rejected = count_rejected(zeros(REJECTED_SLOTS), hits);
                let counted = Tensor::cat(vec![counted.reshape([3 * samples]), rejected], 0);
                state.keep_samples(placed, counted, samples);
            }
            (
                RowSink::ClassBins {
                    bins, ignore_index, ..
                },
                weights,
            ) => {
                let probabilities = rows.some_probabilities();
                let dims @ [n, classes] = probabilities.dims();
                let codes = ops::class_codes(probabilities.clone(), target(), *ignore_index);
                let weights = match weights {
                    Some(weights) => weights.clone().reshape([n, 1]).expand(dims),
                    None => Tensor::ones(dims, (&device, DType::F32)),
                };
                let weights = weights.reshape([n * classes]);
                let (cells, weights) = ops::weighted_bins(probabilities, codes, weights, *bins);
                state.add(placed, |counts, sums| {
                    weigh_once(counts, sums, (cells, weights), classes)
                });
            }
            (RowSink::Brier { ignore_index }, weights) => {
                let (errors, codes) = rows.squared_errors(*ignore_index);
                state.add(placed, |counts, sums| {
                    ops::term_sums(counts, sums, errors, codes, weights.clone())
                });
            }
            (RowSink::Hinge(options), weights) => {
                let (losses, codes) = rows.hinge_losses(*options);
                state.add(placed, |counts, sums| {
                    ops::term_sums(counts, sums, losses, codes, weights.clone())
                });
            }
            (RowSink::Thresholds { ignore_index, .. }, weights) => {
                let (thresholds, [n]) = (placed.sink.thresholds(), rows.target.dims());
                let probabilities = rows.some_probabilities();
                let [_, classes] = probabilities.dims();
                let codes = ops::class_codes(probabilities.clone(), target(), *ignore_index);
                let Some(weights) = weights else {
                    state.count(placed, |counts| {
                        once(counts, classes, |counts| {
                            ops::threshold_counts(counts, probabilities, codes, &thresholds)
                        })
                    });
                    continue;
                };
                let weights = weights.clone().reshape([n, 1]).expand([n, classes]);
                let weights = weights.reshape([n * classes]);
                let cells = ops::threshold_cells(probabilities, codes, &thresholds);
                state.add(placed, |counts, sums| {
                    weigh_once(counts, sums, (cells, weights), classes)
                });
            }
            (RowSink::Keys { ignore_index, .. }, weights) => {
                let (keys, codes) = rows.keys(*ignore_index);
                lists.extend(ops::listed(
                    &mut state,
                    placed,
                    keys,
                    codes,
                    weights.clone(),
                ));
            }
        }
    }
    if lists.is_empty() {
        return state;
    }
    let [n] = rows.target.dims();
    state.list(n, lists)
}

/// What `update` makes of counters, with one rejected row in place of as many as there are classes.
fn once(
    counts: Tensor<1, Int>,
    classes: usize,
    update: impl FnOnce(Tensor<1, Int>) -> Tensor<1, Int>,
) -> Tensor<1, Int> {
    let [len] = counts.dims();
    let rejected = len - REJECTED_SLOTS..len;
    let before = counts.clone().slice(rejected.clone());
    let counts = update(counts);
    let more = counts.clone().slice(rejected.clone()) - before.clone();
    counts.slice_assign(rejected, before + more.div_scalar(classes.max(1) as i32))
}

/// See [`ops::weighted_counts`], of rows that are rejected once and not as often as there are classes.
fn weigh_once(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    (cells, weights): (Tensor<1, Int>, Tensor<1>),
    classes: usize,
) -> (Tensor<1, Int>, Tensor<1>) {
    let mut added = sums.clone();
    let counts = once(counts, classes, |counts| {
        let (counts, sums) = ops::weighted_counts(counts, sums, cells, weights);
        added = sums;
        counts
    });
    (counts, added)
}

impl Rows {
    /// The probabilities; without scores, which a check keeps from getting here, none.
    fn some_probabilities(&self) -> Tensor<2> {
        let none = || Tensor::zeros([0, 1], &self.target.device());
        self.probabilities().unwrap_or_else(none)
    }

    /// The keys of all classes `[N, C]`, and a negative code for rows to leave out `[N, 1]`.
    fn keys(&self, ignore_index: Option<i64>) -> (Tensor<2, Int>, Tensor<2, Int>) {
        let probabilities = self.some_probabilities();
        let dims @ [n, _] = probabilities.dims();
        let codes = ops::class_codes(probabilities.clone(), self.target.clone(), ignore_index);
        let rejected = codes.clone().slice([0..n, 0..1]).clamp_max(0);
        let of_probabilities = || keys::keys(probabilities, codes.clone());
        let keys = match self.scores() {
            Some(scores) if self.kind != ScoreKind::Probabilities => {
                let odds = keys::log_odds(scores.clone().cast(FloatDType::F32));
                let of_logits = keys::logit_keys(odds, codes.clone());
                if self.kind == ScoreKind::Logits {
                    of_logits
                } else {
                    let logits = self.outside(scores).greater_elem(0).reshape([1, 1]);
                    of_probabilities().mask_where(logits.expand(dims), of_logits)
                }
            }
            _ => of_probabilities(),
        };
        (keys, rejected)
    }

    /// The sum of the squared errors of each row's classes, and 1 `[N, 1, 2]`; and a negative code for rows to
    /// leave out.
    pub(crate) fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        let probabilities = self.some_probabilities();
        let [n, _] = probabilities.dims();
        let codes = ops::class_codes(probabilities.clone(), self.target.clone(), ignore_index);
        let targets = codes.clone().cast(FloatDType::F32);
        let errors = (probabilities.cast(FloatDType::F32) - targets).square();
        let errors = errors.sum_dim(1);
        let ones = errors.ones_like();
        let terms = Tensor::cat(vec![errors, ones], 1).reshape([n, 1, 2]);
        // A rejected row has its code at every class.
        (terms, codes.slice([0..n, 0..1]))
    }

    /// The scores that margins are of `[N, C]`, and for each 1, 0 or the code of a row to leave out. `raw` says that
    /// the scores are to be taken as they are.
    pub(crate) fn scored(
        &self,
        raw: bool,
        ignore_index: Option<i64>,
    ) -> (Tensor<2>, Tensor<2, Int>) {
        let (scores, checked) = match self.scores() {
            Some(scores) if raw => unchecked(scores.clone()),
            _ => (self.some_probabilities(), self.some_probabilities()),
        };
        let codes = ops::class_codes(checked, self.target.clone(), ignore_index);
        (scores, codes)
    }

    /// The hinge losses `[N, 1, K]`, and a negative code for rows to leave out.
    fn hinge_losses(&self, options: HingeSink) -> (Tensor<3>, Tensor<2, Int>) {
        let (scores, codes) = self.scored(options.raw, options.ignore_index);
        let [n, classes] = scores.dims();
        let margin = MarginOptions {
            against_best: classes > 1 && !options.one_vs_rest,
            squared: options.squared,
        };
        let (losses, codes) = ops::hinge_losses(scores, codes, margin);
        let [_, terms] = losses.dims();
        (losses.reshape([n, 1, terms]), codes)
    }
}

/// Scores of any size in `f32`, and what there is to check of them: NaN, and else 0.
pub(crate) fn unchecked(scores: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let scores = scores.cast(FloatDType::F32);
    let number = scores.clone().is_nan().bool_not();
    (scores.clone(), scores.mask_fill(number, 0.0))
}
