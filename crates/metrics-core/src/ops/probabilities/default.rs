//! The operations as tensor operations.

use super::ScoreKind;
use crate::ops::labels::as_i32;
use burn::tensor::{Bool, Int, Tensor, activation};

/// See [`outside_unit`](super::outside_unit).
pub fn outside_unit(scores: Tensor<2>, slack: f32) -> Tensor<1, Int> {
    let outside = scores
        .clone()
        .lower_elem(-slack)
        .bool_or(scores.greater_elem(1.0 + slack));
    as_i32(outside.any().int())
}

/// See [`within_unit`](super::within_unit).
pub fn within_unit(probabilities: Tensor<2>, slack: f32) -> Tensor<2> {
    let inside = probabilities.clone().clamp(0.0, 1.0);
    let near = (probabilities.clone() - inside.clone())
        .abs()
        .lower_equal_elem(slack);
    probabilities.mask_where(near, inside)
}

/// See [`sigmoid_probabilities`](super::sigmoid_probabilities).
pub fn sigmoid_probabilities(
    scores: Tensor<2>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    let logits = are_logits(outside, kind);
    let probabilities = activation::sigmoid(scores.clone());
    choose(scores, probabilities, logits)
}

/// See [`softmax_probabilities`](super::softmax_probabilities).
pub fn softmax_probabilities(
    scores: Tensor<2>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    let logits = are_logits(outside, kind);
    let dims = scores.dims();
    // The softmax of a row with an infinite maximum is undefined; not every device makes NaN of it.
    let undefined = scores.clone().max_dim(1).is_inf().expand(dims);
    let probabilities = activation::softmax(scores.clone(), 1).mask_fill(undefined, f32::NAN);
    choose(scores, probabilities, logits)
}

/// `None` if they are logits by declaration, else whether any score is outside `[0, 1]`.
pub(in crate::ops) fn are_logits(
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Option<Tensor<1, Bool>> {
    (kind == ScoreKind::Auto).then(|| outside.greater_elem(0))
}

pub(in crate::ops) fn choose(
    scores: Tensor<2>,
    probabilities: Tensor<2>,
    logits: Option<Tensor<1, Bool>>,
) -> Tensor<2> {
    match logits {
        None => probabilities,
        Some(flag) => {
            let dims = scores.dims();
            scores.mask_where(flag.reshape([1, 1]).expand(dims), probabilities)
        }
    }
}
