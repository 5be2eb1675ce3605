//! A progress display without the hidden metrics.

use crate::progress::Follow;
use burn::train::{
    LearnerSummary,
    metric::{MetricDefinition, MetricId},
    renderer::{
        EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
        MetricsRendererTraining,
    },
};
use std::{collections::HashSet, error::Error, sync::Arc};

/// The names a split does not show.
pub(crate) type Hidden = HashSet<MetricId>;

/// Passes on to a renderer whatever is not hidden, and the progress (`progress.rs`).
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
