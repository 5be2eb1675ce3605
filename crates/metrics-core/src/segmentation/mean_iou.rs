use super::{
    MaskMetric, SamplewiseMasks, defined, mask_options,
    overlap::{Averages, Overlap, iou, mean},
    states::{Overlaps, OverlapsSummary},
};
use crate::{Metric, MetricError, Value};

/// Mean intersection over union: how much of the pixels that are in one mask or the other is in both.
///
/// `I / (P + T - I)` of the pixels `I` in both masks, `P` in the prediction and `T` in the target; the mean over all pairs of a
/// sample and a class that it has. In `[0, 1]`.
///
/// [`global`](Self::global) is the mean over classes of the pixels of all samples together, which papers on Cityscapes and
/// Pascal VOC report. [`per_class`](Self::per_class) has a value for each class, NaN for a class that no sample has and
/// for one that does not count. [`samplewise`](Self::samplewise) has the values of samples.
///
/// If no sample has a pixel of a class that counts, the value is [`MetricError::Undefined`], and [`MetricError::Empty`]
/// without a valid pixel. The state is that of [`DiceScore`](crate::segmentation::DiceScore).
///
/// Reference: TorchMetrics 1.9.0, which has -1 for a class that no sample has, no `ignore_index`, and no
/// value over the whole set.
///
/// ```
/// use metrics_core::{Metric, batch::Masks, segmentation::MeanIoU};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<3, Int>::from_ints([[[0, 0, 1], [0, 1, 1]]], &device);
/// let target = Tensor::<3, Int>::from_ints([[[0, 0, 0], [255, 1, 1]]], &device);
/// let batch = Masks::from_labels(pred, target)?;
/// let value = MeanIoU::new(2).ignore_index(255).evaluate(&batch)?.scalar().unwrap();
/// assert!((value - 2.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MeanIoU {
    masks: Overlaps,
    background: bool,
    form: Form,
}
mask_options!(MeanIoU, masks, true);

/// What an intersection over union is a mean of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Form {
    pub global: bool,
    pub per_class: bool,
}

impl MeanIoU {
    /// Of `classes` classes, with TorchMetrics' defaults.
    pub fn new(classes: usize) -> Self {
        Self {
            masks: Overlaps::new(classes),
            background: true,
            form: Form::default(),
        }
    }

    /// Takes the pixels of all samples together.
    pub fn global(mut self) -> Self {
        self.form.global = true;
        self
    }

    /// A value for each class.
    pub fn per_class(mut self) -> Self {
        self.form.per_class = true;
        self
    }

    /// A value for every sample.
    pub fn samplewise(self) -> SamplewiseMasks<Self> {
        SamplewiseMasks::new(self)
    }
}

impl Form {
    pub(super) fn name(self, metric: &str) -> String {
        let classes = if self.per_class { "_per_class" } else { "" };
        let global = if self.global { "_global" } else { "" };
        format!("{metric}{classes}{global}")
    }

    pub(super) fn options(self, background: bool) -> String {
        let Self { global, per_class } = self;
        format!("background {background}, global {global}, per class {per_class}")
    }

    pub(super) fn value(
        self,
        metric: &str,
        classes: Averages,
        summary: &OverlapsSummary,
    ) -> Result<Value, MetricError> {
        let overlaps = summary.overlaps();
        let values = classes.values(|class| {
            if self.global {
                iou(&overlaps[class])
            } else {
                summary.classes[class].iou.mean()
            }
        });
        let average = if self.global {
            mean(values.iter().copied())
        } else {
            let own = summary.classes.iter().enumerate();
            let own = own.filter(|(class, _)| classes.has(*class));
            let (sum, count) = own.fold((0.0, 0), |(sum, count), (_, class)| {
                (sum + class.iou.sum, count + class.iou.count)
            });
            sum / count as f64
        };
        let why = "no sample has a pixel of a class that counts";
        let average = defined(metric, average, summary, summary.has_pixels(), why)?;
        Ok(if self.per_class {
            Value::PerClass(values)
        } else {
            average.into()
        })
    }
}

impl MaskMetric for MeanIoU {
    fn overlaps(&self) -> &Overlaps {
        &self.masks
    }

    fn sample_value(&self, overlaps: &[Overlap]) -> Vec<f64> {
        let values = self.classes().values(|class| iou(&overlaps[class]));
        if self.form.per_class {
            values
        } else {
            vec![mean(values.into_iter())]
        }
    }
}

impl Metric for MeanIoU {
    type Accumulator = Overlaps;

    fn name(&self) -> String {
        self.form.name("mean_iou")
    }

    fn accumulator(&self) -> Overlaps {
        self.masks.clone()
    }

    fn finalize(&self, summary: &OverlapsSummary) -> Result<Value, MetricError> {
        self.form.value("mean_iou", self.classes(), summary)
    }

    fn options(&self) -> String {
        self.form.options(self.background)
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        !self.form.per_class
    }
}
