//! Checkpoints of the metrics beside Burn's.

use crate::MetricInput;
use crate::{
    LearnerMetrics, MetricsCheckpoint, SplitKind, durable,
    loggers::{RecordLogger, RecordWriter, Synced},
    plan::Shows,
};
use burn::train::{
    InferenceStep, Interrupter, LearnerModel, MetricRegistration, SupervisedTraining, TrainStep,
    checkpoint::{
        Checkpoint, Checkpointer, CheckpointerError, CheckpointingAction, CheckpointingStrategy,
        KeepLastNCheckpoints,
    },
    metric::{
        Adaptor,
        store::{Aggregate, EventStoreClient, Split},
    },
};
use metrics_core::{Batch, MetricError};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Burn's checkpoints, with one of the metrics beside each; from [`LearnerMetrics::checkpoints`].
///
/// Registered in place of the metrics, it registers them, Burn's checkpointers (the files
/// `checkpoint/model-3.bpk`, `optim-3.bpk`, `scheduler-3.bpk` of epoch 3), and the strategy that decides which epochs to
/// keep, which also saves `checkpoint/metrics-3.json`. Each file is written under another name and gets its own
/// once it is on the disk. Before that, everything that Burn has logged so far is on the disk in the loggers given to
/// [`log`](Self::log).
///
/// Resumed, it goes on with model, optimizer, scheduler, epochs, results and the steps of the loggers.
///
/// ```no_run
/// use burn::train::{LearnerModel, SupervisedTraining, TrainStep, InferenceStep, metric::Adaptor};
/// use metrics_burn::{LearnerMetrics, MetricInput, loggers::JsonLines};
/// use metrics_core::batch::Multiclass;
/// # fn example<M: LearnerModel>(training: SupervisedTraining<M>, metrics: LearnerMetrics<Multiclass>) -> Result<(), Box<dyn std::error::Error>>
/// # where <M as TrainStep>::Output: Adaptor<MetricInput<Multiclass>>, <M as InferenceStep>::Output: Adaptor<MetricInput<Multiclass>> {
/// let lines = JsonLines::append("artifacts/metrics.jsonl", "baseline")?;
/// let checkpoints = metrics
///     .checkpoints("artifacts") // the directory of the training
///     .log(&lines)
///     .resume_latest()?; // nothing, if there is none yet
/// let training = training.with_metric_logger(lines).metrics(checkpoints);
/// # Ok(()) }
/// ```
///
/// Give the training no other checkpointers, checkpointing strategy or `checkpoint(n)`.
pub struct Checkpoints<B: Batch> {
    metrics: LearnerMetrics<B>,
    directory: PathBuf,
    strategy: Box<dyn CheckpointingStrategy>,
    logs: Vec<Arc<dyn Synced>>,
    /// The epoch that the training goes on after.
    after: Option<usize>,
}

/// Burn's files of an epoch.
const PARTS: [&str; 3] = ["model", "optim", "scheduler"];

impl<B: Batch> Checkpoints<B> {
    pub(crate) fn new(metrics: LearnerMetrics<B>, directory: &Path) -> Self {
        Self {
            metrics,
            directory: directory.join("checkpoint"),
            strategy: Box::new(KeepLastNCheckpoints::new(2)),
            logs: Vec::new(),
            after: None,
        }
    }

    /// Which epochs to keep; default: the last two. Burn's strategies do: `MetricCheckpointingStrategy` with
    /// [`LearnerMetrics::metric`] keeps the best epoch.
    pub fn strategy(mut self, strategy: impl CheckpointingStrategy + 'static) -> Self {
        self.strategy = Box::new(strategy);
        self
    }

