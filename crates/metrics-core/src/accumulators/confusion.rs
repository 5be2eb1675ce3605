//! Confusion matrices: the state of every metric of counts.

use super::{add_counts, add_rejected};
use crate::{
    Accumulator, Batch, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::{Binary, Multiclass, Multilabel},
    delta::{Delta, HostDelta},
    ops::{self, ConfusionOptions, LabelCountsOptions},
};
use serde::{Deserialize, Serialize};

/// What kind of decisions a [`Confusion`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One 2x2 matrix.
    Binary,
    /// One matrix over the classes.
    Multiclass,
    /// One 2x2 matrix per label.
    Multilabel,
}

/// Confusion counts: exact, whatever their size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// What is counted.
    pub task: Task,
    /// Classes (2 for binary) or labels.
    pub width: usize,
    /// Binary and multiclass: `target * width + prediction`.
    /// Multilabel: `label * 4 + target * 2 + prediction`.
    /// Margins of multiclass: hits, predictions and targets, each by class.
    pub counts: Vec<u64>,
    /// Whether the counts are only the margins of the matrix.
    pub margins: bool,
    /// What was left out.
    pub rejected: Rejected,
}

/// The four outcomes of one class or label, seen as a yes-or-no decision; or means of them.
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

impl Confusion {
    fn new(task: Task, width: usize, margins: bool) -> Self {
        let cells = match task {
            Task::Multilabel => 4 * width,
            _ if margins => 3 * width,
            _ => width * width,
        };
        Self {
            task,
            width,
            counts: vec![0; cells],
            margins,
            rejected: Rejected::default(),
        }
    }

    /// How often `target` was predicted as `prediction`: `None` outside the classes, of margins, and
    /// of labels, which have a matrix each.
    pub fn get(&self, target: usize, prediction: usize) -> Option<u64> {
        let inside = target < self.width && prediction < self.width;
        let cells = inside && !self.margins && self.task != Task::Multilabel;
        cells.then(|| self.counts[target * self.width + prediction])
    }

    /// All decisions that were counted.
    pub fn total(&self) -> u64 {
        match self.margins {
            true => self.counts[2 * self.width..].iter().sum(),
            false => self.counts.iter().sum(),
        }
    }

    /// Fails if nothing was counted.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        match self.counts.iter().any(|count| *count > 0) {
            false => Err(MetricError::Empty {
                rejected: self.rejected,
            }),
            true => Ok(()),
        }
    }

    /// The outcomes per class (multiclass), per label (multilabel), or of the positive class.
    pub fn classes(&self) -> Vec<ClassCounts> {
        let cell = |index: usize| self.counts[index] as f64;
        let quad = |at: usize| ClassCounts {
            tn: cell(at),
            fp: cell(at + 1),
            fn_: cell(at + 2),
            tp: cell(at + 3),
        };
        match self.task {
            Task::Binary => vec![quad(0)],
            Task::Multilabel => (0..self.width).map(|label| quad(4 * label)).collect(),
            Task::Multiclass => {
                let (hits, predicted, targets) = self.margins();
                let total: u64 = targets.iter().sum();
                (0..self.width)
                    .map(|class| {
                        let (tp, fp) = (hits[class], predicted[class] - hits[class]);
                        let fn_ = targets[class] - tp;
                        let [tp, fp, fn_, tn] =
                            [tp, fp, fn_, total - tp - fp - fn_].map(|c| c as f64);
                        ClassCounts { tp, fp, tn, fn_ }
                    })
                    .collect()
            }
        }
    }

    /// Hits, predictions and targets by class.
    fn margins(&self) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
        let width = self.width;
        if self.margins {
            let part = |k: usize| self.counts[k * width..][..width].to_vec();
            return (part(0), part(1), part(2));
        }
        let mut predicted = vec![0; width];
        let mut targets = Vec::with_capacity(width);
        for row in self.counts.chunks_exact(width) {
            targets.push(row.iter().sum());
            predicted
                .iter_mut()
                .zip(row)
                .for_each(|(sum, count)| *sum += count);
        }
        let hits = self.counts.iter().step_by(width + 1).copied().collect();
        (hits, predicted, targets)
    }

    fn fold(&mut self, delta: &HostDelta) {
        let Some(block) = delta.counts(0) else { return };
        let (counts, rejected) = block.split_at(self.counts.len());
        add_counts(&mut self.counts, counts);
        add_rejected(&mut self.rejected, rejected);
    }
}

