//! Edits and shifts of words: the state of the translation edit rate.

use super::{SentenceStatistics, SentenceSums};
use crate::{
    batch::TextRow,
    text::algorithms::{
        ter::Shifter,
        tokenize::Tercom,
        words::{Interner, words},
    },
};
use serde::Serialize;

/// Counts edits and shifts, and adds up the mean lengths of references: 1 counter and 1 sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ShiftedEdits {
    /// Whether punctuation is apart from words.
    pub normalize: bool,
    /// Whether punctuation is left out.
    pub no_punctuation: bool,
    /// Whether texts are compared in lowercase.
    pub lowercase: bool,
    /// Whether the other options know Asian characters.
    pub asian_support: bool,
    /// Whether to keep the value of each sentence.
    pub sentences: bool,
}

impl ShiftedEdits {
    fn read(&self, text: &str, interner: &mut Interner, out: &mut Vec<u32>) {
        let tercom = Tercom {
            normalize: self.normalize,
            no_punctuation: self.no_punctuation,
            lowercase: self.lowercase,
            asian_support: self.asian_support,
        };
        out.clear();
        match tercom.of(text) {
            Some(text) => out.extend(words(&text).map(|word| interner.id(word))),
            None => out.extend(words(text).map(|word| interner.id(word))),
        }
    }
}

/// Edits for each word of the references; 1 if there are edits and no words, 0 if there is neither.
pub(crate) fn rate(edits: u64, length: f64) -> f64 {
    if length > 0.0 {
        edits as f64 / length
    } else {
        f64::from(u8::from(edits > 0))
    }
}

/// The memory of a thread.
#[derive(Debug, Default)]
pub struct ShiftedScratch {
    shifter: Shifter,
    interner: Interner,
    prediction: Vec<u32>,
    reference: Vec<u32>,
}

impl SentenceStatistics for ShiftedEdits {
    type Scratch = ShiftedScratch;
    const KIND: &'static str = "text/shifted_edits";

    fn sizes(&self) -> [usize; 2] {
        [1, 1]
    }

    fn scratch(&self) -> ShiftedScratch {
        ShiftedScratch::default()
    }

    fn add(&self, row: &TextRow<'_>, scratch: &mut ShiftedScratch, sums: &mut SentenceSums) {
        let ShiftedScratch {
            shifter,
            interner,
            prediction,
            reference,
        } = scratch;
        self.read(row.prediction(), interner, prediction);
        let (mut edits, mut length) = (usize::MAX, 0);
        let references = row.references();
        let count = references.len() as f64;
        for text in references {
            self.read(text, interner, reference);
            edits = edits.min(shifter.edits(prediction, reference));
            length += reference.len();
        }
        let (edits, length) = (edits as u64, length as f64 / count);
        sums.counts[0] += edits;
        sums.sums[0] += length;
        if self.sentences {
            sums.each.push(rate(edits, length));
        }
    }
}
