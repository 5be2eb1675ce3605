//! The pass in host memory: blocks of rows, each scanned once and then taken by every sink.

mod keys;
mod samples;
mod scores;

use self::samples::{Samples, Units};
use super::{Need, Predictions, RowSink, Rows, need};
use crate::{
    REJECTED_SLOTS, Reason,
    framework::pass::{HostList, Input, Placed, Plan},
    ops::{
        ConfusionOptions, ScoreKind,
        host::{
            Ints, Reached, counters, floats, ints, label_confusion, label_margins, note_kind,
            outside_unit, passes, scan,
        },
        scalar::is_weight,
    },
};

/// Scores of a block: they fit the second-level cache of a few cores, and are enough for several threads.
const BLOCK: usize = 1 << 18;

/// Labels of a block: they and their ranks fit the second-level cache.
const LABELS: usize = 1 << 15;

pub(super) fn pass(
    rows: &Rows,
    plan: &Plan<RowSink>,
    counts: &mut [i32],
    numbers: &mut [f64],
    lists: &mut [HostList],
) {
    let (counts, samples) = plan.split(counts, rows.samples());
    let mut samples = Samples {
        counts: samples,
        elements: rows.elements(),
    };
    let weights = |f: &mut dyn FnMut(Option<&[f32]>)| match &rows.weights {
        Some(weights) => floats(weights, |weights| f(Some(weights))),
        None => f(None),
    };
    ints(&rows.target, |target| {
        weights(&mut |weights| match &rows.predictions {
            Predictions::Scores(scores) => {
                let [_, classes] = scores.dims();
                floats(scores, |scores| {
                    let input = Scores {
                        scores,
                        classes,
                        target,
                        weights,
                        elements: rows.elements(),
                        known: None,
                        slack: rows.slack,
                    };
                    match rows.scan.get() {
                        Some((ranks, scan)) => counters(ranks, |ranks| {
                            floats(scan, |scan| {
                                let known = Some((ranks, scan));
                                let input = Scores { known, ..input };
                                input.pass(rows.kind, plan, (counts, numbers, &mut samples), lists);
                            });
                        }),
                        None => input.pass(rows.kind, plan, (counts, numbers, &mut samples), lists),
                    }
                });
            }
            Predictions::Labels(pred) => ints(pred, |pred| {
                labels(
                    (pred, target, weights),
                    rows.elements(),
                    plan,
                    (counts, numbers, &mut samples),
                );
            }),
        });
    });
}

/// A batch of scores.
#[derive(Clone, Copy)]
struct Scores<'a> {
    scores: &'a [f32],
    classes: usize,
    target: Ints<'a>,
    weights: Option<&'a [f32]>,
    /// Rows of a unit.
    elements: usize,
    /// What [`row_scan`](crate::ops::row_scan) yielded, if somebody has asked for it.
    known: Option<(&'a [i32], &'a [f32])>,
    /// How far outside `[0, 1]` a probability may lie.
    slack: f32,
}

impl Scores<'_> {
    fn pass(
        &self,
        kind: ScoreKind,
        plan: &Plan<RowSink>,
        (counts, numbers, samples): (&mut [i32], &mut [f64], &mut Samples),
        lists: &mut [HostList],
    ) {
        let need = need(&plan.sinks);
        let asks = plan.sinks.iter().any(|placed| placed.sink.asks());
        let softmax = match kind {
            ScoreKind::Auto => asks && outside_unit(self.scores, self.slack),
            ScoreKind::Probabilities => false,
            ScoreKind::Logits => true,
        };
        let n = self.target.len();
        let size = (BLOCK / self.classes.max(1)).clamp(1, n.max(1));
        let mut ranks = vec![0; 2 * size];
        let mut units = Units::new(plan, n);
        let mut pieces = keys::Pieces::new(plan, lists, n);
        let mut likelihoods = vec![0.0; if need > Need::Ranks { 4 * size } else { 0 }];
        for from in (0..n).step_by(size) {
            let to = (from + size).min(n);
            let scores = &self.scores[from * self.classes..to * self.classes];
            let target = self.target.range(from..to);
            let ranks = &mut ranks[..2 * (to - from)];
            let floats = if need > Need::Ranks {
                &mut likelihoods[..4 * (to - from)]
            } else {
                &mut []
            };
            if let Some(known) = self.known {
                copy_rows(known.0, n, from, ranks);
                copy_rows(known.1, n, from, floats);
            } else if need > Need::Ranks {
                scan::row_scan(scores, self.classes, target, ranks, floats);
            } else if need == Need::Ranks {
                scan::row_ranks(scores, self.classes, target, ranks);
            }
            let block = Block {
                scores,
                classes: self.classes,
                ranks,
                floats,
                target,
                weights: self.weights.map(|weights| &weights[from..to]),
                softmax,
                slack: self.slack,
            };
            for placed in &plan.sinks {
                block.sink(placed, counts, numbers);
            }
            units.add(&block, plan, from);
            for placed in &plan.sinks {
                samples.add(&block, placed, plan.samples, from, counts);
            }
            pieces.add(&block, plan, from, counts);
        }
        units.count(plan, self.elements, counts);
        let asking = plan.sinks.iter().filter(|placed| placed.sink.asks());
        for placed in asking.filter(|_| n > 0) {
            note_kind(placed.counts_of(counts), softmax);
        }
    }
}

