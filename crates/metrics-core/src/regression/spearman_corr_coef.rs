use super::{pearson_corr_coef::correlation, per_output, ranks::Ranking, suffix};
use crate::{
    Metric, MetricError, Value,
    regression::states::{RankPairs, RankPairsSummary},
};

/// Spearman rank correlation coefficient: the Pearson correlation of the ranks of predictions and
/// targets, where equal numbers have the mean of their ranks. It tells how close one is to a rising
/// function of the other.
///
/// Takes [`Regression`](crate::batch::Regression) batches without weights. All elements count as one
/// output, whatever the shape, unless [`outputs`](Self::outputs) says otherwise. The state is the
/// data: 8 bytes a pair on the device, 16 on the host once read; `compute` sorts it there.
///
/// Ranges over `[-1, 1]`. Predictions or targets that are all equal, as of a single row, correlate
/// with nothing: the value is NaN, as in SciPy. TorchMetrics adds 1e-6 to the divisor, which makes it
/// 0 there, and all values of few rows a little too small. Infinite values are ranked as any others.
/// No data is [`MetricError::Empty`], NaN is [`MetricError::InvalidData`]. Reference: TorchMetrics
/// 1.9.0 `SpearmanCorrCoef`, SciPy `spearmanr`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::SpearmanCorrCoef};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([0.1, 0.2, 0.9, 7.0], &device);
/// let target = Tensor::<1>::from_floats([1.0, 3.0, 2.0, 4.0], &device);
/// let batch = Regression::new(pred, target)?;
/// assert_eq!(SpearmanCorrCoef::new().evaluate(&batch)?.scalar(), Some(0.8));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpearmanCorrCoef {
    outputs: Option<usize>,
}

impl SpearmanCorrCoef {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// One value for each of the `outputs` columns of `[N, outputs]` batches.
    pub fn outputs(mut self, outputs: usize) -> Self {
        self.outputs = Some(outputs);
        self
    }
}

impl Metric for SpearmanCorrCoef {
    type Accumulator = RankPairs;

    fn name(&self) -> String {
        format!("spearman_corr_coef{}", suffix(self.outputs))
    }

    fn accumulator(&self) -> RankPairs {
        RankPairs {
            outputs: self.outputs,
        }
    }

    fn finalize(&self, pairs: &RankPairsSummary) -> Result<Value, MetricError> {
        pairs.not_empty()?;
        Ok(per_output(pairs.each(spearman), self.outputs))
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none()
    }
}

/// Sums of integers, so that neither the order of the pairs nor rounding matters.
fn spearman(pred: &[f64], target: &[f64]) -> f64 {
    let (pred, target) = (Ranking::new(pred), Ranking::new(target));
    let pairs = pred.deviations().zip(target.deviations());
    let [product, left, right] = pairs.fold([0i128; 3], |[product, left, right], (x, y)| {
        [product + x * y, left + x * x, right + y * y]
    });
    correlation(product as f64, left as f64, right as f64)
}
