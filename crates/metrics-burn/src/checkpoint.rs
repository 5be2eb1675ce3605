//! What a plugin has accumulated, as data.

use crate::{SplitKind, SplitReport, epoch::SavedEpoch};
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
    pub(crate) reports: Vec<SplitReport>,
    pub(crate) running: Vec<(SplitKind, SavedEpoch)>,
    /// The epoch to begin with, if one was asked for.
    pub(crate) first_epoch: Option<usize>,
}

const VERSION: u32 = 1;

impl MetricsCheckpoint {
    pub(crate) fn new(reports: Vec<SplitReport>, running: Vec<(SplitKind, SavedEpoch)>) -> Self {
        Self {
            version: VERSION,
            reports,
            running,
            first_epoch: None,
        }
    }

    /// It as it was when an epoch began, for a training that takes this epoch up from its start, as
    /// Burn's does after `SupervisedTraining::checkpoint(epoch - 1)`.
    pub fn at_start_of(mut self, epoch: usize) -> Self {
        self.running.clear();
        self.reports
            .retain(|report| matches!(report.split, SplitKind::Test(_)) || report.epoch < epoch);
        self.first_epoch = Some(epoch);
        self
    }

    /// The epoch a split begins with that has none running.
    pub(crate) fn next_epoch(&self) -> usize {
        let epochs = self
            .reports
            .iter()
            .filter(|report| report.split == SplitKind::Train);
        let reported = epochs.map(|report| report.epoch).max().unwrap_or(0);
        self.first_epoch.unwrap_or(reported + 1)
    }

    /// Whether this version of the crate can read it.
    pub(crate) fn readable(&self) -> Result<(), String> {
        match self.version {
            VERSION => Ok(()),
            other => Err(format!(
                "a checkpoint of version {other}; this version of the crate reads {VERSION}"
            )),
        }
    }
}
