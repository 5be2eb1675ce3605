//! Metrics of language models.

mod negative_log_likelihood;
mod perplexity;

pub use negative_log_likelihood::NegativeLogLikelihood;
pub use perplexity::Perplexity;
