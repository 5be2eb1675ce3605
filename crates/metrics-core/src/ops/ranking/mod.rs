//! The labels of a row in the order of their scores.

pub mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(super) mod host;

use burn::tensor::{Int, Tensor};

pub use default::label_ranking;

/// Of each row of `codes [N, L]`, which are 0, 1 or the codes of labels to leave out, the code of its
/// invalid label if it has one, that of ignored labels if it has no other, or else 0: `[N, 1]`.
pub fn row_codes(codes: Tensor<2, Int>) -> Tensor<2, Int> {
    on_host!(codes, host::row_codes(&codes));
    default::row_codes(codes)
}

/// How many numbers of each row [`label_ranking`] yields.
pub const RANKING_TERMS: usize = 3;

/// For every label of `scores [N, L]` how many labels of its row without a negative code in `codes [N,
/// L]` come before it in the order of falling scores (ties: of rising index); none does where one of both
/// scores is NaN.
pub fn labels_before(scores: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<2, Int> {
    on_host!(scores, host::labels_before(&scores, &codes));
    default::labels_before(scores, codes)
}
