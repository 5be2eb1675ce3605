//! Scores against targets: the state of every metric over all thresholds.

use super::{
    curve_column::{Areas, Bins, Column, ThresholdCurve},
    score_keys::{self, LEFT_OUT, key},
};
use crate::{
    Accumulator, Batch, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Reason, Rejected,
    Summary,
    batch::{Binary, Multiclass, Multilabel},
    ops::{
        self, AREA_COUNTS,
        decisions::{DecisionSink, Decisions, Real},
        scalar::is_weight,
    },
    pass::Block,
    states::{
        TaskKind,
        confusion::{at_least_one, check_labels},
        fold::{add_counts, add_rejected},
    },
};
use burn::tensor::{DType, Int, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{
    marker::PhantomData,
    sync::{Arc, OnceLock},
};

/// At which scores a curve is evaluated.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Thresholds {
    /// At every score that occurs. Exact; keeps 4 bytes per score (multiclass: and 4 per row) on the device until
    /// it is read, in pieces with room for up to twice as many, then on the host 4 bytes per score until it is reset, and 4
    /// more once there is a value. Weights take 4 bytes per row, and 8 per score once there is a value.
    #[default]
    Exact,
    /// At so many evenly spaced thresholds from 0 to 1. Constant memory.
    Count(usize),
    /// At these thresholds. Constant memory.
    List(#[serde(serialize_with = "crate::number::singles")] Vec<f32>),
    /// At so many thresholds from each power of two to the next, from 2^-24 to 1/2, at their distances
    /// from 1, and at 0, 1/2 and 1: `46 n + 3` in all. Constant memory.
    ///
    /// For scores that crowd near 0 or 1: a bin is no wider than `1 / n` of its distance from the
    /// nearer of both, down to 6e-8. [`Auroc::certified`](crate::classification::Auroc::certified)
    /// says what bins cost.
    Octaves(usize),
}

/// The least distance of [`Thresholds::Octaves`] from 0 and 1 is 2 to the power of minus this.
const OCTAVES: i32 = 24;

/// See [`Thresholds::Octaves`]. Products with powers of two and differences from 1 round the same
/// everywhere, so that summaries merge.
fn octaves(steps: usize) -> Vec<f32> {
    let step = |i: usize| 1.0 + i as f64 / steps as f64;
    let below = (2..=OCTAVES)
        .rev()
        .flat_map(|octave| (0..steps).map(move |i| step(i) * 0.5f64.powi(octave)));
    let low: Vec<f64> = [0.0].into_iter().chain(below).collect();
    let high = low.iter().rev().map(|threshold| 1.0 - threshold);
    let all = low.iter().copied().chain([0.5]).chain(high);
    all.map(|threshold| threshold as f32).collect()
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
            Thresholds::Octaves(steps) => Some(octaves(*steps)),
        }
    }
}

/// Batches that hold a score per decision.
pub trait ScoredBatch: Batch {
    /// What saved states call such batches.
    const KIND: &'static str;

    /// What kind of decisions.
    const TASK: TaskKind;
    /// Whether the batch has scores over `width` classes or labels.
    ///
    /// # Errors
    /// [`MetricError::ScoresRequired`], [`MetricError::WidthMismatch`].
    fn check_width(&self, width: usize) -> Result<(), MetricError>;
    /// Probabilities `[N, L]` and raw targets, flat: `[N * L]`, or `[N]` class indices.
    fn table(&self) -> (Tensor<2>, Tensor<1, Int>);
    /// Probabilities `[N, L]` and targets `[N, L]` of 0, 1 or the code of a rejected element.
    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>);
    /// The weights `[N]`, if it has any.
    fn row_weights(&self) -> Option<Tensor<1>>;
    /// What passes read, of batches of decisions.
    fn decisions(&self) -> Option<&Arc<Decisions>> {
        None
    }
}

impl ScoredBatch for Binary {
    const KIND: &'static str = "binary";
    const TASK: TaskKind = TaskKind::Binary;

    fn check_width(&self, _width: usize) -> Result<(), MetricError> {
        check_decisions(&self.decisions)
    }

    fn table(&self) -> (Tensor<2>, Tensor<1, Int>) {
        decision_table(&self.decisions)
    }

