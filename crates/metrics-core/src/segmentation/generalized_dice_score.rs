use super::{
    MaskMetric, SamplewiseMasks, defined, mask_options,
    overlap::{DiceWeight, Overlap, dice, generalized_dice, mean},
    states::{Overlaps, OverlapsSummary},
};
use crate::{Metric, MetricError, Value};

/// Generalized Dice score: Dice of all classes of a sample, in which rare classes weigh more.
///
/// `2 Σ w I / Σ w (P + T)` over classes, of the pixels `I` in both masks, `P` in the prediction and `T` in the target, with
/// `w = 1 / T²` (see [`DiceWeight`]); the mean over samples. In `[0, 1]`.
///
/// A class without a target pixel has the sample's largest finite weight, as in monai. If no class that counts has a target
/// pixel in a sample, its value is 1 without predictions of them, else 0. A sample without a pixel of any class is left
/// out. [`per_class`](Self::per_class) has the Dice score of each class (its weight cancels), the mean over the samples
/// that have it; NaN for a class that no sample has and for one that does not count. No data is [`MetricError::Empty`]. The
/// state is that of [`DiceScore`](crate::segmentation::DiceScore).
///
/// Reference: monai 1.6.1; Sudre et al., Generalised Dice Overlap as a Deep Learning Loss Function for Highly Unbalanced
/// Segmentations, 2017. TorchMetrics 1.9.0 gives an absent class the largest weight of any class in the batch, so that its value
/// depends on how the data are cut into batches, takes 0 for the Dice score of a class that a sample does not have,
/// and 0 where there is nothing to find and nothing was found.
///
/// ```
/// use metrics_core::{Metric, batch::Masks, segmentation::GeneralizedDiceScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<3, Int>::from_ints([[[0, 0, 1], [0, 1, 1]]], &device);
/// let target = Tensor::<3, Int>::from_ints([[[0, 0, 0], [0, 1, 1]]], &device);
/// let value = GeneralizedDiceScore::new(2).evaluate(&Masks::from_labels(pred, target)?)?.scalar().unwrap();
/// let (w, v) = (1.0 / 16.0, 1.0 / 4.0);
/// assert!((value - 2.0 * (3.0 * w + 2.0 * v) / (7.0 * w + 5.0 * v)).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GeneralizedDiceScore {
    masks: Overlaps,
    background: bool,
    weight: DiceWeight,
    per_class: bool,
}
mask_options!(GeneralizedDiceScore, masks, true);

impl GeneralizedDiceScore {
    /// Of `classes` classes, with TorchMetrics' defaults.
    pub fn new(classes: usize) -> Self {
        Self {
            masks: Overlaps::new(classes),
            background: true,
            weight: DiceWeight::default(),
            per_class: false,
        }
    }

    /// What classes weigh; default [`DiceWeight::Square`].
    pub fn weight(mut self, weight: DiceWeight) -> Self {
        self.weight = weight;
        self
    }

    /// A value for each class.
    pub fn per_class(mut self) -> Self {
        self.per_class = true;
        self
    }

    /// A value for every sample.
    pub fn samplewise(self) -> SamplewiseMasks<Self> {
        SamplewiseMasks::new(self)
    }
}

impl MaskMetric for GeneralizedDiceScore {
    fn overlaps(&self) -> &Overlaps {
        &self.masks
    }

    fn sample_value(&self, overlaps: &[Overlap]) -> Vec<f64> {
        if self.per_class {
            self.classes().values(|class| dice(&overlaps[class]))
        } else {
            vec![generalized_dice(overlaps, self.classes(), self.weight)]
        }
    }
}

impl Metric for GeneralizedDiceScore {
    type Accumulator = Overlaps;

    fn name(&self) -> String {
        let weight = match self.weight {
            _ if self.per_class => "_per_class",
            DiceWeight::Square => "",
            DiceWeight::Simple => "_simple",
            DiceWeight::Linear => "_linear",
        };
        format!("generalized_dice_score{weight}")
    }

    fn accumulator(&self) -> Overlaps {
        self.masks.clone()
    }

    fn finalize(&self, summary: &OverlapsSummary) -> Result<Value, MetricError> {
        let checked = |value: f64| {
            let (counted, why) = (
                summary.has_pixels(),
                "no sample has a pixel of a class that counts",
            );
            defined("generalized_dice_score", value, summary, counted, why)
        };
        if self.per_class {
            let classes = &summary.classes;
            let values = self.classes().values(|class| classes[class].dice.mean());
            checked(mean(values.iter().copied()))?;
            return Ok(Value::PerClass(values));
        }
        let means = &summary.samples[usize::from(!self.background)];
        Ok(checked(means.generalized[self.weight as usize].mean())?.into())
    }

    fn options(&self) -> String {
        let (weight, background) = (self.weight, self.background);
        format!(
            "weight {weight:?}, background {background}, per class {}",
            self.per_class
        )
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        !self.per_class
    }
}
