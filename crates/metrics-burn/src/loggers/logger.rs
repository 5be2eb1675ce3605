//! Burn's `MetricLogger` over anything that writes records.

use super::{
    Record, RecordValue,
    known::Known,
    outbox::Outbox,
    record::split_name,
    writer::{RecordWriter, Synced},
};
use crate::{SplitReport, thin::thinned};
use burn::train::{
    logger::MetricLogger,
    metric::{
        MetricAttributes, MetricDefinition, MetricEntry, MetricId, NumericEntry,
        store::{EpochSummary, MetricsUpdate, Split},
    },
};
use std::{
    collections::{HashMap, HashSet},
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A [`MetricLogger`] that gives every value Burn logs to a [`RecordWriter`].
///
/// Clones share one log. Keep one to [log a report](Self::report) of a test set (Burn's
/// [`Evaluator`](burn::train::Evaluator) takes no logger), to log from a loop of your own, or to
/// look for [errors](Self::errors).
///
/// A numeric entry is logged as its number, and a text that is the JSON of a
/// [`Value`](metrics_core::Value) as that value. Steps are counted over the epochs of each split.
///
/// What Burn logs last in an epoch belongs to the epoch, and so does a final entry, a
/// [`Value`](metrics_core::Value), and the values of an epoch that Burn completes with batches that come after its end.
///
/// Of several loggers only the first one given to Burn answers its early stopping and checkpointing.
/// In a resumed training that logger must know the earlier epochs, so continue it, with
/// [`JsonLines::append`](super::JsonLines::append) for example. If it was created anew, Burn finds
/// no earlier epoch, whatever the other loggers hold.
///
/// When the writer fails, the cause is logged once as a warning and the training goes on. The last
/// 10 000 records that could not be written are kept and tried again: every hundred records or more,
/// and at the end of each epoch and of each report.
pub struct RecordLogger<W: RecordWriter> {
    log: Arc<Mutex<Log<W>>>,
}

impl<W: RecordWriter> Clone for RecordLogger<W> {
    fn clone(&self) -> Self {
        Self {
            log: self.log.clone(),
        }
    }
}

impl<W: RecordWriter> fmt::Debug for RecordLogger<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = self.lock();
        f.debug_struct("RecordLogger")
            .field("run", &log.run)
            .field("errors", &log.outbox.errors)
            .finish_non_exhaustive()
    }
}

impl<W: RecordWriter> RecordLogger<W> {
    /// A logger for a run.
    pub fn new(writer: W, run: impl Into<String>) -> Self {
        Self::resumed(writer, run, Known::default())
    }

