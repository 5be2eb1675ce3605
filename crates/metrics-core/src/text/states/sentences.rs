//! Sums over sentences: the state of most text metrics.

use super::rows::{not_empty, over_chunks};
use crate::{
    HostAccumulator, Identity, MetricError, Rejected, Summary,
    batch::{TextRow, Texts},
};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// What a metric adds up of each sentence: its options.
///
/// [`OfSentences`] is the accumulator. A metric of one's own implements this trait: `add` counts, and batches, threads, merging
/// and saving come with it.
pub trait SentenceStatistics:
    Clone + Debug + PartialEq + Serialize + Send + Sync + 'static
{
    /// What is kept from one sentence to the next, such as memory. Each thread has its own.
    type Scratch;

    /// What a saved state is known by, such as `text/bleu`.
    const KIND: &'static str;

    /// How many counters and how many sums there are.
    fn sizes(&self) -> [usize; 2];

    /// The scratch of a thread.
    fn scratch(&self) -> Self::Scratch;

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// Whether the batch fits.
    ///
    /// # Errors
    /// An error that says what does not fit.
    fn check(&self, _batch: &Texts) -> Result<(), MetricError> {
        Ok(())
    }

    /// Adds a prediction with its references.
    fn add(&self, row: &TextRow<'_>, scratch: &mut Self::Scratch, sums: &mut SentenceSums);
}

/// Sums over sentences: `C` integers and `S` numbers in `f64`, and 8 bytes for each sentence if its value is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SentenceSums {
    /// Predictions.
    pub sentences: u64,
    /// The counters.
    pub counts: Vec<u64>,
    /// The sums.
    pub sums: Vec<f64>,
    /// The values of the sentences, if they are kept.
    pub each: Vec<f64>,
}

impl SentenceSums {
    /// Fails if there are no sentences.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        not_empty(self.sentences)
    }

    fn add(&mut self, other: &Self) {
        self.sentences += other.sentences;
        let counts = self.counts.iter_mut().zip(&other.counts);
        counts.for_each(|(own, other)| *own += other);
        let sums = self.sums.iter_mut().zip(&other.sums);
        sums.for_each(|(own, other)| *own += other);
        self.each.extend_from_slice(&other.each);
    }

    fn shape(&self) -> [usize; 2] {
        [self.counts.len(), self.sums.len()]
    }
}

impl Summary for SentenceSums {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.shape() != other.shape() {
            let text = |sums: &Self| format!("{:?} counters and sums", sums.shape());
            return Err(MetricError::MergeMismatch {
                left: text(self),
                right: text(other),
            });
        }
        self.room_for(other)?;
        self.add(other);
        Ok(())
    }

    fn counted(&self) -> u128 {
        let counts = self.counts.iter().map(|count| u128::from(*count));
        counts.sum::<u128>() + u128::from(self.sentences)
    }

    fn rejected(&self) -> Rejected {
        Rejected::default()
    }
}

/// The accumulator of [`SentenceStatistics`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OfSentences<S>(pub S);

impl<S: SentenceStatistics> HostAccumulator for OfSentences<S> {
    type Batch = Texts;
    type Summary = SentenceSums;

    fn identity(&self) -> Identity {
        Identity::new(S::KIND, 1).with(self)
    }

    fn empty(&self) -> SentenceSums {
        let [counts, sums] = self.0.sizes();
        SentenceSums {
            counts: vec![0; counts],
            sums: vec![0.0; sums],
            ..SentenceSums::default()
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.0.validate()
    }

    fn check(&self, batch: &Texts) -> Result<(), MetricError> {
        self.0.check(batch)
    }

    fn add(&self, batch: &Texts, summary: &mut SentenceSums) {
        let parts = over_chunks(batch, |rows| {
            let (mut scratch, mut sums) = (self.0.scratch(), self.empty());
            for row in rows {
                sums.sentences += 1;
                self.0.add(&row, &mut scratch, &mut sums);
            }
            sums
        });
        parts.iter().for_each(|part| summary.add(part));
    }
}
