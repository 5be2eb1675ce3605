//! Deferred validation: invalid values are counted on the device, and not read.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How many device counters every accumulator reserves for elements that it rejects.
pub const REJECTED_SLOTS: usize = 5;

/// Why an element was left out; also its slot among the [`REJECTED_SLOTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Reason {
    /// The target equals `ignore_index`.
    Ignored = 0,
    /// The target is not a label of the task.
    InvalidTarget = 1,
    /// The predicted label is not a label of the task.
    InvalidPrediction = 2,
    /// A score or value is NaN.
    Nan = 3,
    /// The weight is NaN, infinite or negative.
    InvalidWeight = 4,
}

impl Reason {
    /// The negative number that stands for this reason where a rank is expected.
    pub const fn code(self) -> i32 {
        -1 - self as i32
    }
}

/// What an accumulator saw and did not use, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Elements whose target equals `ignore_index`. Not an error.
    pub ignored: u64,
    /// Targets that are not a label of the task.
    pub invalid_targets: u64,
    /// Predicted labels that are not a label of the task.
    pub invalid_predictions: u64,
    /// Elements with a NaN score or value.
    pub nan: u64,
    /// Elements with a weight that is NaN, infinite or negative.
    #[serde(default)]
    pub invalid_weights: u64,
}

impl Rejected {
    /// From device counters in the order of [`Reason`].
    pub fn from_counts(counts: &[u64]) -> Self {
        Self {
            ignored: counts[Reason::Ignored as usize],
            invalid_targets: counts[Reason::InvalidTarget as usize],
            invalid_predictions: counts[Reason::InvalidPrediction as usize],
            nan: counts[Reason::Nan as usize],
            invalid_weights: counts[Reason::InvalidWeight as usize],
        }
    }

    /// Counts one element.
    pub fn add(&mut self, reason: Reason) {
        *match reason {
            Reason::Ignored => &mut self.ignored,
            Reason::InvalidTarget => &mut self.invalid_targets,
            Reason::InvalidPrediction => &mut self.invalid_predictions,
            Reason::Nan => &mut self.nan,
            Reason::InvalidWeight => &mut self.invalid_weights,
        } += 1;
    }

    /// Adds the counts of another. A count stops at the largest number there is.
    pub fn merge(&mut self, other: &Self) {
        let own = [
            &mut self.ignored,
            &mut self.invalid_targets,
            &mut self.invalid_predictions,
            &mut self.nan,
            &mut self.invalid_weights,
        ];
        let pairs = own.into_iter().zip(other.counts());
        pairs.for_each(|(own, more)| *own = own.saturating_add(more));
    }

    /// Invalid elements. Ignored elements are not invalid.
    pub fn invalid(&self) -> u64 {
        let [_, invalid @ ..] = self.counts();
        invalid.into_iter().fold(0, u64::saturating_add)
    }

    /// All elements that were left out.
    pub fn counted(&self) -> u128 {
        self.counts().map(u128::from).iter().sum()
    }

    /// In the order of [`Reason`].
    fn counts(&self) -> [u64; REJECTED_SLOTS] {
        [
            self.ignored,
            self.invalid_targets,
            self.invalid_predictions,
            self.nan,
            self.invalid_weights,
        ]
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.invalid_targets, "invalid target"),
            (self.invalid_predictions, "invalid prediction"),
            (self.nan, "NaN value"),
            (self.invalid_weights, "invalid weight"),
            (self.ignored, "ignored element"),
        ];
        let mut first = true;
        for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
            let plural = if count == 1 { "" } else { "s" };
            let comma = if first { "" } else { ", " };
            write!(f, "{comma}{count} {what}{plural}")?;
            first = false;
        }
        if first {
            f.write_str("nothing was rejected")?;
        }
        Ok(())
    }
}

/// What `compute` does when the data held invalid values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Validation {
    /// Count invalid values on the device, report them as an error from `compute`. Costs nothing.
    #[default]
    Deferred,
    /// Count them and compute without them; the report carries the count.
    Ignore,
    /// Read after every update and fail at once, leaving the state as it was. For debugging.
    Eager,
}
