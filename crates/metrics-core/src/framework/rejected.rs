//! Deferred validation: invalid values are counted on the device, and not read.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Counters of elements that are left out, one for each [`Reason`].
pub(crate) const REASONS: usize = 5;

/// How many device counters every accumulator reserves for elements that it rejects, in the order of [`Reason`],
/// and for batches by what their scores were taken for: probabilities, then logits.
pub const REJECTED_SLOTS: usize = REASONS + 2;

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
///
/// Two are equal if the same was left out, whatever the [kinds](Self::kinds): how the data were cut into batches makes no
/// difference.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
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
    /// Batches by what their scores were taken for. These are not rejected.
    #[serde(default, skip_serializing_if = "ScoreKinds::is_empty")]
    pub kinds: ScoreKinds,
    /// The labels of the batch that failed, where one was looked at: with [`Validation::Eager`].
    #[serde(skip)]
    pub labels: LabelRanges,
}

/// The smallest and the largest label of a batch, as [`Batch::labels`](crate::Batch::labels) finds them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LabelRanges {
    /// Of the targets.
    pub target: Option<[i64; 2]>,
    /// Of the predicted labels.
    pub predicted: Option<[i64; 2]>,
    /// How many labels the task has, if the batch alone says so.
    pub count: Option<u32>,
}

impl LabelRanges {
    /// The ranges of targets and of predicted labels. Reads both.
    pub(crate) fn of<const D: usize>(
        target: &Tensor<D, Int>,
        predicted: Option<&Tensor<D, Int>>,
        count: Option<usize>,
    ) -> Self {
        let range = |labels: &Tensor<D, Int>| {
            let data = labels.clone().into_data();
            let least = data.iter::<i64>().min()?;
            Some([least, data.iter::<i64>().max()?])
        };
        Self {
            target: range(target),
            predicted: predicted.and_then(range),
            count: count.and_then(|count| u32::try_from(count).ok()),
        }
    }
}

impl fmt::Display for LabelRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("targets", self.target),
            ("predicted labels", self.predicted),
        ];
        let mut between = "";
        for (what, range) in parts {
            if let Some([least, most]) = range {
                write!(f, "{between}the {what} of the batch are {least} to {most}")?;
                between = ", ";
            }
        }
        match self.count {
            Some(count) => write!(f, ", of {count} labels (0 to {})", count.saturating_sub(1)),
            None => Ok(()),
        }
    }
}

/// How many batches had scores that were taken for probabilities, and how many had logits; see
/// [`ScoreKind`](crate::ScoreKind). Both are 0 where it makes no difference, as for predicted labels or the best class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreKinds {
    /// Batches of probabilities.
    pub probabilities: u64,
    /// Batches of logits.
    pub logits: u64,
}

impl ScoreKinds {
    /// Whether there are batches of both kinds, of which no metric can make a value.
    pub fn are_mixed(&self) -> bool {
        self.probabilities > 0 && self.logits > 0
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl PartialEq for Rejected {
    fn eq(&self, other: &Self) -> bool {
        self.counts() == other.counts()
    }
}

impl Eq for Rejected {}

impl Rejected {
    /// From device counters in the order of the [`REJECTED_SLOTS`].
    pub fn from_counts(counts: &[u64]) -> Self {
        let batches = |slot: usize| counts.get(slot).copied().unwrap_or(0);
        Self {
            ignored: counts[Reason::Ignored as usize],
            invalid_targets: counts[Reason::InvalidTarget as usize],
            invalid_predictions: counts[Reason::InvalidPrediction as usize],
            nan: counts[Reason::Nan as usize],
            invalid_weights: counts[Reason::InvalidWeight as usize],
            kinds: ScoreKinds {
                probabilities: batches(REASONS),
                logits: batches(REASONS + 1),
            },
            labels: LabelRanges::default(),
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
        let (own, more) = (&mut self.kinds, other.kinds);
        own.probabilities = own.probabilities.saturating_add(more.probabilities);
        own.logits = own.logits.saturating_add(more.logits);
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
    fn counts(&self) -> [u64; REASONS] {
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
    /// Read after every update and fail at once, leaving the state as it was. The error names the range of the batch's labels if
    /// one is invalid. For debugging.
    Eager,
}
