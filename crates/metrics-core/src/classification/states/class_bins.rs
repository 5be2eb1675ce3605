//! Probabilities of each class or label in bins.

use super::{CalibrationBinsSummary, ScoredBatch};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected,
    batch::{Multiclass, Multilabel, device_of},
    framework::REASONS,
    ops,
    states::{
        Tally, TaskKind, WeightedRows,
        confusion::at_least_one,
        fold::{add_rejected, add_sums, add_weights},
    },
};
use burn::tensor::{DType, Int, Tensor};
use std::marker::PhantomData;

/// Batches with a probability for each class or label.
pub trait ClassBatch: ScoredBatch + WeightedRows {
    /// Probabilities `[N, L]`, and targets `[N, L]` of 0, 1 or the code of a rejected element.
    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>);

    /// Counts the batch by what its scores are taken for.
    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int>;
}

impl ClassBatch for Multiclass {
    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        // `check_width` keeps a batch without scores from getting here.
        let none = || Tensor::zeros([self.target.dims()[0], 0], &self.device());
        let probabilities = self.rows.probabilities().unwrap_or_else(none);
        let codes = ops::class_codes(probabilities.clone(), self.target.clone(), ignore_index);
        (probabilities, codes)
    }

    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        self.rows.count_kind(counts)
    }
}

impl ClassBatch for Multilabel {
    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        let (probabilities, target) = (self.decisions.probabilities(), &self.decisions.target);
        let codes = ops::decision_codes(probabilities.clone(), target.clone(), ignore_index);
        (probabilities, codes)
    }

    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        self.decisions.count_kind(counts)
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
        let weights = (batch.row_weights().cloned())
            .unwrap_or_else(|| Tensor::ones([n], (&device, DType::F32)))
            .reshape([n, 1])
            .expand([n, width])
            .reshape([n * width]);
        let sums = 3 * self.cells();
        delta.both("bins", REJECTED_SLOTS, sums, &device, |counts, sums| {
            let (cells, weights) =
                ops::weighted_bins(probabilities, codes, weights, self.options.bins);
            ops::weighted_counts(batch.count_kind(counts), sums, cells, weights)
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CalibrationBinsSummary) {
        if let Some(sums) = delta.sums("bins") {
            let (cells, confidence) = sums.split_at(2 * self.cells());
            add_weights(&mut summary.tally.weighted, cells);
            add_sums(&mut summary.confidence, confidence);
        }
        let mut rejected = delta.counts("bins").unwrap_or_default().to_vec();
        // Behind the reasons are counts of batches.
        for count in rejected.iter_mut().take(REASONS) {
            *count /= self.repeats() as i32;
        }
        add_rejected(&mut summary.rejected, &rejected);
    }
}
