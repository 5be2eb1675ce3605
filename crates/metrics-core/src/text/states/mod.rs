//! What metrics of texts and of language models accumulate.

mod distances;
mod edits;
mod log_likelihood;
mod rows;

pub use distances::{Distances, DistancesSummary};
pub use edits::{Edits, EditsSummary, TextUnit};
pub use log_likelihood::{LogLikelihood, LogLikelihoodSummary};
