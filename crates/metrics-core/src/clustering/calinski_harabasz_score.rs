use super::states::{ClusterMoments, ClusterMomentsSummary, check_clusters};
use crate::{Metric, MetricError, Value};

/// Calinski-Harabasz score, the variance ratio: how far the centroids of clusters lie from the mean of all points, over how far
/// points lie from the centroid of their cluster.
///
/// `(Σ n_k |c_k - c|² / (k - 1)) / (Σ |x - c_k|² / (n - k))`, of `n` points in `k` clusters with centroids `c_k`. At least 0; larger is
/// better. If every point lies on its centroid, the value is 1, as in both references.
/// Takes [`Clustered`](crate::batch::Clustered) points, in one pass: nothing is kept but `D + 2` numbers for each cluster. On a GPU that
/// takes [`with_clusters`](Self::with_clusters); else the points stay there until they are read.
///
/// Fewer than 2 clusters, or as many as points, is [`MetricError::Undefined`]; no data is [`MetricError::Empty`]; points of different
/// widths are [`MetricError::MixedDimensions`]; a coordinate that is not finite is [`MetricError::InvalidData`].
/// Reference: scikit-learn 1.7 `calinski_harabasz_score`, TorchMetrics 1.9.0 `CalinskiHarabaszScore`; Calinski and Harabasz, A Dendrite
/// Method for Cluster Analysis, 1974.
///
/// ```
/// use metrics_core::{Metric, batch::Clustered, clustering::CalinskiHarabaszScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let points = Tensor::<2>::from_floats([[0.0, 0.0], [2.0, 0.0], [8.0, 0.0], [10.0, 0.0]], &device);
/// let clusters = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let value = CalinskiHarabaszScore::new().evaluate(&Clustered::new(points, clusters)?)?;
/// assert_eq!(value.scalar(), Some(32.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CalinskiHarabaszScore {
    accumulator: ClusterMoments,
}

impl CalinskiHarabaszScore {
    /// Of clusters with any numbers, and of points with any number of coordinates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of clusters `0..clusters` and of points with so many coordinates: a device then keeps a state of this size and
    /// no points. Another number of a cluster is an invalid target, other points are [`MetricError::WidthMismatch`].
    pub fn with_clusters(clusters: usize, dimensions: usize) -> Self {
        Self {
            accumulator: ClusterMoments {
                known: Some([clusters, dimensions]),
            },
        }
    }
}

impl Metric for CalinskiHarabaszScore {
    type Accumulator = ClusterMoments;

    fn name(&self) -> String {
        "calinski_harabasz_score".into()
    }

    fn accumulator(&self) -> ClusterMoments {
        self.accumulator.clone()
    }

    fn finalize(&self, summary: &ClusterMomentsSummary) -> Result<Value, MetricError> {
        let clusters = summary.clusters()?;
        let points: u64 = clusters.values().map(|own| own.count).sum();
        check_clusters(&self.name(), clusters.len(), points)?;
        let (n, k) = (points as f64, clusters.len() as f64);
        let width = clusters.values().next().map_or(0, |own| own.mean.len());
        let mut mean = vec![0.0; width];
        for own in clusters.values() {
            let share = own.count as f64 / n;
            let parts = mean.iter_mut().zip(&own.mean);
            parts.for_each(|(mean, own)| *mean += own * share);
        }
        let within: f64 = clusters.values().map(|own| own.squares).sum();
        let distance = |(own, mean): (&f64, &f64)| (own - mean) * (own - mean);
        let between = clusters.values().map(|own| {
            let squared: f64 = own.mean.iter().zip(&mean).map(distance).sum();
            own.count as f64 * squared
        });
        let between: f64 = between.sum();
        if !(between.is_finite() && within.is_finite()) {
            return Err(MetricError::Overflow {
                what: "squares or products",
            });
        }
        if within == 0.0 {
            return Ok(1.0.into());
        }
        Ok((between / (k - 1.0) / (within / (n - k))).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}
