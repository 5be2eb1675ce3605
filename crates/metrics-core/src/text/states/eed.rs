//! Extended edit distances: their sum.

use super::{SentenceStatistics, SentenceSums};
use crate::{
    MetricError,
    batch::TextRow,
    text::algorithms::{
        eed::{Costs, Walker, of_english},
        words::is_space,
    },
};
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

/// How [`ExtendedEditDistance`](crate::text::ExtendedEditDistance) prepares texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EedLanguage {
    /// English: punctuation is apart from words, and white space is one space.
    #[default]
    En,
    /// Japanese: compatibility forms, such as half-width characters, are replaced (NFKC).
    Ja,
}

/// Adds up extended edit distances: 1 sum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ExtendedDistances {
    /// How texts are prepared.
    pub language: EedLanguage,
    /// What a jump costs.
    pub alpha: f64,
    /// What it costs to visit a character again.
    pub rho: f64,
    /// What it costs to leave out a character.
    pub deletion: f64,
    /// What it costs to insert a character.
    pub insertion: f64,
    /// Whether to keep the value of each sentence.
    pub sentences: bool,
}

impl ExtendedDistances {
    fn read(&self, text: &str) -> Vec<char> {
        match self.language {
            EedLanguage::En => of_english(text),
            EedLanguage::Ja => text.trim_end_matches(is_space).nfkc().collect(),
        }
    }
}

impl SentenceStatistics for ExtendedDistances {
    type Scratch = Walker;
    const KIND: &'static str = "text/extended_distances";

    fn sizes(&self) -> [usize; 2] {
        [0, 1]
    }

    fn scratch(&self) -> Walker {
        Walker::default()
    }

    fn validate(&self) -> Result<(), MetricError> {
        for (name, cost) in [
            ("alpha", self.alpha),
            ("rho", self.rho),
            ("deletion", self.deletion),
            ("insertion", self.insertion),
        ] {
            if !(cost.is_finite() && cost >= 0.0) {
                return Err(MetricError::InvalidOption(format!(
                    "{name} is {cost}, and must be finite and at least 0"
                )));
            }
        }
        Ok(())
    }

    fn add(&self, row: &TextRow<'_>, walker: &mut Walker, sums: &mut SentenceSums) {
        let costs = Costs {
            alpha: self.alpha,
            rho: self.rho,
            deletion: self.deletion,
            insertion: self.insertion,
        };
        let prediction = self.read(row.prediction());
        let distances =
            (row.references()).map(|text| walker.distance(&prediction, &self.read(text), costs));
        let least = distances.fold(f64::INFINITY, f64::min);
        sums.sums[0] += least;
        if self.sentences {
            sums.each.push(least);
        }
    }
}
