//! Documents with scores and relevance, each of a query.
//!
//! A document that is not relevant needs no place in the order of falling scores: of a query there remain the relevant
//! documents, each with how many have a higher score and how many have its own.

mod flat;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
mod lists;
mod rank;

use crate::{Delta, Rejected};
use burn::tensor::{Bool, Device, Int, Tensor};
pub(crate) use flat::FlatDocuments;
pub(crate) use lists::fold;
pub use rank::Query;
pub(crate) use rank::RankedQueries;

/// How relevant documents are: not at all if 0.
#[derive(Debug, Clone)]
pub enum Relevance {
    /// In whole numbers, mostly 0 and 1.
    Whole(Tensor<1, Int>),
    /// In any numbers.
    Graded(Tensor<1>),
}

impl<const D: usize> From<Tensor<D, Int>> for Relevance {
    fn from(relevance: Tensor<D, Int>) -> Self {
        Self::Whole(relevance.flatten(0, D - 1))
    }
}

impl<const D: usize> From<Tensor<D, Bool>> for Relevance {
    fn from(relevance: Tensor<D, Bool>) -> Self {
        relevance.int().into()
    }
}

impl<const D: usize> From<Tensor<D>> for Relevance {
    fn from(relevance: Tensor<D>) -> Self {
        Self::Graded(relevance.flatten(0, D - 1))
    }
}

impl Relevance {
    /// How many documents it is of.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Whole(relevance) => relevance.dims()[0],
            Self::Graded(relevance) => relevance.dims()[0],
        }
    }

    pub(crate) fn device(&self) -> Device {
        match self {
            Self::Whole(relevance) => relevance.device(),
            Self::Graded(relevance) => relevance.device(),
        }
    }
}

/// The documents of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    /// `[N]`.
    pub scores: Tensor<1>,
    pub relevance: Relevance,
    /// The number of each document's query, of which there may be documents in other batches. Without, queries are whole.
    pub queries: Option<Tensor<1, Int>>,
    /// How many documents in succession are a whole query.
    pub width: usize,
    /// How many documents are relevant to each whole query `[Q]`, with those that are not among its documents.
    pub known: Option<Tensor<1, Int>>,
}

/// Documents in host memory.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Found {
    /// Queries whose documents were all in one batch.
    pub whole: RankedQueries,
    /// Documents of the others.
    pub flat: FlatDocuments,
    pub rejected: Rejected,
}

/// Adds documents in host memory to `found`. Returns whether they are there.
pub(crate) fn add(documents: &Scored, ignore_index: Option<i64>, found: &mut Found) -> bool {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if super::is_host(&documents.scores.device()) {
        host::add(documents, ignore_index, found);
        return true;
    }
    let _ = (documents, ignore_index, found);
    false
}

/// Lists documents that are not in host memory.
pub(crate) fn list(documents: &Scored, ignore_index: Option<i64>, delta: &mut Delta) {
    if !super::is_host(&documents.scores.device()) {
        lists::append(documents, ignore_index, delta);
    }
}
