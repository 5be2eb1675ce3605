//! Kernels for class indices: the states of exact curves keep and read these on the device.

use crate::{
    Reason,
    ops::{
        cube::rows::{over_team, rows, team},
        cube::{
            CUBE, elem, empty, ignored, ints, label,
            math::{is_nan, is_outside_unit},
            one_each, same_length,
        },
    },
};
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{ir::ElemType, prelude::*};

/// The kernels on tensors.
pub(super) mod on_tensors {
    use crate::ops::kernels::Kernels;
    use burn::{
        backend::Dispatch,
        tensor::{Int, Tensor},
    };

    pub fn class_codes(
        probabilities: Tensor<2>,
        target: Tensor<1, Int>,
        ignore_index: Option<i64>,
    ) -> Tensor<2, Int> {
        let (probabilities, target) = (probabilities.into_dispatch(), target.into_dispatch());
        Tensor::from_dispatch(Dispatch::class_codes(probabilities, target, ignore_index))
    }
}

/// See [`ops::class_codes`](crate::ops::class_codes).
pub(in crate::ops) fn class_codes(
    probabilities: CubeTensor,
    target: CubeTensor,
    ignore_index: Option<i64>,
) -> CubeTensor {
    let (probabilities, target) = (rows(probabilities), ints(target));
    let (ignored, ignores) = ignored(&target, ignore_index);
    let [n, classes] = probabilities.meta.shape().dims();
    same_length(n, &[&target]);
    let codes = empty(&target, [n, classes], DType::I32);
    let team = team(classes);
    let dtypes = [elem(&probabilities), elem(&target)];
    // SAFETY: the kernel reads and writes rows below `n` and columns below `classes`.
    unsafe {
        codes_of_classes::launch_unchecked(
            &codes.client,
            one_each(n * team as usize),
            CUBE,
            probabilities.into_tensor_arg(),
            target.into_tensor_arg(),
            codes.clone().into_tensor_arg(),
            ignored,
            ignores,
            team,
            dtypes,
        );
    }
    codes
}

#[cube(launch_unchecked)]
fn codes_of_classes<F: Float, I: Int>(
    probabilities: &Tensor<F>,
    target: &Tensor<I>,
    codes: &mut Tensor<i32>,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[comptime] team: u32,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let n = target.len();
    let classes = probabilities.shape(1);
    let lane = (UNIT_POS % team) as usize;
    let row = ABSOLUTE_POS / team as usize;
    let at = min(row, n - 1);
    let from = at * probabilities.stride(0);
    // 2 for a NaN, 1 for what is no probability.
    let mut bad = 0.0f32;
    let mut i = lane;
    while i < classes {
        let p = f32::cast_from(probabilities[from + i]);
        if is_nan(p) {
            bad = 2.0f32;
        } else if is_outside_unit(p, 0.0f32) && bad == 0.0 {
            bad = 1.0f32;
        }
        i += team as usize;
    }
    bad = over_team(bad, team, true);
    let raw = target[at];
    let own = label::<I>(raw);
    let mut code = 0i32;
    if comptime!(ignores) && raw == ignored.get::<I>() {
        code = comptime!(Reason::Ignored.code()).runtime();
    } else if own < 0 || own >= classes as i32 {
        code = comptime!(Reason::InvalidTarget.code()).runtime();
    } else if bad > 1.5 {
        code = comptime!(Reason::Nan.code()).runtime();
    } else if bad > 0.5 {
        code = comptime!(Reason::InvalidPrediction.code()).runtime();
    }
    let mut i = lane;
    while i < classes && row < n {
        codes[row * classes + i] = select(code < 0, code, i32::cast_from(i as i32 == own));
        i += team as usize;
    }
}
