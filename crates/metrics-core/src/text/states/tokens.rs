//! How texts become tokens.

use crate::text::algorithms::{
    tokenize::{self, Tokenizer},
    words::words,
};
use serde::{Serialize, Serializer};
use std::{fmt, sync::Arc};

type Split = dyn Fn(&str, &mut dyn FnMut(&str)) + Send + Sync;

/// A tokenizer of the user's, known by its name: two of one name are taken for the same.
///
/// ```
/// use metrics_core::{Metric, batch::Texts, text::{SacreBleuScore, TextTokenizer, Tokenize}};
///
/// let by_comma = TextTokenizer::new("comma", |text, token| text.split(',').for_each(token));
/// let metric = SacreBleuScore::new().n_gram(2).tokenize(Tokenize::By(by_comma));
/// let batch = Texts::new(["a b,c,d"], ["a b,c,e"])?;
/// // 2 of 3 tokens, 1 of 2 pairs of tokens.
/// let value = metric.evaluate(&batch)?.scalar().unwrap_or_default();
/// assert!((value - (1.0_f64 / 3.0).sqrt()).abs() < 1e-12);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Clone)]
pub struct TextTokenizer {
    name: String,
    split: Arc<Split>,
}

impl TextTokenizer {
    /// A tokenizer by a closure that is given a text, and gives its tokens, one after the other, to its second argument.
    /// The name is part of the identity of a state.
    pub fn new(
        name: impl Into<String>,
        split: impl Fn(&str, &mut dyn FnMut(&str)) + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            split: Arc::new(split),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the tokens of a text.
    pub fn split(&self, text: &str, token: &mut dyn FnMut(&str)) {
        (self.split)(text, token);
    }
}

impl fmt::Debug for TextTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TextTokenizer").field(&self.name).finish()
    }
}

impl PartialEq for TextTokenizer {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Serialize for TextTokenizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

/// How texts become tokens: the tokenizers of SacreBLEU.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tokenize {
    /// At white space.
    None,
    /// As mteval-v13a, which WMT uses: punctuation is apart from words, but for full stops and commas between digits,
    /// hyphens in words, and apostrophes.
    #[default]
    #[serde(rename = "13a")]
    V13a,
    /// Chinese characters are tokens, and the rest is as with 13a. As in sacrebleu, so are the characters from U+2001 to U+2A6D,
    /// such as arrows.
    Zh,
    /// As mteval-v14: symbols are tokens, and so is punctuation that is not between digits, by the Unicode category.
    Intl,
    /// Each character but white space is a token.
    Char,
    /// By a closure, such as a morphological analyzer or a SentencePiece model.
    By(TextTokenizer),
}

impl Tokenize {
    /// Gives the tokens of a text.
    pub(crate) fn split(&self, text: &str, memory: &mut Tokenizer, token: &mut impl FnMut(&str)) {
        match self {
            Self::None => words(text).for_each(token),
            Self::V13a => memory.of_13a(text, token),
            Self::Zh => memory.of_zh(text, token),
            Self::Intl => memory.of_intl(text, token),
            Self::Char => tokenize::of_characters(text, token),
            Self::By(tokenizer) => tokenizer.split(text, token),
        }
    }
}
