use super::class_metric::{Averaged, ClassMetric, ConfusionRule, RuleOptions};
use crate::{
    MetricError, Value,
    states::{ClassCounts, ConfusionSummary},
};

/// Informedness (Youden's J): how much more often positives are predicted positive than negatives
/// are, `tp / (tp + fn) + tn / (tn + fp) - 1`.
///
/// Per class against the rest for multiclass and multilabel, then averaged. Ranges over `[-1, 1]`; guessing
/// is 0, whatever the share of positives. Without positives or without negatives there is nothing to tell
/// apart: 0. No data is [`MetricError::Empty`]. Not in TorchMetrics. Reference: scikit-learn 1.7.2
/// `balanced_accuracy_score(adjusted=True)` of a class against the rest, which is NaN without positives
/// or negatives.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::Informedness};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 1], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// assert_eq!(Informedness::binary().evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Informedness<B> = ClassMetric<InformednessRule, B>;

/// The rule of [`Informedness`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InformednessRule;

impl Averaged for InformednessRule {}

impl ConfusionRule for InformednessRule {
    const NAME: &'static str = "informedness";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let informedness = |c: &ClassCounts| {
            let (positives, negatives) = (c.support(), c.tn + c.fp);
            if positives > 0.0 && negatives > 0.0 {
                c.tp / positives + c.tn / negatives - 1.0
            } else {
                0.0
            }
        };
        Ok(options.average(counts, informedness, ClassCounts::is_unseen))
    }
}
