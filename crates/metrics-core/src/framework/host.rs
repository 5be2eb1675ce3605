//! Accumulators that need no device.

use crate::{Accumulator, Batch, Delta, HostDelta, Identity, MetricError, Summary};
use std::fmt::Debug;

/// An accumulator of data on the host, such as texts: a batch is added straight to the summary.
///
/// A metric uses it as [`OnHost`]. It works in a collection, in wrappers and in a Learner as any other: states are
/// shared, merged, saved and refused by their identity.
///
/// ```
/// use metrics_core::{
///     Batch, HostAccumulator, Identity, Metric, MetricCollection, MetricError, OnHost, Rejected, Summary, Value,
/// };
/// use serde::{Deserialize, Serialize};
///
/// /// Texts that a model wrote. Nothing of it is on a device.
/// #[derive(Clone)]
/// struct Texts(Vec<String>);
///
/// impl Batch for Texts {
///     fn count_bound(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// /// Counts texts and their words.
/// #[derive(Clone, Debug, PartialEq, Serialize)]
/// struct WordCounts {}
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct WordCountsSummary {
///     texts: u64,
///     words: u64,
/// }
///
/// impl Summary for WordCountsSummary {
///     fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
///         self.texts += other.texts;
///         self.words += other.words;
///         Ok(())
///     }
///     fn rejected(&self) -> Rejected {
///         Rejected::default()
///     }
/// }
///
/// impl HostAccumulator for WordCounts {
///     type Batch = Texts;
///     type Summary = WordCountsSummary;
///
///     fn identity(&self) -> Identity {
///         Identity::new("my_project/word_counts", 1).with(self)
///     }
///     fn empty(&self) -> WordCountsSummary {
///         WordCountsSummary { texts: 0, words: 0 }
///     }
///     fn add(&self, batch: &Texts, summary: &mut WordCountsSummary) {
///         summary.texts += batch.0.len() as u64;
///         let words = batch.0.iter().map(|text| text.split_whitespace().count() as u64);
///         summary.words += words.sum::<u64>();
///     }
/// }
///
/// /// The mean number of words of a text.
/// #[derive(Clone)]
/// struct MeanLength;
///
/// impl Metric for MeanLength {
///     type Accumulator = OnHost<WordCounts>;
///
///     fn name(&self) -> String {
///         "mean_length".into()
///     }
///     fn accumulator(&self) -> OnHost<WordCounts> {
///         OnHost(WordCounts {})
///     }
///     fn finalize(&self, summary: &WordCountsSummary) -> Result<Value, MetricError> {
///         if summary.texts == 0 {
///             return Err(MetricError::Empty { rejected: Rejected::default() });
///         }
///         Ok(Value::Scalar(summary.words as f64 / summary.texts as f64))
///     }
/// }
///
/// let mut metrics = MetricCollection::new().with(MeanLength);
/// metrics.update(&Texts(vec!["a cat sat".into(), "the mat".into()]))?;
/// metrics.update(&Texts(vec!["on".into()]))?;
/// assert_eq!(metrics.compute()?.scalar("mean_length"), Some(2.0));
/// # Ok::<(), MetricError>(())
/// ```
pub trait HostAccumulator: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// What it accumulates.
    type Batch: Batch;
    /// What it accumulates to.
    type Summary: Summary;

    /// What a saved state is known by; see [`Accumulator::identity`].
    fn identity(&self) -> Identity;

    /// The summary of no data.
    fn empty(&self) -> Self::Summary;

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// Whether it counts elements by their weights; see [`Accumulator::takes_weights`].
    fn takes_weights(&self) -> bool {
        false
    }

    /// Whether the batch fits.
    ///
    /// # Errors
    /// An error that says what does not fit.
    fn check(&self, _batch: &Self::Batch) -> Result<(), MetricError> {
        Ok(())
    }

    /// Adds a batch that passed [`check`](Self::check) to a summary. It is not called for a batch without
    /// data, whose [`count_bound`](Batch::count_bound) is 0.
    fn add(&self, batch: &Self::Batch, summary: &mut Self::Summary);
}

/// A [`HostAccumulator`] as the accumulator of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnHost<A>(pub A);

impl<A: HostAccumulator> Accumulator for OnHost<A> {
    type Batch = A::Batch;
    type Summary = A::Summary;

    fn identity(&self) -> Identity {
        self.0.identity()
    }

    fn empty(&self) -> A::Summary {
        self.0.empty()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.0.validate()
    }

    fn takes_weights(&self) -> bool {
        self.0.takes_weights()
    }

    fn check(&self, batch: &A::Batch) -> Result<(), MetricError> {
        self.0.check(batch)
    }

    fn update(&self, _delta: &mut Delta, _batch: &A::Batch) {}

    fn add(&self, batch: &A::Batch, summary: &mut A::Summary) {
        self.0.add(batch, summary);
    }

    fn fold(&self, _delta: &HostDelta, _summary: &mut A::Summary) {}
}
