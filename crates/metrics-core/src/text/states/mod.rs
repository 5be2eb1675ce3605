//! What metrics of language models accumulate.

mod log_likelihood;

pub use log_likelihood::{LogLikelihood, LogLikelihoodSummary};
