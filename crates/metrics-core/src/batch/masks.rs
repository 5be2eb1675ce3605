use super::{same_device, scores};
use crate::{
    Batch, MetricError,
    ops::masks::{Maps, Side},
};
use burn::tensor::{Bool, Device, Int, Tensor, kind::Basic};
use std::sync::Arc;

/// One side of [`Masks`]: which class each pixel (or voxel) of some samples has.
#[derive(Debug, Clone)]
pub struct Mask {
    side: Side,
    shape: Vec<usize>,
    channels: Option<usize>,
}

impl Mask {
    /// Classes by number: `[N, ..]`, such as `[N, H, W]` or `[N, D, H, W]`.
    pub fn labels<const D: usize>(labels: Tensor<D, Int>) -> Self {
        let shape = labels.dims().to_vec();
        let labels = labels.without_autodiff();
        let side = Side::Labels(if D == 1 {
            labels.unsqueeze_dim(1)
        } else {
            labels.flatten(1, D - 1)
        });
        Self {
            side,
            shape,
            channels: None,
        }
    }

    /// A mask of zeros and ones for each class: `[N, C, ..]`. Masks of several classes may overlap.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] without a dimension of classes.
    pub fn one_hot<const D: usize>(masks: Tensor<D, Int>) -> Result<Self, MetricError> {
        let (shape, channels) = with_channels(masks.dims())?;
        Ok(Self {
            side: Side::OneHot(planes(masks.without_autodiff())),
            shape,
            channels,
        })
    }

    /// The same of booleans.
    ///
    /// # Errors
    /// As [`one_hot`](Self::one_hot).
    pub fn booleans<const D: usize>(masks: Tensor<D, Bool>) -> Result<Self, MetricError> {
        Self::one_hot(masks.int())
    }

    /// A score for each class: `[N, C, ..]`, logits or probabilities. A pixel has the class with the largest score, and of
    /// several the first.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] without a dimension of classes; [`MetricError::InvalidOption`] for one class, which
    /// is always the best.
    pub fn scores<const D: usize>(values: Tensor<D>) -> Result<Self, MetricError> {
        let (shape, channels) = with_channels(values.dims())?;
        if channels == Some(1) {
            let what = "scores of 1 class, which is the best wherever they are; compare them with a threshold, and give \
                        Mask::booleans";
            return Err(MetricError::InvalidOption(what.into()));
        }
        Ok(Self {
            side: Side::Scores(planes(scores(values))),
            shape,
            channels,
        })
    }

    /// The samples and the dimensions of one.
    fn places(&self) -> (usize, &[usize]) {
        let first = 1 + usize::from(self.channels.is_some());
        (self.shape[0], &self.shape[first..])
    }
}

/// The shape of scores or one-hot masks and how many classes they are of.
fn with_channels<const D: usize>(
    dims: [usize; D],
) -> Result<(Vec<usize>, Option<usize>), MetricError> {
    match dims[..] {
        [_, channels, ..] => Ok((dims.to_vec(), Some(channels))),
        _ => Err(MetricError::ShapeMismatch {
            left_name: "a mask of classes",
            left: dims.to_vec(),
            right_name: "masks",
            right: vec![],
            hint: ": scores and one-hot masks are [N, C, ..]",
        }),
    }
}

/// A tensor `[N, C, ..]` as `[N, C, P]`.
fn planes<const D: usize, K: Basic>(tensor: Tensor<D, K>) -> Tensor<3, K> {
    if D == 2 {
        tensor.unsqueeze_dim(2)
    } else {
        tensor.flatten(2, D - 1)
    }
}

/// A batch of segmented images or volumes: for each pixel a predicted class and the class it has.
///
/// Each side is given as [labels](Mask::labels), [one-hot masks](Mask::one_hot) or [scores](Mask::scores), in any
/// combination. Metrics have the number of classes and an `ignore_index`: pixels with this target are left out. If the
/// target is one-hot and the index is no class, elements with this number are left out.
///
/// A label that is no class, a mask that is neither 0 nor 1 and a NaN among the scores of a prediction are
/// [rejected](crate::Rejected), pixel by pixel (element by element if a side is one-hot).
#[derive(Debug, Clone)]
pub struct Masks {
    pub(crate) maps: Arc<Maps>,
    channels: Option<usize>,
    shape: Vec<usize>,
}

impl Masks {
    /// From predictions and targets in any form.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless both have the same samples, dimensions and, where both have a
    /// dimension of classes, classes; [`MetricError::DeviceMismatch`].
    pub fn new(pred: Mask, target: Mask) -> Result<Self, MetricError> {
        let (samples, spatial) = pred.places();
        let classes = [pred.channels, target.channels];
        let differ = matches!(classes, [Some(a), Some(b)] if a != b);
        if (samples, spatial) != target.places() || differ {
            return Err(MetricError::ShapeMismatch {
                left_name: "pred",
                left: pred.shape,
                right_name: "target",
                right: target.shape,
                hint: ": both are [N, ..] of labels or [N, C, ..] of scores or one-hot masks",
            });
        }
        same_device("pred", pred.side.device(), "target", target.side.device())?;
        Ok(Self {
            channels: pred.channels.or(target.channels),
            maps: Arc::new(Maps {
                samples,
                spatial: spatial.to_vec(),
                pred: pred.side,
                target: target.side,
            }),
            shape: pred.shape,
        })
    }

    /// From labels `[N, ..]` of both.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_labels<const D: usize>(
        pred: Tensor<D, Int>,
        target: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        Self::new(Mask::labels(pred), Mask::labels(target))
    }

    /// From scores `[N, C, ..]` and labels `[N, ..]`.
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`Mask::scores`].
    pub fn from_scores<const D: usize, const E: usize>(
        scores: Tensor<D>,
        target: Tensor<E, Int>,
    ) -> Result<Self, MetricError> {
        Self::new(Mask::scores(scores)?, Mask::labels(target))
    }

    /// From one-hot masks `[N, C, ..]` of both.
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`Mask::one_hot`].
    pub fn from_one_hot<const D: usize>(
        pred: Tensor<D, Int>,
        target: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        Self::new(Mask::one_hot(pred)?, Mask::one_hot(target)?)
    }

    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.maps.pred.device()
    }

    /// Fails unless the batch is of so many classes, if it says of how many.
    pub(crate) fn check_classes(&self, classes: usize) -> Result<(), MetricError> {
        match self.channels {
            Some(found) if found != classes => Err(MetricError::WidthMismatch {
                unit: "classes",
                expected: classes,
                found,
                shape: self.shape.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Fails unless samples have one to three dimensions.
    pub(crate) fn check_images(&self) -> Result<(), MetricError> {
        if (1..=3).contains(&self.maps.spatial.len()) {
            return Ok(());
        }
        Err(MetricError::ShapeMismatch {
            left_name: "pred",
            left: self.shape.clone(),
            right_name: "images and volumes",
            right: vec![],
            hint: ": surfaces are of samples with 1, 2 or 3 dimensions",
        })
    }
}

impl Batch for Masks {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.maps.elements()
    }

    fn samples(&self) -> usize {
        self.maps.samples
    }
}
