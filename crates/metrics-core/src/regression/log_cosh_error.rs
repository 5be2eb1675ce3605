use super::{per_output, suffix, value_per_output};
use crate::{
    Identity, Metric, MetricError, Value,
    ops::{
        math::log1p,
        pairs::TermsKernel,
        scalar::{exp, ln},
    },
    regression::states::{MAX_SUMS, PairSums, PairSumsSummary, PairTerms, Unit},
};
use burn::tensor::Tensor;
use std::f64::consts::LN_2;

/// Log-cosh error: `mean(ln(cosh(prediction - target)))`, which is half the square of small errors and
/// the size of large ones, less `ln 2`.
///
/// Takes [`Regression`](crate::batch::Regression) batches. All elements count as one output,
/// whatever the shape, unless [`outputs`](Self::outputs) says otherwise. Ranges over `[0, inf]`;
/// an infinite prediction or target makes it infinite.
///
/// Weights of the batch make it a weighted mean. No data, or none of any weight, is
/// [`MetricError::Empty`], NaN is [`MetricError::InvalidData`], and so are a prediction and a target
/// of the same infinity. Reference: TorchMetrics 1.9.0 `LogCoshError`, which is infinite from errors of
/// 89 on (`cosh` overflows) and in error by several percent below 1e-3 (`ln` of a number near 1).
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::LogCoshError};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([1.0, 1000.0], &device);
/// let target = Tensor::<1>::from_floats([1.0, 0.0], &device);
/// let batch = Regression::new(pred, target)?;
/// let error = LogCoshError::new().evaluate(&batch)?.scalar().unwrap();
/// assert!((error - (1000.0 - 2f64.ln()) / 2.0).abs() < 1e-3);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct LogCoshError {
    outputs: Option<usize>,
}

impl LogCoshError {
    /// Over all elements, whatever the shape of the batch.
    pub fn new() -> Self {
        Self::default()
    }

    value_per_output!();
}

impl PairTerms for LogCoshError {
    fn identity(&self) -> Identity {
        Identity::new("log_cosh_error", 1).with(self)
    }

    fn unit(&self) -> Unit {
        self.outputs.map_or(Unit::Elements, Unit::Outputs)
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        let error = (pred - target).abs();
        let small = error.clone().lower_elem(1.0);
        let square = error.clone().square();
        // cosh(x) - 1 by its Taylor series, which has no 1 to lose digits to.
        let mut series = square.ones_like();
        for k in [90.0, 56.0, 30.0, 12.0] {
            series = series * square.clone() / k + 1.0;
        }
        let near = log1p(series * square * 0.5);
        let far = log1p((error.clone() * -2.0).exp()) + error - LN_2;
        vec![far.mask_where(small, near)]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        Some(TermsKernel::LogCosh)
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        let size = (pred - target).abs();
        let square = size * size;
        // The Taylor series, where the logarithms cancel.
        let near = square
            * (0.5 + square * (-1.0 / 12.0 + square * (1.0 / 45.0 - square * 17.0 / 2520.0)));
        let far = size + ln(1.0 + exp(-2.0 * size)) - LN_2;
        [if size < 0.02 { near } else { far }, 0.0]
    }
}

impl Metric for LogCoshError {
    type Accumulator = PairSums<Self>;

    fn name(&self) -> String {
        format!("log_cosh_error{}", suffix(self.outputs))
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
