//! Whether the scores of a batch are probabilities or logits, as a kernel finds it out.

use super::{CUBE, elem, math::is_outside_unit, rows::rows, walking, writable};
use crate::{ScoreKind, ops::slack};
use burn_cubecl::tensor::CubeTensor;
use cubecl::{ir::ElemType, prelude::*};

/// What scores are, as far as a kernel asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::ops) enum Meaning {
    Probabilities,
    Logits,
    /// The cube looks at all of them.
    Looked,
    /// The counter behind the others says it.
    Told,
}

impl Meaning {
    /// Of the scores of a batch that one cube takes, or several.
    pub fn new(kind: ScoreKind, one_cube: bool) -> Self {
        match kind {
            ScoreKind::Probabilities => Self::Probabilities,
            ScoreKind::Logits => Self::Logits,
            ScoreKind::Auto if one_cube => Self::Looked,
            ScoreKind::Auto => Self::Told,
        }
    }
}

/// The place of an element of a matrix whose rows may lie apart.
#[cube]
fn place<F: Float>(scores: &Tensor<F>, i: usize) -> usize {
    let columns = scores.shape(1);
    let mut place = i;
    if scores.stride(0) != columns {
        place = (i / columns) * scores.stride(0) + i % columns;
    }
    place
}

/// Whether the scores of the batch `[N, L]`, whose rows may lie apart, are logits. `told` is the counter that
/// says it.
#[cube]
pub(in crate::ops) fn are_logits<F: Float>(
    counts: &Tensor<Atomic<i32>>,
    scores: &Tensor<F>,
    epoch: i32,
    slack: f32,
    #[comptime] meaning: Meaning,
    #[comptime] told: usize,
) -> bool {
    let mut logits = comptime!(meaning == Meaning::Logits).runtime();
    if comptime!(meaning == Meaning::Told) {
        logits = counts[told].load() == epoch;
    } else if comptime!(meaning == Meaning::Looked) {
        let any = Shared::<[Atomic<i32>]>::new_slice(1usize);
        if UNIT_POS == 0 {
            any[0].store(0i32);
        }
        sync_cube();
        let mut outside = false;
        let mut i = UNIT_POS as usize;
        while i < scores.shape(0) * scores.shape(1) {
            let score = f32::cast_from(scores[place(scores, i)]);
            outside = outside || is_outside_unit(score, slack);
            i += CUBE_DIM as usize;
        }
        if outside {
            any[0].store(1i32);
        }
        sync_cube();
        logits = any[0].load() != 0;
    }
    logits
}

/// See [`Kernels::tell_logits`](crate::ops::kernels::Kernels::tell_logits).
pub(in crate::ops) fn tell_logits(
    counts: CubeTensor,
    scores: CubeTensor,
    epoch: i32,
    told: usize,
) -> CubeTensor {
    let (counts, scores) = (writable(counts), rows(scores));
    assert!(told < counts.meta.num_elements());
    let (dtype, slack) = (elem(&scores), slack(scores.dtype));
    // SAFETY: elements are below the number of scores, and `told` is the place of a counter.
    unsafe {
        tell::launch_unchecked(
            &counts.client,
            walking(scores.meta.num_elements()),
            CUBE,
            scores.into_tensor_arg(),
            counts.clone().into_tensor_arg(),
            epoch,
            told as u32,
            slack,
            dtype,
        );
    }
    counts
}

/// Keeps `epoch` in the counter `told` if any score lies more than `slack` outside `[0, 1]`.
#[cube(launch_unchecked)]
fn tell<F: Float>(
    scores: &Tensor<F>,
    counts: &mut Tensor<Atomic<i32>>,
    epoch: i32,
    told: u32,
    slack: f32,
    #[define(F)] _dtype: ElemType,
) {
    let n = scores.shape(0) * scores.shape(1);
    let mut outside = false;
    let mut i = ABSOLUTE_POS;
    while i < n {
        let score = f32::cast_from(scores[place(scores, i)]);
        outside = outside || is_outside_unit(score, slack);
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    if outside {
        counts[told as usize].store(epoch);
    }
}
