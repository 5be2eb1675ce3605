//! Metrics of texts and of language models.
//!
//! Metrics of strings read [`Texts`](crate::batch::Texts), on the host: predictions with one reference or several each. Their values are
//! those of the corpus, from sums over all sentences, and do not depend on how the corpus was cut into batches. A batch is
//! spread over all threads.
//!
//! **Words** are what white space separates: Unicode's, and the separators U+001C to U+001F, as for Python's `str.split`.
//! **Characters** are Unicode code points. Texts are not normalized: `é` is one character or two, as it is written.

pub(crate) mod algorithms;
mod bleu_score;
mod char_error_rate;
mod chrf_score;
mod edit_distance;
mod edit_rate;
mod extended_edit_distance;
mod match_error_rate;
mod negative_log_likelihood;
mod perplexity;
mod rouge_score;
mod sacre_bleu_score;
mod squad;
pub mod states;
mod translation_edit_rate;
mod word_error_rate;
mod word_info_lost;
mod word_info_preserved;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{
        bleu_score::BleuScore,
        char_error_rate::CharErrorRate,
        chrf_score::ChrfScore,
        edit_distance::EditDistance,
        extended_edit_distance::ExtendedEditDistance,
        match_error_rate::MatchErrorRate,
        negative_log_likelihood::NegativeLogLikelihood,
        perplexity::Perplexity,
        rouge_score::RougeScore,
        sacre_bleu_score::SacreBleuScore,
        squad::Squad,
        states::{EedLanguage, RougeAccumulate, RougeKey, TextTokenizer, Tokenize},
        translation_edit_rate::TranslationEditRate,
        word_error_rate::WordErrorRate,
        word_info_lost::WordInfoLost,
        word_info_preserved::WordInfoPreserved,
    };
}
pub use metrics::*;
