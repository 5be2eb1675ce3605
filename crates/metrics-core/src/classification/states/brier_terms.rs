//! Squared errors of predicted probabilities.

use crate::{
    Delta, Identity, MetricError,
    batch::{Binary, Multiclass, Multilabel},
    ops::{
        decisions::{DecisionSink, Decisions},
        rows::RowSink,
    },
    states::{
        RowTerms, TaskKind, WeightedRows,
        confusion::{at_least_one, check_labels},
    },
};
use burn::tensor::{Int, Tensor};
use std::marker::PhantomData;

/// Batches with a probability for each class or label.
pub trait ProbabilityBatch: WeightedRows {
    /// What saved states call such batches.
    const KIND: &'static str;

    /// What kind of decisions.
    const TASK: TaskKind;

    /// Whether the batch has scores of that many classes or labels.
    ///
    /// # Errors
    /// [`MetricError::ScoresRequired`], [`MetricError::WidthMismatch`].
    fn check_probabilities(&self, classes: usize) -> Result<(), MetricError>;

    /// The squared error and the target of each decision `[N, L, 2]`, or the sum of the squared errors of
    /// each row's classes and 1 `[N, 1, 2]`; and a negative code for those to leave out.
    fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>);

    /// Asks for a pass over the batch.
    fn want(&self, delta: &mut Delta, ignore_index: Option<i64>);
}

const METRIC: &str = "the Brier score";

impl ProbabilityBatch for Binary {
    const KIND: &'static str = "binary";
    const TASK: TaskKind = TaskKind::Binary;

    fn check_probabilities(&self, _classes: usize) -> Result<(), MetricError> {
        scored(&self.decisions)
    }

    fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        self.decisions.squared_errors(ignore_index)
    }

    fn want(&self, delta: &mut Delta, ignore_index: Option<i64>) {
        delta.want((&self.decisions, DecisionSink::Brier { ignore_index }));
    }
}

impl ProbabilityBatch for Multilabel {
    const KIND: &'static str = "multilabel";
    const TASK: TaskKind = TaskKind::Multilabel;

    fn check_probabilities(&self, classes: usize) -> Result<(), MetricError> {
        scored(&self.decisions)?;
        check_labels(classes, self)
    }

    fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        self.decisions.squared_errors(ignore_index)
    }

    fn want(&self, delta: &mut Delta, ignore_index: Option<i64>) {
        delta.want((&self.decisions, DecisionSink::Brier { ignore_index }));
    }
}

impl ProbabilityBatch for Multiclass {
    const KIND: &'static str = "multiclass";
    const TASK: TaskKind = TaskKind::Multiclass;

    fn check_probabilities(&self, classes: usize) -> Result<(), MetricError> {
        self.check_scores(METRIC, classes)
    }

    fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        self.rows.squared_errors(ignore_index)
    }

    fn want(&self, delta: &mut Delta, ignore_index: Option<i64>) {
        delta.want((&self.rows, RowSink::Brier { ignore_index }));
    }
}

fn scored(decisions: &Decisions) -> Result<(), MetricError> {
    if decisions.labels {
        return Err(MetricError::ScoresRequired { metric: METRIC });
    }
    Ok(())
}

/// The squared error and the target of every decision, or the squared error of every row.
pub struct BrierTerms<B> {
    pub(crate) options: BrierOptions,
    batch: PhantomData<fn(B)>,
}

/// The options of [`BrierTerms`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(crate) struct BrierOptions {
    pub classes: usize,
    pub ignore_index: Option<i64>,
}

by_options!(BrierTerms);

impl<B> BrierTerms<B> {
    pub(crate) fn new(classes: usize) -> Self {
        Self {
            options: BrierOptions {
                classes,
                ignore_index: None,
            },
            batch: PhantomData,
        }
    }
}

impl<B: ProbabilityBatch> RowTerms for BrierTerms<B> {
    type Batch = B;

    fn identity(&self) -> Identity {
        Identity::new(format!("brier_terms/{}", B::KIND), 1).with(&self.options)
    }

    fn shape(&self) -> [usize; 2] {
        match B::TASK {
            TaskKind::Multilabel => [self.options.classes, 2],
            TaskKind::Binary | TaskKind::Multiclass => [1, 2],
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.options.classes, "class")
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_probabilities(self.options.classes)
    }

    fn terms(&self, batch: &B) -> (Tensor<3>, Tensor<2, Int>) {
        batch.squared_errors(self.options.ignore_index)
    }

    fn want(&self, delta: &mut Delta, batch: &B) -> bool {
        batch.want(delta, self.options.ignore_index);
        true
    }
}
