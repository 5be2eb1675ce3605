//! A progress display without the hidden metrics.

use crate::progress::Follow;
use burn::train::{
    LearnerSummary,
    logger::{EvaluationProgressLogger, TrainingProgressLogger},
    metric::{MetricDefinition, MetricId},
    renderer::{
        EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
        MetricsRendererTraining,
    },
};
use std::{collections::HashSet, error::Error, sync::Arc};

/// The names a split does not show.
pub(crate) type Hidden = HashSet<MetricId>;

/// Passes on to a renderer whatever is not hidden.
pub(crate) struct Display {
    /// The plugin, which is told of epochs and test sets.
    pub follow: Arc<dyn Follow>,
    pub inner: Box<dyn MetricsRenderer>,
    pub train: Hidden,
    pub valid: Hidden,
    pub test: Hidden,
    /// The names no split shows.
    pub everywhere: Hidden,
}

fn shown(state: &MetricState, hidden: &Hidden) -> bool {
    let (MetricState::Generic(entry) | MetricState::Numeric(entry, _)) = state;
    !hidden.contains(&entry.metric_id)
}

impl MetricsRendererTraining for Display {
    fn update_train(&mut self, state: MetricState) {
        if shown(&state, &self.train) {
            self.inner.update_train(state);
        }
    }

    fn update_valid(&mut self, state: MetricState) {
        if shown(&state, &self.valid) {
            self.inner.update_valid(state);
        }
    }

    fn on_train_end(&mut self, summary: Option<LearnerSummary>) -> Result<(), Box<dyn Error>> {
        self.inner.on_train_end(summary)
    }
}

impl MetricsRendererEvaluation for Display {
    fn update_test(&mut self, name: EvaluationName, state: MetricState) {
        if shown(&state, &self.test) {
            self.inner.update_test(name, state);
        }
    }

    fn on_test_end(&mut self, summary: Option<LearnerSummary>) -> Result<(), Box<dyn Error>> {
        self.inner.on_test_end(summary)
    }
}

impl MetricsRenderer for Display {
    fn manual_close(&mut self) {
        self.inner.manual_close();
    }

    fn register_metric(&mut self, definition: MetricDefinition) {
        if !self.everywhere.contains(&definition.metric_id) {
            self.inner.register_metric(definition);
        }
    }
}

impl TrainingProgressLogger for Display {
    fn start(
        &mut self,
        total_epochs: usize,
        starting_epoch: usize,
        total_items: Option<usize>,
        label: Option<&str>,
    ) {
        self.follow.start(starting_epoch);
        self.inner
            .start(total_epochs, starting_epoch, total_items, label);
    }

    fn update_epoch(&mut self, epoch: usize) {
        self.inner.update_epoch(epoch);
    }

    fn start_split(&mut self, split: &str, total_items: usize) {
        self.inner.start_split(split, total_items);
    }

    fn update_split(&mut self, items_processed: usize) {
        self.inner.update_split(items_processed);
    }

    fn end_split(&mut self) {
        self.inner.end_split();
    }

    fn end(&mut self) {
        self.inner.end();
    }

    fn log_event_training(&mut self, event: String) {
        self.inner.log_event_training(event);
    }
}

impl EvaluationProgressLogger for Display {
    fn start_global_progress(&mut self, total_tests: usize) {
        self.inner.start_global_progress(total_tests);
    }

    fn start_test(&mut self, name: &str, total_items: usize) {
        self.follow.start_test(name);
        self.inner.start_test(name, total_items);
    }

    fn update_test_progress(&mut self, items_processed: usize) {
        self.inner.update_test_progress(items_processed);
    }

    fn end_test(&mut self) {
        self.follow.end_test();
        self.inner.end_test();
    }

    fn end_global_progress(&mut self) {
        self.inner.end_global_progress();
    }

    fn log_event_evaluation(&mut self, event: String) {
        self.inner.log_event_evaluation(event);
    }
}
