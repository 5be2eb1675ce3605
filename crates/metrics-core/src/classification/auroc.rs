use super::{
    Average, certified,
    curve_metric::{AveragedCurve, CurveMetric, CurveRule, averaged},
    delong,
    roc::roc,
};
use crate::{
    MetricError, Value,
    classification::{
        Thresholds,
        states::{Column, CurveScoresSummary},
    },
};

/// Area under the [ROC](crate::classification::Roc) curve: the probability that a positive scores
/// higher than a negative, ties counting half.
///
/// By the trapezoidal rule. Multiclass: each class against the rest, then averaged (macro,
/// weighted, none); multilabel: micro as well. Ranges over `[0, 1]`, 0.5 is chance. Binned, scores
/// between two thresholds count as tied, and the curve goes from (0, 0) to (1, 1). With weights, an
/// element counts as much as its weight, and a pair as much as their product. State: see
/// [`Thresholds`](crate::classification::Thresholds).
///
/// A class without positives or without negatives has no area: NaN with [`Average::None`], and left
/// out of macro and weighted averages. Where that leaves nothing, as of binary targets of one class, it is
/// [`MetricError::Undefined`]; no data is [`MetricError::Empty`].
///
/// References: Hanley and McNeil 1982; McClish 1989 for `max_fpr`; scikit-learn 1.7.2 `roc_auc_score` for weights;
/// TorchMetrics 1.9.0 `AUROC`, which takes the area of such a class for 0, also in the macro average, and whose
/// binned curves lack what lies beyond the thresholds. Of the logits 20, 25, 30, 35, 22 with the targets 0, 0, 1, 1, 1 it is
/// 5/6, and TorchMetrics' 0.5, since the sigmoids of all of them are 1 in `f32`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Auroc};
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
    uncertainty: Uncertainty,
}

/// What goes with the area.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Uncertainty {
    #[default]
    None,
    /// Bounds on the exact area.
    Bounds,
    /// DeLong's interval at a level of confidence.
    Interval(f64),
}

impl<B> Auroc<B> {
    /// A [`Value::Estimate`] from binned scores: bounds within which the exact area of the same scores
    /// is, and the middle between them, which counts a pair within a bin as half won.
    ///
    /// The bounds are no confidence interval: they are certain, and reached by some scores that fall
    /// into the same bins. Their distance is the share of all pairs of a positive and a negative that
    /// are in one bin: with 200 even thresholds 0.005 for scores spread evenly over `[0, 1]`, but 0.6
    /// where half of them are below 0.001. With [`Octaves(16)`](Thresholds::Octaves) it is less than
    /// 0.011 in both cases. Averages are those of the bounds; with [`Average::None`], and for exact
    /// thresholds, it is [`MetricError::InvalidOption`].
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Binary, classification::{Auroc, Thresholds}};
    /// use burn::tensor::{Device, Int, Tensor};
    ///
    /// let device = Device::default();
    /// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
    /// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
    /// let metric = Auroc::binary().thresholds(Thresholds::Count(5)).certified();
    /// let value = metric.evaluate(&Binary::from_scores(scores, target)?)?;
    /// // 0.35 and 0.4 are both between 0.25 and 0.5.
    /// assert_eq!(value.to_string(), "0.8750 [0.7500, 1.0000]");
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    pub fn certified(mut self) -> Self {
        self.rule.uncertainty = Uncertainty::Bounds;
        self
    }
}

impl Auroc<crate::batch::Binary> {
    /// Only the area up to this false positive rate, scaled to `[0, 1]` with 0.5 for chance.
    pub fn max_fpr(mut self, rate: f64) -> Self {
        self.rule.max_fpr = Some(rate);
        self
    }