/// Copies columns from `from` on of `[K, n]` to the smaller `[K, _]`, which may have fewer rows.
fn copy_rows<T: Copy>(all: &[T], n: usize, from: usize, some: &mut [T]) {
    let width = if some.is_empty() {
        1
    } else {
        some.len() * n / all.len()
    };
    for (row, some) in all.chunks(n.max(1)).zip(some.chunks_mut(width.max(1))) {
        some.copy_from_slice(&row[from..from + some.len()]);
    }
}

/// Pairs of labels. Counts without weights need no ranks.
fn labels(
    (pred, target, weights): (Ints, Ints, Option<&[f32]>),
    elements: usize,
    plan: &Plan<RowSink>,
    (counts, numbers, samples): (&mut [i32], &mut [f64], &mut Samples),
) {
    let n = target.len();
    // One sink takes all threads by itself.
    let size = if plan.sinks.len() == 1 && weights.is_none() && plan.samples == 0 {
        n
    } else {
        LABELS
    };
    let mut ranks = Vec::new();
    let mut units = Units::new(plan, n);
    for from in (0..n).step_by(size.max(1)) {
        let range = from..(from + size).min(n);
        let (pred, target) = (pred.range(range.clone()), target.range(range.clone()));
        for (index, placed) in plan.sinks.iter().enumerate() {
            match (&placed.sink, weights) {
                (RowSink::Matrix(options), None) => {
                    label_confusion(placed.counts_of(counts), pred, target, *options);
                }
                (RowSink::Margins(options), None) => {
                    label_margins(placed.counts_of(counts), pred, target, *options);
                }
                (RowSink::Matrix(options) | RowSink::Margins(options), Some(weights)) => {
                    let weights = Some(&weights[range.clone()]);
                    let block = Block::of_labels(pred, target, options.classes, &mut ranks);
                    let block = Block { weights, ..block };
                    block.sink(placed, counts, numbers);
                }
                (
                    RowSink::Units {
                        classes,
                        ignore_index,
                    },
                    _,
                ) => {
                    let block = Block::of_labels(pred, target, *classes, &mut ranks);
                    block.hits(*ignore_index, &mut units.hits[index][range.clone()]);
                }
                // An accumulator's check keeps labels from what needs scores.
                _ => {}
            }
        }
        for placed in plan.sinks.iter().filter(|placed| placed.size.samples > 0) {
            let classes = match &placed.sink {
                RowSink::SampleHits { classes, .. } => *classes,
                RowSink::Samples(options) => options.classes,
                _ => continue,
            };
            let block = Block::of_labels(pred, target, classes, &mut ranks);
            samples.add(&block, placed, plan.samples, range.start, counts);
        }
    }
    units.count(plan, elements, counts);
}

/// Rows that have been scanned.
struct Block<'a> {
    /// `[N, C]`, or empty.
    scores: &'a [f32],
    classes: usize,
    /// `[2, N]`, see [`ops::row_ranks`](crate::ops::row_ranks).
    ranks: &'a [i32],
    /// `[4, N]`, see [`ops::row_scan`](crate::ops::row_scan), or empty.
    floats: &'a [f32],
    target: Ints<'a>,
    weights: Option<&'a [f32]>,
    /// Whether the scores are logits.
    softmax: bool,
    /// How far outside `[0, 1]` a probability may lie.
    slack: f32,
}

impl<'a> Block<'a> {
    /// Pairs of labels, without weights.
    fn of_labels(pred: Ints, target: Ints<'a>, classes: usize, ranks: &'a mut Vec<i32>) -> Self {
        ranks.resize(2 * target.len(), 0);
        passes::label_ranks(pred, target, classes, ranks);
        Self {
            scores: &[],
            classes,
            ranks,
            floats: &[],
            target,
            weights: None,
            softmax: false,
            slack: 0.0,
        }
    }

