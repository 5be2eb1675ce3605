//! Segmented images: how often each class is predicted, is the target, and both, in each sample; and maps of classes on
//! the host.

#[cfg(feature = "cube")]
pub(super) mod cube;
pub(super) mod default;
pub(crate) mod distances;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
mod lists;
pub(crate) mod regions;
pub(crate) mod surfaces;
#[cfg(all(test, any(feature = "flex", feature = "ndarray")))]
mod tests;

use crate::{Delta, REJECTED_SLOTS};
use burn::tensor::{Device, Int, Tensor};
pub(crate) use lists::fold;

/// The classes of the pixels of some samples, of `P` pixels each.
#[derive(Debug, Clone)]
pub(crate) enum Side {
    /// `[N, P]`.
    Labels(Tensor<2, Int>),
    /// `[N, C, P]`, 0 and 1.
    OneHot(Tensor<3, Int>),
    /// `[N, C, P]`.
    Scores(Tensor<3>),
}

impl Side {
    pub(crate) fn device(&self) -> Device {
        match self {
            Self::Labels(labels) => labels.device(),
            Self::OneHot(masks) => masks.device(),
            Self::Scores(scores) => scores.device(),
        }
    }

    fn is_one_hot(&self) -> bool {
        matches!(self, Self::OneHot(_))
    }
}

/// The predicted classes and the targets of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Maps {
    pub samples: usize,
    /// The dimensions of a sample.
    pub spatial: Vec<usize>,
    pub pred: Side,
    pub target: Side,
}

impl Maps {
    /// The pixels of a sample.
    fn pixels(&self) -> usize {
        self.spatial.iter().product()
    }

    /// Whether a side is one-hot, so that each class of a pixel is an element.
    fn is_one_hot(&self) -> bool {
        self.pred.is_one_hot() || self.target.is_one_hot()
    }

    /// What can be rejected: pixels, or all classes of all pixels.
    pub(crate) fn elements(&self) -> usize {
        let channels = [&self.pred, &self.target].map(|side| match side {
            Side::Labels(_) => 1,
            Side::OneHot(masks) => masks.dims()[1],
            Side::Scores(scores) => scores.dims()[1].min(1),
        });
        let pixels = self.samples.saturating_mul(self.pixels());
        let most = channels[0].max(channels[1]);
        if channels.contains(&0) {
            return 0;
        }
        pixels.saturating_mul(most)
    }
}

/// How maps are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskOptions {
    pub classes: usize,
    /// Targets to leave out.
    pub ignore_index: Option<i64>,
}

impl MaskOptions {
    /// Whether pixels of a class are left out.
    pub(crate) fn is_ignored(&self, class: usize) -> bool {
        self.ignore_index == i64::try_from(class).ok()
    }

    /// The index to ignore, if it is a class.
    fn ignored_class(&self) -> Option<usize> {
        let index = usize::try_from(self.ignore_index?).ok()?;
        (index < self.classes).then_some(index)
    }
}

/// What a kernel counts.
#[cfg(feature = "cube")]
#[derive(Debug, Clone, Copy)]
pub struct MaskPlan {
    pub samples: usize,
    pub pixels: usize,
    pub options: MaskOptions,
}

#[cfg(feature = "cube")]
impl MaskPlan {
    /// How many counters there are.
    pub(crate) fn counters(&self) -> usize {
        3 * self.samples * self.options.classes + REJECTED_SLOTS
    }
}

/// Maps of classes in host memory, without what was left out.
#[derive(Debug, Clone)]
pub(crate) struct HostMaps {
    pub samples: usize,
    pub spatial: Vec<usize>,
    pub classes: usize,
    pub sides: Sides,
    /// The counters of what was left out.
    pub rejected: [i32; REJECTED_SLOTS],
}

#[derive(Debug, Clone)]
pub(crate) enum Sides {
    /// Prediction and target `[N, P]`, where no class is negative or at least their number.
    Labels([Vec<i32>; 2]),
    /// Prediction and target `[N, C, P]`, 0 and 1.
    Planes([Vec<u8>; 2]),
}

impl HostMaps {
    /// Writes whether each pixel of a sample is predicted to be of a class, and whether it is.
    pub(crate) fn masks(&self, sample: usize, class: usize, out: [&mut Vec<u8>; 2]) {
        let pixels: usize = self.spatial.iter().product();
        for (side, out) in out.into_iter().enumerate() {
            out.clear();
            match &self.sides {
                Sides::Labels(labels) => {
                    let labels = &labels[side][sample * pixels..(sample + 1) * pixels];
                    out.extend(labels.iter().map(|label| u8::from(*label == class as i32)));
                }
                Sides::Planes(planes) => {
                    let plane = sample * self.classes + class;
                    out.extend_from_slice(&planes[side][plane * pixels..(plane + 1) * pixels]);
                }
            }
        }
    }
}

/// Counters of a batch: of each sample how often each of `C` classes is predicted where it is the target, then how often it
/// is predicted, then how often it is the target; at last the rejected ones. `[N * 3 * C + REJECTED_SLOTS]`.
pub(crate) fn count(maps: &Maps, options: MaskOptions) -> Tensor<1, Int> {
    #[cfg(feature = "cube")]
    if let Some(counts) = cube::on_tensors::count(maps, options) {
        return counts;
    }
    default::count(maps, options)
}

/// The same of maps in host memory.
pub(crate) fn counted(maps: &Maps, options: MaskOptions) -> Option<Vec<i32>> {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if super::is_host(&maps.pred.device()) {
        return Some(host::count(maps, options));
    }
    let _ = (maps, options);
    None
}

/// Maps that are in host memory.
pub(crate) fn on_host(maps: &Maps, options: MaskOptions) -> Option<HostMaps> {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if super::is_host(&maps.pred.device()) {
        return Some(host::maps(maps, options));
    }
    let _ = (maps, options);
    None
}

/// Lists maps that are not in host memory.
pub(crate) fn list(maps: &Maps, options: MaskOptions, delta: &mut Delta) {
    if !super::is_host(&maps.pred.device()) {
        lists::append(maps, options, delta);
    }
}
