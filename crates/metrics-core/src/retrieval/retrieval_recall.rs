use super::{
    groups::Groups,
    retrieval_metric::{RetrievalMetric, cutoff},
    rules::RetrievalRule,
};

/// Recall at `k`: of the relevant documents of a query, the share that is among the `k` with the highest scores; the mean
/// over queries.
///
/// `hits(k) / relevant`, in `[0, 1]`. Without `top_k` all documents are retrieved, and recall is 1.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has the value 0, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: `trec_eval` `recall_k`, TorchMetrics 1.9.0 `RetrievalRecall`, which does not retrieve documents with a score of
/// 0 or less: [`positive_scores_only`](RetrievalMetric::positive_scores_only).
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalRecall};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalRecall::new().top_k(1).evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalRecall = RetrievalMetric<RetrievalRecallRule>;

/// The rule of [`RetrievalRecall`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalRecallRule {
    top_k: Option<usize>,
    positive_only: bool,
}

cutoff!(RetrievalRecallRule, positive);

impl RetrievalRule for RetrievalRecallRule {
    const NAME: &'static str = "retrieval_recall";

    fn top_k(&self) -> Option<usize> {
        self.top_k
    }

    fn value(&self, query: &Groups) -> f64 {
        let retrieved = query.retrieved(self.top_k, self.positive_only);
        query.hits(retrieved) / query.relevant as f64
    }
}
