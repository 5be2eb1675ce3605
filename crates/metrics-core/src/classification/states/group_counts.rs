//! Outcomes of decisions by group: the state of the metrics of fairness.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::Grouped,
    framework::limits::{check_size, parts},
    ops::decisions::{DecisionSink, Real},
    states::{
        ClassCounts, Tally,
        confusion::{at_least_one, check_threshold},
    },
};
use serde::{Deserialize, Serialize};

/// Counts decisions at a threshold by group: `4 * G` device counters, and as many sums once a batch
/// has weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupCounts {
    pub(crate) groups: usize,
    #[serde(serialize_with = "crate::number::single")]
    pub(crate) threshold: f32,
    pub(crate) ignore_index: Option<i64>,
}

impl GroupCounts {
    pub(crate) fn new(groups: usize) -> Self {
        Self {
            groups,
            threshold: 0.5,
            ignore_index: None,
        }
    }
}

impl Accumulator for GroupCounts {
    type Batch = Grouped;
    type Summary = GroupCountsSummary;

    fn identity(&self) -> Identity {
        Identity::new("group_counts", 1).with(self)
    }

    fn empty(&self) -> GroupCountsSummary {
        GroupCountsSummary {
            tally: Tally::new(4 * parts(self, self.groups)),
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.groups, "group")?;
        check_size(self.groups, "groups", &[4, 4])?;
        check_threshold(self.threshold)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, _batch: &Grouped) -> Result<(), MetricError> {
        Ok(())
    }

    fn update(&self, delta: &mut Delta, batch: &Grouped) {
        let sink = DecisionSink::Groups {
            groups: self.groups,
            threshold: Real::new(self.threshold),
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.decisions.decisions, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut GroupCountsSummary) {
        for block in delta.blocks() {
            summary.tally.fold(block, &mut summary.rejected);
        }
    }
}

/// Outcomes by group, at `group * 4 + target * 2 + prediction`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupCountsSummary {
    /// The cells.
    pub tally: Tally,
    /// What was left out.
    pub rejected: Rejected,
}

impl GroupCountsSummary {
    /// The outcomes of every group.
    pub fn groups(&self) -> Vec<ClassCounts> {
        let cells = self.tally.cells();
        let groups = cells.chunks_exact(4);
        groups
            .map(|cell| ClassCounts {
                tn: cell[0],
                fp: cell[1],
                fn_: cell[2],
                tp: cell[3],
            })
            .collect()
    }

    /// Fails if nothing was counted.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        if self.groups().iter().any(|group| group.total() > 0.0) {
            Ok(())
        } else {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        }
    }
}

impl Summary for GroupCountsSummary {
    fn counted(&self) -> u128 {
        self.tally.counted() + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if !other.tally.fits(self.tally.counts.len()) {
            let what = |o: &Self| format!("outcomes of {} groups", o.tally.counts.len() / 4);
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.room_for(other)?;
        self.tally.merge(&other.tally);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let cells = self.tally.counts.len();
        if self.tally.fits(cells) && cells.is_multiple_of(4) {
            return Ok(());
        }
        Err(MetricError::saved("outcomes of different groups"))
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
