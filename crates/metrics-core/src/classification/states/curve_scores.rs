//! Scores against targets: the state of every metric over all thresholds.

mod batch;
mod fold;
mod summary;
mod thresholds;

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected,
    batch::device_of,
    ops::{
        self,
        decisions::{DecisionSink, Real},
        rows::RowSink,
    },
    states::{Tally, TaskKind, confusion::at_least_one, fold::add_rejected},
};
pub use batch::ScoredBatch;
use burn::tensor::{DType, Int, Tensor};
use serde::Serialize;
use std::{marker::PhantomData, sync::Arc};
pub use summary::CurveScoresSummary;
use summary::Sorted;
pub use thresholds::Thresholds;

/// Keeps scores and targets, or counts them by threshold.
pub struct CurveScores<B> {
    pub(crate) options: CurveOptions,
    batch: PhantomData<fn(B)>,
}

/// The options of [`CurveScores`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CurveOptions {
    pub width: usize,
    pub thresholds: Thresholds,
    pub ignore_index: Option<i64>,
    /// Whether a metric needs more than the areas under the curves.
    pub whole: bool,
}

by_options!(CurveScores);

impl<B> CurveScores<B> {
    pub(crate) fn new(width: usize) -> Self {
        let thresholds = Thresholds::Exact;
        Self {
            options: CurveOptions {
                width,
                thresholds,
                ignore_index: None,
                whole: true,
            },
            batch: PhantomData,
        }
    }
}

impl<B: ScoredBatch> CurveScores<B> {
    /// Appends scores and targets, and weights from the first batch that has some.
    fn keep(&self, delta: &mut Delta, batch: &B) {
        let (probabilities, target) = batch.table();
        let [n, width] = probabilities.dims();
        let weights = match batch.row_weights() {
            None if delta.listed_floats("weights") > 0 => {
                Some(Tensor::ones([n], (&device_of(batch), DType::F32)))
            }
            weights => weights,
        };
        if let Some(weights) = weights {
            // Rows that had no weight weigh 1.
            let before = delta.listed_floats("scores") / width;
            if delta.listed_floats("weights") == 0 && before > 0 {
                let ones = Tensor::ones([before], (&weights.device(), DType::F32));
                delta.append_floats("weights", ones);
            }
            delta.append_floats("weights", weights);
        }
        delta.append_floats("scores", probabilities.reshape([n * width]));
        delta.append_ints(
            "targets",
            ops::mark_ignored(target, self.options.ignore_index),
        );
    }

    /// What areas come from, of keys that a pass has listed.
    fn areas_of_keys(&self, keys: Tensor<1, Int>) -> Option<Delta> {
        let [size] = keys.dims();
        let width = self.options.width;
        let of = |rows, columns| ops::key_areas(keys.clone().reshape([rows, columns]));
        let mut small = Delta::default();
        let (counts, precisions) = of(size / width, width)?;
        small.keep("columns", counts, precisions);
        if B::TASK == TaskKind::Multilabel {
            let (counts, precisions) = of(size, 1)?;
            small.keep("pooled", counts, precisions);
        }
        Some(small.into_condensed())
    }
}

impl<B: ScoredBatch> Accumulator for CurveScores<B> {
    type Batch = B;
    type Summary = CurveScoresSummary;

    fn identity(&self) -> Identity {
        Identity::new(format!("curve/{}", B::KIND), 2).with(&self.options)
    }

