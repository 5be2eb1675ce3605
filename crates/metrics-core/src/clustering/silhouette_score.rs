use super::states::{ClusterPoints, ClusterPointsSummary};
use crate::{Metric, MetricError, Value, ops::distances::sum_from};
use rayon::prelude::*;

/// Silhouette score: how much nearer points are to their own cluster than to the next one, on average.
///
/// The mean of `(b - a) / max(a, b)` over points, with `a` the mean Euclidean distance of a point from the others of its cluster, and `b`
/// the least mean distance from the points of another cluster. In `[-1, 1]`; larger is better. A point alone in its cluster, and one whose `a` and
/// `b` are both 0, has 0. Takes time by the square of the number of points.
/// Takes [`Clustered`](crate::batch::Clustered) points, and keeps them, in one state with
/// [`DaviesBouldinScore`](super::DaviesBouldinScore) and [`DunnIndex`](super::DunnIndex).
///
/// Fewer than 2 clusters, or as many as points, is [`MetricError::Undefined`]; no data is [`MetricError::Empty`]; points of different
/// widths are [`MetricError::MixedDimensions`]; a coordinate that is not finite is [`MetricError::InvalidData`].
/// Reference: scikit-learn 1.7 `silhouette_score`; Rousseeuw, Silhouettes, 1987. TorchMetrics has none.
///
/// ```
/// use metrics_core::{Metric, batch::Clustered, clustering::SilhouetteScore};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let points = Tensor::<2>::from_floats([[0.0, 0.0], [2.0, 0.0], [8.0, 0.0], [10.0, 0.0]], &device);
/// let clusters = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let value = SilhouetteScore::new().evaluate(&Clustered::new(points, clusters)?)?.scalar().unwrap();
/// assert!((value - (7.0 / 9.0 + 5.0 / 7.0) / 2.0).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SilhouetteScore;

impl SilhouetteScore {
    /// By the Euclidean distance.
    pub fn new() -> Self {
        Self
    }
}

impl Metric for SilhouetteScore {
    type Accumulator = ClusterPoints;

    fn name(&self) -> String {
        "silhouette_score".into()
    }

    fn accumulator(&self) -> ClusterPoints {
        ClusterPoints
    }

    fn finalize(&self, summary: &ClusterPointsSummary) -> Result<Value, MetricError> {
        let clusters = summary.clusters(&self.name())?;
        let silhouette = |i: usize| {
            let (own, point) = (clusters.cluster_of(i), clusters.point(i));
            let others = clusters.size(own) - 1;
            if others == 0 {
                return 0.0;
            }
            let (mut inside, mut outside) = (0.0, f64::INFINITY);
            for cluster in 0..clusters.len() {
                let sum = sum_from(point, clusters.values_of(cluster));
                if cluster == own {
                    inside = sum / others as f64;
                } else {
                    outside = f64::min(outside, sum / clusters.size(cluster) as f64);
                }
            }
            let largest = f64::max(inside, outside);
            if largest == 0.0 {
                0.0
            } else {
                (outside - inside) / largest
            }
        };
        let all: Vec<f64> = (0..clusters.points())
            .into_par_iter()
            .map(silhouette)
            .collect();
        if all.iter().any(|value| value.is_nan()) {
            return Err(MetricError::Overflow {
                what: "squares or products",
            });
        }
        Ok((all.iter().sum::<f64>() / all.len() as f64).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}
