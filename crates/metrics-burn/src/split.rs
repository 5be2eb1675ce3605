//! The state of one split, which all its metrics in Burn share.

use crate::{
    MetricInput, MetricResults, SplitKind, SplitReport,
    epoch::{Epoch, LOSS, Measures, SavedEpoch, Steps},
    plan::Plan,
    segments::Wanted,
    watch::Watch,
};
use burn::train::metric::MetricMetadata;
use metrics_core::{Batch, MetricError, MetricReport};
use std::collections::BTreeMap;

/// A collection that follows one split through its epochs.
///
/// Burn's distributed data parallel strategy lets workers run ahead of and behind the end of an
/// epoch, so a batch may belong to the epoch that has just ended or to the next. See
/// [`place`](Self::place).
pub(crate) struct SplitState<B: Batch> {
    measures: Measures<B>,
    plan: Plan,
    wanted: Steps,
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
    watch: Watch,
    /// The name of the test set, if the plugin was told.
    name: Option<String>,
    /// The reason why the evaluation is to end.
    refusal: Option<String>,
    /// The first epoch of a training, until its first batch.
    begins: Option<usize>,
}

/// Which epoch a batch belongs to.
enum Place {
    Now,
    Before,
    After,
}

impl<B: Batch> SplitState<B> {
    pub fn new(
        measures: Measures<B>,
        plan: Plan,
        results: MetricResults,
        first_epoch: usize,
        watch: Watch,
    ) -> Self {
        let mut wanted = Steps::default();
        for planned in &plan.metrics {
            let is_loss = measures.loss && planned.info.name == LOSS;
            let steps = planned.steps();
            if is_loss {
                wanted.loss.extend(steps);
            } else {
                wanted.metrics.extend(steps);
            }
        }
        wanted.metrics.sort_unstable();
        wanted.metrics.dedup();
        let first_epoch = match plan.split {
            SplitKind::Test(_) => 1,
            _ => first_epoch,
        };
        Self {
            epoch: Epoch::new(first_epoch, &measures),
            measures,
            wanted,
            kind: match plan.split {
                SplitKind::Test(first) => SplitKind::Test(results.next_test(first)),
                other => other,
            },
            begins: (plan.split == SplitKind::Train).then_some(first_epoch),
            plan,
            results,
            unfinished: None,
            ahead: None,
            workers: None,
            iteration: None,
            step: None,
            end: None,
            watch,
            name: None,
            refusal: None,
        }
    }

    /// Whether no batch has come since the split was registered.
    pub fn is_unused(&self) -> bool {
        self.epoch.is_empty() && self.end.is_none() && self.iteration.is_none()
    }

    /// Gives the first epoch the number that Burn gives it.
    pub fn start(&mut self, epoch: usize) {
        self.epoch.number = epoch;
        self.begins = self.begins.map(|_| epoch);
    }

    /// Stops a training that begins with another epoch than the metrics.
    pub fn refuse_start(&self, burn: usize, own: usize) {
        let cause = format!(
            "Burn begins with epoch {burn}, and the metrics with epoch {own}: take `LearnerMetrics::checkpoints`, or \
             the checkpoint of epoch {} for both",
            own - 1
        );
        self.say(&cause, "the training stops");
        self.watch.stop(&cause);
    }

    /// A new training forgets the epochs of the one before, with its first batch or the end of an epoch without one.
    fn begin(&mut self) {
        if let Some(first) = self.begins.take() {
            self.results.begin(first);
        }
    }

    /// Begins a test set with a name. Burn calls this for sets without batches, too.
    pub fn start_test(&mut self, name: &str) {
        if !self.epoch.is_empty() && self.end.is_none() {
            self.finish();
        }
        if self.end.take().is_some() {
            self.clear();
        }
        self.iteration = None;
        self.name = Some(name.to_string());
    }

    /// Ends the test set with a name: it has a report, also if it broke off or had no batch.
    pub fn end_test(&mut self) {
        if self.name.is_some() && self.end.is_none() {
            self.finish();
        }
    }

    /// Why the evaluation is to end, the first time.
    pub fn take_refusal(&mut self) -> Option<String> {
        self.refusal.take()
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
        self.begin();
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
                let (number, measures) = (self.epoch.number + 1, &self.measures);
                let ahead = self
                    .ahead
                    .get_or_insert_with(|| Epoch::new(number, measures));
                ahead.take(input, metadata, &self.wanted)
            }
            Place::Before => match &mut self.unfinished {
                Some(epoch) => epoch.take(input, metadata, &Steps::default()),
                None => Ok(()),
            },
        };
        if let Err(error) = taken {
            self.failed(&error);
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

    /// Says why a batch was left out. If no batch like it can ever fit, the training or the evaluation ends.
    fn failed(&mut self, error: &MetricError) {
        let cause = error.to_string();
        if !self.watch.refuses(error) {
            return self.say(&cause, "a batch was left out");
        }
        let reason = self.text("a batch does not fit the metrics", &cause);
        let what = "a batch does not fit the metrics, and ends the run \
                    (`LearnerMetricsBuilder::lenient` leaves such batches out)";
        self.say(&cause, what);
        self.watch.stop(&reason);
        if matches!(self.kind, SplitKind::Test(_)) {
            self.refusal = Some(reason);
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
        let (next, measures) = (self.epoch.number + 1, &self.measures);
        let ahead = self.ahead.get_or_insert_with(|| Epoch::new(next, measures));
        ahead.count(number);
        Place::After
    }

    /// Computes the values of the epoch.
    pub fn finish(&mut self) {
        self.begin();
        self.close();
        let report = self.named(|epoch, kind, workers| epoch.report(kind, workers));
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
        let mut before = self.unfinished.take()?;
        let report = self.named(|_, kind, workers| before.report(kind, workers));
        self.results.push(report.clone());
        Some(report)
    }

    /// A report with what the split knows of its name and its log.
    fn named(
        &mut self,
        make: impl FnOnce(&mut Epoch<B>, SplitKind, usize) -> SplitReport,
    ) -> SplitReport {
        let report = make(&mut self.epoch, self.kind, self.workers.unwrap_or(1));
        SplitReport {
            name: self.name.clone(),
            logged: self.plan.logged(),
            ..report
        }
    }

    /// Forgets the values of the last step, since Burn now asks for the values of the epoch.
    pub fn end_steps(&mut self) {
        self.step = None;
    }

    /// Starts the next epoch, or test set. The values of the last one stay visible until its first
    /// step, since Burn clears one metric before it computes the next.
    pub fn clear(&mut self) {
        self.name = None;
        let number = match &mut self.kind {
            SplitKind::Test(index) => {
                *index = self.results.next_test(*index + 1);
                1
            }
            _ => self.epoch.number + 1,
        };
        let next = self.ahead.take();
        let next = next.unwrap_or_else(|| Epoch::new(number, &self.measures));
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
        self.epoch = Epoch::restore(saved, &self.measures)?;
        Ok(())
    }

    /// What a failure led to, with its place.
    fn text(&self, what: &str, cause: &str) -> String {
        let (split, epoch) = (self.kind.name(), self.epoch.number);
        let place = match (&self.name, self.kind) {
            (Some(name), _) => format!("test set {name}"),
            (None, SplitKind::Test(_)) => split.to_string(),
            _ => format!("{split}, epoch {epoch}"),
        };
        format!("metrics, {place}: {what}: {cause}")
    }

    /// Says what a failure led to, the first time that its cause occurs.
    fn say(&self, cause: &str, what: &str) {
        self.watch.say(cause, &self.text(what, cause));
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
mod tests;