    fn codes(&self, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
        decision_codes(&self.decisions, ignore_index)
    }

    fn row_weights(&self) -> Option<Tensor<1>> {
        self.weights().cloned()
    }

    fn decisions(&self) -> Option<&Arc<Decisions>> {
        Some(&self.decisions)
    }
}

impl ScoredBatch for Multilabel {
    const KIND: &'static str = "multilabel";
    const TASK: TaskKind = TaskKind::Multilabel;

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

    fn row_weights(&self) -> Option<Tensor<1>> {
        self.weights().cloned()
    }

    fn decisions(&self) -> Option<&Arc<Decisions>> {
        Some(&self.decisions)
    }
}

impl ScoredBatch for Multiclass {
    const KIND: &'static str = "multiclass";
    const TASK: TaskKind = TaskKind::Multiclass;

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

    fn row_weights(&self) -> Option<Tensor<1>> {
        self.weights().cloned()
    }
}

/// What a batch without scores has instead; `check` keeps it from getting here.
fn no_scores(batch: &Multiclass) -> Tensor<2> {
    Tensor::zeros([batch.count_bound(), 0], &batch.device())
}

fn check_decisions(decisions: &Decisions) -> Result<(), MetricError> {
    match decisions.labels {
        true => Err(MetricError::ScoresRequired { metric: "a curve" }),
        false => Ok(()),
    }
}

fn decision_table(decisions: &Decisions) -> (Tensor<2>, Tensor<1, Int>) {
    let [n, labels] = decisions.dims();
    (
        decisions.probabilities(),
        decisions.target.clone().reshape([n * labels]),
    )
}

