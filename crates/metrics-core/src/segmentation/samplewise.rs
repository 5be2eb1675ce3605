//! Values of every sample.

use super::{
    overlap::Overlap,
    states::{OverlapList, Overlaps},
};
use crate::{
    Matrix, Metric, MetricError, Value, segmentation::states::overlaps_of, states::PerSampleSummary,
};

/// A metric that has a value for every sample, or one for each class of every sample.
pub trait MaskMetric: Metric<Accumulator = Overlaps> {
    /// What it counts.
    fn overlaps(&self) -> &Overlaps;

    /// The value of a sample, or the values of its classes, of the pixels of each class that are predicted and the target,
    /// predicted, and the target. NaN where there is none.
    fn sample_value(&self, overlaps: &[Overlap]) -> Vec<f64>;
}

/// The values of a metric for every sample by itself.
///
/// Made by `samplewise()` of [`DiceScore`](crate::segmentation::DiceScore),
/// [`GeneralizedDiceScore`](crate::segmentation::GeneralizedDiceScore) and [`MeanIoU`](crate::segmentation::MeanIoU).
///
/// The value is a [`Value::List`] `[N]`, or of a metric with a value for each class a [`Value::Table`] `[N, C]`, in the
/// order of the samples, and of merging. A sample without a value is NaN. No samples at all is [`MetricError::Empty`].
/// The state is a list: `12 * C` bytes a sample.
///
/// ```
/// use metrics_core::{Metric, batch::Masks, segmentation::MeanIoU};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2, Int>::from_ints([[0, 0, 1], [1, 1, 1]], &device);
/// let target = Tensor::<2, Int>::from_ints([[0, 0, 1], [1, 1, 0]], &device);
/// let values = MeanIoU::new(2).samplewise().evaluate(&Masks::from_labels(pred, target)?)?;
/// assert_eq!(values.list(), Some(&[1.0, 1.0 / 3.0][..]));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SamplewiseMasks<M> {
    metric: M,
}

impl<M: MaskMetric> SamplewiseMasks<M> {
    pub(super) fn new(metric: M) -> Self {
        Self { metric }
    }
}

impl<M: MaskMetric> Metric for SamplewiseMasks<M> {
    type Accumulator = OverlapList;

    fn name(&self) -> String {
        format!("{}_samplewise", self.metric.name())
    }

    fn accumulator(&self) -> OverlapList {
        OverlapList(self.metric.overlaps().clone())
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.metric.validate()
    }

    fn finalize(&self, summary: &PerSampleSummary) -> Result<Value, MetricError> {
        let classes = summary.counters / 3;
        let samples = summary.samples().map(|counts| {
            let overlaps = overlaps_of(counts, classes);
            self.metric.sample_value(&overlaps)
        });
        let values: Vec<Vec<f64>> = samples.collect();
        if values.is_empty() {
            return Err(MetricError::Empty {
                rejected: summary.rejected,
            });
        }
        let (rows, data) = (values.len(), values.concat());
        Ok(if self.metric.is_scalar() {
            Value::List(data)
        } else {
            Value::Table(Matrix {
                rows,
                cols: classes,
                data,
                normalized: false,
            })
        })
    }

    fn options(&self) -> String {
        self.metric.options()
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.metric.higher_is_better()
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
