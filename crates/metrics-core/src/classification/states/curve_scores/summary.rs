//! What scores against targets accumulate to.

use super::super::{
    curve_column::{Areas, Bins, Column, ThresholdCurve},
    score_keys::{self, Code, LEFT_OUT},
};
use crate::{
    MetricError, Rejected, Summary,
    ops::scalar::is_weight,
    states::{Tally, TaskKind},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// Scores with their labels, or their counts by threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveScoresSummary {
    pub(super) task: TaskKind,
    pub(super) width: usize,
    /// Exact: a key per score, row by row of `width`. What they are made of, `rejected` says: there are batches of one
    /// kind, or no value.
    #[serde(with = "shared")]
    pub(super) keys: Arc<Vec<u32>>,
    /// Exact: a weight per row of keys. Empty if all are 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) weights: Vec<f32>,
    #[serde(skip)]
    pub(super) sorted: Sorted,
    /// Instead of keys: what areas come from, of every column and of all of them together.
    #[serde(skip)]
    pub(super) areas: Option<(Vec<Areas>, Option<Areas>)>,
    /// Binned: the thresholds, rising.
    pub(super) thresholds: Option<Vec<f32>>,
    /// Binned: see [`ops::threshold_counts`].
    pub(super) tally: Tally,
    pub(super) rejected: Rejected,
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
pub(super) struct Sorted {
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
        !self.weights.is_empty() || self.tally.is_weighted()
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
            false => !self.tally.is_zero(),
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
                return columns
                    .map(|pairs| f(Column::weighted(pairs, self.code())))
                    .collect();
            }
            let rows = self.keys.len() / self.width;
            let sorted = self.sorted();
            let column = |column| f(Column::exact(&sorted[column * rows..][..rows], self.code()));
            return (0..self.width).into_par_iter().map(column).collect();
        };
        let cells = self.tally.cells();
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
                f(Column::weighted(
                    &score_keys::sorted_pairs(pairs),
                    self.code(),
                ))
            }
            (_, None) if self.width == 1 => f(Column::exact(self.sorted(), self.code())),
            (_, None) => {
                let sorted = score_keys::sorted_columns(&self.keys, 1);
                f(Column::exact(&sorted, self.code()))
            }
            (_, Some(thresholds)) => {
                let block = 2 * (thresholds.len() + 1);
                let mut sums = vec![0.0; block];
                for cells in self.tally.cells().chunks_exact(block) {
                    let pairs = sums.iter_mut().zip(cells);
                    pairs.for_each(|(sum, cell)| *sum += cell);
                }
                f(self.binned(thresholds, &sums))
            }
        }
    }

    fn binned<'a>(&self, thresholds: &'a [f32], cells: &'a [f64]) -> Column<'a> {
        let (negatives, positives) = cells.split_at(thresholds.len() + 1);
        Column::binned(Bins {
            thresholds,
            negatives,
            positives,
            whole: !self.tally.is_weighted(),
            code: self.code(),
        })
    }

    /// What the keys are made of.
    fn code(&self) -> Code {
        if self.rejected.kinds.logits > 0 {
            Code::Logits
        } else {
            Code::Probabilities
        }
    }

    /// With keys of what the keys of another summary are made of.
    pub(crate) fn of_code(mut self, other: &Self) -> Self {
        self.rejected.kinds = other.rejected.kinds;
        self
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
        &self.tally.counts
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
            tally: Tally::of(counts),
            ..self.clone()
        }
    }
}

impl Summary for CurveScoresSummary {
    fn counted(&self) -> u128 {
        let counts = self.tally.counts.iter().map(|count| u128::from(*count));
        counts.sum::<u128>() + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let same = (self.task, self.width, &self.thresholds)
            == (other.task, other.width, &other.thresholds);
        if !same || !other.tally.fits(self.tally.counts.len()) {
            let what = |c: &Self| format!("{:?} of {} at {:?}", c.task, c.width, c.thresholds);
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.room_for(other)?;
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
        self.tally.merge(&other.tally);
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
        let kinds = self.rejected.kinds;
        let known = |key: u32| {
            kinds.probabilities > 0 && Code::Probabilities.has(key)
                || kinds.logits > 0 && Code::Logits.has(key)
                || key == LEFT_OUT
        };
        let keys = self.keys.iter().all(|key| known(*key));
        let weights = [0, self.keys.len() / self.width.max(1)].contains(&self.weights.len())
            && self.weights.iter().all(|weight| is_weight(*weight));
        if whole && keys && weights && self.tally.fits(cells) {
            Ok(())
        } else {
            Err(MetricError::saved("scores that do not fit"))
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