fn decision_codes(decisions: &Decisions, ignore_index: Option<i64>) -> (Tensor<2>, Tensor<2, Int>) {
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
#[derive(Debug, Clone, PartialEq, Serialize)]
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

impl<B: ScoredBatch> CurveScores<B> {
    /// Appends scores and targets, and weights from the first batch that has some.
    fn keep(&self, delta: &mut Delta, batch: &B) {
        let (probabilities, target) = batch.table();
        let ([n, width], [targets]) = (probabilities.dims(), target.dims());
        let weights = match batch.row_weights() {
            None if delta.is_weighted() => Some(Tensor::ones([n], (&batch.device(), DType::F32))),
            weights => weights,
        };
        if let Some(weights) = weights {
            let before = delta.listed() * n / targets;
            delta.append_weights(weights, before);
        }
        delta.append_floats(probabilities.reshape([n * width]));
        delta.append_ints(ops::mark_ignored(target, self.options.ignore_index));
    }

    /// What areas come from, of keys that a pass has listed.
    fn areas_of_keys(&self, keys: Tensor<1, Int>) -> Option<Delta> {
        let [size] = keys.dims();
        let width = self.options.width;
        let of = |rows, columns| ops::key_areas(keys.clone().reshape([rows, columns]));
        let mut areas = vec![of(size / width, width)?];
        if B::TASK == TaskKind::Multilabel {
            areas.push(of(size, 1)?);
        }
        let (counts, precisions) = areas.into_iter().unzip();
        Some(Delta::condensed(counts, precisions))
    }
}

impl<B: ScoredBatch> Accumulator for CurveScores<B> {
    type Batch = B;
    type Summary = CurveScoresSummary;

    fn identity(&self) -> Identity {
        Identity::new(format!("curve/{}", B::KIND), 1).with(&self.options)
    }

    fn empty(&self) -> CurveScoresSummary {
        let thresholds = self.options.thresholds.rising();
        let cells = thresholds
            .as_ref()
            .map_or(0, |t| 2 * self.options.width * (t.len() + 1));
        CurveScoresSummary {
            task: B::TASK,
            width: self.options.width,
            keys: Arc::default(),
            weights: Vec::new(),
            sorted: Sorted::default(),
            areas: None,
            thresholds,
            counts: vec![0; cells],
            weighted: Vec::new(),
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.options.width, "class")?;
        let invalid = match &self.options.thresholds {
            Thresholds::Exact => None,
            Thresholds::Count(count) if *count < 2 => Some(format!("{count} thresholds")),
            Thresholds::Octaves(0) => Some("no thresholds".into()),
            Thresholds::Count(_) | Thresholds::Octaves(_) => None,
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
        let repeats = if B::TASK == TaskKind::Multiclass {
            self.options.width
        } else {
            1
        };
        batch.count_bound().saturating_mul(repeats)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_width(self.options.width)
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        let ignore_index = self.options.ignore_index;
        let Some(thresholds) = self.options.thresholds.rising() else {
            return match batch.decisions() {
                Some(decisions) if decisions.are_listed() => {
                    delta.want((decisions, DecisionSink::Keys { ignore_index }));
                }
                _ => self.keep(delta, batch),
            };
        };
        if let Some(decisions) = batch.decisions() {
            let thresholds = thresholds.into_iter().map(Real::new).collect();
            let sink = DecisionSink::Thresholds {
                thresholds,
                ignore_index,
            };
            return delta.want((decisions, sink));
        }
        let (probabilities, codes) = batch.codes(ignore_index);
        let [n, width] = probabilities.dims();
        let cells = 2 * width * (thresholds.len() + 1);
        let (len, device) = (cells + REJECTED_SLOTS, batch.device());
        match batch.row_weights() {
            None => delta.counts(0, len, &device, |state| {
                ops::threshold_counts(state, probabilities, codes, &thresholds)
            }),
            Some(weights) => delta.both(len, cells, &device, |counts, sums| {
                let weights = weights.reshape([n, 1]).expand([n, width]);
                let weights = weights.reshape([n * width]);
                let cells = ops::threshold_cells(probabilities, codes, &thresholds);
                ops::weighted_counts(counts, sums, cells, weights)
            }),
        }
    }

    fn condense(&self, delta: &Delta) -> Option<Delta> {
        let exact = self.options.thresholds == Thresholds::Exact;
        if self.options.whole || !exact || delta.is_weighted() {
            return None;
        }
        if let Some(keys) = delta.only_list() {
            return self.areas_of_keys(keys);
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
            TaskKind::Multiclass => ops::class_codes(scores.clone(), targets, ignored),
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
        if B::TASK == TaskKind::Multilabel {
            let (more, sums) = ops::curve_areas(pooled.0, pooled.1)?;
            counts.push(more);
            precisions.push(sums);
        }
        Some(Delta::condensed(counts, precisions))
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CurveScoresSummary) {
        if delta.is_condensed() {
            summary.fold_areas(delta);
            for block in delta.blocks() {
                add_rejected(&mut summary.rejected, &block.counts);
            }
        } else if summary.thresholds.is_some() {
            summary.fold_counts(delta);
        } else {
            for block in delta.blocks() {
                summary.fold_keys(block);
            }
            let lists = delta.float_lists();
            if !lists.is_empty() {
                Arc::make_mut(&mut summary.keys).reserve(lists.iter().map(Vec::len).sum());
            }
            let ignores = self.options.ignore_index.is_some();
            let weights = delta.weights();
            let mut weights = weights.as_slice();
            for (scores, targets) in lists.iter().zip(delta.int_lists()) {
                let rows = (scores.len() / summary.width).min(weights.len());
                let (own, rest) = weights.split_at(rows);
                summary.fold_table(scores, targets, own, ignores);
                weights = rest;
            }
        }
    }
}

/// Scores with their labels, or their counts by threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveScoresSummary {
    task: TaskKind,
    width: usize,
    /// Exact: a key per valid score, row by row of `width`.
    #[serde(with = "shared")]
    keys: Arc<Vec<u32>>,
    /// Exact: a weight per row of keys. Empty if all are 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weights: Vec<f32>,
    #[serde(skip)]
    sorted: Sorted,
    /// Instead of keys: what areas come from, of every column and of all of them together.
    #[serde(skip)]
    areas: Option<(Vec<Areas>, Option<Areas>)>,
    /// Binned: the thresholds, rising.
    thresholds: Option<Vec<f32>>,
    /// Binned: see [`ops::threshold_counts`].
    counts: Vec<u64>,
    /// Binned: what elements with weights add to the counts. Empty if there were none.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        with = "crate::number::list"
    )]
    weighted: Vec<f64>,
    rejected: Rejected,
}

