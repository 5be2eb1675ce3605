//! The state of one split, which all its metrics in Burn look at.

use crate::{MetricInput, MetricResults, OnStep, SplitKind, SplitReport, StepValue};
use burn::train::metric::MetricMetadata;
use metrics_core::{Batch, MetricCollection, MetricError, MetricReport};
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// A collection that follows one split through its epochs.
pub(crate) struct SplitState<B: Batch> {
    collection: MetricCollection<B>,
    kind: SplitKind,
    on_step: OnStep,
    step_value: StepValue,
    results: MetricResults,
    epoch: usize,
    batches: usize,
    samples: u64,
    /// Whether the last step's progress was complete.
    complete: bool,
    failed_batches: usize,
    /// How often the collection had read the device when the epoch began.
    reads_before: u64,
    /// The values of the step just taken, if it logs.
    step: Option<MetricReport>,
    /// The values of the epoch, once it is complete.
    end: Option<MetricReport>,
    /// What has been said, so that it is said once.
    said: BTreeSet<String>,
}

impl<B: Batch> SplitState<B> {
    pub fn new(
        collection: MetricCollection<B>,
        kind: SplitKind,
        on_step: OnStep,
        step_value: StepValue,
        results: MetricResults,
    ) -> Self {
        Self {
            collection,
            kind,
            on_step,
            step_value,
            results,
            epoch: 1,
            batches: 0,
            samples: 0,
            complete: false,
            failed_batches: 0,
            reads_before: 0,
            step: None,
            end: None,
            said: BTreeSet::new(),
        }
    }

    /// Takes a step: accumulates the batch, and computes if the step logs.
    pub fn update(&mut self, input: &MetricInput<B>, metadata: &MetricMetadata) {
        let test = matches!(self.kind, SplitKind::Test(_));
        if test && metadata.iteration == Some(1) && self.batches + self.failed_batches > 0 {
            // Burn says nothing between two test sets, but counts their iterations from 1.
            if self.end.is_none() {
                self.finish();
            }
            self.clear();
        }
        self.step = None;
        self.end = None;
        let logs = match self.on_step {
            OnStep::Never => false,
            OnStep::Every(n) => (self.batches + self.failed_batches + 1).is_multiple_of(n.max(1)),
        };
        let taken = match &input.0 {
            Err(error) => Err(error.clone()),
            Ok(batch) => self.guarded(|split| split.take(batch, logs)),
        };
        match taken {
            Ok(report) => {
                self.batches += 1;
                self.samples += input.0.as_ref().map_or(0, |batch| batch.samples() as u64);
                self.step = report;
            }
            Err(error) => {
                self.failed_batches += 1;
                self.say(format!("a batch was left out: {error}"));
            }
        }
        let progress = &metadata.progress;
        self.complete = progress.items_processed >= progress.items_total;
        if test && progress.items_total > 0 && self.complete {
            self.finish();
        }
    }

    fn take(&mut self, batch: &B, logs: bool) -> Result<Option<MetricReport>, MetricError> {
        match (logs, self.step_value) {
            (false, _) => self.collection.update(batch).map(|()| None),
            (true, StepValue::Batch) => self.collection.forward(batch).map(Some),
            (true, StepValue::Running) => {
                self.collection.update(batch)?;
                self.collection.compute().map(Some)
            }
        }
    }

    /// Computes the values of the epoch.
    pub fn finish(&mut self) {
        self.step = None;
        let report = self
            .guarded(|split| split.collection.compute())
            .unwrap_or_else(|error| self.collection.unavailable(&error));
        for (name, error) in report.errors() {
            self.say(format!("{name} has no value: {error}"));
        }
        self.results.push(SplitReport {
            split: self.kind,
            epoch: self.epoch,
            batches: self.batches,
            samples: self.samples,
            complete: self.complete,
            failed_batches: self.failed_batches,
            reads: self.collection.reads() - self.reads_before,
            report: report.clone(),
        });
        self.end = Some(report);
    }

    /// Starts the next epoch, or test set. The values of the last one stay visible until its first
    /// step, since Burn clears one metric before it computes the next.
    pub fn clear(&mut self) {
        self.collection.reset();
        self.batches = 0;
        self.samples = 0;
        self.complete = false;
        self.failed_batches = 0;
        self.reads_before = self.collection.reads();
        self.said.clear();
        match &mut self.kind {
            SplitKind::Test(index) => *index += 1,
            _ => self.epoch += 1,
        }
    }

    /// The values of the step just taken, if it logged.
    pub fn step(&self) -> Option<&MetricReport> {
        self.step.as_ref()
    }

    /// The values of the epoch, if it is complete.
    pub fn end(&self) -> Option<&MetricReport> {
        self.end.as_ref()
    }

    /// A panic in a metric, which may be the user's, must not end the training.
    fn guarded<R>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<R, MetricError>,
    ) -> Result<R, MetricError> {
        catch_unwind(AssertUnwindSafe(|| f(self))).unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
            Err(MetricError::Custom(format!(
                "panicked: {}",
                text.unwrap_or_default()
            )))
        })
    }

    fn say(&mut self, what: String) {
        if self.said.insert(what.clone()) {
            log::warn!("metrics of {:?}, epoch {}: {what}", self.kind, self.epoch);
        }
    }
}

/// The last test set of an evaluation that broke off before its last batch.
impl<B: Batch> Drop for SplitState<B> {
    fn drop(&mut self) {
        let test = matches!(self.kind, SplitKind::Test(_));
        if test && self.end.is_none() && self.batches + self.failed_batches > 0 {
            self.finish();
        }
    }
}
