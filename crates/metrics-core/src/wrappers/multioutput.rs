use crate::{
    Accumulator, Delta, HostDelta, Identity, Metric, MetricError, Rejected, Summary, SummaryOf,
    Value,
    batch::Regression,
    framework::{
        limits::{check_size, parts},
        state::fits,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A metric of one output for each of `D` outputs: one number per output.
///
/// Takes [`Regression::multi_output`] batches of `D` outputs. A row in which an output has a NaN is left
/// out for that output, and counted as ignored. With [`keep_nans`](Self::keep_nans) it is
/// invalid data, as for the metric itself. An output without enough rows for a value is NaN. If
/// no output has a value, the result is the metric's error. If the metric's value is not a number, the result is
/// [`MetricError::WrongValue`].
///
/// The device state is `D` times the metric's. Metrics that have an option `outputs` do the
/// same with less work.
///
/// Reference: TorchMetrics 1.9.0 `MultioutputWrapper`, where NaN removal is `remove_nans`.
///
/// ```
/// use metrics_core::{Metric, batch::Regression, regression::R2Score, wrappers::Multioutput};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2>::from_floats([[1.0, 5.0], [2.0, 5.0], [4.0, 9.0]], &device);
/// let target = Tensor::<2>::from_floats([[1.0, f32::NAN], [2.0, 4.0], [4.0, 8.0]], &device);
/// let metric = Multioutput::new(R2Score::new(), 2);
/// let value = metric.evaluate(&Regression::multi_output(pred, target)?)?;
/// assert_eq!(value.per_class(), Some([1.0, 0.75].as_slice()));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Multioutput<M> {
    metric: M,
    outputs: usize,
    keep_nans: bool,
}

impl<M: Metric> Multioutput<M>
where
    M::Accumulator: Accumulator<Batch = Regression>,
{
    /// The metric for each of `outputs` outputs.
    pub fn new(metric: M, outputs: usize) -> Self {
        Self {
            metric,
            outputs,
            keep_nans: false,
        }
    }

    /// Counts NaN as invalid data, and not as a missing value.
    pub fn keep_nans(mut self) -> Self {
        self.keep_nans = true;
        self
    }
}

impl<M: Metric> Metric for Multioutput<M>
where
    M::Accumulator: Accumulator<Batch = Regression>,
{
    type Accumulator = PerOutput<M::Accumulator>;

    fn name(&self) -> String {
        self.metric.name()
    }

    fn accumulator(&self) -> PerOutput<M::Accumulator> {
        PerOutput {
            inner: self.metric.accumulator(),
            outputs: self.outputs,
            keep_nans: self.keep_nans,
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.metric.validate()
    }

    fn finalize(&self, summary: &PerOutputSummary<SummaryOf<M>>) -> Result<Value, MetricError> {
        let mut values = Vec::with_capacity(summary.outputs.len());
        let mut missing = Vec::new();
        for summary in &summary.outputs {
            match self.metric.finalize(summary) {
                Ok(value) => values.push(value.scalar().ok_or_else(|| {
                    let what = "must be one number to be one per output";
                    MetricError::wrong_value(self.metric.name(), what)
                })?),
                Err(
                    error @ (MetricError::Empty { .. }
                    | MetricError::TooFew { .. }
                    | MetricError::Undefined { .. }),
                ) => {
                    missing.push(error);
                    values.push(f64::NAN);
                }
                Err(error) => return Err(error),
            }
        }
        if missing.len() == values.len()
            && let Some(error) = missing.into_iter().next()
        {
            return Err(match error {
                MetricError::Empty { .. } => MetricError::Empty {
                    rejected: summary.rejected(),
                },
                error => error,
            });
        }
        Ok(Value::PerClass(values))
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.metric.higher_is_better()
    }

    fn is_scalar(&self) -> bool {
        false
    }
}

/// An accumulator for each output.
#[derive(Debug, Clone, PartialEq)]
pub struct PerOutput<A> {
    inner: A,
    outputs: usize,
    keep_nans: bool,
}

impl<A: Accumulator<Batch = Regression>> Accumulator for PerOutput<A> {
    type Batch = Regression;
    type Summary = PerOutputSummary<A::Summary>;

    fn identity(&self) -> Identity {
        let options = json!({ "outputs": self.outputs, "keep_nans": self.keep_nans });
        Identity::new("per_output", 1)
            .with(&options)
            .of(self.inner.identity())
    }

    fn empty(&self) -> Self::Summary {
        PerOutputSummary {
            outputs: vec![self.inner.empty(); parts(self, self.outputs)],
            keep_nans: self.keep_nans,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        (self.outputs, self.keep_nans) == (other.outputs, other.keep_nans)
            && self.inner.covers(&other.inner)
    }

    fn validate(&self) -> Result<(), MetricError> {
        match self.outputs {
            0 => Err(MetricError::InvalidOption(
                "0 outputs: a metric has at least 1".into(),
            )),
            outputs => {
                self.inner.validate()?;
                check_size(outputs, "outputs", &[size_of::<A::Summary>()])
            }
        }
    }

    fn count_bound(&self, batch: &Regression) -> usize {
        match batch.target().dims() {
            [0, _] | [_, 0] => 0,
            _ => self.inner.count_bound(&batch.output(0)),
        }
    }

    fn takes_weights(&self) -> bool {
        self.inner.takes_weights()
    }

    fn check(&self, batch: &Regression) -> Result<(), MetricError> {
        let shape = batch.pred().dims();
        if shape[1] != self.outputs {
            return Err(MetricError::WidthMismatch {
                unit: "outputs",
                expected: self.outputs,
                found: shape[1],
                shape: shape.to_vec(),
            });
        }
        fits(&self.inner, &batch.output(0))
    }

    fn update(&self, delta: &mut Delta, batch: &Regression) {
        for index in 0..self.outputs {
            let output = batch.output(index);
            self.inner.update(delta.child(index), &output);
        }
    }

    fn add(&self, batch: &Regression, summary: &mut Self::Summary) {
        for (index, summary) in summary.outputs.iter_mut().enumerate() {
            self.inner.add(&batch.output(index), summary);
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut Self::Summary) {
        for (index, summary) in summary.outputs.iter_mut().enumerate() {
            if let Some(delta) = delta.child(index) {
                self.inner.fold(delta, summary);
            }
        }
    }
}

/// The summary of each output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerOutputSummary<S> {
    outputs: Vec<S>,
    keep_nans: bool,
}

impl<S> PerOutputSummary<S> {
    /// The summaries, one per output.
    pub fn outputs(&self) -> &[S] {
        &self.outputs
    }
}

impl<S: Summary> Summary for PerOutputSummary<S> {
    fn counted(&self) -> u128 {
        self.outputs.iter().map(Summary::counted).sum()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let options = |own: &Self| (own.outputs.len(), own.keep_nans);
        if options(self) != options(other) {
            let text = |own: &Self| {
                let nans = if own.keep_nans { "with" } else { "without" };
                format!("{} outputs {nans} NaNs", own.outputs.len())
            };
            return Err(MetricError::MergeMismatch {
                left: text(self),
                right: text(other),
            });
        }
        self.room_for(other)?;
        let mut merged = self.outputs.clone();
        for (own, other) in merged.iter_mut().zip(&other.outputs) {
            own.merge(other)?;
        }
        self.outputs = merged;
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        self.outputs.iter().try_for_each(Summary::consistent)
    }

    fn rejected(&self) -> Rejected {
        let mut rejected = Rejected::default();
        for output in &self.outputs {
            rejected.merge(&output.rejected());
        }
        if !self.keep_nans {
            rejected.ignored += std::mem::take(&mut rejected.nan);
        }
        rejected
    }
}