/// A shared list as any list.
mod shared {
    use super::Arc;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(list: &Arc<Vec<u32>>, to: S) -> Result<S::Ok, S::Error> {
        list.as_slice().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Vec<u32>>, D::Error> {
        Vec::deserialize(from).map(Arc::new)
    }
}

/// The sorted keys for all metrics that finalize the same summary.
#[derive(Debug, Clone, Default)]
struct Sorted {
    /// Column by column.
    keys: OnceLock<Vec<u32>>,
    /// With weights, by column.
    pairs: OnceLock<Vec<Vec<u64>>>,
}

/// What is derived from the keys makes no difference between summaries.
impl PartialEq for Sorted {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl CurveScoresSummary {
    /// Adds keys that a pass listed, and the weights of their rows.
    fn fold_keys(&mut self, block: &Block) {
        self.sorted = Sorted::default();
        add_rejected(&mut self.rejected, &block.counts);
        let mut lists = block.lists.iter();
        let (keys, weights) = (lists.next(), lists.next());
        let weighted = weights.is_some() || !self.weights.is_empty();
        if weighted {
            self.weigh_all();
        }
        match keys {
            // Nothing is copied.
            Some(keys) if self.keys.is_empty() => self.keys = keys.clone(),
            Some(keys) => self.keys_mut().extend_from_slice(keys),
            None => {}
        }
        if let Some(weights) = weights {
            let weights = weights.iter().map(|bits| f32::from_bits(*bits));
            self.weights.extend(weights);
        }
        if weighted {
            self.weigh_all();
        }
    }

    fn keys_mut(&mut self) -> &mut Vec<u32> {
        Arc::make_mut(&mut self.keys)
    }

    fn fold_counts(&mut self, delta: &HostDelta) {
        for block in delta.blocks() {
            if block.weighted {
                add_rejected(&mut self.rejected, &block.counts);
                self.add_weighted(&block.sums());
            } else {
                let (counts, rejected) = block.counts.split_at(self.counts.len());
                add_counts(&mut self.counts, counts);
                add_rejected(&mut self.rejected, rejected);
            }
        }
        let Some(block) = delta.counts(0) else { return };
        let (counts, rejected) = block.split_at(self.counts.len());
        add_counts(&mut self.counts, counts);
        self.fold_rejected(rejected);
        if let Some(sums) = delta.sums(0) {
            self.add_weighted(&sums);
        }
    }

    fn add_weighted(&mut self, sums: &[f64]) {
        self.weighted.resize(self.counts.len(), 0.0);
        let pairs = self.weighted.iter_mut().zip(sums);
        pairs.for_each(|(weight, sum)| *weight += sum);
    }

