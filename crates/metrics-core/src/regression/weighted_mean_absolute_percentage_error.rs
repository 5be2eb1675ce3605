use super::relative;
use crate::{
    Identity, Metric, MetricError, Value,
    ops::pairs::TermsKernel,
    regression::states::{MAX_SUMS, PairSums, PairSumsSummary, PairTerms},
};
use burn::tensor::Tensor;

/// Weighted mean absolute percentage error: `sum(|prediction - target|) / sum(|target|)`, in which
/// every relative error weighs as much as its target is large.
///
/// Takes [`Regression`](crate::batch::Regression) batches; every element counts, whatever the shape.
/// The value is a share, not a percentage, and ranges over `[0, inf]`. Targets that are all 0 leave
/// nothing to compare with: the value is then 0 if every prediction is exact, else infinite.
///
/// Weights of the batch multiply both sums. No data, or none of any weight, is
/// [`MetricError::Empty`], NaN is [`MetricError::InvalidData`]. Infinite predictions make the value
/// infinite, and an infinite target makes it NaN. Reference: TorchMetrics 1.9.0
/// `WeightedMeanAbsolutePercentageError`, which divides by no less than 1.17e-6: a number that depends
/// on the unit of the targets.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::WeightedMeanAbsolutePercentageError};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([1.0, 9.0, 0.0], &device);
/// let target = Tensor::<1>::from_floats([2.0, 10.0, 0.0], &device);
/// let batch = Regression::new(pred, target)?;
/// let error = WeightedMeanAbsolutePercentageError::new();
/// assert_eq!(error.evaluate(&batch)?.scalar(), Some(2.0 / 12.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WeightedMeanAbsolutePercentageError;

impl WeightedMeanAbsolutePercentageError {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self
    }
}

impl PairTerms for WeightedMeanAbsolutePercentageError {
    const SUMS: usize = 2;

    fn identity(&self) -> Identity {
        Identity::new("weighted_mean_absolute_percentage_error", 1)
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        vec![(pred - target.clone()).abs(), target.abs()]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::WeightedPercentage)
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        [(pred - target).abs(), target.abs()]
    }
}

impl Metric for WeightedMeanAbsolutePercentageError {
    type Accumulator = PairSums<Self>;

    fn name(&self) -> String {
        "weighted_mean_absolute_percentage_error".into()
    }

    fn accumulator(&self) -> PairSums<Self> {
        PairSums::new(self.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        totals.not_empty()?;
        let (errors, targets) = (totals.sums_of(0), totals.sums_of(1));
        Ok(relative(errors[0], targets[0]).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
