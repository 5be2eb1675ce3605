//! Edits: the state of error rates.

use super::rows::{not_empty, one_reference, over_chunks};
use crate::{
    HostAccumulator, Identity, MetricError, Rejected, Summary,
    batch::{TextRow, Texts},
    text::algorithms::{
        edits::Aligner,
        words::{Interner, words},
    },
};
use serde::{Deserialize, Serialize};

/// What a text is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextUnit {
    /// Words, between white space.
    Words,
    /// Characters: Unicode code points, white space among them.
    Characters,
}

/// Counts the edits that make predictions of references.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edits {
    /// Edits of what.
    pub unit: TextUnit,
}

/// How many edits of how many words or characters: 5 integers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditsSummary {
    /// Pairs of a prediction and a reference.
    pub pairs: u64,
    /// The least number of insertions, deletions and substitutions, of all pairs.
    pub edits: u64,
    /// Units that are equal in an alignment with so many edits. 0 if units are characters.
    pub hits: u64,
    /// Units of the references.
    pub reference: u64,
    /// Units of the predictions.
    pub prediction: u64,
}

impl EditsSummary {
    fn add(&mut self, other: &Self) {
        self.pairs += other.pairs;
        self.edits += other.edits;
        self.hits += other.hits;
        self.reference += other.reference;
        self.prediction += other.prediction;
    }

    /// Fails if there are no pairs.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        not_empty(self.pairs)
    }

    /// Edits for each unit of the references; the edits themselves if there is no unit.
    pub fn error_rate(&self) -> f64 {
        self.edits as f64 / self.reference.max(1) as f64
    }

    /// Edits for each step of the alignments; 0 if there is none.
    pub fn match_error_rate(&self) -> f64 {
        self.edits as f64 / (self.edits + self.hits).max(1) as f64
    }

    /// The share of hits among the words of the references, times that among the words of predictions; 1 if neither has
    /// words, 0 if one has none.
    pub fn preserved(&self) -> f64 {
        match (self.reference, self.prediction) {
            (0, 0) => 1.0,
            (0, _) | (_, 0) => 0.0,
            (reference, prediction) => {
                let hits = self.hits as f64;
                (hits / reference as f64) * (hits / prediction as f64)
            }
        }
    }
}

impl Summary for EditsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.add(other);
        Ok(())
    }

    fn counted(&self) -> u128 {
        let sizes = [
            self.pairs,
            self.edits,
            self.hits,
            self.reference,
            self.prediction,
        ];
        sizes.map(u128::from).iter().sum()
    }

    fn rejected(&self) -> Rejected {
        Rejected::default()
    }
}

impl HostAccumulator for Edits {
    type Batch = Texts;
    type Summary = EditsSummary;

    fn identity(&self) -> Identity {
        Identity::new("text/edits", 1).with(self)
    }

    fn empty(&self) -> EditsSummary {
        EditsSummary::default()
    }

    fn check(&self, batch: &Texts) -> Result<(), MetricError> {
        one_reference(batch)
    }

    fn add(&self, batch: &Texts, summary: &mut EditsSummary) {
        let parts = match self.unit {
            TextUnit::Words => over_chunks(batch, of_words),
            TextUnit::Characters => over_chunks(batch, of_characters),
        };
        parts.iter().for_each(|part| summary.add(part));
    }
}

fn of_words<'a>(rows: &mut dyn Iterator<Item = TextRow<'a>>) -> EditsSummary {
    let (mut aligner, mut interner) = (Aligner::default(), Interner::default());
    let (mut reference, mut prediction) = (Vec::new(), Vec::new());
    let mut sum = EditsSummary::default();
    for row in rows {
        reference.clear();
        reference.extend(words(row.reference()).map(|word| interner.id(word)));
        prediction.clear();
        prediction.extend(words(row.prediction()).map(|word| interner.id(word)));
        let (edits, hits) = aligner.alignment(&reference, &prediction);
        sum.add(&EditsSummary {
            pairs: 1,
            edits: edits as u64,
            hits: hits as u64,
            reference: reference.len() as u64,
            prediction: prediction.len() as u64,
        });
    }
    sum
}

fn of_characters<'a>(rows: &mut dyn Iterator<Item = TextRow<'a>>) -> EditsSummary {
    let mut aligner = Aligner::default();
    let (mut reference, mut prediction) = (Vec::new(), Vec::new());
    let mut sum = EditsSummary::default();
    for row in rows {
        reference.clear();
        reference.extend(row.reference().chars().map(u32::from));
        prediction.clear();
        prediction.extend(row.prediction().chars().map(u32::from));
        sum.add(&EditsSummary {
            pairs: 1,
            edits: aligner.distance(&reference, &prediction) as u64,
            hits: 0,
            reference: reference.len() as u64,
            prediction: prediction.len() as u64,
        });
    }
    sum
}
