//! Points on a device: lists, which the host takes apart when they are read.

use super::{LabeledPoints, Numbers};
use crate::{
    Delta, HostDelta,
    ops::labels::{halves, of_halves},
};
use burn::tensor::{DType, FloatDType, Int, Tensor};

/// The names of the lists of points with labels of 32 and of 64 bits.
const NARROW: [&str; 3] = ["points", "point_sizes", "labels"];
const WIDE: [&str; 4] = ["wide_points", "wide_sizes", "labels_lower", "labels_upper"];

/// Lists points that are not in host memory.
pub(crate) fn append(points: &LabeledPoints, delta: &mut Delta) {
    let (values, labels) = (&points.values, &points.labels);
    let ([n, width], device) = (values.dims(), values.device());
    if crate::ops::is_host(&device) || n == 0 {
        return;
    }
    let [name, sizes] = if labels.dtype() == DType::I64 {
        let [lower, upper] = halves(labels.clone());
        delta.append_ints(WIDE[2], lower);
        delta.append_ints(WIDE[3], upper);
        [WIDE[0], WIDE[1]]
    } else {
        delta.append_ints(NARROW[2], labels.clone());
        [NARROW[0], NARROW[1]]
    };
    let size = [n as i32, width as i32];
    delta.append_ints(
        sizes,
        Tensor::<1, Int>::from_data(size, (&device, DType::I32)),
    );
    // Not every backend joins what is empty.
    if width > 0 {
        let values = values.clone().flatten(0, 1).cast(FloatDType::F32);
        delta.append_floats(name, values);
    }
}

/// Calls `take` with each batch of lists that were read.
pub(crate) fn fold(delta: &HostDelta, mut take: impl FnMut(Numbers<'_>, usize, &[i64])) {
    let narrow = delta.ints(NARROW[2]).iter().flatten();
    let narrow: Vec<i64> = narrow.map(|label| i64::from(*label)).collect();
    let wide = (delta.ints(WIDE[2]).iter().flatten()).zip(delta.ints(WIDE[3]).iter().flatten());
    let wide: Vec<i64> = wide
        .map(|(lower, upper)| of_halves(*lower, *upper))
        .collect();
    for ([name, sizes], labels) in [([NARROW[0], NARROW[1]], narrow), ([WIDE[0], WIDE[1]], wide)] {
        let values = delta.floats(name).concat();
        let (mut point, mut number) = (0, 0);
        for [n, width] in delta.ints(sizes).concat().as_chunks::<2>().0 {
            let (n, width) = (*n as usize, *width as usize);
            let (points, numbers) = (point..point + n, number..number + n * width);
            (point, number) = (points.end, numbers.end);
            take(Numbers::Single(&values[numbers]), width, &labels[points]);
        }
    }
}
