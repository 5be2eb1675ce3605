//! What goes wrong, said where a person looks.

use metrics_core::MetricError;
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// What stops a training, with the reason.
type Stop = Arc<dyn Fn(&str) + Send + Sync>;

/// Says each cause once, on standard error and in the log, for all splits of a plugin. If it is strict, it stops
/// the training at a batch that can never fit.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    /// The causes, without their digits: a cause with other numbers is the same.
    said: Arc<Mutex<BTreeSet<String>>>,
    lenient: bool,
    /// What stops the training that runs; an evaluation has nothing of the kind.
    stop: Option<Stop>,
}

impl Watch {
    pub fn new(lenient: bool) -> Self {
        Self {
            lenient,
            ..Self::default()
        }
    }

    /// The watch of a training, in which nothing has been said.
    pub fn of_training(&self, stop: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            stop: Some(Arc::new(stop)),
            ..self.of_evaluation()
        }
    }

    /// The watch of an evaluation, in which nothing has been said.
    pub fn of_evaluation(&self) -> Self {
        Self::new(self.lenient)
    }

    /// Says what happened, the first time that its cause occurs.
    pub fn say(&self, cause: &str, text: &str) {
        let key = cause.chars().filter(|c| !c.is_ascii_digit()).collect();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.insert(key) {
            log::warn!("{text}");
            // Burn's logger writes to a file, and its display to standard output.
            eprintln!("{text}");
        }
    }

    /// Stops the training, if there is one.
    pub fn stop(&self, reason: &str) {
        if let Some(stop) = &self.stop {
            stop(reason);
        }
    }

    /// Whether a batch that failed like this ends the training or the evaluation.
    pub fn refuses(&self, error: &MetricError) -> bool {
        !self.lenient && never_fits(error)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("lenient", &self.lenient)
            .finish_non_exhaustive()
    }
}

/// Whether no batch of this form can be counted, whatever its values are.
fn never_fits(error: &MetricError) -> bool {
    !matches!(
        error.reason(),
        MetricError::Panicked(_)
            | MetricError::Interrupted
            | MetricError::InvalidData(_)
            | MetricError::Read(_)
    )
}
