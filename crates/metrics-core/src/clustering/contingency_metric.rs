//! What metrics of two labelings share.

use crate::{
    Metric, MetricError, Value,
    states::{Contingency, ContingencySummary, ContingencyTable},
};
use std::fmt::Debug;

/// A value made of how often each pair of labels occurs.
pub trait ContingencyRule: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &'static str;

    /// What the rule's own options add to the name.
    fn suffix(&self) -> String {
        String::new()
    }

    /// Whether the rule's own options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// The value of at least one element.
    ///
    /// # Errors
    /// Where the rule documents them.
    fn value(&self, table: &ContingencyTable) -> Result<f64, MetricError>;
}

/// A metric of two labelings of the same elements: a rule over their contingency table.
///
/// Made by the aliases: `RandScore::new()`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContingencyMetric<R> {
    pub(crate) rule: R,
}

impl<R: ContingencyRule> ContingencyMetric<R> {
    /// With TorchMetrics' defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<R: ContingencyRule> Metric for ContingencyMetric<R> {
    type Accumulator = Contingency;

    fn name(&self) -> String {
        format!("{}{}", R::NAME, self.rule.suffix())
    }

    fn accumulator(&self) -> Contingency {
        Contingency
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.rule.validate()
    }

    fn finalize(&self, summary: &ContingencySummary) -> Result<Value, MetricError> {
        Ok(self.rule.value(&summary.table()?)?.into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }
}
