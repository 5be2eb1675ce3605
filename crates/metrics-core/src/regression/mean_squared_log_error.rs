use super::error_of_terms;
use crate::{
    Identity, Reason,
    ops::{math::log1p, pairs::TermsKernel, scalar::ln},
    regression::states::{MAX_SUMS, PairSums, PairTerms},
};
use burn::tensor::{Bool, Tensor};

/// Mean squared logarithmic error: `mean((ln(1 + prediction) - ln(1 + target))²)`.
///
/// Takes [`Regression`](crate::batch::Regression) batches; every element counts, whatever the shape.
/// Ranges over `[0, inf]`; an infinite prediction or target makes it infinite. Values of -1 or less
/// have no such logarithm: they are [`MetricError::InvalidData`](crate::MetricError::InvalidData),
/// counted as invalid predictions and targets. TorchMetrics makes NaN or infinity of them,
/// scikit-learn raises.
///
/// Weights of the batch make it a weighted mean. No data, or none of any weight, is
/// [`MetricError::Empty`](crate::MetricError::Empty), NaN is
/// [`MetricError::InvalidData`](crate::MetricError::InvalidData), and so is an infinite target with
/// an infinite prediction. Reference: TorchMetrics 1.9.0 `MeanSquaredLogError`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::MeanSquaredLogError};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([0.0, 7.0], &device);
/// let target = Tensor::<1>::from_floats([0.0, 1.0], &device);
/// let batch = Regression::new(pred, target)?;
/// let error = MeanSquaredLogError::new().evaluate(&batch)?.scalar().unwrap();
/// assert!((error - 4f64.ln().powi(2) / 2.0).abs() < 1e-6);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanSquaredLogError;

impl MeanSquaredLogError {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self
    }
}

impl PairTerms for MeanSquaredLogError {
    fn identity(&self) -> Identity {
        Identity::new("mean_squared_log_error", 1)
    }

    fn invalid_prediction(&self, pred: Tensor<2>) -> Option<Tensor<2, Bool>> {
        Some(pred.lower_equal_elem(-1.0))
    }

    fn invalid_target(&self, target: Tensor<2>) -> Option<Tensor<2, Bool>> {
        Some(target.lower_equal_elem(-1.0))
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        // The logarithm of the quotient, less 1: the difference of two logarithms that are nearly equal
        // would keep few digits.
        let high = pred.clone().max_pair(target.clone());
        let low = pred.min_pair(target);
        let excess = (high - low.clone()) / (low + 1.0);
        vec![log1p(excess).square()]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::SquaredLog)
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn rejects_pair(&self, pred: f64, target: f64) -> Option<Reason> {
        match () {
            _ if target <= -1.0 => Some(Reason::InvalidTarget),
            _ if pred <= -1.0 => Some(Reason::InvalidPrediction),
            _ => None,
        }
    }

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        let log = ln((1.0 + pred) / (1.0 + target));
        [log * log, 0.0]
    }
}

error_of_terms!(MeanSquaredLogError, "mean_squared_log_error");
