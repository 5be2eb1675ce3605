use crate::{
    Metric, MetricError, Value,
    regression::states::{PairList, PairSums, PairSumsSummary, PairTerms},
    states::ValueListSummary,
};

/// How the values of rows become one. To have each of them, see [`PerRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// Their mean, weighted if the batch is.
    Mean,
    /// Their sum, weighted if the batch is.
    Sum,
}

impl Reduction {
    pub(super) fn apply(self, totals: &PairSumsSummary) -> Result<Value, MetricError> {
        let value = match self {
            Reduction::Mean => totals.mean()?,
            Reduction::Sum => totals.sum()?,
        };
        Ok(value.into())
    }
}

/// The value of every row, in the order of the batches, as a list: TorchMetrics' reduction `"none"`.
///
/// This is what `per_row` makes of a [`CosineSimilarity`](crate::regression::CosineSimilarity), a
/// [`KlDivergence`](crate::regression::KlDivergence) or a
/// [`JensenShannonDivergence`](crate::regression::JensenShannonDivergence). The state grows with the
/// data, 4 bytes a row, and rows that are left out are missing in the list. No data is
/// [`MetricError::Empty`]. A weighted batch is [`MetricError::WeightsUnsupported`]: a row that counts
/// half has no place in a list.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::CosineSimilarity};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2>::from_floats([[0.0, 2.0], [3.0, 0.0]], &device);
/// let target = Tensor::<2>::from_floats([[0.0, 1.0], [-1.0, 0.0]], &device);
/// let batch = Regression::multi_output(pred, target)?;
/// let each = CosineSimilarity::new().per_row().evaluate(&batch)?;
/// assert_eq!(each.list(), Some(&[1.0, -1.0][..]));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PerRow<M> {
    metric: M,
    name: &'static str,
}

impl<M> PerRow<M> {
    pub(super) fn new(metric: M, name: &'static str) -> Self {
        Self { metric, name }
    }
}

impl<M, T> Metric for PerRow<M>
where
    M: Metric<Accumulator = PairSums<T>>,
    T: PairTerms,
{
    type Accumulator = PairList<T>;

    fn name(&self) -> String {
        format!("{}_per_row", self.name)
    }

    fn accumulator(&self) -> PairList<T> {
        self.metric.accumulator().into()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.metric.validate()
    }

    fn finalize(&self, listed: &ValueListSummary) -> Result<Value, MetricError> {
        if listed.values.is_empty() {
            Err(MetricError::Empty {
                rejected: listed.rejected,
            })
        } else {
            Ok(Value::List(listed.values.clone()))
        }
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.metric.higher_is_better()
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
