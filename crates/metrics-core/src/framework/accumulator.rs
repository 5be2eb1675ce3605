//! The two halves of a metric's state: what accumulates on the device and what it adds up to.

use crate::{Delta, HostDelta, Identity, LabelRanges, MetricError, Rejected, batch::Memo};
use burn::tensor::Device;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// A batch: tensors on a device, or data on the host such as texts.
pub trait Batch: Clone + Send + Sync + 'static {
    /// The device of the tensors. A batch without tensors has none, and is added by [`HostAccumulator`]s.
    ///
    /// [`HostAccumulator`]: crate::HostAccumulator
    fn device(&self) -> Option<Device> {
        None
    }
    /// The most that one device counter can grow by, known from shapes alone: rows, or decisions where
    /// a row holds several. 0 for a batch without data.
    fn count_bound(&self) -> usize;
    /// How many predictions it holds: its rows.
    fn samples(&self) -> usize {
        self.count_bound()
    }
    /// Whether its elements have weights, which an accumulator must expect; see
    /// [`Accumulator::takes_weights`].
    fn is_weighted(&self) -> bool {
        false
    }
    /// Whether metrics can take it, whatever they compute.
    ///
    /// # Errors
    /// [`MetricError::DoublePrecision`] if it is `f64` on a device whose sums are `f32`.
    fn check(&self) -> Result<(), MetricError> {
        Ok(())
    }
    /// The smallest and the largest of its labels, which name what is invalid among them. Reads the batch; it is asked for
    /// only when a batch has failed. Default: nothing is known.
    fn labels(&self) -> LabelRanges {
        LabelRanges::default()
    }
    /// Where [tasks](crate::wrappers::Task) keep the batches they make of this batch, so that each task makes
    /// one, however many metrics ask. Without a memo a task makes one for each step of each state.
    fn memo(&self) -> Option<&Memo> {
        None
    }
}

/// What was accumulated, on the host: exact, serializable, and a commutative monoid.
///
/// `merge` is associative and commutative with the accumulator's
/// [`empty`](Accumulator::empty) as its neutral element, so shards, devices, processes and saved
/// files combine in any order.
pub trait Summary:
    Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Adds another summary of the same accumulator.
    ///
    /// # Errors
    /// [`MetricError::MergeMismatch`] if the other comes from an accumulator with other options;
    /// [`MetricError::TooManyElements`]. `self` is then unchanged.
    fn merge(&mut self, other: &Self) -> Result<(), MetricError>;

    /// The sum of all its counters, of elements used and left out. Two summaries are merged only if the sum of
    /// both is at most 2^63, so that no sum of counters overflows. 0 by default, for a summary that counts nothing.
    fn counted(&self) -> u128 {
        0
    }

    /// Fails if another summary counts too many elements to be [merged](Self::merge). `merge` calls it
    /// before it changes anything.
    ///
    /// # Errors
    /// [`MetricError::TooManyElements`].
    fn room_for(&self, other: &Self) -> Result<(), MetricError> {
        let (found, limit) = (self.counted().saturating_add(other.counted()), 1 << 63);
        if found > u128::from(limit) {
            let found = u64::try_from(found).unwrap_or(u64::MAX);
            return Err(MetricError::TooManyElements { found, limit });
        }
        Ok(())
    }

    /// Checks that its parts fit together. Those of a damaged file may not.
    ///
    /// # Errors
    /// [`MetricError::Saved`].
    fn consistent(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// What was seen and not used.
    fn rejected(&self) -> Rejected;
}

/// How a batch is accumulated on the device: the options, and nothing else.
///
/// Equality of accumulators (or [`covers`](Self::covers), where one is wider) decides whether two
/// metrics of a collection share one state.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no accumulator",
    note = "a metric has options only; its state is updated: `let mut state = metric.state();`, then \
            `state.update(&batch)?` and `state.compute()?`"
)]
pub trait Accumulator: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// What it accumulates.
    type Batch: Batch;
    /// What it accumulates to.
    type Summary: Summary;

    /// What a saved state is known by: the accumulator's kind, the version of its summary's format, and its
    /// options. A state with another identity is refused by name.
    ///
    /// Serialize the whole accumulator, so that no option can be forgotten:
    ///
    /// ```
    /// use metrics_core::Identity;
    ///
    /// #[derive(serde::Serialize)]
    /// struct LargestErrors {
    ///     outputs: usize,
    /// }
    ///
    /// impl LargestErrors {
    ///     fn identity(&self) -> Identity {
    ///         Identity::new("my_project/largest_errors", 1).with(self)
    ///     }
    /// }
    /// let text = "my_project/largest_errors version 1 (outputs 2)";
    /// assert_eq!(LargestErrors { outputs: 2 }.identity().to_string(), text);
    /// ```
    fn identity(&self) -> Identity;

    /// The summary of no data.
    fn empty(&self) -> Self::Summary;

    /// Whether this accumulator's summary serves metrics that ask for `other` as well. A collection
    /// keeps the wider of two such accumulators.
    fn covers(&self, other: &Self) -> bool {
        self == other
    }

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn validate(&self) -> Result<(), MetricError> {
        Ok(())
    }

    /// The most that one device counter can grow by with this batch.
    fn count_bound(&self, batch: &Self::Batch) -> usize {
        batch.count_bound()
    }

    /// Whether it counts elements by their weights. If not, a weighted batch is
    /// [`MetricError::WeightsUnsupported`]; its weights are never dropped silently.
    fn takes_weights(&self) -> bool {
        false
    }

    /// Whether the batch fits, from shapes and dtypes alone.
    ///
    /// # Errors
    /// An error that names the shapes.
    fn check(&self, batch: &Self::Batch) -> Result<(), MetricError>;

    /// Adds a batch that passed [`check`](Self::check) to the device state: changes `delta` with tensor
    /// operations on the batch's device. Must not read from the device. It is not called for a batch without
    /// a device.
    fn update(&self, delta: &mut Delta, batch: &Self::Batch);

    /// Adds what a batch that passed [`check`](Self::check) has on the host straight to the summary. Does
    /// nothing by default: an accumulator that needs nothing of a device is a
    /// [`HostAccumulator`](crate::HostAccumulator).
    fn add(&self, _batch: &Self::Batch, _summary: &mut Self::Summary) {}

    /// A small state in place of a large one, computed on the device: [`fold`](Self::fold) makes a
    /// summary of it that gives the collection's metrics the same values. The large state stays on the device
    /// for the next updates, and is read only to be merged or saved. By default there is no small state.
    fn condense(&self, _delta: &Delta) -> Option<Delta> {
        None
    }

    /// Adds a device state that has been read to a summary.
    fn fold(&self, delta: &HostDelta, summary: &mut Self::Summary);
}
