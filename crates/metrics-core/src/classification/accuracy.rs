use super::class_metric::{Averaged, ClassMetric, ConfusionRule, RuleOptions, unseen_at};
use super::samplewise::Multidim;
use crate::{
    MetricError, Value,
    intervals::Proportion,
    states::{ClassCounts, ConfusionSummary, TaskKind},
};

/// Accuracy: the share of decisions that are right.
///
/// Binary and multilabel: `(tp + tn) / (tp + fp + tn + fn)`. Multiclass: `tp / (tp + fn)` per
/// class, so that micro is the share of elements predicted right (with `top_k`: whose target is
/// among the `k` best scores) and macro the mean recall of the classes that are target or prediction
/// anywhere; over those that are targets alone it is
/// [`BalancedAccuracy`](crate::classification::BalancedAccuracy). Ranges over `[0, 1]`. A quotient
/// without a denominator is 0; no data is [`MetricError::Empty`]. Reference: TorchMetrics 1.9.0
/// `Accuracy`, whose default average for multiclass and multilabel, macro, is ours.
///
/// ```
/// use metrics_core::{Metric, batch::Multiclass, classification::{Accuracy, Average}};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 1, 1, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let batch = Multiclass::from_labels(pred, target)?;
///
/// let micro = Accuracy::multiclass(2).average(Average::Micro).evaluate(&batch)?;
/// assert_eq!(micro.scalar(), Some(0.75));
/// let per_class = Accuracy::multiclass(2).average(Average::None).evaluate(&batch)?;
/// assert_eq!(per_class.per_class(), Some(&[0.5, 1.0][..]));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type Accuracy<B> = ClassMetric<AccuracyRule, B>;

/// The rule of [`Accuracy`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccuracyRule;

impl Averaged for AccuracyRule {}
impl Multidim for AccuracyRule {}

impl ConfusionRule for AccuracyRule {
    const NAME: &'static str = "accuracy";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let score = |c: &ClassCounts| accuracy(c, options);
        Ok(options.average(counts, score, unseen_at(options.top_k)))
    }
}

impl Proportion for AccuracyRule {
    fn proportion(&self, c: &ClassCounts, options: &RuleOptions) -> (f64, f64) {
        match options.task {
            TaskKind::Multiclass => (c.tp, c.support()),
            TaskKind::Binary | TaskKind::Multilabel => (c.tp + c.tn, c.total()),
        }
    }
}

/// The accuracy of one class or label.
pub(super) fn accuracy(c: &ClassCounts, options: &RuleOptions) -> f64 {
    let (hits, all) = AccuracyRule.proportion(c, options);
    options.divide(hits, all)
}
