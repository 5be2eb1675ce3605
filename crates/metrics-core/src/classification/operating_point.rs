//! What the metrics share that choose the best point of a curve under a condition.

use super::precision_recall_curve::precision_recall;
use crate::{
    MetricError, OperatingPoints, Value,
    classification::states::{CurveScoresSummary, ThresholdCurve},
};

/// The rate that an option without a default was given.
///
/// # Errors
/// [`MetricError::InvalidOption`] if it was given none, or one outside of `[0, 1]`.
pub(super) fn required_rate(option: &str, value: Option<f64>) -> Result<f64, MetricError> {
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

/// The best candidate of every curve: the largest value, then the largest second entry, then the
/// highest threshold. A curve without a candidate has the value 0 and no threshold.
pub(super) fn best<I: Iterator<Item = [f64; 3]>>(
    scores: &CurveScoresSummary,
    candidates: impl Fn(ThresholdCurve) -> I,
) -> Value {
    let chosen = scores.columns().into_iter().map(|column| {
        let points = candidates(column);
        let better = |best: [f64; 3], point| if point > best { point } else { best };
        let [value, _, threshold] = points.reduce(better).unwrap_or([0.0, 0.0, f64::NAN]);
        (value, threshold)
    });
    let (values, thresholds) = chosen.unzip();
    Value::OperatingPoints(OperatingPoints { values, thresholds })
}

/// Precision, recall and threshold along the [precision-recall](crate::classification::PrecisionRecallCurve) curve.
pub(super) fn precision_recall_points(
    counts: ThresholdCurve,
    scores: &CurveScoresSummary,
) -> impl Iterator<Item = [f64; 3]> + use<> {
    let curve = precision_recall(&counts, scores);
    let points = curve.x.into_iter().zip(curve.y).zip(curve.thresholds);
    points.map(|((recall, precision), threshold)| [precision, recall, threshold])
}

/// Sensitivity, specificity and threshold along the [ROC](crate::classification::Roc) curve. The specificity is a
/// quotient of counts: `1 - 9/10`, say, is less than 0.1.
pub(super) fn sensitivity_specificity(
    counts: ThresholdCurve,
    exact: bool,
) -> impl Iterator<Item = [f64; 3]> {
    let (positives, negatives) = (counts.positives, counts.negatives);
    let start = exact.then_some((0.0, 0.0, 1.0));
    let points = counts.tp.into_iter().zip(counts.fp).zip(counts.thresholds);
    let points = points.map(|((tp, fp), threshold)| (tp, fp, threshold as f64));
    start
        .into_iter()
        .chain(points)
        .map(move |(tp, fp, threshold)| {
            let sensitivity = if positives == 0.0 {
                0.0
            } else {
                tp / positives
            };
            let specificity = if negatives == 0.0 {
                1.0
            } else {
                (negatives - fp) / negatives
            };
            [sensitivity, specificity, threshold]
        })
}
