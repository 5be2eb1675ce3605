//! Labels in host memory.

use super::{Cells, LabelPairs, count_coded};
use crate::{
    Rejected,
    ops::host::{Ints, ints},
};
use std::borrow::Cow;

pub(super) fn add(labels: &LabelPairs, cells: &mut Cells, rejected: &mut Rejected) {
    ints(&labels.pred, |pred| {
        ints(&labels.target, |target| {
            let (pred, target) = (wide(pred), wide(target));
            if labels.coded {
                count_coded(&pred, &target, cells, rejected);
            } else {
                cells.count(&pred, &target);
            }
        });
    });
}

fn wide(labels: Ints<'_>) -> Cow<'_, [i64]> {
    match labels {
        Ints::I32(labels) => labels.iter().map(|label| i64::from(*label)).collect(),
        Ints::I64(labels) => Cow::Borrowed(labels),
    }
}
