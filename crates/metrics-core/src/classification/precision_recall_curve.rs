use super::{
    Average,
    curve_metric::{CurveMetric, CurveRule},
};
use crate::{
    Curve, MetricError, Value,
    classification::states::{CurveScoresSummary, ThresholdCurve},
    states::TaskKind,
};

/// Recall (x) against precision (y) at rising thresholds, and a last point (0, 1) without one.
///
/// One curve, or one per class or label. A score of at least the threshold is a positive. The exact
/// curve has a point per score that occurs, the binned one a point per threshold, where a quotient
/// without elements is NaN. Without positives, the exact recall is 1 (multiclass: NaN), as in the
/// reference. No data is [`MetricError::Empty`]. State: see
/// [`Thresholds`](crate::classification::Thresholds). Reference: TorchMetrics 1.9.0
/// `PrecisionRecallCurve`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::PrecisionRecallCurve};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let value = PrecisionRecallCurve::binary().evaluate(&Binary::from_scores(scores, target)?)?;
/// let curve = &value.curves().unwrap()[0];
/// assert_eq!(curve.x, [1.0, 1.0, 0.5, 0.5, 0.0]);
/// assert_eq!(curve.y, [0.5, 2.0 / 3.0, 0.5, 1.0, 1.0]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type PrecisionRecallCurve<B> = CurveMetric<PrecisionRecallCurveRule, B>;

/// The rule of [`PrecisionRecallCurve`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrecisionRecallCurveRule;

impl CurveRule for PrecisionRecallCurveRule {
    const NAME: &'static str = "precision_recall_curve";
    const HIGHER_IS_BETTER: Option<bool> = None;
    const AVERAGED: bool = false;

    fn value(&self, scores: &CurveScoresSummary, _average: Average) -> Result<Value, MetricError> {
        let curve = |column: &_| precision_recall(column, scores);
        Ok(Value::Curves(scores.columns().iter().map(curve).collect()))
    }
}

/// The curve of one class.
pub(super) fn precision_recall(counts: &ThresholdCurve, scores: &CurveScoresSummary) -> Curve {
    let points = counts.tp.iter().zip(&counts.fp).rev();
    let without_positives = match (scores.is_exact(), scores.task()) {
        (true, TaskKind::Binary | TaskKind::Multilabel) => 1.0,
        _ => f64::NAN,
    };
    let recall = |tp: &f64| {
        if counts.positives == 0.0 {
            without_positives
        } else {
            tp / counts.positives
        }
    };
    let precision: Vec<f64> = points
        .clone()
        .map(|(tp, fp)| tp / (tp + fp))
        .chain([1.0])
        .collect();
    let recall: Vec<f64> = points.map(|(tp, _)| recall(tp)).chain([0.0]).collect();
    Curve {
        x_name: "recall".into(),
        y_name: "precision".into(),
        x: recall,
        y: precision,
        thresholds: counts.thresholds.iter().rev().map(|t| *t as f64).collect(),
        support: Some(counts.support()),
    }
}
