//! Kernels.

use crate::ops::{
    ScoreKind,
    cube::rows::{over_team, rows, team},
    cube::{
        CUBE, FEW, codes, elem, empty,
        math::{exp, is_infinite, is_nan, is_outside_unit},
        one_each, walking,
    },
};
use burn::tensor::DType;
use burn_cubecl::{kernel::into_contiguous, ops::numeric::zeros_client, tensor::CubeTensor};
use cubecl::{CubeCount, ir::ElemType, prelude::*};

/// The kernels on tensors.
pub(super) mod on_tensors {
    use crate::ops::{ScoreKind, kernels::Kernels};
    use burn::{
        backend::Dispatch,
        tensor::{Int, Tensor},
    };

    pub fn outside_unit(scores: Tensor<2>, slack: f32) -> Tensor<1, Int> {
        Tensor::from_dispatch(Dispatch::outside_unit(scores.into_dispatch(), slack))
    }

    pub fn softmax_probabilities(
        scores: Tensor<2>,
        outside: Tensor<1, Int>,
        kind: ScoreKind,
    ) -> Tensor<2> {
        let (scores, outside) = (scores.into_dispatch(), outside.into_dispatch());
        Tensor::from_dispatch(Dispatch::softmax_probabilities(scores, outside, kind))
    }
}

/// See [`ops::softmax_probabilities`](crate::ops::softmax_probabilities).
pub(in crate::ops) fn softmax_probabilities(
    scores: CubeTensor,
    outside: CubeTensor,
    kind: ScoreKind,
) -> CubeTensor {
    let (scores, outside) = (rows(scores), codes(outside));
    let [n, classes] = scores.meta.shape().dims();
    let out = empty(&scores, [n, classes], DType::F32);
    let team = team(classes);
    let dtype = elem(&scores);
    // SAFETY: the kernel reads and writes rows below `n` and columns below `classes`.
    unsafe {
        softmax::launch_unchecked(
            &out.client,
            one_each(n * team as usize),
            CUBE,
            scores.into_tensor_arg(),
            outside.into_tensor_arg(),
            out.clone().into_tensor_arg(),
            f32::NAN,
            kind == ScoreKind::Auto,
            team,
            dtype,
        );
    }
    out
}

#[cube(launch_unchecked)]
fn softmax<F: Float>(
    scores: &Tensor<F>,
    logits: &Tensor<i32>,
    out: &mut Tensor<f32>,
    undefined: f32,
    #[comptime] auto: bool,
    #[comptime] team: u32,
    #[define(F)] _dtype: ElemType,
) {
    let n = scores.shape(0);
    let classes = scores.shape(1);
    let lane = (UNIT_POS % team) as usize;
    let row = ABSOLUTE_POS / team as usize;
    let from = min(row, n - 1) * scores.stride(0);
    let into = row * classes;
    if comptime!(auto) && logits[0] == 0 {
        let mut i = lane;
        while i < classes && row < n {
            out[into + i] = f32::cast_from(scores[from + i]);
            i += team as usize;
        }
    } else {
        let mut max = f32::cast_from(scores[from]);
        let mut nan = 0.0f32;
        let mut i = lane;
        while i < classes {
            let score = f32::cast_from(scores[from + i]);
            if is_nan(score) {
                nan = 1.0f32;
            } else if score > max || is_nan(max) {
                max = score;
            }
            i += team as usize;
        }
        max = over_team(
            select(is_nan(max), f32::cast_from(f32::min_value()), max),
            team,
            true,
        );
        nan = over_team(nan, team, true);
        let mut sum = 0.0f32;
        let mut i = lane;
        while i < classes {
            sum += exp(f32::cast_from(scores[from + i]) - max);
            i += team as usize;
        }
        sum = over_team(sum, team, false);
        let bad = nan > 0.0 || is_infinite(max);
        let mut i = lane;
        while i < classes && row < n {
            let share = exp(f32::cast_from(scores[from + i]) - max) / sum;
            out[into + i] = select(bad, undefined, share);
            i += team as usize;
        }
    }
}

/// See [`ops::outside_unit`](crate::ops::outside_unit).
pub(in crate::ops) fn outside_unit(scores: CubeTensor, slack: f32) -> CubeTensor {
    let scores = into_contiguous(scores);
    let elements = scores.meta.num_elements();
    let few = elements <= FEW;
    let found = match few {
        true => empty(&scores, [1], DType::I32),
        false => {
            let (client, device) = (scores.client.clone(), scores.device.clone());
            zeros_client(client, device, [1].into(), DType::I32)
        }
    };
    let dtype = elem(&scores);
    // SAFETY: units stop at the last element.
    unsafe {
        find_outside::launch_unchecked(
            &found.client,
            if few {
                CubeCount::new_1d(1)
            } else {
                walking(elements)
            },
            CUBE,
            scores.into_tensor_arg(),
            found.clone().into_tensor_arg(),
            slack,
            dtype,
        );
    }
    found
}

/// Whether any score lies more than `slack` outside `[0, 1]`: 1 or 0. Several cubes need `found` to be 0 at first.
#[cube(launch_unchecked)]
fn find_outside<F: Float>(
    scores: &Tensor<F>,
    found: &mut Tensor<Atomic<i32>>,
    slack: f32,
    #[define(F)] _dtype: ElemType,
) {
    let any = Shared::<[Atomic<i32>]>::new_slice(1usize);
    if UNIT_POS == 0 {
        any[0].store(0i32);
    }
    sync_cube();
    let mut outside = false;
    let mut i = ABSOLUTE_POS;
    while i < scores.len() {
        let score = f32::cast_from(scores[i]);
        outside = outside || is_outside_unit(score, slack);
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    if outside {
        any[0].store(1i32);
    }
    sync_cube();
    if UNIT_POS == 0 {
        let flag = any[0].load();
        if CUBE_COUNT == 1 || flag != 0 {
            found[0].store(flag);
        }
    }
}
