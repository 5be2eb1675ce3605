use super::{
    groups::Groups,
    retrieval_metric::{RetrievalMetric, cutoff},
    rules::RetrievalRule,
};

/// Mean reciprocal rank: one over the rank of a query's first relevant document; the mean over queries.
///
/// In `[0, 1]`; 0 if no relevant document is among the first `k`.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has the value 0, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: `trec_eval` `recip_rank`, TorchMetrics 1.9.0 `RetrievalMRR`, which does not retrieve documents with a score of 0
/// or less: [`positive_scores_only`](RetrievalMetric::positive_scores_only).
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalMrr};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalMrr::new().evaluate(&batch)?.scalar(), Some(0.75));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalMrr = RetrievalMetric<RetrievalMrrRule>;

/// The rule of [`RetrievalMrr`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalMrrRule {
    top_k: Option<usize>,
    positive_only: bool,
}

cutoff!(RetrievalMrrRule, positive);

impl RetrievalRule for RetrievalMrrRule {
    const NAME: &'static str = "retrieval_mrr";

    fn top_k(&self) -> Option<usize> {
        self.top_k
    }

    fn value(&self, query: &Groups) -> f64 {
        let retrieved = query.retrieved(self.top_k, self.positive_only);
        let Some(group) = query.groups.first() else {
            return 0.0;
        };
        let (size, relevant) = (group.size as f64, group.relevant as f64);
        // How likely the first relevant document is the next of the group.
        let mut likely = relevant / size;
        let mut sum = 0.0;
        for place in 0..group.reached(retrieved) {
            sum += likely / (group.before + place + 1) as f64;
            let after = size - place as f64 - 1.0;
            if after < relevant {
                break;
            }
            likely *= (after - relevant + 1.0) / after;
        }
        sum
    }
}
