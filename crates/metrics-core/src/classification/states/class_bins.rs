//! Probabilities of each class or label in bins.

use super::{CalibrationBinsSummary, ScoredBatch};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected,
    batch::{Multiclass, Multilabel},
    framework::limits::{check_size, parts},
    ops::{decisions::DecisionSink, rows::RowSink},
    states::{
        Tally,
        confusion::at_least_one,
        fold::{add_rejected, add_sums, add_weights},
    },
};
use std::marker::PhantomData;

/// Batches with a probability for each class or label.
pub trait ClassBatch: ScoredBatch {
    /// Asks for a pass over the batch, with so many classes and bins of each.
    fn want_bins(&self, delta: &mut Delta, shape: [usize; 2], ignore_index: Option<i64>);
}

impl ClassBatch for Multiclass {
    fn want_bins(&self, delta: &mut Delta, [classes, bins]: [usize; 2], ignore_index: Option<i64>) {
        let sink = RowSink::ClassBins {
            classes,
            bins,
            ignore_index,
        };
        delta.want((&self.rows, sink));
    }
}

impl ClassBatch for Multilabel {
    fn want_bins(&self, delta: &mut Delta, [_, bins]: [usize; 2], ignore_index: Option<i64>) {
        let sink = DecisionSink::LabelBins { bins, ignore_index };
        delta.want((&self.decisions, sink));
    }
}

/// Sums of weights and probabilities of each class or label against the rest, by equal-width bins of the
/// probability, of which the last is closed: `3 * L * bins` sums. An element without a weight weighs 1.
pub struct ClassBins<B> {
    pub(crate) options: ClassBinsOptions,
    batch: PhantomData<fn(B)>,
}

/// The options of [`ClassBins`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(crate) struct ClassBinsOptions {
    pub classes: usize,
    pub bins: usize,
    pub ignore_index: Option<i64>,
}

by_options!(ClassBins);

impl<B> ClassBins<B> {
    pub(crate) fn new(options: ClassBinsOptions) -> Self {
        Self {
            options,
            batch: PhantomData,
        }
    }
}

impl<B: ClassBatch> ClassBins<B> {
    fn cells(&self) -> usize {
        parts(self, self.options.classes.saturating_mul(self.options.bins))
    }
}

impl<B: ClassBatch> Accumulator for ClassBins<B> {
    type Batch = B;
    /// The bins of the first class, then those of the next.
    type Summary = CalibrationBinsSummary;

    fn identity(&self) -> Identity {
        Identity::new(format!("class_bins/{}", B::KIND), 1).with(&self.options)
    }

    fn empty(&self) -> CalibrationBinsSummary {
        CalibrationBinsSummary {
            tally: Tally::new(2 * self.cells()),
            confidence: vec![0.0; self.cells()],
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.options.classes, "class")?;
        at_least_one(self.options.bins, "bin")?;
        // A counter and a sum of each outcome, and a sum of probabilities.
        let cells = self.options.classes.saturating_mul(self.options.bins);
        check_size(cells, "bins of classes", &[40])
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_width(self.options.classes)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        let ClassBinsOptions {
            classes,
            bins,
            ignore_index,
        } = self.options;
        batch.want_bins(delta, [classes, bins], ignore_index);
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CalibrationBinsSummary) {
        for block in delta.blocks() {
            let sums = block.sums();
            let (cells, confidence) = sums.split_at(2 * self.cells());
            add_weights(&mut summary.tally.weighted, cells);
            add_sums(&mut summary.confidence, confidence);
            add_rejected(&mut summary.rejected, &block.counts);
        }
    }
}
