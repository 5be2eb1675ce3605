use super::{per_output, suffix, value_per_output};
use crate::{
    Metric, MetricError, Value,
    regression::states::{PairMoments, PairMomentsSummary},
};

/// What a root mean squared error is divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RmseNormalization {
    /// The mean of the targets, with its sign.
    #[default]
    Mean,
    /// Their standard deviation, `sqrt(sum((target - mean(target))²) / n)`.
    Std,
    /// Their Euclidean norm, `sqrt(sum(target²))`, which grows with the number of rows.
    L2,
    /// Their largest minus their smallest, which the state keeps for this alone.
    Range,
}

/// Normalized root mean squared error (scatter index): `sqrt(mean((prediction - target)²))` divided
/// by the mean, the standard deviation, the norm or the range of the targets.
///
/// Takes [`Regression`](crate::batch::Regression) batches. All elements count as one output,
/// whatever the shape, unless [`outputs`](Self::outputs) says otherwise. The value has no unit.
///
/// Ranges over `[0, inf]`, but by a negative mean over `[-inf, 0]`; infinite predictions make it
/// infinite. Where the targets have a mean, deviation, norm or range of 0 the value is infinite, or NaN
/// if every prediction is exact too, as in the reference. Whether all but the mean is 0 is decided
/// exactly; a mean of 0 may be off by a rounding. Weights of the batch weigh the mean of errors, and the
/// mean, deviation and norm of the targets; a target that weighs nothing is out of their range. No data, or
/// none of any weight, is [`MetricError::Empty`], NaN is [`MetricError::InvalidData`], and an infinite
/// target makes the value NaN. Reference: TorchMetrics 1.9.0 `NormalizedRootMeanSquaredError`.
///
/// ```
/// use metrics_core::{
///     Metric, batch::Regression,
///     regression::{NormalizedRootMeanSquaredError, RmseNormalization},
/// };
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([3.0, 7.0, 3.0, 7.0], &device);
/// let target = Tensor::<1>::from_floats([2.0, 6.0, 2.0, 6.0], &device);
/// let batch = Regression::new(pred, target)?;
///
/// let error = NormalizedRootMeanSquaredError::new();
/// assert_eq!(error.evaluate(&batch)?.scalar(), Some(1.0 / 4.0));
/// let by_std = error.normalization(RmseNormalization::Std);
/// assert_eq!(by_std.evaluate(&batch)?.scalar(), Some(1.0 / 2.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NormalizedRootMeanSquaredError {
    outputs: Option<usize>,
    normalization: RmseNormalization,
}

impl NormalizedRootMeanSquaredError {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    value_per_output!();

    /// What the error is divided by; default [`RmseNormalization::Mean`].
    pub fn normalization(mut self, normalization: RmseNormalization) -> Self {
        self.normalization = normalization;
        self
    }
}

impl Metric for NormalizedRootMeanSquaredError {
    type Accumulator = PairMoments;

    fn name(&self) -> String {
        let by = match self.normalization {
            RmseNormalization::Mean => "",
            RmseNormalization::Std => "_std",
            RmseNormalization::L2 => "_l2",
            RmseNormalization::Range => "_range",
        };
        let outputs = suffix(self.outputs);
        format!("normalized_root_mean_squared_error{by}{outputs}")
    }

    fn accumulator(&self) -> PairMoments {
        PairMoments {
            outputs: self.outputs.into(),
            extremes: self.normalization == RmseNormalization::Range,
        }
    }

    fn finalize(&self, moments: &PairMomentsSummary) -> Result<Value, MetricError> {
        moments.not_empty()?;
        moments.check_range(&moments.squared_error)?;
        if matches!(
            self.normalization,
            RmseNormalization::Std | RmseNormalization::L2
        ) {
            moments.check_range(&moments.target_m2)?;
        }
        let n = moments.weight;
        let values = (0..moments.outputs)
            .map(|i| {
                let (mean, m2) = (moments.target_mean[i], moments.target_m2[i]);
                let scale = match self.normalization {
                    RmseNormalization::Mean => mean,
                    RmseNormalization::Std => (m2 / n).sqrt(),
                    RmseNormalization::L2 => (m2 + n * mean * mean).sqrt(),
                    RmseNormalization::Range => moments.target_span(i),
                };
                (moments.squared_error[i] / n).sqrt() / scale
            })
            .collect();
        Ok(per_output(values, self.outputs))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none()
    }
}
