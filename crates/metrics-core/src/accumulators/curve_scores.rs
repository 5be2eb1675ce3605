//! Scores against targets: the state of every metric over all thresholds.

use super::{
    Task, add_counts, add_rejected,
    confusion::{at_least_one, check_labels},
};
use crate::{
    Accumulator, Batch, MetricError, REJECTED_SLOTS, Reason, Rejected, Summary, Support,
    batch::{Binary, Multiclass, Multilabel},
    delta::{Delta, HostDelta},
    ops,
};
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// At which scores a curve is evaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Thresholds {
    /// At every score that occurs. Exact; keeps 8 bytes per score (multiclass: 4 bytes per score
    /// and 4 per row) on the device until it is read and on the host until it is reset.
    #[default]
    Exact,
    /// At so many evenly spaced thresholds from 0 to 1. Constant memory.
    Count(usize),
    /// At these thresholds. Constant memory.
    List(Vec<f32>),
}

impl Thresholds {
    /// The thresholds in rising order; `None` if exact.
    fn rising(&self) -> Option<Vec<f32>> {
        match self {
            Thresholds::Exact => None,
            Thresholds::Count(count) => Some(ops::linspace(*count)),
            Thresholds::List(list) => {
                let mut list = list.clone();
                list.sort_by(f32::total_cmp);
                Some(list)
            }
        }
    }
}

/// Batches that hold a score per decision.
pub trait ScoredBatch: Batch {
    /// What kind of decisions.
    const TASK: Task;
    /// Whether the batch has scores over `width` classes or labels.
    ///
    /// # Errors
    /// [`MetricError::ScoresRequired`], [`MetricError::WidthMismatch`].
    fn check_width(&self, width: usize) -> Result<(), MetricError>;
    /// Probabilities `[N, L]` and raw targets, flat: `[N * L]`, or `[N]` class indices.
    fn table(&self) -> (Tensor<2>, Tensor<1, Int>);
    /// Probabilities `[N, L]` and targets `[N, L]` of 0, 1 or the code of a rejected element.
    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>);
}

impl ScoredBatch for Binary {
    const TASK: Task = Task::Binary;

    fn check_width(&self, _width: usize) -> Result<(), MetricError> {
        check_decisions(&self.decisions)
    }

    fn table(&self) -> (Tensor<2>, Tensor<1, Int>) {
        decision_table(&self.decisions)
    }

    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        decision_codes(&self.decisions, ignore_index)
    }
}

impl ScoredBatch for Multilabel {
    const TASK: Task = Task::Multilabel;

    fn check_width(&self, width: usize) -> Result<(), MetricError> {
        check_labels(width, self)?;
        check_decisions(&self.decisions)
    }

    fn table(&self) -> (Tensor<2>, Tensor<1, Int>) {
        decision_table(&self.decisions)
    }

    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        decision_codes(&self.decisions, ignore_index)
    }
}

impl ScoredBatch for Multiclass {
    const TASK: Task = Task::Multiclass;

    fn check_width(&self, width: usize) -> Result<(), MetricError> {
        self.check_scores("a curve", width)
    }

    fn table(&self) -> (Tensor<2>, Tensor<1, Int>) {
        (
            self.probabilities().unwrap_or_else(|| no_scores(self)),
            self.target.clone(),
        )
    }

    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        let probabilities = self.probabilities().unwrap_or_else(|| no_scores(self));
        let codes = ops::class_codes(probabilities.clone(), self.target.clone(), ignore_index);
        (probabilities, codes)
    }
}

/// What a batch without scores has instead; `check` keeps it from getting here.
fn no_scores(batch: &Multiclass) -> Tensor<2> {
    Tensor::zeros([batch.count_bound(), 0], &batch.device())
}

fn check_decisions(decisions: &crate::batch::Decisions) -> Result<(), MetricError> {
    match decisions.labels {
        true => Err(MetricError::ScoresRequired { metric: "a curve" }),
        false => Ok(()),
    }
}

fn decision_table(decisions: &crate::batch::Decisions) -> (Tensor<2>, Tensor<1, Int>) {
    let [n, labels] = decisions.dims();
    (
        decisions.probabilities(),
        decisions.target.clone().reshape([n * labels]),
    )
}

fn decision_codes(
    decisions: &crate::batch::Decisions,
    ignore_index: Option<i64>,
) -> (Tensor<2>, Tensor<2, Int>) {
    let probabilities = decisions.probabilities();
    let codes = ops::decision_codes(
        probabilities.clone(),
        decisions.target.clone(),
        ignore_index,
    );
    (probabilities, codes)
}

/// Keeps scores and targets, or counts them by threshold.
pub struct CurveScores<B> {
    pub(crate) options: CurveOptions,
    batch: PhantomData<fn(B)>,
}

/// The options of [`CurveScores`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CurveOptions {
    pub width: usize,
    pub thresholds: Thresholds,
    pub ignore_index: Option<i64>,
}

by_options!(CurveScores);

