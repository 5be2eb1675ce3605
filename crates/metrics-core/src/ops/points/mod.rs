//! Points with labels: read in host memory, listed or added up by label on a device.

#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
pub(crate) mod lists;
mod moments;

use burn::tensor::{Int, Tensor};
pub(crate) use moments::{NAMES as MOMENTS, add_moments};
use std::borrow::Cow;

/// Points of a batch.
#[derive(Debug, Clone)]
pub(crate) struct LabeledPoints {
    /// `[N, D]`.
    pub values: Tensor<2>,
    /// `[N]`.
    pub labels: Tensor<1, Int>,
}

/// Numbers in host memory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numbers<'a> {
    Single(&'a [f32]),
    Double(&'a [f64]),
}

impl<'a> Numbers<'a> {
    /// As `f64`.
    pub fn wide(self) -> Cow<'a, [f64]> {
        match self {
            Self::Single(values) => values.iter().map(|value| f64::from(*value)).collect(),
            Self::Double(values) => Cow::Borrowed(values),
        }
    }
}

/// Calls `take` with the numbers, the width and the labels of points in host memory; not with others.
pub(crate) fn read(points: &LabeledPoints, take: impl FnOnce(Numbers<'_>, usize, &[i64])) {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if super::is_host(&points.values.device()) {
        return host::read(points, take);
    }
    let _ = (points, take);
}
