//! Scores against targets: the state of every metric over all thresholds.

use super::{
    Task, add_counts, add_rejected,
    confusion::{at_least_one, check_labels},
    score_keys::{self, LEFT_OUT, key},
};
use crate::{
    Accumulator, Batch, MetricError, REJECTED_SLOTS, Reason, Rejected, Summary, Support,
    batch::{Binary, Multiclass, Multilabel},
    delta::{Delta, HostDelta},
    ops::{self, AREA_COUNTS},
};
use burn::tensor::{Int, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{marker::PhantomData, sync::OnceLock};

/// At which scores a curve is evaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Thresholds {
    /// At every score that occurs. Exact; keeps 8 bytes per score (multiclass: 4 bytes per score
    /// and 4 per row) on the device until it is read, then on the host 4 bytes per score until it
    /// is reset, and 4 more once there is a value.
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
    /// Whether a metric needs more than the areas under the curves.
    pub whole: bool,
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
                whole: true,
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
            keys: Vec::new(),
            sorted: Sorted::default(),
            areas: None,
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

    fn covers(&self, other: &Self) -> bool {
        let same = CurveOptions {
            whole: self.options.whole,
            ..other.options.clone()
        };
        self.options == same && self.options.whole >= other.options.whole
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

    fn condense(&self, delta: &Delta) -> Option<Delta> {
        if self.options.whole || self.options.thresholds != Thresholds::Exact {
            return None;
        }
        let (targets, scores) = delta.lists()?;
        let width = self.options.width;
        let [size] = scores.dims();
        // In host memory there is nothing to save.
        if size == 0 || ops::is_host(&scores.device()) {
            return None;
        }
        let ignored = self
            .options
            .ignore_index
            .map(|_| ops::IGNORED_TARGET as i64);
        let scores = scores.reshape([size / width, width]);
        let codes = match B::TASK {
            Task::Multiclass => ops::class_codes(scores.clone(), targets, ignored),
            _ => {
                let targets = targets.reshape([size / width, width]);
                ops::decision_codes(scores.clone(), targets, ignored)
            }
        };
        let pooled = (
            scores.clone().reshape([size, 1]),
            codes.clone().reshape([size, 1]),
        );
        let (counts, precisions) = ops::curve_areas(scores, codes)?;
        let (mut counts, mut precisions) = (vec![counts], vec![precisions]);
        if B::TASK == Task::Multilabel {
            let (more, sums) = ops::curve_areas(pooled.0, pooled.1)?;
            counts.push(more);
            precisions.push(sums);
        }
        Some(Delta::condensed(counts, precisions))
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CurveCounts) {
        if delta.is_condensed() {
            summary.fold_areas(delta);
        } else if summary.thresholds.is_some() {
            summary.fold_counts(delta);
        } else {
            let lists = delta.float_lists();
            summary.keys.reserve(lists.iter().map(Vec::len).sum());
            for (scores, targets) in lists.iter().zip(delta.int_lists()) {
                summary.fold_table(scores, targets, self.options.ignore_index.is_some());
            }
        }
    }
}

/// Scores with their labels, or their counts by threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveCounts {
    task: Task,
    width: usize,
    /// Exact: a key per valid score, row by row of `width`.
    keys: Vec<u32>,
    #[serde(skip)]
    sorted: Sorted,
    /// Instead of keys: what areas come from, of every column and of all of them together.
    #[serde(skip)]
    areas: Option<(Vec<Areas>, Option<Areas>)>,
    /// Binned: the thresholds, rising.
    thresholds: Option<Vec<f32>>,
    /// Binned: see [`ops::threshold_counts`].
    counts: Vec<u64>,
    rejected: Rejected,
}

/// What the areas under a curve come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Areas {
    /// Twice the pairs of a positive and a negative in which the positive scores higher; a tie is half
    /// of one.
    pub wins: u64,
    /// The sum of the precision at the score of every positive.
    pub precisions: f64,
    positives: u64,
    negatives: u64,
}

impl Areas {
    fn new(counts: &[i32], precisions: f64) -> Self {
        let number = |place: usize| counts[place] as u32 as u64;
        Self {
            wins: number(0) | number(1) << 32,
            positives: number(2),
            negatives: number(3),
            precisions,
        }
    }
}

