//! Maps of classes as tensor operations.

use super::{Maps, MaskOptions, Side};
use crate::{
    REJECTED_SLOTS, Reason,
    ops::labels::{as_i32, count as count_at, is_ignored, outside},
};
use burn::tensor::{Bool, DType, Int, Tensor};

/// Labels `[N, P]` of both sides, and for each pixel 0 or the code of what is left out.
pub(super) struct Labels {
    pub pred: Tensor<2, Int>,
    pub target: Tensor<2, Int>,
    pub codes: Tensor<2, Int>,
}

/// The same for elements `[N, C, P]`, which are 0 and 1.
pub(super) struct Planes {
    pub pred: Tensor<3, Int>,
    pub target: Tensor<3, Int>,
    pub codes: Tensor<3, Int>,
}

/// See [`count`](super::count).
pub(super) fn count(maps: &Maps, options: MaskOptions) -> Tensor<1, Int> {
    if maps.is_one_hot() {
        count_planes(maps, options)
    } else {
        count_labels(maps, options)
    }
}

fn count_labels(maps: &Maps, options: MaskOptions) -> Tensor<1, Int> {
    let Labels {
        pred,
        target,
        codes,
    } = labels(maps, options);
    let [samples, pixels] = codes.dims();
    let device = codes.device();
    let classes = options.classes as i32;
    let cells = 3 * samples * options.classes;
    let from = Tensor::<1, Int>::arange(0..samples as i64, (&device, DType::I32))
        .mul_scalar(3 * classes)
        .reshape([samples, 1])
        .expand([samples, pixels]);
    let rejected = codes.clone().lower_elem(0);
    // One counter more takes what is counted nowhere.
    let nowhere = (cells + REJECTED_SLOTS) as i32;
    let missed = pred
        .clone()
        .not_equal(target.clone())
        .bool_or(rejected.clone());
    let places = [
        (from.clone() + target.clone()).mask_fill(missed, nowhere),
        (from.clone() + pred + classes).mask_fill(rejected.clone(), nowhere),
        (from + target + 2 * classes).mask_where(rejected, codes.neg() + (cells as i32 - 1)),
    ];
    let places = places.map(|places| places.flatten(0, 1)).to_vec();
    let counts = Tensor::zeros([cells + REJECTED_SLOTS + 1], (&device, DType::I32));
    count_at(counts, Tensor::cat(places, 0)).narrow(0, 0, cells + REJECTED_SLOTS)
}

fn count_planes(maps: &Maps, options: MaskOptions) -> Tensor<1, Int> {
    let Planes {
        pred,
        target,
        codes,
    } = planes(maps, options);
    let hits = pred.clone() * target.clone();
    let sums = [hits, pred, target].map(|side| as_i32(side.sum_dim(2)).swap_dims(1, 2));
    let counts = Tensor::cat(sums.to_vec(), 1).flatten::<1>(0, 2);
    Tensor::cat(vec![counts, count_codes(codes)], 0)
}

/// The counters of what is left out.
pub(super) fn count_codes<const D: usize>(codes: Tensor<D, Int>) -> Tensor<1, Int> {
    let counts = Tensor::zeros([REJECTED_SLOTS + 1], (&codes.device(), DType::I32));
    let used = codes.clone().greater_equal_elem(0);
    let places = (codes.neg() - 1).mask_fill(used, REJECTED_SLOTS as i32);
    count_at(counts, places.flatten(0, D - 1)).narrow(0, 0, REJECTED_SLOTS)
}

/// The class of each pixel `[N, P]`; of scores, -1 where one is NaN.
fn of_side(side: &Side) -> Tensor<2, Int> {
    match side {
        Side::Labels(labels) => as_i32(labels.clone()),
        Side::Scores(scores) => {
            let [samples, classes, pixels] = scores.dims();
            let dims = [samples, classes, pixels];
            let nan = scores.clone().is_nan().any_dim(1);
            let scores = scores.clone().cast(burn::tensor::FloatDType::F32);
            let scores = scores.clone().mask_fill(scores.is_nan(), f32::NEG_INFINITY);
            let index = Tensor::<1, Int>::arange(0..classes as i64, (&scores.device(), DType::I32))
                .reshape([1, classes, 1])
                .expand(dims);
            // The first of several largest scores, whatever the backend's argmax does about ties.
            let best = scores.clone().max_dim(1).expand(dims);
            let best = index
                .mask_fill(scores.equal(best).bool_not(), classes as i64)
                .min_dim(1);
            as_i32(best).mask_fill(nan, -1).squeeze_dim::<2>(1)
        }
        Side::OneHot(masks) => as_i32(masks.clone().narrow(1, 0, 1)).squeeze_dim::<2>(1),
    }
}

