use super::{
    chrf_score::with_sentences,
    states::{EedLanguage, ExtendedDistances, OfSentences, SentenceSums},
};
use crate::{Metric, MetricError, OnHost, Value};

/// Extended edit distance: edits of characters, where one may jump to another place at a space, and pays for characters that are
/// visited several times or never.
///
/// `min(1, (e + rho * v) / (r + rho * v))` of each sentence, with the cost `e` of the cheapest path through the prediction along the
/// `r` characters of the reference, and `v` visits of characters beyond the first (a character that is never visited counts 1); of the
/// reference that makes it least; the mean over sentences (Stanchev, Wang and Ney, EED: Extended Edit Distance Measure for Machine
/// Translation, WMT 2019). In `[0, 1]`.
///
/// - [`language`](Self::language): how texts are prepared; default [`EedLanguage::En`].
/// - [`alpha`](Self::alpha): what a jump costs; default 2.
/// - [`rho`](Self::rho): what visits cost; default 0.3.
/// - [`deletion`](Self::deletion), [`insertion`](Self::insertion): what it costs to leave out a character of the prediction, and
///   to insert one; defaults 0.2 and 1. A substitution costs 1.
/// - [`sentence_scores`](Self::sentence_scores): the value is a record of `corpus` and `sentences`, with the distance of each; default off.
///
/// All costs are finite and at least 0. Takes [`Texts`](crate::batch::Texts) with one reference or several each. No sentence is
/// [`MetricError::Empty`]. If the prepared reference is empty, the distance is 1, or 0 if the cost is 0 as well. The state is a
/// sum, and 8 bytes for each sentence with `sentence_scores`.
///
/// Reference: TorchMetrics 1.9.0 `ExtendedEditDistance` in `f64`; the authors' script pads Japanese texts with spaces, and makes
/// "e.g." of "i . e .".
///
/// ```
/// use metrics_core::{Metric, batch::Texts, text::ExtendedEditDistance};
///
/// let predictions = ["this is the prediction", "here is an other sample"];
/// let batch = Texts::new(predictions, ["this is the reference", "here is another one"])?;
/// let value = ExtendedEditDistance::new().evaluate(&batch)?.scalar().unwrap_or_default();
/// assert!((value - 0.3078).abs() < 1e-4);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExtendedEditDistance {
    distances: ExtendedDistances,
}

impl Default for ExtendedEditDistance {
    fn default() -> Self {
        Self {
            distances: ExtendedDistances {
                language: EedLanguage::En,
                alpha: 2.0,
                rho: 0.3,
                deletion: 0.2,
                insertion: 1.0,
                sentences: false,
            },
        }
    }
}

impl ExtendedEditDistance {
    /// Of English texts, with the costs of the paper.
    pub fn new() -> Self {
        Self::default()
    }

    /// How texts are prepared.
    pub fn language(mut self, language: EedLanguage) -> Self {
        self.distances.language = language;
        self
    }

    /// What a jump costs.
    pub fn alpha(mut self, cost: f64) -> Self {
        self.distances.alpha = cost;
        self
    }

    /// What visits of characters cost.
    pub fn rho(mut self, cost: f64) -> Self {
        self.distances.rho = cost;
        self
    }

    /// What it costs to leave out a character.
    pub fn deletion(mut self, cost: f64) -> Self {
        self.distances.deletion = cost;
        self
    }

    /// What it costs to insert a character.
    pub fn insertion(mut self, cost: f64) -> Self {
        self.distances.insertion = cost;
        self
    }

    /// Adds the distance of each sentence, in the order of the batches.
    pub fn sentence_scores(mut self) -> Self {
        self.distances.sentences = true;
        self
    }
}

impl Metric for ExtendedEditDistance {
    type Accumulator = OnHost<OfSentences<ExtendedDistances>>;

    fn name(&self) -> String {
        "extended_edit_distance".into()
    }

    fn accumulator(&self) -> Self::Accumulator {
        OnHost(OfSentences(self.distances))
    }

    fn finalize(&self, sums: &SentenceSums) -> Result<Value, MetricError> {
        sums.not_empty()?;
        let mean = sums.sums[0] / sums.sentences as f64;
        Ok(with_sentences(mean, self.distances.sentences, sums))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }

    fn is_scalar(&self) -> bool {
        !self.distances.sentences
    }
}
