//! Metrics in Burn's [`SupervisedTraining`](burn::train::SupervisedTraining) and
//! [`Evaluator`](burn::train::Evaluator). Register a [`LearnerMetrics`], and Burn computes,
//! logs and resets its metrics.
//!
//! ```no_run
//! use burn::train::SupervisedTraining;
//! use metrics_burn::{LearnerMetrics, OnStep};
//! use metrics_core::{
//!     MetricCollection, batch::Multiclass,
//!     classification::{Accuracy, Auroc, ConfusionMatrix, F1Score},
//! };
//! # fn example<M: burn::train::LearnerModel>(training: SupervisedTraining<M>) -> Result<(), metrics_core::MetricError>
//! # where
//! #     <M as burn::train::TrainStep>::Output: burn::train::metric::Adaptor<metrics_burn::MetricInput<Multiclass>>,
//! #     <M as burn::train::InferenceStep>::Output: burn::train::metric::Adaptor<metrics_burn::MetricInput<Multiclass>>,
//! # {
//! let metrics = LearnerMetrics::builder(
//!     MetricCollection::new()
//!         .with(Accuracy::multiclass(10))
//!         .with(F1Score::multiclass(10))
//!         .with(Auroc::multiclass(10))
//!         .with(ConfusionMatrix::multiclass(10)),
//! )
//! .on_step(OnStep::Every(50))
//! .build()?;
//!
//! let training = training.metrics(metrics.clone());
//! // .. launch it, and afterwards:
//! if let Some(epoch) = metrics.results().last(metrics_burn::SplitKind::Valid) {
//!     println!("{}", epoch.report);
//! }
//! # Ok(()) }
//! ```
//!
//! Training, validation and every test set of an evaluation have a state of their own. Metrics run
//! on the thread that Burn runs metrics on; a step reads from the device only if it logs, and then
//! once for all metrics.
//!
//! After the training, `metrics.results().report().write_html("report.html")` writes a page with all
//! results (feature `report`, on by default; modules `report` and `plot`).

#![deny(missing_docs)]

mod builder;
mod checkpoint;
mod checkpoints;
mod display;
mod durable;
mod early_stopping;
mod epoch;
mod input;
pub mod loggers;
mod plan;
#[cfg(feature = "report")]
pub mod plot;
mod plugin;
mod policy;
mod progress;
mod register;
#[cfg(feature = "report")]
pub mod report;
mod results;
mod segmentation;
mod segments;
mod split;
mod thin;
mod view;
mod watch;

pub use builder::LearnerMetricsBuilder;
pub use checkpoint::MetricsCheckpoint;
pub use checkpoints::Checkpoints;
pub use early_stopping::EarlyStopping;
pub use input::{Loss, MetricInput, ScoredBatch};
pub use plugin::{LearnerMetrics, MetricName};
pub use policy::{LogPolicy, OnStep, Select, StepValue};
pub use progress::{MetricsProgress, Silent};
pub use results::{Logged, MetricResults, SplitKind, SplitReport};
pub use segmentation::SegmentationOutput;
