//! The passes as kernels: what backends on CubeCL have of their own, lazy where Fusion is on.

use super::{
    cube,
    rows::{self, KernelPlan as RowsPlan},
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
    /// Adds rows of scores.
    #[fusion(meta = |counts, words, _constants, _scores, _target, _plan, _cubes, _epoch| (counts.clone(), words.clone()))]
    fn rows_of_scores(
        counts: IntTensor<Self>,
        words: FloatTensor<Self>,
        constants: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        plan: RowsPlan,
        cubes: usize,
        epoch: i32,
    ) -> (IntTensor<Self>, FloatTensor<Self>);

    /// Adds pairs of labels.
    #[fusion(dtype = counts, shape = counts)]
    fn rows_of_labels(
        counts: IntTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        plan: RowsPlan,
    ) -> IntTensor<Self>;

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
        plan: RowsPlan,
        cubes: usize,
        epoch: i32,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        rows::cube::of_scores(counts, words, constants, scores, target, plan, cubes, epoch)
    }

    fn rows_of_labels(
        counts: IntTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        plan: RowsPlan,
    ) -> IntTensor<Self> {
        rows::cube::of_labels(counts, pred, target, plan)
    }

    fn tell_logits(
        counts: IntTensor<Self>,
        scores: FloatTensor<Self>,
        epoch: i32,
    ) -> IntTensor<Self> {
        cube::tell_logits(counts, scores, epoch)
    }
}
