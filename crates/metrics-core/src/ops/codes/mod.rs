//! Targets as 0, 1 or the code of what is left out, and what is counted of decisions for each sample.

#[cfg(feature = "cube")]
pub(super) mod cube;
pub mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;

use super::LabelCountsOptions;
use burn::tensor::{Int, Tensor};

pub(crate) use default::decision_cells;

/// Targets `[N, L]` as 0, 1 or the code of a rejected element: ignored, not 0 or 1, with a NaN
/// probability, or with one outside `[0, 1]`.
pub fn decision_codes(
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    on_host!(
        target,
        host::decision_codes(&probabilities, &target, ignore_index)
    );
    default::decision_codes(probabilities, target, ignore_index)
}

/// Class indices `[N]` as one-against-rest targets `[N, C]`: 0, 1, or in the whole row the code of
/// a rejected element as in [`decision_codes`].
pub fn class_codes(
    probabilities: Tensor<2>,
    target: Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    #[cfg(feature = "cube")]
    if super::has_kernel(
        &probabilities.device(),
        probabilities.shape().num_elements(),
    ) {
        return cube::on_tensors::class_codes(probabilities, target, ignore_index);
    }
    default::class_codes(probabilities, target, ignore_index)
}

/// Adds thresholded scores to one 2x2 confusion matrix per label.
///
/// `state` holds `L * 4` counters (`label * 4 + target * 2 + prediction`) and the rejected ones;
/// `scores` are probabilities `[N, L]` (see [`sigmoid_probabilities`](super::sigmoid_probabilities)) or predicted labels 0 and 1, and
/// `target [N, L]` is 0 or 1. A score above the threshold predicts 1. Targets other than 0 and 1,
/// scores outside `[0, 1]` and NaN scores are rejected, each element by itself.
pub fn label_counts(
    state: Tensor<1, Int>,
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<1, Int> {
    on_host!(scores, host::label_counts(state, &scores, &target, options));
    default::label_counts(state, scores, target, options)
}

/// Whether each decision is right: 1, 0 or the code of a rejected one. As [`label_counts`] otherwise.
pub fn label_hits(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    on_host!(scores, host::label_hits(&scores, &target, options));
    default::label_hits(scores, target, options)
}

/// Adds units, as many of each sample one after the other, to two counters of their sample: those
/// with an element that is 0, and those without.
///
/// `state` holds the two counters of each sample and the rejected ones, which count elements. Of
/// `hits [U, E]` negative elements are codes; a unit with one that is not ignored is left out, and so is a unit of nothing
/// else.
pub fn unit_matches(state: Tensor<1, Int>, hits: Tensor<2, Int>, samples: usize) -> Tensor<1, Int> {
    on_host!(state, host::unit_matches(state, &hits, samples));
    default::unit_matches(state, hits, samples)
}
