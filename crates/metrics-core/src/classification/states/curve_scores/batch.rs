//! Batches of scores.

use crate::{
    Batch, MetricError,
    batch::{Binary, Multiclass, Multilabel},
    ops::{self, decisions::Decisions, rows::Rows},
    states::{TaskKind, confusion::check_labels},
};
use burn::tensor::{Int, Tensor};
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
    /// Probabilities `[N, L]` and raw targets, flat: `[N * L]`, or `[N]` class indices.
    fn table(&self) -> (Tensor<2>, Tensor<1, Int>);
    /// Probabilities `[N, L]` and targets `[N, L]` of 0, 1 or the code of a rejected element.
    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>);
    /// The weights `[N]`, if it has any.
    fn row_weights(&self) -> Option<Tensor<1>>;
    /// What passes read, of batches of decisions.
    fn decisions(&self) -> Option<&Arc<Decisions>> {
        None
    }
    /// What passes read, of batches of rows.
    fn rows(&self) -> Option<&Arc<Rows>> {
        None
    }
}

impl ScoredBatch for Binary {
    const KIND: &'static str = "binary";
    const TASK: TaskKind = TaskKind::Binary;

    fn check_width(&self, _width: usize) -> Result<(), MetricError> {
        check_decisions(&self.decisions)
    }

    fn table(&self) -> (Tensor<2>, Tensor<1, Int>) {
        decision_table(&self.decisions)
    }

    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        decision_codes(&self.decisions, ignore_index)
    }

    fn row_weights(&self) -> Option<Tensor<1>> {
        self.weights().cloned()
    }

    fn decisions(&self) -> Option<&Arc<Decisions>> {
        Some(&self.decisions)
    }
}

impl ScoredBatch for Multilabel {
    const KIND: &'static str = "multilabel";
    const TASK: TaskKind = TaskKind::Multilabel;

    fn check_width(&self, width: usize) -> Result<(), MetricError> {
        check_labels(width, self)?;
        check_decisions(&self.decisions)
    }

    fn table(&self) -> (Tensor<2>, Tensor<1, Int>) {
        decision_table(&self.decisions)
    }

    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        decision_codes(&self.decisions, ignore_index)
    }

    fn row_weights(&self) -> Option<Tensor<1>> {
        self.weights().cloned()
    }

    fn decisions(&self) -> Option<&Arc<Decisions>> {
        Some(&self.decisions)
    }
}

impl ScoredBatch for Multiclass {
    const KIND: &'static str = "multiclass";
    const TASK: TaskKind = TaskKind::Multiclass;

    fn check_width(&self, width: usize) -> Result<(), MetricError> {
        self.check_scores("a curve", width)
    }

    fn table(&self) -> (Tensor<2>, Tensor<1, Int>) {
        (
            self.probabilities().unwrap_or_else(|| no_scores(self)),
            self.target.clone(),
        )
    }

    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        let probabilities = self.probabilities().unwrap_or_else(|| no_scores(self));
        let codes = ops::class_codes(probabilities.clone(), self.target.clone(), ignore_index);
        (probabilities, codes)
    }

    fn row_weights(&self) -> Option<Tensor<1>> {
        self.weights().cloned()
    }

    fn rows(&self) -> Option<&Arc<Rows>> {
        Some(&self.rows)
    }
}

/// What a batch without scores has instead; `check` keeps it from getting here.
fn no_scores(batch: &Multiclass) -> Tensor<2> {
    Tensor::zeros([batch.count_bound(), 0], &batch.device())
}

fn check_decisions(decisions: &Decisions) -> Result<(), MetricError> {
    if decisions.labels {
        Err(MetricError::ScoresRequired { metric: "a curve" })
    } else {
        Ok(())
    }
}

fn decision_table(decisions: &Decisions) -> (Tensor<2>, Tensor<1, Int>) {
    let [n, labels] = decisions.dims();
    (
        decisions.probabilities(),
        decisions.target.clone().reshape([n * labels]),
    )
}

fn decision_codes(decisions: &Decisions, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
    let probabilities = decisions.probabilities();
    let codes = ops::decision_codes(
        probabilities.clone(),
        decisions.target.clone(),
        ignore_index,
    );
    (probabilities, codes)
}
