//! What metrics of retrieval accumulate.

mod query_documents;

pub use query_documents::{QueryDocuments, QueryDocumentsSummary};
