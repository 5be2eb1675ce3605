//! The state of one split, which all its metrics in Burn look at.

use crate::{
    MetricInput, MetricResults, SplitKind, SplitReport,
    epoch::{Epoch, SavedEpoch},
    plan::Plan,
    segments::Wanted,
};
use burn::train::metric::MetricMetadata;
use metrics_core::{Batch, MetricCollection, MetricError, MetricReport};
use std::collections::BTreeSet;

/// A collection that follows one split through its epochs.
///
/// Burn's distributed data parallel strategy lets workers run ahead of and behind the end of an
/// epoch, so a batch may belong to the epoch that has just ended or to the next. See
/// [`place`](Self::place).
pub(crate) struct SplitState<B: Batch> {
    /// The metrics without data.
    metrics: MetricCollection<B>,
    plan: Plan,
    wanted: Vec<Wanted>,
    kind: SplitKind,
    results: MetricResults,
    epoch: Epoch<B>,
    /// The epoch before, if Burn ended it before all its batches had come.
    unfinished: Option<Epoch<B>>,
    /// The epoch after, if some of its batches have come already.
    ahead: Option<Epoch<B>>,
    /// How many workers send batches, known from the first.
    workers: Option<usize>,
    /// The values of the step just taken, if it logs.
    step: Option<MetricReport>,
    /// The values of the epoch, once it has ended.
    end: Option<SplitReport>,
    /// What has been said, so that it is said once.
    said: BTreeSet<String>,
}

/// Which epoch a batch belongs to.
enum Place {
    Now,
    Before,
    After,
}

impl<B: Batch> SplitState<B> {
    pub fn new(
        metrics: MetricCollection<B>,
        plan: Plan,
        results: MetricResults,
        first_epoch: usize,
    ) -> Self {
        let steps = plan.metrics.iter().filter_map(|planned| planned.steps());
        let mut wanted: Vec<_> = steps.collect();
        wanted.sort_unstable();
        wanted.dedup();
        let first_epoch = match plan.split {
            SplitKind::Test(_) => 1,
            _ => first_epoch,
        };
        Self {
            epoch: Epoch::new(first_epoch, metrics.fresh()),
            metrics,
            wanted,
            kind: plan.split,
            plan,
            results,
            unfinished: None,
            ahead: None,
            workers: None,
            step: None,
            end: None,
            said: BTreeSet::new(),
        }
    }

    /// Takes a step: accumulates the batch, and computes if the step logs.
    pub fn update(&mut self, input: &MetricInput<B>, metadata: &MetricMetadata) {
        let test = matches!(self.kind, SplitKind::Test(_));
        if test && metadata.iteration == Some(1) && !self.epoch.is_empty() {
            // Burn says nothing between two test sets, but counts their iterations from 1.
            if self.end.is_none() {
                self.finish();
            }
            self.clear();
        }
        self.step = None;
        self.end = None;
        let taken = match self.place(metadata) {
            Place::Now => {
                let taken = self.epoch.take(input, metadata, &self.wanted);
                taken.and_then(|()| self.step_values())
            }
            Place::After => {
                let (number, metrics) = (self.epoch.number + 1, &self.metrics);
                let ahead = self
                    .ahead
                    .get_or_insert_with(|| Epoch::new(number, metrics.fresh()));
                ahead.take(input, metadata, &self.wanted)
            }
            Place::Before => match &mut self.unfinished {
                Some(epoch) => epoch.take(input, metadata, &[]),
                None => Ok(()),
            },
        };
        if let Err(error) = taken {
            self.say(format!("a batch was left out: {error}"));
        }
        let complete = |epoch: &Epoch<B>| epoch.ends >= self.workers.unwrap_or(1);
        if self.unfinished.as_ref().is_some_and(complete) {
            // The value is whole now: Burn gets it as another final value of the epoch.
            self.end = self.close();
        }
        let progress = &metadata.progress;
        if test && progress.items_total > 0 && progress.items_processed >= progress.items_total {
            self.finish();
        }
    }

    fn step_values(&mut self) -> Result<(), MetricError> {
        let planned = self.plan.metrics.iter();
        let logged: Vec<(&str, Wanted)> = planned
            .filter_map(|planned| Some((planned.info.name.as_str(), planned.steps()?)))
            .collect();
        self.step = self.epoch.step_values(&logged, &self.wanted)?;
        Ok(())
    }

