//! The pass as one launch: every unit walks over pairs and hands each to every sink.

mod elements;
mod kernel;
mod outputs;
mod pair;
mod plan;
mod rows;
mod terms;

pub use plan::KernelPlan;

use super::{PairSink, Pairs};
use crate::{
    framework::pass::{DeviceState, Plan},
    ops::{
        self,
        cube::{self, CUBE, UNITS, floats, same_length, writable},
        kernels::Kernels,
    },
};
use burn::backend::{
    Dispatch,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::{DType, Tensor as DeviceTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};
use cubecl::CubeCount;
use plan::Walk;

/// The most cubes: each has a slot of its own.
const CUBES: usize = 1024;

/// Elements that a unit takes, before there are more cubes.
const PER_UNIT: usize = 16;

/// Rows that a team takes, before there are more cubes.
const ROWS_PER_TEAM: usize = 4;

/// Numbers that a unit reads at once, where they lie side by side.
const VECTOR: usize = 4;

/// Whether there is a kernel for a sink of pairs of so many columns.
pub(super) fn takes(sink: &PairSink, columns: usize) -> bool {
    plan::walk(sink, columns).is_some()
}

/// The pass over the sinks that there is a kernel for, and whether there was one.
pub(super) fn pass(
    pairs: &Pairs,
    plan: &Plan<PairSink>,
    mut state: DeviceState,
) -> (DeviceState, bool) {
    let shape = pairs.pred.dims();
    let [rows, columns] = shape;
    let n = rows * columns;
    let fits = n > 0 && n <= ops::KERNEL_ELEMENTS;
    if !fits || !ops::has_kernels(&pairs.pred.device()) {
        return (state, false);
    }
    let weighted = pairs.weights.is_some();
    let launches = plan::launches(plan, shape, weighted);
    let most = launches.iter().map(|launch| launch.cubes_for(shape)).max();
    let Some(cubes) = most else {
        return (state, false);
    };
    state.grow(cubes);
    // Each cube has a slot of its own.
    let most = if plan.words > 0 { state.slots } else { CUBES };
    let [listed, room] = state.lists.reserve(rows);
    let (lists, (counts, words)) = state.lists.append(rows, |mut lists| {
        let (mut counts, mut words) = (state.counts, state.words);
        for mut launch in launches {
            launch.cubes = launch.cubes_for(shape).min(most) as u32;
            // Without weights there is a number in their place, which nothing reads.
            let weights = pairs.weights.as_ref().unwrap_or(&state.constants);
            let next = <Dispatch as Kernels>::pairs(
                counts.into_dispatch(),
                words.into_dispatch(),
                lists.into_dispatch(),
                pairs.pred.clone().into_dispatch(),
                pairs.target.clone().into_dispatch(),
                weights.clone().into_dispatch(),
                launch,
                [listed, room],
            );
            counts = DeviceTensor::from_dispatch(next.0);
            words = DeviceTensor::from_dispatch(next.1);
            lists = DeviceTensor::from_dispatch(next.2);
        }
        (lists, (counts, words))
    });
    let state = DeviceState {
        counts,
        words,
        lists,
        slots: state.slots,
        width: state.width,
        constants: state.constants,
        epoch: state.epoch,
        samples: state.samples,
    };
    (state, true)
}

impl KernelPlan {
    fn cubes_for(&self, [rows, columns]: [usize; 2]) -> usize {
        let units = UNITS as usize;
        let cubes = |walk: Walk, number: usize, in_a_cube: usize| {
            let any = self.any(walk);
            if any { number.div_ceil(in_a_cube) } else { 1 }
        };
        let elements = cubes(Walk::Elements, rows * columns, units * PER_UNIT);
        let outputs = cubes(Walk::Outputs, rows, units / self.width * PER_UNIT);
        let teams = units / self.team as usize;
        let rows = cubes(Walk::Rows, rows, teams * ROWS_PER_TEAM);
        elements.max(outputs).max(rows).clamp(1, CUBES)
    }
}

/// See [`Kernels::pairs`].
#[allow(clippy::too_many_arguments)]
pub(in crate::ops) fn launch(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    lists: IntTensor<CubeBackend>,
    pred: FloatTensor<CubeBackend>,
    target: FloatTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    mut plan: KernelPlan,
    [listed, room]: [usize; 2],
) -> (
    IntTensor<CubeBackend>,
    FloatTensor<CubeBackend>,
    IntTensor<CubeBackend>,
) {
    let (counts, words, lists) = (writable(counts), writable(words), writable(lists));
    let weights = floats(weights);
    let [rows, columns] = [0, 1].map(|k| pred.meta.shape()[k]);
    let n = rows * columns;
    same_length(n, &[&target]);
    if plan.weighted {
        same_length(rows, &[&weights]);
    }
    let wide = n % VECTOR == 0 && !plan.any(Walk::Outputs) && !plan.any(Walk::Rows);
    let (pred, target) = if wide {
        plan.vector = VECTOR;
        let flat = |tensor| cube::reshaped(floats(tensor), [n]);
        (flat(pred), flat(target))
    } else {
        (matrix(pred), matrix(target))
    };
    let row = |tensor: &CubeTensor| match tensor.meta.strides()[..] {
        [row, _] if rows > 1 => row,
        _ => columns,
    };
    let strides = [row(&pred), row(&target)];
    plan.apart = strides != [columns; 2];
    // Without weights there is a number in their place, which nothing reads.
    let by_row = plan.weighted && plan.narrow;
    let vectors = [plan.vector, if by_row { plan.vector } else { 1 }];
    let cubes = CubeCount::new_1d(plan.cubes);
    plan.cubes = 0;
    // SAFETY: the kernel reads pairs below `rows` and `columns` in matrices of that shape, and weights below the number of
    // rows; places in `counts` are checked against its length, `words` has a slot for each cube, and `lists` has room for more rows.
    unsafe {
        kernel::pairs_pass::launch_unchecked(
            &counts.client,
            cubes,
            CUBE,
            vectors[0],
            vectors[1],
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            lists.clone().into_tensor_arg(),
            pred.into_tensor_arg(),
            target.into_tensor_arg(),
            weights.into_tensor_arg(),
            rows as u32,
            columns as u32,
            strides[0] as u32,
            strides[1] as u32,
            listed as u32,
            room as u32,
            f32::INFINITY,
            plan,
        );
    }
    (counts, words, lists)
}

/// A matrix whose rows may lie apart, within what indices of 32 bits reach.
fn matrix(tensor: CubeTensor) -> CubeTensor {
    let tensor = if tensor.dtype == DType::F32 {
        cube::rows::rows(tensor)
    } else {
        floats(tensor)
    };
    let rows = tensor.meta.shape()[0];
    if rows * tensor.meta.strides()[0] > ops::KERNEL_ELEMENTS {
        return into_contiguous(tensor);
    }
    tensor
}
