//! One class or label against the rest, at every threshold.

use super::score_keys::{self, Code, LEFT_OUT};
use crate::Support;

/// Decisions over falling thresholds, without a list of them. With weights, an element counts as
/// much as its weight.
pub(crate) struct Column<'a> {
    points: Points<'a>,
    /// All positives.
    pub positives: f64,
    /// All negatives.
    pub negatives: f64,
}

enum Points<'a> {
    /// Keys in rising order.
    Exact(&'a [u32], Code),
    /// Keys with weights, in rising order.
    Weighted(&'a [u64], Code),
    /// Scores by bin.
    Binned(Bins<'a>),
    /// Only what areas come from.
    Condensed(Areas),
}

/// What the areas under a curve come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Areas {
    /// Twice the pairs of a positive and a negative in which the positive scores higher; a tie is half
    /// of one.
    pub wins: u64,
    /// The sum of the precision at the score of every positive.
    pub precisions: f64,
    pub positives: u64,
    pub negatives: u64,
}

impl Areas {
    pub fn new(counts: &[i32], precisions: f64) -> Self {
        let number = |place: usize| counts[place] as u32 as u64;
        Self {
            wins: number(0) | number(1) << 32,
            positives: number(2),
            negatives: number(3),
            precisions,
        }
    }
}

/// The elements of a column by how many thresholds they reach.
#[derive(Clone, Copy)]
pub(super) struct Bins<'a> {
    /// In rising order.
    pub thresholds: &'a [f32],
    pub negatives: &'a [f64],
    pub positives: &'a [f64],
    /// Whether none of them has a weight.
    pub whole: bool,
    /// What exact keys of the scores would be made of.
    pub code: Code,
}

/// The elements with a score between two thresholds.
pub(crate) struct Bin {
    pub positives: f64,
    pub negatives: f64,
    /// Whether there is but one score between the thresholds, so that all of them are tied. Different logits may have the
    /// same probability.
    pub tied: bool,
}

impl<'a> Column<'a> {
    pub(super) fn exact(sorted: &'a [u32], code: Code) -> Self {
        let valid = sorted.partition_point(|key| *key != LEFT_OUT);
        let sorted = &sorted[..valid];
        let positives: u64 = sorted.iter().map(|key| (key & 1) as u64).sum();
        Self {
            points: Points::Exact(sorted, code),
            positives: positives as f64,
            negatives: (sorted.len() as u64 - positives) as f64,
        }
    }

    pub(super) fn weighted(sorted: &'a [u64], code: Code) -> Self {
        let valid = sorted.partition_point(|pair| score_keys::unpaired(*pair).0 != LEFT_OUT);
        Self::totalled(Points::Weighted(&sorted[..valid], code))
    }

    pub(super) fn binned(bins: Bins<'a>) -> Self {
        Self::totalled(Points::Binned(bins))
    }

    /// With what reaches the last threshold as totals: sums of weights in another order could differ
    /// in their last digit, and a rate of 1 would not be 1.
    fn totalled(points: Points<'a>) -> Self {
        let mut column = Self {
            points,
            positives: 0.0,
            negatives: 0.0,
        };
        let mut totals = (0.0, 0.0);
        column.for_each(|_, tp, fp| totals = (tp, fp));
        (column.positives, column.negatives) = totals;
        column
    }

    pub(super) fn condensed(areas: &Areas) -> Self {
        Self {
            points: Points::Condensed(*areas),
            positives: areas.positives as f64,
            negatives: areas.negatives as f64,
        }
    }

