use super::{
    Average,
    curve_metric::{CurveMetric, CurveRule},
};
use crate::{
    Curve, MetricError, Value,
    classification::states::{CurveScoresSummary, ThresholdCurve},
};

/// Receiver operating characteristic: false positive rate (x) against true positive rate (y) at
/// falling thresholds.
///
/// One curve, or one per class or label. A score of at least the threshold is a positive. The exact
/// curve starts at (0, 0) with threshold 1 and has a point per score that occurs; the binned one
/// has a point per threshold. A rate without elements is 0. No data is [`MetricError::Empty`].
/// State: see [`Thresholds`](crate::classification::Thresholds). Reference: TorchMetrics 1.9.0 `ROC`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Roc};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let value = Roc::binary().evaluate(&Binary::from_scores(scores, target)?)?;
/// let curve = &value.curves().unwrap()[0];
/// assert_eq!(curve.x, [0.0, 0.0, 0.5, 0.5, 1.0]);
/// assert_eq!(curve.y, [0.0, 0.5, 0.5, 1.0, 1.0]);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Roc<B> = CurveMetric<RocRule, B>;

/// The rule of [`Roc`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RocRule;

impl CurveRule for RocRule {
    const NAME: &'static str = "roc";
    const HIGHER_IS_BETTER: Option<bool> = None;
    const AVERAGED: bool = false;

    fn value(&self, scores: &CurveScoresSummary, _average: Average) -> Result<Value, MetricError> {
        let exact = scores.is_exact();
        Ok(Value::Curves(
            scores
                .columns()
                .iter()
                .map(|column| roc(column, exact))
                .collect(),
        ))
    }
}

/// The curve of one class.
pub(super) fn roc(counts: &ThresholdCurve, exact: bool) -> Curve {
    let rates = |counts: &[f64], all: f64| -> Vec<f64> {
        let start = exact.then_some(0.0);
        let rate = |count: &f64| if all == 0.0 { 0.0 } else { count / all };
        start.into_iter().chain(counts.iter().map(rate)).collect()
    };
    let start = exact.then_some(1.0);
    Curve {
        x_name: "false positive rate".into(),
        y_name: "true positive rate".into(),
        x: rates(&counts.fp, counts.negatives),
        y: rates(&counts.tp, counts.positives),
        thresholds: start
            .into_iter()
            .chain(counts.thresholds.iter().map(|t| *t as f64))
            .collect(),
        support: Some(counts.support()),
    }
}
