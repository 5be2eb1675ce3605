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

    /// The best point of every curve.
    fn choose(scores: &CurveScoresSummary, min: f64) -> Value;
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

    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        required_rate(R::OPTION, self.least).map(drop)
    }

    fn value(&self, scores: &CurveScoresSummary, _average: Average) -> Result<Value, MetricError> {
        Ok(R::choose(scores, required_rate(R::OPTION, self.least)?))
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

/// Precision, recall and threshold along the
/// [precision-recall](crate::classification::PrecisionRecallCurve) curve.
pub(super) fn precision_recall_points(
    counts: ThresholdCurve,
    scores: &CurveScoresSummary,
) -> impl Iterator<Item = [f64; 3]> + use<> {
    let curve = precision_recall(&counts, scores);
    let points = curve.x.into_iter().zip(curve.y).zip(curve.thresholds);
    points.map(|((recall, precision), threshold)| [precision, recall, threshold])
}

/// Sensitivity, specificity and threshold along the [ROC](crate::classification::Roc) curve. The
/// specificity is a quotient of counts: `1 - 9/10`, say, is less than 0.1.
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