    /// A [`Value::Estimate`]: the area with the confidence interval after DeLong at this level, such as
    /// 0.95, cut to `[0, 1]`.
    ///
    /// Its ends are NaN with less than two positives or negatives, whose variance is unknown, and the
    /// area itself with scores that separate both completely, which have none. Thresholds that are not
    /// exact, `max_fpr`, a level outside of `(0, 1)` and weighted data are
    /// [`MetricError::InvalidOption`]. References: DeLong, DeLong and Clarke-Pearson 1988; Sun and Xu
    /// 2014.
    ///
    /// ```
    /// use metrics_core::{Metric, batch::Binary, classification::Auroc};
    /// use burn::tensor::{Device, Int, Tensor};
    ///
    /// let device = Device::default();
    /// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8, 0.7, 0.2], &device);
    /// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 1, 0], &device);
    /// let value = Auroc::binary().interval(0.95).evaluate(&Binary::from_scores(scores, target)?)?;
    /// assert_eq!(value.to_string(), "0.8889 [0.5809, 1.0000]");
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    pub fn interval(mut self, level: f64) -> Self {
        self.rule.uncertainty = Uncertainty::Interval(level);
        self
    }
}

impl AveragedCurve for AurocRule {}

impl CurveRule for AurocRule {
    const NAME: &'static str = "auroc";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const AVERAGED: bool = true;
    const MICRO_OF_CLASSES: bool = false;

    fn needs_curve(&self) -> bool {
        self.max_fpr.is_some() || self.uncertainty != Uncertainty::None
    }

    fn validate(&self, thresholds: &Thresholds) -> Result<(), MetricError> {
        let invalid = |what: String| Err(MetricError::InvalidOption(what));
        match (self.max_fpr, self.uncertainty) {
            (Some(rate), _) if !(rate > 0.0 && rate <= 1.0) => {
                invalid(format!("max_fpr must be in (0, 1], not {rate}"))
            }
            (_, Uncertainty::None) => Ok(()),
            (Some(_), _) => invalid("max_fpr has neither an interval nor bounds".into()),
            (None, Uncertainty::Bounds) => certified::check_binned(thresholds),
            (None, Uncertainty::Interval(level)) if !(level > 0.0 && level < 1.0) => invalid(
                format!("a level of confidence must be in (0, 1), not {level}"),
            ),
            (None, Uncertainty::Interval(_)) if *thresholds != Thresholds::Exact => {
                invalid("an interval after DeLong needs exact thresholds".into())
            }
            (None, Uncertainty::Interval(_)) => Ok(()),
        }
    }

    fn is_defined(&self, positives: f64, negatives: f64) -> bool {
        positives > 0.0 && negatives > 0.0
    }

    fn value(&self, scores: &CurveScoresSummary, average: Average) -> Result<Value, MetricError> {
        match self.uncertainty {
            Uncertainty::None => {}
            Uncertainty::Bounds => {
                return certified::certified(scores, average, certified::roc_area);
            }
            Uncertainty::Interval(_) if scores.is_weighted() => {
                return Err(MetricError::InvalidOption(
                    "an interval after DeLong takes no weights".into(),
                ));
            }
            Uncertainty::Interval(level) => {
                return Ok(Value::Estimate(scores.all_columns(|column| {
                    delong::interval(&column, trapezoids(&column), level)
                })));
            }
        }
        averaged(scores, average, |column| match self.max_fpr {
            Some(limit) if limit < 1.0 => partial(column, limit),
            _ => trapezoids(column),
        })
    }

    fn suffix(&self) -> String {
        let limit = self.max_fpr.map(|rate| format!("_fpr{rate}"));
        let uncertainty = match self.uncertainty {
            Uncertainty::None => String::new(),
            Uncertainty::Bounds => "_certified".into(),
            Uncertainty::Interval(level) => format!("_interval{level}"),
        };
        limit.unwrap_or_default() + &uncertainty
    }
}

/// The area under the whole curve; NaN without a positive or without a negative.
fn trapezoids(column: &Column) -> f64 {
    column.wins() / (2.0 * column.positives * column.negatives)
}

/// The area up to a false positive rate, standardized by McClish's correction.
fn partial(column: &Column, limit: f64) -> f64 {
    let mut curve = roc(&column.curve());
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
