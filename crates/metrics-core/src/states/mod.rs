//! What metrics of several domains accumulate. Several metrics finalize one accumulator's summary.

pub(crate) mod by_sample;
pub(crate) mod confusion;
mod confusion_batch;
mod contingency;
pub(crate) mod fold;
pub(crate) mod pivot;
mod row_sums;
pub(crate) mod rows;
mod tally;
mod values;

pub use by_sample::{BySample, PerSample, PerSampleSummary};
pub(crate) use confusion::of_others;
pub use confusion::{
    BinaryConfusion, ClassCounts, ConfusionSummary, MulticlassConfusion, MultilabelConfusion,
    TaskKind,
};
pub use confusion_batch::{ConfusionBatch, ThresholdBatch};
pub use contingency::{Contingency, ContingencySummary, ContingencyTable};
pub use row_sums::{RowSums, RowSumsSummary, RowTerms, WeightedRows};
pub use tally::Tally;
pub use values::{
    NanStrategy, ValueExtremes, ValueExtremesSummary, ValueList, ValueListSummary, ValueTotals,
    ValueTotalsSummary,
};
