//! Metric loggers for Burn's training: lines of JSON, CSV and TensorBoard.
//!
//! Burn keeps every logger that it is given, so loggers stack. If there is none, Burn adds its own
//! [`FileMetricLogger`](burn::train::logger::FileMetricLogger). Add that logger as well if
//! something reads its files, such as Burn's [`LearnerSummary`](burn::train::LearnerSummary).
//! Burn's early stopping and checkpointing ask the first logger only.
//!
//! ```no_run
//! use burn::train::{SupervisedTraining, logger::FileMetricLogger};
//! use metrics_burn::loggers::{Csv, JsonLines};
//! # fn example<M: burn::train::LearnerModel>(training: SupervisedTraining<M>) -> std::io::Result<()> {
//! let lines = JsonLines::create("artifacts/metrics.jsonl", "baseline")?;
//! let training = training
//!     .with_metric_logger(FileMetricLogger::new("artifacts"))
//!     .with_metric_logger(lines.clone())
//!     .with_metric_logger(Csv::create("artifacts/metrics.csv", "baseline")?);
//! // .. launch it, and afterwards:
//! assert_eq!(lines.errors(), 0, "{:?}", lines.last_error());
//! # Ok(()) }
//! ```
//!
//! A log that cannot be written never ends the training; see [`RecordLogger`]. For a sink of your
//! own, implement [`RecordWriter`].

mod appender;
mod csv;
mod json_lines;
mod known;
mod logger;
mod outbox;
mod record;
#[cfg(feature = "report")]
mod tensorboard;
mod writer;

pub use csv::Csv;
pub use json_lines::{JsonLines, read_json_lines};
pub use logger::RecordLogger;
pub(crate) use record::NamedValue;
pub use record::{Record, RecordValue};
#[cfg(feature = "report")]
pub use tensorboard::{HParam, TensorBoard};
pub use writer::RecordWriter;
pub(crate) use writer::Synced;
