//! [`MetricsBackend`] on tensors.

use super::{ConfusionOptions, LabelCountsOptions, MetricsBackend, ScoreKind, ValueOptions};
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
call!(mark_ignored(target: Tensor<1, Int>; ignore_index: Option<i64>) -> int 1);
call!(sort_pairs(keys: Tensor<1>, values: Tensor<1, Int>;) -> both 1);
call!(curve_areas(scores: Tensor<2>, codes: Tensor<2, Int>;) -> both 1);
call!(label_counts(state: Tensor<1, Int>, scores: Tensor<2>, target: Tensor<2, Int>; options: LabelCountsOptions) -> int 1);
call!(sigmoid_probabilities(scores: Tensor<2>, outside: Tensor<1, Int>; kind: ScoreKind) -> float 2);
call!(softmax_probabilities(scores: Tensor<2>, outside: Tensor<1, Int>; kind: ScoreKind) -> float 2);
call!(top_confidence(ranks: Tensor<2, Int>, scan: Tensor<2>, target: Tensor<1, Int>, outside: Tensor<1, Int>; kind: ScoreKind, ignore_index: Option<i64>) -> both 1);
call!(decision_codes(probabilities: Tensor<2>, target: Tensor<2, Int>; ignore_index: Option<i64>) -> int 2);
call!(class_codes(probabilities: Tensor<2>, target: Tensor<1, Int>; ignore_index: Option<i64>) -> int 2);
call!(log_likelihood(counts: Tensor<1, Int>, sums: Tensor<1>, ranks: Tensor<2, Int>, scan: Tensor<2>, target: Tensor<1, Int>; ignore_index: Option<i64>) -> both 1);
call!(value_totals(counts: Tensor<1, Int>, sums: Tensor<1>, values: Tensor<1>, weights: Tensor<1>; options: ValueOptions) -> both 1);
call!(add_compensated(state: Tensor<1>, x: Tensor<1>;) -> float 1);
call!(outside_unit(scores: Tensor<2>;) -> int 1);
call!(bin_confidence(counts: Tensor<1, Int>, sums: Tensor<1>, confidence: Tensor<1>, hit: Tensor<1, Int>; width: usize) -> both 1);
call!(threshold_counts(state: Tensor<1, Int>, probabilities: Tensor<2>, target: Tensor<2, Int>; thresholds: Vec<f32>) -> int 1);
call!(sum_compensated(x: Tensor<2>;) -> float 1);
call!(pair_moments(counts: Tensor<1, Int>, sums: Tensor<1>, pred: Tensor<2>, target: Tensor<2>, pivot: Tensor<1>;) -> both 1);
