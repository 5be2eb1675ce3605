use super::{average_suffix, explained, states::Outputs};
use crate::{
    Metric, MetricError, Value,
    regression::states::{PairMoments, PairMomentsSummary},
};

/// How the R² scores of several outputs become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MultiOutput {
    /// Their mean.
    #[default]
    UniformAverage,
    /// No average: one score per output.
    RawValues,
    /// Their mean weighted by the variance of the output's targets.
    VarianceWeighted,
}

/// R² score, the coefficient of determination: `1 - sum((target - prediction)²) / sum((target -
/// mean(target))²)`, the share of the targets' variance that the predictions explain.
///
/// Takes [`Regression`](crate::batch::Regression) batches. Each column of a batch `[N, D]` is an output with a score
/// of its own, and the value is their mean, or what [`multioutput`](Self::multioutput) says. Batches of different
/// numbers of columns in one state are [`MetricError::MixedOutputs`].
///
/// Ranges over `[-inf, 1]`. Targets that are all equal have no variance to explain: the score is
/// then 1 if every prediction is exact, else 0. TorchMetrics takes every residual and variance
/// below 1e-4 for 0, so that data of a small scale always score 1; here equal means equal.
///
/// Weights of the batch weigh both sums and the mean. No data, or none of any weight, is
/// [`MetricError::Empty`], a single row [`MetricError::TooFew`], NaN [`MetricError::InvalidData`].
/// Reference: TorchMetrics 1.9.0 `R2Score`, and for weights scikit-learn's `r2_score`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::{MultiOutput, R2Score}};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2>::from_floats([[1.0, 4.0], [2.0, 0.0], [3.0, 2.0]], &device);
/// let target = Tensor::<2>::from_floats([[1.0, 0.0], [2.0, 2.0], [3.0, 4.0]], &device);
/// let batch = Regression::multi_output(pred, target)?;
///
/// let r2 = R2Score::new();
/// assert_eq!(r2.evaluate(&batch)?.scalar(), Some(-0.5));
/// let each = r2.multioutput(MultiOutput::RawValues).evaluate(&batch)?;
/// assert_eq!(each.per_class(), Some(&[1.0, -2.0][..]));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct R2Score {
    outputs: Option<usize>,
    adjusted: usize,
    multioutput: MultiOutput,
}

impl R2Score {
    /// Over each column of a batch by itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses batches with another number of columns than `outputs`.
    pub fn outputs(mut self, outputs: usize) -> Self {
        self.outputs = Some(outputs);
        self
    }

    /// Corrects for `regressors` independent variables: `1 - (1 - r2) (n - 1) / (n - regressors -
    /// 1)`; default 0. With as many of them as `n - 1` or more, the score is not corrected. `n` is the
    /// number of rows, whatever they weigh.
    pub fn adjusted(mut self, regressors: usize) -> Self {
        self.adjusted = regressors;
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

impl Metric for R2Score {
    type Accumulator = PairMoments;

    fn name(&self) -> String {
        let adjusted = match self.adjusted {
            0 => String::new(),
            regressors => format!("_adjusted{regressors}"),
        };
        let average = average_suffix(self.multioutput);
        format!("r2_score{adjusted}{average}")
    }

    fn accumulator(&self) -> PairMoments {
        PairMoments {
            outputs: self.outputs.map_or(Outputs::Batch, Outputs::Columns),
            ..PairMoments::default()
        }
    }

    fn finalize(&self, moments: &PairMomentsSummary) -> Result<Value, MetricError> {
        moments.not_empty()?;
        if moments.count < 2 {
            return Err(MetricError::TooFew {
                needed: 2,
                found: moments.count,
            });
        }
        let (residuals, totals) = (&moments.squared_error, &moments.target_m2);
        moments.check_range(residuals.iter().chain(totals))?;
        let adjust = |r2: f64| self.adjust(r2, moments.count);
        Ok(explained(residuals, totals, self.multioutput, adjust))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        self.multioutput != MultiOutput::RawValues
    }
}

impl R2Score {
    fn adjust(&self, r2: f64, count: u64) -> f64 {
        let (n, k) = (count as f64, self.adjusted as f64);
        if self.adjusted == 0 || k >= n - 1.0 {
            return r2;
        }
        1.0 - (1.0 - r2) * (n - 1.0) / (n - k - 1.0)
    }
}
