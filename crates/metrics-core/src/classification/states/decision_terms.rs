//! Cross-entropy, probability and target: the terms of metrics of predicted rates.

use crate::{
    Delta, Identity, MetricError,
    batch::{Binary, Multilabel},
    ops::decisions::{DecisionSink, Decisions},
    states::{
        RowTerms, WeightedRows,
        confusion::{at_least_one, check_labels},
    },
};
use burn::tensor::{Int, Tensor};
use std::{marker::PhantomData, sync::Arc};

/// Batches of yes-or-no decisions: one per row, or one per row and label.
pub trait DecisionBatch: WeightedRows {
    /// What saved states call such batches.
    const KIND: &'static str;

    /// Whether a row has one decision, and so the metric one value.
    const SINGLE: bool;

    /// Whether the batch has that many labels.
    ///
    /// # Errors
    /// [`MetricError::WidthMismatch`].
    fn check_decisions(&self, labels: usize) -> Result<(), MetricError>;

    /// What passes read.
    fn decisions(&self) -> &Arc<Decisions>;
}

impl DecisionBatch for Binary {
    const KIND: &'static str = "binary";
    const SINGLE: bool = true;

    fn check_decisions(&self, _labels: usize) -> Result<(), MetricError> {
        Ok(())
    }

    fn decisions(&self) -> &Arc<Decisions> {
        &self.decisions
    }
}

impl DecisionBatch for Multilabel {
    const KIND: &'static str = "multilabel";
    const SINGLE: bool = false;

    fn check_decisions(&self, labels: usize) -> Result<(), MetricError> {
        check_labels(labels, self)
    }

    fn decisions(&self) -> &Arc<Decisions> {
        &self.decisions
    }
}

/// The cross-entropy, the probability and the target of every decision.
pub struct DecisionTerms<B> {
    pub(crate) options: DecisionOptions,
    batch: PhantomData<fn(B)>,
}

/// The options of [`DecisionTerms`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(crate) struct DecisionOptions {
    pub labels: usize,
    pub ignore_index: Option<i64>,
}

by_options!(DecisionTerms);

impl<B> DecisionTerms<B> {
    pub(crate) fn new(labels: usize) -> Self {
        Self {
            options: DecisionOptions {
                labels,
                ignore_index: None,
            },
            batch: PhantomData,
        }
    }
}

impl<B: DecisionBatch> RowTerms for DecisionTerms<B> {
    type Batch = B;

    fn identity(&self) -> Identity {
        Identity::new(format!("decision_terms/{}", B::KIND), 1).with(&self.options)
    }

    fn shape(&self) -> [usize; 2] {
        [self.options.labels, 3]
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.options.labels, "label")
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_decisions(self.options.labels)
    }

    fn terms(&self, batch: &B) -> (Tensor<3>, Tensor<2, Int>) {
        batch.decisions().terms(self.options.ignore_index)
    }

    fn want(&self, delta: &mut Delta, batch: &B) -> bool {
        let ignore_index = self.options.ignore_index;
        delta.want((batch.decisions(), DecisionSink::Terms { ignore_index }));
        true
    }
}
