//! The passes as kernels: what backends on CubeCL have of their own, lazy where Fusion is on.

use super::{
    cube,
    decisions::{self, KernelPlan as DecisionsPlan},
    pairs::{self, KernelPlan as PairsPlan},
    rows::{self, KernelPlan as RowsPlan},
    values::{self, KernelPlan as NumbersPlan},
};
use burn::backend::{
    Backend, backend_extension,
    tensor::{FloatTensor, IntTensor},
};
use burn_cubecl::CubeBackend;

/// The passes of backends on CubeCL. Each takes counters and words, see
/// [`DeviceState`](crate::pass::DeviceState), and yields them with more added.
#[backend_extension(
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "fusion"),
)]
pub trait Kernels: Backend {
    /// Adds rows of scores with weights `[N]`, if the plan has any.
    #[allow(clippy::too_many_arguments)]
    #[fusion(meta = |counts, words, _constants, _scores, _target, _weights, _plan, _epoch| (counts.clone(), words.clone()))]
    fn rows_of_scores(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        weights: FloatTensor<Self>,
        plan: RowsPlan,
        epoch: i32,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

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

    /// Adds pairs `[N * D]` with weights `[N]`, if the plan has any.
    #[fusion(meta = |counts, words, _pred, _target, _weights, _columns, _plan| (counts.clone(), words.clone()))]
    fn pairs(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        columns: usize,
        plan: PairsPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Adds numbers `[N]` with weights `[N]`, if the plan has any.
    #[fusion(meta = |counts, words, _values, _weights, _plan| (counts.clone(), words.clone()))]
    fn numbers(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        values: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: NumbersPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Adds decisions.
    #[allow(clippy::too_many_arguments)]
    #[fusion(meta = |counts, words, _constants, _scores, _target, _plan, _cubes, _epoch| (counts.clone(), words.clone()))]
    fn decisions(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        plan: DecisionsPlan,
        cubes: usize,
        epoch: i32,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Adds decisions about members of groups.
    #[allow(clippy::too_many_arguments)]
    #[fusion(meta = |counts, words, _constants, _scores, _target, _groups, _plan, _cubes, _epoch| (counts.clone(), words.clone()))]
    fn grouped_decisions(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        groups: IntTensor<Self>,
        plan: DecisionsPlan,
        cubes: usize,
        epoch: i32,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Keeps `epoch` in the last counter if any score lies outside `[0, 1]`.
    #[fusion(dtype = counts, shape = counts)]
    fn tell_logits(
        counts: IntTensor<Self>,
        scores: FloatTensor<Self>,
        epoch: i32,
    ) -> IntTensor<Self>;
}

impl Kernels for CubeBackend {
    fn rows_of_scores(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        weights: FloatTensor<Self>,
        plan: RowsPlan,
        epoch: i32,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        rows::cube::of_scores(
            counts, words, constants, scores, target, weights, plan, epoch,
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
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        columns: usize,
        plan: PairsPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        pairs::cube::launch(counts, words, pred, target, weights, columns, plan)
    }

    fn numbers(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        values: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: NumbersPlan,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        values::cube::launch(counts, words, values, weights, plan)
    }

    fn decisions(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        plan: DecisionsPlan,
        cubes: usize,
        epoch: i32,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        decisions::cube::pass_over(
            counts, words, constants, scores, target, None, plan, cubes, epoch,
        )
    }

    fn grouped_decisions(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        groups: IntTensor<Self>,
        plan: DecisionsPlan,
        cubes: usize,
        epoch: i32,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let groups = Some(groups);
        decisions::cube::pass_over(
            counts, words, constants, scores, target, groups, plan, cubes, epoch,
        )
    }

    fn tell_logits(
        counts: IntTensor<Self>,
        scores: FloatTensor<Self>,
        epoch: i32,
    ) -> IntTensor<Self> {
        cube::kinds::tell_logits(counts, scores, epoch)
    }
}
