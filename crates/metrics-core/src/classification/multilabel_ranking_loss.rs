use super::ranking_metric::{RankingMetric, RankingRule};
use crate::classification::states::LabelRanking;

/// Label ranking loss: the share of a row's pairs of a true label and another in which the other scores
/// at least as much, on average over rows.
///
/// A row without such pairs, that is without true labels or of nothing else, has 0. Takes scores `[N,
/// L]`, probabilities or logits, and weights of rows. Ranges over `[0, 1]`, 0 is best.
///
/// What is ignored, invalid, or no data is treated as by
/// [`MultilabelCoverageError`](crate::classification::MultilabelCoverageError). References: scikit-learn 1.7.2
/// `label_ranking_loss` and TorchMetrics 1.9.0 `MultilabelRankingLoss`. Where they differ, ours is the
/// former: to TorchMetrics a tie is right or wrong as its sort has it, and a batch in which no row has
/// pairs counts as a single row. It also keeps ignored labels as false ones that score least, which
/// makes the loss smaller; we leave them out.
///
/// ```
/// use metrics_core::{Metric, batch::Multilabel, classification::MultilabelRankingLoss};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<2>::from_floats([[0.9, 0.2, 0.5], [0.1, 0.8, 0.3]], &device);
/// let target = Tensor::<2, Int>::from_ints([[1, 1, 0], [0, 1, 0]], &device);
/// let batch = Multilabel::from_scores(scores, target)?;
/// let loss = MultilabelRankingLoss::new(3).evaluate(&batch)?;
/// assert_eq!(loss.scalar(), Some(0.25)); // 1 of 2 pairs, and 0 of 2
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type MultilabelRankingLoss = RankingMetric<MultilabelRankingLossRule>;

/// The rule of [`MultilabelRankingLoss`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MultilabelRankingLossRule;

impl RankingRule for MultilabelRankingLossRule {
    const NAME: &'static str = "multilabel_ranking_loss";
    const HIGHER_IS_BETTER: bool = false;
    const TERM: usize = LabelRanking::LOSS;
}
