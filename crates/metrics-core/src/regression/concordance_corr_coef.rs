use super::{per_output, suffix, value_per_output};
use crate::{
    Metric, MetricError, Value,
    regression::states::{JointMoments, JointMomentsSummary, JointOutput},
};

/// Lin's concordance correlation coefficient: `2 s_xy / (s_x² + s_y² + (mean(x) - mean(y))²)` of
/// predictions `x` and targets `y`, how close they are to the line of equality, with the unbiased
/// variances `s_x²`, `s_y²` and covariance `s_xy`, which divide by `n - 1`.
///
/// Takes [`Regression`](crate::batch::Regression) batches. All elements count as one output,
/// whatever the shape, unless [`outputs`](Self::outputs) says otherwise. A row of weight `w` counts
/// as `w` rows.
///
/// Ranges over `[-1, 1]`. If the predictions or the targets are all equal it is 0: TorchMetrics has
/// NaN there, which is that of the Pearson correlation within its formula. It is NaN if all
/// predictions and targets are equal, and of no more than one row, or a weight of no more than 1. No
/// data, or none of any weight, is [`MetricError::Empty`], NaN is [`MetricError::InvalidData`], and an
/// infinite value makes the coefficient NaN. Reference: TorchMetrics 1.9.0 `ConcordanceCorrCoef`,
/// which takes no weights; Lin's own estimate divides by `n`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::ConcordanceCorrCoef};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([1.0, 2.0, 3.0], &device);
/// let target = Tensor::<1>::from_floats([2.0, 3.0, 4.0], &device);
/// let batch = Regression::new(pred, target)?;
/// // On a line, though not that of equality: 2 * 1 / (1 + 1 + 1).
/// assert_eq!(ConcordanceCorrCoef::new().evaluate(&batch)?.scalar(), Some(2.0 / 3.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConcordanceCorrCoef {
    outputs: Option<usize>,
}

impl ConcordanceCorrCoef {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    value_per_output!();
}

impl Metric for ConcordanceCorrCoef {
    type Accumulator = JointMoments;

    fn name(&self) -> String {
        format!("concordance_corr_coef{}", suffix(self.outputs))
    }

    fn accumulator(&self) -> JointMoments {
        JointMoments {
            outputs: self.outputs.into(),
        }
    }

    fn finalize(&self, joint: &JointMomentsSummary) -> Result<Value, MetricError> {
        joint.not_empty()?;
        joint.check_range(|output| [output.pred_m2, output.target_m2, output.comoment])?;
        let freedom = joint.weight - 1.0;
        let values = joint.each(|output| {
            if freedom > 0.0 {
                concordance(output, freedom)
            } else {
                f64::NAN
            }
        });
        Ok(per_output(values, self.outputs))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none()
    }
}

fn concordance(output: &JointOutput, freedom: f64) -> f64 {
    // The mean error, not the difference of means, which may be large beside it.
    let shift = output.error_mean * output.error_mean * freedom;
    2.0 * output.comoment / (output.pred_m2 + output.target_m2 + shift)
}
