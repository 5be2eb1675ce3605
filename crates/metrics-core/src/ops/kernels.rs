//! Passes and operations as kernels: what backends on CubeCL have of their own, lazy where Fusion is on.

#[cfg(feature = "fusion")]
use super::AREA_COUNTS;
use super::{
    ScoreKind, codes, cube,
    decisions::{self, Grid as DecisionsGrid, KernelPlan as DecisionsPlan},
    ensembles::{self, KernelPlan as EnsemblesPlan},
    masks::{self, MaskPlan},
    observations::{self, KernelPlan as ObservationsPlan},
    pairs::{self, KernelPlan as PairsPlan},
    probabilities,
    rows::{self, KernelPlan as RowsPlan},
    samples::{self, KernelPlan as SamplesPlan},
    sort, sums,
    values::{self, KernelPlan as NumbersPlan},
};
use burn::backend::{
    Backend, backend_extension,
    tensor::{FloatTensor, IntTensor},
};
#[cfg(feature = "fusion")]
use burn::{
    backend::fusion::custom::TensorSpec,
    tensor::{DType, Shape},
};
use burn_cubecl::CubeBackend;

/// The kernels of backends on CubeCL. Each pass takes counters and words, see
/// [`DeviceState`](crate::pass::DeviceState), and yields them with more added.
#[backend_extension(
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "fusion"),
)]
pub trait Kernels: Backend {
    /// Adds rows of scores with weights `[N]`, if the plan has any. `spot` is where lists go on, and how many rows each has
    /// room for.
    #[allow(clippy::too_many_arguments)]
    #[fusion(meta = |counts, words, lists, _constants, _scores, _target, _weights, _plan, _epoch, _spot| (counts.clone(), words.clone(), lists.clone()))]
    fn rows_of_scores(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        lists: IntTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        weights: FloatTensor<Self>,
        plan: RowsPlan,
        epoch: i32,
        spot: [usize; 2],
    ) -> (IntTensor<Self>, FloatTensor<Self>, IntTensor<Self>);

    /// Adds pairs of labels with weights `[N]`, if the plan has any.
    #[fusion(meta = |counts, words, _pred, _target, _weights, _plan| (counts.clone(), words.clone()))]
    fn rows_of_labels(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        weights: FloatTensor<Self>,
        plan: RowsPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Adds pairs `[N, D]` with weights `[N]`, if the plan has any. `spot` is where lists go on, and how many rows each has room
    /// for.
    #[allow(clippy::too_many_arguments)]
    #[fusion(meta = |counts, words, lists, _pred, _target, _weights, _plan, _spot| (counts.clone(), words.clone(), lists.clone()))]
    fn pairs(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        lists: IntTensor<Self>,
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: PairsPlan,
        spot: [usize; 2],
    ) -> (IntTensor<Self>, FloatTensor<Self>, IntTensor<Self>);

    /// The same with numbers `[N]`.
    #[allow(clippy::too_many_arguments)]
    #[fusion(meta = |counts, words, lists, _values, _weights, _plan, _spot| (counts.clone(), words.clone(), lists.clone()))]
    fn numbers(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        lists: IntTensor<Self>,
        values: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: NumbersPlan,
        spot: [usize; 2],
    ) -> (IntTensor<Self>, FloatTensor<Self>, IntTensor<Self>);

    /// Adds forecasts `[N, M]` of targets `[N]` with weights `[N]`, if the plan has any.
    #[fusion(meta = |counts, words, _pred, _target, _weights, _plan| (counts.clone(), words.clone()))]
    fn ensembles(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: EnsemblesPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Adds observations `[N, D]` with weights `[N]`, if the plan has any.
    #[fusion(meta = |counts, words, _values, _weights, _plan| (counts.clone(), words.clone()))]
    fn observations(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        values: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: ObservationsPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Appends the numbers `[N]` and `[M]` of two samples with weights, if the plan has any, to lists.
    #[fusion(dtype = lists, shape = lists)]
    fn samples(
        lists: IntTensor<Self>,
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        x_weights: FloatTensor<Self>,
        y_weights: FloatTensor<Self>,
        plan: SamplesPlan,
        spot: [usize; 2],
    ) -> IntTensor<Self>;

    /// Adds decisions `[N, L]`, whose keys go to lists, with weights `[N]` and groups `[N]` if the plan has any.
    #[allow(clippy::too_many_arguments)]
    #[fusion(meta = |counts, words, lists, _constants, _scores, _target, _weights, _groups, _plan, _grid| (counts.clone(), words.clone(), lists.clone()))]
    fn decisions(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        lists: IntTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        weights: FloatTensor<Self>,
        groups: IntTensor<Self>,
        plan: DecisionsPlan,
        grid: DecisionsGrid,
    ) -> (IntTensor<Self>, FloatTensor<Self>, IntTensor<Self>);

    /// See [`ops::class_codes`](crate::ops::class_codes).
    #[fusion(dtype = DType::I32, shape = probabilities)]
    fn class_codes(
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> IntTensor<Self>;

    /// See [`ops::softmax_probabilities`](crate::ops::softmax_probabilities).
    #[fusion(dtype = DType::F32, shape = scores)]
    fn softmax_probabilities(
        scores: FloatTensor<Self>,
        outside: IntTensor<Self>,
        kind: ScoreKind,
    ) -> FloatTensor<Self>;

    /// See [`ops::outside_unit`](crate::ops::outside_unit).
    #[fusion(dtype = DType::I32, shape = Shape::new([1]))]
    fn outside_unit(scores: FloatTensor<Self>, slack: f32) -> IntTensor<Self>;

    /// Counts the classes of pixels whose predictions are labels.
    #[fusion(meta = |_pred, _target, plan| spec(DType::I32, plan.counters()))]
    fn masks_of_labels(
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        plan: MaskPlan,
    ) -> IntTensor<Self>;

    /// The same of scores.
    #[fusion(meta = |_scores, _target, plan| spec(DType::I32, plan.counters()))]
    fn masks_of_scores(
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        plan: MaskPlan,
    ) -> IntTensor<Self>;

    /// See [`ops::sum_compensated`](crate::ops::sum_compensated).
    #[fusion(dtype = DType::F32, shape = Shape::new([2 * x[1]]))]
    fn sum_compensated(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`ops::add_compensated`](crate::ops::add_compensated).
    #[fusion(dtype = state, shape = state)]
    fn add_compensated(state: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`ops::sort_pairs`](crate::ops::sort_pairs).
    #[fusion(meta = |keys, values| (
        spec(DType::I32, values.shape[0]),
        spec(DType::F32, keys.shape[0]),
    ))]
    fn sort_pairs(
        keys: FloatTensor<Self>,
        values: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// See [`ops::key_areas`](crate::ops::key_areas).
    #[fusion(meta = |keys| (
        spec(DType::I32, keys.shape[1] * AREA_COUNTS),
        spec(DType::F32, 2 * keys.shape[1]),
    ))]
    fn key_areas(keys: IntTensor<Self>) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Keeps `epoch` in the counter `told` if any score lies outside `[0, 1]`.
    #[fusion(dtype = counts, shape = counts)]
    fn tell_logits(
        counts: IntTensor<Self>,
        scores: FloatTensor<Self>,
        epoch: i32,
        told: usize,
    ) -> IntTensor<Self>;
}

