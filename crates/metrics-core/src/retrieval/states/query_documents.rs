//! Documents by query: the state of all metrics of retrieval.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::Documents,
    ops::documents::{self, Found, RankedQueries},
};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// Keeps documents: of whole queries where the relevant ones stand, of others score, relevance and query.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct QueryDocuments {
    /// A relevance to leave out.
    pub(crate) ignore_index: Option<i64>,
}

impl Accumulator for QueryDocuments {
    type Batch = Documents;
    type Summary = QueryDocumentsSummary;

    fn identity(&self) -> Identity {
        Identity::new("query_documents", 1).with(self)
    }

    fn empty(&self) -> QueryDocumentsSummary {
        QueryDocumentsSummary::default()
    }

    fn check(&self, _batch: &Documents) -> Result<(), MetricError> {
        Ok(())
    }

    fn update(&self, delta: &mut Delta, batch: &Documents) {
        documents::list(&batch.documents, self.ignore_index, delta);
    }

    fn add(&self, batch: &Documents, summary: &mut QueryDocumentsSummary) {
        summary.flat = Ranked::default();
        documents::add(&batch.documents, self.ignore_index, &mut summary.found);
    }

    fn fold(&self, delta: &HostDelta, summary: &mut QueryDocumentsSummary) {
        summary.flat = Ranked::default();
        documents::fold(delta, self.ignore_index, &mut summary.found);
    }
}

/// Documents by query.
///
/// Merging appends, so it is commutative only up to the order of whole queries, on which no value but one for each query
/// depends. Documents of one query that were in several batches, or processes, are one query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryDocumentsSummary {
    found: Found,
    /// The queries that came as single documents.
    #[serde(skip)]
    flat: Ranked,
}

/// The queries for all metrics that finalize the same summary.
#[derive(Debug, Clone, Default)]
struct Ranked(OnceLock<RankedQueries>);

/// What is derived from documents makes no difference between summaries.
impl PartialEq for Ranked {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl QueryDocumentsSummary {
    /// Each query with its relevant documents: those that came whole in the order of batches, then the others in the
    /// order of their numbers.
    pub fn queries(&self) -> impl Iterator<Item = documents::Query<'_>> {
        self.found.whole.iter().chain(self.flat().iter())
    }

    /// How many queries there are.
    pub fn query_count(&self) -> usize {
        self.found.whole.len() + self.flat().len()
    }

    /// The most documents of a query.
    pub fn longest(&self) -> usize {
        self.found.whole.longest().max(self.flat().longest())
    }

    fn flat(&self) -> &RankedQueries {
        self.flat.0.get_or_init(|| self.found.flat.ranked())
    }
}

impl Summary for QueryDocumentsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.flat = Ranked::default();
        self.found.whole.append(&other.found.whole);
        self.found.flat.append(&other.found.flat);
        self.found.rejected.merge(&other.found.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        self.found.whole.consistent()?;
        self.found.flat.consistent()
    }

    fn rejected(&self) -> Rejected {
        self.found.rejected
    }
}
