//! Values of how two masks overlap.

use crate::{classification::Average, ops::masks::MaskOptions};

/// The pixels of a class that are predicted and the target, that are predicted, and that are the target.
pub(crate) type Overlap = [f64; 3];

/// `2 I / (P + T)`; NaN of nothing.
pub(crate) fn dice([hits, pred, target]: &Overlap) -> f64 {
    2.0 * hits / (pred + target)
}

/// `I / (P + T - I)`; NaN of nothing.
pub(crate) fn iou([hits, pred, target]: &Overlap) -> f64 {
    hits / (pred + target - hits)
}

/// What a class weighs in a generalized Dice score, of which `T` pixels are the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DiceWeight {
    /// `1 / T²`.
    #[default]
    Square,
    /// `1 / T`.
    Simple,
    /// 1.
    Linear,
}

impl DiceWeight {
    pub(crate) const ALL: [Self; 3] = [Self::Square, Self::Simple, Self::Linear];

    fn of(self, target: f64) -> f64 {
        match self {
            Self::Square => 1.0 / (target * target),
            Self::Simple => 1.0 / target,
            Self::Linear => 1.0,
        }
    }
}

/// The classes that averages are of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Averages {
    options: MaskOptions,
    background: bool,
}

impl Averages {
    pub fn new(options: MaskOptions, background: bool) -> Self {
        Self {
            options,
            background,
        }
    }

    /// Whether a class counts. The background does if it is all there is.
    pub fn has(&self, class: usize) -> bool {
        let background = class == 0 && !self.background && self.options.classes > 1;
        !background && !self.options.is_ignored(class)
    }

    /// The overlaps of classes that count.
    fn of(self, overlaps: &[Overlap]) -> impl Iterator<Item = &Overlap> + Clone {
        let own = overlaps.iter().enumerate();
        own.filter_map(move |(class, overlap)| self.has(class).then_some(overlap))
    }

    /// The values of classes, NaN for those that do not count.
    pub fn values(self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let own = |class| {
            if self.has(class) {
                value(class)
            } else {
                f64::NAN
            }
        };
        (0..self.options.classes).map(own).collect()
    }
}

/// The mean of what is not NaN; NaN of nothing.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0u64);
    for value in values.filter(|value| !value.is_nan()) {
        (sum, count) = (sum + value, count + 1);
    }
    sum / count as f64
}

/// One Dice score of classes; NaN if none has a pixel.
pub(crate) fn average_dice(overlaps: &[Overlap], classes: Averages, average: Average) -> f64 {
    let own = classes.of(overlaps);
    match average {
        Average::Micro => dice(&sum(own)),
        Average::Macro | Average::None => mean(own.map(dice)),
        Average::Weighted => {
            let [_, pred, target] = sum(own.clone());
            if target == 0.0 {
                // Predictions of classes of which there is nothing.
                return if pred > 0.0 { 0.0 } else { f64::NAN };
            }
            // A class without a target has no weight.
            let own = own.filter(|[_, _, target]| *target > 0.0);
            own.map(|overlap| dice(overlap) * overlap[2]).sum::<f64>() / target
        }
    }
}

fn sum<'a>(overlaps: impl Iterator<Item = &'a Overlap>) -> Overlap {
    overlaps.fold([0.0; 3], |[hits, pred, target], own| {
        [hits + own[0], pred + own[1], target + own[2]]
    })
}

/// The generalized Dice score of a sample; NaN if no class has a pixel, those that do not count included.
pub(crate) fn generalized_dice(overlaps: &[Overlap], classes: Averages, weight: DiceWeight) -> f64 {
    if overlaps
        .iter()
        .all(|[_, pred, target]| pred + target == 0.0)
    {
        return f64::NAN;
    }
    let own = classes.of(overlaps);
    let weights = own.clone().map(|[_, _, target]| weight.of(*target));
    // A class without a target weighs as the one with the fewest pixels.
    let most = weights
        .clone()
        .filter(|weight| weight.is_finite())
        .fold(0.0, f64::max);
    let (mut above, mut below, mut predicted) = (0.0, 0.0, 0.0);
    for ([hits, pred, target], weight) in own.zip(weights) {
        let weight = if weight.is_finite() { weight } else { most };
        above += 2.0 * hits * weight;
        below += (pred + target) * weight;
        predicted += pred;
    }
    match (below > 0.0, predicted > 0.0) {
        (true, _) => above / below,
        (false, true) => 0.0,
        (false, false) => 1.0,
    }
}
