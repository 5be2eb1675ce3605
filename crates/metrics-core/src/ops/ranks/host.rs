//! The operations in host memory.

use super::ConfusionOptions;
use crate::ops::host::{
    counters, floats, from_floats, from_ints, ints, passes, scan, update_counts,
};
use burn::tensor::{Int, Tensor};

pub(super) fn row_ranks(scores: &Tensor<2>, target: &Tensor<1, Int>) -> Tensor<2, Int> {
    let [n, classes] = scores.dims();
    let mut ranks = vec![0; 2 * n];
    floats(scores, |scores| {
        ints(target, |target| {
            scan::row_ranks(scores, classes, target, &mut ranks)
        })
    });
    from_ints(ranks, [2, n], &scores.device())
}

pub(super) fn row_scan(scores: &Tensor<2>, target: &Tensor<1, Int>) -> (Tensor<2, Int>, Tensor<2>) {
    let ([n, classes], device) = (scores.dims(), scores.device());
    let (mut ranks, mut scan) = (vec![0; 2 * n], vec![0.0; 4 * n]);
    floats(scores, |scores| {
        ints(target, |target| {
            scan::row_scan(scores, classes, target, &mut ranks, &mut scan)
        })
    });
    (
        from_ints(ranks, [2, n], &device),
        from_floats(scan, [4, n], &device),
    )
}

pub(super) fn label_ranks(
    pred: &Tensor<1, Int>,
    target: &Tensor<1, Int>,
    classes: usize,
) -> Tensor<2, Int> {
    let [n] = pred.dims();
    let mut ranks = vec![0; 2 * n];
    ints(pred, |pred| {
        ints(target, |target| {
            passes::label_ranks(pred, target, classes, &mut ranks)
        })
    });
    from_ints(ranks, [2, n], &pred.device())
}

pub(super) fn class_margins(
    state: Tensor<1, Int>,
    ranks: &Tensor<2, Int>,
    target: &Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    update_counts(state, |state| {
        counters(ranks, |ranks| {
            ints(target, |target| {
                passes::class_margins(state, ranks, target, options)
            })
        })
    })
}

pub(super) fn hits(
    ranks: &Tensor<2, Int>,
    target: &Tensor<1, Int>,
    options: ConfusionOptions,
) -> Tensor<1, Int> {
    let [_, n] = ranks.dims();
    let mut hits = Vec::with_capacity(n);
    counters(ranks, |ranks| {
        ints(target, |target| {
            passes::each_prediction(ranks, target, options, |outcome| {
                hits.push(match outcome {
                    Ok((target, pred)) => i32::from(target == pred),
                    Err(slot) => -1 - slot as i32,
                });
            })
        })
    });
    from_ints(hits, [n], &ranks.device())
}
