use super::{
    groups::Groups,
    retrieval_metric::{RetrievalMetric, cutoff},
    rules::RetrievalRule,
};

/// Precision at `k`: of the `k` documents of a query with the highest scores, the share that is relevant; the mean over
/// queries.
///
/// `hits(k) / k`, in `[0, 1]`; without `top_k`, `k` is the number of documents. A query with fewer than `k` documents has
/// `hits / k` nevertheless, unless [`adaptive_k`](RetrievalMetric::adaptive_k) says otherwise.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has the value 0, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: `trec_eval` `P_k`, TorchMetrics 1.9.0 `RetrievalPrecision`, which does not retrieve documents with a score of 0
/// or less: [`positive_scores_only`](RetrievalMetric::positive_scores_only).
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalPrecision};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalPrecision::new().top_k(1).evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalPrecision = RetrievalMetric<RetrievalPrecisionRule>;

/// The rule of [`RetrievalPrecision`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalPrecisionRule {
    top_k: Option<usize>,
    adaptive_k: bool,
    positive_only: bool,
}

cutoff!(RetrievalPrecisionRule, positive);

impl RetrievalMetric<RetrievalPrecisionRule> {
    /// Of queries with fewer than `k` documents, divides by the number of these.
    pub fn adaptive_k(mut self) -> Self {
        self.rule.adaptive_k = true;
        self
    }
}

impl RetrievalRule for RetrievalPrecisionRule {
    const NAME: &'static str = "retrieval_precision";

    fn top_k(&self) -> Option<usize> {
        self.top_k
    }

    fn value(&self, query: &Groups) -> f64 {
        let hits = query.hits(query.retrieved(self.top_k, self.positive_only));
        let k = self.top_k.unwrap_or(query.documents);
        let k = if self.adaptive_k {
            k.min(query.documents)
        } else {
            k
        };
        // Without documents there are no hits.
        hits / k.max(1) as f64
    }
}