    fn empty(&self) -> CurveScoresSummary {
        let thresholds = self.options.thresholds.rising();
        let cells = thresholds
            .as_ref()
            .map_or(0, |t| 2 * self.options.width * (t.len() + 1));
        CurveScoresSummary {
            task: B::TASK,
            width: self.options.width,
            keys: Arc::default(),
            weights: Vec::new(),
            sorted: Sorted::default(),
            areas: None,
            thresholds,
            tally: Tally::new(cells),
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.options.width, "class")?;
        let invalid = match &self.options.thresholds {
            Thresholds::Exact => None,
            Thresholds::Count(count) if *count < 2 => Some(format!("{count} thresholds")),
            Thresholds::Octaves(0) => Some("no thresholds".into()),
            Thresholds::Count(_) | Thresholds::Octaves(_) => None,
            Thresholds::List(list) if list.is_empty() => Some("no thresholds".into()),
            Thresholds::List(list) => {
                let outside = list.iter().find(|t| !(0.0..=1.0).contains(*t));
                outside.map(|t| format!("a threshold of {t}, outside [0, 1]"))
            }
        };
        match invalid {
            None => Ok(()),
            Some(what) => Err(MetricError::InvalidOption(format!("a curve over {what}"))),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        let same = CurveOptions {
            whole: self.options.whole,
            ..other.options.clone()
        };
        self.options == same && self.options.whole >= other.options.whole
    }

    fn count_bound(&self, batch: &B) -> usize {
        // A rejected row of scores counts once per class.
        let repeats = if B::TASK == TaskKind::Multiclass {
            self.options.width
        } else {
            1
        };
        batch.count_bound().saturating_mul(repeats)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_width(self.options.width)
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        let ignore_index = self.options.ignore_index;
        let Some(thresholds) = self.options.thresholds.rising() else {
            return match batch.decisions() {
                Some(decisions) if decisions.are_listed() => {
                    delta.want((decisions, DecisionSink::Keys { ignore_index }));
                }
                _ => self.keep(delta, batch),
            };
        };
        if let Some(rows) = batch.rows() {
            let sink = RowSink::Thresholds {
                classes: self.options.width,
                thresholds: thresholds.into_iter().map(Real::new).collect(),
                ignore_index,
            };
            return delta.want((rows, sink));
        }
        if let Some(decisions) = batch.decisions() {
            let thresholds = thresholds.into_iter().map(Real::new).collect();
            let sink = DecisionSink::Thresholds {
                thresholds,
                ignore_index,
            };
            return delta.want((decisions, sink));
        }
        let (probabilities, codes) = batch.codes(ignore_index);
        let [n, width] = probabilities.dims();
        let cells = 2 * width * (thresholds.len() + 1);
        let (len, device) = (cells + REJECTED_SLOTS, device_of(batch));
        match batch.row_weights() {
            None => delta.counts("cells", len, &device, |state| {
                ops::threshold_counts(state, probabilities, codes, &thresholds)
            }),
            Some(weights) => delta.both("cells", len, cells, &device, |counts, sums| {
                let weights = weights.reshape([n, 1]).expand([n, width]);
                let weights = weights.reshape([n * width]);
                let cells = ops::threshold_cells(probabilities, codes, &thresholds);
                ops::weighted_counts(counts, sums, cells, weights)
            }),
        }
    }

    fn condense(&self, delta: &Delta) -> Option<Delta> {
        let exact = self.options.thresholds == Thresholds::Exact;
        if self.options.whole || !exact || delta.listed_floats("weights") > 0 {
            return None;
        }
        if let Some(keys) = delta.only_list() {
            return self.areas_of_keys(keys);
        }
        let (targets, scores) = (
            delta.joined_ints("targets")?,
            delta.joined_floats("scores")?,
        );
        let width = self.options.width;
        let [size] = scores.dims();
        // In host memory there is nothing to save.
        if size == 0 || ops::is_host(&scores.device()) {
            return None;
        }
        let ignored = self
            .options
            .ignore_index
            .map(|_| ops::IGNORED_TARGET as i64);
        let scores = scores.reshape([size / width, width]);
        let codes = match B::TASK {
            TaskKind::Multiclass => ops::class_codes(scores.clone(), targets, ignored),
            _ => {
                let targets = targets.reshape([size / width, width]);
                ops::decision_codes(scores.clone(), targets, ignored)
            }
        };
        let pooled = (
            scores.clone().reshape([size, 1]),
            codes.clone().reshape([size, 1]),
        );
        let (counts, precisions) = ops::curve_areas(scores, codes)?;
        let mut small = Delta::default();
        small.keep("columns", counts, precisions);
        if B::TASK == TaskKind::Multilabel {
            let (counts, precisions) = ops::curve_areas(pooled.0, pooled.1)?;
            small.keep("pooled", counts, precisions);
        }
        Some(small.into_condensed())
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CurveScoresSummary) {
        if delta.is_condensed() {
            summary.fold_areas(delta);
            for block in delta.blocks() {
                add_rejected(&mut summary.rejected, &block.counts);
            }
        } else if summary.thresholds.is_some() {
            summary.fold_counts(delta);
        } else {
            for block in delta.blocks() {
                summary.fold_keys(block);
            }
            let lists = delta.floats("scores");
            if !lists.is_empty() {
                Arc::make_mut(&mut summary.keys).reserve(lists.iter().map(Vec::len).sum());
            }
            let ignores = self.options.ignore_index.is_some();
            let weights = delta.floats("weights").concat();
            let mut weights = weights.as_slice();
            for (scores, targets) in lists.iter().zip(delta.ints("targets")) {
                let rows = (scores.len() / summary.width).min(weights.len());
                let (own, rest) = weights.split_at(rows);
                summary.fold_table(scores, targets, own, ignores);
                weights = rest;
            }
        }
    }
}
