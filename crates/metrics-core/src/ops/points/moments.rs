//! Points added up by their labels on a device.

use super::LabeledPoints;
use crate::{
    Delta, REJECTED_SLOTS, Reason,
    ops::{self, labels},
};
use burn::tensor::{DType, FloatDType, IndexingUpdateOp, Int, Tensor};

/// The names of the blocks: counters, sums of deviations and of their squares, and pivots.
pub(crate) const NAMES: [&str; 3] = ["clusters", "deviations", "pivots"];

/// Points that one sum takes before it is added to those of other points, in two halves.
const CHUNK: usize = 1024;
/// The most sums of all chunks together.
const CHUNK_SUMS: usize = 1 << 22;

/// Adds points that are not in host memory to the moments of their labels `0..clusters`: a counter for each label
/// and the rejected ones; for each label the sums of the deviations of `D` coordinates from a pivot, and the sum of the
/// squares of all deviations; the pivots, which are the means of the first batch that has the label.
pub(crate) fn add_moments(points: &LabeledPoints, clusters: usize, delta: &mut Delta) {
    let (values, device) = (points.values.clone(), points.values.device());
    let [n, width] = values.dims();
    if ops::is_host(&device) || n == 0 {
        return;
    }
    let values = values.cast(FloatDType::F32);
    let (unknown, label) = labels::outside(ops::as_i32(points.labels.clone()), clusters);
    let infinite = if width == 0 {
        unknown.clone().bool_and(unknown.clone().bool_not())
    } else {
        let finite = values.clone().is_finite();
        labels::any_in_row(finite.bool_not()).flatten(0, 1)
    };
    let place = (label.clone())
        .mask_fill(infinite.clone(), clusters as i32 + Reason::Nan as i32)
        .mask_fill(
            unknown.clone(),
            clusters as i32 + Reason::InvalidTarget as i32,
        );
    let mut seen = None;
    delta.counts(NAMES[0], clusters + REJECTED_SLOTS, &device, |counts| {
        seen = Some(counts.clone().narrow(0, 0, clusters).greater_elem(0));
        ops::count(counts, place)
    });
    let Some(seen) = seen else { return };
    let unused: Tensor<2, _> = unknown.bool_or(infinite).unsqueeze_dim(1);
    let values = values.mask_fill(unused.clone().expand([n, width]), 0.0);
    let used = unused.bool_not().float().cast(FloatDType::F32);

    let mut pivots = None;
    let update = |before: Option<Tensor<1>>| {
        let zeros = |width| Tensor::<2>::zeros([clusters, width], (&device, DType::F32));
        let add = |to: Tensor<2>, rows: Tensor<2>| {
            to.select_assign(0, label.clone(), rows, IndexingUpdateOp::Add)
        };
        let counts = add(zeros(1), used.clone()).clamp_min(1.0);
        let means = add(zeros(width), values.clone()) / counts.expand([clusters, width]);
        let after = match before {
            Some(before) => {
                let seen = seen.unsqueeze_dim::<2>(1).expand([clusters, width]);
                means.mask_where(seen, before.reshape([clusters, width]))
            }
            None => means,
        };
        pivots = Some(after.clone());
        after.flatten(0, 1)
    };
    if width > 0 {
        delta.numbers(NAMES[2], update);
    }
    let deviations = match pivots {
        Some(pivots) => (values - pivots.select(0, label.clone())) * used.expand([n, width]),
        None => values,
    };
    let squares = deviations.clone().square().sum_dim(1);
    let rows = if width == 0 {
        Tensor::zeros([n, 1], (&device, DType::F32))
    } else {
        Tensor::cat(vec![deviations, squares], 1)
    };
    let sums = clusters * (width + 1);
    delta.sums(NAMES[1], sums, &device, |state| {
        let chunks = n.div_ceil(CHUNK).min((CHUNK_SUMS / sums.max(1)).max(1));
        let size = n.div_ceil(chunks);
        let chunk =
            Tensor::<1, Int>::arange(0..n as i64, (&device, DType::I32)).div_scalar(size as i32);
        let places = chunk * clusters as i32 + label.clone();
        let zeros = Tensor::<2>::zeros([chunks * clusters, width + 1], (&device, DType::F32));
        let by_chunk = zeros.select_assign(0, places, rows, IndexingUpdateOp::Add);
        ops::add_compensated(
            state,
            ops::sum_compensated(by_chunk.reshape([chunks, sums])),
        )
    });
}
