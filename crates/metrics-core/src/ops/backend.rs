//! The operations a backend has its own version of.

#![cfg_attr(feature = "ndarray", allow(deprecated))]

#[cfg(feature = "fusion")]
use super::AREA_COUNTS;
use super::{ConfusionOptions, LabelCountsOptions, ScoreKind, ValueOptions};
#[cfg(feature = "fusion")]
use crate::REJECTED_SLOTS;
use burn::backend::{
    Backend, backend_extension,
    tensor::{FloatTensor, IntTensor},
};
#[cfg(feature = "fusion")]
use burn::{
    backend::fusion::custom::TensorSpec,
    tensor::{DType, Shape},
};

/// The operations a backend has its own version of: loops over slices on Flex and NdArray, kernels
/// on every CubeCL runtime, lazy where Fusion is on. The functions of [`ops`](crate::ops) say
/// what each does.
#[backend_extension(
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "fusion"),
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
)]
pub trait MetricsBackend: Backend {
    /// See [`ops::row_ranks`](crate::ops::row_ranks).
    #[fusion(dtype = DType::I32, shape = Shape::new([2, scores[0]]))]
    fn row_ranks(scores: FloatTensor<Self>, target: IntTensor<Self>) -> IntTensor<Self>;
    /// See [`ops::row_scan`](crate::ops::row_scan).
    #[fusion(meta = |scores, _target| (
        spec(DType::I32, [2, scores.shape[0]]),
        spec(DType::F32, [4, scores.shape[0]]),
    ))]
    fn row_scan(
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::label_ranks`](crate::ops::label_ranks).
    #[fusion(dtype = DType::I32, shape = Shape::new([2, target[0]]))]
    fn label_ranks(
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        classes: usize,
    ) -> IntTensor<Self>;
    /// See [`ops::confusion`](crate::ops::confusion).
    #[fusion(dtype = state, shape = state)]
    fn confusion(
        state: IntTensor<Self>,
        ranks: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::class_margins`](crate::ops::class_margins).
    #[fusion(dtype = state, shape = state)]
    fn class_margins(
        state: IntTensor<Self>,
        ranks: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::label_confusion`](crate::ops::label_confusion).
    #[fusion(dtype = state, shape = state)]
    fn label_confusion(
        state: IntTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::label_margins`](crate::ops::label_margins).
    #[fusion(dtype = state, shape = state)]
    fn label_margins(
        state: IntTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::label_counts`](crate::ops::label_counts).
    #[fusion(dtype = state, shape = state)]
    fn label_counts(
        state: IntTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        options: LabelCountsOptions,
    ) -> IntTensor<Self>;
    /// See [`ops::sigmoid_probabilities`](crate::ops::sigmoid_probabilities).
    #[fusion(dtype = DType::F32, shape = scores)]
    fn sigmoid_probabilities(
        scores: FloatTensor<Self>,
        outside: IntTensor<Self>,
        kind: ScoreKind,
    ) -> FloatTensor<Self>;
    /// See [`ops::softmax_probabilities`](crate::ops::softmax_probabilities).
    #[fusion(dtype = DType::F32, shape = scores)]
    fn softmax_probabilities(
        scores: FloatTensor<Self>,
        outside: IntTensor<Self>,
        kind: ScoreKind,
    ) -> FloatTensor<Self>;
    /// See [`ops::outside_unit`](crate::ops::outside_unit).
    #[fusion(dtype = DType::I32, shape = Shape::new([1]))]
    fn outside_unit(scores: FloatTensor<Self>) -> IntTensor<Self>;
    /// See [`ops::top_confidence`](crate::ops::top_confidence).
    #[fusion(meta = |_ranks, _scan, target, _outside, _kind, _ignore_index| (
        spec(DType::I32, [target.shape[0]]),
        spec(DType::F32, [target.shape[0]]),
    ))]
    fn top_confidence(
        ranks: IntTensor<Self>,
        scan: FloatTensor<Self>,
        target: IntTensor<Self>,
        outside: IntTensor<Self>,
        kind: ScoreKind,
        ignore_index: Option<i64>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::bin_confidence`](crate::ops::bin_confidence).
    #[fusion(meta = |counts, sums, _confidence, _hit, _width| (counts.clone(), sums.clone()))]
    fn bin_confidence(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        confidence: FloatTensor<Self>,
        hit: IntTensor<Self>,
        width: usize,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::threshold_counts`](crate::ops::threshold_counts).
    #[fusion(dtype = state, shape = state)]
    fn threshold_counts(
        state: IntTensor<Self>,
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        thresholds: Vec<f32>,
    ) -> IntTensor<Self>;
    /// See [`ops::decision_codes`](crate::ops::decision_codes).
    #[fusion(dtype = DType::I32, shape = target)]
    fn decision_codes(
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> IntTensor<Self>;
    /// See [`ops::class_codes`](crate::ops::class_codes).
    #[fusion(dtype = DType::I32, shape = probabilities)]
    fn class_codes(
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> IntTensor<Self>;
    /// Raw targets as `i32`, with a mark for those to ignore.
    #[fusion(dtype = DType::I32, shape = target)]
    fn mark_ignored(target: IntTensor<Self>, ignore_index: Option<i64>) -> IntTensor<Self>;
    /// See [`ops::sort_pairs`](crate::ops::sort_pairs).
    #[fusion(meta = |keys, values| (
        spec(DType::I32, [values.shape[0]]),
        spec(DType::F32, [keys.shape[0]]),
    ))]
    fn sort_pairs(
        keys: FloatTensor<Self>,
        values: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::curve_areas`](crate::ops::curve_areas).
    #[fusion(meta = |scores, _codes| (
        spec(DType::I32, [scores.shape[1] * AREA_COUNTS + REJECTED_SLOTS]),
        spec(DType::F32, [2 * scores.shape[1]]),
    ))]
    fn curve_areas(
        scores: FloatTensor<Self>,
        codes: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::pair_moments`](crate::ops::pair_moments).
    #[fusion(meta = |counts, sums, _pred, _target, _pivot| (counts.clone(), sums.clone()))]
    fn pair_moments(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        pivot: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::log_likelihood`](crate::ops::log_likelihood).
    #[fusion(meta = |counts, sums, _ranks, _scan, _target, _ignore| (counts.clone(), sums.clone()))]
    fn log_likelihood(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        ranks: IntTensor<Self>,
        scan: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::value_totals`](crate::ops::value_totals).
    #[fusion(meta = |counts, sums, _values, _weights, _options| (counts.clone(), sums.clone()))]
    fn value_totals(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        values: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        options: ValueOptions,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
    /// See [`ops::sum_compensated`](crate::ops::sum_compensated).
    #[fusion(dtype = DType::F32, shape = Shape::new([2 * x[1]]))]
    fn sum_compensated(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// See [`ops::add_compensated`](crate::ops::add_compensated).
    #[fusion(dtype = state, shape = state)]
    fn add_compensated(state: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(feature = "fusion")]
fn spec<const D: usize>(dtype: DType, shape: [usize; D]) -> TensorSpec {
    TensorSpec {
        dtype,
        shape: Shape::new(shape),
    }
}