impl Summary for Confusion {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let shape = |c: &Self| (c.task, c.width, c.margins, c.counts.len());
        if shape(self) != shape(other) {
            return Err(MetricError::MergeMismatch {
                left: format!("{:?} of {}", self.task, self.width),
                right: format!("{:?} of {}", other.task, other.width),
            });
        }
        for (count, other) in self.counts.iter_mut().zip(&other.counts) {
            *count += other;
        }
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let cells = Self::new(self.task, self.width, self.margins).counts.len();
        let (hits, others) = self.counts.split_at(self.width.min(self.counts.len()));
        let hits_fit = || {
            hits.iter()
                .zip(others.chunks(self.width.max(1)).next().unwrap_or(&[]))
                .all(|(hits, all)| hits <= all)
        };
        match self.counts.len() == cells && (!self.margins || hits_fit()) {
            true => Ok(()),
            false => Err(MetricError::Saved(
                "a confusion matrix of another size".into(),
            )),
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

/// Counts decisions at a threshold: 4 device counters.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryConfusion {
    pub(crate) threshold: f32,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for BinaryConfusion {
    type Batch = Binary;
    type Summary = Confusion;

    fn empty(&self) -> Confusion {
        Confusion::new(Task::Binary, 2, false)
    }

    fn validate(&self) -> Result<(), MetricError> {
        check_threshold(self.threshold)
    }

    fn check(&self, _batch: &Binary) -> Result<(), MetricError> {
        Ok(())
    }

    fn update(&self, delta: &mut Delta, batch: &Binary) {
        count_decisions(delta, &batch.decisions, self.threshold, self.ignore_index);
    }

    fn fold(&self, delta: &HostDelta, summary: &mut Confusion) {
        summary.fold(delta);
    }
}

/// Counts decisions per label at a threshold: `4 * L` device counters.
#[derive(Debug, Clone, PartialEq)]
pub struct MultilabelConfusion {
    pub(crate) labels: usize,
    pub(crate) threshold: f32,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for MultilabelConfusion {
    type Batch = Multilabel;
    type Summary = Confusion;

    fn empty(&self) -> Confusion {
        Confusion::new(Task::Multilabel, self.labels, false)
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.labels, "label")?;
        check_threshold(self.threshold)
    }

    fn check(&self, batch: &Multilabel) -> Result<(), MetricError> {
        check_labels(self.labels, batch)
    }

    fn update(&self, delta: &mut Delta, batch: &Multilabel) {
        count_decisions(delta, &batch.decisions, self.threshold, self.ignore_index);
    }

    fn fold(&self, delta: &HostDelta, summary: &mut Confusion) {
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

fn check_threshold(threshold: f32) -> Result<(), MetricError> {
    match (0.0..=1.0).contains(&threshold) {
        true => Ok(()),
        false => Err(MetricError::InvalidOption(format!(
            "the threshold must be in [0, 1], not {threshold}"
        ))),
    }
}

/// That a batch has the labels a metric was made for.
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

fn count_decisions(
    delta: &mut Delta,
    decisions: &crate::batch::Decisions,
    threshold: f32,
    ignore_index: Option<i64>,
) {
    let [_, labels] = decisions.dims();
    let device = decisions.target.device();
    // Predicted labels are 0 or 1, whatever the threshold for scores.
    let threshold = if decisions.labels { 0.5 } else { threshold };
    delta.counts(0, 4 * labels + REJECTED_SLOTS, &device, |state| {
        ops::label_counts(
            state,
            decisions.probabilities(),
            decisions.target.clone(),
            LabelCountsOptions {
                threshold,
                ignore_index,
            },
        )
    });
}

/// Counts pairs of target and predicted class: `C * C` device counters, or only the margins of
/// that matrix in `3 * C` counters, if no metric needs more.
#[derive(Debug, Clone, PartialEq)]
pub struct MulticlassConfusion {
    pub(crate) classes: usize,
    pub(crate) top_k: usize,
    pub(crate) matrix: bool,
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for MulticlassConfusion {
    type Batch = Multiclass;
    type Summary = Confusion;

    fn empty(&self) -> Confusion {
        // Invalid options fail in every update; a matrix too large must not be tried before.
        let classes = if self.validate().is_ok() {
            self.classes
        } else {
            0
        };
        Confusion::new(Task::Multiclass, classes, !self.matrix)
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

    fn update(&self, delta: &mut Delta, batch: &Multiclass) {
        let options = ConfusionOptions {
            classes: self.classes,
            top_k: self.top_k,
            ignore_index: self.ignore_index,
        };
        let cells = match self.matrix {
            true => self.classes * self.classes,
            false => 3 * self.classes,
        };
        delta.counts(0, cells + REJECTED_SLOTS, &batch.device(), |state| {
            let target = batch.target.clone();
            let ranks = || batch.ranks(self.classes);
            match (batch.labels(), self.matrix) {
                (Some(pred), true) => ops::label_confusion(state, pred.clone(), target, options),
                (Some(pred), false) => ops::label_margins(state, pred.clone(), target, options),
                (None, true) => ops::confusion(state, ranks(), target, options),
                (None, false) => ops::class_margins(state, ranks(), target, options),
            }
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut Confusion) {
        summary.fold(delta);
    }
}
