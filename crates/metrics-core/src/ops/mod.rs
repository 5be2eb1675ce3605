//! The few operations metrics are made of, on tensors of any device.
//!
//! The *passes* ([`rows`], [`decisions`], [`pairs`], [`values`], [`ensembles`], [`observations`]) read a batch once for
//! all accumulators of a collection. The other operations are for states outside a pass, and for the
//! default bodies of the passes. Each family has a folder.
//!
//! Every operation has a body of ordinary tensor operations (`default`), right on every backend. Where it pays, there is
//! a body for the host's memory (`host`, loops over the slices of Flex and NdArray), and a kernel (`cube`) for the
//! CubeCL runtimes (wgpu, Vulkan, Metal, CUDA, ROCm). The functions choose by the tensor's device.
//!
//! As Burn's own operations, these panic on tensors whose shapes do not fit together; metrics check
//! shapes before they get here.
//!
//! Shared conventions: integer results are `i32`; `N` is the number of rows, `C` of classes; a
//! state block of counters ends in [`REJECTED_SLOTS`](crate::REJECTED_SLOTS) counters for what was
//! left out, in the order of [`Reason`](crate::Reason), and for batches by the kind of their scores.

/// Returns what a loop over slices makes of tensors whose memory is the host's.
macro_rules! on_host {
    ($tensor:expr, $own:expr) => {
        #[cfg(any(feature = "flex", feature = "ndarray"))]
        if $crate::ops::is_host(&$tensor.device()) {
            return $own;
        }
    };
}

mod bins;
mod cells;
pub mod codes;
pub(crate) mod contingency;
#[cfg(feature = "cube")]
// Kernels know but a few of Rust's functions, and no constants of `std`.
#[allow(
    clippy::approx_constant,
    clippy::manual_is_multiple_of,
    clippy::manual_range_contains,
    clippy::panicking_overflow_checks
)]
mod cube;
pub mod decisions;
pub(crate) mod distances;
pub mod documents;
pub mod ensembles;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
#[cfg(feature = "cube")]
mod kernels;
pub(crate) mod keys;
pub(crate) mod labels;
pub(crate) mod masks;
pub(crate) mod math;
pub mod observations;
pub mod pairs;
pub(crate) mod pairwise;
pub(crate) mod points;
pub mod probabilities;
pub mod ranking;
pub mod ranks;
pub(crate) mod ratings;
pub mod rows;
pub mod samples;
pub(crate) mod scalar;
pub mod sort;
pub mod sums;
pub mod terms;
#[cfg(all(test, any(feature = "flex", feature = "ndarray")))]
mod tests;
pub mod values;
pub(crate) mod weighed;

use burn::tensor::Device;

pub(crate) use bins::{bin_confidence, linspace, threshold_cells, threshold_counts, weighted_bins};
pub(crate) use cells::in_two_cells;
pub use cells::weighted_counts;
pub(crate) use codes::decision_cells;
pub use codes::{class_codes, decision_codes, label_counts, label_hits, unit_matches};
pub(crate) use keys::default::listed;
pub use labels::count;
pub(crate) use labels::{as_i32, count_kind, invalid_weights, outside, places};
pub use probabilities::{
    outside_unit, sigmoid_probabilities, slack, softmax_probabilities, within_unit,
};
pub use ranking::{RANKING_TERMS, label_ranking, labels_before, row_codes};
pub(crate) use ranks::classes_by_sample;
pub use ranks::{class_margins, hits, label_ranks, row_ranks, row_scan};
pub use sort::{AREA_COUNTS, key_areas, sort_pairs};
pub use sums::{add_compensated, sum_compensated};
pub use terms::{MarginOptions, term_sums};
pub(crate) use terms::{decision_terms, hinge_losses};

/// Whether scores are probabilities or logits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ScoreKind {
    /// Logits if any score of the batch lies outside `[0, 1]`, else probabilities, as TorchMetrics has it. The decision
    /// is made for each batch, so [`compute`](crate::MetricState::compute) fails where batches were taken for different
    /// kinds ([`MetricError::MixedScores`](crate::MetricError::MixedScores)); TorchMetrics mixes them.
    ///
    /// Rounding may put a probability outside: one within 4 units in the last place of 1 in the dtype of the scores
    /// (of `f32` for `f64`) is 0 or 1.
    #[default]
    Auto,
    /// Values in `[0, 1]`, within 4 units in the last place of 1.
    Probabilities,
    /// Any real numbers; sigmoid or softmax makes probabilities of them.
    Logits,
}

/// Which predictions are counted, and of which targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConfusionOptions {
    /// Number of classes.
    pub classes: usize,
    /// A target among the `top_k` best scores counts as predicted.
    pub top_k: usize,
    /// Targets to leave out.
    pub ignore_index: Option<i64>,
}

/// Options of [`label_counts`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelCountsOptions {
    /// A score above it is a positive prediction.
    pub threshold: f32,
    /// Targets to leave out.
    pub ignore_index: Option<i64>,
}

/// Whether the device's memory is the host's.
pub(crate) fn is_host(device: &Device) -> bool {
    #[allow(unreachable_patterns)]
    match device.as_dispatch() {
        #[cfg(feature = "flex")]
        burn::backend::DispatchDevice::Flex(_) => true,
        #[cfg(feature = "ndarray")]
        burn::backend::DispatchDevice::NdArray(_) => true,
        _ => false,
    }
}

/// Whether the device's backend has kernels.
#[allow(unused_variables)]
pub(crate) fn has_kernels(device: &Device) -> bool {
    #[cfg(feature = "cube")]
    if let burn::backend::DispatchDevice::Cube(_) = device.as_dispatch() {
        return true;
    }
    false
}

/// Whether a kernel takes a tensor of so many elements: it is not empty and not too large.
#[cfg(feature = "cube")]
fn has_kernel(device: &Device, elements: usize) -> bool {
    has_kernels(device) && (1..=KERNEL_ELEMENTS).contains(&elements)
}

/// The most elements of the largest tensor of a kernel, which counts them in 32 bits.
const KERNEL_ELEMENTS: usize = 1 << 31;

/// The most columns that a grid of cubes takes.
#[cfg(feature = "cube")]
const KERNEL_COLUMNS: usize = 1 << 16;
