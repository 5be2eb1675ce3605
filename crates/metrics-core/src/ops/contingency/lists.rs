//! Labels on a device: lists, which the host counts when they are read.

use super::{Cells, LabelPairs, count_coded};
use crate::{
    Delta, HostDelta, Rejected,
    ops::labels::{halves, of_halves},
};
use burn::tensor::{DType, IntDType};

/// The names of the lists of labels of 32 and of 64 bits.
const NARROW: [&str; 2] = ["pred", "target"];
/// The same of labels that were floats.
const CODED: [&str; 2] = ["coded_pred", "coded_target"];
const WIDE: [[&str; 2]; 2] = [
    ["pred_lower", "pred_upper"],
    ["target_lower", "target_upper"],
];

pub(super) fn append(labels: &LabelPairs, delta: &mut Delta) {
    let both = [&labels.pred, &labels.target];
    if labels.coded {
        for (name, labels) in CODED.into_iter().zip(both) {
            delta.append_ints(name, labels.clone());
        }
        return;
    }
    if both.iter().all(|labels| labels.dtype() != DType::I64) {
        for (name, labels) in NARROW.into_iter().zip(both) {
            delta.append_ints(name, labels.clone());
        }
        return;
    }
    for (names, labels) in WIDE.into_iter().zip(both) {
        let [lower, upper] = halves(labels.clone().cast(IntDType::I64));
        delta.append_ints(names[0], lower);
        delta.append_ints(names[1], upper);
    }
}

/// Counts lists that were read.
pub(crate) fn fold(delta: &HostDelta, cells: &mut Cells, rejected: &mut Rejected) {
    let narrow = |name: &str| -> Vec<i64> {
        let labels = delta.ints(name).iter().flatten();
        labels.map(|label| i64::from(*label)).collect()
    };
    let [pred, target] = NARROW.map(narrow);
    cells.count(&pred, &target);
    let [pred, target] = CODED.map(narrow);
    count_coded(&pred, &target, cells, rejected);
    let [pred, target] = WIDE.map(|[lower, upper]| -> Vec<i64> {
        let halves = (delta.ints(lower).iter().flatten()).zip(delta.ints(upper).iter().flatten());
        halves
            .map(|(lower, upper)| of_halves(*lower, *upper))
            .collect()
    });
    cells.count(&pred, &target);
}