    /// Which epoch a batch belongs to, and counts it there.
    ///
    /// With `n` workers Burn numbers the batches of each `n`, `2n`, `3n`, .., so an epoch has at
    /// most `n` batches of a number, and a worker sends them in order. A batch is behind if the
    /// epoch before still lacks one of its number, or if this epoch cannot have come to its number
    /// yet; but not once every worker has begun this epoch. It is ahead if this epoch has all
    /// batches of its number.
    fn place(&mut self, metadata: &MetricMetadata) -> Place {
        let iteration = metadata.iteration.unwrap_or(1).max(1);
        let training = self.kind == SplitKind::Train;
        let workers = *self
            .workers
            .get_or_insert(if training { iteration } else { 1 });
        if workers == 1 || !iteration.is_multiple_of(workers) {
            // One sequence of batches.
            self.workers = Some(1);
            return Place::Now;
        }
        let number = iteration / workers;
        if self.epoch.seen(1) == workers {
            self.close();
        }
        if let Some(before) = &mut self.unfinished {
            let lacks = before.seen(number) < workers;
            let early = number > 1 && self.epoch.seen(number) >= self.epoch.seen(number - 1);
            if lacks || early {
                before.count(number);
                return Place::Before;
            }
        }
        if self.epoch.seen(number) < workers {
            self.epoch.count(number);
            return Place::Now;
        }
        let (next, metrics) = (self.epoch.number + 1, &self.metrics);
        let ahead = self
            .ahead
            .get_or_insert_with(|| Epoch::new(next, metrics.fresh()));
        ahead.count(number);
        Place::After
    }

    /// Computes the values of the epoch.
    pub fn finish(&mut self) {
        self.step = None;
        let workers = self.workers.unwrap_or(1);
        let report = self.epoch.report(self.kind, workers);
        for (name, error) in report.report.errors() {
            self.say(format!("{name} has no value: {error}"));
        }
        self.results.push(report.clone());
        self.end = Some(report);
    }

    /// The values of the epoch before with the batches that came after its end.
    fn close(&mut self) -> Option<SplitReport> {
        let mut epoch = self.unfinished.take()?;
        let report = epoch.report(self.kind, self.workers.unwrap_or(1));
        self.results.push(report.clone());
        Some(report)
    }

    /// Starts the next epoch, or test set. The values of the last one stay visible until its first
    /// step, since Burn clears one metric before it computes the next.
    pub fn clear(&mut self) {
        self.close();
        let number = match &mut self.kind {
            SplitKind::Test(index) => {
                *index += 1;
                1
            }
            _ => self.epoch.number + 1,
        };
        let next = self.ahead.take();
        let next = next.unwrap_or_else(|| Epoch::new(number, self.metrics.fresh()));
        let ended = std::mem::replace(&mut self.epoch, next);
        let workers = self.workers.unwrap_or(1);
        if workers > 1 && ended.ends < workers {
            self.unfinished = Some(ended);
        }
    }

    /// The values of the step just taken, if it logged.
    pub fn step(&self) -> Option<&MetricReport> {
        self.step.as_ref()
    }

    /// The values of the epoch, if it has ended.
    pub fn end(&self) -> Option<&SplitReport> {
        self.end.as_ref()
    }

    /// The epoch as data.
    pub fn save(&mut self) -> Result<SavedEpoch, MetricError> {
        self.epoch.save()
    }

    /// Goes on with a saved epoch.
    pub fn restore(&mut self, saved: &SavedEpoch) -> Result<(), MetricError> {
        self.epoch = Epoch::restore(saved, self.metrics.fresh())?;
        Ok(())
    }

    fn say(&mut self, what: String) {
        if self.said.insert(what.clone()) {
            log::warn!("{}, epoch {}: {what}", self.kind.name(), self.epoch.number);
        }
    }
}

/// What has not been reported yet: the last test set of an evaluation that broke off before its last
/// batch, and an epoch whose last batches never came.
impl<B: Batch> Drop for SplitState<B> {
    fn drop(&mut self) {
        self.close();
        let test = matches!(self.kind, SplitKind::Test(_));
        if test && self.end.is_none() && !self.epoch.is_empty() {
            self.finish();
        }
    }
}
