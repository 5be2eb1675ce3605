//! Count, mean and spread of each cluster: the state of the Calinski-Harabasz score.

use super::cluster_points::one_width;
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Reason, Rejected,
    Summary,
    batch::Clustered,
    framework::limits::check_size,
    ops::points::{self, MOMENTS, Numbers},
    states::fold::add_rejected,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Adds up the points of each cluster in one pass: a count, a mean of `D` numbers and a sum of squares.
///
/// The summary has `D + 2` numbers for each cluster that occurs, whatever its number is. If the number of clusters
/// and of dimensions is known, a device keeps as much: `k` counters, `k * (D + 1)` sums and `k * D` pivots; else a device keeps
/// the points until they are read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ClusterMoments {
    /// How many clusters there are, numbered from 0, and how many coordinates a point has.
    pub(crate) known: Option<[usize; 2]>,
}

impl Accumulator for ClusterMoments {
    type Batch = Clustered;
    type Summary = ClusterMomentsSummary;

    fn identity(&self) -> Identity {
        Identity::new("cluster_moments", 1).with(self)
    }

    fn empty(&self) -> ClusterMomentsSummary {
        ClusterMomentsSummary::default()
    }

    fn validate(&self) -> Result<(), MetricError> {
        match self.known {
            Some([0 | 1, _]) => Err(MetricError::InvalidOption(
                "at least 2 clusters are needed".into(),
            )),
            Some([clusters, dimensions]) => {
                check_size(clusters, "clusters", &[dimensions.saturating_add(1), 24])
            }
            None => Ok(()),
        }
    }

    fn check(&self, batch: &Clustered) -> Result<(), MetricError> {
        let shape = batch.points().dims();
        match self.known {
            Some([_, dimensions]) if dimensions != shape[1] => Err(MetricError::WidthMismatch {
                unit: "dimensions",
                expected: dimensions,
                found: shape[1],
                shape: shape.to_vec(),
            }),
            _ => Ok(()),
        }
    }

    fn update(&self, delta: &mut Delta, batch: &Clustered) {
        match self.known {
            Some([clusters, _]) => points::add_moments(&batch.points, clusters, delta),
            None => points::lists::append(&batch.points, delta),
        }
    }

    fn add(&self, batch: &Clustered, summary: &mut ClusterMomentsSummary) {
        points::read(&batch.points, |values, width, labels| {
            self.add_points(summary, values, width, labels);
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ClusterMomentsSummary) {
        points::lists::fold(delta, |values, width, labels| {
            self.add_points(summary, values, width, labels);
        });
        let (Some([clusters, width]), Some(counts)) = (self.known, delta.counts(MOMENTS[0])) else {
            return;
        };
        let sums = delta.sums(MOMENTS[1]).unwrap_or_default();
        let pivots = delta.numbers(MOMENTS[2]).unwrap_or_default();
        add_rejected(
            &mut summary.rejected,
            &counts[clusters..clusters + REJECTED_SLOTS],
        );
        for (cluster, count) in counts[..clusters]
            .iter()
            .enumerate()
            .filter(|(_, n)| **n > 0)
        {
            let own = &sums[cluster * (width + 1)..(cluster + 1) * (width + 1)];
            let pivot = &pivots[cluster * width..(cluster + 1) * width];
            let pivot = pivot.iter().map(|pivot| f64::from(*pivot));
            let moment = ClusterMoment::about(*count as u64, pivot, &own[..width], own[width]);
            summary.put(width, cluster as i64, &moment);
        }
    }
}

/// Numbers of a part, which a thread takes.
const PART: usize = 1 << 16;

impl ClusterMoments {
    fn add_points(
        &self,
        summary: &mut ClusterMomentsSummary,
        values: Numbers<'_>,
        width: usize,
        labels: &[i64],
    ) {
        match values {
            Numbers::Single(values) => self.add_parts(summary, values, width, labels),
            Numbers::Double(values) => self.add_parts(summary, values, width, labels),
        }
    }

    fn add_parts<T: Copy + Into<f64> + Sync>(
        &self,
        summary: &mut ClusterMomentsSummary,
        values: &[T],
        width: usize,
        labels: &[i64],
    ) {
        let rows = (PART / width.max(1)).max(1);
        let parts: Vec<_> = (labels.par_chunks(rows).enumerate())
            .map(|(part, labels)| {
                let start = part * rows * width;
                self.part(&values[start..start + labels.len() * width], width, labels)
            })
            .collect();
        for (clusters, rejected) in parts {
            summary.rejected.merge(&rejected);
            for (label, moment) in clusters {
                summary.put(width, label, &moment);
            }
        }
    }

    /// The moments of the clusters of some points.
    fn part<T: Copy + Into<f64>>(
        &self,
        values: &[T],
        width: usize,
        labels: &[i64],
    ) -> (Vec<(i64, ClusterMoment)>, Rejected) {
        let mut rejected = Rejected::default();
        let mut places: HashMap<i64, usize> = HashMap::new();
        let mut sums: Vec<Sums> = Vec::new();
        for (i, label) in labels.iter().enumerate() {
            let point = &values[i * width..(i + 1) * width];
            if self
                .known
                .is_some_and(|[clusters, _]| !(0..clusters as i64).contains(label))
            {
                rejected.add(Reason::InvalidTarget);
                continue;
            }
            let finite = |all: bool, value: &T| all & (*value).into().is_finite();
            if !point.iter().fold(true, finite) {
                rejected.add(Reason::Nan);
                continue;
            }
            let place = *places.entry(*label).or_insert_with(|| {
                sums.push(Sums::about(point));
                sums.len() - 1
            });
            sums[place].add(point);
        }
        let moment = |(label, place): (i64, usize)| (label, sums[place].moment());
        let mut moments: Vec<_> = places.into_iter().map(moment).collect();
        moments.sort_unstable_by_key(|(label, _)| *label);
        (moments, rejected)
    }
}

/// Sums of the deviations of points from the first of them.
struct Sums {
    count: u64,
    pivot: Vec<f64>,
    deviations: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn about<T: Copy + Into<f64>>(point: &[T]) -> Self {
        Self {
            count: 0,
            pivot: point.iter().map(|value| (*value).into()).collect(),
            deviations: vec![0.0; point.len()],
            squares: vec![0.0; point.len()],
        }
    }

    fn add<T: Copy + Into<f64>>(&mut self, point: &[T]) {
        self.count += 1;
        let width = point.len();
        let (pivot, deviations) = (&self.pivot[..width], &mut self.deviations[..width]);
        let squares = &mut self.squares[..width];
        for i in 0..width {
            let deviation = point[i].into() - pivot[i];
            deviations[i] += deviation;
            squares[i] += deviation * deviation;
        }
    }

    fn moment(&self) -> ClusterMoment {
        let squares = self.squares.iter().sum();
        ClusterMoment::about(
            self.count,
            self.pivot.iter().copied(),
            &self.deviations,
            squares,
        )
    }
}

/// The points of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterMoment {
    /// How many there are: at least one.
    pub count: u64,
    /// Their mean.
    #[serde(with = "crate::number::list")]
    pub mean: Vec<f64>,
    /// The sum of the squares of their distances from the mean.
    #[serde(with = "crate::number")]
    pub squares: f64,
    /// Whether the squares left the range of numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    overflowed: bool,
}

impl ClusterMoment {
    /// From sums of deviations from a pivot and of their squares.
    fn about(
        count: u64,
        pivot: impl Iterator<Item = f64>,
        deviations: &[f64],
        squares: f64,
    ) -> Self {
        let n = count as f64;
        let mean: Vec<f64> = (pivot.zip(deviations))
            .map(|(pivot, sum)| pivot + sum / n)
            .collect();
        let shift: f64 = deviations.iter().map(|sum| sum * (sum / n)).sum();
        let squares = squares - shift;
        Self {
            count,
            overflowed: !squares.is_finite() || mean.iter().any(|mean| !mean.is_finite()),
            mean,
            squares: squares.max(0.0),
        }
    }

