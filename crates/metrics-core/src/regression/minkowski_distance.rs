use crate::{
    Identity, Metric, MetricError, Value,
    ops::{math::power, pairs::TermsKernel},
    regression::states::{MAX_SUMS, PairSums, PairSumsSummary, PairTerms},
};
use burn::tensor::Tensor;

/// Minkowski distance of order `p`: `sum(|prediction - target|^p)^(1 / p)`, with all predictions as
/// one vector and all targets as another; the Manhattan distance for 1, the Euclidean for 2.
///
/// Takes [`Regression`](crate::batch::Regression) batches; every element counts, whatever the shape.
/// Ranges over `[0, inf]` and grows with the number of elements; infinite predictions make it
/// infinite. Powers are taken in `f32`: one below 1e-38 vanishes and one above 3e38 becomes infinite. A
/// `p` below 1 or not finite is [`MetricError::InvalidOption`].
///
/// Weights of the batch multiply the powers. No data, or none of any weight, is
/// [`MetricError::Empty`] (TorchMetrics has a distance of 0), NaN is [`MetricError::InvalidData`], and
/// so are a prediction and a target of the same infinity. Reference: TorchMetrics 1.9.0
/// `MinkowskiDistance`, and for weights SciPy's `distance.minkowski`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::MinkowskiDistance};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1>::from_floats([1.0, 2.0, 0.0], &device);
/// let target = Tensor::<1>::from_floats([4.0, 6.0, 0.0], &device);
/// let batch = Regression::new(pred, target)?;
/// assert_eq!(MinkowskiDistance::new(1.0).evaluate(&batch)?.scalar(), Some(7.0));
/// assert_eq!(MinkowskiDistance::new(2.0).evaluate(&batch)?.scalar(), Some(5.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MinkowskiDistance {
    #[serde(with = "crate::number")]
    p: f64,
}

impl MinkowskiDistance {
    /// Of order `p`, which must be at least 1.
    pub fn new(p: f64) -> Self {
        Self { p }
    }
}

impl PairTerms for MinkowskiDistance {
    fn identity(&self) -> Identity {
        Identity::new("minkowski_distance", 1).with(self)
    }

    fn validate(&self) -> Result<(), MetricError> {
        if self.p >= 1.0 && self.p.is_finite() {
            Ok(())
        } else {
            Err(MetricError::InvalidOption(format!(
                "p must be finite and at least 1, not {}",
                self.p
            )))
        }
    }

    fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
        vec![power((pred - target).abs(), self.p)]
    }

    fn kernel(&self) -> Option<TermsKernel> {
        let whole = self.p.fract() == 0.0 && self.p <= 16.0;
        Some(if whole {
            TermsKernel::Minkowski(self.p as u32)
        } else {
            TermsKernel::Power(self.p.to_bits())
        })
    }

    const BY_NUMBER: bool = true;

    #[inline(always)]
    fn of_pair(&self, pred: f64, target: f64) -> [f64; MAX_SUMS] {
        let size = (pred - target).abs();
        let power = match self.p {
            2.0 => size * size,
            p if p.fract() == 0.0 && p < 100.0 => size.powi(p as i32),
            p => size.powf(p),
        };
        [power, 0.0]
    }
}

impl Metric for MinkowskiDistance {
    type Accumulator = PairSums<Self>;

    fn name(&self) -> String {
        format!("minkowski_distance_{}", self.p)
    }

    fn accumulator(&self) -> PairSums<Self> {
        PairSums::new(self.clone())
    }

    fn finalize(&self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        Ok(totals.sum()?.powf(1.0 / self.p).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
