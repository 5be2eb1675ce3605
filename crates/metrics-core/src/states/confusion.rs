//! Confusion matrices: the state of every metric of counts.

mod accumulators;

use super::Tally;
use crate::{HostDelta, MetricError, Rejected, Summary};
pub use accumulators::{BinaryConfusion, MulticlassConfusion, MultilabelConfusion};
pub(crate) use accumulators::{at_least_one, check_labels, check_threshold};
use serde::{Deserialize, Serialize};

/// What kind of decisions a [`ConfusionSummary`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// One 2x2 matrix.
    Binary,
    /// One matrix over the classes.
    Multiclass,
    /// One 2x2 matrix per label.
    Multilabel,
}

/// Confusion counts: exact, whatever their size. Elements with a weight are in sums of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfusionSummary {
    /// What is counted.
    pub task: TaskKind,
    /// Classes (2 for binary) or labels.
    pub width: usize,
    /// The cells. Binary and multiclass: `target * width + prediction`. Multilabel:
    /// `label * 4 + target * 2 + prediction`.
    ///
    /// Margins of multiclass: the counts are hits, predictions and targets, each by class. The weights are true
    /// positives, false positives and false negatives, each by class, since a difference of margins would
    /// lose small weights beside large ones.
    pub tally: Tally,
    /// Whether the counts are only the margins of the matrix.
    pub margins: bool,
    /// What was left out.
    pub rejected: Rejected,
}

/// The four outcomes of one class or label, seen as a yes-or-no decision; or means of such outcomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassCounts {
    /// True positives.
    #[serde(with = "crate::number")]
    pub tp: f64,
    /// False positives.
    #[serde(with = "crate::number")]
    pub fp: f64,
    /// True negatives.
    #[serde(with = "crate::number")]
    pub tn: f64,
    /// False negatives.
    #[serde(rename = "fn", with = "crate::number")]
    pub fn_: f64,
}

impl ClassCounts {
    /// The names of the [`columns`](Self::columns).
    pub const COLUMNS: [&'static str; 5] = ["tp", "fp", "tn", "fn", "support"];

    /// True positives, false positives, true negatives, false negatives, support.
    pub fn columns(&self) -> [f64; 5] {
        [self.tp, self.fp, self.tn, self.fn_, self.support()]
    }

    /// How often the class was the target.
    pub fn support(&self) -> f64 {
        self.tp + self.fn_
    }

    /// How often the class was predicted.
    pub fn predicted(&self) -> f64 {
        self.tp + self.fp
    }

    /// Whether the class is neither target nor prediction anywhere.
    pub fn is_unseen(&self) -> bool {
        self.tp + self.fp + self.fn_ == 0.0
    }

    /// All decisions.
    pub fn total(&self) -> f64 {
        self.tp + self.fp + self.tn + self.fn_
    }
}

impl std::iter::Sum for ClassCounts {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), |a, b| Self {
            tp: a.tp + b.tp,
            fp: a.fp + b.fp,
            tn: a.tn + b.tn,
            fn_: a.fn_ + b.fn_,
        })
    }
}

impl ConfusionSummary {
    fn new(task: TaskKind, width: usize, margins: bool) -> Self {
        let cells = match task {
            TaskKind::Multilabel => 4 * width,
            _ if margins => 3 * width,
            _ => width * width,
        };
        Self {
            task,
            width,
            tally: Tally::new(cells),
            margins,
            rejected: Rejected::default(),
        }
    }

    /// The summary of one sample, for which the margins are enough.
    pub(crate) fn of_sample(task: TaskKind, width: usize, counters: &[u32]) -> Self {
        Self {
            task,
            width,
            tally: Tally::of(counters.iter().map(|count| u64::from(*count)).collect()),
            margins: task == TaskKind::Multiclass,
            rejected: Rejected::default(),
        }
    }

    /// How often `target` was predicted as `prediction`. `None` outside the classes, for margins, and
    /// for labels, which have a matrix each.
    pub fn get(&self, target: usize, prediction: usize) -> Option<f64> {
        let inside = target < self.width && prediction < self.width;
        let cells = inside && !self.margins && self.task != TaskKind::Multilabel;
        cells.then(|| self.cell(target * self.width + prediction))
    }

    /// The cells, elements and weights together. Margins have no cells.
    pub fn cells(&self) -> Vec<f64> {
        if self.margins {
            return Vec::new();
        }
        self.tally.cells()
    }

    fn cell(&self, index: usize) -> f64 {
        self.tally.get(index)
    }

    /// All decisions that were counted, each by its weight if it has one.
    pub fn total(&self) -> f64 {
        let Tally { counts, weighted } = &self.tally;
        let (first, from) = if self.margins {
            (self.width, 2 * self.width)
        } else {
            (counts.len(), 0)
        };
        let elements = if self.tally.is_small() {
            counts[from..].iter().sum()
        } else {
            counts[from..].iter().copied().fold(0, u64::saturating_add)
        };
        // Of weighted margins each element is either a hit or a false negative.
        let weights = weighted.iter().enumerate();
        let weights = weights.filter(|(i, _)| *i < first || *i >= 2 * self.width);
        elements as f64 + weights.map(|(_, weight)| weight).sum::<f64>()
    }

