//! Scores as probabilities.

#[cfg(feature = "cube")]
pub(super) mod cube;
pub mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;

use super::ScoreKind;
use burn::tensor::{DType, FloatDType, Int, Tensor};

/// The tensor in `f32`.
pub(super) fn single(tensor: Tensor<2>) -> Tensor<2> {
    match tensor.dtype() {
        DType::F32 => tensor,
        _ => tensor.cast(FloatDType::F32),
    }
}

/// How far outside `[0, 1]` a probability of this dtype may lie by rounding: 4 units in the last place of 1, those of
/// `f32` for `f64`.
pub fn slack(dtype: DType) -> f32 {
    match dtype {
        DType::F16 => 4.0 / 1024.0,
        DType::BF16 => 4.0 / 128.0,
        _ => 4.0 * f32::EPSILON,
    }
}

/// Whether any score lies more than `slack` outside `[0, 1]`: `[1]`, 1 or 0. NaN does not.
pub fn outside_unit(scores: Tensor<2>, slack: f32) -> Tensor<1, Int> {
    on_host!(scores, host::outside_unit(&scores, slack));
    #[cfg(feature = "cube")]
    if super::has_kernel(&scores.device(), scores.shape().num_elements()) {
        return cube::on_tensors::outside_unit(scores, slack);
    }
    default::outside_unit(scores, slack)
}

/// Probabilities that lie at most `slack` outside `[0, 1]` as 0 or 1; others unchanged.
pub fn within_unit(probabilities: Tensor<2>, slack: f32) -> Tensor<2> {
    on_host!(probabilities, host::within_unit(probabilities, slack));
    default::within_unit(probabilities, slack)
}

/// Probabilities of scores `[N, L]`, each by itself: unchanged, or their sigmoid.
///
/// `outside` is what [`outside_unit`] says of them; only [`ScoreKind::Auto`] reads it.
pub fn sigmoid_probabilities(
    scores: Tensor<2>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    if kind == ScoreKind::Probabilities {
        return single(scores);
    }
    on_host!(scores, host::sigmoid(scores, &outside, kind));
    default::sigmoid_probabilities(single(scores), outside, kind)
}

/// Probabilities of scores `[N, C]` over the classes: unchanged, or their softmax. `outside` as in
/// [`sigmoid_probabilities`].
pub fn softmax_probabilities(
    scores: Tensor<2>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    if kind == ScoreKind::Probabilities {
        return single(scores);
    }
    on_host!(scores, host::softmax(scores, &outside, kind));
    #[cfg(feature = "cube")]
    if super::has_kernel(&scores.device(), scores.shape().num_elements()) {
        return cube::on_tensors::softmax_probabilities(scores, outside, kind);
    }
    default::softmax_probabilities(scores, outside, kind)
}