    /// A logger of the training: what it was given is on the disk before a checkpoint says so, and after a restart its
    /// steps count on from the batches of the checkpoint. Call this before [`resume`](Self::resume).
    pub fn log<W: RecordWriter + 'static>(mut self, logger: &RecordLogger<W>) -> Self {
        self.logs.push(Arc::new(logger.clone()));
        self
    }

    /// Goes on after an epoch that was saved. The metrics have that epoch's results and those before it.
    ///
    /// # Errors
    /// [`MetricError::Saved`] if a file is missing or damaged, if the metrics or their options differ, or if the file
    /// is of another epoch; [`MetricError::MergeMismatch`] if options of a state differ.
    pub fn resume(mut self, epoch: usize) -> Result<Self, MetricError> {
        for part in PARTS {
            let file = self.directory.join(format!("{part}-{epoch}.bpk"));
            if !file.is_file() {
                let complete = self.saved_epochs();
                return Err(MetricError::saved(format!(
                    "there is no checkpoint of epoch {epoch}: {} is missing; epochs with all files: {complete:?}",
                    file.display()
                )));
            }
        }
        let path = metrics_file(&self.directory, epoch);
        let saved = MetricsCheckpoint::read(&path)?;
        if saved.next_epoch() != epoch + 1 {
            return Err(MetricError::saved(format!(
                "{} ends before epoch {}, and not before epoch {}",
                path.display(),
                saved.next_epoch(),
                epoch + 1
            )));
        }
        for log in &self.logs {
            for split in [SplitKind::Train, SplitKind::Valid] {
                log.continue_after(split.name(), saved.steps(split));
            }
        }
        self.metrics.restore(saved, false)?;
        let first = self.metrics.first_epoch();
        if first != epoch + 1 {
            return Err(MetricError::saved(format!(
                "the checkpoint of epoch {epoch} goes on with epoch {}, and `first_epoch` is {first}; leave it out",
                epoch + 1
            )));
        }
        self.after = Some(epoch);
        Ok(self)
    }

    /// Goes on after the last epoch of which all files are there; begins anew if there is none.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_latest(self) -> Result<Self, MetricError> {
        match self.saved_epochs().last() {
            Some(epoch) => self.resume(*epoch),
            None => Ok(self),
        }
    }

    /// The epoch that the training goes on after; none if it begins anew.
    pub fn resumed(&self) -> Option<usize> {
        self.after
    }

    /// The epochs of which all files are there, in their order.
    pub fn saved_epochs(&self) -> Vec<usize> {
        let numbers = numbers(&self.directory);
        let whole = |epoch: &usize| {
            let file = |part: &&str| self.directory.join(format!("{part}-{epoch}.bpk")).is_file();
            PARTS.iter().all(file)
        };
        numbers.into_iter().filter(whole).collect()
    }
}

fn metrics_file(directory: &Path, epoch: usize) -> PathBuf {
    directory.join(format!("metrics-{epoch}.json"))
}

/// The epochs that have a checkpoint of the metrics, in their order.
fn numbers(directory: &Path) -> Vec<usize> {
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut numbers: Vec<usize> = files
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            let number = name.strip_prefix("metrics-")?.strip_suffix(".json")?;
            number.parse().ok()
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Burn's `FileCheckpointer`, with files that are whole whatever happens.
struct Whole {
    directory: PathBuf,
    name: &'static str,
}

impl Whole {
    fn path(&self, epoch: usize) -> PathBuf {
        self.directory.join(format!("{}-{epoch}.bpk", self.name))
    }
}

impl<R: Checkpoint> Checkpointer<R> for Whole {
    fn save(&self, epoch: usize, record: R) -> Result<(), CheckpointerError> {
        let mut failed = None;
        let written = durable::replace(&self.path(epoch), |file| {
            record.save(file.to_path_buf()).map_err(|error| {
                let text = error.to_string();
                failed = Some(error);
                io::Error::other(text)
            })
        });
        match failed {
            Some(error) => Err(error),
            None => written.map_err(CheckpointerError::IOError),
        }
    }

    fn restore(&self, epoch: usize) -> Result<R, CheckpointerError> {
        R::load(self.path(epoch))
    }

    fn delete(&self, epoch: usize) -> Result<(), CheckpointerError> {
        match fs::remove_file(self.path(epoch)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CheckpointerError::IOError(error))
            }
            _ => Ok(()),
        }
    }
}

