//! One epoch of one split, or one test set.

use crate::{
    MetricInput, SplitKind, SplitReport,
    segments::{Segments, Wanted},
};
use burn::train::metric::MetricMetadata;
use metrics_core::{Batch, CollectionSummary, MetricCollection, MetricError, MetricReport};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What has been accumulated, and how much.
#[derive(Clone)]
pub(crate) struct Epoch<B: Batch> {
    pub number: usize,
    segments: Segments<B>,
    batches: usize,
    failed_batches: usize,
    samples: u64,
    /// The message of a metric's panic, after which the states disagree.
    broken: Option<MetricError>,
    /// How many batches were, by Burn's progress, the last one of their worker.
    pub ends: usize,
    /// Whether Burn does not know how much there is.
    endless: bool,
    /// How many batches of each iteration have come, where several workers send them.
    seen: Vec<usize>,
}

/// A saved [`Epoch`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedEpoch {
    pub number: usize,
    steps: usize,
    batches: usize,
    failed_batches: usize,
    samples: u64,
    summary: CollectionSummary,
}

impl<B: Batch> Epoch<B> {
    /// An epoch that begins with an empty collection.
    pub fn new(number: usize, collection: MetricCollection<B>) -> Self {
        Self {
            number,
            segments: Segments::new(collection),
            batches: 0,
            failed_batches: 0,
            samples: 0,
            broken: None,
            ends: 0,
            endless: false,
            seen: Vec::new(),
        }
    }

    /// Whether no batch has come yet.
    pub fn is_empty(&self) -> bool {
        self.batches + self.failed_batches == 0
    }

    /// Accumulates a step's batch.
    pub fn take(
        &mut self,
        input: &MetricInput<B>,
        metadata: &MetricMetadata,
        wanted: &[Wanted],
    ) -> Result<(), MetricError> {
        let progress = &metadata.progress;
        let known = progress.items_total > 0;
        self.ends += usize::from(known && progress.items_processed >= progress.items_total);
        self.endless |= !known;
        let taken = match &self.broken {
            Some(cause) => Err(cause.clone()),
            None => guarded(|| match &input.0 {
                Ok(batch) => self.segments.step(Some(batch), wanted),
                Err(error) => self.segments.step(None, wanted).and(Err(error.clone())),
            }),
        };
        if let Err(error) = &taken
            && self.segments.check().is_err()
        {
            self.broken = Some(error.clone());
        }
        match (&taken, &input.0) {
            (Ok(()), Ok(batch)) => {
                self.batches += 1;
                self.samples += batch.samples() as u64;
            }
            _ => self.failed_batches += 1,
        }
        taken
    }

    /// The values of the last step, for the metrics that log at this step, by how far they reach back.
    pub fn step_values(
        &mut self,
        logged: &[(&str, Wanted)],
        wanted: &[Wanted],
    ) -> Result<Option<MetricReport>, MetricError> {
        let steps = self.segments.steps();
        let due = |(_, (every, _)): &&(&str, Wanted)| steps.is_multiple_of(*every);
        let due: Vec<_> = logged.iter().filter(due).collect();
        if due.is_empty() {
            return Ok(None);
        }
        let mut reaches: Vec<_> = due.iter().filter_map(|(_, (_, reach))| *reach).collect();
        reaches.sort_unstable();
        reaches.dedup();
        guarded(|| {
            let mut report = MetricReport::default();
            let mut add = |segments: &mut Segments<B>, reach| {
                let asked = |name: &str| due.iter().any(|(n, (_, r))| *n == name && *r == reach);
                report
                    .entries
                    .extend(segments.values(reach, asked)?.entries);
                Ok(())
            };
            for reach in reaches {
                add(&mut self.segments, Some(reach))?;
            }
            self.segments.settle(wanted)?;
            if due.iter().any(|(_, (_, reach))| reach.is_none()) {
                // Last, when most is one segment.
                add(&mut self.segments, None)?;
            }
            Ok(Some(report))
        })
    }

    /// Its values so far.
    pub fn report(&mut self, split: SplitKind, workers: usize) -> SplitReport {
        let report = match &self.broken {
            Some(cause) => self.segments.unavailable(cause),
            None => guarded(|| self.segments.whole(|_| true)).unwrap_or_else(|_| self.one_by_one()),
        };
        SplitReport {
            split,
            epoch: self.number,
            batches: self.batches,
            samples: self.samples,
            complete: self.ends >= workers || self.endless && workers == 1,
            failed_batches: self.failed_batches,
            reads: self.segments.reads(),
            report,
        }
    }

    /// The values if one metric panics: all other metrics have theirs.
    fn one_by_one(&mut self) -> MetricReport {
        let mut report = MetricReport::default();
        for metric in self.segments.metrics() {
            let only = |name: &str| name == metric.name;
            let own = guarded(|| self.segments.whole(only));
            let own = own.unwrap_or_else(|error| {
                let mut all = self.segments.unavailable(&error);
                all.entries.retain(|entry| entry.name == metric.name);
                all
            });
            report.entries.extend(own.entries);
        }
        report
    }

    /// The epoch as data. Reads the device once.
    pub fn save(&mut self) -> Result<SavedEpoch, MetricError> {
        Ok(SavedEpoch {
            number: self.number,
            steps: self.segments.steps(),
            batches: self.batches,
            failed_batches: self.failed_batches,
            samples: self.samples,
            summary: guarded(|| self.segments.snapshot())?,
        })
    }

    /// A saved epoch, in an empty collection of the same metrics.
    pub fn restore(
        saved: &SavedEpoch,
        mut collection: MetricCollection<B>,
    ) -> Result<Self, MetricError> {
        collection.merge(&saved.summary)?;
        Ok(Self {
            batches: saved.batches,
            failed_batches: saved.failed_batches,
            samples: saved.samples,
            segments: Segments::resumed(collection, saved.steps),
            ..Self::new(saved.number, MetricCollection::new())
        })
    }

    /// How many batches of an iteration (from 1) have come.
    pub fn seen(&self, iteration: usize) -> usize {
        self.seen.get(iteration - 1).copied().unwrap_or(0)
    }

    pub fn count(&mut self, iteration: usize) {
        if self.seen.len() < iteration {
            self.seen.resize(iteration, 0);
        }
        self.seen[iteration - 1] += 1;
    }
}

/// A panic in a metric, which may be the user's, must not end the training.
fn guarded<R>(f: impl FnOnce() -> Result<R, MetricError>) -> Result<R, MetricError> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(MetricError::Panicked(text.unwrap_or_default()))
    })
}
