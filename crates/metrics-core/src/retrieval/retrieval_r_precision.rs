use super::{groups::Groups, retrieval_metric::RetrievalMetric, rules::RetrievalRule};

/// R-precision: precision among the first `R` documents of a query that has `R` relevant ones; the mean over queries.
///
/// `hits(R) / R`, in `[0, 1]`.
///
/// Takes [`Documents`](crate::batch::Documents). Ties count as the mean over their orders, see
/// [`retrieval`](crate::retrieval). A query without a relevant document has the value 0, or what
/// [`empty_query`](RetrievalMetric::empty_query) says. No documents at all is [`MetricError::Empty`](crate::MetricError::Empty).
///
/// Reference: `trec_eval` `Rprec`, TorchMetrics 1.9.0 `RetrievalRPrecision`.
///
/// ```
/// use metrics_core::{Metric, batch::Documents, retrieval::RetrievalRPrecision};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// // Two queries of three documents.
/// let scores = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.1, 0.3, 0.5]], &device);
/// let relevance = Tensor::<2, Int>::from_ints([[0, 0, 1], [0, 1, 0]], &device);
/// let batch = Documents::by_query(scores, relevance)?;
/// assert_eq!(RetrievalRPrecision::new().evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub type RetrievalRPrecision = RetrievalMetric<RetrievalRPrecisionRule>;

/// The rule of [`RetrievalRPrecision`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RetrievalRPrecisionRule;

impl RetrievalRule for RetrievalRPrecisionRule {
    const NAME: &'static str = "retrieval_r_precision";

    fn value(&self, query: &Groups) -> f64 {
        query.hits(query.relevant) / query.relevant as f64
    }
}
