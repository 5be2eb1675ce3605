use super::{
    states::{SurfaceDistances, SurfaceDistancesSummary},
    surface_metric::{average, surface_options},
};
use crate::{Metric, MetricError, Value};

/// Normalized surface Dice: how much of the surfaces of two masks is within a tolerance of the other.
///
/// The share of the pixels of both surfaces whose distance to the nearest pixel of the other is at most the
/// [`tolerance`](Self::tolerance), which has the units of [`spacing`](Self::spacing); the mean over all pairs of a sample and a
/// class. In `[0, 1]`.
///
/// A class that neither side of a sample has is left out; if one side has it, the share is 0. If no pair is left, the value is
/// [`MetricError::Undefined`], and [`MetricError::Empty`] without data. The state is that of
/// [`HausdorffDistance`](crate::segmentation::HausdorffDistance).
///
/// Reference: monai 1.6.1 without subvoxels: pixels of a surface count alike, while DeepMind's `surface-distance` weighs them by
/// the area of the surface there. TorchMetrics 1.9.0 does not have it.
///
/// ```
/// use metrics_core::{Metric, batch::Masks, segmentation::NormalizedSurfaceDice};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<3, Int>::from_ints([[[1, 1, 1, 0], [1, 1, 1, 0]]], &device);
/// let target = Tensor::<3, Int>::from_ints([[[1, 0, 0, 0], [1, 0, 0, 0]]], &device);
/// let batch = Masks::from_labels(pred, target)?;
/// let metric = NormalizedSurfaceDice::new(2);
/// assert_eq!(metric.evaluate(&batch)?.scalar(), Some(0.75));
/// assert_eq!(metric.tolerance(2.0).evaluate(&batch)?.scalar(), Some(1.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NormalizedSurfaceDice {
    surfaces: SurfaceDistances,
    background: bool,
    per_class: bool,
}
surface_options!(NormalizedSurfaceDice);

impl NormalizedSurfaceDice {
    /// Of `classes` classes, without the background.
    pub fn new(classes: usize) -> Self {
        Self {
            surfaces: SurfaceDistances::new(classes),
            background: false,
            per_class: false,
        }
    }

    /// The largest distance that counts as none, a finite number of at least 0; default 1.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.surfaces.tolerances = vec![tolerance];
        self
    }

    /// One for each class, the background included.
    pub fn tolerances(mut self, tolerances: impl Into<Vec<f64>>) -> Self {
        self.surfaces.tolerances = tolerances.into();
        self
    }
}

impl Metric for NormalizedSurfaceDice {
    type Accumulator = SurfaceDistances;

    fn name(&self) -> String {
        let classes = if self.per_class { "_per_class" } else { "" };
        format!("normalized_surface_dice{classes}")
    }

    fn accumulator(&self) -> SurfaceDistances {
        self.surfaces.clone()
    }

    fn finalize(&self, summary: &SurfaceDistancesSummary) -> Result<Value, MetricError> {
        let (metric, classes) = ("normalized_surface_dice", self.classes());
        average(metric, classes, self.per_class, summary, |class| {
            class.within
        })
    }

    fn options(&self) -> String {
        let (background, per_class) = (self.background, self.per_class);
        format!("background {background}, per class {per_class}")
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        !self.per_class
    }
}
