//! The operations as tensor operations.

use super::LabelCountsOptions;
use crate::{
    Reason,
    ops::labels::{
        as_i32, count, count_rejected, ignore_codes, is_ignored, not_probability, outside, places,
    },
};
use burn::tensor::{DType, IndexingUpdateOp, Int, Tensor};

/// See [`decision_codes`](super::decision_codes).
pub fn decision_codes(
    probabilities: Tensor<2>,
    target: Tensor<2, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    let ignored = is_ignored(&target, ignore_index);
    let target = as_i32(target);
    let (invalid, safe) = outside(target, 2);
    let nan = probabilities.clone().is_nan();
    let codes = safe
        .mask_fill(
            not_probability(probabilities),
            Reason::InvalidPrediction.code(),
        )
        .mask_fill(nan, Reason::Nan.code())
        .mask_fill(invalid, Reason::InvalidTarget.code());
    ignore_codes(codes, ignored)
}

/// See [`class_codes`](super::class_codes).
pub fn class_codes(
    probabilities: Tensor<2>,
    target: Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> Tensor<2, Int> {
    let [n, classes] = probabilities.dims();
    let device = probabilities.device();
    let target = target.reshape([n, 1]);
    let ignored = is_ignored(&target, ignore_index);
    let target = as_i32(target);
    let (invalid, _) = outside(target.clone(), classes);
    let nan = probabilities.clone().is_nan().any_dim(1);
    let bad = not_probability(probabilities).any_dim(1);
    let reject = target
        .zeros_like()
        .mask_fill(bad, Reason::InvalidPrediction.code())
        .mask_fill(nan, Reason::Nan.code())
        .mask_fill(invalid, Reason::InvalidTarget.code());
    let reject = ignore_codes(reject, ignored).expand([n, classes]);
    let index = Tensor::<1, Int>::arange(0..classes as i64, (&device, DType::I32));
    let own = index
        .reshape([1, classes])
        .expand([n, classes])
        .equal(target.expand([n, classes]));
    as_i32(own.int()).mask_where(reject.clone().lower_elem(0), reject)
}

/// The cell of each decision, `label * 4 + target * 2 + prediction`, or the code of a rejected one:
/// what [`label_counts`] counts.
pub(crate) fn decision_cells(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    let [n, labels] = scores.dims();
    let device = scores.device();
    let ignored = is_ignored(&target, options.ignore_index);
    let target = as_i32(target);
    let label =
        Tensor::<1, Int>::arange(0..labels as i64, (&device, DType::I32)).reshape([1, labels]);
    let nan = scores.clone().is_nan();
    let bad_score = not_probability(scores.clone());
    let (bad_target, safe) = outside(target, 2);
    let pred = as_i32(scores.greater_elem(options.threshold).int());
    let cell = (label * 4).expand([n, labels]) + safe * 2 + pred;
    let cell = cell
        .mask_fill(bad_score, Reason::InvalidPrediction.code())
        .mask_fill(nan, Reason::Nan.code())
        .mask_fill(bad_target, Reason::InvalidTarget.code());
    ignore_codes(cell, ignored)
}

/// See [`label_counts`](super::label_counts).
pub fn label_counts(
    state: Tensor<1, Int>,
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<1, Int> {
    let [n, labels] = scores.dims();
    let cells = decision_cells(scores, target, options).reshape([n * labels]);
    count(state, places(cells, 4 * labels as i32))
}

/// See [`label_hits`](super::label_hits).
pub fn label_hits(
    scores: Tensor<2>,
    target: Tensor<2, Int>,
    options: LabelCountsOptions,
) -> Tensor<2, Int> {
    let (safe, pred) = (
        outside(as_i32(target.clone()), 2).1,
        as_i32(scores.clone().greater_elem(options.threshold).int()),
    );
    let code = decision_cells(scores, target, options);
    let rejected = code.clone().lower_elem(0);
    as_i32(safe.equal(pred).int()).mask_where(rejected, code)
}

/// See [`unit_matches`](super::unit_matches).
pub fn unit_matches(state: Tensor<1, Int>, hits: Tensor<2, Int>, samples: usize) -> Tensor<1, Int> {
    let [units, elements] = hits.dims();
    let missed = hits.clone().equal_elem(0).any_dim(1).reshape([units]);
    let invalid = hits.clone().lower_elem(Reason::Ignored.code()).any_dim(1);
    let judged = hits.clone().greater_equal_elem(0).any_dim(1);
    let used = judged.bool_and(invalid.bool_not()).reshape([units]);
    let sample = Tensor::<1, Int>::arange(0..samples as i64, (&hits.device(), DType::I32))
        .reshape([samples, 1])
        .expand([samples, units / samples.max(1)])
        .reshape([units]);
    let place = sample * 2 + as_i32(missed.bool_not().int());
    let codes = hits.reshape([units * elements]);
    let state = state.scatter(0, place, as_i32(used.int()), IndexingUpdateOp::Add);
    count_rejected(state, codes)
}
