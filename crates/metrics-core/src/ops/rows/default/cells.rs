//! Cells of confusion matrices.

use crate::ops::{
    ConfusionOptions,
    labels::{count, places},
    ranks::default::{class_margins, label_ranks, predictions},
};
use burn::tensor::{Int, Tensor};

/// Adds rows to a confusion matrix.
///
/// `state` holds `C * C` counters (`target * C + prediction`) and the rejected ones, `ranks` is
/// `[2, N]` from [`row_ranks`] or [`label_ranks`], `target` is `[N]`. The prediction is the target
/// if its rank is below `top_k`, else the best class.
pub(super) fn confusion(
    state: Tensor<1, Int>,
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let cells = (options.classes * options.classes) as i32;
    count(
        state,
        places(confusion_cells(ranks, target, options), cells),
    )
}

/// Adds pairs of labels `[N]` to a confusion matrix: [`confusion`] of their [`label_ranks`], without
/// the ranks in between.
pub(super) fn label_confusion(
    state: Tensor<1, Int>,
    pred: Tensor<1, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let ranks = label_ranks(pred, target.clone(), options.classes);
    confusion(state, ranks, target, options)
}

/// Adds pairs of labels `[N]` to the margins of a confusion matrix: [`class_margins`] of their
/// [`label_ranks`], without the ranks in between.
pub(super) fn label_margins(
    state: Tensor<1, Int>,
    pred: Tensor<1, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let ranks = label_ranks(pred, target.clone(), options.classes);
    class_margins(state, ranks, target, options)
}

/// The cell of each row in a confusion matrix, `target * C + prediction`, or the code of a rejected
/// row: what [`confusion`] counts.
pub(super) fn confusion_cells(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let (target, pred, _, code) = predictions(ranks, target, options);
    let rejected = code.clone().lower_elem(0);
    (target * options.classes as i32 + pred).mask_where(rejected, code)
}

/// Two cells of each row, for [`weighted_counts`]: the class of one that is a hit, or else `C` more
/// than its prediction, or the code of a rejected row. And where the rows that miss count as well: `2 *
/// C` more than their target; negative for the others. As [`confusion`] otherwise.
pub(super) fn outcome_cells(
    ranks: Tensor<2, Int>,
    target: Tensor<1, Int>,
    options: ConfusionOptions,
) -> (Tensor<1, Int>, Tensor<1, Int>) {
    let classes = options.classes as i32;
    let (target, pred, hit, code) = predictions(ranks, target, options);
    let rejected = code.clone().lower_elem(0);
    let missed = (target.clone() + 2 * classes)
        .mask_fill(hit.clone(), -1)
        .mask_fill(rejected.clone(), -1);
    let first = (pred + classes)
        .mask_where(hit, target)
        .mask_where(rejected, code);
    (first, missed)
}
