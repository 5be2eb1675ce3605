//! Probabilities of each class or label in bins.

use super::{CalibrationBinsSummary, ScoredBatch};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected,
    batch::device_of,
    ops,
    states::{
        Tally, TaskKind,
        confusion::at_least_one,
        fold::{add_rejected, add_sums, add_weights},
    },
};
use burn::tensor::{DType, Tensor};
use std::marker::PhantomData;

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

impl<B: ScoredBatch> ClassBins<B> {
    fn cells(&self) -> usize {
        self.options.classes * self.options.bins
    }

    /// How often a row is counted that is rejected: multiclass once per class.
    fn repeats(&self) -> usize {
        match B::TASK {
            TaskKind::Multiclass => self.options.classes,
            TaskKind::Binary | TaskKind::Multilabel => 1,
        }
    }
}

impl<B: ScoredBatch> Accumulator for ClassBins<B> {
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
        at_least_one(self.options.bins, "bin")
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_width(self.options.classes)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn count_bound(&self, batch: &B) -> usize {
        batch.count_bound().saturating_mul(self.repeats())
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        let device = device_of(batch);
        let (probabilities, codes) = batch.codes(self.options.ignore_index);
        let [n, width] = probabilities.dims();
        let weights = (batch.row_weights())
            .unwrap_or_else(|| Tensor::ones([n], (&device, DType::F32)))
            .reshape([n, 1])
            .expand([n, width])
            .reshape([n * width]);
        let sums = 3 * self.cells();
        delta.both("bins", REJECTED_SLOTS, sums, &device, |counts, sums| {
            let (cells, weights) =
                ops::weighted_bins(probabilities, codes, weights, self.options.bins);
            ops::weighted_counts(counts, sums, cells, weights)
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CalibrationBinsSummary) {
        if let Some(sums) = delta.sums("bins") {
            let (cells, confidence) = sums.split_at(2 * self.cells());
            add_weights(&mut summary.tally.weighted, cells);
            add_sums(&mut summary.confidence, confidence);
        }
        let rejected = delta.counts("bins").unwrap_or_default().iter();
        let rejected: Vec<i32> = rejected
            .map(|count| count / self.repeats() as i32)
            .collect();
        add_rejected(&mut summary.rejected, &rejected);
    }
}
