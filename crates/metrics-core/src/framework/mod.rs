//! What every metric is made of: the traits, a collection, its state and its report.

mod accumulator;
mod collection;
mod custom;
pub(crate) mod delta;
mod error;
mod host;
mod identity;
pub(crate) mod limits;
pub(crate) mod lists;
pub(crate) mod metric;
pub(crate) mod number;
pub mod pass;
mod rejected;
mod report;
pub(crate) mod state;
pub(crate) mod value;

pub use accumulator::{Accumulator, Batch, Summary};
pub use collection::{CollectionSummary, MetricCollection, MetricInfo};
pub use custom::{CustomAccumulator, CustomMetric, CustomSummary, custom_metric};
pub use delta::{Delta, HostDelta};
pub use error::{Cause, MetricError};
pub use host::{HostAccumulator, OnHost};
pub use identity::Identity;
pub use metric::{BatchOf, Metric, MetricState, SavedState, SummaryOf};
pub(crate) use rejected::REASONS;
pub use rejected::{LabelRanges, REJECTED_SLOTS, Reason, Rejected, ScoreKinds, Validation};
pub use report::{MetricReport, ReportEntry};
pub use state::State;
pub use value::{
    Criterion, Curve, Disparity, Estimate, Field, Matrix, OperatingPoints, ReliabilityBin, Support,
    Value,
};
