//! Bounds on exact areas that follow from binned scores alone.
//!
//! Between bins the order of elements is known, within a bin it is not. The bounds are reached by some
//! scores that give the same counts.

use super::{Average, curve_metric::averaged};
use crate::{
    Estimate, MetricError, Value,
    classification::{
        Thresholds,
        states::{Column, CurveScoresSummary},
    },
};

/// Fails unless scores are binned: exact areas need no bounds.
///
/// # Errors
/// [`MetricError::InvalidOption`].
pub(super) fn check_binned(thresholds: &Thresholds) -> Result<(), MetricError> {
    match thresholds {
        Thresholds::Exact => Err(MetricError::InvalidOption(
            "an area over exact thresholds has no bounds to certify; give it binned thresholds"
                .into(),
        )),
        _ => Ok(()),
    }
}

/// The average of areas with that of their lower and of their upper bounds.
///
/// # Errors
/// [`MetricError::InvalidOption`] if the average is none of one number.
pub(super) fn certified(
    scores: &CurveScoresSummary,
    average: Average,
    bounds: impl Fn(&Column) -> [f64; 3] + Sync,
) -> Result<Value, MetricError> {
    let number = |place: usize| {
        let area = averaged(scores, average, |column| bounds(column)[place])?;
        area.scalar().ok_or_else(|| {
            MetricError::InvalidOption(
                "certified bounds are those of one number; use the average macro, weighted or micro"
                    .into(),
            )
        })
    };
    Ok(Value::Estimate(Estimate {
        value: number(0)?,
        lower: number(1)?,
        upper: number(2)?,
    }))
}

/// The area under the ROC curve and its bounds.
///
/// A positive wins against the negatives of lower bins, and against all or none of those of its own:
/// where all positives of a bin have one score and all its negatives another, either is possible. The
/// value counts them half.
pub(super) fn roc_area(column: &Column) -> [f64; 3] {
    let (mut sure, mut open, mut tp) = (0.0, 0.0, 0.0);
    for bin in column.bins() {
        let pairs = bin.positives * bin.negatives;
        sure += tp * bin.negatives;
        if bin.tied {
            sure += pairs / 2.0
        } else {
            open += pairs
        }
        tp += bin.positives;
    }
    // NaN without pairs.
    let pairs = column.positives * column.negatives;
    [sure + open / 2.0, sure, sure + open].map(|wins| wins / pairs)
}

/// The average precision and its bounds.
///
/// The precision at a positive is `tp / (tp + fp)` over what scores at least as high. In a bin with `p`
/// positives and `n` negatives behind `tp` and `fp` others it is at most `(tp + p) / (tp + p + fp)`,
/// which it is for all of them where they are tied above the negatives. At the `i`-th it is at least
/// `(tp + i) / (tp + i + fp + n)`, which it is where they come one by one below the negatives (a bin of
/// fewer scores than positives has no room for that, and the bound is then not reached). The value takes
/// all of a bin as tied.
pub(super) fn average_precision(column: &Column) -> [f64; 3] {
    let (mut sums, mut tp, mut fp) = ([0.0; 3], 0.0, 0.0);
    for bin in column.bins() {
        let (positives, behind) = (bin.positives, fp + bin.negatives);
        if positives > 0.0 {
            let reached = tp + positives;
            let tied = positives * reached / (reached + behind);
            let bounds = if bin.tied {
                [tied, tied]
            } else {
                [
                    one_by_one(tp, behind, positives, column.is_whole()),
                    positives * reached / (reached + fp),
                ]
            };
            sums = [sums[0] + tied, sums[1] + bounds[0], sums[2] + bounds[1]];
        }
        (tp, fp) = (tp + positives, behind);
    }
    // NaN without positives.
    sums.map(|sum| sum / column.positives)
}

/// How many precisions are added one by one.
const ADDED: f64 = 1000.0;

/// `Σ (tp + i) / (tp + i + fp)` for `i = 1..=positives`: the precisions of positives that come one after
/// the other. Of weights, which may be as small as one likes, its limit `∫ (tp + x) / (tp + x + fp) dx`,
/// which is less than any sum.
fn one_by_one(tp: f64, fp: f64, positives: f64, whole: bool) -> f64 {
    if fp == 0.0 {
        return positives;
    }
    if !whole {
        return positives - fp * (positives / (tp + fp)).ln_1p();
    }
    let added = positives.min(ADDED);
    let precision = |i: i32| (tp + i as f64) / (tp + i as f64 + fp);
    let sum: f64 = (1..=added as i32).map(precision).sum();
    // Each 1 / k of the others is at most the integral of 1 / x from k - 1/2 to k + 1/2, and close to it.
    let rest = positives - added;
    sum + rest - fp * (rest / (tp + added + fp + 0.5)).ln_1p()
}
