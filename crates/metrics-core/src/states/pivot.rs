//! Numbers near the targets, around which their moments are taken.

use burn::tensor::{FloatDType, Tensor};

/// How many rows the pivot is taken from.
const PIVOT_ROWS: usize = 1024;

/// The rows that a pivot is taken from: any value near the targets will do, so a look at the first ones
/// is enough.
pub(crate) fn first_rows<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let rows = x.dims()[0].min(PIVOT_ROWS);
    x.slice_dim(0, 0..rows)
}

/// The mean `[D]` of the first targets of each column that are finite and used. It never lies outside these
/// targets: if all of them are equal, the mean is exactly their value, despite rounding.
///
/// Targets of weight 0 are not used, unless all of these targets have weight 0.
pub(crate) fn pivot(pred: Tensor<2>, target: Tensor<2>, weights: Option<&Tensor<1>>) -> Tensor<1> {
    let (pred, target) = (first_rows(pred), first_rows(target));
    let [rows, columns] = target.dims();
    let mut nan = pred.is_nan().bool_or(target.clone().is_nan()).any_dim(1);
    if let Some(weights) = weights {
        let weights = first_rows(weights.clone());
        let weighs = (weights.clone().is_finite()).bool_and(weights.greater_elem(0.0));
        let nothing = (weighs.clone().bool_not()).bool_and(weighs.any().expand([rows]));
        nan = nan.bool_or(nothing.reshape([rows, 1]));
    }
    let finite = (target.clone().is_finite()).bool_and(nan.bool_not().expand([rows, columns]));
    let unused = finite.clone().bool_not();
    let count = finite
        .clone()
        .float()
        .cast(FloatDType::F32)
        .sum_dim(0)
        .clamp_min(1.0);
    // Each divided before they are added, which cannot overflow.
    let mean = (target.clone().mask_fill(unused.clone(), 0.0) / count).sum_dim(0);
    let low = target
        .clone()
        .mask_fill(unused.clone(), f32::MAX)
        .min_dim(0);
    let high = target.mask_fill(unused, f32::MIN).max_dim(0);
    mean.max_pair(low)
        .min_pair(high)
        .mask_fill(finite.any_dim(0).bool_not(), 0.0)
        .reshape([columns])
}

/// The sum of squares around the mean, from the sum of squares around the pivot: 0 if all targets lie on the
/// pivot. If the result is no larger than the rounding of the squares, which are `f32` on the device, then the
/// pivot was too far off (the first batch had no target to take it from). The result is then unknown: NaN.
pub(crate) fn centred(squares: f64, correction: f64) -> f64 {
    let m2 = squares - correction;
    if squares == 0.0 || m2 > squares * 2f64.powi(-22) {
        m2
    } else {
        f64::NAN
    }
}
