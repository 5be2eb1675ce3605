//! Fused passes over the slices of Flex and NdArray tensors.

#![cfg_attr(feature = "ndarray", allow(deprecated))]

mod bins;
mod labels;
mod passes;
mod scan;
mod tensor;

use super::{ConfusionOptions, LabelCountsOptions, ScoreKind};
use burn::backend::{
    Backend, TensorMetadata, backend_extension,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::DType;
use tensor::HostTensor;

/// The operations a backend has its own version of. The functions of [`ops`](crate::ops) say what
/// each does.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"))]
pub trait MetricsBackend: Backend {
    /// See [`ops::row_ranks`](crate::ops::row_ranks).
    fn row_ranks(scores: FloatTensor<Self>, target: IntTensor<Self>) -> IntTensor<Self>;
    /// See [`ops::row_scan`](crate::ops::row_scan).
    fn row_scan(
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::label_ranks`](crate::ops::label_ranks).
    fn label_ranks(
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        classes: usize,
    ) -> IntTensor<Self>;
    /// See [`ops::confusion`](crate::ops::confusion).
    fn confusion(
        state: IntTensor<Self>,
        ranks: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::class_margins`](crate::ops::class_margins).
    fn class_margins(
        state: IntTensor<Self>,
        ranks: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::label_confusion`](crate::ops::label_confusion).
    fn label_confusion(
        state: IntTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::label_margins`](crate::ops::label_margins).
    fn label_margins(
        state: IntTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::label_counts`](crate::ops::label_counts).
    fn label_counts(
        state: IntTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        options: LabelCountsOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::sigmoid_probabilities`](crate::ops::sigmoid_probabilities).
    fn sigmoid_probabilities(scores: FloatTensor<Self>, kind: ScoreKind) -> FloatTensor<Self>;
    /// See [`ops::softmax_probabilities`](crate::ops::softmax_probabilities).
    fn softmax_probabilities(scores: FloatTensor<Self>, kind: ScoreKind) -> FloatTensor<Self>;
    /// See [`ops::outside_unit`](crate::ops::outside_unit).
    fn outside_unit(scores: FloatTensor<Self>) -> IntTensor<Self>;
    /// See [`ops::bin_confidence`](crate::ops::bin_confidence).
    fn bin_confidence(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        confidence: FloatTensor<Self>,
        hit: IntTensor<Self>,
        width: usize,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::threshold_counts`](crate::ops::threshold_counts).
    fn threshold_counts(
        state: IntTensor<Self>,
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        thresholds: Vec<f32>,
    ) -> IntTensor<Self>;
    /// See [`ops::decision_codes`](crate::ops::decision_codes).
    fn decision_codes(
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> IntTensor<Self>;
    /// See [`ops::class_codes`](crate::ops::class_codes).
    fn class_codes(
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> IntTensor<Self>;
    /// Raw targets as `i32`, with a mark for those to ignore.
    fn mark_ignored(target: IntTensor<Self>, ignore_index: Option<i64>) -> IntTensor<Self>;
    /// See [`ops::pair_moments`](crate::ops::pair_moments).
    fn pair_moments(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        pivot: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::sum_compensated`](crate::ops::sum_compensated).
    fn sum_compensated(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The passes for one backend whose tensors are [`HostTensor`]s.
macro_rules! host_backend {
    ($backend:ty) => {
        impl MetricsBackend for $backend {
            fn row_ranks(scores: FloatTensor<Self>, target: IntTensor<Self>) -> IntTensor<Self> {
                let [n, classes] = scores.shape().dims();
                let mut ranks = vec![0; 2 * n];
                scores.floats(|scores| {
                    target.ints(|target| scan::row_ranks(scores, classes, target, &mut ranks))
                });
                HostTensor::from_ints(ranks, [2, n])
            }

            fn row_scan(
                scores: FloatTensor<Self>,
                target: IntTensor<Self>,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                let [n, classes] = scores.shape().dims();
                let (mut ranks, mut floats) = (vec![0; 2 * n], vec![0.0; 4 * n]);
                scores.floats(|scores| {
                    target.ints(|target| {
                        scan::row_scan(scores, classes, target, &mut ranks, &mut floats)
                    })
                });
                (
                    HostTensor::from_ints(ranks, [2, n]),
                    HostTensor::from_floats(floats, [4, n]),
                )
            }

            fn label_ranks(
                pred: IntTensor<Self>,
                target: IntTensor<Self>,
                classes: usize,
            ) -> IntTensor<Self> {
                let [n] = pred.shape().dims();
                let mut ranks = vec![0; 2 * n];
                pred.ints(|pred| {
                    target.ints(|target| passes::label_ranks(pred, target, classes, &mut ranks))
                });
                HostTensor::from_ints(ranks, [2, n])
            }

            fn confusion(
                mut state: IntTensor<Self>,
                ranks: IntTensor<Self>,
                target: IntTensor<Self>,
                options: ConfusionOptions,
            ) -> IntTensor<Self> {
                state.ints_mut(|state| {
                    ranks.counters(|ranks| {
                        target.ints(|target| passes::confusion(state, ranks, target, options))
                    })
                });
                state
            }

            fn class_margins(
                mut state: IntTensor<Self>,
                ranks: IntTensor<Self>,
                target: IntTensor<Self>,
                options: ConfusionOptions,
            ) -> IntTensor<Self> {
                state.ints_mut(|state| {
                    ranks.counters(|ranks| {
                        target.ints(|target| passes::class_margins(state, ranks, target, options))
                    })
                });
                state
            }

            fn label_confusion(
                mut state: IntTensor<Self>,
                pred: IntTensor<Self>,
                target: IntTensor<Self>,
                options: ConfusionOptions,
            ) -> IntTensor<Self> {
                state.ints_mut(|state| {
                    pred.ints(|pred| {
                        target.ints(|target| labels::confusion(state, pred, target, options))
                    })
                });
                state
            }

            fn label_margins(
                mut state: IntTensor<Self>,
                pred: IntTensor<Self>,
                target: IntTensor<Self>,
                options: ConfusionOptions,
            ) -> IntTensor<Self> {
                state.ints_mut(|state| {
                    pred.ints(|pred| {
                        target.ints(|target| labels::margins(state, pred, target, options))
                    })
                });
                state
            }

            fn label_counts(
                mut state: IntTensor<Self>,
                scores: FloatTensor<Self>,
                target: IntTensor<Self>,
                options: LabelCountsOptions,
            ) -> IntTensor<Self> {
                let [_, labels] = scores.shape().dims();
                state.ints_mut(|state| {
                    scores.floats(|scores| {
                        target.ints(|target| {
                            passes::label_counts(state, scores, target, labels, options)
                        })
                    })
                });
                state
            }

            fn sigmoid_probabilities(
                scores: FloatTensor<Self>,
                kind: ScoreKind,
            ) -> FloatTensor<Self> {
                let shape: [usize; 2] = scores.shape().dims();
                match scores.floats(|scores| passes::sigmoid(scores, kind)) {
                    Some(probabilities) => HostTensor::from_floats(probabilities, shape),
                    None => scores,
                }
            }

            fn softmax_probabilities(
                scores: FloatTensor<Self>,
                kind: ScoreKind,
            ) -> FloatTensor<Self> {
                let shape: [usize; 2] = scores.shape().dims();
                match scores.floats(|scores| passes::softmax(scores, shape[1], kind)) {
                    Some(probabilities) => HostTensor::from_floats(probabilities, shape),
                    None => scores,
                }
            }

            fn outside_unit(scores: FloatTensor<Self>) -> IntTensor<Self> {
                let outside = scores.floats(passes::outside_unit);
                HostTensor::from_ints(vec![outside as i32], [1])
            }

            fn bin_confidence(
                mut counts: IntTensor<Self>,
                mut sums: FloatTensor<Self>,
                confidence: FloatTensor<Self>,
                hit: IntTensor<Self>,
                width: usize,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                counts.ints_mut(|counts| {
                    sums.floats_mut(|sums| {
                        confidence.floats(|confidence| {
                            hit.counters(|hit| {
                                bins::bin_confidence(counts, sums, confidence, hit, width)
                            })
                        })
                    })
                });
                (counts, sums)
            }

            fn threshold_counts(
                mut state: IntTensor<Self>,
                probabilities: FloatTensor<Self>,
                target: IntTensor<Self>,
                thresholds: Vec<f32>,
            ) -> IntTensor<Self> {
                let [_, labels] = probabilities.shape().dims();
                state.ints_mut(|state| {
                    probabilities.floats(|p| {
                        target.counters(|target| {
                            bins::threshold_counts(state, p, target, labels, &thresholds)
                        })
                    })
                });
                state
            }

            fn decision_codes(
                probabilities: FloatTensor<Self>,
                target: IntTensor<Self>,
                ignore_index: Option<i64>,
            ) -> IntTensor<Self> {
                let shape: [usize; 2] = probabilities.shape().dims();
                let codes = probabilities.floats(|p| {
                    target.ints(|target| labels::decision_codes(p, target, ignore_index))
                });
                HostTensor::from_ints(codes, shape)
            }

            fn class_codes(
                probabilities: FloatTensor<Self>,
                target: IntTensor<Self>,
                ignore_index: Option<i64>,
            ) -> IntTensor<Self> {
                let shape: [usize; 2] = probabilities.shape().dims();
                let codes = probabilities.floats(|p| {
                    target.ints(|target| labels::class_codes(p, target, shape[1], ignore_index))
                });
                HostTensor::from_ints(codes, shape)
            }

            fn mark_ignored(target: IntTensor<Self>, ignore_index: Option<i64>) -> IntTensor<Self> {
                if ignore_index.is_none() && target.dtype() == DType::I32 {
                    return target;
                }
                let [n] = target.shape().dims();
                let marked = target.ints(|target| labels::mark_ignored(target, ignore_index));
                HostTensor::from_ints(marked, [n])
            }

            fn pair_moments(
                mut counts: IntTensor<Self>,
                mut sums: FloatTensor<Self>,
                pred: FloatTensor<Self>,
                target: FloatTensor<Self>,
                pivot: FloatTensor<Self>,
            ) -> (IntTensor<Self>, FloatTensor<Self>) {
                counts.ints_mut(|counts| {
                    sums.floats_mut(|sums| {
                        pivot.floats(|pivot| {
                            pred.floats(|pred| {
                                target.floats(|target| {
                                    passes::pair_moments(counts, sums, pred, target, pivot)
                                })
                            })
                        })
                    })
                });
                (counts, sums)
            }

            fn sum_compensated(x: FloatTensor<Self>) -> FloatTensor<Self> {
                let [_, columns] = x.shape().dims();
                let sums = x.floats(|x| passes::sum_compensated(x, columns));
                HostTensor::from_floats(sums, [2 * columns])
            }
        }
    };
}

#[cfg(feature = "flex")]
host_backend!(burn::backend::Flex);
#[cfg(feature = "ndarray")]
mod ndarray_backend {
    use super::*;
    host_backend!(burn::backend::NdArray);
}

/// [`MetricsBackend`] on tensors.
pub(super) mod call {
    use super::*;
    use burn::backend::Dispatch;
    use burn::tensor::{Int, Tensor};

    /// Wraps one operation: tensors in, tensors out, everything else passed on.
    macro_rules! call {
        ($name:ident($($tensor:ident: $kind:ty),*; $($arg:ident: $ty:ty),*) -> int $d:literal) => {
            pub fn $name($($tensor: $kind,)* $($arg: $ty,)*) -> Tensor<$d, Int> {
                Tensor::from_dispatch(<Dispatch as MetricsBackend>::$name(
                    $($tensor.into_dispatch(),)* $($arg,)*
                ))
            }
        };
        ($name:ident($($tensor:ident: $kind:ty),*; $($arg:ident: $ty:ty),*) -> float $d:literal) => {
            pub fn $name($($tensor: $kind,)* $($arg: $ty,)*) -> Tensor<$d> {
                Tensor::from_dispatch(<Dispatch as MetricsBackend>::$name(
                    $($tensor.into_dispatch(),)* $($arg,)*
                ))
            }
        };
        ($name:ident($($tensor:ident: $kind:ty),*; $($arg:ident: $ty:ty),*) -> both $d:literal) => {
            pub fn $name($($tensor: $kind,)* $($arg: $ty,)*) -> (Tensor<$d, Int>, Tensor<$d>) {
                let (ints, floats) = <Dispatch as MetricsBackend>::$name(
                    $($tensor.into_dispatch(),)* $($arg,)*
                );
                (Tensor::from_dispatch(ints), Tensor::from_dispatch(floats))
            }
        };
    }

    call!(row_ranks(scores: Tensor<2>, target: Tensor<1, Int>;) -> int 2);
    call!(row_scan(scores: Tensor<2>, target: Tensor<1, Int>;) -> both 2);
    call!(label_ranks(pred: Tensor<1, Int>, target: Tensor<1, Int>; classes: usize) -> int 2);
    call!(confusion(state: Tensor<1, Int>, ranks: Tensor<2, Int>, target: Tensor<1, Int>; options: ConfusionOptions) -> int 1);
    call!(class_margins(state: Tensor<1, Int>, ranks: Tensor<2, Int>, target: Tensor<1, Int>; options: ConfusionOptions) -> int 1);
    call!(label_confusion(state: Tensor<1, Int>, pred: Tensor<1, Int>, target: Tensor<1, Int>; options: ConfusionOptions) -> int 1);
    call!(label_margins(state: Tensor<1, Int>, pred: Tensor<1, Int>, target: Tensor<1, Int>; options: ConfusionOptions) -> int 1);
    call!(decision_codes(probabilities: Tensor<2>, target: Tensor<2, Int>; ignore_index: Option<i64>) -> int 2);
    call!(class_codes(probabilities: Tensor<2>, target: Tensor<1, Int>; ignore_index: Option<i64>) -> int 2);
    call!(mark_ignored(target: Tensor<1, Int>; ignore_index: Option<i64>) -> int 1);
    call!(label_counts(state: Tensor<1, Int>, scores: Tensor<2>, target: Tensor<2, Int>; options: LabelCountsOptions) -> int 1);
    call!(sigmoid_probabilities(scores: Tensor<2>; kind: ScoreKind) -> float 2);
    call!(softmax_probabilities(scores: Tensor<2>; kind: ScoreKind) -> float 2);
    call!(outside_unit(scores: Tensor<2>;) -> int 1);
    call!(bin_confidence(counts: Tensor<1, Int>, sums: Tensor<1>, confidence: Tensor<1>, hit: Tensor<1, Int>; width: usize) -> both 1);
    call!(threshold_counts(state: Tensor<1, Int>, probabilities: Tensor<2>, target: Tensor<2, Int>; thresholds: Vec<f32>) -> int 1);
    call!(sum_compensated(x: Tensor<2>;) -> float 1);
    call!(pair_moments(counts: Tensor<1, Int>, sums: Tensor<1>, pred: Tensor<2>, target: Tensor<2>, pivot: Tensor<1>;) -> both 1);
}
