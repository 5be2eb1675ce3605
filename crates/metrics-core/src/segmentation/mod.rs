//! Metrics of segmentation: how well the masks of classes agree.
//!
//! They read [`Masks`](crate::batch::Masks): a predicted class and a target for each pixel of images or voxel of volumes. All
//! metrics of overlap ([`DiceScore`], [`GeneralizedDiceScore`], [`MeanIoU`]) share one state, and all of surfaces
//! ([`HausdorffDistance`], [`AverageSurfaceDistance`], [`NormalizedSurfaceDice`]) with equal options another.
//!
//! **Three means.** The mean over samples of values of samples is TorchMetrics' default; the mean over the classes of the
//! whole set (`global()`) is what papers on Cityscapes report; `per_class()` has a value for each class.
//!
//! **What is not there.** A class that neither the prediction nor the target of a sample has is no part of that sample's
//! value. A class that is the `ignore_index` is no class of any mean.
//!
//! **Surfaces** are the pixels that an erosion with a cross removes, where everything outside of a sample is background:
//! a mask at the border of the image has a surface there. They are measured on the host. On a device, predictions and
//! targets stay there in 2 to 16 bits a pixel until a value is asked for; a training of large volumes asks each epoch.

mod average_surface_distance;
mod boundary_iou;
mod dice_score;
mod generalized_dice_score;
mod hausdorff_distance;
mod mean_iou;
mod normalized_surface_dice;
pub(crate) mod overlap;
mod samplewise;
pub mod states;
mod surface_metric;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{
        average_surface_distance::AverageSurfaceDistance,
        boundary_iou::BoundaryIoU,
        dice_score::DiceScore,
        generalized_dice_score::GeneralizedDiceScore,
        hausdorff_distance::HausdorffDistance,
        mean_iou::MeanIoU,
        normalized_surface_dice::NormalizedSurfaceDice,
        overlap::DiceWeight,
        surface_metric::{OneSided, PixelDistance},
    };
}
pub use metrics::*;
pub use samplewise::{MaskMetric, SamplewiseMasks};

/// The options that all metrics of masks have; `$masks` is the [`Overlaps`](states::Overlaps) among their fields.
macro_rules! mask_options {
    ($metric:ident, $($masks:ident).+, $background:literal) => {
        impl $metric {
            #[doc = concat!("Whether the first class, the background, counts; default ", $background, ". It does where it is the only class.")]
            pub fn include_background(mut self, include: bool) -> Self {
                self.background = include;
                self
            }

            /// Pixels with this target are left out. If it is a class, the class is no part of any mean.
            pub fn ignore_index(mut self, index: i64) -> Self {
                self.$($masks).+.ignore_index = Some(index);
                self
            }

            /// The classes that count.
            fn classes(&self) -> crate::segmentation::overlap::Averages {
                crate::segmentation::overlap::Averages::new(self.$($masks).+.options(), self.background)
            }
        }
    };
}
use mask_options;

use crate::{MetricError, Rejected, Summary};

/// A value, unless it is NaN: then nothing was counted, or nothing of what it takes.
fn defined(
    metric: &str,
    value: f64,
    summary: &impl Summary,
    counted: bool,
    why: &str,
) -> Result<f64, MetricError> {
    if !value.is_nan() {
        return Ok(value);
    }
    Err(undefined(metric, summary.rejected(), counted, why))
}

fn undefined(metric: &str, rejected: Rejected, counted: bool, why: &str) -> MetricError {
    if counted {
        MetricError::Undefined {
            metric: metric.to_string(),
            why: why.to_string(),
        }
    } else {
        MetricError::Empty { rejected }
    }
}
