use super::{per_output, suffix, value_per_output};
use crate::{
    Metric, MetricError, Value,
    regression::states::{JointMoments, JointMomentsSummary},
};

/// Pearson correlation coefficient: `sum((x - mean(x)) (y - mean(y))) / sqrt(sum((x - mean(x))²)
/// sum((y - mean(y))²))` of predictions `x` and targets `y`, how close they are to a line.
///
/// Takes [`Regression`](crate::batch::Regression) batches. All elements count as one output,
/// whatever the shape, unless [`outputs`](Self::outputs) says otherwise. A row of weight `w` counts
/// as `w` rows.
///
/// Ranges over `[-1, 1]`. Predictions or targets that are all equal, as of a single row, correlate
/// with nothing: the value is NaN, as in the reference, which warns. Equal means equal: the reference
/// also has NaN where the variance is small beside the square of the largest deviation, as of many
/// equal values and a few far from them. No data, or none of any weight, is [`MetricError::Empty`],
/// NaN is [`MetricError::InvalidData`], and an infinite value makes the coefficient NaN. Reference:
/// TorchMetrics 1.9.0 `PearsonCorrCoef`, which takes no weights.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::PearsonCorrCoef};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 4.0], &device);
/// let target = Tensor::<1>::from_floats([1.0, 3.0, 2.0, 4.0], &device);
/// let batch = Regression::new(pred, target)?;
/// assert_eq!(PearsonCorrCoef::new().evaluate(&batch)?.scalar(), Some(0.8));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PearsonCorrCoef {
    outputs: Option<usize>,
}

impl PearsonCorrCoef {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    value_per_output!();
}

impl Metric for PearsonCorrCoef {
    type Accumulator = JointMoments;

    fn name(&self) -> String {
        format!("pearson_corr_coef{}", suffix(self.outputs))
    }

    fn accumulator(&self) -> JointMoments {
        JointMoments {
            outputs: self.outputs.into(),
        }
    }

    fn finalize(&self, joint: &JointMomentsSummary) -> Result<Value, MetricError> {
        joint.not_empty()?;
        joint.check_range(|output| [output.pred_m2, output.target_m2, output.comoment])?;
        let values = joint.each(|o| correlation(o.comoment, o.pred_m2, o.target_m2));
        Ok(per_output(values, self.outputs))
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none()
    }
}

/// The coefficient of sums of products; NaN where a sum of squares is 0.
pub(super) fn correlation(comoment: f64, left: f64, right: f64) -> f64 {
    if left == 0.0 || right == 0.0 {
        f64::NAN
    } else {
        match left * right {
            square if square.is_normal() => comoment / square.sqrt(),
            _ => comoment / left.sqrt() / right.sqrt(),
        }
        .clamp(-1.0, 1.0)
    }
}
