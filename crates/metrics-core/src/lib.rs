//! Metrics for [Burn](https://burn.dev), computed on the device where the predictions are.

#![deny(missing_docs)]

mod accumulator;
pub mod accumulators;
mod aggregation;
pub mod batch;
mod classification;
mod collection;
mod custom;
mod delta;
mod error;
mod identity;
pub mod intervals;
mod metric;
mod number;
pub mod ops;
mod regression;
mod rejected;
mod report;
mod state;
mod text;
mod value;
mod wrappers;

pub use accumulator::{Accumulator, Batch, Summary};
pub use aggregation::*;
pub use classification::*;
pub use collection::{CollectionSummary, MetricCollection, MetricInfo};
pub use custom::{CustomAccumulator, CustomMetric, CustomSums, custom_metric};
pub use delta::{Delta, HostDelta};
pub use error::{Cause, MetricError};
pub use identity::Identity;
pub use metric::{BatchOf, Metric, MetricState, SummaryOf};
pub use regression::*;
pub use rejected::{REJECTED_SLOTS, Reason, Rejected, Validation};
pub use report::{MetricReport, ReportEntry};
pub use state::State;
pub use text::*;
pub use value::{
    Criterion, Curve, Disparity, Estimate, Field, Matrix, OperatingPoints, ReliabilityBin, Support,
    Value,
};
pub use wrappers::*;
