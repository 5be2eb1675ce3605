//! The pass as one launch: every unit appends numbers to the lists.

use super::{SampleSink, Samples};
use crate::{
    framework::pass::{DeviceState, Plan},
    ops::{
        cube::{CUBE, counts::weight_code, floats, same_length, walking, writable},
        kernels::Kernels,
    },
};
use burn::backend::{
    Dispatch,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::Tensor as DeviceTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// What a launch is to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    /// How many lists there are, all of which hold the same.
    lists: usize,
    /// Whether the samples have weights.
    weighted: [bool; 2],
}

/// The pass of samples that are listed.
pub(super) fn pass(
    input: &Samples,
    plan: &Plan<SampleSink>,
    mut state: DeviceState,
) -> DeviceState {
    let kernel = KernelPlan {
        lists: plan.sinks.len(),
        weighted: [&input.x, &input.y].map(|sample| sample.weights.is_some()),
    };
    let n = input.sizes().iter().sum();
    let spot = state.lists.reserve(n);
    (state.lists, _) = state.lists.append(n, |lists| {
        // Without weights there is a number in their place, which nothing reads.
        let weights = |given: &Option<DeviceTensor<1>>| {
            let weights = given.as_ref().unwrap_or(&state.constants);
            weights.clone().into_dispatch()
        };
        let lists = <Dispatch as Kernels>::samples(
            lists.into_dispatch(),
            input.x.values.clone().into_dispatch(),
            input.y.values.clone().into_dispatch(),
            weights(&input.x.weights),
            weights(&input.y.weights),
            kernel,
            spot,
        );
        (DeviceTensor::from_dispatch(lists), ())
    });
    state
}

/// See [`Kernels::samples`].
pub(in crate::ops) fn launch(
    lists: IntTensor<CubeBackend>,
    x: FloatTensor<CubeBackend>,
    y: FloatTensor<CubeBackend>,
    x_weights: FloatTensor<CubeBackend>,
    y_weights: FloatTensor<CubeBackend>,
    plan: KernelPlan,
    [listed, room]: [usize; 2],
) -> IntTensor<CubeBackend> {
    let lists = writable(lists);
    let [x, y, x_weights, y_weights] = [x, y, x_weights, y_weights].map(floats);
    let sizes = [&x, &y].map(|sample| sample.meta.num_elements());
    for ((weighted, n), weights) in plan
        .weighted
        .iter()
        .zip(sizes)
        .zip([&x_weights, &y_weights])
    {
        if *weighted {
            same_length(n, &[weights]);
        }
    }
    // SAFETY: the kernel reads samples and their weights below their lengths, and `lists` has room for more numbers.
    unsafe {
        samples_pass::launch_unchecked(
            &lists.client,
            walking(sizes.iter().sum()),
            CUBE,
            lists.clone().into_tensor_arg(),
            x.into_tensor_arg(),
            y.into_tensor_arg(),
            x_weights.into_tensor_arg(),
            y_weights.into_tensor_arg(),
            listed as u32,
            room as u32,
            plan,
        );
    }
    lists
}

#[cube(launch_unchecked)]
fn samples_pass(
    lists: &mut Tensor<u32>,
    x: &Tensor<f32>,
    y: &Tensor<f32>,
    x_weights: &Tensor<f32>,
    y_weights: &Tensor<f32>,
    listed: u32,
    room: u32,
    #[comptime] plan: KernelPlan,
) {
    let first = x.len();
    let mut i = ABSOLUTE_POS;
    while i < first + y.len() {
        let mut value = x[min(i, first - 1)];
        let mut weight = 1.0f32;
        let mut sign = 0u32;
        if i < first {
            if comptime!(plan.weighted[0]) {
                weight = x_weights[i];
            }
        } else {
            value = y[i - first];
            if comptime!(plan.weighted[1]) {
                weight = y_weights[i - first];
            }
            sign = 0x8000_0000u32;
        }
        let mut bits = weight.to_bits() ^ sign;
        if weight_code(weight) < 0 {
            // NaN.
            bits = 0x7fc0_0000u32;
        }
        #[unroll]
        for k in 0..comptime!(plan.lists) {
            let place = 2 * (comptime!(k).runtime() * room as usize + listed as usize + i);
            lists[place] = value.to_bits();
            lists[place + 1] = bits;
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
}