/// The sorted keys, column by column, for all metrics that finalize the same summary.
#[derive(Debug, Clone, Default)]
struct Sorted(OnceLock<Vec<u32>>);

/// What is derived from the keys makes no difference between summaries.
impl PartialEq for Sorted {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl CurveCounts {
    fn fold_counts(&mut self, delta: &HostDelta) {
        let Some(block) = delta.counts(0) else { return };
        let (counts, rejected) = block.split_at(self.counts.len());
        add_counts(&mut self.counts, counts);
        self.fold_rejected(rejected);
    }

    fn fold_rejected(&mut self, rejected: &[i32]) {
        // A rejected row of scores was rejected once per class.
        let repeats = match self.task {
            Task::Multiclass => self.width as i32,
            _ => 1,
        };
        let rejected: Vec<i32> = rejected.iter().map(|count| count / repeats).collect();
        add_rejected(&mut self.rejected, &rejected);
    }

    fn fold_areas(&mut self, delta: &HostDelta) {
        let block = |slot| {
            let (counts, sums) = (delta.counts(slot)?, delta.sums(slot)?);
            let areas = counts.chunks_exact(AREA_COUNTS).zip(sums);
            Some(areas.map(|(counts, sum)| Areas::new(counts, sum)).collect())
        };
        let (Some(columns), Some(counts)): (Option<Vec<_>>, _) = (block(0), delta.counts(0)) else {
            return;
        };
        self.fold_rejected(&counts[columns.len() * AREA_COUNTS..]);
        let pooled = block(1).and_then(|areas| areas.first().copied());
        self.areas = Some((columns, pooled));
    }

    fn fold_table(&mut self, scores: &[f32], targets: &[i32], ignores: bool) {
        self.sorted = Sorted::default();
        if self.task == Task::Multiclass {
            self.fold_rows(scores, targets, ignores);
        } else {
            self.fold_decisions(scores, targets, ignores);
        }
    }

    /// A class index per row.
    fn fold_rows(&mut self, scores: &[f32], targets: &[i32], ignores: bool) {
        for (row, target) in scores.chunks_exact(self.width).zip(targets) {
            match rejection(row, *target, self.width, ignores) {
                Some(reason) => self.rejected.add(reason),
                None => {
                    let start = self.keys.len();
                    self.keys.extend(row.iter().map(|score| key(*score, false)));
                    self.keys[start + *target as usize] |= 1;
                }
            }
        }
    }

