use super::states::{ClusterPoints, ClusterPointsSummary, Clusters};
use crate::{Metric, MetricError, Value, ops::distances::distance};
use rayon::prelude::*;

/// What the Dunn index takes for the distance of two clusters and for the size of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DunnForm {
    /// The distance of centroids, and the largest distance of a point from its centroid: TorchMetrics' definition.
    #[default]
    Centroids,
    /// The least distance of a point of one from a point of the other, and the largest distance of two points: Dunn's own definition.
    Points,
}

/// Dunn index: the least distance of two clusters over the largest size of one.
///
/// At least 0; larger is better. [`form`](Self::form) says what distances and sizes are: those of centroids by default, as in
/// TorchMetrics, or the classical ones of points, which take the distances of all pairs of points. Distances are by the norm of
/// exponent [`p`](Self::p).
/// If all points of each cluster coincide, the value is infinite, or [`MetricError::Undefined`] if clusters coincide as well.
/// Takes [`Clustered`](crate::batch::Clustered) points, and keeps them, in one state with
/// [`DaviesBouldinScore`](super::DaviesBouldinScore) and [`SilhouetteScore`](super::SilhouetteScore).
///
/// Fewer than 2 clusters, or as many as points, is [`MetricError::Undefined`]; no data is [`MetricError::Empty`]; points of different
/// widths are [`MetricError::MixedDimensions`]; a coordinate that is not finite is [`MetricError::InvalidData`].
/// Reference: TorchMetrics 1.9.0 `DunnIndex`; Dunn, Well-Separated Clusters and Optimal Fuzzy Partitions, 1974.
///
/// ```
/// use metrics_core::{Metric, batch::Clustered, clustering::{DunnForm, DunnIndex}};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let points = Tensor::<2>::from_floats([[0.0, 0.0], [2.0, 0.0], [8.0, 0.0], [10.0, 0.0]], &device);
/// let clusters = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let batch = Clustered::new(points, clusters)?;
/// assert_eq!(DunnIndex::new().evaluate(&batch)?.scalar(), Some(8.0));
/// assert_eq!(DunnIndex::new().form(DunnForm::Points).evaluate(&batch)?.scalar(), Some(3.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DunnIndex {
    p: f64,
    form: DunnForm,
}

impl Default for DunnIndex {
    fn default() -> Self {
        Self {
            p: 2.0,
            form: DunnForm::Centroids,
        }
    }
}

impl DunnIndex {
    /// With TorchMetrics' defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The exponent of the norm, at least 1; infinity is the largest coordinate. Default 2.
    pub fn p(mut self, p: f64) -> Self {
        self.p = p;
        self
    }

    /// What distances and sizes are; default [`DunnForm::Centroids`].
    pub fn form(mut self, form: DunnForm) -> Self {
        self.form = form;
        self
    }

    /// The least distance of two clusters, and the largest size of one.
    fn by_centroids(&self, clusters: &Clusters) -> [f64; 2] {
        let centroids = clusters.centroids();
        let apart = |i: usize| {
            let others = centroids[..i].iter();
            others
                .map(|other| distance(&centroids[i], other, self.p))
                .fold(f64::INFINITY, f64::min)
        };
        let radius = |cluster: usize| {
            let distances = clusters
                .of(cluster)
                .map(|point| distance(point, &centroids[cluster], self.p));
            distances.fold(0.0, f64::max)
        };
        let least = (0..clusters.len()).into_par_iter().map(apart);
        let most = (0..clusters.len()).into_par_iter().map(radius);
        [
            least.reduce(|| f64::INFINITY, f64::min),
            most.reduce(|| 0.0, f64::max),
        ]
    }

    fn by_points(&self, clusters: &Clusters) -> [f64; 2] {
        let of_point = |i: usize| {
            let own = clusters.cluster_of(i);
            let (mut least, mut most) = (f64::INFINITY, 0.0f64);
            for j in 0..i {
                let apart = distance(clusters.point(i), clusters.point(j), self.p);
                if clusters.cluster_of(j) == own {
                    most = most.max(apart);
                } else {
                    least = least.min(apart);
                }
            }
            [least, most]
        };
        let all = (0..clusters.points()).into_par_iter().map(of_point);
        all.reduce(
            || [f64::INFINITY, 0.0],
            |a, b| [a[0].min(b[0]), a[1].max(b[1])],
        )
    }
}

impl Metric for DunnIndex {
    type Accumulator = ClusterPoints;

    fn name(&self) -> String {
        let form = match self.form {
            DunnForm::Centroids => "",
            DunnForm::Points => "_points",
        };
        if self.p == 2.0 {
            format!("dunn_index{form}")
        } else {
            format!("dunn_index{form}_p_{}", self.p)
        }
    }

    fn accumulator(&self) -> ClusterPoints {
        ClusterPoints
    }

    fn validate(&self) -> Result<(), MetricError> {
        if self.p >= 1.0 {
            return Ok(());
        }
        let what = format!("`dunn_index`: p is {}, and must be at least 1", self.p);
        Err(MetricError::InvalidOption(what))
    }

    fn finalize(&self, summary: &ClusterPointsSummary) -> Result<Value, MetricError> {
        let clusters = summary.clusters(&self.name())?;
        let [apart, size] = match self.form {
            DunnForm::Centroids => self.by_centroids(&clusters),
            DunnForm::Points => self.by_points(&clusters),
        };
        if apart == 0.0 && size == 0.0 {
            let why = "the points of each cluster coincide, and so do clusters".to_string();
            return Err(MetricError::undefined(self.name(), why));
        }
        Ok((apart / size).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}
