//! Batches whose rows count more or less often.

use crate::{
    Batch, MetricError,
    batch::{Binary, Multiclass, Multilabel, Regression, Values},
};
use burn::tensor::Tensor;

/// A batch that can take weights.
pub trait Reweighted: Batch {
    /// The number of weights it takes.
    fn rows(&self) -> usize;

    /// Works out, once for this batch and its reweighted copies, what does not depend on weights.
    fn share_scan(&self) {}

    /// The batch with the weights `[rows]`. If the batch has weights, they are multiplied.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] for another number of weights.
    fn reweighted(&self, weights: Tensor<1>) -> Result<Self, MetricError>;
}

macro_rules! reweighted {
    ($($batch:ident $(, $scan:ident)?;)*) => {$(
        impl Reweighted for $batch {
            $(fn share_scan(&self) {
                self.$scan();
            })?

            fn rows(&self) -> usize {
                $batch::rows(self)
            }

            fn reweighted(&self, weights: Tensor<1>) -> Result<Self, MetricError> {
                let weights = weighted(self.weights(), weights, $batch::rows(self))?;
                self.clone().with_weights(weights)
            }
        }
    )*};
}

reweighted!(Binary; Multiclass, scan; Multilabel; Regression;);

impl Reweighted for Values {
    fn rows(&self) -> usize {
        self.count_bound()
    }

    fn reweighted(&self, weights: Tensor<1>) -> Result<Self, MetricError> {
        let weights = weighted(self.weights(), weights, self.count_bound())?;
        Self::weighted(self.values().clone(), weights)
    }
}

fn weighted(
    own: Option<&Tensor<1>>,
    weights: Tensor<1>,
    rows: usize,
) -> Result<Tensor<1>, MetricError> {
    let shape = weights.dims();
    match own {
        _ if shape != [rows] => Err(MetricError::ShapeMismatch {
            left_name: "weights",
            left: shape.to_vec(),
            right_name: "a batch",
            right: vec![rows],
            hint: ": there must be one weight for each of its rows",
        }),
        Some(own) => Ok(own.clone() * weights),
        None => Ok(weights),
    }
}
