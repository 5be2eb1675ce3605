use super::error_of_terms;
use crate::{
    Identity,
    ops::pairs::TermsKernel,
    regression::states::{MAX_SUMS, PairSums, PairTerms},
};
use burn::tensor::Tensor;

/// Mean absolute percentage error: `mean(|prediction - target| / max(|target|, 1.17e-6))`.
///
/// Takes [`Regression`](crate::batch::Regression) batches; every element counts, whatever the shape.
/// The value is a share, not a percentage: 0.1 is an error of 10 %. Ranges over `[0, inf]`. A target of
/// 0 has no relative error: in place of dividing by 0 the reference divides by `1.17e-6`, and so does
/// this, which makes such a target outweigh all others; see
/// [`SymmetricMeanAbsolutePercentageError`](crate::regression::SymmetricMeanAbsolutePercentageError) and
/// [`WeightedMeanAbsolutePercentageError`](crate::regression::WeightedMeanAbsolutePercentageError).
///
/// Weights of the batch make it a weighted mean. No data, or none of any weight, is
/// [`MetricError::Empty`](crate::MetricError::Empty). NaN is
/// [`MetricError::InvalidData`](crate::MetricError::InvalidData), and so is an infinite target with
/// an infinite prediction; an infinite prediction alone makes the value infinite. Reference:
/// TorchMetrics 1.9.0 `MeanAbsolutePercentageError`. scikit-learn divides by no less than `2.2e-16`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::MeanAbsolutePercentageError};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([1.5, 2.0, 12.0], &device);
/// let target = Tensor::<1>::from_floats([1.0, 2.0, 8.0], &device);
/// let batch = Regression::new(pred, target)?;
/// let error = MeanAbsolutePercentageError::new();
/// assert_eq!(error.evaluate(&batch)?.scalar(), Some(1.0 / 3.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanAbsolutePercentageError;

/// The least that an error is divided by.
const EPSILON: f64 = 1.17e-6;

impl MeanAbsolutePercentageError {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self
    }
}

impl PairTerms for MeanAbsolutePercentageError {
    fn identity(&self) -> Identity {
        Identity::new("mean_absolute_percentage_error", 1)
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        let scale = target.clone().abs().clamp_min(EPSILON);
        vec![(pred - target).abs() / scale]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::AbsolutePercentage)
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        [(pred - target).abs() / target.abs().max(EPSILON), 0.0]
    }
}

error_of_terms!(
    MeanAbsolutePercentageError,
    "mean_absolute_percentage_error"
);
