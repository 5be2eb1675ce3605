use super::{
    chrf_score::with_sentences,
    states::{OfSentences, SentenceSums, ShiftedEdits, rate},
};
use crate::{Metric, MetricError, OnHost, Value};

/// Translation edit rate: edits and shifts that make the references of the predictions, for each word of the references.
///
/// `e / r`, with the fewest insertions, deletions, substitutions and shifts of blocks of words that are found, of the reference that
/// needs the fewest, and `r` words of the references (the mean of several); both added up over the corpus (Snover et al., A Study of
/// Translation Edit Rate with Targeted Human Annotation, AMTA 2006). From 0, may exceed 1. The search for shifts is greedy; its
/// limits are Tercom's, in the form of sacrebleu: blocks of 10 words, 50 places, 1000 tries, and distances within 25 places of the diagonal.
///
/// - [`normalize`](Self::normalize): punctuation is apart from words, and entities are replaced; default off.
/// - [`no_punctuation`](Self::no_punctuation): `. , ? : ; ! " ( )` are left out; default off.
/// - [`lowercase`](Self::lowercase): texts are compared in lowercase; default `true`.
/// - [`asian_support`](Self::asian_support): with `normalize`, Chinese characters are words; with `no_punctuation`, their punctuation is
///   left out too; default off.
/// - [`sentence_scores`](Self::sentence_scores): the value is a record of `corpus` and `sentences`, with the rate of each; default off.
///
/// Takes [`Texts`](crate::batch::Texts) with one reference or several each. No sentence is [`MetricError::Empty`]. If no reference has words,
/// the value is 0 if no prediction has any, else 1. The state is an integer and a sum, and 8 bytes for each
/// sentence with `sentence_scores`.
///
/// Reference: sacrebleu 2.6.0 `TER` divided by 100, but that sacrebleu normalizes references twice and predictions once, with `normalize`, so
/// that some texts are not equal to themselves. TorchMetrics 1.9.0 `TranslationEditRate` swaps predictions and references: an empty
/// prediction has the best value there, 0.
///
/// ```
/// use metrics_core::{Metric, batch::Texts, text::TranslationEditRate};
///
/// let batch = Texts::new(["on the mat a cat sat"], ["a cat sat on the mat"])?;
/// // One shift.
/// assert_eq!(TranslationEditRate::new().evaluate(&batch)?.scalar(), Some(1.0 / 6.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TranslationEditRate {
    edits: ShiftedEdits,
}

impl Default for TranslationEditRate {
    fn default() -> Self {
        Self {
            edits: ShiftedEdits {
                lowercase: true,
                ..ShiftedEdits::default()
            },
        }
    }
}

impl TranslationEditRate {
    /// In lowercase, and otherwise as texts are.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts punctuation apart from words.
    pub fn normalize(mut self) -> Self {
        self.edits.normalize = true;
        self
    }

    /// Leaves out punctuation.
    pub fn no_punctuation(mut self) -> Self {
        self.edits.no_punctuation = true;
        self
    }

    /// Whether texts are compared in lowercase.
    pub fn lowercase(mut self, lowercase: bool) -> Self {
        self.edits.lowercase = lowercase;
        self
    }

    /// Makes `normalize` and `no_punctuation` know Asian characters.
    pub fn asian_support(mut self) -> Self {
        self.edits.asian_support = true;
        self
    }

    /// Adds the rate of each sentence, in the order of the batches.
    pub fn sentence_scores(mut self) -> Self {
        self.edits.sentences = true;
        self
    }
}

impl Metric for TranslationEditRate {
    type Accumulator = OnHost<OfSentences<ShiftedEdits>>;

    fn name(&self) -> String {
        "translation_edit_rate".into()
    }

    fn accumulator(&self) -> Self::Accumulator {
        OnHost(OfSentences(self.edits))
    }

    fn finalize(&self, sums: &SentenceSums) -> Result<Value, MetricError> {
        sums.not_empty()?;
        let corpus = rate(sums.counts[0], sums.sums[0]);
        Ok(with_sentences(corpus, self.edits.sentences, sums))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        !self.edits.sentences
    }
}
