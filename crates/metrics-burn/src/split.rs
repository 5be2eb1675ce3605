//! The state of one split, which all its metrics in Burn share.

use crate::{
    MetricInput, MetricResults, SplitKind, SplitReport,
    epoch::{Epoch, SavedEpoch},
    plan::Plan,
    segments::Wanted,
};
use burn::train::metric::MetricMetadata;
use metrics_core::{Batch, MetricCollection, MetricError, MetricReport};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The previous epoch, if Burn ended it before all its batches had come.
    unfinished: Option<Epoch<B>>,
    /// The next epoch, if some of its batches have come already.
    ahead: Option<Epoch<B>>,
    /// How many workers send batches, known from the first batch.
    workers: Option<usize>,
    /// Burn's number of the last batch.
    iteration: Option<usize>,
    /// The values of the last step, if it logs.
    step: Option<MetricReport>,
    /// The values of the epoch, once it has ended.
    end: Option<SplitReport>,
    /// The causes of failures that a warning has named, so that each is named once.
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
            kind: match plan.split {
                SplitKind::Test(first) => SplitKind::Test(results.next_test(first)),
                other => other,
            },
            plan,
            results,
            unfinished: None,
            ahead: None,
            workers: None,
            iteration: None,
            step: None,
            end: None,
            said: BTreeSet::new(),
        }
    }

    /// Takes a step: accumulates the batch, and computes if the step logs.
    pub fn update(&mut self, input: &MetricInput<B>, metadata: &MetricMetadata) {
        let test = matches!(self.kind, SplitKind::Test(_));
        if test && !self.epoch.is_empty() {
            // Burn says nothing between two test sets, but counts the iterations of each from 1. (The
            // first may be missing, if Burn could not hand it over.)
            let goes_on = metadata.iteration == self.iteration.map(|last| last + 1);
            let next = metadata.iteration <= self.iteration || self.end.is_some() && !goes_on;
            if next && self.end.is_none() {
                self.finish();
            }
            if next {
                self.clear();
            }
        }
        self.iteration = metadata.iteration;
        self.step = None;
        self.end = None;
        let taken = match self.place(metadata) {
            Place::Now => {
                let taken = self.epoch.take(input, metadata, &self.wanted);
                if taken.is_ok() {
                    self.step_values();
                }
                taken
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
            self.say(&error.to_string(), "a batch was left out");
        }
        let complete = |epoch: &Epoch<B>| epoch.ends >= self.workers.unwrap_or(1);
        if self.unfinished.as_ref().is_some_and(complete) {
            let whole = self.close();
            if self.epoch.is_empty() {
                // Burn gets the value as another final one of the epoch; not once it is at the next.
                self.end = whole;
            }
        }
        let progress = &metadata.progress;
        if test && progress.items_total > 0 && progress.items_processed >= progress.items_total {
            self.finish();
        }
    }

    fn step_values(&mut self) {
        let planned = self.plan.metrics.iter();
        let logged: Vec<(&str, Wanted)> = planned
            .filter_map(|planned| Some((planned.info.name.as_str(), planned.steps()?)))
            .collect();
        match self.epoch.step_values(&logged, &self.wanted) {
            Ok(values) => self.step = values,
            Err(error) => self.say(&error.to_string(), "no values of a step"),
        }
    }

    /// Which epoch a batch belongs to, and counts it there.
    ///
    /// With `n` workers Burn numbers the batches of each `n`, `2n`, `3n`, .., so an epoch has at
    /// most `n` batches of a number, and a worker sends them in order. A batch belongs to the previous
    /// epoch if that epoch still lacks one of its number, or if this epoch cannot have come to its number
    /// yet; but not once every worker has begun this epoch. It belongs to the next epoch if this epoch has all
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
        self.close();
        let workers = self.workers.unwrap_or(1);
        let report = self.epoch.report(self.kind, workers);
        let mut causes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, cause) in report.report.errors() {
            causes.entry(cause).or_default().push(name);
        }
        for (cause, names) in causes {
            self.say(cause, &format!("no value for {}", names.join(", ")));
        }
        self.results.push(report.clone());
        self.end = Some(report);
    }

    /// The values of the previous epoch with the batches that came after its end.
    fn close(&mut self) -> Option<SplitReport> {
        let mut epoch = self.unfinished.take()?;
        let report = epoch.report(self.kind, self.workers.unwrap_or(1));
        self.results.push(report.clone());
        Some(report)
    }

    /// Forgets the values of the last step, since Burn now asks for the values of the epoch.
    pub fn end_steps(&mut self) {
        self.step = None;
    }

    /// Starts the next epoch, or test set. The values of the last one stay visible until its first
    /// step, since Burn clears one metric before it computes the next.
    pub fn clear(&mut self) {
        let number = match &mut self.kind {
            SplitKind::Test(index) => {
                *index = self.results.next_test(*index + 1);
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

    /// The values of the last step, if it logged.
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

    /// Warns of what a failure led to, the first time that its cause occurs.
    fn say(&mut self, cause: &str, what: &str) {
        // A cause with other numbers is the same.
        let key: String = cause.chars().filter(|c| !c.is_ascii_digit()).collect();
        if self.said.insert(key) {
            let split = self.kind.name();
            log::warn!(
                "metrics, {split}, epoch {}: {what}: {cause}",
                self.epoch.number
            );
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plans;
    use burn::{
        data::dataloader::Progress,
        tensor::{Device, Tensor},
    };
    use metrics_core::{aggregation::Sum, batch::Values};

    /// The split of a training whose metric is the sum of its batches' values.
    fn sum() -> (SplitState<Values>, MetricResults) {
        let metrics = MetricCollection::new().with(Sum::new());
        let results = MetricResults::new(metrics.metrics());
        let plan = plans(&metrics.metrics(), &[]).unwrap().remove(0);
        (SplitState::new(metrics, plan, results.clone(), 1), results)
    }

    fn send(state: &mut SplitState<Values>, value: f32, iteration: usize, last: usize) {
        let values = Tensor::<1>::from_floats([value], &Device::flex());
        let metadata = MetricMetadata {
            progress: Progress::new(iteration, last, None),
            iteration: Some(iteration),
            lr: None,
        };
        state.update(&Values::new(values).into(), &metadata);
    }

    /// In any order of the workers' events, each epoch has its own batches, if the workers
    /// meet at regular steps and at the last step of an epoch, as sharing gradients makes them do.
    #[test]
    fn every_order_of_workers_gives_each_epoch_its_batches() {
        let mut seed = 1u64;
        let mut random = move |n: usize| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % n
        };
        let epochs = 4;
        let (mut late, mut early) = (0, 0);
        for _ in 0..400 {
            let (workers, steps) = (2 + random(3), 1 + random(5));
            let meet = 1 + random(steps);
            let (mut state, results) = sum();
            // How many steps each has sent; the first worker also ends each epoch.
            let mut sent = vec![0; workers];
            let mut ended = 0;
            while ended < epochs {
                let worker = random(workers);
                let (epoch, step) = (sent[worker] / steps, sent[worker] % steps);
                // Workers meet at the last step of each segment, and send a step after it.
                let start = step / meet * meet;
                let last = (start + meet - 1).min(steps - 1);
                let met = if step == last {
                    epoch * steps + last
                } else {
                    (epoch * steps + start).saturating_sub(1)
                };
                let others = sent.iter().all(|sent| *sent >= met);
                let waits = worker == 0 && ended < epoch;
                if epoch < epochs && others && !waits {
                    late += usize::from(epoch < ended);
                    early += usize::from(epoch > ended);
                    let value = 10f32.powi(epoch as i32);
                    send(&mut state, value, workers * (step + 1), workers * steps);
                    sent[worker] += 1;
                }
                if worker == 0 && sent[0] / steps > ended && random(2) == 0 {
                    state.finish();
                    state.clear();
                    ended += 1;
                }
            }
            for sent in sent {
                for step in sent % steps..if sent < epochs * steps { steps } else { 0 } {
                    send(&mut state, 1000.0, workers * (step + 1), workers * steps);
                    late += 1;
                }
            }
            drop(state);
            for epoch in 0..epochs {
                let report = results.epoch(SplitKind::Train, epoch + 1).unwrap();
                let n = workers * steps;
                let expected = n as f64 * 10f64.powi(epoch as i32);
                let sum = report.report.scalar("sum");
                assert_eq!(sum, Some(expected), "epoch {epoch}: {n} batches");
                assert_eq!((report.batches, report.complete), (n, true));
            }
        }
        assert!(late > 100 && early > 100, "{late} late, {early} early");
    }

    /// A loop that counts its iterations through all epochs is not taken for a group of workers.
    #[test]
    fn iterations_that_go_on_through_epochs_are_one_sequence() {
        let (mut state, results) = sum();
        for iteration in 101..=112 {
            let last = iteration + usize::from(iteration % 4 != 0);
            send(&mut state, 1.0, iteration, last);
            if iteration % 4 == 0 {
                state.finish();
                state.clear();
            }
        }
        for epoch in 1..=3 {
            let report = results.epoch(SplitKind::Train, epoch).unwrap();
            let sum = report.report.scalar("sum");
            assert_eq!((sum, report.batches), (Some(4.0), 4));
        }
    }

    /// Once every worker has begun the next epoch, nothing more comes for the last.
    #[test]
    fn batches_that_never_come_are_not_waited_for() {
        let (mut state, results) = sum();
        for value in [1.0, 10.0, 100.0] {
            // The second worker has one batch fewer, and never says that it is done.
            for (worker, step) in [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3)] {
                send(&mut state, value, 2 * step, 6 + worker);
            }
            state.finish();
            state.clear();
        }
        drop(state);
        for (epoch, value) in [(1, 5.0), (2, 50.0), (3, 500.0)] {
            let report = results.epoch(SplitKind::Train, epoch).unwrap();
            assert_eq!(report.report.scalar("sum"), Some(value));
            assert_eq!((report.samples, report.complete), (5, false));
        }
    }

    /// Burn files what it logs under the epoch that it is in.
    #[test]
    fn a_late_value_is_not_given_out_in_the_next_epoch() {
        for begun in [false, true] {
            let (mut state, results) = sum();
            for iteration in [2, 2, 4] {
                send(&mut state, 1.0, iteration, 4);
            }
            state.finish();
            state.clear();
            if begun {
                send(&mut state, 10.0, 2, 4);
            }
            send(&mut state, 1.0, 4, 4);
            let given = state.end().map(|end| (end.epoch, end.complete));
            assert_eq!(given, (!begun).then_some((1, true)));
            let report = results.epoch(SplitKind::Train, 1).unwrap();
            assert_eq!(
                (report.report.scalar("sum"), report.complete),
                (Some(4.0), true)
            );
        }
    }
}
