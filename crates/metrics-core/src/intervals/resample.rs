//! Samples drawn again from what was accumulated, without the data.

use crate::{Accumulator, MetricError, Summary};

/// The generator of random numbers: the same numbers for a seed on every platform.
pub type Random = rand::rngs::Xoshiro256PlusPlus;

/// A summary that holds enough of its elements to draw them again.
pub trait Resample: Summary {
    /// The elements, made ready to draw from.
    type Elements: Elements<Summary = Self>;

    /// The elements. Samples of them have the form of `empty`, which may hold less than this summary (only
    /// the margins of a matrix, for example).
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`] if this summary does not say which elements it is made of.
    fn elements(&self, empty: Self) -> Result<Self::Elements, MetricError>;
}

/// Elements to draw from.
pub trait Elements: Send + Sync {
    /// What they add up to.
    type Summary;
    /// Elements that are alike, or that are left out together.
    type Kind: Send + Sync;

    /// A summary of `n` elements drawn with replacement from the `n` elements: a bootstrap replicate.
    fn resample(&self, random: &mut Random) -> Self::Summary;

    /// The kinds for a jackknife, and how many elements (or groups of them) are of each.
    fn kinds(&self) -> Vec<(u64, Self::Kind)>;

    /// The summary without one element (or group) of a kind.
    fn without(&self, kind: &Self::Kind) -> Self::Summary;
}

/// An accumulator whose summary can be resampled.
///
/// [`MultilabelConfusion`](crate::states::MultilabelConfusion) cannot be resampled: the labels of a row depend on
/// each other, and its tables do not say how.
/// [`CalibrationBins`](crate::classification::states::CalibrationBins) cannot be resampled: it does not keep the
/// confidences within a bin. [`PoissonBootstrap`](super::PoissonBootstrap) works for both.
pub trait Resampled: Accumulator<Summary: Resample> {
    /// The same accumulator, but with all that resampling needs. A metric alone may need less.
    fn resampled(self) -> Self {
        self
    }
}

/// Fails if elements have weights: sums of weights do not say how many elements there are of each weight.
pub(super) fn whole_elements(weighted: bool) -> Result<(), MetricError> {
    if weighted {
        Err(MetricError::InvalidOption(
            "elements with weights cannot be resampled from their sums; use a Poisson bootstrap"
                .into(),
        ))
    } else {
        Ok(())
    }
}
