use super::class_metric::{
    Averaged, ClassMetric, ConfusionRule, RuleOptions, ZeroDivision, unseen_at,
};
use super::samplewise::Multidim;
use crate::{
    MetricError, Value,
    intervals::Proportion,
    states::{ClassCounts, ConfusionSummary},
};

/// Precision: the share of positive predictions that are right, `tp / (tp + fp)`.
///
/// Per class for multiclass and multilabel, then averaged. Ranges over `[0, 1]`. A class that is
/// never predicted has `zero_division`; no data is [`MetricError::Empty`]. Reference: TorchMetrics
/// 1.9.0 `Precision`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Precision};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 1], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// assert_eq!(Precision::binary().evaluate(&batch)?.scalar(), Some(2.0 / 3.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Precision<B> = ClassMetric<PrecisionRule, B>;

/// The rule of [`Precision`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrecisionRule;

impl Averaged for PrecisionRule {}
impl Multidim for PrecisionRule {}
impl ZeroDivision for PrecisionRule {}

impl ConfusionRule for PrecisionRule {
    const NAME: &'static str = "precision";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        Ok(options.average(
            counts,
            |c| options.divide(c.tp, c.tp + c.fp),
            unseen_at(options.top_k),
        ))
    }
}

impl Proportion for PrecisionRule {
    fn proportion(&self, c: &ClassCounts, _options: &RuleOptions) -> (f64, f64) {
        (c.tp, c.predicted())
    }
}
