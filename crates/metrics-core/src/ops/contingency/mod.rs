//! How often each pair of labels occurs, whatever the labels.

mod cells;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
mod lists;

use crate::Delta;
use burn::tensor::{Int, Tensor};
pub(crate) use cells::Cells;
pub(crate) use lists::fold;

/// Two labels for each of `N` elements.
#[derive(Debug, Clone)]
pub(crate) struct LabelPairs {
    /// `[N]`.
    pub pred: Tensor<1, Int>,
    /// `[N]`.
    pub target: Tensor<1, Int>,
}

/// Counts labels in host memory.
pub(crate) fn add(labels: &LabelPairs, cells: &mut Cells) {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if super::is_host(&labels.pred.device()) {
        host::add(labels, cells);
    }
    let _ = (labels, cells);
}

/// Lists labels that are not in host memory.
pub(crate) fn list(labels: &LabelPairs, delta: &mut Delta) {
    if !super::is_host(&labels.pred.device()) {
        lists::append(labels, delta);
    }
}
