//! Metrics for [Burn](https://burn.dev), computed on the device where the predictions are.
//!
//! The root has what every metric is made of; the metrics are in a module for each domain. The
//! [`prelude`] has both.

#![deny(missing_docs)]
// Kernels are in the language of CubeCL, which has fewer functions and constants than Rust. A pass that has no kernel for a
// batch yields the state as it was, which is an error that nobody keeps.
#![cfg_attr(
    feature = "cube",
    allow(
        clippy::approx_constant,
        clippy::assign_op_pattern,
        clippy::collapsible_if,
        clippy::manual_is_multiple_of,
        clippy::manual_range_contains,
        clippy::needless_range_loop,
        clippy::panicking_overflow_checks,
        clippy::result_large_err,
        clippy::too_many_arguments,
        clippy::unnecessary_cast
    )
)]

pub mod aggregation;
pub mod batch;
pub mod classification;
pub mod clustering;
mod framework;
pub mod intervals;
pub mod nominal;
pub mod ops;
pub mod pairwise;
pub mod prelude;
pub mod regression;
pub mod retrieval;
pub mod segmentation;
pub mod states;
pub mod text;
pub mod wrappers;

pub use framework::*;
pub use ops::ScoreKind;