    /// Fails if nothing was counted, or if all weights are 0.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        if self.tally.is_zero() {
            return Err(MetricError::Empty {
                rejected: self.rejected,
            });
        }
        Ok(())
    }

    /// The outcomes per class (multiclass), per label (multilabel), or of the positive class.
    pub fn classes(&self) -> Vec<ClassCounts> {
        let quad = |at: usize| ClassCounts {
            tn: self.cell(at),
            fp: self.cell(at + 1),
            fn_: self.cell(at + 2),
            tp: self.cell(at + 3),
        };
        match self.task {
            TaskKind::Binary => vec![quad(0)],
            TaskKind::Multilabel => (0..self.width).map(|label| quad(4 * label)).collect(),
            TaskKind::Multiclass if !self.tally.is_weighted() => self.unweighted_classes(),
            TaskKind::Multiclass => (self.unweighted_classes().into_iter())
                .zip(self.weighted_classes())
                .map(|pair| <[_; 2]>::from(pair).into_iter().sum())
                .collect(),
        }
    }

    fn unweighted_classes(&self) -> Vec<ClassCounts> {
        let (hits, predicted, targets) = self.margins();
        // An altered state may hold counts whose sum is beyond all numbers.
        let total = targets.iter().copied().fold(0, u64::saturating_add);
        (0..self.width)
            .map(|class| {
                // A damaged file may hold margins that are of no matrix.
                let tp = hits[class];
                let fp = predicted[class].saturating_sub(tp);
                let fn_ = targets[class].saturating_sub(tp);
                let tn = total.saturating_sub(tp.saturating_add(fp).saturating_add(fn_));
                let [tp, fp, fn_, tn] = [tp, fp, fn_, tn].map(|c| c as f64);
                ClassCounts { tp, fp, tn, fn_ }
            })
            .collect()
    }

    fn weighted_classes(&self) -> Vec<ClassCounts> {
        let (tp, fp, fn_) = self.weighted_outcomes();
        let (other_hits, other_misses) = (of_others(&tp), of_others(&fn_));
        (0..self.width)
            .map(|class| {
                // Of the elements of other classes that were taken for yet others. The sums of what
                // would cancel differ in their last digits.
                let elsewhere = other_misses[class] - fp[class];
                let elsewhere = if elsewhere > CANCELLED * other_misses[class] {
                    elsewhere
                } else {
                    0.0
                };
                ClassCounts {
                    tp: tp[class],
                    fp: fp[class],
                    tn: other_hits[class] + elsewhere,
                    fn_: fn_[class],
                }
            })
            .collect()
    }

    /// Weights of true positives, false positives and false negatives by class.
    fn weighted_outcomes(&self) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let width = self.width;
        if self.margins {
            let part = |k: usize| self.tally.weighted[k * width..][..width].to_vec();
            return (part(0), part(1), part(2));
        }
        let mut outcomes = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
        for (cell, weight) in self.tally.weighted.iter().enumerate() {
            let (target, pred) = (cell / width, cell % width);
            if target == pred {
                outcomes.0[target] = *weight;
            } else {
                outcomes.1[pred] += weight;
                outcomes.2[target] += weight;
            }
        }
        outcomes
    }

    /// Hits, predictions and targets by class.
    fn margins(&self) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
        let width = self.width;
        if self.margins {
            let part = |k: usize| self.tally.counts[k * width..][..width].to_vec();
            return (part(0), part(1), part(2));
        }
        let (predicted, targets) = if self.tally.is_small() {
            self.sums(|a, b| a + b)
        } else {
            self.sums(u64::saturating_add)
        };
        let hits = self.tally.counts.iter().step_by(width + 1);
        let hits = hits.copied().collect();
        (hits, predicted, targets)
    }

    /// The sums of columns and of rows of the matrix.
    fn sums(&self, add: impl Fn(u64, u64) -> u64) -> (Vec<u64>, Vec<u64>) {
        let mut columns = vec![0; self.width];
        let rows = self.tally.counts.chunks_exact(self.width).map(|row| {
            let pairs = columns.iter_mut().zip(row);
            pairs.for_each(|(sum, count)| *sum = add(*sum, *count));
            row.iter().copied().fold(0, &add)
        });
        let rows = rows.collect();
        (columns, rows)
    }

    fn fold(&mut self, delta: &HostDelta) {
        for block in delta.blocks() {
            self.tally.fold(block, &mut self.rejected);
        }
    }
}

/// The share of a sum of weights below which a difference of two such sums is taken as rounding.
const CANCELLED: f64 = 1e-11;

/// For each number the sum of all other numbers, computed without a difference.
pub(crate) fn of_others(numbers: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; numbers.len()];
    let mut before = 0.0;
    for (sum, number) in sums.iter_mut().zip(numbers) {
        *sum = before;
        before += number;
    }
    let mut after = 0.0;
    for (sum, number) in sums.iter_mut().zip(numbers).rev() {
        *sum += after;
        after += number;
    }
    sums
}

impl Summary for ConfusionSummary {
    fn counted(&self) -> u128 {
        self.tally.counted() + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let shape = |c: &Self| (c.task, c.width, c.margins);
        if shape(self) != shape(other) || !other.tally.fits(self.tally.counts.len()) {
            return Err(MetricError::MergeMismatch {
                left: format!("{:?} of {}", self.task, self.width),
                right: format!("{:?} of {}", other.task, other.width),
            });
        }
        self.room_for(other)?;
        self.tally.merge(&other.tally);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        // The width is the file's: nothing is allocated for it.
        let cells = match self.task {
            TaskKind::Multilabel => self.width.checked_mul(4),
            _ if self.margins => self.width.checked_mul(3),
            _ => self.width.checked_mul(self.width),
        };
        let counts = &self.tally.counts;
        let (hits, others) = counts.split_at(self.width.min(counts.len()));
        let hits_fit = || {
            hits.iter()
                .zip(others.chunks(self.width.max(1)).next().unwrap_or(&[]))
                .all(|(hits, all)| hits <= all)
        };
        let fits = cells.is_some_and(|cells| self.tally.fits(cells));
        if fits && (!self.margins || hits_fit()) {
            return Ok(());
        }
        Err(MetricError::saved("a confusion matrix of another size"))
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
