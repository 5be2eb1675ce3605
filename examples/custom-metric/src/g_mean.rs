//! The second way: a new value of a state that exists.

use metrics_core::{
    MetricError, Value,
    classification::{
        ClassMetric,
        rules::{Averaged, ConfusionRule, RuleOptions},
    },
    states::{ClassCounts, ConfusionSummary},
};

/// G-mean: the geometric mean of recall and specificity, 0 as soon as one class is never found.
///
/// The alias has the constructors and options of every metric of confusion counts:
/// `GMean::binary().threshold(0.3)`, `GMean::multiclass(10).average(Average::None)`.
///
/// Source: Kubat and Matwin, "Addressing the curse of imbalanced training sets", ICML 1997.
pub type GMean<B> = ClassMetric<GMeanRule, B>;

/// The rule of [`GMean`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GMeanRule;

/// It has the option `average`.
impl Averaged for GMeanRule {}

impl ConfusionRule for GMeanRule {
    const NAME: &'static str = "g_mean";
    const HIGHER_IS_BETTER: Option<bool> = Some(true);

    fn value(
        &self,
        counts: &ConfusionSummary,
        options: &RuleOptions,
    ) -> Result<Value, MetricError> {
        let g_mean = |c: &ClassCounts| {
            let recall = options.divide(c.tp, c.tp + c.fn_);
            let specificity = options.divide(c.tn, c.tn + c.fp);
            (recall * specificity).sqrt()
        };
        Ok(options.average(counts, g_mean, ClassCounts::is_unseen))
    }
}
