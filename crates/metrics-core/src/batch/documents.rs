use super::{flat, floats, same_device, same_shape};
use crate::{Batch, MetricError, ops::documents::Scored};
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

pub use crate::ops::documents::Relevance;

/// A batch of documents that were scored for queries: what retrieval metrics read.
///
/// The relevance of a document is a tensor of integers, booleans or floats. A document is relevant if it is above 0;
/// only [`RetrievalNormalizedDcg`](crate::retrieval::RetrievalNormalizedDcg) tells grades apart. A negative or infinite
/// relevance is an [invalid target](crate::Rejected::invalid_targets), a NaN score or relevance is
/// [counted as such](crate::Rejected::nan); such documents are left out.
#[derive(Debug, Clone)]
pub struct Documents {
    pub(crate) documents: Arc<Scored>,
}

impl Documents {
    /// Documents in any order, from scores, relevance and the number of the query, each of the same shape `[N, ..]`.
    ///
    /// The documents of a query may come in several batches, from several devices and processes. A state keeps each: 12
    /// bytes, or 16 if a number of a query does not fit an `i32`.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`], [`MetricError::DeviceMismatch`].
    pub fn new<const D: usize>(
        scores: Tensor<D>,
        relevance: impl Into<Relevance>,
        queries: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        same_shape("queries", &queries.dims(), "scores", &scores.dims())?;
        same_device("queries", queries.device(), "scores", scores.device())?;
        Self::of(scores, relevance.into(), Some(flat(queries)), 1)
    }

    /// Whole queries, from scores `[Q, D]` and their relevance: each row has all documents of a query.
    ///
    /// Of such queries a state keeps only where the relevant documents stand: 12 bytes for each of these, and 12 for the
    /// query. Queries with fewer documents are padded, with a relevance that the metric
    /// [ignores](crate::retrieval::RetrievalMetric::ignore_index).
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`], [`MetricError::DeviceMismatch`].
    pub fn by_query(
        scores: Tensor<2>,
        relevance: impl Into<Relevance>,
    ) -> Result<Self, MetricError> {
        let [_, width] = scores.dims();
        Self::of(scores, relevance.into(), None, width)
    }

    fn of<const D: usize>(
        scores: Tensor<D>,
        relevance: Relevance,
        queries: Option<Tensor<1, Int>>,
        width: usize,
    ) -> Result<Self, MetricError> {
        let n = scores.shape().num_elements();
        if relevance.len() != n {
            return Err(MetricError::ShapeMismatch {
                left_name: "relevance",
                left: vec![relevance.len()],
                right_name: "scores",
                right: scores.dims().to_vec(),
                hint: ": each document has one",
            });
        }
        same_device("relevance", relevance.device(), "scores", scores.device())?;
        let relevance = match relevance {
            Relevance::Graded(relevance) => Relevance::Graded(floats(relevance)),
            whole => whole,
        };
        let scores = flat(floats(scores));
        Ok(Self {
            documents: Arc::new(Scored {
                scores,
                relevance,
                queries,
                width,
                known: None,
            }),
        })
    }

    /// Says how many documents are relevant to each query `[Q]`, retrieved or not: recall, R-precision, average precision of
    /// [all relevant](crate::retrieval::RetrievalMetric::of_all_relevant) ones and the ideal of nDCG then count those that are not among
    /// the documents, which gain as much as a relevance of 1.
    ///
    /// A query with a number below that of its relevant documents, or above 2^20 of them, is left out as an
    /// [invalid target](crate::Rejected::invalid_targets).
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is one number for each query, and for documents in any
    /// [order](Self::new), which are no whole queries; [`MetricError::DeviceMismatch`].
    pub fn with_relevant(mut self, relevant: Tensor<1, Int>) -> Result<Self, MetricError> {
        let (n, width) = (self.documents.scores.dims()[0], self.documents.width);
        let queries = n / width.max(1);
        if self.documents.queries.is_some() || relevant.dims()[0] != queries {
            return Err(MetricError::ShapeMismatch {
                left_name: "relevant",
                left: relevant.dims().to_vec(),
                right_name: "documents",
                right: vec![queries, width],
                hint: ": there must be one number for each query of `Documents::by_query`",
            });
        }
        same_device("relevant", relevant.device(), "scores", self.device())?;
        let documents = Arc::make_mut(&mut self.documents);
        documents.known = Some(relevant.without_autodiff());
        Ok(self)
    }

    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.documents.scores.device()
    }
}

impl Batch for Documents {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.documents.scores.dims()[0]
    }
}