    fn fold_rejected(&mut self, rejected: &[i32]) {
        // A rejected row of scores was rejected once per class.
        let repeats = match self.task {
            TaskKind::Multiclass => self.width as i32,
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

    /// Adds rows with their weights, of which there are none if all are 1.
    fn fold_table(&mut self, scores: &[f32], targets: &[i32], weights: &[f32], ignores: bool) {
        self.sorted = Sorted::default();
        match (self.task, weights.is_empty()) {
            (_, false) => self.fold_weighted(scores, targets, weights, ignores),
            (TaskKind::Multiclass, true) => self.fold_rows(scores, targets, ignores),
            (_, true) => self.fold_decisions(scores, targets, ignores),
        }
        if !self.weights.is_empty() {
            self.weigh_all();
        }
    }

    /// Gives the rows that have no weight the weight 1.
    fn weigh_all(&mut self) {
        let rows = self.keys.len() / self.width;
        self.weights.resize(rows, 1.0);
    }

    /// Rows with weights. Pieces in which all of them count, which is most, go at once.
    fn fold_weighted(&mut self, scores: &[f32], targets: &[i32], weights: &[f32], ignores: bool) {
        self.weigh_all();
        let per_row = targets.len() / weights.len();
        let size = (1024 / self.width).max(1);
        let pieces = (scores.chunks(size * self.width)).zip(targets.chunks(size * per_row));
        for ((scores, targets), weights) in pieces.zip(weights.chunks(size)) {
            let positive = weights
                .iter()
                .all(|weight| *weight > 0.0 && weight.is_finite());
            // Decisions that are left out keep their place, rows of classes do not.
            if positive && self.task != TaskKind::Multiclass {
                self.fold_decisions(scores, targets, ignores);
                self.weights.extend(weights);
            } else {
                self.fold_weighted_rows(scores, targets, weights, ignores);
            }
        }
    }

    /// One row after the other. One of weight 0 is as if it were not there, and so are its scores.
    fn fold_weighted_rows(
        &mut self,
        scores: &[f32],
        targets: &[i32],
        weights: &[f32],
        ignores: bool,
    ) {
        let per_row = targets.len() / weights.len();
        let rows = (scores.chunks_exact(self.width))
            .zip(targets.chunks_exact(per_row))
            .zip(weights);
        for ((scores, targets), weight) in rows {
            let start = self.keys.len();
            match self.task {
                TaskKind::Multiclass => self.fold_rows(scores, targets, ignores),
                _ => self.fold_decisions(scores, targets, ignores),
            }
            let valid = is_weight(*weight);
            if valid && *weight > 0.0 {
                let row = self.keys.len() > start;
                self.weights.extend(row.then_some(*weight));
                continue;
            }
            if !valid {
                let kept = self.keys[start..].iter().filter(|key| **key != LEFT_OUT);
                let per_element = self.width / per_row;
                self.rejected.invalid_weights += (kept.count() / per_element) as u64;
            }
            self.keys_mut().truncate(start);
        }
    }

    /// A class index per row.
    fn fold_rows(&mut self, scores: &[f32], targets: &[i32], ignores: bool) {
        for (row, target) in scores.chunks_exact(self.width).zip(targets) {
            match rejection(row, *target, self.width, ignores) {
                Some(reason) => self.rejected.add(reason),
                None => {
                    let keys = Arc::make_mut(&mut self.keys);
                    let start = keys.len();
                    keys.extend(row.iter().map(|score| key(*score, false)));
                    keys[start + *target as usize] |= 1;
                }
            }
        }
    }

    /// 0 or 1 per score. Pieces without a rejection, which is most of them, go without a branch.
    fn fold_decisions(&mut self, scores: &[f32], targets: &[i32], ignores: bool) {
        let keys = Arc::make_mut(&mut self.keys);
        for (scores, targets) in scores.chunks(1024).zip(targets.chunks(1024)) {
            let binary = targets.iter().fold(0, |any, target| any | *target) >> 1 == 0;
            let pairs = scores.iter().zip(targets);
            if binary && are_probabilities(scores) {
                keys.extend(pairs.map(|(s, t)| key(*s, *t == 1)));
                continue;
            }
            for (score, target) in pairs {
                let reason = rejection(&[*score], *target, 2, ignores);
                reason.iter().for_each(|reason| self.rejected.add(*reason));
                // Something in its place keeps the columns in step.
                keys.push(match reason {
                    Some(_) => LEFT_OUT,
                    None => key(*score, *target == 1),
                });
            }
        }
    }

    /// The task of the scores.
    pub fn task(&self) -> TaskKind {
        self.task
    }

    /// Whether every score that occurs is a threshold.
    pub fn is_exact(&self) -> bool {
        self.thresholds.is_none()
    }

    /// Whether there are elements with weights.
    pub fn is_weighted(&self) -> bool {
        !self.weights.is_empty() || !self.weighted.is_empty()
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
            false => {
                self.counts.iter().any(|count| *count > 0)
                    || self.weighted.iter().any(|weight| *weight > 0.0)
            }
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
            if !self.weights.is_empty() {
                let columns = self.sorted_pairs().par_iter();
                return columns.map(|pairs| f(Column::weighted(pairs))).collect();
            }
            let rows = self.keys.len() / self.width;
            let sorted = self.sorted();
            let column = |column| f(Column::exact(&sorted[column * rows..][..rows]));
            return (0..self.width).into_par_iter().map(column).collect();
        };
        let cells = self.cells();
        let blocks = cells.chunks_exact(2 * (thresholds.len() + 1));
        blocks
            .map(|cells| f(self.binned(thresholds, cells)))
            .collect()
    }

    /// What `f` makes of the decisions of all labels.
    pub(crate) fn all_columns<T>(&self, f: impl Fn(Column) -> T) -> T {
        match (&self.areas, &self.thresholds) {
            (Some((columns, pooled)), _) => {
                f(Column::condensed(pooled.as_ref().unwrap_or(&columns[0])))
            }
            (_, None) if !self.weights.is_empty() => {
                let weights = self.weights.iter();
                let weights = weights.flat_map(|weight| std::iter::repeat_n(weight, self.width));
                let pairs = self.keys.iter().zip(weights);
                f(Column::weighted(&score_keys::sorted_pairs(pairs)))
            }
            (_, None) if self.width == 1 => f(Column::exact(self.sorted())),
            (_, None) => f(Column::exact(&score_keys::sorted_columns(&self.keys, 1))),
            (_, Some(thresholds)) => {
                let block = 2 * (thresholds.len() + 1);
                let mut sums = vec![0.0; block];
                for cells in self.cells().chunks_exact(block) {
                    let pairs = sums.iter_mut().zip(cells);
                    pairs.for_each(|(sum, cell)| *sum += cell);
                }
                f(self.binned(thresholds, &sums))
            }
        }
    }

    /// Binned: counts and weights together.
    fn cells(&self) -> Vec<f64> {
        let mut cells: Vec<f64> = self.counts.iter().map(|count| *count as f64).collect();
        let pairs = cells.iter_mut().zip(&self.weighted);
        pairs.for_each(|(cell, weight)| *cell += weight);
        cells
    }

    fn binned<'a>(&self, thresholds: &'a [f32], cells: &'a [f64]) -> Column<'a> {
        let (negatives, positives) = cells.split_at(thresholds.len() + 1);
        Column::binned(Bins {
            thresholds,
            negatives,
            positives,
            whole: self.weighted.is_empty(),
        })
    }

    fn sorted(&self) -> &[u32] {
        let sort = || score_keys::sorted_columns(&self.keys, self.width);
        self.sorted.keys.get_or_init(sort)
    }

    fn sorted_pairs(&self) -> &[Vec<u64>] {
        let column = |column: usize| {
            let keys = self.keys.iter().skip(column).step_by(self.width);
            score_keys::sorted_pairs(keys.zip(&self.weights))
        };
        let sort = || (0..self.width).into_par_iter().map(column).collect();
        self.sorted.pairs.get_or_init(sort)
    }
}

/// What a bootstrap draws from, and what it makes of that.
impl CurveScoresSummary {
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The keys of rows in which something counts, in rising order, and the width of a row. `None` if
    /// there are only counts.
    pub(crate) fn rows(&self) -> Option<(Vec<u32>, usize)> {
        let table = match self.is_exact() {
            false => return None,
            true if self.width == 1 => self.sorted(),
            true => &self.keys[..],
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
            sorted.keys.set(keys.clone()).ok();
        }
        Self {
            keys: keys.into(),
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

impl Summary for CurveScoresSummary {
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
        let weighted = !(self.weights.is_empty() && other.weights.is_empty());
        if weighted {
            self.weigh_all();
            self.weights.extend_from_slice(&other.weights);
        }
        self.keys_mut().extend_from_slice(&other.keys);
        if weighted {
            self.weigh_all();
        }
        if !other.weighted.is_empty() {
            self.add_weighted(&other.weighted);
        }
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
            .map_or(Some(0), |t| (2 * (t.len() + 1)).checked_mul(self.width))
            .unwrap_or(usize::MAX);
        let whole = self.width > 0 && self.keys.len().is_multiple_of(self.width);
        let keys = self.keys.iter().all(|key| score_keys::is_key(*key));
        let weights = [0, self.keys.len() / self.width.max(1)].contains(&self.weights.len())
            && self.weights.iter().all(|weight| is_weight(*weight));
        let weighted = [0, cells].contains(&self.weighted.len())
            && self.weighted.iter().all(|weight| *weight >= 0.0);
        match whole && keys && weights && weighted && self.counts.len() == cells {
            true => Ok(()),
            false => Err(MetricError::saved("scores that do not fit")),
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