/// The reason why a prediction that is no class is left out.
fn invalid_prediction(maps: &Maps) -> i32 {
    match maps.pred {
        Side::Scores(_) => Reason::Nan.code(),
        _ => Reason::InvalidPrediction.code(),
    }
}

fn codes<const D: usize>(
    maps: &Maps,
    bad_pred: Tensor<D, Bool>,
    bad_target: Tensor<D, Bool>,
    ignored: Option<Tensor<D, Bool>>,
) -> Tensor<D, Int> {
    let codes = as_i32(bad_pred.int()) * invalid_prediction(maps);
    let codes = codes.mask_fill(bad_target, Reason::InvalidTarget.code());
    match ignored {
        Some(ignored) => codes.mask_fill(ignored, Reason::Ignored.code()),
        None => codes,
    }
}

/// What is to be ignored of targets.
fn ignored(maps: &Maps, target: &Tensor<2, Int>, options: MaskOptions) -> Option<Tensor<2, Bool>> {
    match &maps.target {
        // Of labels as they came: those of 64 bits have been moved into the range of 32 bits.
        Side::Labels(labels) => is_ignored(labels, options.ignore_index),
        _ => is_ignored(target, options.ignore_index),
    }
}

pub(super) fn labels(maps: &Maps, options: MaskOptions) -> Labels {
    let (pred, target) = (of_side(&maps.pred), of_side(&maps.target));
    let ignored = ignored(maps, &target, options);
    let (bad_pred, pred) = outside(pred, options.classes);
    let (bad_target, target) = outside(target, options.classes);
    let codes = codes(maps, bad_pred, bad_target, ignored);
    Labels {
        pred,
        target,
        codes,
    }
}

pub(super) fn planes(maps: &Maps, options: MaskOptions) -> Planes {
    let (bad_pred, pred) = of_classes(&maps.pred, options.classes);
    let (bad_target, target) = of_classes(&maps.target, options.classes);
    let dims = pred.dims();
    let ignored = match (&maps.target, options.ignored_class()) {
        (Side::OneHot(_), Some(class)) => Some(
            (target.clone().narrow(1, class, 1))
                .equal_elem(1)
                .expand(dims),
        ),
        (Side::OneHot(masks), None) => is_ignored(masks, options.ignore_index),
        (side, _) => ignored(maps, &of_side(side), options)
            .map(|ignored| ignored.unsqueeze_dim::<3>(1).expand(dims)),
    };
    let codes = codes(maps, bad_pred, bad_target, ignored);
    let rejected = codes.clone().lower_elem(0);
    Planes {
        pred: pred.mask_fill(rejected.clone(), 0),
        target: target.mask_fill(rejected, 0),
        codes,
    }
}

/// A side as `[N, C, P]` of 0 and 1, and where it is neither.
fn of_classes(side: &Side, classes: usize) -> (Tensor<3, Bool>, Tensor<3, Int>) {
    if let Side::OneHot(masks) = side {
        return outside(as_i32(masks.clone()), 2);
    }
    let labels = of_side(side);
    let [samples, pixels] = labels.dims();
    let dims = [samples, classes, pixels];
    let (bad, labels) = outside(labels, classes);
    let index = Tensor::<1, Int>::arange(0..classes as i64, (&labels.device(), DType::I32))
        .reshape([1, classes, 1])
        .expand(dims);
    let own = labels.unsqueeze_dim::<3>(1).expand(dims).equal(index);
    (bad.unsqueeze_dim::<3>(1).expand(dims), as_i32(own.int()))
}
