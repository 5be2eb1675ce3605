//! Overlaps of words: the state of ROUGE.

use super::{SentenceStatistics, SentenceSums, TextTokenizer};
use crate::{
    MetricError,
    batch::TextRow,
    text::algorithms::rouge::{Lines, Score, Scorer, Vocabulary},
};
use serde::Serialize;

/// Which overlap ROUGE counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RougeKey {
    /// That of n-grams of this order, from 1 to 9.
    N(usize),
    /// The longest common subsequence.
    L,
    /// The longest common subsequences of lines.
    Lsum,
}

impl RougeKey {
    /// Its name, such as `rouge1` or `rougeLsum`.
    pub fn name(self) -> String {
        match self {
            Self::N(order) => format!("rouge{order}"),
            Self::L => "rougeL".into(),
            Self::Lsum => "rougeLsum".into(),
        }
    }
}

/// How several references make one score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RougeAccumulate {
    /// The scores of the reference with the highest F-score, for each key by itself.
    #[default]
    Best,
    /// The mean over the references.
    Avg,
}

/// Adds up precision, recall and F-score of each key: 3 sums for each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overlaps {
    /// Which overlaps.
    pub keys: Vec<RougeKey>,
    /// Whether words of more than 3 letters are stemmed.
    pub use_stemmer: bool,
    /// How several references make one score.
    pub accumulate: RougeAccumulate,
    /// A tokenizer of the user's, which is given each line.
    pub tokenizer: Option<TextTokenizer>,
    /// Where a text has lines for Lsum, other than at `\n`: a function that gives the sentences.
    pub sentences: Option<TextTokenizer>,
}

impl Overlaps {
    fn highest(&self) -> usize {
        let orders = self.keys.iter().map(|key| match key {
            RougeKey::N(order) => *order,
            _ => 0,
        });
        orders.max().unwrap_or(0)
    }

    fn read(&self, text: &str, scratch: (&mut Vocabulary, &mut String), out: &mut Lines) {
        let (vocabulary, buffer) = scratch;
        out.clear();
        let mut line = |line: &str| match &self.tokenizer {
            Some(tokenizer) => {
                tokenizer.split(line, &mut |word| {
                    if !word.is_empty() {
                        out.words.push(vocabulary.id(word));
                    }
                });
                out.ends.push(out.words.len());
            }
            None => vocabulary.add_line(line, buffer, out),
        };
        match &self.sentences {
            Some(sentences) => sentences.split(text, &mut line),
            None => text.split('\n').for_each(line),
        }
    }
}

/// The memory of a thread.
#[derive(Debug)]
pub struct OverlapsScratch {
    vocabulary: Vocabulary,
    buffer: String,
    prediction: Lines,
    reference: Lines,
    scorer: Scorer,
    grams: Vec<Score>,
    /// The scores of the keys.
    scores: Vec<Score>,
}

impl SentenceStatistics for Overlaps {
    type Scratch = OverlapsScratch;
    const KIND: &'static str = "text/overlaps";

    fn sizes(&self) -> [usize; 2] {
        [0, 3 * self.keys.len()]
    }

    fn scratch(&self) -> OverlapsScratch {
        OverlapsScratch {
            vocabulary: Vocabulary::new(self.use_stemmer),
            buffer: String::new(),
            prediction: Lines::default(),
            reference: Lines::default(),
            scorer: Scorer::default(),
            grams: vec![[0.0; 3]; self.highest()],
            scores: Vec::new(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        let invalid = |what: String| Err(MetricError::InvalidOption(what));
        if self.keys.is_empty() {
            return invalid("there is no ROUGE key; give at least one, such as RougeKey::L".into());
        }
        for (index, key) in self.keys.iter().enumerate() {
            if let RougeKey::N(order) = key
                && !(1..=9).contains(order)
            {
                return invalid(format!("RougeKey::N({order}) must be from 1 to 9"));
            }
            if self.keys[..index].contains(key) {
                return invalid(format!("the key {} is there twice", key.name()));
            }
        }
        Ok(())
    }

    fn add(&self, row: &TextRow<'_>, scratch: &mut OverlapsScratch, sums: &mut SentenceSums) {
        let OverlapsScratch {
            vocabulary,
            buffer,
            prediction,
            reference,
            scorer,
            grams,
            scores,
        } = scratch;
        self.read(row.prediction(), (vocabulary, buffer), prediction);
        scores.clear();
        let references = row.references();
        let share = 1.0 / references.len() as f64;
        for (index, text) in references.enumerate() {
            self.read(text, (vocabulary, buffer), reference);
            scorer.of_grams(prediction, reference, grams);
            for (at, key) in self.keys.iter().enumerate() {
                let score = match key {
                    RougeKey::N(order) => grams[order - 1],
                    RougeKey::L => scorer.of_sequence(prediction, reference),
                    RougeKey::Lsum => scorer.of_lines(prediction, reference),
                };
                let averaged = self.accumulate == RougeAccumulate::Avg;
                let score = if averaged {
                    score.map(|part| part * share)
                } else {
                    score
                };
                if index == 0 {
                    scores.push(score);
                } else if averaged {
                    let parts = scores[at].iter_mut().zip(score);
                    parts.for_each(|(sum, part)| *sum += part);
                } else if score[2] > scores[at][2] {
                    scores[at] = score;
                }
            }
        }
        let all = sums.sums.iter_mut().zip(scores.as_flattened());
        all.for_each(|(sum, score)| *sum += score);
    }
}
