//! Terms of rows, whose sums are [`term_sums`](crate::ops::term_sums).

use crate::{
    ScoreKind,
    ops::{self, MarginOptions},
};
use burn::tensor::{FloatDType, Int, Tensor};

/// See [`decision_terms`](crate::ops::decision_terms).
pub fn decision_terms(
    scores: Tensor<2>,
    probabilities: Tensor<2>,
    codes: Tensor<2, Int>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<3> {
    let target = codes.clamp_min(0);
    let entropy = ops::cross_entropy(scores, target.clone(), outside, kind);
    let target = target.float().cast(FloatDType::F32);
    Tensor::stack(vec![entropy, probabilities, target], 2)
}

/// See [`hinge_losses`](crate::ops::hinge_losses).
pub fn hinge_losses(
    scores: Tensor<2>,
    codes: Tensor<2, Int>,
    options: MarginOptions,
) -> (Tensor<2>, Tensor<2, Int>) {
    let [n, _] = scores.dims();
    let own = codes.clone().equal_elem(1);
    let margins = match options.against_best {
        false => scores.clone().neg().mask_where(own, scores),
        true => {
            let best = scores.clone().mask_fill(own.clone(), f32::NEG_INFINITY);
            let target = scores.mask_fill(own.bool_not(), f32::NEG_INFINITY);
            target.max_dim(1) - best.max_dim(1)
        }
    };
    let undefined = margins.clone().is_nan();
    let losses = (margins.neg() + 1.0).clamp_min(0.0);
    let losses = match options.squared {
        true => losses.clone() * losses,
        false => losses,
    };
    // Not every device's maximum keeps NaN.
    let losses = losses.mask_fill(undefined, f32::NAN);
    (losses, codes.slice([0..n, 0..1]).clamp_max(0))
}
