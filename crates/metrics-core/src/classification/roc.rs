use super::{
    Average,
    curve_mean::mean_roc,
    curve_metric::{AveragedCurve, CurveMetric, CurveRule},
};
use crate::{
    Curve, MetricError, Value,
    classification::states::{CurveScoresSummary, ThresholdCurve},
};

/// Receiver operating characteristic: false positive rate (x) against true positive rate (y) at
/// falling thresholds.
///
/// One curve, or one per class or label. A score of at least the threshold is a positive. A curve
/// starts at (0, 0) with threshold 1, has a point per score that occurs (binned: per threshold), and ends
/// at (1, 1): binned with one more point, of threshold 0, where no threshold is that low. A rate without
/// elements is NaN. No data is [`MetricError::Empty`]. State: see
/// [`Thresholds`](crate::classification::Thresholds).
///
/// [`average`](Self::average) makes one curve of all classes or labels: micro of their decisions
/// together; macro and weighted have the mean true positive rate at each false positive rate, see there.
///
/// Reference: TorchMetrics 1.9.0 `ROC`, whose binned curves end at the highest and the lowest threshold, whose rates
/// without elements are 0, and whose macro average may fall back.
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

impl AveragedCurve for RocRule {}

impl CurveRule for RocRule {
    const NAME: &'static str = "roc";
    const HIGHER_IS_BETTER: Option<bool> = None;
    const AVERAGED: bool = false;
    const DEFAULT_AVERAGE: Average = Average::None;

    fn value(&self, scores: &CurveScoresSummary, average: Average) -> Result<Value, MetricError> {
        Ok(Value::Curves(match average {
            Average::None => scores.columns().iter().map(roc).collect(),
            Average::Micro => vec![roc(&scores.pooled())],
            Average::Macro | Average::Weighted => vec![mean_roc(scores, average)?],
        }))
    }
}

/// The curve of one class.
pub(super) fn roc(counts: &ThresholdCurve) -> Curve {
    // 0 / 0 is the NaN of a rate without elements.
    let rates = |counts: &[f64], all: f64| -> Vec<f64> {
        [0.0]
            .iter()
            .chain(counts)
            .map(|count| count / all)
            .collect()
    };
    let thresholds = counts.thresholds.iter().map(|t| *t as f64);
    Curve {
        x_name: "false positive rate".into(),
        y_name: "true positive rate".into(),
        x: rates(&counts.fp, counts.negatives),
        y: rates(&counts.tp, counts.positives),
        thresholds: [1.0].into_iter().chain(thresholds).collect(),
        support: Some(counts.support()),
    }
}