    /// Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances (1979).
    fn add(&mut self, other: &Self) {
        let (own, more) = (self.count as f64, other.count as f64);
        let share = more / (own + more);
        let mut between = 0.0;
        for (mean, other) in self.mean.iter_mut().zip(&other.mean) {
            let distance = other - *mean;
            between += distance * distance;
            *mean += distance * share;
        }
        self.squares += other.squares + between * own * share;
        self.count += other.count;
        self.overflowed |= other.overflowed || !self.squares.is_finite();
    }
}

/// Clusters with what their points add up to, by how many coordinates points have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClusterMomentsSummary {
    by_width: BTreeMap<usize, BTreeMap<i64, ClusterMoment>>,
    rejected: Rejected,
}

impl ClusterMomentsSummary {
    fn put(&mut self, width: usize, label: i64, moment: &ClusterMoment) {
        let clusters = self.by_width.entry(width).or_default();
        match clusters.get_mut(&label) {
            Some(own) => own.add(moment),
            None => drop(clusters.insert(label, moment.clone())),
        }
    }

    /// The clusters by their numbers.
    ///
    /// # Errors
    /// [`MetricError::Empty`]; [`MetricError::MixedDimensions`] of points with different numbers of coordinates;
    /// [`MetricError::Overflow`].
    pub fn clusters(&self) -> Result<&BTreeMap<i64, ClusterMoment>, MetricError> {
        let widths: Vec<usize> = self.by_width.keys().copied().collect();
        let Some(width) = one_width(&widths)? else {
            return Err(MetricError::Empty {
                rejected: self.rejected,
            });
        };
        let clusters = &self.by_width[&width];
        if clusters.values().any(|moment| moment.overflowed) {
            return Err(MetricError::Overflow {
                what: "squares or products",
            });
        }
        Ok(clusters)
    }
}

impl Summary for ClusterMomentsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.rejected.merge(&other.rejected);
        for (width, clusters) in &other.by_width {
            for (label, moment) in clusters {
                self.put(*width, *label, moment);
            }
        }
        Ok(())
    }

    fn counted(&self) -> u128 {
        let moments = self.by_width.values().flat_map(BTreeMap::values);
        moments.map(|moment| u128::from(moment.count)).sum::<u128>() + self.rejected.counted()
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let fits = |(width, clusters): (&usize, &BTreeMap<i64, ClusterMoment>)| {
            !clusters.is_empty()
                && (clusters.values()).all(|own| own.count > 0 && own.mean.len() == *width)
        };
        if self.by_width.iter().all(fits) {
            Ok(())
        } else {
            Err(MetricError::saved(
                "a cluster without points, or with a mean of another width",
            ))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
