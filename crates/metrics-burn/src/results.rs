//! The results, for use after the training.

use metrics_core::{MetricInfo, MetricReport};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which data a value is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitKind {
    /// The training set.
    Train,
    /// The validation set.
    Valid,
    /// A test set by its order, from 0, among all test sets that had a batch or whose names the plugin was told: the
    /// sets of an evaluation, then the sets of the next one with the same [`LearnerMetrics`](crate::LearnerMetrics).
    Test(usize),
}

impl SplitKind {
    /// `train`, `valid` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            SplitKind::Train => "train",
            SplitKind::Valid => "valid",
            SplitKind::Test(_) => "test",
        }
    }

    /// The [name](Self::name). From the second test set on, its number follows.
    ///
    /// ```
    /// use metrics_burn::SplitKind;
    ///
    /// assert_eq!(SplitKind::Valid.label(), "valid");
    /// assert_eq!(SplitKind::Test(0).label(), "test");
    /// assert_eq!(SplitKind::Test(1).label(), "test-2");
    /// ```
    pub fn label(self) -> String {
        match self {
            SplitKind::Test(index @ 1..) => format!("test-{}", index.saturating_add(1)),
            split => split.name().to_string(),
        }
    }
}

/// The values of one epoch of one split, or of one test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitReport {
    /// Which data.
    pub split: SplitKind,
    /// The epoch, from 1 or [`first_epoch`](crate::LearnerMetricsBuilder::first_epoch); 1 for a test
    /// set.
    pub epoch: usize,
    /// How many batches were accumulated.
    pub batches: usize,
    /// How many samples (rows) those batches held.
    pub samples: u64,
    /// Whether these are all the data, as far as Burn's progress tells: `false` after an interruption,
    /// if batches were left out, or if batches of other workers had not arrived when Burn ended the epoch.
    pub complete: bool,
    /// How many batches did not fit the metrics and were left out.
    #[serde(default)]
    pub failed_batches: usize,
    /// Why the first of them was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
    /// How often the device was read: once for the values, and once per step that logged; the loss is read by
    /// itself.
    pub reads: u64,
    /// The values.
    pub report: MetricReport,
    /// The name of a test set, as `eval_all` was given it, if the plugin was told:
    /// [`LearnerMetrics::progress`](crate::LearnerMetrics::progress).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the values of an epoch are logged in this split. Empty for a report from elsewhere, whose values are
    /// logged as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logged: Vec<Logged>,
}

/// How the value of an epoch of one metric is logged in a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logged {
    /// The metric's name in the collection.
    pub metric: String,
    /// The name in logs, such as `auroc_epoch`.
    pub name: String,
    /// Whether 100 times the value is logged.
    #[serde(default)]
    pub percent: bool,
    /// The unit beside the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl SplitReport {
    /// The values of an epoch that is complete, without batches and samples.
    pub fn new(split: SplitKind, epoch: usize, report: MetricReport) -> Self {
        Self {
            split,
            epoch,
            batches: 0,
            samples: 0,
            complete: true,
            failed_batches: 0,
            first_failure: None,
            reads: 0,
            report,
            name: None,
            logged: Vec::new(),
        }
    }

    /// The split as logs and reports name it: [`SplitKind::label`]; for a test set with a name, `test-` and that
    /// name, or the name alone if it begins with `test`.
    ///
    /// ```
    /// use metrics_burn::{SplitKind, SplitReport};
    ///
    /// let mut report = SplitReport::new(SplitKind::Test(1), 1, Default::default());
    /// assert_eq!(report.label(), "test-2");
    /// report.name = Some("held out".into());
    /// assert_eq!(report.label(), "test-held out");
    /// ```
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) if name.starts_with("test") => name.clone(),
            Some(name) if !name.is_empty() => format!("test-{name}"),
            _ => self.split.label(),
        }
    }
}

/// The reports of a [`LearnerMetrics`](crate::LearnerMetrics), shared with it and growing while the
/// training runs.
#[derive(Debug, Clone, Default)]
pub struct MetricResults {
    reports: Arc<Mutex<Vec<SplitReport>>>,
    metrics: Arc<Vec<MetricInfo>>,
}

impl MetricResults {
    /// Results without reports, for these metrics.
    pub(crate) fn new(metrics: Vec<MetricInfo>) -> Self {
        Self {
            reports: Arc::default(),
            metrics: Arc::new(metrics),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SplitReport>> {
        // A report is pushed whole, so what a panicking thread left behind is fine.
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The metrics, in the order of the reports' entries.
    pub fn metrics(&self) -> &[MetricInfo] {
        &self.metrics
    }

    pub(crate) fn push(&self, report: SplitReport) {
        let mut all = self.lock();
        // A data loader may say that it is done more than once.
        all.retain(|old| (old.split, old.epoch) != (report.split, report.epoch));
        all.push(report);
    }

    /// Forgets what another training has left: all epochs of training and validation from `first` on.
    pub(crate) fn begin(&self, first: usize) {
        self.lock()
            .retain(|old| matches!(old.split, SplitKind::Test(_)) || old.epoch < first);
    }

    /// The first test set from `index` on that has no report.
    pub(crate) fn next_test(&self, index: usize) -> usize {
        let all = self.lock();
        let taken = |i: &usize| all.iter().any(|report| report.split == SplitKind::Test(*i));
        (index..).find(|i| !taken(i)).unwrap_or(index)
    }

    /// All reports in the order in which they were computed.
    pub fn all(&self) -> Vec<SplitReport> {
        self.lock().clone()
    }

    /// The last report of a split.
    pub fn last(&self, split: SplitKind) -> Option<SplitReport> {
        self.lock()
            .iter()
            .rev()
            .find(|report| report.split == split)
            .cloned()
    }

    /// The last report of the test set with this name; see [`SplitReport::name`].
    pub fn test(&self, name: &str) -> Option<SplitReport> {
        self.lock()
            .iter()
            .rev()
            .find(|report| report.name.as_deref() == Some(name))
            .cloned()
    }

    /// The report of an epoch of a split.
    pub fn epoch(&self, split: SplitKind, epoch: usize) -> Option<SplitReport> {
        self.lock()
            .iter()
            .find(|r| r.split == split && r.epoch == epoch)
            .cloned()
    }
}
