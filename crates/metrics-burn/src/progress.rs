//! What Burn's progress loggers hear, for the plugin.

use crate::display::Display;
use burn::train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use std::sync::Arc;

/// A plugin that hears of Burn's progress.
pub(crate) trait Follow: Send + Sync {
    /// A training begins with this epoch.
    fn start(&self, epoch: usize);
    /// A test set begins.
    fn start_test(&self, name: &str);
    /// A test set ends.
    fn end_test(&self);
}

/// A progress logger that shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

/// Tells a plugin of the first epoch and of the names of test sets, and passes everything on to another progress
/// logger; from [`LearnerMetrics::progress`](crate::LearnerMetrics::progress).
pub struct MetricsProgress<L> {
    follow: Arc<dyn Follow>,
    inner: L,
}

impl<L> MetricsProgress<L> {
    pub(crate) fn new(follow: Arc<dyn Follow>, inner: L) -> Self {
        Self { follow, inner }
    }
}

/// Passes Burn's progress on to `inner`, and tells `follow` of it.
macro_rules! pass_on_progress {
    ($type:ty $(, $inner:ident)?) => {
        impl$(<$inner: TrainingProgressLogger>)? TrainingProgressLogger for $type {
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

        impl$(<$inner: EvaluationProgressLogger>)? EvaluationProgressLogger for $type {
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
    };
}

pass_on_progress!(MetricsProgress<L>, L);
pass_on_progress!(Display);

impl TrainingProgressLogger for Silent {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}
    fn update_epoch(&mut self, _: usize) {}
    fn start_split(&mut self, _: &str, _: usize) {}
    fn update_split(&mut self, _: usize) {}
    fn end_split(&mut self) {}
    fn end(&mut self) {}
    fn log_event_training(&mut self, _: String) {}
}

impl EvaluationProgressLogger for Silent {
    fn start_global_progress(&mut self, _: usize) {}
    fn start_test(&mut self, _: &str, _: usize) {}
    fn update_test_progress(&mut self, _: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _: String) {}
}
