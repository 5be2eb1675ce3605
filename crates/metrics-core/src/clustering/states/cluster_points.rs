//! All points with their clusters: the state of metrics that need the final centroids, or all pairs of points.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Reason, Rejected, Summary,
    batch::Clustered,
    ops::points::{self, Numbers},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Keeps every point with its cluster. The state grows with the data: a point takes `8 * D + 8` bytes on the host, and
/// `4 * D + 4` bytes on a device until it is read (`4 * D + 8` with clusters of 64 bits).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterPoints;

impl Accumulator for ClusterPoints {
    type Batch = Clustered;
    type Summary = ClusterPointsSummary;

    fn identity(&self) -> Identity {
        Identity::new("cluster_points", 1)
    }

    fn empty(&self) -> ClusterPointsSummary {
        ClusterPointsSummary::default()
    }

    fn check(&self, _batch: &Clustered) -> Result<(), MetricError> {
        Ok(())
    }

    fn update(&self, delta: &mut Delta, batch: &Clustered) {
        points::lists::append(&batch.points, delta);
    }

    fn add(&self, batch: &Clustered, summary: &mut ClusterPointsSummary) {
        points::read(&batch.points, |values, width, labels| {
            summary.add(values, width, labels);
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ClusterPointsSummary) {
        points::lists::fold(delta, |values, width, labels| {
            summary.add(values, width, labels);
        });
    }
}

/// Points with their clusters, by how many coordinates they have.
///
/// Merging appends, so it is commutative only up to the order of points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClusterPointsSummary {
    by_width: BTreeMap<usize, Kept>,
    rejected: Rejected,
}

/// Points of one width.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    labels: Vec<i64>,
    values: Vec<f64>,
}

impl ClusterPointsSummary {
    fn add(&mut self, values: Numbers<'_>, width: usize, labels: &[i64]) {
        if labels.is_empty() {
            return;
        }
        let values = values.wide();
        let mut kept = self.by_width.remove(&width).unwrap_or_default();
        for (i, label) in labels.iter().enumerate() {
            let point = &values[i * width..(i + 1) * width];
            if point
                .iter()
                .fold(true, |all, value| all & value.is_finite())
            {
                kept.labels.push(*label);
                kept.values.extend_from_slice(point);
            } else {
                self.rejected.add(Reason::Nan);
            }
        }
        if !kept.labels.is_empty() {
            self.by_width.insert(width, kept);
        }
    }

    /// The points by cluster, of at least 2 clusters and fewer than points.
    pub(crate) fn clusters(&self, metric: &str) -> Result<Clusters, MetricError> {
        let widths: Vec<usize> = self.by_width.keys().copied().collect();
        let Some(width) = one_width(&widths)? else {
            return Err(MetricError::Empty {
                rejected: self.rejected,
            });
        };
        let kept = &self.by_width[&width];
        let mut order: Vec<usize> = (0..kept.labels.len()).collect();
        order.sort_by_key(|at| kept.labels[*at]);
        let mut ends = Vec::new();
        for cluster in order.chunk_by(|a, b| kept.labels[*a] == kept.labels[*b]) {
            ends.push(ends.last().copied().unwrap_or(0) + cluster.len());
        }
        check_clusters(metric, ends.len(), kept.labels.len() as u64)?;
        let point = |at: &usize| &kept.values[at * width..(at + 1) * width];
        Ok(Clusters {
            width,
            ends,
            values: order.iter().flat_map(point).copied().collect(),
        })
    }
}

/// The width of all points; `None` without points.
pub(super) fn one_width(widths: &[usize]) -> Result<Option<usize>, MetricError> {
    match widths {
        [] => Ok(None),
        [width] => Ok(Some(*width)),
        [fewest, .., most] => Err(MetricError::MixedDimensions {
            fewest: *fewest,
            most: *most,
        }),
    }
}

/// Fails unless there are at least 2 clusters and fewer than points.
pub(crate) fn check_clusters(
    metric: &str,
    clusters: usize,
    points: u64,
) -> Result<(), MetricError> {
    if clusters >= 2 && (clusters as u64) < points {
        return Ok(());
    }
    let why = format!(
        "it needs at least 2 clusters and more points than clusters, and there are {clusters} clusters of {points} points"
    );
    Err(MetricError::undefined(metric.into(), why))
}

/// Points in the order of their clusters.
pub(crate) struct Clusters {
    /// How many coordinates a point has.
    pub width: usize,
    /// Where each cluster ends.
    ends: Vec<usize>,
    /// The coordinates, point by point.
    values: Vec<f64>,
}

impl Clusters {
    /// How many clusters there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many points there are.
    pub fn points(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// How many points a cluster has.
    pub fn size(&self, cluster: usize) -> usize {
        let start = if cluster == 0 {
            0
        } else {
            self.ends[cluster - 1]
        };
        self.ends[cluster] - start
    }

    /// The points of a cluster.
    pub fn of(&self, cluster: usize) -> impl Iterator<Item = &[f64]> + Clone {
        let end = self.ends[cluster];
        (end - self.size(cluster)..end).map(|point| self.point(point))
    }

    /// The coordinates of a cluster, point by point.
    pub fn values_of(&self, cluster: usize) -> &[f64] {
        let end = self.ends[cluster];
        &self.values[(end - self.size(cluster)) * self.width..end * self.width]
    }

    /// A point.
    pub fn point(&self, point: usize) -> &[f64] {
        &self.values[point * self.width..(point + 1) * self.width]
    }

    /// The cluster of a point.
    pub fn cluster_of(&self, point: usize) -> usize {
        self.ends.partition_point(|end| *end <= point)
    }

    /// The mean of each cluster.
    pub fn centroids(&self) -> Vec<Vec<f64>> {
        let mean = |cluster: usize| {
            let mut points = self.of(cluster);
            // About a point of the cluster: a coordinate that all points share stays as it is.
            let pivot: Vec<f64> = points.next().unwrap_or(&[]).to_vec();
            let mut sums = vec![0.0; self.width];
            for point in points {
                let numbers = sums.iter_mut().zip(point.iter().zip(&pivot));
                numbers.for_each(|(sum, (value, pivot))| *sum += value - pivot);
            }
            let n = self.size(cluster) as f64;
            (sums.iter().zip(&pivot))
                .map(|(sum, pivot)| pivot + sum / n)
                .collect()
        };
        (0..self.len()).map(mean).collect()
    }
}

impl Summary for ClusterPointsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        for (width, more) in &other.by_width {
            let kept = self.by_width.entry(*width).or_default();
            kept.labels.extend_from_slice(&more.labels);
            kept.values.extend_from_slice(&more.values);
        }
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn counted(&self) -> u128 {
        let points = self.by_width.values().map(|kept| kept.labels.len() as u128);
        points.sum::<u128>() + self.rejected.counted()
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let fits = |(width, kept): (&usize, &Kept)| {
            !kept.labels.is_empty()
                && kept.labels.len().checked_mul(*width) == Some(kept.values.len())
                && kept.values.iter().all(|value| value.is_finite())
        };
        if self.by_width.iter().all(fits) {
            Ok(())
        } else {
            Err(MetricError::saved("points without their coordinates"))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
