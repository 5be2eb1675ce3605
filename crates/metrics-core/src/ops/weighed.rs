//! Rows on their way into sums: which of them are used, and how much each weighs.

use super::labels::{as_i32, count, count_rejected, reject_weights};
use crate::Reason;
use burn::tensor::{Bool, DType, Int, Tensor};

/// Rows of a batch `[N]`.
pub(crate) struct Rows {
    /// 0 where the row is used, else a negative [code](Reason::code).
    codes: Tensor<1, Int>,
    /// Those that add nothing `[N, 1]`: the rejected ones, and those of weight 0.
    unused: Tensor<2, Bool>,
    /// The weights `[N, 1]`, 0 where a row adds nothing.
    weights: Option<Tensor<2>>,
}

impl Rows {
    /// Rejects the rows that would be used, but for an invalid weight.
    pub fn new(codes: Tensor<1, Int>, weights: Option<Tensor<1>>) -> Self {
        let [n] = codes.dims();
        let Some(weights) = weights else {
            return Self {
                unused: codes.clone().lower_elem(0).reshape([n, 1]),
                codes,
                weights: None,
            };
        };
        let codes = reject_weights(codes, weights.clone());
        let weights = weights.mask_fill(codes.clone().lower_elem(0), 0.0);
        let weights = weights.reshape([n, 1]);
        Self {
            codes,
            unused: weights.clone().equal_elem(0.0),
            weights: Some(weights),
        }
    }

    /// Rejects rows with a NaN (`[N, 1]`) as well.
    pub fn without_nan(nan: Tensor<2, Bool>, weights: Option<Tensor<1>>) -> Self {
        let [n, _] = nan.dims();
        let codes = as_i32(nan.int()).reshape([n]) * Reason::Nan.code();
        Self::new(codes, weights)
    }

    /// 0 where the row is used, else a negative [code](Reason::code).
    pub fn codes(&self) -> &Tensor<1, Int> {
        &self.codes
    }

    /// Which are rejected.
    pub fn rejected(&self) -> Tensor<1, Bool> {
        self.codes.clone().lower_elem(0)
    }

    /// Numbers `[N, K]`, each times the weight of its row.
    pub fn weigh(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.weights {
            Some(weights) => x * weights.clone(),
            None => x,
        }
    }

    /// Numbers `[N, K]` with 0 in rows that add nothing, even if theirs are infinite.
    pub fn used(&self, x: Tensor<2>) -> Tensor<2> {
        let dims = x.dims();
        x.mask_fill(self.unused.clone().expand(dims), 0.0)
    }

    /// The weights that were given `[N, 1]`, 0 where none was.
    pub fn given(&self) -> Tensor<2> {
        let [n] = self.codes.dims();
        let none = || Tensor::zeros([n, 1], (&self.codes.device(), DType::F32));
        self.weights.clone().unwrap_or_else(none)
    }

    /// Adds to the counter of rows used, and the rejected ones after it.
    pub fn count(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        count(counts, self.codes.clone().neg())
    }

    /// Adds only to the rejected ones.
    pub fn count_rejected(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        count_rejected(counts, self.codes.clone())
    }
}
