//! Rows as distributions.

use burn::tensor::{Bool, Tensor};

/// Which rows are none, `[N, 1]`: those with a negative entry, or without a positive one. Of
/// logarithms, those in which nothing is possible, or something infinitely probable.
pub(super) fn invalid(rows: Tensor<2>, log_prob: bool) -> Tensor<2, Bool> {
    let highest = rows.clone().max_dim(1);
    match log_prob {
        true => highest.is_inf(),
        false => (rows.lower_elem(0.0).any_dim(1)).bool_or(highest.equal_elem(0.0)),
    }
}

/// Probabilities of rows: divided by their sum, or of their logarithms.
pub(super) fn probabilities(rows: Tensor<2>, log_prob: bool) -> Tensor<2> {
    match log_prob {
        true => rows.exp(),
        false => rows.clone() / rows.sum_dim(1),
    }
}
