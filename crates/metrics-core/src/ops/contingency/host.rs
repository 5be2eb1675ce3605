//! Labels in host memory.

use super::{Cells, LabelPairs};
use crate::ops::host::{Ints, ints};
use std::borrow::Cow;

pub(super) fn add(labels: &LabelPairs, cells: &mut Cells) {
    ints(&labels.pred, |pred| {
        ints(&labels.target, |target| {
            cells.count(&wide(pred), &wide(target));
        });
    });
}

fn wide(labels: Ints<'_>) -> Cow<'_, [i64]> {
    match labels {
        Ints::I32(labels) => labels.iter().map(|label| i64::from(*label)).collect(),
        Ints::I64(labels) => Cow::Borrowed(labels),
    }
}
