use super::contingency_metric::{ContingencyMetric, ContingencyRule};
use crate::{MetricError, states::ContingencyTable};
use pathfinding::{kuhn_munkres::kuhn_munkres, matrix::Matrix};

/// The most cells of a table that is assigned.
const CELLS: usize = 1 << 24;

/// Cluster accuracy: the share of elements whose class is that of their cluster, when each cluster is assigned a class of its own
/// so that the share is as large as possible.
///
/// In `(0, 1]`. Clusters beyond the number of classes are assigned none. Takes [`Labelings`](crate::batch::Labelings). No data is [`MetricError::Empty`].
/// A table of more than 2^24 cells, clusters times classes, is [`MetricError::InvalidOption`].
/// Reference: TorchMetrics 1.9.0 `ClusterAccuracy`, SciPy `linear_sum_assignment`.
///
/// ```
/// use metrics_core::{Metric, batch::Labelings, clustering::ClusterAccuracy};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 2, 2, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 2, 2], &device);
/// let value = ClusterAccuracy::new().evaluate(&Labelings::new(pred, target)?)?.scalar().unwrap();
/// assert!((value - 0.8333333333333334).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type ClusterAccuracy = ContingencyMetric<ClusterAccuracyRule>;

/// The rule of [`ClusterAccuracy`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClusterAccuracyRule;

impl ContingencyRule for ClusterAccuracyRule {
    const NAME: &'static str = "cluster_accuracy";

    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError> {
        let [rows, columns] = [table.rows.len(), table.columns.len()];
        if rows.saturating_mul(columns) > CELLS {
            let what = format!(
                "cluster_accuracy of {rows} classes and {columns} clusters; the limit is {CELLS} for their product"
            );
            return Err(MetricError::InvalidOption(what));
        }
        // Each row is assigned a column, so there must not be fewer of these.
        let (width, height) = (rows.max(columns), rows.min(columns));
        let mut counts = Matrix::new(height, width, 0i64);
        for (row, column, count) in &table.cells {
            let place = if rows <= columns {
                (*row, *column)
            } else {
                (*column, *row)
            };
            counts[place] = *count as i64;
        }
        let (assigned, _) = kuhn_munkres(&counts);
        Ok(assigned as f64 / table.total as f64)
    }
}
