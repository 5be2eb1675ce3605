//! N-grams in common: the state of BLEU.

use super::{OfSentences, SentenceStatistics, SentenceSums, Tokenize};
use crate::{
    MetricError, OnHost,
    batch::TextRow,
    text::algorithms::{bleu::Counter, tokenize::Tokenizer, words::is_space},
};
use serde::Serialize;

/// Counts n-grams of predictions and those that a reference has too.
///
/// The counters: words of the predictions, words of the closest references, then for each order the n-grams in common,
/// then for each order those of the predictions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommonGrams {
    /// The highest order.
    pub n_gram: usize,
    /// How texts become tokens.
    pub tokenize: Tokenize,
    /// Whether texts are compared in lowercase.
    pub lowercase: bool,
}

impl CommonGrams {
    pub(crate) fn accumulator(&self) -> OnHost<OfSentences<Self>> {
        OnHost(OfSentences(self.clone()))
    }
}

impl SentenceStatistics for CommonGrams {
    type Scratch = (Counter, Tokenizer);
    const KIND: &'static str = "text/common_grams";

    fn sizes(&self) -> [usize; 2] {
        // A state is made before its options are checked.
        [2 + 2 * self.n_gram.min(HIGHEST), 0]
    }

    fn scratch(&self) -> Self::Scratch {
        Default::default()
    }

    fn validate(&self) -> Result<(), MetricError> {
        order("n_gram", self.n_gram, 1)
    }

    fn add(&self, row: &TextRow<'_>, scratch: &mut Self::Scratch, sums: &mut SentenceSums) {
        let (counter, memory) = scratch;
        counter.add(
            row.prediction(),
            row.references(),
            |interner, text, out| {
                let mut token = |word: &str| out.push(interner.id(word));
                let text = text.trim_end_matches(is_space);
                if self.lowercase {
                    self.tokenize
                        .split(&text.to_lowercase(), memory, &mut token);
                } else {
                    self.tokenize.split(text, memory, &mut token);
                }
            },
            &mut sums.counts,
        );
    }
}

/// The highest order that a metric takes.
pub(super) const HIGHEST: usize = 64;

/// Checks an order.
pub(crate) fn order(name: &str, order: usize, least: usize) -> Result<(), MetricError> {
    if (least..=HIGHEST).contains(&order) {
        return Ok(());
    }
    Err(MetricError::InvalidOption(format!(
        "{name} is {order}, and must be from {least} to {HIGHEST}"
    )))
}
