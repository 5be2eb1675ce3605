//! Batches of scores.

use super::CurveOptions;
use crate::{
    Batch, Delta, MetricError,
    batch::{Binary, Multiclass, Multilabel},
    ops::{
        decisions::{DecisionSink, Decisions, Real},
        rows::RowSink,
    },
    states::{TaskKind, confusion::check_labels},
};
use std::sync::Arc;

/// Batches that hold a score per decision.
pub trait ScoredBatch: Batch {
    /// What saved states call such batches.
    const KIND: &'static str;

    /// What kind of decisions.
    const TASK: TaskKind;

    /// Whether the batch has scores over `width` classes or labels.
    ///
    /// # Errors
    /// [`MetricError::ScoresRequired`], [`MetricError::WidthMismatch`].
    fn check_width(&self, width: usize) -> Result<(), MetricError>;

    /// Asks for the pass that counts scores by rising thresholds, or lists their keys.
    fn want(&self, delta: &mut Delta, thresholds: Option<Vec<Real>>, options: &CurveOptions);
}

impl ScoredBatch for Binary {
    const KIND: &'static str = "binary";
    const TASK: TaskKind = TaskKind::Binary;

    fn check_width(&self, _width: usize) -> Result<(), MetricError> {
        check_decisions(&self.decisions)
    }

    fn want(&self, delta: &mut Delta, thresholds: Option<Vec<Real>>, options: &CurveOptions) {
        want_decisions(&self.decisions, delta, thresholds, options);
    }
}

impl ScoredBatch for Multilabel {
    const KIND: &'static str = "multilabel";
    const TASK: TaskKind = TaskKind::Multilabel;

    fn check_width(&self, width: usize) -> Result<(), MetricError> {
        check_labels(width, self)?;
        check_decisions(&self.decisions)
    }

    fn want(&self, delta: &mut Delta, thresholds: Option<Vec<Real>>, options: &CurveOptions) {
        want_decisions(&self.decisions, delta, thresholds, options);
    }
}

impl ScoredBatch for Multiclass {
    const KIND: &'static str = "multiclass";
    const TASK: TaskKind = TaskKind::Multiclass;

    fn check_width(&self, width: usize) -> Result<(), MetricError> {
        self.check_scores("a curve", width)
    }

    fn want(&self, delta: &mut Delta, thresholds: Option<Vec<Real>>, options: &CurveOptions) {
        let (classes, ignore_index) = (options.width, options.ignore_index);
        let sink = match thresholds {
            Some(thresholds) => RowSink::Thresholds {
                classes,
                thresholds,
                ignore_index,
            },
            None => RowSink::Keys {
                classes,
                ignore_index,
            },
        };
        delta.want((&self.rows, sink));
    }
}

fn check_decisions(decisions: &Decisions) -> Result<(), MetricError> {
    if decisions.labels {
        Err(MetricError::ScoresRequired { metric: "a curve" })
    } else {
        Ok(())
    }
}

fn want_decisions(
    decisions: &Arc<Decisions>,
    delta: &mut Delta,
    thresholds: Option<Vec<Real>>,
    options: &CurveOptions,
) {
    let ignore_index = options.ignore_index;
    let sink = match thresholds {
        Some(thresholds) => DecisionSink::Thresholds {
            thresholds,
            ignore_index,
        },
        None => DecisionSink::Keys { ignore_index },
    };
    delta.want((decisions, sink));
}
