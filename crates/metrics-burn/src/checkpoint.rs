//! What a plugin has accumulated, as data.

use crate::{
    SplitKind, SplitReport, durable,
    epoch::{Measures, SavedEpoch},
    thin::thinned,
};
use metrics_core::{Batch, CollectionSummary, MetricError};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fs, io, path::Path};

/// The epochs so far and the state of the one that is running, to save next to a model's checkpoint.
///
/// [`LearnerMetrics::checkpoints`](crate::LearnerMetrics::checkpoints) saves it with Burn's checkpoints and
/// restores both. By hand, it is taken by [`LearnerMetrics::checkpoint`](crate::LearnerMetrics::checkpoint) after
/// an epoch, saved by [`write`](Self::write), and given back through
/// [`LearnerMetricsBuilder::resume`](crate::LearnerMetricsBuilder::resume). It is plain data (serde);
/// a file of it can be resumed on another device or backend.
///
/// Of the last epoch of each split it has the curves with every vertex, of earlier epochs what can be seen of
/// them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricsCheckpoint {
    /// The layout of the fields below.
    version: u32,
    /// Of what it is the checkpoint.
    #[serde(default)]
    pub(crate) metrics: Vec<String>,
    /// A summary without data, which names the options of the states.
    #[serde(default)]
    states: Option<CollectionSummary>,
    /// The options of the metrics that their states do not have.
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    pub(crate) reports: Vec<SplitReport>,
    #[serde(default)]
    pub(crate) running: Vec<(SplitKind, SavedEpoch)>,
    /// The number of the first epoch, if it was asked for.
    pub(crate) first_epoch: Option<usize>,
}

const VERSION: u32 = 2;

impl MetricsCheckpoint {
    pub(crate) fn new<B: Batch>(
        metrics: Vec<String>,
        measures: &Measures<B>,
        mut reports: Vec<SplitReport>,
        running: Vec<(SplitKind, SavedEpoch)>,
    ) -> Result<Self, MetricError> {
        // Pages draw curves of last epochs only, and a checkpoint has all epochs.
        let last: HashMap<_, _> = (reports.iter().enumerate())
            .map(|(i, report)| (report.split, i))
            .collect();
        for (i, report) in reports.iter_mut().enumerate() {
            if last.get(&report.split) != Some(&i) {
                for value in report.report.entries.iter_mut().flat_map(|e| &mut e.value) {
                    *value = thinned(value).into_owned();
                }
            }
        }
        Ok(Self {
            version: VERSION,
            metrics,
            states: Some(measures.metrics.fresh().summary()?),
            options: measures.metrics.options(),
            reports,
            running,
            first_epoch: None,
        })
    }

    /// Writes the checkpoint as JSON: first to another file of the same directory, then, once it is on the disk, under
    /// this name. So the file is whole or as it was, whatever happens.
    ///
    /// # Errors
    /// The error of writing, with the path.
    pub fn write(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let json = serde_json::to_vec(self)?;
        durable::write(path.as_ref(), &json)
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    /// [`MetricError::Saved`] if the file cannot be read, ends early, is damaged, or is of another version; with the
    /// path.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, MetricError> {
        let path = path.as_ref();
        let refuse = |what: String| {
            let text = format!("the checkpoint {}: {what}", path.display());
            MetricError::saved(text)
        };
        let bytes = fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let read = serde_json::from_slice(&bytes);
        let read: Self = read.map_err(|error| {
            if error.is_eof() {
                return refuse(format!(
                    "ends in the middle, after {} bytes; take an earlier checkpoint",
                    bytes.len()
                ));
            }
            refuse(format!("is damaged, or no checkpoint of metrics: {error}"))
        })?;
        read.check_version()
            .map_err(|error| refuse(error.to_string()))?;
        Ok(read)
    }

    /// The checkpoint as it was when `epoch` began, for a training that goes further back: Burn begins with
    /// this epoch after `SupervisedTraining::checkpoint(epoch - 1)`.
    pub fn at_start_of(mut self, epoch: usize) -> Self {
        self.running.clear();
        self.reports
            .retain(|report| matches!(report.split, SplitKind::Test(_)) || report.epoch < epoch);
        self.first_epoch = Some(epoch);
        self
    }

    /// The epoch that was running, or the one after the last.
    pub fn next_epoch(&self) -> usize {
        let mut running = self
            .running
            .iter()
            .filter(|(kind, _)| *kind == SplitKind::Train);
        if let Some((_, epoch)) = running.next() {
            return epoch.number;
        }
        let epochs = self
            .reports
            .iter()
            .filter(|report| report.split == SplitKind::Train);
        let reported = epochs.map(|report| report.epoch).max().unwrap_or(0);
        self.first_epoch.unwrap_or(reported + 1)
    }

    /// How many steps a split has taken before the epoch that comes next.
    pub(crate) fn steps(&self, split: SplitKind) -> u64 {
        let next = self.next_epoch();
        let before = self.reports.iter();
        let before = before.filter(|report| report.split == split && report.epoch < next);
        before
            .map(|report| (report.batches + report.failed_batches) as u64)
            .sum()
    }

    /// Fails unless it is a checkpoint of these metrics with these options, in a version that this crate reads.
    pub(crate) fn check<B: Batch>(
        &self,
        metrics: &[String],
        measures: &Measures<B>,
    ) -> Result<(), MetricError> {
        self.check_version()?;
        let saved = &self.metrics;
        if saved != metrics {
            return Err(MetricError::saved(format!(
                "a checkpoint of the metrics {saved:?}; these are {metrics:?}"
            )));
        }
        if let Some(states) = &self.states {
            measures.metrics.fresh().merge(states)?;
        }
        let names = measures.metrics.metrics();
        let own = measures.metrics.options();
        for ((info, saved), own) in names.iter().zip(&self.options).zip(own) {
            if *saved != own {
                return Err(MetricError::saved(format!(
                    "`{}` has the options {own}, and had {saved} in the checkpoint",
                    info.name
                )));
            }
        }
        Ok(())
    }

    fn check_version(&self) -> Result<(), MetricError> {
        if self.version == VERSION {
            return Ok(());
        }
        Err(MetricError::saved(format!(
            "a checkpoint of version {}; this version of the crate reads {VERSION}",
            self.version
        )))
    }
}
