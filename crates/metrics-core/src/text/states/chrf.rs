//! Character and word n-grams: the state of chrF.

use super::{
    SentenceStatistics, SentenceSums,
    bleu::{HIGHEST, order},
};
use crate::{
    MetricError,
    batch::TextRow,
    text::algorithms::chrf::{Counter, Counts, Orders, Symbols, f_score},
};
use serde::Serialize;

/// Counts character and word n-grams of predictions and of their best references: 3 counters for each order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MixedGrams {
    /// The highest order of character n-grams.
    pub n_char_order: usize,
    /// The highest order of word n-grams.
    pub n_word_order: usize,
    /// How much recall weighs; it decides which reference is the best.
    pub beta: f64,
    /// Whether texts are compared in lowercase.
    pub lowercase: bool,
    /// Whether white space is among the characters.
    pub whitespace: bool,
    /// Whether orders without n-grams are left out.
    pub effective_order: bool,
    /// Whether to keep the value of each sentence.
    pub sentences: bool,
}

impl MixedGrams {
    /// The F-score of counts.
    pub(crate) fn score(&self, counts: &[u64]) -> f64 {
        f_score(&by_order(counts), self.beta, self.orders())
    }

    fn orders(&self) -> Orders {
        if self.effective_order {
            Orders::Effective
        } else {
            Orders::All
        }
    }
}

fn by_order(counts: &[u64]) -> Vec<Counts> {
    let triples = counts.chunks_exact(3);
    triples
        .map(|counts| [counts[0], counts[1], counts[2]])
        .collect()
}

/// The memory of a thread.
#[derive(Debug, Default)]
pub struct MixedScratch {
    counter: Counter,
    prediction: Symbols,
    reference: Symbols,
    counts: Vec<Counts>,
    best: Vec<Counts>,
}

impl SentenceStatistics for MixedGrams {
    type Scratch = MixedScratch;
    const KIND: &'static str = "text/mixed_grams";

    fn sizes(&self) -> [usize; 2] {
        // A state is made before its options are checked.
        let orders = [self.n_char_order, self.n_word_order].map(|order| order.min(HIGHEST));
        [3 * orders.iter().sum::<usize>(), 0]
    }

    fn scratch(&self) -> MixedScratch {
        MixedScratch::default()
    }

    fn validate(&self) -> Result<(), MetricError> {
        order("n_char_order", self.n_char_order, 1)?;
        order("n_word_order", self.n_word_order, 0)?;
        if !(self.beta.is_finite() && self.beta > 0.0) {
            return Err(MetricError::InvalidOption(format!(
                "beta is {}, and must be a finite number above 0",
                self.beta
            )));
        }
        Ok(())
    }

    fn add(&self, row: &TextRow<'_>, scratch: &mut MixedScratch, sums: &mut SentenceSums) {
        let MixedScratch {
            counter,
            prediction,
            reference,
            counts,
            best,
        } = scratch;
        let with_words = self.n_word_order > 0;
        let split = |counter: &mut Counter, text: &str, out: &mut Symbols| {
            if self.lowercase {
                counter.split(&text.to_lowercase(), self.whitespace, with_words, out);
            } else {
                counter.split(text, self.whitespace, with_words, out);
            }
        };
        split(counter, row.prediction(), prediction);
        counts.resize(self.n_char_order + self.n_word_order, Counts::default());
        let mut highest = -1.0;
        for text in row.references() {
            split(counter, text, reference);
            counter.count(prediction, reference, self.n_char_order, counts);
            let score = f_score(counts, self.beta, self.orders());
            if score > highest {
                highest = score;
                best.clone_from(counts);
            }
        }
        let all = sums.counts.iter_mut().zip(best.as_flattened());
        all.for_each(|(sum, count)| *sum += count);
        if self.sentences {
            sums.each.push(highest);
        }
    }
}