impl<B> CurveScores<B> {
    pub(crate) fn new(width: usize) -> Self {
        let thresholds = Thresholds::Exact;
        Self {
            options: CurveOptions {
                width,
                thresholds,
                ignore_index: None,
            },
            batch: PhantomData,
        }
    }
}

impl<B: ScoredBatch> Accumulator for CurveScores<B> {
    type Batch = B;
    type Summary = CurveCounts;

    fn empty(&self) -> CurveCounts {
        let thresholds = self.options.thresholds.rising();
        let cells = thresholds
            .as_ref()
            .map_or(0, |t| 2 * self.options.width * (t.len() + 1));
        CurveCounts {
            task: B::TASK,
            width: self.options.width,
            scores: Vec::new(),
            targets: Vec::new(),
            thresholds,
            counts: vec![0; cells],
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.options.width, "class")?;
        let invalid = match &self.options.thresholds {
            Thresholds::Exact => None,
            Thresholds::Count(count) if *count < 2 => Some(format!("{count} thresholds")),
            Thresholds::Count(_) => None,
            Thresholds::List(list) if list.is_empty() => Some("no thresholds".into()),
            Thresholds::List(list) => {
                let outside = list.iter().find(|t| !(0.0..=1.0).contains(*t));
                outside.map(|t| format!("a threshold of {t}, outside [0, 1]"))
            }
        };
        match invalid {
            None => Ok(()),
            Some(what) => Err(MetricError::InvalidOption(format!("a curve over {what}"))),
        }
    }

    fn count_bound(&self, batch: &B) -> usize {
        // A rejected row of scores counts once per class.
        let repeats = if B::TASK == Task::Multiclass {
            self.options.width
        } else {
            1
        };
        batch.count_bound().saturating_mul(repeats)
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_width(self.options.width)
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        match self.options.thresholds.rising() {
            None => {
                let (probabilities, target) = batch.table();
                let [n, width] = probabilities.dims();
                delta.append_floats(probabilities.reshape([n * width]));
                delta.append_ints(ops::mark_ignored(target, self.options.ignore_index));
            }
            Some(thresholds) => {
                let (probabilities, codes) = batch.codes(self.options.ignore_index);
                let cells = 2 * self.options.width * (thresholds.len() + 1) + REJECTED_SLOTS;
                delta.counts(0, cells, &batch.device(), |state| {
                    ops::threshold_counts(state, probabilities, codes, &thresholds)
                });
            }
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CurveCounts) {
        if summary.thresholds.is_some() {
            summary.fold_counts(delta);
        } else {
            for (scores, targets) in delta.float_lists().iter().zip(delta.int_lists()) {
                summary.fold_table(scores, targets, self.options.ignore_index.is_some());
            }
        }
    }
}

/// Scores and targets, or their counts by threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveCounts {
    task: Task,
    width: usize,
    /// Exact: the valid scores, row by row of `width`.
    scores: Vec<f32>,
    /// Exact: a class index per row, or 0, 1 or -1 (left out) per score.
    targets: Vec<i32>,
    /// Binned: the thresholds, rising.
    thresholds: Option<Vec<f32>>,
    /// Binned: see [`ops::threshold_counts`].
    counts: Vec<u64>,
    rejected: Rejected,
}

impl CurveCounts {
    fn fold_counts(&mut self, delta: &HostDelta) {
        let Some(block) = delta.counts(0) else { return };
        let (counts, rejected) = block.split_at(self.counts.len());
        add_counts(&mut self.counts, counts);
        // A rejected row of scores was rejected once per class.
        let repeats = if self.task == Task::Multiclass {
            self.width as i32
        } else {
            1
        };
        let rejected: Vec<i32> = rejected.iter().map(|count| count / repeats).collect();
        add_rejected(&mut self.rejected, &rejected);
    }

    fn fold_table(&mut self, scores: &[f32], targets: &[i32], ignores: bool) {
        let classes = self.task == Task::Multiclass;
        let (group, valid) = if classes {
            (self.width, self.width as i32)
        } else {
            (1, 2)
        };
        for (row, target) in scores.chunks_exact(group.max(1)).zip(targets) {
            let reason = if ignores && *target == ops::IGNORED_TARGET {
                Some(Reason::Ignored)
            } else if !(0..valid).contains(target) {
                Some(Reason::InvalidTarget)
            } else if row.iter().any(|score| score.is_nan()) {
                Some(Reason::Nan)
            } else if row.iter().any(|score| !(0.0..=1.0).contains(score)) {
                Some(Reason::InvalidPrediction)
            } else {
                None
            };
            match reason {
                Some(reason) => {
                    self.rejected.add(reason);
                    if !classes {
                        // Keeps the columns in step.
                        self.scores.push(0.0);
                        self.targets.push(-1);
                    }
                }
                None => {
                    self.scores.extend_from_slice(row);
                    self.targets.push(*target);
                }
            }
        }
    }

    /// The task of the scores.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Whether every score that occurs is a threshold.
    pub fn is_exact(&self) -> bool {
        self.thresholds.is_none()
    }

