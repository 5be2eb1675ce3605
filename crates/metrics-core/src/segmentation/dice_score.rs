use super::{
    MaskMetric, SamplewiseMasks, defined, mask_options,
    overlap::{Overlap, average_dice, dice},
    states::{Overlaps, OverlapsSummary},
};
use crate::{Metric, MetricError, Value, classification::Average};

/// Dice score: how much of the pixels of a class is in both masks.
///
/// `2 I / (P + T)` of the pixels `I` in both masks, `P` in the prediction and `T` in the target. In `[0, 1]`.
///
/// By default the mean over samples of the mean over the classes that a sample has. `average` says how classes become one
/// value in each sample; [`global`](Self::global) takes the pixels of all samples together. With
/// [`Average::None`] the value is a list of a value for each class, NaN for a class that no sample has and for one that does not
/// count; else a scalar. [`samplewise`](Self::samplewise) has the values of samples.
///
/// A weighted average of classes without a target pixel is 0 if there are predictions of them. A sample without a pixel
/// of the classes that count is left out; if there is no other, the value is [`MetricError::Undefined`], and
/// [`MetricError::Empty`] without a valid pixel. The state has `O(C)` numbers; a device keeps `12 * C` bytes a sample until it is read.
///
/// Reference: TorchMetrics 1.9.0 and monai 1.6.1. TorchMetrics keeps three lists, and has no `ignore_index`.
///
/// ```
/// use metrics_core::{Metric, batch::Masks, segmentation::DiceScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<3, Int>::from_ints([[[0, 0, 1], [0, 1, 1]]], &device);
/// let target = Tensor::<3, Int>::from_ints([[[0, 0, 0], [0, 1, 1]]], &device);
/// let value = DiceScore::new(2).evaluate(&Masks::from_labels(pred, target)?)?.scalar().unwrap();
/// assert!((value - (6.0 / 7.0 + 4.0 / 5.0) / 2.0).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DiceScore {
    masks: Overlaps,
    background: bool,
    average: Average,
    global: bool,
}
mask_options!(DiceScore, masks, true);

impl DiceScore {
    /// Of `classes` classes, with TorchMetrics' defaults.
    pub fn new(classes: usize) -> Self {
        Self {
            masks: Overlaps::new(classes),
            background: true,
            average: Average::Macro,
            global: false,
        }
    }

    /// How classes become one value; default [`Average::Macro`].
    pub fn average(mut self, average: Average) -> Self {
        self.average = average;
        self
    }

    /// Takes the pixels of all samples together: TorchMetrics' `aggregation_level="global"`.
    pub fn global(mut self) -> Self {
        self.global = true;
        self
    }

    /// A value for every sample.
    pub fn samplewise(self) -> SamplewiseMasks<Self> {
        SamplewiseMasks::new(self)
    }
}

impl MaskMetric for DiceScore {
    fn overlaps(&self) -> &Overlaps {
        &self.masks
    }

    fn sample_value(&self, overlaps: &[Overlap]) -> Vec<f64> {
        match self.average {
            Average::None => self.classes().values(|class| dice(&overlaps[class])),
            average => vec![average_dice(overlaps, self.classes(), average)],
        }
    }
}

impl Metric for DiceScore {
    type Accumulator = Overlaps;

    fn name(&self) -> String {
        let average = match self.average {
            Average::Macro => "",
            Average::Micro => "_micro",
            Average::Weighted => "_weighted",
            Average::None => "_per_class",
        };
        let global = if self.global { "_global" } else { "" };
        format!("dice_score{average}{global}")
    }

    fn accumulator(&self) -> Overlaps {
        self.masks.clone()
    }

    fn finalize(&self, summary: &OverlapsSummary) -> Result<Value, MetricError> {
        let checked = |value: f64| {
            let why = "no sample has a pixel of a class that counts";
            defined("dice_score", value, summary, summary.has_pixels(), why)
        };
        let means = &summary.samples[usize::from(!self.background)].dice;
        let average = match self.average {
            Average::None => {
                let overlaps = summary.overlaps();
                let values = self.classes().values(|class| {
                    if self.global {
                        dice(&overlaps[class])
                    } else {
                        summary.classes[class].dice.mean()
                    }
                });
                checked(super::overlap::mean(values.iter().copied()))?;
                return Ok(Value::PerClass(values));
            }
            average if self.global => average_dice(&summary.overlaps(), self.classes(), average),
            Average::Micro => means[0].mean(),
            Average::Macro => means[1].mean(),
            Average::Weighted => means[2].mean(),
        };
        Ok(checked(average)?.into())
    }

    fn options(&self) -> String {
        let (average, background) = (self.average, self.background);
        format!(
            "average {average:?}, background {background}, global {}",
            self.global
        )
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        self.average != Average::None
    }
}
