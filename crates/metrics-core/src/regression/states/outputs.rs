//! Which numbers of a batch of pairs have moments of their own.

use crate::{MetricError, batch::Regression, framework::limits::check_size, ops::pairs::Unit};
use serde::{Serialize, Serializer};

/// Which numbers of a batch `[N, D]` have moments of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outputs {
    /// All together, whatever the shape of the batch.
    #[default]
    Elements,
    /// Each of so many columns. A batch with another number of columns is an error.
    Columns(usize),
    /// Each column, as many as the batches have. Batches of different numbers in one state have no value.
    Batch,
}

impl From<Option<usize>> for Outputs {
    fn from(outputs: Option<usize>) -> Self {
        outputs.map_or(Self::Elements, Self::Columns)
    }
}

/// As the option `outputs` of a saved state: null, a number, or `batch`.
impl Serialize for Outputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Elements => serializer.serialize_none(),
            Self::Columns(outputs) => serializer.serialize_some(outputs),
            Self::Batch => serializer.serialize_str("batch"),
        }
    }
}

impl Outputs {
    /// How many there are before the first batch.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Elements => 1,
            Self::Columns(outputs) => outputs,
            Self::Batch => 0,
        }
    }

    /// What a pass takes of a batch.
    pub(super) fn unit(self, batch: &Regression) -> Unit {
        match (self, batch.target().dims()[1]) {
            (Self::Elements, _) | (Self::Batch, 1) => Unit::Elements,
            (Self::Columns(outputs), _) | (Self::Batch, outputs) => Unit::Outputs(outputs),
        }
    }

    /// Whether there can be so many.
    pub(super) fn validate(self) -> Result<(), MetricError> {
        match self {
            Self::Columns(0) => Err(MetricError::InvalidOption("0 outputs".into())),
            // At most 7 moments of 8 bytes, and a mark.
            Self::Columns(outputs) => check_size(outputs, "outputs", &[64]),
            Self::Elements | Self::Batch => Ok(()),
        }
    }

    /// Whether a batch has as many.
    pub(super) fn check(self, batch: &Regression) -> Result<(), MetricError> {
        match self {
            Self::Columns(outputs) => batch.check_outputs(outputs),
            Self::Elements | Self::Batch => Ok(()),
        }
    }
}

/// The fewest and the most outputs of batches that came to one state, if two parts of it have different numbers.
pub(super) type Mixed = Option<[usize; 2]>;

/// What mixes in the sum of two parts of a state with so many outputs, 0 for none yet.
pub(super) fn mixed(own: (usize, Mixed), other: (usize, Mixed)) -> Mixed {
    let range = |(outputs, mixed): (usize, Mixed)| mixed.or((outputs > 0).then_some([outputs; 2]));
    let [fewest, most] = match (range(own), range(other)) {
        (Some([a, b]), Some([c, d])) => [a.min(c), b.max(d)],
        (own, other) => own.or(other)?,
    };
    (fewest < most).then_some([fewest, most])
}

/// Fails if batches with different numbers of outputs came to one state.
pub(super) fn check_mixed(mixed: Mixed) -> Result<(), MetricError> {
    match mixed {
        Some([fewest, most]) => Err(MetricError::MixedOutputs { fewest, most }),
        None => Ok(()),
    }
}