    /// Fails if nothing valid was accumulated.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        let some = match self.is_exact() {
            true => self.targets.iter().any(|target| *target >= 0),
            false => self.counts.iter().any(|count| *count > 0),
        };
        if some {
            Ok(())
        } else {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        }
    }

    /// The curve of every class or label against the rest.
    pub fn columns(&self) -> Vec<ThresholdCurve> {
        (0..self.width)
            .map(|column| self.curve(column..column + 1))
            .collect()
    }

    /// One curve over the decisions of all labels.
    pub fn pooled(&self) -> ThresholdCurve {
        self.curve(0..self.width)
    }

    fn curve(&self, columns: std::ops::Range<usize>) -> ThresholdCurve {
        match &self.thresholds {
            None => {
                let keys = columns.flat_map(|column| {
                    let scores = self.scores.iter().skip(column).step_by(self.width);
                    scores.enumerate().filter_map(move |(row, score)| {
                        let positive = match self.task {
                            Task::Multiclass => self.targets[row] == column as i32,
                            _ => match self.targets[row * self.width + column] {
                                negative if negative < 0 => return None,
                                target => target == 1,
                            },
                        };
                        Some(key(*score, positive))
                    })
                });
                ThresholdCurve::from_keys(keys.collect())
            }
            Some(thresholds) => {
                let block = thresholds.len() + 1;
                let mut sums = vec![0u64; 2 * block];
                for column in columns {
                    let counts = &self.counts[2 * block * column..][..2 * block];
                    sums.iter_mut()
                        .zip(counts)
                        .for_each(|(sum, count)| *sum += count);
                }
                let (negative, positive) = sums.split_at(block);
                ThresholdCurve::from_histograms(thresholds, positive, negative)
            }
        }
    }
}

impl Summary for CurveCounts {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let same = (self.task, self.width, &self.thresholds)
            == (other.task, other.width, &other.thresholds);
        if !same || self.counts.len() != other.counts.len() {
            let what = |c: &Self| format!("{:?} of {} at {:?}", c.task, c.width, c.thresholds);
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.scores.extend_from_slice(&other.scores);
        self.targets.extend_from_slice(&other.targets);
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(sum, count)| *sum += count);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let per_target = if self.task == Task::Multiclass {
            self.width
        } else {
            1
        };
        let cells = self
            .thresholds
            .as_ref()
            .map_or(0, |t| 2 * self.width * (t.len() + 1));
        let whole = self.width > 0 && self.targets.len().is_multiple_of(self.width);
        let table = self.scores.len() == self.targets.len() * per_target;
        match table && (whole || per_target > 1) && self.counts.len() == cells {
            true => Ok(()),
            false => Err(MetricError::Saved(
                "scores and targets that do not fit".into(),
            )),
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

/// A sort key that falls with the score and carries the label in its last bit.
fn key(score: f32, positive: bool) -> u64 {
    // Adding zero makes 0.0 of -0.0. Scores are in [0, 1], where the bits rise with the value.
    ((!(score + 0.0).to_bits() as u64) << 1) | positive as u64
}

/// How many positives and negatives reach each threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdCurve {
    /// The thresholds, falling.
    pub thresholds: Vec<f32>,
    /// Positives with a score of at least the threshold.
    pub tp: Vec<f64>,
    /// Negatives with a score of at least the threshold.
    pub fp: Vec<f64>,
    /// All positives.
    pub positives: f64,
    /// All negatives.
    pub negatives: f64,
}

impl ThresholdCurve {
    /// All elements.
    pub fn support(&self) -> Support {
        Support {
            positives: self.positives as u64,
            negatives: self.negatives as u64,
        }
    }

    fn from_keys(mut keys: Vec<u64>) -> Self {
        keys.sort_unstable();
        let mut curve = Self {
            thresholds: vec![],
            tp: vec![],
            fp: vec![],
            positives: 0.0,
            negatives: 0.0,
        };
        for (i, key) in keys.iter().enumerate() {
            match key & 1 {
                1 => curve.positives += 1.0,
                _ => curve.negatives += 1.0,
            }
            let last_of_its_score = keys.get(i + 1).is_none_or(|next| next >> 1 != key >> 1);
            if last_of_its_score {
                curve.thresholds.push(f32::from_bits(!((key >> 1) as u32)));
                curve.tp.push(curve.positives);
                curve.fp.push(curve.negatives);
            }
        }
        curve
    }

    /// From how many scores reach so many thresholds.
    fn from_histograms(rising: &[f32], positive: &[u64], negative: &[u64]) -> Self {
        // A score that reaches r thresholds reaches the r lowest.
        let reaching = |counts: &[u64]| -> Vec<f64> {
            let mut sum = 0;
            let falling = counts[1..].iter().rev();
            falling
                .map(|count| {
                    sum += count;
                    sum as f64
                })
                .collect()
        };
        Self {
            thresholds: rising.iter().rev().copied().collect(),
            tp: reaching(positive),
            fp: reaching(negative),
            positives: positive.iter().sum::<u64>() as f64,
            negatives: negative.iter().sum::<u64>() as f64,
        }
    }
}
