//! What can go wrong, with the values that made it so.

use crate::Rejected;

/// Errors of this crate. Every variant names the offending values or shapes; an operation that
/// returns one has left the state as it was.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Two tensors whose shapes must agree do not.
    #[error(
        "{left_name} has shape {left:?}, which does not fit {right_name} with shape {right:?}{hint}"
    )]
    ShapeMismatch {
        /// What the left tensor is.
        left_name: &'static str,
        /// Its shape.
        left: Vec<usize>,
        /// What the right tensor is.
        right_name: &'static str,
        /// Its shape.
        right: Vec<usize>,
        /// What was expected, starting with `": "`, or empty.
        hint: &'static str,
    },
    /// Two tensors of one batch are on different devices.
    #[error("{left_name} is on {left}, but {right_name} on {right}")]
    DeviceMismatch {
        /// What the left tensor is.
        left_name: &'static str,
        /// Its device.
        left: String,
        /// What the right tensor is.
        right_name: &'static str,
        /// Its device.
        right: String,
    },
    /// The batch has another number of classes, labels or outputs than the metric.
    #[error(
        "the metric was made for {expected} {unit}, but the batch has {found} (shape {shape:?})"
    )]
    WidthMismatch {
        /// `classes`, `labels` or `outputs`.
        unit: &'static str,
        /// What the metric was made for.
        expected: usize,
        /// What the batch has.
        found: usize,
        /// The shape of the batch's predictions.
        shape: Vec<usize>,
    },
    /// The metric needs scores, the batch holds predicted labels.
    #[error("{metric} needs a score for every class, but the batch holds predicted labels")]
    ScoresRequired {
        /// The accumulator that asked.
        metric: &'static str,
    },
    /// The batch has weights, of which the metric knows nothing.
    #[error("the batch is weighted, but {accumulator} does not take weights")]
    WeightsUnsupported {
        /// The metric's accumulator.
        accumulator: &'static str,
    },
    /// The metric has a value per sample, and the samples have one element each.
    #[error(
        "a value per sample needs samples of several elements: a batch made of tensors with more dimensions than the samples' (and the classes' or labels')"
    )]
    SamplesRequired,
    /// One batch holds more elements than a 32-bit device counter can count.
    #[error(
        "a batch of {rows} elements is larger than the {limit} that one update can count; split it"
    )]
    BatchTooLarge {
        /// Elements in the batch.
        rows: usize,
        /// The limit.
        limit: usize,
    },
    /// A metric was given arguments it cannot work with.
    #[error("invalid option: {0}")]
    InvalidOption(String),
    /// Nothing was accumulated, so there is no value.
    #[error("nothing to compute from: no valid element was seen ({rejected})")]
    Empty {
        /// What was seen but not counted.
        rejected: Rejected,
    },
    /// Values in the data were invalid. They were counted and left out of the state.
    #[error(
        "invalid values in the data: {0}; they were left out (Validation::Ignore computes without them)"
    )]
    InvalidData(Rejected),
    /// The value needs more elements than were seen.
    #[error("needs at least {needed} elements, saw {found}")]
    TooFew {
        /// How many are needed.
        needed: u64,
        /// How many were seen.
        found: u64,
    },
    /// Two summaries that do not describe the same accumulation were merged.
    #[error("cannot merge summaries of different accumulators: {left} and {right}")]
    MergeMismatch {
        /// What the receiver holds.
        left: String,
        /// What was to be merged into it.
        right: String,
    },
    /// A collection has two metrics of one name.
    #[error("two metrics are named `{0}`; give one another name with `MetricCollection::named`")]
    DuplicateName(String),
    /// A collection has no metric of that name.
    #[error("there is no metric named `{0}` in the collection")]
    UnknownName(String),
    /// Reading the state from the device failed.
    #[error("reading the metric state from the device failed: {0}")]
    Read(String),
    /// A saved state does not fit the metric.
    #[error("the saved state does not fit: {0}")]
    Saved(String),
    /// A metric of the user's own failed.
    #[error("{0}")]
    Custom(String),
}
