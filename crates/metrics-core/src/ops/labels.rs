//! Labels, codes and counters as tensors: what default bodies share.

use super::ScoreKind;
use crate::{REASONS, REJECTED_SLOTS, Reason};
use burn::tensor::{Bool, DType, IndexingUpdateOp, Int, IntDType, Tensor};

/// Labels as `i32`. Those that do not fit become the nearest that does, so they stay invalid.
pub(crate) fn as_i32<const D: usize>(labels: Tensor<D, Int>) -> Tensor<D, Int> {
    match labels.dtype() {
        DType::I32 => labels,
        DType::I64 => labels.clamp(i32::MIN, i32::MAX).cast(IntDType::I32),
        DType::U32 | DType::U64 => labels.clamp(0, i32::MAX).cast(IntDType::I32),
        _ => labels.cast(IntDType::I32),
    }
}

/// The lower half of an integer of 64 bits, as `i32`, is kept less this.
const LOWER: i64 = 1 << 31;

/// Integers of 64 bits as two of 32.
pub(crate) fn halves(numbers: Tensor<1, Int>) -> [Tensor<1, Int>; 2] {
    let lower = numbers.clone().bitwise_and_scalar(u32::MAX as i64) - LOWER;
    [lower, numbers.bitwise_right_shift_scalar(32)]
}

/// The integer of two [halves].
pub(crate) fn of_halves(lower: i32, upper: i32) -> i64 {
    (i64::from(upper) << 32) + i64::from(lower) + LOWER
}

/// Where labels lie outside `0..classes`, and the labels with zeros there.
pub(crate) fn outside<const D: usize>(
    labels: Tensor<D, Int>,
    classes: usize,
) -> (Tensor<D, Bool>, Tensor<D, Int>) {
    let outside = labels
        .clone()
        .lower_elem(0)
        .bool_or(labels.clone().greater_equal_elem(classes as i32));
    (outside.clone(), labels.mask_fill(outside, 0))
}

/// Where targets are to be left out; `None` if none is. Not [`as_i32`], which moves large labels.
pub(super) fn is_ignored<const D: usize>(
    target: &Tensor<D, Int>,
    ignore_index: Option<i64>,
) -> Option<Tensor<D, Bool>> {
    let index = ignore_index?;
    match target.dtype() {
        DType::I64 => Some(target.clone().equal_elem(index)),
        _ => Some(as_i32(target.clone()).equal_elem(i32::try_from(index).ok()?)),
    }
}

/// Marks ignored targets with their code.
pub(super) fn ignore_codes<const D: usize>(
    codes: Tensor<D, Int>,
    ignored: Option<Tensor<D, Bool>>,
) -> Tensor<D, Int> {
    match ignored {
        Some(ignored) => codes.mask_fill(ignored, Reason::Ignored.code()),
        None => codes,
    }
}

/// Where scores lie outside `[0, 1]`. NaN does not.
pub(crate) fn not_probability<const D: usize>(scores: Tensor<D>) -> Tensor<D, Bool> {
    scores
        .clone()
        .lower_elem(0.0)
        .bool_or(scores.greater_elem(1.0))
}

/// Where a flag of the row `[N, D]` is set `[N, 1]`. A reduction of one column costs as much as one of many.
pub(crate) fn any_in_row(flags: Tensor<2, Bool>) -> Tensor<2, Bool> {
    match flags.dims() {
        [_, 1] => flags,
        _ => flags.any_dim(1),
    }
}

/// The places of cells or negative codes among `cells` counters and the rejected ones.
pub(crate) fn places(codes: Tensor<1, Int>, cells: i32) -> Tensor<1, Int> {
    let rejected = codes.clone().lower_elem(0);
    codes
        .clone()
        .mask_where(rejected, codes.neg() + (cells - 1))
}

/// Where weights are NaN, infinite or negative.
pub(crate) fn invalid_weights(weights: Tensor<1>) -> Tensor<1, Bool> {
    let valid = (weights.clone().is_finite()).bool_and(weights.greater_equal_elem(0.0));
    valid.bool_not()
}

/// Rejects elements that would be used, but for an invalid weight; others have a negative code.
pub(super) fn reject_weights(codes: Tensor<1, Int>, weights: Tensor<1>) -> Tensor<1, Int> {
    let invalid = invalid_weights(weights).bool_and(codes.clone().greater_equal_elem(0));
    codes.mask_fill(invalid, Reason::InvalidWeight.code())
}

/// Adds elements with a negative code to the counters of the rejected, which are the last.
pub(super) fn count_rejected(counts: Tensor<1, Int>, codes: Tensor<1, Int>) -> Tensor<1, Int> {
    let first = (counts.dims()[0] - REJECTED_SLOTS) as i32;
    let rejected = codes.clone().lower_elem(0);
    let place = (codes.neg() + (first - 1)).mask_fill(rejected.clone().bool_not(), first);
    let ones = as_i32(rejected.int());
    counts.scatter(0, place, ones, IndexingUpdateOp::Add)
}

/// Adds one to the counter at every place; all places are those of counters.
pub fn count(counts: Tensor<1, Int>, places: Tensor<1, Int>) -> Tensor<1, Int> {
    on_host!(counts, super::host::count(counts, &places));
    let ones = places.ones_like();
    counts.scatter(0, places, ones, IndexingUpdateOp::Add)
}

/// Counts a batch by what its scores were taken for, in the last two counters. `outside` is what
/// [`outside_unit`](super::outside_unit) says of them; only [`ScoreKind::Auto`] reads it.
pub(crate) fn count_kind(
    counts: Tensor<1, Int>,
    kind: ScoreKind,
    outside: Tensor<1, Int>,
) -> Tensor<1, Int> {
    let [len] = counts.dims();
    let logits = if kind == ScoreKind::Auto {
        as_i32(outside)
    } else {
        let device = counts.device();
        Tensor::full(
            [1],
            i64::from(kind == ScoreKind::Logits),
            (&device, DType::I32),
        )
    };
    let kinds = len - REJECTED_SLOTS + REASONS..len;
    let before = counts.clone().slice(kinds.clone());
    let batch = Tensor::cat(vec![logits.clone().neg() + 1, logits], 0);
    counts.slice_assign(kinds, before + batch)
}
