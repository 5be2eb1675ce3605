use super::{
    groups::Groups,
    retrieval_metric::{RetrievalMetric, cutoff},
    rules::RetrievalRule,
};

/// Hit rate at `k`: the share of queries with a relevant document among the `k` with the highest scores.
///
/// A query has 1 or 0; with ties at the cutoff, how likely a hit is. In `[0, 1]`.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has the value 0, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: `trec_eval` `success_k`, TorchMetrics 1.9.0 `RetrievalHitRate`.
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalHitRate};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalHitRate::new().top_k(1).evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalHitRate = RetrievalMetric<RetrievalHitRateRule>;

/// The rule of [`RetrievalHitRate`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalHitRateRule {
    top_k: Option<usize>,
}

cutoff!(RetrievalHitRateRule);

impl RetrievalRule for RetrievalHitRateRule {
    const NAME: &'static str = "retrieval_hit_rate";

    fn top_k(&self) -> Option<usize> {
        self.top_k
    }

    fn value(&self, query: &Groups) -> f64 {
        let retrieved = query.retrieved(self.top_k, false);
        // Groups after the first have a hit before them, or none of their documents is reached.
        let Some(group) = query.groups.first() else {
            return 0.0;
        };
        let mut draws = group.draws(group.reached(retrieved));
        match draws.next() {
            Some((0, none)) => 1.0 - none,
            _ => 1.0,
        }
    }
}
