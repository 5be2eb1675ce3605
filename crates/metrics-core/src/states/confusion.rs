//! Confusion matrices: the state of every metric of counts.

use super::Tally;
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::{Binary, Multiclass, Multilabel},
    ops::{
        ConfusionOptions, LabelCountsOptions,
        decisions::{DecisionSink, Decisions, Real},
        rows::RowSink,
    },
};
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
    pub tp: f64,
    /// False positives.
    pub fp: f64,
    /// True negatives.
    pub tn: f64,
    /// False negatives.
    #[serde(rename = "fn")]
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
        let elements: u64 = counts[from..].iter().sum();
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
        let total: u64 = targets.iter().sum();
        (0..self.width)
            .map(|class| {
                // A damaged file may hold margins that are of no matrix.
                let tp = hits[class];
                let fp = predicted[class].saturating_sub(tp);
                let fn_ = targets[class].saturating_sub(tp);
                let tn = total.saturating_sub(tp + fp + fn_);
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
                let elsewhere = match elsewhere > CANCELLED * other_misses[class] {
                    true => elsewhere,
                    false => 0.0,
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
        let mut predicted = vec![0; width];
        let mut targets = Vec::with_capacity(width);
        for row in self.tally.counts.chunks_exact(width) {
            targets.push(row.iter().sum());
            predicted
                .iter_mut()
                .zip(row)
                .for_each(|(sum, count)| *sum += count);
        }
        let hits = self.tally.counts.iter().step_by(width + 1);
        let hits = hits.copied().collect();
        (hits, predicted, targets)
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
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let shape = |c: &Self| (c.task, c.width, c.margins);
        if shape(self) != shape(other) || !other.tally.fits(self.tally.counts.len()) {
            return Err(MetricError::MergeMismatch {
                left: format!("{:?} of {}", self.task, self.width),
                right: format!("{:?} of {}", other.task, other.width),
            });
        }
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

/// Counts decisions at a threshold: 4 device counters, and 4 sums for weighted batches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BinaryConfusion {
    #[serde(serialize_with = "crate::number::single")]
    pub(crate) threshold: f32,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for BinaryConfusion {
    type Batch = Binary;
    type Summary = ConfusionSummary;

    fn identity(&self) -> Identity {
        Identity::new("confusion/binary", 1).with(self)
    }

    fn empty(&self) -> ConfusionSummary {
        ConfusionSummary::new(TaskKind::Binary, 2, false)
    }

    fn validate(&self) -> Result<(), MetricError> {
        check_threshold(self.threshold)
    }

    fn check(&self, _batch: &Binary) -> Result<(), MetricError> {
        Ok(())
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn update(&self, delta: &mut Delta, batch: &Binary) {
        let sink = DecisionSink::Cells {
            threshold: Real::new(self.threshold),
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.decisions, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ConfusionSummary) {
        summary.fold(delta);
    }
}

/// Counts decisions per label at a threshold: `4 * L` device counters, and `4 * L` sums for weighted
/// batches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MultilabelConfusion {
    pub(crate) labels: usize,
    #[serde(serialize_with = "crate::number::single")]
    pub(crate) threshold: f32,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for MultilabelConfusion {
    type Batch = Multilabel;
    type Summary = ConfusionSummary;

    fn identity(&self) -> Identity {
        Identity::new("confusion/multilabel", 1).with(self)
    }

    fn empty(&self) -> ConfusionSummary {
        ConfusionSummary::new(TaskKind::Multilabel, self.labels, false)
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.labels, "label")?;
        check_threshold(self.threshold)
    }

    fn check(&self, batch: &Multilabel) -> Result<(), MetricError> {
        check_labels(self.labels, batch)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn update(&self, delta: &mut Delta, batch: &Multilabel) {
        let sink = DecisionSink::Cells {
            threshold: Real::new(self.threshold),
            ignore_index: self.ignore_index,
        };
        delta.want((&batch.decisions, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ConfusionSummary) {
        summary.fold(delta);
    }
}

/// The most classes a confusion matrix may have: 4 GiB of device counters.
const MATRIX_LIMIT: usize = 1 << 15;

pub(crate) fn at_least_one(count: usize, what: &str) -> Result<(), MetricError> {
    match count {
        0 => Err(MetricError::InvalidOption(format!(
            "needs at least one {what}"
        ))),
        _ => Ok(()),
    }
}

pub(crate) fn check_threshold(threshold: f32) -> Result<(), MetricError> {
    match (0.0..=1.0).contains(&threshold) {
        true => Ok(()),
        false => Err(MetricError::InvalidOption(format!(
            "the threshold must be in [0, 1], not {threshold}"
        ))),
    }
}

/// Fails if a batch has another number of labels than the metric was made for.
pub(crate) fn check_labels(labels: usize, batch: &Multilabel) -> Result<(), MetricError> {
    let shape = batch.decisions.dims();
    if shape[1] == labels {
        return Ok(());
    }
    Err(MetricError::WidthMismatch {
        unit: "labels",
        expected: labels,
        found: shape[1],
        shape: shape.to_vec(),
    })
}

/// The options to count decisions with.
pub(crate) fn label_options(
    decisions: &Decisions,
    threshold: f32,
    ignore_index: Option<i64>,
) -> LabelCountsOptions {
    LabelCountsOptions {
        // Predicted labels are 0 or 1, whatever the threshold for scores.
        threshold: if decisions.labels { 0.5 } else { threshold },
        ignore_index,
    }
}

/// Counts pairs of target and predicted class: `C * C` device counters, or only the margins of
/// that matrix in `3 * C` counters, if no metric needs more. Weighted batches have sums in their place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MulticlassConfusion {
    pub(crate) classes: usize,
    pub(crate) top_k: usize,
    pub(crate) matrix: bool,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for MulticlassConfusion {
    type Batch = Multiclass;
    type Summary = ConfusionSummary;

    fn identity(&self) -> Identity {
        Identity::new("confusion/multiclass", 1).with(self)
    }

    fn empty(&self) -> ConfusionSummary {
        // Invalid options fail in every update; a matrix too large must not be tried before.
        let classes = if self.validate().is_ok() {
            self.classes
        } else {
            0
        };
        ConfusionSummary::new(TaskKind::Multiclass, classes, !self.matrix)
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.classes, "class")?;
        if !(1..=self.classes).contains(&self.top_k) {
            return Err(MetricError::InvalidOption(format!(
                "top_k must be in 1..={}, not {}",
                self.classes, self.top_k
            )));
        }
        if self.matrix && self.classes > MATRIX_LIMIT {
            return Err(MetricError::InvalidOption(format!(
                "a confusion matrix may have at most {MATRIX_LIMIT} classes, not {}",
                self.classes
            )));
        }
        Ok(())
    }

    fn covers(&self, other: &Self) -> bool {
        *self
            == Self {
                matrix: self.matrix,
                ..other.clone()
            }
            && self.matrix >= other.matrix
    }

    fn check(&self, batch: &Multiclass) -> Result<(), MetricError> {
        if batch.scores().is_some() || self.top_k > 1 {
            batch.check_scores("top_k above 1", self.classes)?;
        }
        Ok(())
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn update(&self, delta: &mut Delta, batch: &Multiclass) {
        let options = ConfusionOptions {
            classes: self.classes,
            top_k: self.top_k,
            ignore_index: self.ignore_index,
        };
        let sink = if self.matrix {
            RowSink::Matrix(options)
        } else {
            RowSink::Margins(options)
        };
        delta.want((&batch.rows, sink));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ConfusionSummary) {
        summary.fold(delta);
    }
}
