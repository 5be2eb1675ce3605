//! Metrics of language models.

mod negative_log_likelihood;
mod perplexity;
pub mod states;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{negative_log_likelihood::NegativeLogLikelihood, perplexity::Perplexity};
}
pub use metrics::*;
