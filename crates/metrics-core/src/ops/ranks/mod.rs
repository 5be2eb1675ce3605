//! The rank of each row's target, and what is counted of ranks for each sample.

pub mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;

use super::ConfusionOptions;
use burn::tensor::{Int, Tensor};

pub(crate) use default::classes_by_sample;

/// For every row of `scores [N, C]` the best class and the rank of the target: `[2, N]`, first
/// the index of the largest score (the first one, if several are equal), then how many classes
/// come before the target in the order of falling scores (ties: of rising index), so that the
/// target is among the top k if its rank is below k.
///
/// A rank is negative where there is none: the [code](crate::Reason::code) of
/// [`InvalidTarget`](crate::Reason::InvalidTarget) for a target outside `0..C` (which a target to
/// be ignored may be), of [`Nan`](crate::Reason::Nan) for a row with a NaN score.
pub fn row_ranks(scores: Tensor<2>, target: Tensor<1, Int>) -> Tensor<2, Int> {
    on_host!(scores, host::row_ranks(&scores, &target));
    default::row_ranks(scores, target)
}

/// What [`row_ranks`] yields, and `[4, N]` floats per row from the same pass: the largest score,
/// the logarithm of the sum of exponentials of the scores, the target's score, and the target's
/// negative log-likelihood (these two unspecified where the rank is negative).
///
/// The last is more accurate than the difference of the two before it, which cancels when the
/// scores are large or the target is nearly certain. It is infinite for a target with a score of
/// negative infinity, and NaN where the scores leave it undefined (all of them negative infinity,
/// or two of them infinite).
pub fn row_scan(scores: Tensor<2>, target: Tensor<1, Int>) -> (Tensor<2, Int>, Tensor<2>) {
    on_host!(scores, host::row_scan(&scores, &target));
    default::row_scan(scores, target)
}

/// Ranks of predicted labels: `[2, N]` as [`row_ranks`], with rank 0 for a hit and `classes` for a
/// miss, and the code of [`InvalidPrediction`](crate::Reason::InvalidPrediction) for a predicted
/// label outside `0..classes`.
pub fn label_ranks(pred: Tensor<1, Int>, target: Tensor<1, Int>, classes: usize) -> Tensor<2, Int> {
    on_host!(pred, host::label_ranks(&pred, &target, classes));
    default::label_ranks(pred, target, classes)
}

/// Adds rows to the margins of a confusion matrix.
///
/// `state` holds `C` counters of hits, `C` of predictions and `C` of targets, each by class, and the rejected ones;
/// `ranks` is `[2, N]` from [`row_ranks`] or [`label_ranks`], `target` is `[N]`. The prediction is the target if its
/// rank is below `top_k`, else the best class.
pub fn class_margins(
    state: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    on_host!(ranks, host::class_margins(state, &ranks, &target, options));
    default::class_margins(state, ranks, target, options)
}

/// Whether each row is a hit: 1, 0 or the code of a rejected row. As [`class_margins`] otherwise.
pub fn hits(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    on_host!(ranks, host::hits(&ranks, &target, options));
    default::hits(ranks, target, options)
}
