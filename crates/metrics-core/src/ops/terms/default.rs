//! The operations as tensor operations.

use super::MarginOptions;
use crate::{
    Reason, ScoreKind,
    ops::{
        math::log1p,
        probabilities::{
            default::{are_logits, choose},
            single,
        },
        sums::{add_compensated, sum_compensated},
        weighed::Rows,
    },
};
use burn::tensor::{DType, FloatDType, Int, Tensor};

/// See [`term_sums`](super::term_sums).
pub fn term_sums(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    terms: Tensor<3>,
    codes: Tensor<2, Int>,
    weights: Option<Tensor<1>>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [n, elements, k] = terms.dims();
    let used = codes.clone().greater_equal_elem(0);
    let nan = terms.clone().is_nan().any_dim(2).reshape([n, elements]);
    let codes = codes
        .clamp_max(0)
        .mask_fill(nan.bool_and(used), Reason::Nan.code());
    let weights = match weights {
        Some(weights) => weights.reshape([n, 1]).expand([n, elements]),
        None => Tensor::ones([n, elements], (&terms.device(), DType::F32)),
    };
    let size = n * elements;
    let rows = Rows::new(codes.reshape([size]), Some(weights.reshape([size])));
    let terms = rows.used(rows.weigh(terms.reshape([size, k])));
    let columns = vec![
        terms.reshape([n, elements * k]),
        rows.given().reshape([n, elements]),
    ];
    let batch = sum_compensated(Tensor::cat(columns, 1));
    (rows.count(counts), add_compensated(sums, batch))
}

/// The cross-entropy, the probability and the target of each decision: `[N, L, 3]`.
///
/// `scores [N, L]`, `outside` and `kind` as in [`cross_entropy`], `probabilities [N, L]` and `codes [N,
/// L]` as in [`decision_codes`]. The terms of rejected decisions are unspecified.
pub(crate) fn decision_terms(
    scores: Tensor<2>,
    probabilities: Tensor<2>,
    codes: Tensor<2, Int>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<3> {
    let target = codes.clamp_min(0);
    let entropy = cross_entropy(single(scores), target.clone(), outside, kind);
    let target = target.float().cast(FloatDType::F32);
    Tensor::stack(vec![entropy, probabilities, target], 2)
}

/// The cross-entropy `-ln p(target)` of scores `[N, L]`, each by itself. `outside` as in
/// [`sigmoid_probabilities`]; `target [N, L]` is 0 or 1.
///
/// That of logits does not take the way over probabilities, on which large ones lose their digits.
fn cross_entropy(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    outside: Tensor<1, Int>,
    kind: ScoreKind,
) -> Tensor<2> {
    let positive = target.equal_elem(1);
    // Of a probability its logarithm, where 1 - p would round a small p away.
    let of_probability = || {
        let no = log1p(scores.clone().neg());
        no.mask_where(positive.clone(), scores.clone().log()).neg()
    };
    // Of a logit ln(1 + e^-z), where z is positive on the side of the target.
    let of_logit = || {
        let z = scores
            .clone()
            .neg()
            .mask_where(positive.clone(), scores.clone());
        z.clone().neg().clamp_min(0.0) + log1p(z.abs().neg().exp())
    };
    match kind {
        ScoreKind::Probabilities => of_probability(),
        _ => choose(of_probability(), of_logit(), are_logits(outside, kind)),
    }
}

/// Hinge losses of `scores [N, C]`: one per row, or one per class, and 0 or the code of each row
/// `[N, 1]`.
///
/// `codes [N, C]` are 1 for the class of a row, 0 for others (of a single column those that are
/// negative), and in rows to leave out, whose losses are unspecified, a negative code. A loss is
/// `max(0, 1 - margin)`, and NaN where the margin is undefined.
pub(crate) fn hinge_losses(
    scores: Tensor<2>,
    codes: Tensor<2, Int>,
    options: MarginOptions,
) -> (Tensor<2>, Tensor<2, Int>) {
    let [n, _] = scores.dims();
    let own = codes.clone().equal_elem(1);
    let margins = if !options.against_best {
        scores.clone().neg().mask_where(own, scores)
    } else {
        let best = scores.clone().mask_fill(own.clone(), f32::NEG_INFINITY);
        let target = scores.mask_fill(own.bool_not(), f32::NEG_INFINITY);
        target.max_dim(1) - best.max_dim(1)
    };
    let undefined = margins.clone().is_nan();
    let losses = (margins.neg() + 1.0).clamp_min(0.0);
    let losses = if options.squared {
        losses.clone() * losses
    } else {
        losses
    };
    // Not every device's maximum keeps NaN.
    let losses = losses.mask_fill(undefined, f32::NAN);
    (losses, codes.slice([0..n, 0..1]).clamp_max(0))
}
