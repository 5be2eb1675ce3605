//! Points in host memory.

use super::{LabeledPoints, Numbers};
use crate::ops::host::{Ints, doubles, floats, ints};
use burn::tensor::DType;
use std::borrow::Cow;

pub(super) fn read(points: &LabeledPoints, take: impl FnOnce(Numbers<'_>, usize, &[i64])) {
    let width = points.values.dims()[1];
    ints(&points.labels, |labels| {
        let labels: Cow<'_, [i64]> = match labels {
            Ints::I32(labels) => labels.iter().map(|label| i64::from(*label)).collect(),
            Ints::I64(labels) => Cow::Borrowed(labels),
        };
        if points.values.dtype() == DType::F64 {
            doubles(&points.values, |values| {
                take(Numbers::Double(values), width, &labels);
            });
        } else {
            floats(&points.values, |values| {
                take(Numbers::Single(values), width, &labels);
            });
        }
    });
}
