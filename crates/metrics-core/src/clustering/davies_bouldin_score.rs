use super::states::{ClusterPoints, ClusterPointsSummary};
use crate::{Metric, MetricError, Value, ops::distances::distance};
use rayon::prelude::*;

/// Davies-Bouldin score: of each cluster the likeness to the cluster most like it, on average.
///
/// `mean_i max_{j ≠ i} (s_i + s_j) / d_ij`, with `s_i` the mean distance of a cluster's points from its centroid, and `d_ij` the
/// distance of two centroids. At least 0; **smaller is better**. Clusters whose centroids coincide are left out of the maximum, as in
/// scikit-learn; if every point lies on its centroid, or all centroids coincide, the value is 0.
/// Takes [`Clustered`](crate::batch::Clustered) points. The distances from the final centroids are a second pass, so that the points are
/// kept, `8 * D + 8` bytes each, in one state with [`DunnIndex`](super::DunnIndex) and [`SilhouetteScore`](super::SilhouetteScore).
///
/// Fewer than 2 clusters, or as many as points, is [`MetricError::Undefined`]; no data is [`MetricError::Empty`]; points of different
/// widths are [`MetricError::MixedDimensions`]; a coordinate that is not finite is [`MetricError::InvalidData`].
/// Reference: scikit-learn 1.7 `davies_bouldin_score`, which takes distances below 1e-8 for 0. TorchMetrics 1.9.0
/// `DaviesBouldinScore` is wrong above 25 clusters and says that larger is better.
///
/// ```
/// use metrics_core::{Metric, batch::Clustered, clustering::DaviesBouldinScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let points = Tensor::<2>::from_floats([[0.0, 0.0], [2.0, 0.0], [8.0, 0.0], [10.0, 0.0]], &device);
/// let clusters = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let value = DaviesBouldinScore::new().evaluate(&Clustered::new(points, clusters)?)?;
/// assert_eq!(value.scalar(), Some(0.25));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DaviesBouldinScore;

impl DaviesBouldinScore {
    /// Of any number of clusters.
    pub fn new() -> Self {
        Self
    }
}

impl Metric for DaviesBouldinScore {
    type Accumulator = ClusterPoints;

    fn name(&self) -> String {
        "davies_bouldin_score".into()
    }

    fn accumulator(&self) -> ClusterPoints {
        ClusterPoints
    }

    fn finalize(&self, summary: &ClusterPointsSummary) -> Result<Value, MetricError> {
        let clusters = summary.clusters(&self.name())?;
        let centroids = clusters.centroids();
        let spread = |cluster: usize| {
            let distances = clusters
                .of(cluster)
                .map(|point| distance(point, &centroids[cluster], 2.0));
            distances.sum::<f64>() / clusters.size(cluster) as f64
        };
        let spreads: Vec<f64> = (0..clusters.len()).into_par_iter().map(spread).collect();
        let most = |i: usize| {
            let others = (0..clusters.len()).filter(|j| *j != i).map(|j| {
                let apart = distance(&centroids[i], &centroids[j], 2.0);
                if apart == 0.0 {
                    0.0
                } else {
                    (spreads[i] + spreads[j]) / apart
                }
            });
            others.fold(0.0, f64::max)
        };
        let all: Vec<f64> = (0..clusters.len()).into_par_iter().map(most).collect();
        Ok((all.iter().sum::<f64>() / all.len() as f64).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}