    /// See [`Areas::wins`]; binned, with the elements of a bin as tied.
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
            sum += (tp - last) * (tp / (tp + fp).max(f64::MIN_POSITIVE));
            last = tp;
        });
        sum
    }

    /// Calls `f` with every threshold, from the highest to the lowest, and with how many positives
    /// and negatives reach it. At the end all of them do: below given thresholds there is one of 0.
    pub fn for_each(&self, mut f: impl FnMut(f32, f64, f64)) {
        match self.points {
            // Whoever needs a curve has said so; see `CurveOptions::whole`.
            Points::Condensed(_) => {}
            // A loop for each, so that none asks key by key.
            Points::Exact(keys, Code::Probabilities) => {
                exact(keys, |key| Code::Probabilities.score(key), f);
            }
            Points::Exact(keys, Code::Logits) => exact(keys, |key| Code::Logits.score(key), f),
            Points::Weighted(pairs, code) => {
                let (mut tp, mut fp) = (0.0, 0.0);
                for (i, pair) in pairs.iter().enumerate() {
                    let (key, weight) = score_keys::unpaired(*pair);
                    *(if key & 1 == 1 { &mut tp } else { &mut fp }) += weight as f64;
                    let next = pairs.get(i + 1).map(|next| score_keys::unpaired(*next).0);
                    if next.is_none_or(|next| (key ^ next) > 1) {
                        f(code.score(key), tp, fp);
                    }
                }
            }
            // A score that reaches r thresholds reaches the r lowest.
            Points::Binned(bins) => {
                let (mut tp, mut fp) = (0.0, 0.0);
                for i in (0..bins.thresholds.len()).rev() {
                    tp += bins.positives[i + 1];
                    fp += bins.negatives[i + 1];
                    f(bins.thresholds[i], tp, fp);
                }
                if bins.thresholds.first().is_some_and(|lowest| *lowest > 0.0) {
                    f(0.0, tp + bins.positives[0], fp + bins.negatives[0]);
                }
            }
        }
    }

    /// The bins from the highest to the lowest, which lies below all thresholds; none if it is exact.
    pub fn bins(&self) -> impl Iterator<Item = Bin> {
        let bins = match self.points {
            Points::Binned(bins) => Some(bins),
            _ => None,
        };
        bins.into_iter().flat_map(|bins| {
            // The bits of scores rise with their value. Adding zero makes 0.0 of -0.0.
            let edge = |threshold: &f32| (threshold + 0.0).to_bits();
            let lower = [0].into_iter().chain(bins.thresholds.iter().map(edge));
            let above_all = 1.0f32.to_bits() + 1;
            let upper = bins.thresholds.iter().map(edge).chain([above_all]);
            let edges: Vec<_> = lower.zip(upper).collect();
            let bin = move |(i, (lower, upper)): (usize, (u32, u32))| Bin {
                positives: bins.positives[i],
                negatives: bins.negatives[i],
                tied: bins.code == Code::Probabilities && upper - lower <= 1,
            };
            edges.into_iter().enumerate().rev().map(bin)
        })
    }

    /// Whether no element has a weight.
    pub fn is_whole(&self) -> bool {
        match self.points {
            Points::Binned(bins) => bins.whole,
            Points::Weighted(..) => false,
            Points::Exact(..) | Points::Condensed(_) => true,
        }
    }

    /// The same as lists.
    pub fn curve(&self) -> ThresholdCurve {
        let mut curve = ThresholdCurve {
            thresholds: vec![],
            tp: vec![],
            fp: vec![],
            positives: self.positives,
            negatives: self.negatives,
        };
        self.for_each(|threshold, tp, fp| {
            curve.thresholds.push(threshold);
            curve.tp.push(tp);
            curve.fp.push(fp);
        });
        curve
    }
}

/// See [`Column::for_each`].
#[inline(always)]
fn exact(keys: &[u32], score: impl Fn(u32) -> f32, mut f: impl FnMut(f32, f64, f64)) {
    // Counts fit an `i64`, which becomes an `f64` in one instruction.
    let (mut tp, mut fp) = (0, 0);
    let mut point = |key: u32, last_of_its_score: bool| {
        tp += (key & 1) as i64;
        fp += (!key & 1) as i64;
        if last_of_its_score {
            f(score(key), tp as f64, fp as f64);
        }
    };
    for pair in keys.windows(2) {
        point(pair[0], (pair[0] ^ pair[1]) > 1);
    }
    keys.last().into_iter().for_each(|key| point(*key, true));
}

/// How many positives and negatives reach each threshold; of weighted elements, their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdCurve {
    /// The thresholds, falling. The last one is reached by all.
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
            positives: self.positives,
            negatives: self.negatives,
        }
    }
}
