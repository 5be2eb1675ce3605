use super::{
    Average,
    curve_mean::mean_precision_recall,
    curve_metric::{AveragedCurve, CurveMetric, CurveRule},
};
use crate::{
    Curve, MetricError, Value,
    classification::states::{CurveScoresSummary, ThresholdCurve},
};

/// Recall (x) against precision (y) at rising thresholds, and a last point (0, 1) without one.
///
/// One curve, or one per class or label. A score of at least the threshold is a positive. The exact
/// curve has a point per score that occurs, the binned one a point per threshold, and before them one of
/// threshold 0 where no threshold is that low: the recall begins at 1. A quotient without
/// elements is NaN: the recall of a class without positives, the precision at a threshold that
/// nothing reaches. No data is [`MetricError::Empty`]. State: see
/// [`Thresholds`](crate::classification::Thresholds).
///
/// [`average`](Self::average) makes one curve of all classes or labels: micro of their decisions
/// together; macro and weighted have the mean precision at each recall, see there.
///
/// Reference: TorchMetrics 1.9.0 `PrecisionRecallCurve`, whose binned curves begin at the lowest threshold, whose
/// recall without positives is 1 for exact binary and multilabel curves, and whose macro
/// average is the mean recall at each precision, which goes back and forth.
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

impl AveragedCurve for PrecisionRecallCurveRule {}

impl CurveRule for PrecisionRecallCurveRule {
    const NAME: &'static str = "precision_recall_curve";
    const HIGHER_IS_BETTER: Option<bool> = None;
    const AVERAGED: bool = false;
    const DEFAULT_AVERAGE: Average = Average::None;

    fn value(&self, scores: &CurveScoresSummary, average: Average) -> Result<Value, MetricError> {
        Ok(Value::Curves(match average {
            Average::None => scores.columns().iter().map(precision_recall).collect(),
            Average::Micro => vec![precision_recall(&scores.pooled())],
            Average::Macro | Average::Weighted => vec![mean_precision_recall(scores, average)?],
        }))
    }
}

/// The curve of one class.
pub(super) fn precision_recall(counts: &ThresholdCurve) -> Curve {
    let points = counts.tp.iter().zip(&counts.fp).rev();
    let precision: Vec<f64> = points
        .clone()
        .map(|(tp, fp)| tp / (tp + fp))
        .chain([1.0])
        .collect();
    // 0 / 0 is the NaN of a recall without positives.
    let recall = points.map(|(tp, _)| tp / counts.positives);
    let recall: Vec<f64> = recall.chain([0.0]).collect();
    Curve {
        x_name: "recall".into(),
        y_name: "precision".into(),
        x: recall,
        y: precision,
        thresholds: counts.thresholds.iter().rev().map(|t| *t as f64).collect(),
        support: Some(counts.support()),
    }
}
