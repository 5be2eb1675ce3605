use super::{MultiOutput, average_suffix, explained, states::Outputs};
use crate::{
    Metric, MetricError, Value,
    regression::states::{JointMoments, JointMomentsSummary},
};

/// Explained variance: `1 - var(target - prediction) / var(target)`. It is the R² score but for a
/// constant error, which does not count.
///
/// Takes [`Regression`](crate::batch::Regression) batches. Each column of a batch `[N, D]`
/// is an output with a score of its own, and the value is their mean, or what [`multioutput`](Self::multioutput) says.
/// Batches of different numbers of columns in one state are [`MetricError::MixedOutputs`]. A row of weight `w` counts
/// as `w` rows.
///
/// Ranges over `[-inf, 1]`. If all errors are equal it is 1, as of a single row, else it is 0 if all
/// targets are equal. TorchMetrics takes a variance as a difference of squares, which for targets far
/// from 0 leaves no digit; here it is taken around values nearby. No data, or none of any weight, is
/// [`MetricError::Empty`], NaN is [`MetricError::InvalidData`], and an infinite value makes the score
/// NaN. Reference: TorchMetrics 1.9.0 `ExplainedVariance`, scikit-learn 1.7.2
/// `explained_variance_score`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::{ExplainedVariance, MultiOutput}};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2>::from_floats([[2.0, 0.0], [3.0, 1.0], [4.0, 2.0]], &device);
/// let target = Tensor::<2>::from_floats([[1.0, 0.0], [2.0, 2.0], [3.0, 4.0]], &device);
/// let batch = Regression::multi_output(pred, target)?;
///
/// let score = ExplainedVariance::new();
/// assert_eq!(score.evaluate(&batch)?.scalar(), Some(0.875));
/// let each = score.multioutput(MultiOutput::RawValues).evaluate(&batch)?;
/// assert_eq!(each.per_class(), Some(&[1.0, 0.75][..]));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExplainedVariance {
    outputs: Option<usize>,
    multioutput: MultiOutput,
}

impl ExplainedVariance {
    /// Over each column of a batch by itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses batches with another number of columns than `outputs`.
    pub fn outputs(mut self, outputs: usize) -> Self {
        self.outputs = Some(outputs);
        self
    }

    /// How the scores of several outputs become one; default [`MultiOutput::UniformAverage`].
    ///
    /// If the targets of all outputs are constant, the weights of
    /// [`VarianceWeighted`](MultiOutput::VarianceWeighted) are all 0; they then count as equal.
    pub fn multioutput(mut self, multioutput: MultiOutput) -> Self {
        self.multioutput = multioutput;
        self
    }
}

impl Metric for ExplainedVariance {
    type Accumulator = JointMoments;

    fn name(&self) -> String {
        let average = average_suffix(self.multioutput);
        format!("explained_variance{average}")
    }

    fn accumulator(&self) -> JointMoments {
        JointMoments {
            outputs: self.outputs.map_or(Outputs::Batch, Outputs::Columns),
        }
    }

    fn finalize(&self, joint: &JointMomentsSummary) -> Result<Value, MetricError> {
        joint.not_empty()?;
        joint.check_range(|output| [output.error_m2, output.target_m2, 0.0])?;
        let residuals = joint.each(|output| output.error_m2);
        let totals = joint.each(|output| output.target_m2);
        Ok(explained(&residuals, &totals, self.multioutput, |score| {
            score
        }))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        self.multioutput != MultiOutput::RawValues
    }
}