    fn sink(&self, placed: &Placed<RowSink>, counts: &mut [i32], numbers: &mut [f64]) {
        let (counts, numbers) = (placed.counts_of(counts), placed.numbers_of(numbers));
        match (&placed.sink, self.weights) {
            (RowSink::Matrix(options), None) => {
                passes::confusion(counts, self.ranks, self.target, *options);
            }
            (RowSink::Margins(options), None) => {
                passes::class_margins(counts, self.ranks, self.target, *options);
            }
            (RowSink::Matrix(options), Some(weights)) => {
                let classes = options.classes;
                self.weigh(*options, weights, counts, |target, pred, weight| {
                    numbers[target * classes + pred] += weight;
                });
            }
            (RowSink::Margins(options), Some(weights)) => {
                let classes = options.classes;
                self.weigh(*options, weights, counts, |target, pred, weight| {
                    if target == pred {
                        numbers[target] += weight;
                    } else {
                        numbers[classes + pred] += weight;
                        numbers[2 * classes + target] += weight;
                    }
                });
            }
            (RowSink::LogLikelihood { ignore_index }, weights) => {
                self.log_likelihood(*ignore_index, weights, counts, numbers);
            }
            (RowSink::Calibration { bins, ignore_index }, weights) => {
                self.calibration(*bins, *ignore_index, weights, counts, numbers);
            }
            (RowSink::Brier { ignore_index }, _) => self.brier(*ignore_index, counts, numbers),
            (RowSink::Hinge(margin), _) => self.hinge(*margin, counts, numbers),
            (RowSink::Thresholds { ignore_index, .. }, _) => {
                let thresholds = placed.sink.thresholds();
                self.thresholds(&thresholds, *ignore_index, counts, numbers);
            }
            (
                RowSink::ClassBins {
                    bins, ignore_index, ..
                },
                _,
            ) => self.class_bins(*bins, *ignore_index, counts, numbers),
            // Units and samples may lie in several blocks, and lists grow with all of them.
            (
                RowSink::Units { .. }
                | RowSink::Keys { .. }
                | RowSink::Samples(_)
                | RowSink::SampleHits { .. },
                _,
            ) => {}
        }
    }

    /// Calls `f` with the target, the prediction and the weight of each row that weighs anything.
    fn weigh(
        &self,
        options: ConfusionOptions,
        weights: &[f32],
        rejected: &mut [i32],
        mut f: impl FnMut(usize, usize, f64),
    ) {
        let mut weights = weights.iter();
        passes::each_prediction(self.ranks, self.target, options, |outcome| {
            let weight = weights.next().copied().unwrap_or(f32::NAN);
            match outcome {
                Err(slot) => rejected[slot] += 1,
                Ok(_) if !is_weight(weight) => rejected[Reason::InvalidWeight as usize] += 1,
                Ok((target, pred)) => f(target, pred, f64::from(weight)),
            }
        });
    }

    fn log_likelihood(
        &self,
        ignore_index: Option<i64>,
        weights: Option<&[f32]>,
        counts: &mut [i32],
        numbers: &mut [f64],
    ) {
        let n = self.target.len();
        let (ranks, losses) = (&self.ranks[n..], &self.floats[3 * n..]);
        let (mut used, mut loss_sum, mut weight_sum) = (0, 0.0, 0.0);
        let rejected = counts.len() - REJECTED_SLOTS;
        self.target.each(|i, target| {
            let reason = if ignore_index == Some(target) {
                Reason::Ignored as usize
            } else if ranks[i] < 0 {
                passes::slot(ranks[i])
            } else if losses[i].is_nan() {
                Reason::Nan as usize
            } else {
                let Some(weights) = weights else {
                    used += 1;
                    loss_sum += f64::from(losses[i]);
                    return;
                };
                if is_weight(weights[i]) {
                    if weights[i] > 0.0 {
                        loss_sum += f64::from(weights[i]) * f64::from(losses[i]);
                        weight_sum += f64::from(weights[i]);
                    }
                    return;
                }
                Reason::InvalidWeight as usize
            };
            counts[rejected + reason] += 1;
        });
        numbers[0] += loss_sum;
        if weights.is_some() {
            numbers[1] += weight_sum;
        } else {
            counts[0] += used;
        }
    }

    fn calibration(
        &self,
        bins: usize,
        ignore_index: Option<i64>,
        weights: Option<&[f32]>,
        counts: &mut [i32],
        numbers: &mut [f64],
    ) {
        let n = self.target.len();
        let (mut hits, mut confidence) = (vec![0; n], vec![0.0; n]);
        passes::top_confidence(
            (self.ranks, self.floats, self.target),
            (self.softmax, self.slack),
            ignore_index,
            (&mut hits, &mut confidence),
        );
        let reached = Reached::of_bins(bins);
        let rejected = counts.len() - REJECTED_SLOTS;
        for (i, (confidence, hit)) in confidence.iter().zip(&hits).enumerate() {
            if *hit < 0 {
                counts[rejected + passes::slot(*hit)] += 1;
                continue;
            }
            let (bin, confidence) = (reached.bin(*confidence), f64::from(*confidence));
            match weights.map(|weights| weights[i]) {
                None => {
                    counts[bin] += 1;
                    counts[bins + bin] += hit;
                    numbers[bin] += confidence;
                }
                Some(weight) if is_weight(weight) => {
                    let weight = f64::from(weight);
                    numbers[*hit as usize * bins + bin] += weight;
                    numbers[2 * bins + bin] += weight * confidence;
                }
                Some(_) => counts[rejected + Reason::InvalidWeight as usize] += 1,
            }
        }
    }
}
