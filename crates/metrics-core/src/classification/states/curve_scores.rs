//! Scores against targets: the state of every metric over all thresholds.

mod batch;
mod fold;
mod summary;
mod thresholds;

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected,
    framework::limits::{check_size, parts},
    ops::{self, decisions::Real},
    states::{Tally, TaskKind, confusion::at_least_one, fold::add_rejected},
};
pub use batch::ScoredBatch;
use burn::tensor::{Int, Tensor};
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
pub struct CurveOptions {
    pub(crate) width: usize,
    pub(crate) thresholds: Thresholds,
    pub(crate) ignore_index: Option<i64>,
    /// Whether a metric needs more than the areas under the curves.
    pub(crate) whole: bool,
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
        let width = parts(self, self.options.width);
        let thresholds = if width > 0 {
            self.options.thresholds.rising()
        } else {
            None
        };
        let cells = (thresholds.as_ref()).map_or(0, |t| 2 * width * (t.len() + 1));
        CurveScoresSummary {
            task: B::TASK,
            width,
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
            Thresholds::Count(count) if *count < 2 => {
                Some(format!("{count} of at least 2 thresholds"))
            }
            Thresholds::Octaves(0) => Some("no thresholds".into()),
            Thresholds::Count(_) | Thresholds::Octaves(_) => None,
            Thresholds::List(list) if list.is_empty() => Some("no thresholds".into()),
            Thresholds::List(list) => {
                let outside = list.iter().find(|t| !(0.0..=1.0).contains(*t));
                outside.map(|t| format!("a threshold of {t}, outside [0, 1]"))
            }
        };
        match invalid {
            None => {
                let (count, width) = (self.options.thresholds.count(), self.options.width);
                check_size(count, "thresholds", &[2, 4, width])
            }
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

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_width(self.options.width)
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        let thresholds = self.options.thresholds.rising();
        let thresholds = thresholds.map(|all| all.into_iter().map(Real::new).collect());
        batch.want(delta, thresholds, &self.options);
    }

    fn condense(&self, delta: &Delta) -> Option<Delta> {
        let exact = self.options.thresholds == Thresholds::Exact;
        if self.options.whole || !exact {
            return None;
        }
        self.areas_of_keys(delta.only_list()?)
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
        }
    }
}