/// A list of so many numbers.
#[cfg(feature = "fusion")]
fn spec(dtype: DType, length: usize) -> TensorSpec {
    let shape = Shape::new([length]);
    TensorSpec { dtype, shape }
}

impl Kernels for CubeBackend {
    fn rows_of_scores(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        lists: IntTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        weights: FloatTensor<Self>,
        plan: RowsPlan,
        epoch: i32,
        spot: [usize; 2],
    ) -> (IntTensor<Self>, FloatTensor<Self>, IntTensor<Self>) {
        rows::cube::of_scores(
            counts, words, lists, constants, scores, target, weights, plan, epoch, spot,
        )
    }

    fn rows_of_labels(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        weights: FloatTensor<Self>,
        plan: RowsPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        rows::cube::of_labels(counts, words, pred, target, weights, plan)
    }

    fn pairs(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        lists: IntTensor<Self>,
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: PairsPlan,
        spot: [usize; 2],
    ) -> (IntTensor<Self>, FloatTensor<Self>, IntTensor<Self>) {
        pairs::cube::launch(counts, words, lists, pred, target, weights, plan, spot)
    }

    fn numbers(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        lists: IntTensor<Self>,
        values: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: NumbersPlan,
        spot: [usize; 2],
    ) -> (IntTensor<Self>, FloatTensor<Self>, IntTensor<Self>) {
        values::cube::launch(counts, words, lists, values, weights, plan, spot)
    }

    fn ensembles(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: EnsemblesPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        ensembles::cube::launch(counts, words, pred, target, weights, plan)
    }

    fn observations(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        values: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: ObservationsPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        observations::cube::launch(counts, words, values, weights, plan)
    }

    fn samples(
        lists: IntTensor<Self>,
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        x_weights: FloatTensor<Self>,
        y_weights: FloatTensor<Self>,
        plan: SamplesPlan,
        spot: [usize; 2],
    ) -> IntTensor<Self> {
        samples::cube::launch(lists, x, y, x_weights, y_weights, plan, spot)
    }

    fn decisions(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        lists: IntTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        weights: FloatTensor<Self>,
        groups: IntTensor<Self>,
        plan: DecisionsPlan,
        grid: DecisionsGrid,
    ) -> (IntTensor<Self>, FloatTensor<Self>, IntTensor<Self>) {
        decisions::cube::launch(
            counts, words, lists, constants, scores, target, weights, groups, plan, grid,
        )
    }

    fn class_codes(
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> IntTensor<Self> {
        codes::cube::class_codes(probabilities, target, ignore_index)
    }

    fn softmax_probabilities(
        scores: FloatTensor<Self>,
        outside: IntTensor<Self>,
        kind: ScoreKind,
    ) -> FloatTensor<Self> {
        probabilities::cube::softmax_probabilities(scores, outside, kind)
    }

    fn outside_unit(scores: FloatTensor<Self>, slack: f32) -> IntTensor<Self> {
        probabilities::cube::outside_unit(scores, slack)
    }

    fn masks_of_labels(
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        plan: MaskPlan,
    ) -> IntTensor<Self> {
        masks::cube::of_labels(pred, target, plan)
    }

    fn masks_of_scores(
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        plan: MaskPlan,
    ) -> IntTensor<Self> {
        masks::cube::of_scores(scores, target, plan)
    }

    fn sum_compensated(x: FloatTensor<Self>) -> FloatTensor<Self> {
        sums::cube::sum_compensated(x)
    }

    fn add_compensated(state: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        sums::cube::add_compensated(state, x)
    }

    fn sort_pairs(
        keys: FloatTensor<Self>,
        values: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        sort::cube::sort_pairs(keys, values)
    }

    fn key_areas(keys: IntTensor<Self>) -> (IntTensor<Self>, FloatTensor<Self>) {
        sort::cube::key_areas(keys)
    }

    fn tell_logits(
        counts: IntTensor<Self>,
        scores: FloatTensor<Self>,
        epoch: i32,
        told: usize,
    ) -> IntTensor<Self> {
        cube::kinds::tell_logits(counts, scores, epoch, told)
    }
}
