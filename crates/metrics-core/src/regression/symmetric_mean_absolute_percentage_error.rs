use super::error_of_terms;
use crate::{
    Identity,
    ops::pairs::TermsKernel,
    regression::states::{MAX_SUMS, PairSums, PairTerms},
};
use burn::tensor::Tensor;

/// Symmetric mean absolute percentage error: `mean(2 |prediction - target| / (|prediction| +
/// |target|))`.
///
/// Takes [`Regression`](crate::batch::Regression) batches; every element counts, whatever the shape.
/// The value is a share, not a percentage, and ranges over `[0, 2]`; a pair of zeros has an error of 0.
///
/// Weights of the batch make it a weighted mean. No data, or none of any weight, is
/// [`MetricError::Empty`](crate::MetricError::Empty). NaN is
/// [`MetricError::InvalidData`](crate::MetricError::InvalidData), and so is an infinite value, which
/// leaves `inf / inf`. Reference: TorchMetrics 1.9.0 `SymmetricMeanAbsolutePercentageError`, which
/// divides by no less than 1.17e-6 and so makes the errors of small values too small; here the scale
/// of the data does not matter.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::SymmetricMeanAbsolutePercentageError};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([3.0, 0.0, 0.0, 5.0], &device);
/// let target = Tensor::<1>::from_floats([1.0, 0.0, 2.0, 5.0], &device);
/// let batch = Regression::new(pred, target)?;
/// let error = SymmetricMeanAbsolutePercentageError::new();
/// assert_eq!(error.evaluate(&batch)?.scalar(), Some((1.0 + 2.0) / 4.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SymmetricMeanAbsolutePercentageError;

impl SymmetricMeanAbsolutePercentageError {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self
    }
}

impl PairTerms for SymmetricMeanAbsolutePercentageError {
    fn identity(&self) -> Identity {
        Identity::new("symmetric_mean_absolute_percentage_error", 1)
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        // Halves, so that large numbers do not overflow.
        let (pred, target) = (pred * 0.5, target * 0.5);
        let scale = pred.clone().abs() + target.clone().abs();
        let nothing = scale.clone().equal_elem(0.0);
        let share = (pred - target).abs() / scale;
        vec![share.mask_fill(nothing, 0.0) * 2.0]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::SymmetricPercentage)
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        let scale = pred.abs() + target.abs();
        let share = (pred - target).abs() / scale;
        [if scale == 0.0 { 0.0 } else { 2.0 * share }, 0.0]
    }
}

error_of_terms!(
    SymmetricMeanAbsolutePercentageError,
    "symmetric_mean_absolute_percentage_error"
);
