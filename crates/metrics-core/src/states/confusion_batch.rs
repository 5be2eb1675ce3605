//! Which confusion counts a batch has.

use super::{
    BinaryConfusion, ConfusionSummary, MulticlassConfusion, MultilabelConfusion, TaskKind,
};
use crate::{
    Accumulator, Batch,
    batch::{Binary, Multiclass, Multilabel},
};

/// Batches of decisions, which a confusion matrix counts.
pub trait ConfusionBatch: Batch {
    /// What counts them.
    type Accumulator: Accumulator<Batch = Self, Summary = ConfusionSummary>;
    /// What kind of decisions.
    const TASK: TaskKind;

    /// Leaves out the elements with this target.
    fn ignore(accumulator: &mut Self::Accumulator, label: i64);
}

/// Batches whose decisions are scores above a threshold.
pub trait ThresholdBatch: ConfusionBatch {
    /// Sets the threshold.
    fn decide_at(accumulator: &mut Self::Accumulator, threshold: f32);
}

impl ConfusionBatch for Binary {
    type Accumulator = BinaryConfusion;
    const TASK: TaskKind = TaskKind::Binary;

    fn ignore(accumulator: &mut BinaryConfusion, label: i64) {
        accumulator.ignore_index = Some(label);
    }
}

impl ThresholdBatch for Binary {
    fn decide_at(accumulator: &mut BinaryConfusion, threshold: f32) {
        accumulator.threshold = threshold;
    }
}

impl ConfusionBatch for Multiclass {
    type Accumulator = MulticlassConfusion;
    const TASK: TaskKind = TaskKind::Multiclass;

    fn ignore(accumulator: &mut MulticlassConfusion, label: i64) {
        accumulator.ignore_index = Some(label);
    }
}

impl ConfusionBatch for Multilabel {
    type Accumulator = MultilabelConfusion;
    const TASK: TaskKind = TaskKind::Multilabel;

    fn ignore(accumulator: &mut MultilabelConfusion, label: i64) {
        accumulator.ignore_index = Some(label);
    }
}

impl ThresholdBatch for Multilabel {
    fn decide_at(accumulator: &mut MultilabelConfusion, threshold: f32) {
        accumulator.threshold = threshold;
    }
}
