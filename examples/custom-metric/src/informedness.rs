//! The second way: a new value of a state that exists.

use metrics_core::{
    MetricError, Value,
    classification::{
        ClassMetric,
        rules::{Averaged, ConfusionRule, RuleOptions},
    },
    states::{ClassCounts, ConfusionSummary},
};

/// Informedness (Youden's J): recall + specificity - 1. Ranges over `[-1, 1]`, 0 is chance.
///
/// The alias has the constructors and options of every metric of confusion counts:
/// `Informedness::binary().threshold(0.3)`, `Informedness::multiclass(10).average(Average::None)`.
pub type Informedness<B> = ClassMetric<InformednessRule, B>;

/// The rule of [`Informedness`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InformednessRule;

/// It has the option `average`.
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
            let recall = options.divide(c.tp, c.tp + c.fn_);
            let specificity = options.divide(c.tn, c.tn + c.fp);
            recall + specificity - 1.0
        };
        let absent = |c: &ClassCounts| c.tp + c.fp + c.fn_ == 0.0;
        Ok(options.average(counts, informedness, absent))
    }
}
