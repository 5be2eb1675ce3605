//! Metrics for [Burn](https://burn.dev), computed on the device where the predictions are.
//!
//! The root has what every metric is made of; the metrics are in a module for each domain. The
//! [`prelude`] has both.

#![deny(missing_docs)]

pub mod aggregation;
pub mod batch;
pub mod classification;
mod framework;
pub mod intervals;
pub mod ops;
pub mod prelude;
pub mod regression;
pub mod states;
pub mod text;
pub mod wrappers;

pub use framework::*;
pub use ops::ScoreKind;
