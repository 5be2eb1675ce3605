//! What metrics of points and their clusters accumulate.

mod cluster_moments;
mod cluster_points;

pub use cluster_moments::{ClusterMoment, ClusterMoments, ClusterMomentsSummary};
pub use cluster_points::{ClusterPoints, ClusterPointsSummary};
pub(crate) use cluster_points::{Clusters, check_clusters};
