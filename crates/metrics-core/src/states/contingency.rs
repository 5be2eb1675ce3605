//! How often each pair of labels occurs: the state of metrics that compare two labelings.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::Labelings,
    ops::contingency::{self, Cells},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts pairs of labels: a table with a cell for each pair that occurs. A device keeps the labels themselves until they are
/// read, 8 bytes an element (16 if they are of 64 bits).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contingency;

impl Accumulator for Contingency {
    type Batch = Labelings;
    type Summary = ContingencySummary;

    fn identity(&self) -> Identity {
        Identity::new("contingency", 1)
    }

    fn empty(&self) -> ContingencySummary {
        ContingencySummary::default()
    }

    fn check(&self, _batch: &Labelings) -> Result<(), MetricError> {
        Ok(())
    }

    fn update(&self, delta: &mut Delta, batch: &Labelings) {
        contingency::list(&batch.labels, delta);
    }

    fn add(&self, batch: &Labelings, summary: &mut ContingencySummary) {
        contingency::add(&batch.labels, &mut summary.cells, &mut summary.rejected);
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ContingencySummary) {
        contingency::fold(delta, &mut summary.cells, &mut summary.rejected);
    }
}

/// How often each pair of labels occurs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContingencySummary {
    cells: Cells,
    /// What was left out: categories that came as floats and are missing or not whole.
    #[serde(default, skip_serializing_if = "nothing")]
    rejected: Rejected,
}

fn nothing(rejected: &Rejected) -> bool {
    *rejected == Rejected::default()
}

impl ContingencySummary {
    /// The table of at least one element.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn table(&self) -> Result<ContingencyTable, MetricError> {
        if self.cells.0.is_empty() {
            return Err(MetricError::Empty {
                rejected: self.rejected,
            });
        }
        Ok(self.numbered())
    }

    /// Of elements in host memory.
    pub(crate) fn of(pred: &[i64], target: &[i64]) -> Self {
        let mut summary = Self::default();
        summary.cells.count(pred, target);
        summary
    }

    /// The table, which has no cells without elements.
    pub(crate) fn numbered(&self) -> ContingencyTable {
        let numbered = |labels: &mut dyn Iterator<Item = i64>| -> BTreeMap<i64, usize> {
            let labels: std::collections::BTreeSet<i64> = labels.collect();
            labels.into_iter().zip(0..).collect()
        };
        let rows = numbered(&mut self.cells.0.iter().map(|cell| cell.0));
        let columns = numbered(&mut self.cells.0.iter().map(|cell| cell.1));
        let mut table = ContingencyTable {
            total: 0,
            rows: vec![0; rows.len()],
            columns: vec![0; columns.len()],
            cells: Vec::with_capacity(self.cells.0.len()),
        };
        for (target, pred, count) in &self.cells.0 {
            let (row, column) = (rows[target], columns[pred]);
            table.total += count;
            table.rows[row] += count;
            table.columns[column] += count;
            table.cells.push((row, column, *count));
        }
        table
    }
}

/// A contingency table: a row for each target that occurs, a column for each prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContingencyTable {
    /// How many elements there are.
    pub total: u64,
    /// How many have each target, in the order of targets.
    pub rows: Vec<u64>,
    /// How many have each prediction, in the order of predictions.
    pub columns: Vec<u64>,
    /// Row, column and count of each cell that is not 0, row by row.
    pub cells: Vec<(usize, usize, u64)>,
}

impl ContingencyTable {
    /// The entropy of counts that add up to the total, in nats.
    fn entropy(&self, counts: &[u64]) -> f64 {
        let n = self.total as f64;
        let share = |count: &u64| *count as f64 / n * (n / *count as f64).ln();
        counts.iter().map(share).sum()
    }

    /// The entropy of targets, in nats.
    pub fn target_entropy(&self) -> f64 {
        self.entropy(&self.rows)
    }

    /// The entropy of predictions, in nats.
    pub fn pred_entropy(&self) -> f64 {
        self.entropy(&self.columns)
    }

    /// The mutual information of predictions and targets, in nats.
    pub fn mutual_information(&self) -> f64 {
        if self.rows.len() == 1 || self.columns.len() == 1 {
            return 0.0;
        }
        let n = self.total as f64;
        let term = |(row, column, count): &(usize, usize, u64)| {
            let share = *count as f64 / n;
            share * (share / (self.rows[*row] as f64 / n) / (self.columns[*column] as f64 / n)).ln()
        };
        self.cells.iter().map(term).sum::<f64>().max(0.0)
    }

    /// Whether both labelings put the same elements together.
    pub fn is_same_partition(&self) -> bool {
        self.cells.len() == self.rows.len() && self.cells.len() == self.columns.len()
    }
}

impl Summary for ContingencySummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.cells.merge(&other.cells);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn counted(&self) -> u128 {
        let cells = self.cells.0.iter().map(|cell| u128::from(cell.2));
        cells.sum::<u128>() + self.rejected.counted()
    }

    fn consistent(&self) -> Result<(), MetricError> {
        if self.cells.are_in_order() {
            Ok(())
        } else {
            Err(MetricError::saved("a contingency table out of order"))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
