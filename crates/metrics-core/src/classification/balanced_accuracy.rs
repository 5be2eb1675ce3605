use super::class_metric::{ClassMetric, ConfusionRule, RuleOptions};
use crate::{
    MetricError, Value,
    states::{ClassCounts, ConfusionBatch, ConfusionSummary, TaskKind},
};

/// Balanced accuracy: the mean recall of the classes that occur as targets, so that every class counts
/// alike, however rare it is.
///
/// Binary: the mean of sensitivity `tp / (tp + fn)` and specificity `tn / (tn + fp)`, or the one of them
/// that is defined. Multiclass: the mean of `tp / (tp + fn)` over the classes with targets. Macro
/// [`Accuracy`](crate::classification::Accuracy) is another mean: it also counts the classes that are
/// only predicted, with a recall of 0.
///
/// Ranges over `[0, 1]`. [`adjusted`](Self::adjusted) moves it to a scale where guessing is 0. In
/// weighted batches every element counts as much as its weight. No data, or none with any weight, is
/// [`MetricError::Empty`]; a multilabel form does not compile. Not in
/// TorchMetrics. Reference: scikit-learn 1.7.2 `balanced_accuracy_score`, which of a single class has NaN
/// or `-inf` where it is adjusted, and we 0. Brodersen et al.: The balanced accuracy and its posterior
/// distribution (2010).
///
/// ```
/// use metrics_core::{Metric, batch::Multiclass, classification::BalancedAccuracy};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 1, 2], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 0, 0, 1, 1], &device);
/// let batch = Multiclass::from_labels(pred, target)?;
/// // Class 2 is predicted, and never the target.
/// let accuracy = BalancedAccuracy::multiclass(3);
/// assert_eq!(accuracy.evaluate(&batch)?.scalar(), Some(0.5));
/// assert_eq!(accuracy.adjusted(true).evaluate(&batch)?.scalar(), Some(0.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type BalancedAccuracy<B> = ClassMetric<BalancedAccuracyRule, B>;

/// The rule of [`BalancedAccuracy`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BalancedAccuracyRule {
    adjusted: bool,
}

impl<B: ConfusionBatch> BalancedAccuracy<B> {
    /// Whether guessing is worth 0 and being right always 1: `(value - chance) / (1 - chance)`, where
    /// `chance` is 1 over the number of classes that occur as targets (`k` over it at top `k`); default
    /// false. Where a guess cannot be wrong the value is 0.
    pub fn adjusted(mut self, adjusted: bool) -> Self {
        self.rule.adjusted = adjusted;
        self
    }
}

impl ConfusionRule for BalancedAccuracyRule {
    const NAME: &'static str = "balanced_accuracy";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);
    const MULTILABEL: bool = false;

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        // Right decisions and all decisions of each class.
        let hits: Vec<_> = match options.task {
            TaskKind::Binary => {
                let all: ClassCounts = counts.classes().into_iter().sum();
                vec![(all.tp, all.support()), (all.tn, all.tn + all.fp)]
            }
            TaskKind::Multiclass | TaskKind::Multilabel => (counts.classes().iter())
                .map(|class| (class.tp, class.support()))
                .collect(),
        };
        let recalls = hits.iter().filter(|(_, all)| *all > 0.0);
        let recalls: Vec<f64> = recalls.map(|(hits, all)| hits / all).collect();
        let classes = recalls.len() as f64;
        let mean = recalls.iter().sum::<f64>() / classes;
        if !self.adjusted {
            return Ok(mean.into());
        }
        let chance = options.top_k as f64 / classes;
        let adjusted = (mean - chance) / (1.0 - chance);
        Ok(if chance < 1.0 { adjusted } else { 0.0 }.into())
    }

    fn suffix(&self) -> String {
        if self.adjusted { "_adjusted" } else { "" }.to_string()
    }

    fn is_scalar(&self, _options: &RuleOptions) -> bool {
        true
    }
}