    /// A logger that continues a log.
    pub(super) fn resumed(writer: W, run: impl Into<String>, known: Known) -> Self {
        let log = Log {
            outbox: Outbox::new(writer),
            run: run.into(),
            known,
            splits: HashMap::new(),
            names: HashMap::new(),
            units: HashMap::new(),
            told: false,
            collided: HashSet::new(),
        };
        Self {
            log: Arc::new(Mutex::new(log)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Log<W>> {
        // Whatever a panicking writer left behind, the other records can still be written.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends the writer.
    #[cfg(feature = "report")]
    pub(super) fn with_writer<R>(&self, f: impl FnOnce(&mut W) -> R) -> R {
        f(&mut self.lock().outbox.writer)
    }

    /// Logs the values of a report as values of its epoch, and flushes. The split has its
    /// [label](crate::SplitReport::label). Names, units and percent are those of the split's
    /// [policy](crate::LogPolicy), as Burn logs them in a training. Metrics without a value are left out, and so are
    /// those whose epochs are not logged.
    pub fn report(&self, report: &SplitReport) {
        self.report_as(&report.label(), report);
    }

    /// As [`report`](Self::report), under another name for the split, such as `test-holdout`.
    pub fn report_as(&self, split: &str, report: &SplitReport) {
        let mut log = self.lock();
        for entry in &report.report.entries {
            let logged = report.logged.iter().find(|own| own.metric == entry.name);
            if logged.is_none() && !report.logged.is_empty() {
                continue;
            }
            let Some(value) = &entry.value else { continue };
            let number = value.scalar().filter(|_| logged.is_some());
            let value = match (number, logged) {
                // As Burn has it: one number.
                (Some(number), Some(own)) if own.percent => (100.0 * number).into(),
                (Some(number), _) => number.into(),
                (None, _) => thinned(value).into_owned().into(),
            };
            let run = log.run.clone();
            log.outbox.put(Record {
                run,
                split: split.to_string(),
                epoch: report.epoch,
                step: None,
                name: logged.map_or(&entry.name, |own| &own.name).clone(),
                value,
                unit: logged.and_then(|own| own.unit.clone()),
                class_names: entry.class_names.clone(),
            });
        }
        // The outbox has taken note of an error.
        let _ = log.outbox.flush();
    }

    /// Logs the value of a step. Number the steps from 1 over all epochs of the split.
    pub fn step(
        &self,
        split: &str,
        epoch: usize,
        step: u64,
        name: &str,
        value: impl Into<RecordValue>,
    ) {
        self.lock()
            .put(split, epoch, Some(step), Entry::of(name, value.into()));
    }

    /// Logs the value of an epoch.
    pub fn epoch(&self, split: &str, epoch: usize, name: &str, value: impl Into<RecordValue>) {
        self.lock()
            .put(split, epoch, None, Entry::of(name, value.into()));
    }

    /// Writes what waits after a failure.
    ///
    /// # Errors
    /// The error, if writing still fails.
    pub fn flush(&self) -> io::Result<()> {
        self.lock().outbox.flush()
    }

    /// Writes what waits, and waits until everything is on the disk.
    ///
    /// # Errors
    /// The error, if writing fails or the disk does not answer.
    pub fn sync(&self) -> io::Result<()> {
        let mut log = self.lock();
        log.outbox.flush()?;
        let synced = log.outbox.writer.sync();
        log.outbox.note(synced)
    }

    /// How many attempts to write failed.
    pub fn errors(&self) -> u64 {
        self.lock().outbox.errors
    }

    /// The error of the last failed attempt.
    pub fn last_error(&self) -> Option<String> {
        self.lock().outbox.last_error.clone()
    }

    /// How many records were dropped, the oldest first, since too many waited.
    pub fn lost(&self) -> u64 {
        self.lock().outbox.lost
    }
}

impl<W: RecordWriter> Synced for RecordLogger<W> {
    fn sync(&self) -> io::Result<()> {
        RecordLogger::sync(self)
    }

    fn continue_after(&self, split: &str, steps: u64) {
        self.lock().known.count(split, steps);
    }
}

impl<W: RecordWriter + 'static> MetricLogger for RecordLogger<W> {
    fn log(&mut self, update: MetricsUpdate, epoch: usize, split: &Split) {
        self.lock().update(&update, epoch, &split_name(split));
    }

    fn read_numeric(
        &mut self,
        name: &str,
        epoch: usize,
        split: &Split,
    ) -> Result<Vec<NumericEntry>, String> {
        Ok(self.lock().known.read(&split_name(split), name, epoch))
    }

    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        let name = definition.name.to_string();
        let mut log = self.lock();
        if let MetricAttributes::Numeric(numeric) = definition.attributes
            && let Some(unit) = numeric.unit
        {
            log.units.insert(name.clone(), unit);
        }
        log.names.insert(definition.metric_id, name);
    }

    fn log_epoch_summary(&mut self, summary: EpochSummary) {
        let mut log = self.lock();
        log.settle(&split_name(&summary.split), true);
        // The outbox has taken note of an error.
        let _ = log.outbox.flush();
    }
}

/// What the clones of a logger share.
struct Log<W: RecordWriter> {
    outbox: Outbox<W>,
    run: String,
    known: Known,
    splits: HashMap<String, Progress>,
    names: HashMap<MetricId, String>,
    /// The units of the metrics that have one.
    units: HashMap<String, String>,
    /// Whether the writer knows the names.
    told: bool,
    /// The names that were given twice, each of which a warning has named.
    collided: HashSet<String>,
}

/// How far a split is.
struct Progress {
    /// Steps taken over all epochs.
    steps: u64,
    /// The last update, held back if only Burn's next call tells whether it belongs to a step or to the epoch:
    /// Burn's rank metrics end an epoch with an ordinary value.
    held: Option<Held>,
}

struct Held {
    epoch: usize,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    value: RecordValue,
    unit: Option<String>,
    class_names: Vec<String>,
    /// What Burn reads, if it is a number.
    number: Option<NumericEntry>,
}

impl Entry {
    fn of(name: &str, value: RecordValue) -> Self {
        Self {
            name: name.to_string(),
            value,
            unit: None,
            class_names: Vec::new(),
            number: None,
        }
    }

    /// Whether it is only logged for an epoch, as are all values that are not numbers.
    fn ends_epoch(&self) -> bool {
        let is_final = matches!(self.number, Some(NumericEntry::Final(_)));
        is_final || matches!(self.value, RecordValue::Value(_))
    }

    /// Whether it is the value of a batch, with the number of its elements.
    fn is_batch(&self) -> bool {
        matches!(self.number, Some(NumericEntry::Aggregated { .. }))
    }
}

impl<W: RecordWriter> Log<W> {
    /// Takes an update of Burn's.
    fn update(&mut self, update: &MetricsUpdate, epoch: usize, split: &str) {
        if !self.told {
            self.told = true;
            let known: Vec<_> = self.names.values().cloned().collect();
            let told = self.outbox.writer.names(&known);
            // The outbox says it.
            let _ = self.outbox.note(told);
        }
        self.settle(split, false);
        let texts = update.entries.iter().map(|entry| (entry, false));
        let numbers = update.entries_numeric.iter().map(|n| (&n.entry, true));
        let mut ids = HashSet::new();
        let mut entries = Vec::new();
        for (entry, is_number) in texts.chain(numbers) {
            let name = self.name(&entry.metric_id);
            if !ids.insert(&entry.metric_id) && self.collided.insert(name.clone()) {
                log::warn!(
                    "two metrics are named `{name}`, and their values are logged under one name; \
                     give one another name with `MetricCollection::named`"
                );
            }
            if entry.serialized_entry.is_not_available() {
                continue;
            }
            entries.push(self.entry(split, epoch, name, entry, is_number));
        }
        let started = Progress {
            steps: self.known.steps_before(split, epoch),
            held: None,
        };
        let progress = self.splits.entry(split.to_string()).or_insert(started);
        if !entries.iter().any(Entry::ends_epoch) {
            progress.held = Some(Held { epoch, entries });
            return;
        }
        // The last batch of a test set, and one that came after the end of its epoch and completes
        // it, end the epoch in the update of their step. What a metric such as Burn's loss says of
        // that batch is the step's: at an end it would be final.
        let (batch, epochs): (Vec<_>, Vec<_>) = entries.into_iter().partition(Entry::is_batch);
        if !batch.is_empty() {
            progress.steps += 1;
            let step = progress.steps;
            self.put_all(split, epoch, Some(step), batch);
        }
        self.put_all(split, epoch, None, epochs);
    }

    fn name(&self, id: &MetricId) -> String {
        // Burn gives all definitions first.
        let name = self.names.get(id).cloned();
        name.unwrap_or_else(|| format!("{id:?}"))
    }

    /// What one metric logged.
    fn entry(
        &mut self,
        split: &str,
        epoch: usize,
        name: String,
        entry: &MetricEntry,
        is_number: bool,
    ) -> Entry {
        let text = &entry.serialized_entry.serialized;
        // What Burn's own loggers write and read; the entry's number may be another, since it can
        // be of the epoch so far.
        let number = NumericEntry::deserialize(text).ok();
        match number.filter(|_| is_number) {
            Some(number) => {
                self.known.add(split, &name, epoch, &number);
                Entry {
                    unit: self.units.get(&name).cloned(),
                    name,
                    value: number.current().into(),
                    class_names: Vec::new(),
                    number: Some(number),
                }
            }
            None => {
                let (value, class_names) = RecordValue::from_text(text);
                Entry {
                    class_names,
                    ..Entry::of(&name, value)
                }
            }
        }
    }

    /// Writes the update that is held back, as a value of the epoch or of a step.
    fn settle(&mut self, split: &str, is_epoch: bool) {
        let Some(progress) = self.splits.get_mut(split) else {
            return;
        };
        let Some(Held { epoch, entries }) = progress.held.take() else {
            return;
        };
        let step = (!is_epoch).then(|| {
            progress.steps += 1;
            progress.steps
        });
        self.put_all(split, epoch, step, entries);
    }

    fn put_all(&mut self, split: &str, epoch: usize, step: Option<u64>, entries: Vec<Entry>) {
        for entry in entries {
            self.put(split, epoch, step, entry);
        }
    }

    fn put(&mut self, split: &str, epoch: usize, step: Option<u64>, entry: Entry) {
        self.outbox.put(Record {
            run: self.run.clone(),
            split: split.to_string(),
            epoch,
            step,
            name: entry.name,
            value: entry.value,
            unit: entry.unit,
            class_names: entry.class_names,
        });
    }
}

impl<W: RecordWriter> Drop for Log<W> {
    fn drop(&mut self) {
        // During a panic, another one of the writer would abort the process.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let splits: Vec<_> = self.splits.keys().cloned().collect();
            for split in splits {
                self.settle(&split, false);
            }
            let _ = self.outbox.flush();
        }));
    }
}
