use super::ranking_metric::{RankingMetric, RankingRule};
use crate::classification::states::LabelRanking;

/// Coverage error: how far down the ranking of its labels by score a row must be read to have seen
/// all of its true labels, on average.
///
/// Of a row it is the number of labels that score at least as much as its worst true label, and 0 of
/// a row without true labels. Takes scores `[N, L]`, probabilities or logits, and weights of rows.
/// Ranges over `[0, L]`; the least value is the mean number of true labels.
///
/// Labels to ignore are left out of their row, and rows of nothing else altogether. A row with an
/// invalid label or score is left out whole and counted once. No data, or none with a weight above 0,
/// is [`MetricError::Empty`](crate::MetricError::Empty); predicted labels are
/// [`MetricError::ScoresRequired`](crate::MetricError::ScoresRequired).
///
/// References: TorchMetrics 1.9.0 `MultilabelCoverageError` and scikit-learn 1.7.2 `coverage_error`. To
/// TorchMetrics an ignored label is the worst true one, so that its row always has `L`; and it ranks
/// sigmoids of logits, which are equal from about 17 on, where we rank the logits.
///
/// ```
/// use metrics_core::{Metric, batch::Multilabel, classification::MultilabelCoverageError};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<2>::from_floats([[0.9, 0.2, 0.5], [0.1, 0.8, 0.3]], &device);
/// let target = Tensor::<2, Int>::from_ints([[1, 0, 1], [1, 0, 0]], &device);
/// let batch = Multilabel::from_scores(scores, target)?;
/// let error = MultilabelCoverageError::new(3).evaluate(&batch)?;
/// assert_eq!(error.scalar(), Some(2.5)); // 2 and 3
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type MultilabelCoverageError = RankingMetric<MultilabelCoverageErrorRule>;

/// The rule of [`MultilabelCoverageError`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MultilabelCoverageErrorRule;

impl RankingRule for MultilabelCoverageErrorRule {
    const NAME: &'static str = "multilabel_coverage_error";
    const HIGHER_IS_BETTER: bool = false;
    const TERM: usize = LabelRanking::COVERAGE;
}
