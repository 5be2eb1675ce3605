//! What the metrics of predicted rates share.

use crate::{
    Metric, MetricError, Value,
    batch::{Binary, Multilabel},
    classification::states::{DecisionBatch, DecisionTerms},
    states::{RowSums, RowSumsSummary},
};
use std::fmt::Debug;

/// A value made of the mean cross-entropy, the mean probability and the rate of positives.
pub trait DecisionRule: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &'static str;
    /// Whether larger is better, where that has a meaning.
    const HIGHER_IS_BETTER: Option<bool>;

    /// The value of the (weighted) means.
    fn value(&self, cross_entropy: f64, probability: f64, positives: f64) -> f64;
}

/// A metric of how predicted probabilities fit the rate of positives: a rule over one accumulator,
/// which all of these metrics share.
///
/// Made by the constructors of its aliases: `NormalizedEntropy::binary()`,
/// `NormalizedEntropy::multilabel(5)`.
#[derive(Debug)]
pub struct DecisionMetric<R, B> {
    rule: R,
    terms: DecisionTerms<B>,
}

impl<R: Clone, B> Clone for DecisionMetric<R, B> {
    fn clone(&self) -> Self {
        Self {
            rule: self.rule.clone(),
            terms: self.terms.clone(),
        }
    }
}

impl<R: DecisionRule> DecisionMetric<R, Binary> {
    /// For yes-or-no decisions.
    pub fn binary() -> Self {
        Self::new(1)
    }
}

impl<R: DecisionRule> DecisionMetric<R, Multilabel> {
    /// For elements with `labels` yes-or-no labels each: a value for each label, which torcheval calls
    /// a task. A label without data has NaN.
    pub fn multilabel(labels: usize) -> Self {
        Self::new(labels)
    }
}

impl<R: DecisionRule, B> DecisionMetric<R, B> {
    fn new(labels: usize) -> Self {
        Self {
            rule: R::default(),
            terms: DecisionTerms::new(labels),
        }
    }

    /// Elements with this target are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.terms.options.ignore_index = Some(label);
        self
    }
}

impl<R: DecisionRule, B: DecisionBatch> Metric for DecisionMetric<R, B> {
    type Accumulator = RowSums<DecisionTerms<B>>;

    fn name(&self) -> String {
        let per_class = if B::SINGLE { "" } else { "_per_class" };
        format!("{}{per_class}", R::NAME)
    }

    fn accumulator(&self) -> RowSums<DecisionTerms<B>> {
        RowSums::new(self.terms.clone())
    }

    fn finalize(&self, totals: &RowSumsSummary) -> Result<Value, MetricError> {
        totals.not_empty()?;
        let means = totals.means();
        let values: Vec<_> = means.map(|m| self.rule.value(m[0], m[1], m[2])).collect();
        Ok(if B::SINGLE {
            values[0].into()
        } else {
            Value::PerClass(values)
        })
    }

    fn higher_is_better(&self) -> Option<bool> {
        R::HIGHER_IS_BETTER
    }

    fn is_scalar(&self) -> bool {
        B::SINGLE
    }
}
