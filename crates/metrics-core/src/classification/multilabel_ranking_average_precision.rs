use super::ranking_metric::{RankingMetric, RankingRule};
use crate::classification::states::LabelRanking;

/// Label ranking average precision: for each true label of a row, which share of the labels that score
/// at least as much are true ones; the mean over the row's true labels, then over rows.
///
/// A row without true labels, or of nothing else, has 1. Takes scores `[N, L]`, probabilities or
/// logits, and weights of rows. Ranges over `(0, 1]`, 1 is best.
///
/// What is ignored, invalid, or no data is treated as by
/// [`MultilabelCoverageError`](crate::classification::MultilabelCoverageError). References: TorchMetrics 1.9.0
/// `MultilabelRankingAveragePrecision`, which counts a row of ignored labels only as 1 where we leave it
/// out, and scikit-learn 1.7.2 `label_ranking_average_precision_score`.
///
/// ```
/// use metrics_core::{
///     Metric, batch::Multilabel, classification::MultilabelRankingAveragePrecision,
/// };
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<2>::from_floats([[0.9, 0.2, 0.5], [0.1, 0.8, 0.3]], &device);
/// let target = Tensor::<2, Int>::from_ints([[1, 1, 0], [0, 0, 1]], &device);
/// let batch = Multilabel::from_scores(scores, target)?;
/// let precision = MultilabelRankingAveragePrecision::new(3).evaluate(&batch)?;
/// // The mean of (1 + 2/3) / 2 and 1/2.
/// assert!((precision.scalar().unwrap() - 2.0 / 3.0).abs() < 1e-7);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type MultilabelRankingAveragePrecision = RankingMetric<MultilabelRankingAveragePrecisionRule>;

/// The rule of [`MultilabelRankingAveragePrecision`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MultilabelRankingAveragePrecisionRule;

impl RankingRule for MultilabelRankingAveragePrecisionRule {
    const NAME: &'static str = "multilabel_ranking_average_precision";
    const HIGHER_IS_BETTER: bool = true;
    const TERM: usize = LabelRanking::PRECISION;
}
