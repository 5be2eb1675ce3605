use super::{relative, states::Outputs};
use crate::{
    Metric, MetricError, Value,
    regression::states::{PairMoments, PairMomentsSummary},
};

/// Relative squared error: `sum((target - prediction)²) / sum((target - mean(target))²)`, or its
/// square root. It compares the predictions with always predicting the mean, which has 1.
///
/// Takes [`Regression`](crate::batch::Regression) batches. The value is the mean of the
/// errors of the columns of a batch `[N, D]`, and has no unit. Batches of different numbers of columns in one state are
/// [`MetricError::MixedOutputs`].
///
/// Ranges over `[0, inf]`; infinite predictions make it infinite. Targets that are all equal, as of a
/// single row, leave nothing to compare with: the value is then 0 if every prediction is exact, else
/// infinite. TorchMetrics divides by an epsilon in place of 0, and so gives a number that depends on
/// the data type; here equal means equal. Weights of the batch weigh both sums and the mean. No data,
/// or none of any weight, is [`MetricError::Empty`], NaN is [`MetricError::InvalidData`], and an
/// infinite target makes the value NaN. Reference: TorchMetrics 1.9.0 `relative_squared_error`; its class refuses several
/// columns unless `num_outputs` says how many.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::RelativeSquaredError};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2>::from_floats([[1.0, 4.0], [2.0, 0.0], [3.0, 2.0]], &device);
/// let target = Tensor::<2>::from_floats([[1.0, 0.0], [2.0, 2.0], [3.0, 4.0]], &device);
/// let batch = Regression::multi_output(pred, target)?;
///
/// // The columns have 0 and 24 / 8.
/// let error = RelativeSquaredError::new();
/// assert_eq!(error.evaluate(&batch)?.scalar(), Some(1.5));
/// let root = error.root().evaluate(&batch)?;
/// assert_eq!(root.scalar(), Some(3.0f64.sqrt() / 2.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RelativeSquaredError {
    outputs: Option<usize>,
    root: bool,
}

impl RelativeSquaredError {
    /// Over each column of a batch by itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses batches with another number of columns than `outputs`.
    pub fn outputs(mut self, outputs: usize) -> Self {
        self.outputs = Some(outputs);
        self
    }

    /// The square root (RRSE), taken of every output before their mean.
    pub fn root(mut self) -> Self {
        self.root = true;
        self
    }
}

impl Metric for RelativeSquaredError {
    type Accumulator = PairMoments;

    fn name(&self) -> String {
        let root = if self.root { "root_" } else { "" };
        format!("{root}relative_squared_error")
    }

    fn accumulator(&self) -> PairMoments {
        PairMoments {
            outputs: self.outputs.map_or(Outputs::Batch, Outputs::Columns),
            ..PairMoments::default()
        }
    }

    fn finalize(&self, moments: &PairMomentsSummary) -> Result<Value, MetricError> {
        moments.not_empty()?;
        let totals = &moments.target_m2;
        moments.check_range(moments.squared_error.iter().chain(totals))?;
        let sum: f64 = (moments.squared_error.iter().zip(totals))
            .map(|(residual, total)| relative(*residual, *total))
            .map(|error| if self.root { error.sqrt() } else { error })
            .sum();
        Ok((sum / totals.len() as f64).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
