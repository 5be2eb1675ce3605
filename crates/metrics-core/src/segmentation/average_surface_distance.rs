use super::{
    states::{SurfaceDistances, SurfaceDistancesSummary},
    surface_metric::{OneSided, surface_options},
};
use crate::{Metric, MetricError, Value};

/// Average symmetric surface distance: how far the surfaces of two masks are apart on average.
///
/// The mean of the distances from the pixels of each surface to the nearest pixel of the other, of both ways together
/// ([`directed`](Self::directed): from the prediction to the target); the mean over all pairs of a sample and a class. In
/// pixels, or in the units of [`spacing`](Self::spacing); at least 0. Empty masks, errors and the state are as those of
/// [`HausdorffDistance`](crate::segmentation::HausdorffDistance).
///
/// Reference: monai 1.6.1. TorchMetrics 1.9.0 does not have it.
///
/// ```
/// use metrics_core::{Metric, batch::Masks, segmentation::AverageSurfaceDistance};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<3, Int>::from_ints([[[1, 1, 0, 0], [1, 1, 0, 0]]], &device);
/// let target = Tensor::<3, Int>::from_ints([[[0, 1, 0, 0], [0, 1, 0, 0]]], &device);
/// let batch = Masks::from_labels(pred, target)?;
/// assert_eq!(AverageSurfaceDistance::new(2).evaluate(&batch)?.scalar(), Some(2.0 / 6.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AverageSurfaceDistance {
    surfaces: SurfaceDistances,
    background: bool,
    per_class: bool,
    directed: bool,
    one_sided: OneSided,
}
surface_options!(AverageSurfaceDistance);

impl AverageSurfaceDistance {
    /// Of `classes` classes, without the background.
    pub fn new(classes: usize) -> Self {
        Self {
            surfaces: SurfaceDistances::new(classes),
            background: false,
            per_class: false,
            directed: false,
            one_sided: OneSided::default(),
        }
    }

    /// Takes the distances from the prediction to the target only.
    pub fn directed(mut self) -> Self {
        self.directed = true;
        self
    }

    /// What becomes of pairs of which one side is empty; default [`OneSided::Error`].
    pub fn one_sided(mut self, one_sided: OneSided) -> Self {
        self.one_sided = one_sided;
        self
    }
}

impl Metric for AverageSurfaceDistance {
    type Accumulator = SurfaceDistances;

    fn name(&self) -> String {
        let directed = if self.directed { "_directed" } else { "" };
        let classes = if self.per_class { "_per_class" } else { "" };
        format!("average_surface_distance{directed}{classes}")
    }

    fn accumulator(&self) -> SurfaceDistances {
        self.surfaces.clone()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.one_sided.validate("average_surface_distance")
    }

    fn finalize(&self, summary: &SurfaceDistancesSummary) -> Result<Value, MetricError> {
        let way = usize::from(!self.directed);
        let (metric, classes) = ("average_surface_distance", self.classes());
        let own = |class: &super::states::ClassSurfaces| class.mean[way];
        (self.one_sided).value(metric, classes, self.per_class, summary, own)
    }

    fn options(&self) -> String {
        let (background, per_class, directed) = (self.background, self.per_class, self.directed);
        format!(
            "background {background}, per class {per_class}, directed {directed}, one-sided {:?}",
            self.one_sided
        )
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        !self.per_class
    }
}
