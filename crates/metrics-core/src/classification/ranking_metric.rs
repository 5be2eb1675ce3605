//! What the metrics of multilabel ranking share.

use crate::{
    Metric, MetricError, Value,
    classification::states::LabelRanking,
    states::{RowSums, RowSumsSummary},
};
use std::fmt::Debug;

/// Which mean over rows a metric of multilabel ranking is.
pub trait RankingRule: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The metric's name.
    const NAME: &'static str;
    /// Whether larger is better.
    const HIGHER_IS_BETTER: bool;
    /// Which term of [`LabelRanking`] it is the mean of.
    const TERM: usize;
}

/// A metric of how the labels of a row are ranked by their scores: a rule over one accumulator, which
/// all of these metrics share.
///
/// Made by the constructors of its aliases, such as `MultilabelRankingLoss::new(5)`.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingMetric<R> {
    rule: R,
    terms: LabelRanking,
}

impl<R: RankingRule> RankingMetric<R> {
    /// For elements with `labels` yes-or-no labels each.
    pub fn new(labels: usize) -> Self {
        Self {
            rule: R::default(),
            terms: LabelRanking {
                labels,
                ignore_index: None,
            },
        }
    }

    /// Labels with this target are left out of their row.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.terms.ignore_index = Some(label);
        self
    }
}

impl<R: RankingRule> Metric for RankingMetric<R> {
    type Accumulator = RowSums<LabelRanking>;

    fn name(&self) -> String {
        R::NAME.to_string()
    }

    fn accumulator(&self) -> RowSums<LabelRanking> {
        RowSums::new(self.terms.clone())
    }

    fn finalize(&self, totals: &RowSumsSummary) -> Result<Value, MetricError> {
        totals.not_empty()?;
        let means = totals.means().next().unwrap_or_default();
        Ok(means[R::TERM].into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(R::HIGHER_IS_BETTER)
    }
}
