//! What counts decisions: one accumulator a task.

use super::{ConfusionSummary, TaskKind};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError,
    batch::{Binary, Multiclass, Multilabel},
    framework::limits::{check_matrix, check_size, parts},
    ops::{
        ConfusionOptions,
        decisions::{DecisionSink, Real},
        rows::RowSink,
    },
};
use serde::Serialize;

/// Counts decisions at a threshold: 4 device counters, and 4 sums for weighted batches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BinaryConfusion {
    #[serde(serialize_with = "crate::number::single")]
    pub(crate) threshold: f32,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for BinaryConfusion {
    type Batch = Binary;
    type Summary = ConfusionSummary;

    fn identity(&self) -> Identity {
        Identity::new("confusion/binary", 1).with(self)
    }

    fn empty(&self) -> ConfusionSummary {
        ConfusionSummary::new(TaskKind::Binary, 2, false)
    }

    fn validate(&self) -> Result<(), MetricError> {
        check_threshold(self.threshold)
    }

    fn check(&self, _batch: &Binary) -> Result<(), MetricError> {
        Ok(())
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn update(&self, delta: &mut Delta, batch: &Binary) {
        let sink = DecisionSink::Cells {
            threshold: Real::new(self.threshold),
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.decisions, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ConfusionSummary) {
        summary.fold(delta);
    }
}

/// Counts decisions per label at a threshold: `4 * L` device counters, and `4 * L` sums for weighted
/// batches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MultilabelConfusion {
    pub(crate) labels: usize,
    #[serde(serialize_with = "crate::number::single")]
    pub(crate) threshold: f32,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for MultilabelConfusion {
    type Batch = Multilabel;
    type Summary = ConfusionSummary;

    fn identity(&self) -> Identity {
        Identity::new("confusion/multilabel", 1).with(self)
    }

    fn empty(&self) -> ConfusionSummary {
        ConfusionSummary::new(TaskKind::Multilabel, parts(self, self.labels), false)
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.labels, "label")?;
        check_size(self.labels, "labels", &[4, 4])?;
        check_threshold(self.threshold)
    }

    fn check(&self, batch: &Multilabel) -> Result<(), MetricError> {
        check_labels(self.labels, batch)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn update(&self, delta: &mut Delta, batch: &Multilabel) {
        let sink = DecisionSink::Cells {
            threshold: Real::new(self.threshold),
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.decisions, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ConfusionSummary) {
        summary.fold(delta);
    }
}

pub(crate) fn at_least_one(count: usize, what: &str) -> Result<(), MetricError> {
    match count {
        0 => Err(MetricError::InvalidOption(format!(
            "needs at least one {what}"
        ))),
        _ => Ok(()),
    }
}

pub(crate) fn check_threshold(threshold: f32) -> Result<(), MetricError> {
    if (0.0..=1.0).contains(&threshold) {
        Ok(())
    } else {
        Err(MetricError::InvalidOption(format!(
            "the threshold must be in [0, 1], not {threshold}"
        )))
    }
}

/// Fails if a batch has another number of labels than the metric was made for.
pub(crate) fn check_labels(labels: usize, batch: &Multilabel) -> Result<(), MetricError> {
    let shape = batch.decisions.dims();
    if shape[1] == labels {
        return Ok(());
    }
    Err(MetricError::WidthMismatch {
        unit: "labels",
        expected: labels,
        found: shape[1],
        shape: shape.to_vec(),
    })
}

/// Counts pairs of target and predicted class: `C * C` device counters, or only the margins of
/// that matrix in `3 * C` counters, if no metric needs more. Weighted batches have sums in their place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MulticlassConfusion {
    pub(crate) classes: usize,
    pub(crate) top_k: usize,
    pub(crate) matrix: bool,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for MulticlassConfusion {
    type Batch = Multiclass;
    type Summary = ConfusionSummary;

    fn identity(&self) -> Identity {
        Identity::new("confusion/multiclass", 1).with(self)
    }

    fn empty(&self) -> ConfusionSummary {
        let classes = parts(self, self.classes);
        ConfusionSummary::new(TaskKind::Multiclass, classes, !self.matrix)
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.classes, "class")?;
        if !(1..=self.classes).contains(&self.top_k) {
            return Err(MetricError::InvalidOption(format!(
                "top_k must be in 1..={}, not {}",
                self.classes, self.top_k
            )));
        }
        if self.matrix {
            check_matrix(self.classes, "classes", 4)
        } else {
            check_size(self.classes, "classes", &[3, 4])
        }
    }

    fn covers(&self, other: &Self) -> bool {
        *self
            == Self {
                matrix: self.matrix,
                ..other.clone()
            }
            && self.matrix >= other.matrix
    }

    fn check(&self, batch: &Multiclass) -> Result<(), MetricError> {
        if batch.scores().is_some() || self.top_k > 1 {
            batch.check_scores("top_k above 1", self.classes)?;
        }
        Ok(())
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn update(&self, delta: &mut Delta, batch: &Multiclass) {
        let options = ConfusionOptions {
            classes: self.classes,
            top_k: self.top_k,
            ignore_index: self.ignore_index,
        };
        let sink = if self.matrix {
            RowSink::Matrix(options)
        } else {
            RowSink::Margins(options)
        };
        delta.want((&batch.rows, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ConfusionSummary) {
        summary.fold(delta);
    }
}
