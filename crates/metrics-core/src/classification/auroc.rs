use super::{
    Average,
    curve_metric::{CurveMetric, CurveRule, averaged},
    roc::roc,
};
use crate::{
    MetricError, Value,
    accumulators::{Column, CurveCounts, Thresholds},
};

/// Area under the [ROC](crate::Roc) curve: the probability that a positive scores higher than a
/// negative, ties counting half.
///
/// By the trapezoidal rule. Multiclass: each class against the rest, then averaged (macro,
/// weighted, none); multilabel: micro as well. Ranges over `[0, 1]`, 0.5 is chance. A class without
/// positives or without negatives has 0 and counts in the macro average, as in the reference; no
/// data is [`MetricError::Empty`]. State: see
/// [`Thresholds`](crate::accumulators::Thresholds). References: Hanley and McNeil 1982; McClish
/// 1989 for `max_fpr`; TorchMetrics 1.9.0 `AUROC`.
///
/// ```
/// use metrics_core::{Auroc, Metric, batch::Binary};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// assert_eq!(Auroc::binary().evaluate(&batch)?.scalar(), Some(0.75));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Auroc<B> = CurveMetric<AurocRule, B>;

/// The rule of [`Auroc`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AurocRule {
    max_fpr: Option<f64>,
}

impl Auroc<crate::batch::Binary> {
    /// Only the area up to this false positive rate, scaled to `[0, 1]` with 0.5 for chance.
    pub fn max_fpr(mut self, rate: f64) -> Self {
        self.rule.max_fpr = Some(rate);
        self
    }
}

impl CurveRule for AurocRule {
    const NAME: &'static str = "auroc";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = true;

    fn needs_curve(&self) -> bool {
        self.max_fpr.is_some()
    }

    fn validate(&self, _thresholds: &Thresholds) -> Result<(), MetricError> {
        match self.max_fpr.filter(|rate| !(*rate > 0.0 && *rate <= 1.0)) {
            Some(rate) => Err(MetricError::InvalidOption(format!(
                "max_fpr must be in (0, 1], not {rate}"
            ))),
            None => Ok(()),
        }
    }

    fn value(&self, scores: &CurveCounts, average: Average) -> Result<Value, MetricError> {
        let exact = scores.is_exact();
        averaged(scores, average, |column| match self.max_fpr {
            Some(limit) if limit < 1.0 => partial(column, exact, limit),
            _ => trapezoids(column),
        })
    }

    fn suffix(&self) -> String {
        self.max_fpr
            .map(|rate| format!("_fpr{rate}"))
            .unwrap_or_default()
    }
}

/// The area under the whole curve, which starts at its first threshold unless it is exact.
fn trapezoids(column: &Column) -> f64 {
    // Without a positive or without a negative there is no area.
    column.wins() / (2.0 * column.positives.max(1) as f64 * column.negatives.max(1) as f64)
}

/// The area up to a false positive rate, standardized by McClish's correction; the plain area of a
/// curve on one of the axes.
fn partial(column: &Column, exact: bool, limit: f64) -> f64 {
    let mut curve = roc(&column.curve(), exact);
    let some = |rates: &[f64]| rates.iter().any(|rate| *rate > 0.0);
    if !some(&curve.x) || !some(&curve.y) {
        return trapezoids(column);
    }
    if let Some(stop) = curve
        .x
        .iter()
        .position(|x| *x > limit)
        .filter(|stop| *stop > 0)
    {
        let (x0, x1) = (curve.x[stop - 1], curve.x[stop]);
        let (y0, y1) = (curve.y[stop - 1], curve.y[stop]);
        curve.x.truncate(stop);
        curve.y.truncate(stop);
        curve.x.push(limit);
        curve.y.push(y0 + (y1 - y0) * (limit - x0) / (x1 - x0));
    }
    let steps = curve.x.windows(2).zip(curve.y.windows(2));
    let area: f64 = steps
        .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
        .sum();
    let chance = limit * limit / 2.0;
    0.5 * (1.0 + (area - chance) / (limit - chance))
}
