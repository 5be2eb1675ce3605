//! A line per epoch and a bar inside it, instead of Burn's full-screen display.

use burn::train::{
    logger::{EvaluationProgressLogger, TrainingProgressLogger},
    metric::MetricDefinition,
    renderer::{
        EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
        MetricsRendererTraining,
    },
};
use metrics_burn::{MetricResults, SplitKind};
use std::io::{IsTerminal, Write};

/// Shows how far an epoch has come, and its values once it is over.
pub struct Progress {
    results: MetricResults,
    split: String,
    epoch: usize,
    epochs: usize,
    total: usize,
}

impl Progress {
    pub fn new(results: MetricResults) -> Self {
        Self {
            results,
            split: String::new(),
            epoch: 1,
            epochs: 0,
            total: 0,
        }
    }

    fn start(&mut self, split: &str, total: usize) {
        self.split = split.to_string();
        self.total = total;
    }

    fn bar(&self, done: usize) {
        if !std::io::stdout().is_terminal() || self.total == 0 {
            return;
        }
        let filled = (30 * done / self.total).min(30);
        print!(
            "\r{:<6} [{}{}]",
            self.split,
            "=".repeat(filled),
            " ".repeat(30 - filled)
        );
        std::io::stdout().flush().ok();
    }

    fn clear(&self) {
        if std::io::stdout().is_terminal() {
            print!("\r{:42}\r", "");
        }
    }
}

impl MetricsRendererTraining for Progress {
    fn update_train(&mut self, _state: MetricState) {}
    fn update_valid(&mut self, _state: MetricState) {}
}

impl MetricsRendererEvaluation for Progress {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}
}

impl TrainingProgressLogger for Progress {
    fn start(&mut self, epochs: usize, first: usize, _items: Option<usize>, _label: Option<&str>) {
        (self.epochs, self.epoch) = (epochs, first);
    }

    fn start_split(&mut self, split: &str, total: usize) {
        Progress::start(self, split, total);
    }

    fn update_split(&mut self, done: usize) {
        self.bar(done);
    }

    fn end_split(&mut self) {
        self.clear();
    }

    fn update_epoch(&mut self, epoch: usize) {
        print!("epoch {epoch:>3}/{}", self.epochs);
        for (name, split) in [("train", SplitKind::Train), ("valid", SplitKind::Valid)] {
            let Some(last) = self.results.last(split) else {
                continue;
            };
            let value = |metric| last.report.scalar(metric).unwrap_or(f64::NAN);
            print!(
                "   {name}: loss {:.4}  accuracy {:.4}  f1 {:.4}",
                value("loss"),
                value("accuracy"),
                value("f1_score")
            );
        }
        println!();
    }

    fn end(&mut self) {}
    fn log_event_training(&mut self, _event: String) {}
}

impl EvaluationProgressLogger for Progress {
    fn start_global_progress(&mut self, _tests: usize) {}

    fn start_test(&mut self, name: &str, total: usize) {
        Progress::start(self, name, total);
    }

    fn update_test_progress(&mut self, done: usize) {
        self.bar(done);
    }

    fn end_test(&mut self) {
        self.clear();
    }

    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _event: String) {}
}

impl MetricsRenderer for Progress {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, _definition: MetricDefinition) {}
}
