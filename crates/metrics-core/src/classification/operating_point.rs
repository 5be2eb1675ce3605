//! What the metrics share that choose the best point of a curve under a condition.

use super::{Average, curve_metric::CurveRule, precision_recall_curve::precision_recall};
use crate::{
    MetricError, OperatingPoints, Value,
    classification::{
        Thresholds,
        states::{CurveScoresSummary, ThresholdCurve},
    },
};
use std::fmt::Debug;

/// Which point of a curve is the best of those that are good enough.
pub trait OperatingPointRule: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &'static str;
    /// The option that says what is good enough.
    const OPTION: &'static str;
    /// Whether the condition or the value takes negatives. All take positives.
    const NEEDS_NEGATIVES: bool;

    /// The points of a curve that are good enough: the value, what decides between equal values, and the threshold.
    fn candidates(counts: ThresholdCurve, min: f64) -> impl Iterator<Item = [f64; 3]>;
}

/// A rule that chooses a point of every curve, with the option that says which are good enough.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OperatingPoint<R> {
    pub(super) least: Option<f64>,
    rule: R,
}

impl<R: OperatingPointRule> CurveRule for OperatingPoint<R> {
    const NAME: &'static str = R::NAME;
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = false;
    const NUMERIC: bool = true;
    const DEFAULT_AVERAGE: Average = Average::None;

    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        required_rate(R::OPTION, self.least).map(drop)
    }

    fn is_defined(&self, positives: f64, negatives: f64) -> bool {
        positives > 0.0 && (negatives > 0.0 || !R::NEEDS_NEGATIVES)
    }

    fn value(&self, scores: &CurveScoresSummary, _average: Average) -> Result<Value, MetricError> {
        let least = required_rate(R::OPTION, self.least)?;
        let points = scores.each_column(|column| {
            if self.is_defined(column.positives, column.negatives) {
                best(R::candidates(column.curve(), least))
            } else {
                (f64::NAN, f64::NAN)
            }
        });
        let (values, thresholds) = points.into_iter().unzip();
        Ok(Value::OperatingPoints(OperatingPoints {
            values,
            thresholds,
        }))
    }

    fn suffix(&self) -> String {
        self.least
            .map(|least| format!("_{least}"))
            .unwrap_or_default()
    }
}

/// The rate that an option without a default was given.
///
/// # Errors
/// [`MetricError::InvalidOption`] if it was given none, or one outside of `[0, 1]`.
fn required_rate(option: &str, value: Option<f64>) -> Result<f64, MetricError> {
    match value {
        Some(value) if (0.0..=1.0).contains(&value) => Ok(value),
        Some(value) => Err(MetricError::InvalidOption(format!(
            "{option} must be in [0, 1], not {value}"
        ))),
        None => Err(MetricError::InvalidOption(format!(
            "{option} has no default and must be set"
        ))),
    }
}

/// The value and the threshold of the best candidate: the largest value, then the largest second entry, then the
/// highest threshold. Without a candidate the value is 0 and there is no threshold.
fn best(candidates: impl Iterator<Item = [f64; 3]>) -> (f64, f64) {
    let better = |best: [f64; 3], point| if point > best { point } else { best };
    let [value, _, threshold] = candidates.reduce(better).unwrap_or([0.0, 0.0, f64::NAN]);
    (value, threshold)
}

/// Precision, recall and threshold along the
/// [precision-recall](crate::classification::PrecisionRecallCurve) curve.
pub(super) fn precision_recall_points(counts: ThresholdCurve) -> impl Iterator<Item = [f64; 3]> {
    let curve = precision_recall(&counts);
    let points = curve.x.into_iter().zip(curve.y).zip(curve.thresholds);
    points.map(|((recall, precision), threshold)| [precision, recall, threshold])
}

/// Sensitivity, specificity and threshold along the [ROC](crate::classification::Roc) curve. The
/// specificity is a quotient of counts: `1 - 9/10`, say, is less than 0.1.
pub(super) fn sensitivity_specificity(counts: ThresholdCurve) -> impl Iterator<Item = [f64; 3]> {
    let (positives, negatives) = (counts.positives, counts.negatives);
    let points = counts.tp.into_iter().zip(counts.fp).zip(counts.thresholds);
    let points = points.map(|((tp, fp), threshold)| (tp, fp, threshold as f64));
    [(0.0, 0.0, 1.0)]
        .into_iter()
        .chain(points)
        .map(move |(tp, fp, threshold)| [tp / positives, (negatives - fp) / negatives, threshold])
}
