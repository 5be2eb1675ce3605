//! Sums of the terms of rows, and terms.

pub mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(super) mod host;

use burn::tensor::{Int, Tensor};

pub(crate) use default::{decision_terms, hinge_losses};

/// Options of hinge losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarginOptions {
    /// Whether the margin of a row is by how much the score of its class is above the best of the
    /// others. Otherwise every class has one: its score, negative where it is not the row's.
    pub against_best: bool,
    /// Whether losses are squared.
    pub squared: bool,
}

/// Adds the terms of elements, times their weights, and the weights.
///
/// `counts` holds `1` counter of elements used and the rejected ones; `sums` is `M * (K + 1)`
/// compensated sums: the `K` terms of the first of a row's `M` elements, of the second, .., then the
/// weights. `terms` are `[N, M, K]`; `codes [N, M]` is negative, the code, for an element to leave
/// out. One with a term that is NaN is rejected; one of weight 0 adds nothing, whatever its terms. `weights
/// [N]` must be finite and at least 0, or else the elements of their row are rejected; without, they
/// are 1.
pub fn term_sums(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    terms: Tensor<3>,
    codes: Tensor<2, Int>,
    weights: Option<Tensor<1>>,
) -> (Tensor<1, Int>, Tensor<1>) {
    on_host!(
        terms,
        host::term_sums(counts, sums, &terms, &codes, &weights)
    );
    default::term_sums(counts, sums, terms, codes, weights)
}