    /// 0 or 1 per score. Pieces without a rejection, which is most of them, go without a branch.
    fn fold_decisions(&mut self, scores: &[f32], targets: &[i32], ignores: bool) {
        for (scores, targets) in scores.chunks(1024).zip(targets.chunks(1024)) {
            let binary = targets.iter().fold(0, |any, target| any | *target) >> 1 == 0;
            let pairs = scores.iter().zip(targets);
            if binary && are_probabilities(scores) {
                self.keys.extend(pairs.map(|(s, t)| key(*s, *t == 1)));
                continue;
            }
            for (score, target) in pairs {
                let reason = rejection(&[*score], *target, 2, ignores);
                reason.iter().for_each(|reason| self.rejected.add(*reason));
                // Something in its place keeps the columns in step.
                self.keys.push(match reason {
                    Some(_) => LEFT_OUT,
                    None => key(*score, *target == 1),
                });
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
            true if self.areas.is_some() => (self.areas.iter().flat_map(|(columns, _)| columns))
                .any(|areas| areas.positives + areas.negatives > 0),
            true => self.keys.iter().any(|key| *key != LEFT_OUT),
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
        self.each_column(|column| column.curve())
    }

    /// One curve over the decisions of all labels.
    pub fn pooled(&self) -> ThresholdCurve {
        self.all_columns(|column| column.curve())
    }

    /// What `f` makes of every class or label against the rest.
    pub(crate) fn each_column<T: Send>(&self, f: impl Fn(Column) -> T + Sync) -> Vec<T> {
        if let Some((columns, _)) = &self.areas {
            return columns
                .iter()
                .map(|areas| f(Column::condensed(areas)))
                .collect();
        }
        let Some(thresholds) = &self.thresholds else {
            let rows = self.keys.len() / self.width;
            let sorted = self.sorted();
            let column = |column| f(Column::exact(&sorted[column * rows..][..rows]));
            return (0..self.width).into_par_iter().map(column).collect();
        };
        let blocks = self.counts.chunks_exact(2 * (thresholds.len() + 1));
        blocks
            .map(|counts| f(Column::binned(thresholds, counts)))
            .collect()
    }

    /// What `f` makes of the decisions of all labels.
    pub(crate) fn all_columns<T>(&self, f: impl Fn(Column) -> T) -> T {
        match (&self.areas, &self.thresholds) {
            (Some((columns, pooled)), _) => {
                f(Column::condensed(pooled.as_ref().unwrap_or(&columns[0])))
            }
            (_, None) if self.width == 1 => f(Column::exact(self.sorted())),
            (_, None) => f(Column::exact(&score_keys::sorted_columns(&self.keys, 1))),
            (_, Some(thresholds)) => {
                let block = 2 * (thresholds.len() + 1);
                let mut sums = vec![0u64; block];
                for counts in self.counts.chunks_exact(block) {
                    let pairs = sums.iter_mut().zip(counts);
                    pairs.for_each(|(sum, count)| *sum += count);
                }
                f(Column::binned(thresholds, &sums))
            }
        }
    }

    fn sorted(&self) -> &[u32] {
        let sort = || score_keys::sorted_columns(&self.keys, self.width);
        self.sorted.0.get_or_init(sort)
    }
}

/// What a bootstrap draws from, and what it makes of that.
impl CurveCounts {
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The keys of rows in which something counts, in rising order, and the width of a row. `None` if
    /// there are only counts.
    pub(crate) fn rows(&self) -> Option<(Vec<u32>, usize)> {
        let table = match self.is_exact() {
            false => return None,
            true if self.width == 1 => self.sorted(),
            true => &self.keys,
        };
        let rows = table.chunks_exact(self.width);
        let mut rows: Vec<_> = rows
            .filter(|row| row.iter().any(|key| *key != LEFT_OUT))
            .collect();
        // However they were merged. Takes no time if they are sorted.
        rows.sort();
        Some((rows.concat(), self.width))
    }

    /// The counts by threshold.
    pub(crate) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// An empty summary with keys as from [`rows`](Self::rows).
    pub(crate) fn with_rows(&self, keys: Vec<u32>) -> Self {
        let sorted = Sorted::default();
        if self.width == 1 {
            sorted.0.set(keys.clone()).ok();
        }
        Self {
            keys,
            sorted,
            ..self.clone()
        }
    }

    /// An empty summary with other counts by threshold.
    pub(crate) fn with_counts(&self, counts: Vec<u64>) -> Self {
        Self {
            counts,
            ..self.clone()
        }
    }
}

/// Why a row is left out, whose target must be below `valid`.
fn rejection(row: &[f32], target: i32, valid: usize, ignores: bool) -> Option<Reason> {
    if ignores && target == ops::IGNORED_TARGET {
        Some(Reason::Ignored)
    } else if target < 0 || target as usize >= valid {
        Some(Reason::InvalidTarget)
    } else if are_probabilities(row) {
        None
    } else if row.iter().any(|score| score.is_nan()) {
        Some(Reason::Nan)
    } else {
        Some(Reason::InvalidPrediction)
    }
}

/// Whether all are in `[0, 1]`. Without a branch, so that the loop vectorizes.
fn are_probabilities(scores: &[f32]) -> bool {
    scores
        .iter()
        .fold(true, |all, score| all & (*score >= 0.0) & (*score <= 1.0))
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
        self.sorted = Sorted::default();
        self.keys.extend_from_slice(&other.keys);
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(sum, count)| *sum += count);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let cells = self
            .thresholds
            .as_ref()
            .map_or(0, |t| 2 * self.width * (t.len() + 1));
        let whole = self.width > 0 && self.keys.len().is_multiple_of(self.width);
        let keys = self.keys.iter().all(|key| score_keys::is_key(*key));
        match whole && keys && self.counts.len() == cells {
            true => Ok(()),
            false => Err(MetricError::Saved("scores that do not fit".into())),
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

/// Decisions over falling thresholds, without a list of them.
pub(crate) struct Column<'a> {
    points: Points<'a>,
    /// All positives.
    pub positives: u64,
    /// All negatives.
    pub negatives: u64,
}

enum Points<'a> {
    /// Keys in rising order.
    Exact(&'a [u32]),
    /// Rising thresholds, and by how many of them are reached the negatives and the positives.
    Binned(&'a [f32], &'a [u64], &'a [u64]),
    /// Only what areas come from.
    Condensed(Areas),
}

impl<'a> Column<'a> {
    fn exact(sorted: &'a [u32]) -> Self {
        let valid = sorted.partition_point(|key| *key != LEFT_OUT);
        let sorted = &sorted[..valid];
        let positives = sorted.iter().map(|key| (key & 1) as u64).sum();
        Self {
            points: Points::Exact(sorted),
            positives,
            negatives: sorted.len() as u64 - positives,
        }
    }

    fn binned(thresholds: &'a [f32], counts: &'a [u64]) -> Self {
        let (negative, positive) = counts.split_at(thresholds.len() + 1);
        Self {
            points: Points::Binned(thresholds, negative, positive),
            positives: positive.iter().sum(),
            negatives: negative.iter().sum(),
        }
    }

    fn condensed(areas: &Areas) -> Self {
        Self {
            points: Points::Condensed(*areas),
            positives: areas.positives,
            negatives: areas.negatives,
        }
    }

    /// See [`Areas::wins`].
    pub fn wins(&self) -> f64 {
        if let Points::Condensed(areas) = self.points {
            return areas.wins as f64;
        }
        let (mut wins, mut last) = (0.0, (0.0, 0.0));
        self.for_each(|_, tp, fp| {
            wins += (fp - last.1) * (tp + last.0);
            last = (tp, fp);
        });
        wins
    }

    /// See [`Areas::precisions`].
    pub fn precisions(&self) -> f64 {
        if let Points::Condensed(areas) = self.points {
            return areas.precisions;
        }
        let (mut sum, mut last) = (0.0, 0.0);
        self.for_each(|_, tp, fp| {
            // A threshold that nothing reaches adds nothing.
            sum += (tp - last) * (tp / (tp + fp).max(1.0));
            last = tp;
        });
        sum
    }

    /// Calls `f` with every threshold, from the highest to the lowest, and with how many positives
    /// and negatives reach it.
    pub fn for_each(&self, mut f: impl FnMut(f32, f64, f64)) {
        // Counts fit an `i64`, which becomes an `f64` in one instruction.
        let (mut tp, mut fp) = (0, 0);
        match self.points {
            // Whoever needs a curve has said so; see `CurveOptions::whole`.
            Points::Condensed(_) => {}
            Points::Exact(keys) => {
                let mut point = |key: u32, last_of_its_score: bool| {
                    tp += (key & 1) as i64;
                    fp += (!key & 1) as i64;
                    if last_of_its_score {
                        f(score_keys::score(key), tp as f64, fp as f64);
                    }
                };
                for pair in keys.windows(2) {
                    point(pair[0], (pair[0] ^ pair[1]) > 1);
                }
                keys.last().into_iter().for_each(|key| point(*key, true));
            }
            // A score that reaches r thresholds reaches the r lowest.
            Points::Binned(thresholds, negative, positive) => {
                for i in (0..thresholds.len()).rev() {
                    tp += positive[i + 1] as i64;
                    fp += negative[i + 1] as i64;
                    f(thresholds[i], tp as f64, fp as f64);
                }
            }
        }
    }

    /// The same as lists.
    pub fn curve(&self) -> ThresholdCurve {
        let mut curve = ThresholdCurve {
            thresholds: vec![],
            tp: vec![],
            fp: vec![],
            positives: self.positives as f64,
            negatives: self.negatives as f64,
        };
        self.for_each(|threshold, tp, fp| {
            curve.thresholds.push(threshold);
            curve.tp.push(tp);
            curve.fp.push(fp);
        });
        curve
    }
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
}
