//! What a plugin has accumulated, as data.

use crate::{SplitKind, SplitReport, epoch::SavedEpoch};
use metrics_core::MetricError;
use serde::{Deserialize, Serialize};

/// The epochs so far and the state of the one that is running, to save next to a model's checkpoint.
///
/// Taken by [`LearnerMetrics::checkpoint`](crate::LearnerMetrics::checkpoint), given back through
/// [`LearnerMetricsBuilder::resume`](crate::LearnerMetricsBuilder::resume). It is plain data (serde);
/// a file of it can be resumed on another device or backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricsCheckpoint {
    /// The layout of the fields below.
    version: u32,
    /// Of what it is the checkpoint.
    #[serde(default)]
    pub(crate) metrics: Vec<String>,
    #[serde(default)]
    pub(crate) reports: Vec<SplitReport>,
    #[serde(default)]
    pub(crate) running: Vec<(SplitKind, SavedEpoch)>,
    /// The number of the first epoch, if it was asked for.
    pub(crate) first_epoch: Option<usize>,
}

const VERSION: u32 = 1;

impl MetricsCheckpoint {
    pub(crate) fn new(
        metrics: Vec<String>,
        reports: Vec<SplitReport>,
        running: Vec<(SplitKind, SavedEpoch)>,
    ) -> Self {
        Self {
            version: VERSION,
            metrics,
            reports,
            running,
            first_epoch: None,
        }
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
    pub(crate) fn next_epoch(&self) -> usize {
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

    /// Fails unless it is a checkpoint of these metrics, in a version that this crate reads.
    pub(crate) fn check(&self, metrics: &[String]) -> Result<(), MetricError> {
        let (version, saved) = (self.version, &self.metrics);
        if version != VERSION {
            return Err(MetricError::saved(format!(
                "a checkpoint of version {version}; this version of the crate reads {VERSION}"
            )));
        }
        if saved != metrics {
            return Err(MetricError::saved(format!(
                "a checkpoint of the metrics {saved:?}; these are {metrics:?}"
            )));
        }
        Ok(())
    }
}
