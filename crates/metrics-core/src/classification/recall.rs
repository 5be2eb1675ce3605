use super::class_metric::{
    Averaged, ClassMetric, ConfusionRule, RuleOptions, ZeroDivision, unseen_at,
};
use super::samplewise::Multidim;
use crate::{
    MetricError, Value,
    intervals::Proportion,
    states::{ClassCounts, ConfusionSummary},
};

/// Recall (sensitivity, true positive rate): the share of positives that are found,
/// `tp / (tp + fn)`.
///
/// Per class for multiclass and multilabel, then averaged. Ranges over `[0, 1]`. A class that is
/// never target has `zero_division`; no data is [`MetricError::Empty`]. Reference: TorchMetrics
/// 1.9.0 `Recall`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Recall};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 1], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// assert_eq!(Recall::binary().evaluate(&batch)?.scalar(), Some(1.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Recall<B> = ClassMetric<RecallRule, B>;

/// The rule of [`Recall`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecallRule;

impl Averaged for RecallRule {}
impl Multidim for RecallRule {}
impl ZeroDivision for RecallRule {}

impl ConfusionRule for RecallRule {
    const NAME: &'static str = "recall";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        Ok(options.average(
            counts,
            |c| options.divide(c.tp, c.support()),
            unseen_at(options.top_k),
        ))
    }
}

impl Proportion for RecallRule {
    fn proportion(&self, c: &ClassCounts, _options: &RuleOptions) -> (f64, f64) {
        (c.tp, c.support())
    }
}
