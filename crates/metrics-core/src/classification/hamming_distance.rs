use super::samplewise::Multidim;
use super::{
    accuracy::accuracy,
    class_metric::{Averaged, ClassMetric, ConfusionRule, RuleOptions},
};
use crate::{
    MetricError, Value,
    states::{ClassCounts, ConfusionSummary},
};

/// Hamming distance: the share of decisions that are wrong.
///
/// One minus [`Accuracy`](crate::classification::Accuracy), class by class before averaging. Ranges over `[0, 1]`,
/// 0 is best. A class without a denominator has distance 1, as in the reference; no data is
/// [`MetricError::Empty`]. Reference: TorchMetrics 1.9.0 `HammingDistance`.
///
/// ```
/// use metrics_core::{Metric, batch::Multilabel, classification::HammingDistance};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2, Int>::from_ints([[0, 0], [0, 1]], &device);
/// let target = Tensor::<2, Int>::from_ints([[0, 1], [1, 1]], &device);
/// let batch = Multilabel::from_labels(pred, target)?;
/// assert_eq!(HammingDistance::multilabel(2).evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type HammingDistance<B> = ClassMetric<HammingDistanceRule, B>;

/// The rule of [`HammingDistance`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HammingDistanceRule;

impl Averaged for HammingDistanceRule {}
impl Multidim for HammingDistanceRule {}

impl ConfusionRule for HammingDistanceRule {
    const NAME: &'static str = "hamming_distance";
    const HIGHER_IS_BETTER: Option<bool> = Some(false);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        Ok(options.average(
            counts,
            |c| 1.0 - accuracy(c, options),
            ClassCounts::is_unseen,
        ))
    }
}
