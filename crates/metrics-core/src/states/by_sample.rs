//! Counts of each sample by itself: the state of values by sample.

use super::{
    BinaryConfusion, ConfusionSummary, MulticlassConfusion, MultilabelConfusion, TaskKind,
    fold::add_rejected,
};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::{Binary, Multiclass, Multilabel},
    framework::limits::parts,
    ops::{
        ConfusionOptions,
        decisions::{DecisionSink, Real},
        rows::RowSink,
    },
};
use serde::{Deserialize, Serialize};

/// An accumulator that can count every sample of a batch by itself.
pub trait BySample: Accumulator {
    /// How many counters a sample has.
    fn counters(&self) -> usize;

    /// How many samples the batch holds; `None` if samples have no dimension of their own.
    fn samples(batch: &Self::Batch) -> Option<usize>;

    /// Asks for a pass over the batch that counts for each sample.
    fn want(&self, delta: &mut Delta, batch: &Self::Batch);

    /// The counters of samples, of those that a pass has of them.
    fn counted(&self, counts: Vec<i32>) -> Vec<i32> {
        counts
    }

    /// The summary of a sample, made of its counters.
    fn summary(&self, counters: &[u32]) -> Self::Summary;
}

/// Keeps the counters of every sample: a list on the device.
#[derive(Debug, Clone, PartialEq)]
pub struct PerSample<A>(pub(crate) A);

impl<A: BySample> Accumulator for PerSample<A> {
    type Batch = A::Batch;
    type Summary = PerSampleSummary;

    fn identity(&self) -> Identity {
        Identity::new("per_sample", 1).of(self.0.identity())
    }

    fn empty(&self) -> PerSampleSummary {
        PerSampleSummary {
            counters: if parts(self, 1) == 1 {
                self.0.counters()
            } else {
                0
            },
            counts: Vec::new(),
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.0.validate()
    }

    fn check(&self, batch: &A::Batch) -> Result<(), MetricError> {
        let samples = A::samples(batch).ok_or(MetricError::SamplesRequired)?;
        let counters = samples.saturating_mul(self.0.counters());
        let limit = i32::MAX as usize - REJECTED_SLOTS;
        if counters > limit {
            return Err(MetricError::BatchTooLarge {
                rows: counters,
                limit,
            });
        }
        self.0.check(batch)
    }

    fn update(&self, delta: &mut Delta, batch: &A::Batch) {
        self.0.want(delta, batch);
    }

    fn fold(&self, delta: &HostDelta, summary: &mut PerSampleSummary) {
        for block in delta.blocks() {
            let counts = self.0.counted(block.samples.clone());
            summary
                .counts
                .extend(counts.into_iter().map(|count| count as u32));
            add_rejected(&mut summary.rejected, &block.counts);
        }
    }
}

/// The counters of every sample, in the order of the batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerSampleSummary {
    /// How many counters a sample has.
    pub counters: usize,
    /// The counters of one sample after the other, as `i32`: one batch counts no further.
    pub counts: Vec<u32>,
    /// What was left out, of all samples.
    pub rejected: Rejected,
}

impl PerSampleSummary {
    /// The counters of each sample.
    pub fn samples(&self) -> impl Iterator<Item = &[u32]> {
        self.counts.chunks_exact(self.counters.max(1))
    }
}

impl Summary for PerSampleSummary {
    fn counted(&self) -> u128 {
        self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.counters != other.counters {
            let what = |c: &Self| format!("samples of {} counters", c.counters);
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.room_for(other)?;
        self.counts.extend_from_slice(&other.counts);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        match self.counts.len().checked_rem(self.counters) {
            Some(0) => Ok(()),
            None if self.counts.is_empty() => Ok(()),
            _ => Err(MetricError::saved("a part of a sample")),
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

impl BySample for BinaryConfusion {
    fn counters(&self) -> usize {
        4
    }

    fn samples(batch: &Binary) -> Option<usize> {
        batch.decisions.samples
    }

    fn want(&self, delta: &mut Delta, batch: &Binary) {
        let sink = DecisionSink::Samples {
            threshold: Real::new(self.threshold),
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.decisions, sink));
    }

    fn summary(&self, counters: &[u32]) -> ConfusionSummary {
        ConfusionSummary::of_sample(TaskKind::Binary, 2, counters)
    }
}

impl BySample for MultilabelConfusion {
    fn counters(&self) -> usize {
        4 * self.labels
    }

    fn samples(batch: &Multilabel) -> Option<usize> {
        batch.decisions.samples
    }

    fn want(&self, delta: &mut Delta, batch: &Multilabel) {
        let sink = DecisionSink::Samples {
            threshold: Real::new(self.threshold),
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.decisions, sink));
    }

    fn summary(&self, counters: &[u32]) -> ConfusionSummary {
        ConfusionSummary::of_sample(TaskKind::Multilabel, self.labels, counters)
    }
}

impl BySample for MulticlassConfusion {
    fn counters(&self) -> usize {
        3 * self.classes
    }

    fn samples(batch: &Multiclass) -> Option<usize> {
        batch.rows.samples
    }

    fn want(&self, delta: &mut Delta, batch: &Multiclass) {
        let options = ConfusionOptions {
            classes: self.classes,
            top_k: self.top_k,
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.rows, RowSink::Samples(options)));
    }

    fn summary(&self, counters: &[u32]) -> ConfusionSummary {
        ConfusionSummary::of_sample(TaskKind::Multiclass, self.classes, counters)
    }
}
