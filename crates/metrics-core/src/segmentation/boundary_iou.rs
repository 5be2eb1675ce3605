use super::{
    mask_options,
    mean_iou::Form,
    states::{BorderOverlaps, Overlaps, OverlapsSummary},
};
use crate::{Metric, MetricError, Value};

/// Boundary IoU: intersection over union of the pixels of masks that are near their borders.
///
/// `I / (P + T - I)` as in [`MeanIoU`](crate::segmentation::MeanIoU), of the pixels of each mask that are within a width of a pixel that
/// is not in it, also diagonally; everything outside of a sample is not. The width is a share of the diagonal of a sample,
/// rounded (a half to the even number), at least 1. In `[0, 1]`. Large objects, whose borders are a small part of them, are judged by
/// their borders. Samples have one to three dimensions.
///
/// The mean over all pairs of a sample and a class that it has; [`global`](Self::global), [`per_class`](Self::per_class) and errors as
/// `MeanIoU`. The state has `O(C)` numbers. It is host work: a device keeps the maps until they are read, see
/// [the module](crate::segmentation).
///
/// Source: Cheng et al., Boundary IoU: Improving Object-Centric Image Segmentation Evaluation, CVPR 2021, with the masks of
/// its code. TorchMetrics 1.9.0 does not have it.
///
/// ```
/// use metrics_core::{Metric, batch::Masks, segmentation::BoundaryIoU};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let target = Tensor::<3, Int>::ones([1, 5, 5], &device);
/// let pred = target.clone().slice_fill([0..1, 0..1, 0..5], 0);
/// let batch = Masks::from_labels(pred, target)?;
/// let metric = BoundaryIoU::new(2).include_background(false);
/// // Of 16 and 14 pixels at the borders, 11 are the same.
/// assert_eq!(metric.evaluate(&batch)?.scalar(), Some(11.0 / 19.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BoundaryIoU {
    borders: BorderOverlaps,
    background: bool,
    form: Form,
}
mask_options!(BoundaryIoU, borders.masks, false);

impl BoundaryIoU {
    /// Of `classes` classes, with borders of 2 % of the diagonal and without the background.
    pub fn new(classes: usize) -> Self {
        let masks = Overlaps::new(classes);
        Self {
            borders: BorderOverlaps { masks, share: 0.02 },
            background: false,
            form: Form::default(),
        }
    }

    /// The width of borders as a share of the diagonal, above 0 and at most 1; default 0.02.
    pub fn dilation_ratio(mut self, share: f64) -> Self {
        self.borders.share = share;
        self
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
}

impl Metric for BoundaryIoU {
    type Accumulator = BorderOverlaps;

    fn name(&self) -> String {
        self.form.name("boundary_iou")
    }

    fn accumulator(&self) -> BorderOverlaps {
        self.borders.clone()
    }

    fn finalize(&self, summary: &OverlapsSummary) -> Result<Value, MetricError> {
        self.form.value("boundary_iou", self.classes(), summary)
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
