use super::class_metric::{
    Averaged, ClassMetric, ConfusionRule, RuleOptions, ZeroDivision, unseen_at,
};
use super::samplewise::Multidim;
use crate::{
    MetricError, Value,
    intervals::Proportion,
    states::{ClassCounts, ConfusionSummary},
};

/// Negative predictive value: the share of negative predictions that are right, `tn / (tn + fn)`.
///
/// Per class for multiclass and multilabel, then averaged. Ranges over `[0, 1]`. A class that is
/// always predicted has `zero_division`; no data is [`MetricError::Empty`]. Reference: TorchMetrics
/// 1.9.0 `NegativePredictiveValue`, and for `zero_division` its functional form: the class takes the
/// option and does not use it.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::NegativePredictiveValue};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 0, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 1], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// let value = NegativePredictiveValue::binary().evaluate(&batch)?;
/// assert_eq!(value.scalar(), Some(2.0 / 3.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type NegativePredictiveValue<B> = ClassMetric<NegativePredictiveValueRule, B>;

/// The rule of [`NegativePredictiveValue`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NegativePredictiveValueRule;

impl Averaged for NegativePredictiveValueRule {}
impl Multidim for NegativePredictiveValueRule {}
impl ZeroDivision for NegativePredictiveValueRule {}

impl ConfusionRule for NegativePredictiveValueRule {
    const NAME: &'static str = "negative_predictive_value";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        Ok(options.average(
            counts,
            |c| options.divide(c.tn, c.tn + c.fn_),
            unseen_at(options.top_k),
        ))
    }
}

impl Proportion for NegativePredictiveValueRule {
    fn proportion(&self, c: &ClassCounts, _options: &RuleOptions) -> (f64, f64) {
        (c.tn, c.tn + c.fn_)
    }
}
