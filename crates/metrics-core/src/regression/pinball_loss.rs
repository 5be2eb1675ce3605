use super::{per_output, suffix, value_per_output};
use crate::{
    Identity, Metric, MetricError, Value,
    ops::pairs::TermsKernel,
    regression::states::{MAX_SUMS, PairSums, PairSumsSummary, PairTerms, Unit},
};
use burn::tensor::Tensor;

/// Pinball loss, or quantile loss: the mean of `alpha * (target - prediction)` where the target is
/// above the prediction, and of `(1 - alpha) * (prediction - target)` where it is below.
///
/// It is least for predictions of the quantile `alpha` of the targets: the median at 0.5, where it is
/// half the mean absolute error.
///
/// Takes [`Regression`](crate::batch::Regression) batches. All elements count as one output,
/// whatever the shape, unless [`outputs`](Self::outputs) says otherwise. Ranges over `[0, inf]`, 0 is
/// best; an infinite prediction or target makes it infinite, except on the side that costs nothing at
/// an `alpha` of 0 or 1. An `alpha` outside `[0, 1]` is [`MetricError::InvalidOption`].
///
/// Weights of the batch make it a weighted mean. No data, or none of any weight, is
/// [`MetricError::Empty`], NaN is [`MetricError::InvalidData`], and so are a prediction and a target
/// of the same infinity. Not in TorchMetrics. Reference: scikit-learn 1.7.2 `mean_pinball_loss`.
/// Koenker and Bassett: Regression Quantiles (1978).
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::PinballLoss};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([1.0, 4.0], &device);
/// let target = Tensor::<1>::from_floats([3.0, 2.0], &device);
/// let batch = Regression::new(pred, target)?;
/// assert_eq!(PinballLoss::new().evaluate(&batch)?.scalar(), Some(1.0));
/// // One above the prediction by 2, at 0.75 each, and one below, at 0.25 each.
/// let upper = PinballLoss::new().alpha(0.75);
/// assert_eq!(upper.evaluate(&batch)?.scalar(), Some((0.75 * 2.0 + 0.25 * 2.0) / 2.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PinballLoss {
    #[serde(with = "crate::number")]
    alpha: f64,
    outputs: Option<usize>,
}

impl Default for PinballLoss {
    fn default() -> Self {
        Self {
            alpha: 0.5,
            outputs: None,
        }
    }
}

impl PinballLoss {
    /// Of the median, over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The quantile that is predicted; default 0.5.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    value_per_output!();
}

impl PairTerms for PinballLoss {
    fn identity(&self) -> Identity {
        Identity::new("pinball_loss", 1).with(self)
    }

    fn unit(&self) -> Unit {
        self.outputs.map_or(Unit::Elements, Unit::Outputs)
    }

    fn validate(&self) -> Result<(), MetricError> {
        if (0.0..=1.0).contains(&self.alpha) {
            return Ok(());
        }
        Err(MetricError::InvalidOption(format!(
            "alpha must be in [0, 1], not {}",
            self.alpha
        )))
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        let error = target - pred;
        let (above, below) = (
            error.clone().greater_elem(0.0),
            error.clone().lower_elem(0.0),
        );
        let loss = error.clone() * (self.alpha - 1.0);
        let loss = loss.mask_where(above.clone(), error * self.alpha);
        // 0 times infinity.
        vec![match self.alpha {
            0.0 => loss.mask_fill(above, 0.0),
            1.0 => loss.mask_fill(below, 0.0),
            _ => loss,
        }]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::Pinball(self.alpha.to_bits()))
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        let error = target - pred;
        let (slope, free) = if error > 0.0 {
            (self.alpha, self.alpha == 0.0)
        } else {
            (self.alpha - 1.0, self.alpha == 1.0 && error < 0.0)
        };
        [if free { 0.0 } else { error * slope }, 0.0]
    }
}

impl Metric for PinballLoss {
    type Accumulator = PairSums<Self>;

    fn name(&self) -> String {
        let alpha = match self.alpha {
            0.5 => String::new(),
            alpha => format!("_{alpha}"),
        };
        format!("pinball_loss{alpha}{}", suffix(self.outputs))
    }

    fn accumulator(&self) -> PairSums<Self> {
        PairSums::new(self.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        Ok(per_output(totals.means()?, self.outputs))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        self.outputs.is_none()
    }
}
