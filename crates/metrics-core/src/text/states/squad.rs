//! Right answers: the state of SQuAD.

use super::{SentenceStatistics, SentenceSums};
use crate::{
    batch::TextRow,
    text::algorithms::{grams::Grams, squad, words::Interner},
};
use serde::Serialize;

/// Counts answers that are right, and adds up F-scores: 1 counter and 1 sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Answers {}

/// The memory of a thread.
#[derive(Debug, Default)]
pub struct AnswersScratch {
    grams: Grams,
    interner: Interner,
    buffer: String,
    prediction: Vec<u32>,
    reference: Vec<u32>,
}

impl SentenceStatistics for Answers {
    type Scratch = AnswersScratch;
    const KIND: &'static str = "text/answers";

    fn sizes(&self) -> [usize; 2] {
        [1, 1]
    }

    fn scratch(&self) -> AnswersScratch {
        AnswersScratch::default()
    }

    fn add(&self, row: &TextRow<'_>, scratch: &mut AnswersScratch, sums: &mut SentenceSums) {
        let AnswersScratch {
            grams,
            interner,
            buffer,
            prediction,
            reference,
        } = scratch;
        squad::read(row.prediction(), interner, buffer, prediction);
        let (mut exact, mut best) = (false, 0.0_f64);
        for text in row.references() {
            squad::read(text, interner, buffer, reference);
            exact |= prediction == reference;
            best = best.max(squad::f_score(prediction, reference, grams));
        }
        sums.counts[0] += u64::from(exact);
        sums.sums[0] += best;
    }
}
