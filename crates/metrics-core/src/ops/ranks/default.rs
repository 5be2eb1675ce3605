//! The operations as tensor operations.

use super::ConfusionOptions;
use crate::{
    Reason,
    ops::{
        labels::{as_i32, count, ignore_codes, is_ignored, outside},
        math::log1p,
    },
};
use burn::tensor::{Bool, DType, IndexingUpdateOp, Int, Tensor};

/// See [`row_ranks`](super::row_ranks).
pub fn row_ranks(scores: Tensor<2>, target: Tensor<1, Int>) -> Tensor<2, Int> {
    let [n, classes] = scores.dims();
    let device = scores.device();
    let nan = scores.clone().is_nan().any_dim(1);
    // A NaN is the largest score to some backends and none to others.
    let scores = scores.clone().mask_fill(scores.is_nan(), f32::NEG_INFINITY);
    let target = as_i32(target);
    let (invalid, safe) = outside(target.reshape([n, 1]), classes);
    let own = scores.clone().gather(1, safe.clone());
    let index =
        Tensor::<1, Int>::arange(0..classes as i64, (&device, DType::I32)).reshape([1, classes]);
    let wide = own.expand([n, classes]);
    let above = scores.clone().greater(wide.clone());
    let tied_before = scores.clone().equal(wide).bool_and(
        index
            .clone()
            .expand([n, classes])
            .lower(safe.expand([n, classes])),
    );
    let rank = as_i32(above.bool_or(tied_before).int()).sum_dim(1);
    let rank = rank
        .mask_fill(invalid, Reason::InvalidTarget.code())
        .mask_fill(nan, Reason::Nan.code());
    // The first of several largest scores, whatever the backend's argmax does about ties.
    let best = scores.clone().max_dim(1).expand([n, classes]);
    let argmax = index
        .expand([n, classes])
        .mask_fill(scores.equal(best).bool_not(), classes as i64)
        .min_dim(1)
        .clamp_max(classes as i64 - 1);
    Tensor::cat(vec![argmax, rank], 1).transpose()
}

/// See [`row_scan`](super::row_scan).
pub fn row_scan(scores: Tensor<2>, target: Tensor<1, Int>) -> (Tensor<2, Int>, Tensor<2>) {
    let [n, classes] = scores.dims();
    let ranks = row_ranks(scores.clone(), target.clone());
    let (_, safe) = outside(as_i32(target).reshape([n, 1]), classes);
    let own = scores.clone().gather(1, safe);
    let max = scores.clone().max_dim(1);
    // Subtracting an infinite maximum from itself would make NaN of a certain class.
    let shift = max.clone().clamp(f32::MIN, f32::MAX);
    let log_sum = (scores.clone() - shift.clone()).exp().sum_dim(1).log() + shift;
    // Of the classes but the best, whose share is 1, so that small shares keep their digits.
    let best = ranks.clone().slice([0..1, 0..n]).reshape([n, 1]);
    let index = Tensor::<1, Int>::arange(0..classes as i64, (&own.device(), DType::I32));
    let is_best =
        (index.reshape([1, classes]).expand([n, classes])).equal(best.expand([n, classes]));
    let others = (scores - max.clone()).exp().mask_fill(is_best, 0.0);
    // For the best class not `max - max`, which is NaN if it is infinite.
    let hit = ranks
        .clone()
        .slice([1..2, 0..n])
        .reshape([n, 1])
        .equal_elem(0);
    let gap = (max.clone() - own.clone()).mask_fill(hit, 0.0);
    let loss = gap + log1p(others.sum_dim(1));
    (
        ranks,
        Tensor::cat(vec![max, log_sum, own, loss], 1).transpose(),
    )
}

/// See [`label_ranks`](super::label_ranks).
pub fn label_ranks(pred: Tensor<1, Int>, target: Tensor<1, Int>, classes: usize) -> Tensor<2, Int> {
    let (bad_pred, pred) = outside(as_i32(pred), classes);
    let target = as_i32(target);
    let (bad_target, _) = outside(target.clone(), classes);
    let miss = as_i32(pred.clone().not_equal(target).int()) * classes as i32;
    let rank = miss
        .mask_fill(bad_pred, Reason::InvalidPrediction.code())
        .mask_fill(bad_target, Reason::InvalidTarget.code());
    Tensor::stack(vec![pred, rank], 0)
}

/// Of each row the target (0 where it is no class), the predicted class, whether the target is among
/// the top k, and a negative code if the row is rejected.
pub(in crate::ops) fn predictions(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> (
    Tensor<1, Int>,
    Tensor<1, Int>,
    Tensor<1, Bool>,
    Tensor<1, Int>,
) {
    let [_, n] = ranks.dims();
    let ignored = is_ignored(&target, options.ignore_index);
    // A rejected target of any size must not overflow on its way to a cell.
    let (_, target) = outside(as_i32(target), options.classes);
    let argmax = ranks.clone().slice([0..1, 0..n]).reshape([n]);
    let rank = ranks.slice([1..2, 0..n]).reshape([n]);
    let hit = rank.clone().lower_elem(options.top_k as i32);
    let pred = argmax.mask_where(hit.clone(), target.clone());
    (target, pred, hit, ignore_codes(rank, ignored))
}

/// Ranks and targets of rows of several samples, as many of each, with classes for each sample alone:
/// `sample * C + class`. Ignored rows have their code for a rank.
pub(crate) fn classes_by_sample(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    samples: usize,
    options: ConfusionOptions,
) -> (Tensor<2, Int>, Tensor<1, Int>) {
    let [_, n] = ranks.dims();
    let first = Tensor::<1, Int>::arange(0..samples as i64, (&ranks.device(), DType::I32))
        .reshape([samples, 1])
        .expand([samples, n / samples.max(1)])
        .reshape([n])
        * options.classes as i32;
    let ignored = is_ignored(&target, options.ignore_index);
    let (_, target) = outside(as_i32(target), options.classes);
    let best = ranks.clone().slice([0..1, 0..n]).reshape([n]);
    let rank = ignore_codes(ranks.slice([1..2, 0..n]).reshape([n]), ignored);
    (
        Tensor::stack(vec![best + first.clone(), rank], 0),
        target + first,
    )
}

/// See [`hits`](super::hits).
pub fn hits(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let (_, _, hit, code) = predictions(ranks, target, options);
    let rejected = code.clone().lower_elem(0);
    as_i32(hit.int()).mask_where(rejected, code)
}

/// See [`class_margins`](super::class_margins).
pub fn class_margins(
    state: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let classes = options.classes as i32;
    let (target, pred, hit, code) = predictions(ranks, target, options);
    // A rejected row counts once, in the place that the first of the three scatters has for it.
    let rejected = code.clone().lower_elem(0);
    let used = as_i32(rejected.clone().bool_not().int());
    let safe = target.mask_fill(rejected.clone(), 0);
    let pred = pred.mask_fill(rejected.clone(), 0);
    let place = (safe.clone() + 2 * classes).mask_where(rejected, code.neg() + (3 * classes - 1));
    let hits = used.clone() * as_i32(hit.int());
    count(state, place)
        .scatter(0, safe, hits, IndexingUpdateOp::Add)
        .scatter(0, pred + classes, used, IndexingUpdateOp::Add)
}
