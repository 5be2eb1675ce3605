//! How often each pair of labels occurs, whatever the labels.

mod cells;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
mod lists;

use crate::{Delta, Reason, Rejected};
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
    /// Whether the labels were floats, so that [`MISSING`] and [`BROKEN`] are none.
    pub coded: bool,
}

/// Stands for a label that is missing.
pub(crate) const MISSING: i32 = i32::MIN;
/// Stands for a label that is no whole number, or too large.
pub(crate) const BROKEN: i32 = i32::MIN + 1;

/// Counts labels that were floats: pairs of which one is none are rejected.
fn count_coded(pred: &[i64], target: &[i64], cells: &mut Cells, rejected: &mut Rejected) {
    let [missing, broken] = [MISSING, BROKEN].map(i64::from);
    let reason = |(pred, target): (&i64, &i64)| {
        if *pred == missing || *target == missing {
            Some(Reason::Ignored)
        } else if *target == broken {
            Some(Reason::InvalidTarget)
        } else if *pred == broken {
            Some(Reason::InvalidPrediction)
        } else {
            None
        }
    };
    let (mut used_pred, mut used_target) = (Vec::new(), Vec::new());
    for (pred, target) in pred.iter().zip(target) {
        match reason((pred, target)) {
            Some(reason) => rejected.add(reason),
            None => {
                used_pred.push(*pred);
                used_target.push(*target);
            }
        }
    }
    cells.count(&used_pred, &used_target);
}

/// Counts labels in host memory.
pub(crate) fn add(labels: &LabelPairs, cells: &mut Cells, rejected: &mut Rejected) {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if super::is_host(&labels.pred.device()) {
        host::add(labels, cells, rejected);
    }
    let _ = (labels, cells, rejected);
}

/// Lists labels that are not in host memory.
pub(crate) fn list(labels: &LabelPairs, delta: &mut Delta) {
    if !super::is_host(&labels.pred.device()) {
        lists::append(labels, delta);
    }
}
