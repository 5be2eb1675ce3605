use super::{
    Average,
    curve_metric::{AveragedCurve, CurveMetric, CurveRule},
    roc::roc,
};
use crate::{
    Curve, MetricError, Value,
    classification::states::{Column, CurveScoresSummary},
    states::TaskKind,
};

/// Equal error rate: the error where false positives and false negatives are equally frequent.
///
/// `(fpr + fnr) / 2` at the point of the [ROC](crate::classification::Roc) curve where `|fpr - fnr|`
/// is least, with `fnr = 1 - tpr`; of several points the first, which has the highest threshold.
/// Takes scores `[N, ..]` (binary) or `[N, C, ..]`. A value per class or label by default
/// ([`Average::None`]); micro is the rate over the decisions of all of them, macro that of the mean
/// curve. Ranges over `[0, 1]`, 0 is best.
///
/// A class without positives or without negatives has no equal error: NaN with [`Average::None`], and
/// left out of the mean curve. Where that leaves nothing, as of binary targets of one class, it is
/// [`MetricError::Undefined`]. No data is [`MetricError::Empty`]; a weighted average is
/// [`MetricError::InvalidOption`]. State: see [`Thresholds`](crate::classification::Thresholds).
/// Reference: TorchMetrics 1.9.0 `EER`, which has averages for multiclass only, takes the rate that has no elements
/// for 0, and looks at the given thresholds alone, not at the ends of a binned curve.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Eer};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// assert_eq!(Eer::binary().evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Eer<B> = CurveMetric<EerRule, B>;

/// The rule of [`Eer`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EerRule;

impl AveragedCurve for EerRule {}

impl CurveRule for EerRule {
    const NAME: &'static str = "eer";
    const HIGHER_IS_BETTER: Option<bool> = Some(false);
    const AVERAGED: bool = true;
    const DEFAULT_AVERAGE: Average = Average::None;

    fn is_defined(&self, positives: f64, negatives: f64) -> bool {
        positives > 0.0 && negatives > 0.0
    }

    fn value(&self, scores: &CurveScoresSummary, average: Average) -> Result<Value, MetricError> {
        let curve = |column: Column| {
            let defined = self.is_defined(column.positives, column.negatives);
            defined.then(|| roc(&column.curve()))
        };
        let error = |curve: Option<Curve>| curve.as_ref().map_or(f64::NAN, equal_error);
        Ok(match average {
            _ if scores.task() == TaskKind::Binary => error(scores.all_columns(curve)).into(),
            Average::None => {
                Value::PerClass(scores.each_column(curve).into_iter().map(error).collect())
            }
            Average::Micro => error(scores.all_columns(curve)).into(),
            Average::Macro => {
                let curves: Vec<_> = scores.each_column(curve).into_iter().flatten().collect();
                let mut rates: Vec<f64> = curves.iter().flat_map(|c| &c.x).copied().collect();
                rates.sort_by(f64::total_cmp);
                let sum = |x: f64| curves.iter().map(|curve| at(curve, x)).sum::<f64>();
                let points = rates.iter().map(|x| (*x, sum(*x) / curves.len() as f64));
                least_apart(points).into()
            }
            Average::Weighted => {
                return Err(MetricError::InvalidOption(
                    "an equal error rate has no weighted average; use macro, micro or none".into(),
                ));
            }
        })
    }
}

fn equal_error(curve: &Curve) -> f64 {
    least_apart(curve.x.iter().copied().zip(curve.y.iter().copied()))
}

/// The mean of both error rates where they are closest, of pairs of `fpr` and `tpr`.
fn least_apart(points: impl Iterator<Item = (f64, f64)>) -> f64 {
    let apart = |(fpr, tpr): &(f64, f64)| (fpr - (1.0 - tpr)).abs();
    let first = points.min_by(|a, b| apart(a).total_cmp(&apart(b)));
    first.map_or(f64::NAN, |(fpr, tpr)| (fpr + (1.0 - tpr)) / 2.0)
}

/// The height of a curve at `x`, on the line through the last point that is not right of it and the
/// next one; on the last two points' at the end, as in the reference. A curve has two points at least.
fn at(curve: &Curve, x: f64) -> f64 {
    let right = curve.x.partition_point(|left| *left <= x);
    let right = right.clamp(1, curve.x.len() - 1);
    let (x0, x1) = (curve.x[right - 1], curve.x[right]);
    let (y0, y1) = (curve.y[right - 1], curve.y[right]);
    if x1 == x0 {
        y0
    } else {
        y0 + (y1 - y0) / (x1 - x0) * (x - x0)
    }
}
