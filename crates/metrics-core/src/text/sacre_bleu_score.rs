use super::{
    bleu_score::{BleuOptions, bleu_options},
    states::{CommonGrams, Tokenize},
};

/// BLEU of a corpus with the tokenizers of SacreBLEU, which make values comparable.
///
/// The formula is that of [`BleuScore`](crate::text::BleuScore). In `[0, 1]`, where sacrebleu prints percents.
///
/// - [`tokenize`](Self::tokenize): how texts become tokens; default [`Tokenize::V13a`]. Tokenizers that need a model or a dictionary
///   (`ja-mecab`, `ko-mecab`, `flores101`, `flores200`) are a closure: [`Tokenize::By`].
/// - [`lowercase`](Self::lowercase): compares texts in lowercase; default off.
/// - [`n_gram`](Self::n_gram), [`weights`](Self::weights), [`smooth`](Self::smooth): as for `BleuScore`.
///
/// Takes [`Texts`](crate::batch::Texts) with one reference or several each. No sentence is
/// [`MetricError::Empty`](crate::MetricError::Empty). The value is 0 if no token is in common, and without smoothing if any order has no
/// n-gram in common. The state is `2 * n_gram + 2` integers.
///
/// Reference: sacrebleu 2.6.0 divided by 100, with `smooth_method` `none` or `add-k` (its own default, `exp`, differs only if an order
/// has no n-gram in common). Differences of TorchMetrics 1.9.0: see `BleuScore`; its `flores` tokenizers download their model.
///
/// ```
/// use metrics_core::{Metric, batch::Texts, text::{SacreBleuScore, Tokenize}};
///
/// let batch = Texts::new(["Hello, world! It works."], ["Hello , world ! It works ."])?;
/// assert_eq!(SacreBleuScore::new().evaluate(&batch)?.scalar(), Some(1.0));
/// let plain = SacreBleuScore::new().tokenize(Tokenize::None);
/// assert_eq!(plain.evaluate(&batch)?.scalar(), Some(0.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SacreBleuScore {
    grams: CommonGrams,
    options: BleuOptions,
}

impl Default for SacreBleuScore {
    fn default() -> Self {
        Self {
            grams: CommonGrams {
                n_gram: 4,
                tokenize: Tokenize::V13a,
                lowercase: false,
            },
            options: BleuOptions::default(),
        }
    }
}

impl SacreBleuScore {
    const NAME: &'static str = "sacre_bleu_score";

    /// How texts become tokens.
    pub fn tokenize(mut self, tokenize: Tokenize) -> Self {
        self.grams.tokenize = tokenize;
        self
    }

    /// Compares texts in lowercase.
    pub fn lowercase(mut self) -> Self {
        self.grams.lowercase = true;
        self
    }
}

bleu_options!(SacreBleuScore);
