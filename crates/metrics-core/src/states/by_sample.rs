//! Counts of each sample by itself: the state of values by sample.

use super::{
    BinaryConfusion, ConfusionSummary, MulticlassConfusion, MultilabelConfusion, TaskKind,
    confusion::label_options, fold::add_rejected,
};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::{Binary, Multiclass, Multilabel, device_of},
    framework::limits::parts,
    ops::{self, ConfusionOptions, decisions::Decisions},
};
use burn::tensor::{DType, Device, Int, Tensor};
use serde::{Deserialize, Serialize};

/// An accumulator that can count every sample of a batch by itself.
pub trait BySample: Accumulator {
    /// How many counters a sample has.
    fn counters(&self) -> usize;

    /// How many samples the batch holds; `None` if samples have no dimension of their own.
    fn samples(batch: &Self::Batch) -> Option<usize>;

    /// The counters of one sample after the other, then the rejected ones of all samples.
    fn count(&self, batch: &Self::Batch, samples: usize) -> Tensor<1, Int>;

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
        // `check` keeps a batch without samples from getting here.
        let Some(samples) = A::samples(batch) else {
            return;
        };
        // Pieces of the list are joined, so each says how many samples it is of.
        let head = Tensor::full([1], samples as i64, (&device_of(batch), DType::I32));
        let counts = self.0.count(batch, samples);
        delta.append_ints("counts", Tensor::cat(vec![head, counts], 0));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut PerSampleSummary) {
        for list in delta.ints("counts") {
            let mut rest = list.as_slice();
            while let Some((samples, tail)) = rest.split_first() {
                let (counts, tail) = tail.split_at(*samples as usize * summary.counters);
                let (rejected, tail) = tail.split_at(REJECTED_SLOTS);
                summary.counts.extend(counts.iter().map(|c| *c as u32));
                add_rejected(&mut summary.rejected, rejected);
                rest = tail;
            }
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
        batch.samples
    }

    fn count(&self, batch: &Binary, samples: usize) -> Tensor<1, Int> {
        count_decisions(&batch.decisions, samples, self.threshold, self.ignore_index)
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
        batch.samples
    }

    fn count(&self, batch: &Multilabel, samples: usize) -> Tensor<1, Int> {
        count_decisions(&batch.decisions, samples, self.threshold, self.ignore_index)
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
        batch.samples
    }

    fn count(&self, batch: &Multiclass, samples: usize) -> Tensor<1, Int> {
        let device = batch.device();
        let own = ConfusionOptions {
            classes: self.classes,
            top_k: self.top_k,
            ignore_index: self.ignore_index,
        };
        // Each sample has classes of its own.
        let all = ConfusionOptions {
            classes: samples * self.classes,
            ignore_index: None,
            ..own
        };
        let (ranks, target) = (batch.ranks(self.classes), batch.target.clone());
        let (ranks, target) = ops::classes_by_sample(ranks, target, samples, own);
        let margins = ops::class_margins(zeros(3 * all.classes, &device), ranks, target, all);
        // From margins by sample to samples with three margins each.
        let counts = (margins.clone().slice(0..3 * all.classes))
            .reshape([3, samples, self.classes])
            .swap_dims(0, 1)
            .reshape([3 * all.classes]);
        let rejected = margins.slice(3 * all.classes..3 * all.classes + REJECTED_SLOTS);
        Tensor::cat(vec![counts, rejected], 0)
    }

    fn summary(&self, counters: &[u32]) -> ConfusionSummary {
        ConfusionSummary::of_sample(TaskKind::Multiclass, self.classes, counters)
    }
}

/// Counters, and the counters of what is rejected.
pub(crate) fn zeros(counters: usize, device: &Device) -> Tensor<1, Int> {
    Tensor::zeros([counters + REJECTED_SLOTS], (device, DType::I32))
}

/// Counts the labels of different samples as different labels.
fn count_decisions(
    decisions: &Decisions,
    samples: usize,
    threshold: f32,
    ignore_index: Option<i64>,
) -> Tensor<1, Int> {
    let [rows, labels] = decisions.dims();
    let positions = rows / samples.max(1);
    let scores = (decisions.probabilities())
        .reshape([samples, positions, labels])
        .swap_dims(0, 1)
        .reshape([positions, samples * labels]);
    let target = (decisions.target.clone())
        .reshape([samples, positions, labels])
        .swap_dims(0, 1)
        .reshape([positions, samples * labels]);
    let options = label_options(decisions, threshold, ignore_index);
    let state = zeros(4 * samples * labels, &decisions.target.device());
    decisions.count_kind(ops::label_counts(state, scores, target, options))
}
