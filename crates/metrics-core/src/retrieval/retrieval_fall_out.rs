use super::{
    groups::Groups,
    retrieval_metric::{EmptyQuery, RetrievalMetric, cutoff},
    rules::RetrievalRule,
};

/// Fall-out at `k`: of the documents of a query that are not relevant, the share that is among the `k` with the highest
/// scores; the mean over queries. Lower is better.
///
/// `(k - hits(k)) / irrelevant`, in `[0, 1]`. Without `top_k` all documents are retrieved, and fall-out is 1.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without an irrelevant document has the value 1, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: TorchMetrics 1.9.0 `RetrievalFallOut`.
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalFallOut};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalFallOut::new().top_k(1).evaluate(&batch)?.scalar(), Some(0.25));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalFallOut = RetrievalMetric<RetrievalFallOutRule>;

/// The rule of [`RetrievalFallOut`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalFallOutRule {
    top_k: Option<usize>,
}

cutoff!(RetrievalFallOutRule);

impl RetrievalRule for RetrievalFallOutRule {
    const NAME: &'static str = "retrieval_fall_out";
    const HIGHER_IS_BETTER: bool = false;
    const EMPTY: EmptyQuery = EmptyQuery::One;
    const NEEDS: &'static str = "irrelevant";

    fn top_k(&self) -> Option<usize> {
        self.top_k
    }

    fn is_empty(&self, query: &Groups) -> bool {
        query.found == query.documents
    }

    fn value(&self, query: &Groups) -> f64 {
        let retrieved = query.retrieved(self.top_k, false);
        let misses = retrieved as f64 - query.hits(retrieved);
        misses / (query.documents - query.found) as f64
    }
}
