use super::{
    states::{SurfaceDistances, SurfaceDistancesSummary},
    surface_metric::{OneSided, surface_options},
};
use crate::{Metric, MetricError, Value};

/// Hausdorff distance: how far the surfaces of two masks are apart where they are farthest.
///
/// The largest distance from a pixel of one surface to the nearest pixel of the other, of both ways the larger
/// ([`directed`](Self::directed): from the prediction to the target). The mean over all pairs of a sample and a class. In
/// pixels, or in the units of [`spacing`](Self::spacing); at least 0. What a surface is says
/// [the module](crate::segmentation). Samples have one to three dimensions.
///
/// [`percentile`](Self::percentile) takes that percentile of the distances of each way, and of both the larger, as monai does (others
/// take the percentile of both ways together); between two distances it interpolates.
///
/// A class that neither side of a sample has is left out. If one side has it there is no distance: see
/// [`one_sided`](Self::one_sided), by default [`MetricError::Undefined`]. If no pair is left the value is
/// `Undefined` too, and [`MetricError::Empty`] without data. The state has `O(C)` numbers. It is host work: a device
/// keeps the maps until they are read, see the module.
///
/// Reference: scipy 1.16.3 and monai 1.6.1, which ignores spacing for other distances than the Euclidean one. TorchMetrics 1.9.0 is wrong for images
/// that are wider than high, fails for others that are not square, for volumes and for masks that are both empty, and is
/// infinite where one is.
///
/// ```
/// use metrics_core::{Metric, batch::Masks, segmentation::HausdorffDistance};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<3, Int>::from_ints([[[1, 1, 0, 0, 0], [1, 1, 0, 0, 0]]], &device);
/// let target = Tensor::<3, Int>::from_ints([[[0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]], &device);
/// let batch = Masks::from_labels(pred, target)?;
/// let metric = HausdorffDistance::new(2);
/// assert_eq!(metric.evaluate(&batch)?.scalar(), Some(4.0));
/// assert_eq!(metric.spacing([1.0, 0.5]).evaluate(&batch)?.scalar(), Some(2.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HausdorffDistance {
    surfaces: SurfaceDistances,
    background: bool,
    per_class: bool,
    directed: bool,
    of_percentile: bool,
    one_sided: OneSided,
}
surface_options!(HausdorffDistance);

impl HausdorffDistance {
    /// Of `classes` classes, with TorchMetrics' defaults: without the background.
    pub fn new(classes: usize) -> Self {
        Self {
            surfaces: SurfaceDistances::new(classes),
            background: false,
            per_class: false,
            directed: false,
            of_percentile: false,
            one_sided: OneSided::default(),
        }
    }

    /// Takes a percentile of the distances in place of the largest, in `0..=100`, such as 95.
    pub fn percentile(mut self, percentile: f64) -> Self {
        self.surfaces.percentile = percentile;
        self.of_percentile = true;
        self
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

impl Metric for HausdorffDistance {
    type Accumulator = SurfaceDistances;

    fn name(&self) -> String {
        let directed = if self.directed { "_directed" } else { "" };
        let classes = if self.per_class { "_per_class" } else { "" };
        let percentile = if self.of_percentile {
            format!("_{}", self.surfaces.percentile)
        } else {
            String::new()
        };
        format!("hausdorff_distance{percentile}{directed}{classes}")
    }

    fn accumulator(&self) -> SurfaceDistances {
        self.surfaces.clone()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.one_sided.validate("hausdorff_distance")
    }

    fn finalize(&self, summary: &SurfaceDistancesSummary) -> Result<Value, MetricError> {
        let way = usize::from(!self.directed);
        let (metric, classes) = ("hausdorff_distance", self.classes());
        (self.one_sided).value(metric, classes, self.per_class, summary, |class| {
            if self.of_percentile {
                class.percentile[way]
            } else {
                class.largest[way]
            }
        })
    }

    fn options(&self) -> String {
        let (background, per_class, directed) = (self.background, self.per_class, self.directed);
        format!(
            "background {background}, per class {per_class}, directed {directed}, of a percentile {}, one-sided {:?}",
            self.of_percentile, self.one_sided
        )
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        !self.per_class
    }
}
