//! Metrics for [Burn](https://burn.dev), computed on the device where the predictions are.

#![deny(missing_docs)]

mod accumulator;
pub mod accumulators;
pub mod batch;
mod classification;
mod collection;
mod delta;
mod error;
mod metric;
mod number;
pub mod ops;
mod rejected;
mod report;
mod state;
mod value;

pub use accumulator::{Accumulator, Batch, Summary};
pub use classification::*;
pub use collection::{CollectionSummary, MetricCollection, MetricInfo};
pub use delta::{Delta, HostDelta};
pub use error::MetricError;
pub use metric::{BatchOf, Metric, MetricState, SummaryOf};
pub use rejected::{REJECTED_SLOTS, Reason, Rejected, Validation};
pub use report::{MetricReport, ReportEntry};
pub use state::State;
pub use value::{Curve, Matrix, Value};
