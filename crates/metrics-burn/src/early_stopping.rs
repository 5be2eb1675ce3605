//! Early stopping that does not count epochs without a value.

use crate::{LearnerMetrics, MetricName, SplitKind};
use burn::train::{
    EarlyStoppingStrategy,
    metric::{
        Metric,
        store::{Aggregate, EventStoreClient, Split},
    },
};
use metrics_core::{Batch, MetricError};

/// Stops a training if a metric has not improved for a number of epochs.
///
/// Epochs in which the metric has no value, such as those in which all elements were ignored, do not count, and are
/// said on standard error and in the log; Burn's `MetricEarlyStoppingStrategy` counts them as epochs without improvement. The
/// direction is the metric's own. For
/// [`SupervisedTraining::early_stopping`](burn::train::SupervisedTraining::early_stopping):
///
/// ```no_run
/// # use burn::train::{LearnerModel, SupervisedTraining};
/// # use metrics_burn::LearnerMetrics;
/// use metrics_burn::EarlyStopping;
/// # fn example<M: LearnerModel>(training: SupervisedTraining<M>, metrics: LearnerMetrics<metrics_core::batch::Multiclass>) -> Result<(), metrics_core::MetricError> {
/// let training = training.early_stopping(EarlyStopping::new(&metrics, "f1_score", 3)?);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    metric: String,
    name: MetricName,
    split: SplitKind,
    higher_is_better: bool,
    patience: usize,
    best: Option<f64>,
    /// Epochs with a value since the best one.
    since: usize,
}

impl EarlyStopping {
    /// Stops after `patience` epochs with a value of the validation set and without improvement.
    ///
    /// # Errors
    /// [`MetricError::UnknownName`]; [`MetricError::InvalidOption`] for a metric without a number per epoch or without
    /// a direction, and for a patience of 0.
    pub fn new<B: Batch>(
        metrics: &LearnerMetrics<B>,
        metric: &str,
        patience: usize,
    ) -> Result<Self, MetricError> {
        let name = metrics.metric(metric)?;
        let results = metrics.results();
        let info = results.metrics().iter().find(|info| info.name == metric);
        let Some(higher_is_better) = info.and_then(|info| info.higher_is_better) else {
            return Err(MetricError::InvalidOption(format!(
                "early stopping by `{metric}`: it has no direction; stop by a metric of which larger or smaller is \
                 better"
            )));
        };
        if patience == 0 {
            return Err(MetricError::InvalidOption(format!(
                "early stopping by `{metric}` after 0 epochs without improvement; the least is 1"
            )));
        }
        Ok(Self {
            metric: metric.to_string(),
            name,
            split: SplitKind::Valid,
            higher_is_better,
            patience,
            best: None,
            since: 0,
        })
    }

    /// Judges by the training set.
    ///
    /// # Errors
    /// As [`new`](Self::new), for the training set.
    pub fn by_training<B: Batch>(
        mut self,
        metrics: &LearnerMetrics<B>,
    ) -> Result<Self, MetricError> {
        self.name = metrics.metric_of(SplitKind::Train, &self.metric)?;
        self.split = SplitKind::Train;
        Ok(self)
    }

    /// Takes the value of an epoch, and says whether to stop.
    fn take(&mut self, epoch: usize, value: Option<f64>) -> bool {
        let Some(value) = value.filter(|value| !value.is_nan()) else {
            let text = format!(
                "early stopping: `{}` has no value in epoch {epoch} of {}; the epoch does not count",
                self.metric,
                self.split.name()
            );
            log::warn!("{text}");
            eprintln!("{text}");
            return false;
        };
        let better = self.best.is_none_or(|best| {
            if self.higher_is_better {
                value > best
            } else {
                value < best
            }
        });
        if better {
            (self.best, self.since) = (Some(value), 0);
        } else {
            self.since += 1;
        }
        self.since >= self.patience
    }
}

impl EarlyStoppingStrategy for EarlyStopping {
    fn should_stop(&mut self, epoch: usize, store: &EventStoreClient) -> bool {
        let split = match self.split {
            SplitKind::Train => Split::Train,
            _ => Split::Valid,
        };
        let value = store.find_metric(&self.name.name(), epoch, Aggregate::Mean, &split);
        let stop = self.take(epoch, value);
        if stop {
            log::info!(
                "early stopping in epoch {epoch}: `{}` has not been better than {:?} for {} epochs",
                self.metric,
                self.best,
                self.since
            );
        }
        stop
    }
}
