//! Pairs of labels, counted.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How often each pair of labels occurs: target, prediction and count, in the order of the pairs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cells(pub Vec<(i64, i64, u64)>);

impl Cells {
    /// Adds elements, each a prediction and a target.
    pub fn count(&mut self, pred: &[i64], target: &[i64]) {
        let counted = match dense(pred, target) {
            Some(cells) => cells,
            None => sorted(pred, target),
        };
        self.merge(&Self(counted));
    }

    /// Adds the counts of other cells.
    pub fn merge(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        let own = std::mem::take(&mut self.0);
        let (mut own, mut other) = (own.into_iter().peekable(), other.0.iter().peekable());
        while let (Some(left), Some(right)) = (own.peek(), other.peek()) {
            let (left_pair, right_pair) = ((left.0, left.1), (right.0, right.1));
            if left_pair <= right_pair {
                let mut cell = *left;
                own.next();
                if left_pair == right_pair {
                    cell.2 = cell.2.saturating_add(right.2);
                    other.next();
                }
                self.0.push(cell);
            } else {
                self.0.push(**right);
                other.next();
            }
        }
        self.0.extend(own);
        self.0.extend(other);
    }

    /// Whether the pairs rise and each occurs.
    pub fn are_in_order(&self) -> bool {
        let rising = self
            .0
            .windows(2)
            .all(|pair| (pair[0].0, pair[0].1) < (pair[1].0, pair[1].1));
        rising && self.0.iter().all(|(_, _, count)| *count > 0)
    }
}

/// Elements of a part, which a thread counts.
const PART: usize = 1 << 16;

/// Counts in a table over the ranges of labels, if that is not much larger than the number of elements.
fn dense(pred: &[i64], target: &[i64]) -> Option<Vec<(i64, i64, u64)>> {
    let range = |labels: &[i64]| -> Option<(i64, usize)> {
        let least = *labels.iter().min()?;
        let span = (*labels.iter().max()?).checked_sub(least)?;
        Some((least, usize::try_from(span).ok()?.checked_add(1)?))
    };
    let ((first_pred, columns), (first_target, rows)) = (range(pred)?, range(target)?);
    let size = rows.checked_mul(columns)?;
    if size > 4 * pred.len() + 1024 {
        return None;
    }
    let parts = pred.len().div_ceil(PART).min(rayon::current_num_threads());
    let part = pred.len().div_ceil(parts);
    let count = |(pred, target): (&[i64], &[i64])| {
        let mut counts = vec![0u32; size];
        for (pred, target) in pred.iter().zip(target) {
            counts[(target - first_target) as usize * columns + (pred - first_pred) as usize] += 1;
        }
        counts
    };
    // A batch holds fewer elements than 2^31.
    let mut tables: Vec<_> = pred
        .par_chunks(part)
        .zip(target.par_chunks(part))
        .map(count)
        .collect();
    let mut counts = tables.pop()?;
    for table in tables {
        counts
            .iter_mut()
            .zip(table)
            .for_each(|(sum, count)| *sum += count);
    }
    let cell = |(place, count): (usize, u32)| {
        let (row, column) = ((place / columns) as i64, (place % columns) as i64);
        (first_target + row, first_pred + column, u64::from(count))
    };
    let used = counts
        .into_iter()
        .enumerate()
        .filter(|(_, count)| *count > 0);
    Some(used.map(cell).collect())
}

/// Counts sorted pairs.
fn sorted(pred: &[i64], target: &[i64]) -> Vec<(i64, i64, u64)> {
    let mut pairs: Vec<(i64, i64)> = target.iter().copied().zip(pred.iter().copied()).collect();
    pairs.par_sort_unstable();
    let runs = pairs.chunk_by(|a, b| a == b);
    runs.map(|run| (run[0].0, run[0].1, run.len() as u64))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_sorted_pairs_count_the_same() {
        let labels = |seed: u64, below: u64| -> Vec<i64> {
            (0..5000u64)
                .map(|i| ((i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) % below)
                .map(|label| label as i64 - 3)
                .collect()
        };
        let (pred, target) = (labels(1, 7), labels(9, 11));
        let cells = dense(&pred, &target).unwrap();
        assert_eq!(cells, sorted(&pred, &target));
        assert_eq!(cells.iter().map(|cell| cell.2).sum::<u64>(), 5000);
        let (mut parts, mut other) = (Cells::default(), Cells::default());
        parts.count(&pred[..1000], &target[..1000]);
        other.count(&pred[1000..], &target[1000..]);
        other.merge(&parts);
        assert_eq!(other.0, cells);
        assert!(other.are_in_order());
    }

    #[test]
    fn labels_may_be_any_numbers() {
        let (pred, target) = ([i64::MIN, i64::MAX, i64::MIN], [0, -1, 0]);
        let mut cells = Cells::default();
        cells.count(&pred, &target);
        assert_eq!(cells.0, [(-1, i64::MAX, 1), (0, i64::MIN, 2)]);
    }
}
