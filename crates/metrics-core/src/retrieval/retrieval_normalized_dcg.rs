use super::{
    groups::{Group, Groups},
    retrieval_metric::{RetrievalMetric, cutoff},
    rules::RetrievalRule,
};

/// Normalized discounted cumulative gain: what the documents of a query gain, each discounted by its rank, over the most that
/// any order gains; the mean over queries.
///
/// `DCG = sum of gain / log2(rank + 1)` over the first `k` documents; in `[0, 1]`. The relevance may be any number of at least
/// 0. It is the gain, or with [`Gain::Exponential`] `2^relevance - 1`.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has the value 0, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: scikit-learn `ndcg_score`, TorchMetrics 1.9.0 `RetrievalNormalizedDCG`; Wang et al., A Theoretical Analysis of NDCG
/// Type Ranking Measures, COLT 2013.
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalNormalizedDcg};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalNormalizedDcg::new().evaluate(&batch)?.scalar(), Some(0.8154648767857288));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalNormalizedDcg = RetrievalMetric<RetrievalNormalizedDcgRule>;

/// What a document gains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gain {
    /// Its relevance.
    #[default]
    Linear,
    /// `2^relevance - 1`, as of Burges et al., Learning to Rank using Gradient Descent, ICML 2005. A relevance above 1023
    /// gains what 1023 does.
    Exponential,
}

/// The rule of [`RetrievalNormalizedDcg`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalNormalizedDcgRule {
    top_k: Option<usize>,
    gain: Gain,
}

cutoff!(RetrievalNormalizedDcgRule);

impl RetrievalMetric<RetrievalNormalizedDcgRule> {
    /// What a document gains; default [`Gain::Linear`].
    pub fn gain(mut self, gain: Gain) -> Self {
        self.rule.gain = gain;
        self
    }
}

impl RetrievalRule for RetrievalNormalizedDcgRule {
    const NAME: &'static str = "retrieval_normalized_dcg";

    fn top_k(&self) -> Option<usize> {
        self.top_k
    }

    fn suffix(&self) -> String {
        match self.gain {
            Gain::Linear => "",
            Gain::Exponential => "_exponential",
        }
        .into()
    }

    fn gain(&self, relevance: f64) -> f64 {
        match self.gain {
            Gain::Linear => relevance,
            Gain::Exponential => relevance.min(1023.0).exp2() - 1.0,
        }
    }

    fn value(&self, query: &Groups) -> f64 {
        let retrieved = query.retrieved(self.top_k, false);
        // Gains relative to the largest, which no sum of them overflows.
        let unfound = query.relevant - query.found;
        let largest = query.gains.first().copied().unwrap_or(0.0);
        let largest = if unfound > 0 {
            largest.max(query.unfound_gain)
        } else {
            largest
        };
        let of_group = |group: &Group| {
            let reached = group.before..group.before + group.reached(retrieved);
            group.gain / largest / group.size as f64 * reached.map(discount).sum::<f64>()
        };
        let found: f64 = query.groups.iter().map(of_group).sum();
        let above = query
            .gains
            .partition_point(|gain| *gain >= query.unfound_gain);
        let (above, below) = query.gains.split_at(above);
        let unfound = std::iter::repeat_n(&query.unfound_gain, unfound);
        let best = above.iter().chain(unfound).chain(below).enumerate();
        let best = best.take(self.top_k.unwrap_or(usize::MAX));
        let best: f64 = best
            .map(|(rank, gain)| gain / largest * discount(rank))
            .sum();
        found / best
    }
}

/// The discount of a document with `before` documents before it.
fn discount(before: usize) -> f64 {
    1.0 / (before as f64 + 2.0).log2()
}
