//! Squared errors of predicted probabilities.

use crate::{
    Delta, Identity, MetricError,
    batch::{Binary, Multiclass, Multilabel},
    ops::{self, decisions::Decisions, rows::RowSink},
    states::{
        RowTerms, TaskKind, WeightedRows,
        confusion::{at_least_one, check_labels},
    },
};
use burn::tensor::{FloatDType, Int, Tensor};
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

    /// Counts the batch by what its scores are taken for.
    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int>;

    /// Asks for a pass over the batch, if there is one for its kind.
    fn want(&self, _delta: &mut Delta, _ignore_index: Option<i64>) -> bool {
        false
    }
}

const METRIC: &str = "the Brier score";

impl ProbabilityBatch for Binary {
    const KIND: &'static str = "binary";
    const TASK: TaskKind = TaskKind::Binary;

    fn check_probabilities(&self, _classes: usize) -> Result<(), MetricError> {
        scored(&self.decisions)
    }

    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        self.decisions.count_kind(counts)
    }

    fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        of_decisions(&self.decisions, ignore_index)
    }
}

impl ProbabilityBatch for Multilabel {
    const KIND: &'static str = "multilabel";
    const TASK: TaskKind = TaskKind::Multilabel;

    fn check_probabilities(&self, classes: usize) -> Result<(), MetricError> {
        scored(&self.decisions)?;
        check_labels(classes, self)
    }

    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        self.decisions.count_kind(counts)
    }

    fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        of_decisions(&self.decisions, ignore_index)
    }
}

impl ProbabilityBatch for Multiclass {
    const KIND: &'static str = "multiclass";
    const TASK: TaskKind = TaskKind::Multiclass;

    fn check_probabilities(&self, classes: usize) -> Result<(), MetricError> {
        self.check_scores(METRIC, classes)
    }

    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        self.rows.count_kind(counts)
    }

    fn squared_errors(&self, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
        self.rows.squared_errors(ignore_index)
    }

    fn want(&self, delta: &mut Delta, ignore_index: Option<i64>) -> bool {
        delta.want((&self.rows, RowSink::Brier { ignore_index }));
        true
    }
}

fn scored(decisions: &Decisions) -> Result<(), MetricError> {
    if decisions.labels {
        return Err(MetricError::ScoresRequired { metric: METRIC });
    }
    Ok(())
}

fn of_decisions(decisions: &Decisions, ignore_index: Option<i64>) -> (Tensor<3>, Tensor<2, Int>) {
    let probabilities = decisions.probabilities();
    let target = decisions.target.clone();
    let codes = ops::decision_codes(probabilities.clone(), target, ignore_index);
    let errors = squares(probabilities, codes.clone());
    let targets = codes.clone().cast(FloatDType::F32);
    (Tensor::stack(vec![errors, targets], 2), codes)
}

/// Squared differences of probabilities and targets of 0 and 1.
fn squares(probabilities: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<2> {
    let targets = codes.cast(FloatDType::F32);
    (probabilities.cast(FloatDType::F32) - targets).square()
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

    fn count_kind(&self, batch: &B, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        batch.count_kind(counts)
    }

    fn want(&self, delta: &mut Delta, batch: &B) -> bool {
        batch.want(delta, self.options.ignore_index)
    }
}
