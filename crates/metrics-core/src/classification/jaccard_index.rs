use super::class_metric::{
    Average, Averaged, ClassMetric, ConfusionRule, RuleOptions, ZeroDivision,
};
use crate::{
    MetricError, Value,
    states::{ClassCounts, ConfusionSummary},
};

/// Jaccard index (intersection over union): `tp / (tp + fp + fn)`.
///
/// Per class for multiclass and multilabel, then averaged; over pixels this is the mean IoU.
/// An `ignore_index` that is a class leaves that class out of the union of micro as well (multiclass).
/// Ranges over `[0, 1]`. A class that is neither target nor prediction has `zero_division`; no
/// data is [`MetricError::Empty`]. Reference: TorchMetrics 1.9.0 `JaccardIndex`; where no class is
/// left to average, it yields NaN and we `zero_division`.
///
/// ```
/// use metrics_core::{Metric, batch::Binary, classification::JaccardIndex};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<2, Int>::from_ints([[1, 1], [0, 0]], &device);
/// let target = Tensor::<2, Int>::from_ints([[1, 0], [0, 0]], &device);
/// let batch = Binary::from_labels(pred, target)?;
/// assert_eq!(JaccardIndex::binary().evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type JaccardIndex<B> = ClassMetric<JaccardIndexRule, B>;

/// The rule of [`JaccardIndex`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JaccardIndexRule;

impl Averaged for JaccardIndexRule {}
impl ZeroDivision for JaccardIndexRule {}

impl ConfusionRule for JaccardIndexRule {
    const NAME: &'static str = "jaccard_index";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let union = |c: &ClassCounts| c.tp + c.fp + c.fn_;
        let jaccard = |c: &ClassCounts| options.divide(c.tp, union(c));
        if let (Average::Micro, Some(ignored)) =
            (options.average, options.ignored_class(counts.width))
        {
            // The reference leaves the class out of the union only.
            let classes = counts.classes();
            let tp = classes.iter().map(|c| c.tp).sum();
            let all: f64 = classes.iter().map(union).sum();
            return Ok(options.divide(tp, all - union(&classes[ignored])).into());
        }
        Ok(options.average(counts, jaccard, ClassCounts::is_unseen))
    }
}