/// The strategy that saves the metrics before Burn saves the model.
struct Saving<B: Batch> {
    metrics: LearnerMetrics<B>,
    directory: PathBuf,
    inner: Box<dyn CheckpointingStrategy>,
    logs: Vec<Arc<dyn Synced>>,
    interrupter: Interrupter,
    /// Epochs whose model Burn was told to delete.
    deleted: Vec<usize>,
}

impl<B: Batch> Saving<B> {
    fn save(&self, epoch: usize, store: &EventStoreClient) -> Result<(), String> {
        // The store answers when it has handled all events before.
        store.find_metric(&self.a_name(), epoch, Aggregate::Mean, &Split::Train);
        for log in &self.logs {
            // The logger has said what went wrong.
            let _ = log.sync();
        }
        let checkpoint = self
            .metrics
            .checkpoint()
            .map_err(|error| error.to_string())?;
        if checkpoint.next_epoch() != epoch + 1 {
            return Err(format!(
                "Burn has ended epoch {epoch}, and the metrics epoch {}: resume both with \
                 `LearnerMetrics::checkpoints`, without `SupervisedTraining::checkpoint`",
                checkpoint.next_epoch() - 1
            ));
        }
        let written = checkpoint.write(metrics_file(&self.directory, epoch));
        written.map_err(|error| error.to_string())
    }

    /// A name that the first logger knows, if there is one.
    fn a_name(&self) -> String {
        let planned = self.metrics.plan(SplitKind::Train).metrics.iter();
        let mut names = planned.filter(|p| p.info.is_scalar).flat_map(|p| &p.names);
        let name = names.find(|(_, shows)| *shows == Shows::Epochs);
        name.map(|(name, _)| name.clone()).unwrap_or_default()
    }

    /// Removes checkpoints of the metrics whose model was deleted. Burn deletes in its own time, and an epoch is
    /// whole until then.
    fn tidy(&mut self) {
        let directory = &self.directory;
        self.deleted.retain(|epoch| {
            let model = directory.join(format!("model-{epoch}.bpk"));
            let file = metrics_file(directory, *epoch);
            model.exists()
                || fs::remove_file(file).is_err_and(|error| error.kind() != io::ErrorKind::NotFound)
        });
    }
}

impl<B: Batch> CheckpointingStrategy for Saving<B> {
    fn checkpointing(
        &mut self,
        epoch: usize,
        store: &EventStoreClient,
    ) -> Vec<CheckpointingAction> {
        let mut actions = self.inner.checkpointing(epoch, store);
        // A new checkpoint is written before an old one goes.
        actions.sort_by_key(|action| *action != CheckpointingAction::Save);
        self.tidy();
        let deleted = actions.iter().filter_map(|action| match action {
            CheckpointingAction::Delete(epoch) => Some(*epoch),
            CheckpointingAction::Save => None,
        });
        self.deleted.extend(deleted);
        if actions.contains(&CheckpointingAction::Save)
            && let Err(what) = self.save(epoch, store)
        {
            let text = format!("the metrics of epoch {epoch} were not saved: {what}");
            eprintln!("{text}");
            self.interrupter.fail(CheckpointerError::Unknown(text));
        }
        actions
    }
}

impl<B: Batch, M: LearnerModel> MetricRegistration<M> for Checkpoints<B>
where
    <M as TrainStep>::Output: Adaptor<MetricInput<B>>,
    <M as InferenceStep>::Output: Adaptor<MetricInput<B>>,
{
    fn register(self, builder: SupervisedTraining<M>) -> SupervisedTraining<M> {
        let [model, optim, scheduler] = PARTS.map(|name| Whole {
            directory: self.directory.clone(),
            name,
        });
        let saving = Saving {
            metrics: self.metrics.clone(),
            directory: self.directory,
            inner: self.strategy,
            logs: self.logs,
            interrupter: builder.interrupter(),
            deleted: Vec::new(),
        };
        let builder = builder
            .with_custom_checkpointers(model, optim, scheduler)
            .with_checkpointing_strategy(saving);
        let builder = match self.after {
            Some(epoch) => builder.checkpoint(epoch),
            None => builder,
        };
        builder.metrics(self.metrics)
    }
}
