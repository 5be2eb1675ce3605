use super::states::{
    OfSentences, Overlaps, RougeAccumulate, RougeKey, SentenceSums, TextTokenizer,
};
use crate::{Metric, MetricError, OnHost, Value};

/// ROUGE: how many words, n-grams or sequences of words summaries have in common with their references.
///
/// Precision `o / p`, recall `o / r` and F-score `2 * precision * recall / (precision + recall)` of each summary, with an overlap
/// `o` of `p` n-grams or words of the summary and `r` of the reference; the means over summaries (Lin, ROUGE: A Package for Automatic
/// Evaluation of Summaries, 2004). In `[0, 1]`. The value is a record: `rouge1_precision`, `rouge1_recall`, `rouge1_fmeasure`,
/// and so on for each key. Words are runs of the letters a to z and digits of the text in lowercase; of Chinese
/// nothing is left without a `tokenizer`.
///
/// - [`rouge_keys`](Self::rouge_keys): [`RougeKey::N`] (1 to 9) counts n-grams, [`RougeKey::L`] takes the longest common
///   subsequence, [`RougeKey::Lsum`] those of lines; default `N(1)`, `N(2)`, `L`, `Lsum`.
/// - [`use_stemmer`](Self::use_stemmer): words of more than 3 letters are stemmed, by Porter's algorithm with nltk's extensions; default off.
/// - [`accumulate`](Self::accumulate): of several references the best or their mean; default
///   [`RougeAccumulate::Best`], for each key by its F-score.
/// - [`tokenizer`](Self::tokenizer): a closure in place of the lowercase words, which may normalize as well. It is given a line.
/// - [`sentences`](Self::sentences): a closure that gives the sentences of a text, for `Lsum`; default: lines.
///
/// Takes [`Texts`](crate::batch::Texts) with one reference or several each. No summary is [`MetricError::Empty`]; a
/// summary or a reference without words, or without n-grams of an order, has a score of 0. The state is 3 sums
/// for each key.
///
/// Reference: rouge-score 0.1.2 with nltk 3.10.4. TorchMetrics 1.9.0 `ROUGEScore` splits sentences for `Lsum` by a model of nltk, which it downloads,
/// not at line ends.
///
/// ```
/// use metrics_core::{Metric, Value, batch::Texts, text::RougeScore};
///
/// let batch = Texts::new(["My name is John"], ["Is your name John"])?;
/// let rouge = RougeScore::new().evaluate(&batch)?;
/// assert_eq!(rouge.field("rouge1_fmeasure").and_then(Value::scalar), Some(0.75));
/// assert_eq!(rouge.field("rougeL_fmeasure").and_then(Value::scalar), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RougeScore {
    overlaps: Overlaps,
}

impl Default for RougeScore {
    fn default() -> Self {
        Self {
            overlaps: Overlaps {
                keys: vec![RougeKey::N(1), RougeKey::N(2), RougeKey::L, RougeKey::Lsum],
                use_stemmer: false,
                accumulate: RougeAccumulate::Best,
                tokenizer: None,
                sentences: None,
            },
        }
    }
}

impl RougeScore {
    /// ROUGE-1, -2, -L and -Lsum, without stemming.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which overlaps to count.
    pub fn rouge_keys(mut self, keys: impl Into<Vec<RougeKey>>) -> Self {
        self.overlaps.keys = keys.into();
        self
    }

    /// Stems words of more than 3 letters.
    pub fn use_stemmer(mut self) -> Self {
        self.overlaps.use_stemmer = true;
        self
    }

    /// How several references make one score.
    pub fn accumulate(mut self, accumulate: RougeAccumulate) -> Self {
        self.overlaps.accumulate = accumulate;
        self
    }

    /// Gives the words of a line.
    pub fn tokenizer(mut self, tokenizer: TextTokenizer) -> Self {
        self.overlaps.tokenizer = Some(tokenizer);
        self
    }

    /// Gives the sentences of a text, which are its lines otherwise.
    pub fn sentences(mut self, sentences: TextTokenizer) -> Self {
        self.overlaps.sentences = Some(sentences);
        self
    }
}

impl Metric for RougeScore {
    type Accumulator = OnHost<OfSentences<Overlaps>>;

    fn name(&self) -> String {
        "rouge_score".into()
    }

    fn accumulator(&self) -> Self::Accumulator {
        OnHost(OfSentences(self.overlaps.clone()))
    }

    fn finalize(&self, sums: &SentenceSums) -> Result<Value, MetricError> {
        sums.not_empty()?;
        let parts = ["precision", "recall", "fmeasure"];
        let names = (self.overlaps.keys.iter())
            .flat_map(|key| parts.map(|part| format!("{}_{part}", key.name())));
        let means = sums.sums.iter().map(|sum| sum / sums.sentences as f64);
        Ok(Value::of_fields(names.zip(means)))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
