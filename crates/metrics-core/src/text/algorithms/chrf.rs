//! Counts of character and word n-grams.

use super::{
    grams::Grams,
    words::{Interner, is_space, words},
};

/// Of each order, the n-grams of the prediction, of the reference, and those in common.
pub type Counts = [u64; 3];

/// A text as characters and as words.
#[derive(Debug, Default)]
pub struct Symbols {
    characters: Vec<u32>,
    words: Vec<u32>,
}

/// Counts n-grams of texts. It keeps its memory from one pair to the next.
#[derive(Debug, Default)]
pub struct Counter {
    grams: Grams,
    interner: Interner,
    found: Vec<u64>,
}

impl Counter {
    /// Takes a text apart. Words lose one mark of ASCII punctuation at their end, else one at their beginning, which is a
    /// word of its own.
    pub fn split(&mut self, text: &str, whitespace: bool, with_words: bool, out: &mut Symbols) {
        let Symbols {
            characters,
            words: ids,
        } = out;
        characters.clear();
        let kept = text.chars().filter(|c| whitespace || !is_space(*c));
        characters.extend(kept.map(u32::from));
        ids.clear();
        if !with_words {
            return;
        }
        for word in words(text) {
            let last = word.len() - 1;
            let single = word.chars().nth(1).is_none();
            let bytes = word.as_bytes();
            if single {
                ids.push(self.interner.id(word));
            } else if bytes[last].is_ascii_punctuation() {
                ids.extend([&word[..last], &word[last..]].map(|part| self.interner.id(part)));
            } else if bytes[0].is_ascii_punctuation() {
                ids.extend([&word[..1], &word[1..]].map(|part| self.interner.id(part)));
            } else {
                ids.push(self.interner.id(word));
            }
        }
    }

    /// The counts of character n-grams of the first orders, then those of word n-grams.
    pub fn count(
        &mut self,
        prediction: &Symbols,
        reference: &Symbols,
        characters: usize,
        counts: &mut [Counts],
    ) {
        let (of_characters, of_words) = counts.split_at_mut(characters);
        for (left, right, counts) in [
            (&prediction.characters, &reference.characters, of_characters),
            (&prediction.words, &reference.words, of_words),
        ] {
            self.found.resize(counts.len(), 0);
            self.grams.common(left, &[right], &mut self.found);
            for (order, (counts, found)) in counts.iter_mut().zip(&self.found).enumerate() {
                let size = |symbols: &[u32]| symbols.len().saturating_sub(order) as u64;
                // Without n-grams in the reference, those of the prediction have no part in the precision.
                let predicted = if size(right) == 0 { 0 } else { size(left) };
                *counts = [predicted, size(right), *found];
            }
        }
    }
}

/// How orders without n-grams count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orders {
    /// All orders count; a share of nothing is a tiny number.
    All,
    /// Those that both texts have.
    Effective,
}

/// The F-score of counts: the mean over orders, or that of mean precision and recall over the effective orders.
pub fn f_score(counts: &[Counts], beta: f64, orders: Orders) -> f64 {
    const TINY: f64 = 1e-16;
    let factor = beta * beta;
    let share = |part: u64, all: u64| {
        if all == 0 {
            TINY
        } else {
            part as f64 / all as f64
        }
    };
    let f = |precision: f64, recall: f64| {
        (1.0 + factor) * precision * recall / (factor * precision + recall)
    };
    if orders == Orders::All {
        let scores = counts.iter().map(|[predicted, reference, common]| {
            let (precision, recall) = (share(*common, *predicted), share(*common, *reference));
            if factor * precision + recall > 0.0 {
                f(precision, recall)
            } else {
                TINY
            }
        });
        return scores.sum::<f64>() / counts.len() as f64;
    }
    let (mut precision, mut recall, mut used) = (0.0, 0.0, 0.0);
    for [predicted, reference, common] in counts {
        if *predicted > 0 && *reference > 0 {
            precision += share(*common, *predicted);
            recall += share(*common, *reference);
            used += 1.0;
        }
    }
    if precision + recall > 0.0 {
        f(precision / used, recall / used)
    } else {
        0.0
    }
}
