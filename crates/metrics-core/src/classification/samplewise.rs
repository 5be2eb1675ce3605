//! Values by sample.

use super::class_metric::{Averaged, ClassMetric, ConfusionRule};
use crate::{
    Matrix, Metric, MetricError, SummaryOf, Value,
    states::{BySample, ConfusionBatch, ConfusionSummary, PerSample, PerSampleSummary},
};

/// A metric that has a value for every sample: what TorchMetrics calls
/// `multidim_average="samplewise"`.
pub trait SampleMetric: Metric<Accumulator: BySample> {
    /// The value of one sample, of which nothing may be left to count.
    ///
    /// # Errors
    /// As [`Metric::finalize`], but for [`MetricError::Empty`].
    fn sample_value(&self, summary: &SummaryOf<Self>) -> Result<Value, MetricError>;
}

/// The rules that TorchMetrics has by sample.
pub trait Multidim: Averaged {}

impl<R, B> SampleMetric for ClassMetric<R, B>
where
    R: ConfusionRule + Multidim,
    B: ConfusionBatch<Accumulator: BySample>,
{
    fn sample_value(&self, counts: &ConfusionSummary) -> Result<Value, MetricError> {
        self.value(counts)
    }
}

impl<R: Multidim, B: ConfusionBatch<Accumulator: BySample>> ClassMetric<R, B> {
    /// A value for every sample of batches `[N, ..]`, see [`Samplewise`].
    pub fn samplewise(self) -> Samplewise<Self> {
        Samplewise::new(self)
    }
}

/// The values of a metric for every sample by itself, over the sample's further dimensions.
///
/// Made by `samplewise()` of [`StatScores`](crate::classification::StatScores),
/// [`Accuracy`](crate::classification::Accuracy), [`Precision`](crate::classification::Precision),
/// [`Recall`](crate::classification::Recall), [`F1Score`](crate::classification::F1Score),
/// [`FBetaScore`](crate::classification::FBetaScore),
/// [`Specificity`](crate::classification::Specificity),
/// [`NegativePredictiveValue`](crate::classification::NegativePredictiveValue),
/// [`HammingDistance`](crate::classification::HammingDistance) and
/// [`ExactMatch`](crate::classification::ExactMatch).
///
/// Takes batches of samples that have dimensions besides the first (and that of classes or labels):
/// [`Binary`](crate::batch::Binary) and [`Multiclass`](crate::batch::Multiclass) labels `[N, ..]`,
/// `Multiclass::from_dense` of scores `[N, C, ..]`, `Multilabel::from_dense` of `[N, L, ..]`. Batches
/// of one element per sample are [`MetricError::SamplesRequired`]; weighted ones are refused.
///
/// The value is a [`Value::List`] `[N]`, with [`Average::None`](crate::classification::Average::None) a
/// [`Value::Table`] `[N, C]`; of stat scores a table `[N, 5]`, or [`Value::Tables`] `[C, 5]`, one per sample. It
/// is in the order of the samples, and of merging. A sample of which everything is ignored has the
/// value of no counts: a quotient without a denominator. No samples at all is [`MetricError::Empty`].
/// The state is a list: 4 counters per sample (binary), per label (multilabel), or 3 per class.
///
/// Reference: TorchMetrics 1.9.0, which weighs multilabel stat scores with the weighted average by
/// the support of all samples together, and we by the sample's own.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Accuracy};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2, Int>::from_ints([[1, 1, 0, 0], [1, 0, 0, 0]], &device);
/// let target = Tensor::<2, Int>::from_ints([[1, 0, 0, 1], [1, 1, 0, 0]], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// let values = Accuracy::binary().samplewise().evaluate(&batch)?;
/// assert_eq!(values.list(), Some(&[0.5, 0.75][..]));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Samplewise<M: Metric> {
    metric: M,
    accumulator: PerSample<M::Accumulator>,
}

impl<M: SampleMetric> Samplewise<M> {
    pub(super) fn new(metric: M) -> Self {
        let accumulator = PerSample(metric.accumulator());
        Self {
            metric,
            accumulator,
        }
    }
}

impl<M: SampleMetric> Metric for Samplewise<M> {
    type Accumulator = PerSample<M::Accumulator>;

    fn name(&self) -> String {
        format!("{}_samplewise", self.metric.name())
    }

    fn accumulator(&self) -> Self::Accumulator {
        self.accumulator.clone()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.metric.validate()
    }

    fn finalize(&self, counts: &PerSampleSummary) -> Result<Value, MetricError> {
        let of_sample = |counters: &[u32]| {
            let summary = self.accumulator.0.summary(counters);
            self.metric.sample_value(&summary)
        };
        let values: Vec<_> = counts.samples().map(of_sample).collect::<Result<_, _>>()?;
        if values.is_empty() {
            Err(MetricError::Empty {
                rejected: counts.rejected,
            })
        } else {
            Ok(together(values))
        }
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.metric.higher_is_better()
    }

    fn is_scalar(&self) -> bool {
        false
    }
}

/// Values of one kind as one.
fn together(values: Vec<Value>) -> Value {
    let (mut list, mut rows) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Value::PerClass(values) => rows.push(vec![values]),
            Value::StatScores(scores) => {
                rows.push(scores.iter().map(|row| row.columns().to_vec()).collect())
            }
            // No other metric has values by sample.
            value => list.push(value.scalar().unwrap_or(f64::NAN)),
        }
    }
    match rows.first().map(Vec::len) {
        None => Value::List(list),
        Some(1) => Value::Table(matrix(rows.into_iter().flatten().collect())),
        Some(_) => Value::Tables(rows.into_iter().map(matrix).collect()),
    }
}

fn matrix(rows: Vec<Vec<f64>>) -> Matrix {
    Matrix {
        rows: rows.len(),
        cols: rows.first().map_or(0, Vec::len),
        data: rows.into_iter().flatten().collect(),
        normalized: false,
    }
}
