use super::states::{MixedGrams, OfSentences, SentenceSums};
use crate::{Metric, MetricError, OnHost, Value};

/// chrF of a corpus: the F-score of character n-grams, and of word n-grams (chrF++).
///
/// `(1 + beta^2) * p * r / (beta^2 * p + r)` of each order, with `p` the share of the predictions' n-grams that are in
/// common and `r` that of the references', counted over the corpus; the mean over all orders of characters and words (Popović, chrF: character
/// n-gram F-score for automatic MT evaluation, WMT 2015; chrF++: words helping character n-grams, WMT 2017). In `[0, 1]`. Of several
/// references, a sentence counts with the one of the highest F-score. A mark of ASCII punctuation at the end of a word, else at its
/// beginning, is a word of its own.
///
/// - [`n_char_order`](Self::n_char_order): the highest order of characters, 1 to 64; default 6.
/// - [`n_word_order`](Self::n_word_order): that of words, 0 to 64; default 2, which is chrF++; 0 is chrF.
/// - [`beta`](Self::beta): how much more recall weighs than precision, above 0; default 2.
/// - [`lowercase`](Self::lowercase): compares texts in lowercase; default off.
/// - [`whitespace`](Self::whitespace): white space is among the characters; default off.
/// - [`effective_order`](Self::effective_order): the F-score of the mean precision and the mean recall over the orders that
///   both sides have n-grams of, which is sacrebleu's default; default off.
/// - [`sentence_scores`](Self::sentence_scores): the value is a record of `corpus` and `sentences`, with the F-score of each; default off.
///
/// Takes [`Texts`](crate::batch::Texts) with one reference or several each. No sentence is [`MetricError::Empty`]. An order without
/// n-grams has a share of 1e-16; sentences without characters have such a value. The state is 3 integers for each
/// order, and 8 bytes for each sentence with `sentence_scores`.
///
/// Reference: sacrebleu 2.6.0 `CHRF(word_order=2, eps_smoothing=True)` divided by 100. TorchMetrics 1.9.0 `CHRFScore` keeps some Unicode
/// spaces among the characters, counts n-grams of orders that the reference has none of, and leaves out the references of
/// sentences whose score is 0.
///
/// ```
/// use metrics_core::{Metric, batch::Texts, text::ChrfScore};
///
/// let references = [["there is a cat on the mat", "a cat is on the mat"]];
/// let batch = Texts::with_references(["the cat is on the mat"], references)?;
/// let chrf = ChrfScore::new().evaluate(&batch)?.scalar().unwrap_or_default();
/// assert!((chrf - 0.8640).abs() < 1e-4);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChrfScore {
    grams: MixedGrams,
}

impl Default for ChrfScore {
    fn default() -> Self {
        Self {
            grams: MixedGrams {
                n_char_order: 6,
                n_word_order: 2,
                beta: 2.0,
                lowercase: false,
                whitespace: false,
                effective_order: false,
                sentences: false,
            },
        }
    }
}

impl ChrfScore {
    /// chrF++ with `beta` 2.
    pub fn new() -> Self {
        Self::default()
    }

    /// The highest order of character n-grams.
    pub fn n_char_order(mut self, order: usize) -> Self {
        self.grams.n_char_order = order;
        self
    }

    /// The highest order of word n-grams.
    pub fn n_word_order(mut self, order: usize) -> Self {
        self.grams.n_word_order = order;
        self
    }

    /// How much more recall weighs than precision.
    pub fn beta(mut self, beta: f64) -> Self {
        self.grams.beta = beta;
        self
    }

    /// Compares texts in lowercase.
    pub fn lowercase(mut self) -> Self {
        self.grams.lowercase = true;
        self
    }

    /// Takes white space for characters.
    pub fn whitespace(mut self) -> Self {
        self.grams.whitespace = true;
        self
    }

    /// Leaves out orders that one side has no n-grams of, as sacrebleu does by default.
    pub fn effective_order(mut self) -> Self {
        self.grams.effective_order = true;
        self
    }

    /// Adds the score of each sentence, in the order of the batches.
    pub fn sentence_scores(mut self) -> Self {
        self.grams.sentences = true;
        self
    }
}

/// The value of a corpus, and those of its sentences if they are kept.
pub(super) fn with_sentences(corpus: f64, kept: bool, sums: &SentenceSums) -> Value {
    if kept {
        let sentences = Value::List(sums.each.clone());
        Value::of_fields([("corpus", Value::Scalar(corpus)), ("sentences", sentences)])
    } else {
        corpus.into()
    }
}

impl Metric for ChrfScore {
    type Accumulator = OnHost<OfSentences<MixedGrams>>;

    fn name(&self) -> String {
        "chrf_score".into()
    }

    fn accumulator(&self) -> Self::Accumulator {
        OnHost(OfSentences(self.grams.clone()))
    }

    fn finalize(&self, sums: &SentenceSums) -> Result<Value, MetricError> {
        sums.not_empty()?;
        let corpus = self.grams.score(&sums.counts);
        Ok(with_sentences(corpus, self.grams.sentences, sums))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        !self.grams.sentences
    }
}
