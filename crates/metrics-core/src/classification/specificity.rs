use super::class_metric::{Averaged, ClassMetric, ConfusionRule, RuleOptions};
use super::samplewise::Multidim;
use crate::{
    MetricError, Value,
    intervals::Proportion,
    states::{ClassCounts, ConfusionSummary},
};

/// Specificity (true negative rate): the share of negatives that are recognized, `tn / (tn + fp)`.
///
/// Per class for multiclass and multilabel, then averaged. Ranges over `[0, 1]`. A class that is
/// always target has 0; no data is [`MetricError::Empty`]. Reference: TorchMetrics 1.9.0
/// `Specificity`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Specificity};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 1], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// assert_eq!(Specificity::binary().evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Specificity<B> = ClassMetric<SpecificityRule, B>;

/// The rule of [`Specificity`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpecificityRule;

impl Averaged for SpecificityRule {}
impl Multidim for SpecificityRule {}

impl ConfusionRule for SpecificityRule {
    const NAME: &'static str = "specificity";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        Ok(options.average(
            counts,
            |c| options.divide(c.tn, c.tn + c.fp),
            ClassCounts::is_unseen,
        ))
    }
}

impl Proportion for SpecificityRule {
    fn proportion(&self, c: &ClassCounts, _options: &RuleOptions) -> (f64, f64) {
        (c.tn, c.tn + c.fp)
    }
}
