//! What becomes of a scan of rows: losses, and the confidence in the best class.

use crate::{
    Reason,
    ops::{
        ScoreKind,
        labels::{as_i32, count, ignore_codes, is_ignored, not_probability},
        sums::{add_compensated, sum_compensated},
        weighed::Rows,
        within_unit,
    },
};
use burn::tensor::{Int, Tensor};

/// Adds the negative log-likelihood of rows.
///
/// `counts` holds `1` counter of rows used and the rejected ones, `sums` one compensated sum;
/// `ranks` and `scan` are what [`row_scan`] yields. A row whose loss is undefined is rejected as
/// NaN.
pub(super) fn log_likelihood(
    counts: Tensor<1, Int>,
    sums: Tensor<1>,
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let (code, loss) = losses(ranks, scan, &target, ignore_index);
    let place = code.neg();
    let [n] = loss.dims();
    let unused = place.clone().greater_elem(0);
    let loss = sum_compensated(loss.mask_fill(unused, 0.0).reshape([n, 1]));
    (count(counts, place), add_compensated(sums, loss))
}

/// Two compensated sums of rows with weights: of weight times negative log-likelihood, and of the
/// weights.
///
/// The last of `counts` are the rejected ones, which alone can change; otherwise as [`log_likelihood`].
/// `weights [N]` must be finite and at least 0, or else their row is rejected as well; a row of weight 0
/// adds nothing, even if its loss is infinite.
pub(super) fn weighted_log_likelihood(
    counts: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: Tensor<1, Int>,
    weights: Tensor<1>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let (code, loss) = losses(ranks, scan, &target, ignore_index);
    let rows = Rows::new(code, Some(weights));
    let [n] = loss.dims();
    let loss = rows.used(rows.weigh(loss.reshape([n, 1])));
    let columns = Tensor::cat(vec![loss, rows.given()], 1);
    (rows.count_rejected(counts), sum_compensated(columns))
}

/// The loss of each row, and 0 or the code of a row that is left out.
fn losses(
    ranks: Tensor<2, Int>,
    scan: Tensor<2>,
    target: &Tensor<1, Int>,
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [_, n] = ranks.dims();
    let code = ranks.slice([1..2, 0..n]).reshape([n]).clamp_max(0);
    let loss = scan.slice([3..4, 0..n]).reshape([n]);
    let code = ignore_codes(code, is_ignored(target, ignore_index));
    let undefined = loss.clone().is_nan().bool_and(code.clone().equal_elem(0));
    (code.mask_fill(undefined, Reason::Nan.code()), loss)
}

/// Whether the best class is the target (1, 0, or a negative code), and the best class's
/// probability: both `[N]`, from what [`row_scan`] and [`outside_unit`] yield.
///
/// A row with an undefined probability is rejected as NaN, one with a probability outside `[0, 1]` (of scores that are
/// said to be probabilities) as an invalid prediction.
pub(super) fn top_confidence(
    (ranks, scan): (Tensor<2, Int>, Tensor<2>),
    target: Tensor<1, Int>,
    (outside, kind, slack): (Tensor<1, Int>, ScoreKind, f32),
    ignore_index: Option<i64>,
) -> (Tensor<1, Int>, Tensor<1>) {
    let [_, n] = scan.dims();
    let max = scan.clone().slice([0..1, 0..n]).reshape([n]);
    let log_sum = scan.slice([1..2, 0..n]).reshape([n]);
    // As in `softmax_probabilities`, not every device makes NaN of infinity less infinity.
    let softmax = (max.clone() - log_sum)
        .exp()
        .mask_fill(max.clone().is_inf(), f32::NAN);
    let confidence = match kind {
        ScoreKind::Probabilities => max,
        ScoreKind::Logits => softmax,
        ScoreKind::Auto => {
            let logits = outside.greater_elem(0).expand([n]);
            max.mask_where(logits, softmax)
        }
    };
    let confidence = within_unit(confidence.reshape([n, 1]), slack).reshape([n]);
    let rank = ranks.slice([1..2, 0..n]).reshape([n]);
    let rejected = rank.clone().lower_elem(0);
    let hit = as_i32(rank.clone().equal_elem(0).int())
        .mask_fill(
            not_probability(confidence.clone()),
            Reason::InvalidPrediction.code(),
        )
        .mask_fill(confidence.clone().is_nan(), Reason::Nan.code())
        .mask_where(rejected, rank);
    (
        ignore_codes(hit, is_ignored(&target, ignore_index)),
        confidence,
    )
}
