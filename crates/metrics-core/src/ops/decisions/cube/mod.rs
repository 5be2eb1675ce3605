//! The pass as one launch: every unit walks over decisions, and hands each to every sink.
//!
//! If sums are kept by label, a unit has a column and walks over rows. Otherwise units take decisions one after the other.

mod best;
mod plan;
mod rows;
mod sink;
mod sinks;
mod terms;
mod walk;

use super::{DecisionSink, Decisions};
use crate::{
    framework::pass::{DeviceState, Plan},
    ops::{
        self,
        cube::{CUBE, elem, floats, ints, kinds::Meaning, same_length, writable},
        kernels::Kernels,
    },
};
use burn::backend::{
    Dispatch,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::Tensor as DeviceTensor;
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use cubecl::CubeCount;
pub(in crate::ops) use plan::lists_fit;
pub use plan::{Grid, KernelPlan};
use walk::decisions_pass;

/// The most cubes in a dimension.
const WIDEST: usize = 65_535;

/// The pass of the sinks that there is a kernel for, and which these are.
pub(super) fn pass(
    decisions: &Decisions,
    plan: &Plan<DecisionSink>,
    mut state: DeviceState,
) -> (DeviceState, Vec<bool>) {
    let none = vec![false; plan.sinks.len()];
    let [rows, labels] = decisions.dims();
    let elements = rows * labels;
    let some = elements > 0 && elements <= ops::KERNEL_ELEMENTS;
    if !ops::has_kernels(&decisions.target.device()) || !some || !plan::fits(decisions, plan) {
        return (state, none);
    }
    let (launches, taken) = plan::launches(decisions, plan);
    let widest = launches.iter().map(|(_, [_, across])| *across).max();
    if widest.is_none_or(|across| across > WIDEST) {
        return (state, none);
    }
    state.epoch += 1;
    if (launches.iter()).any(|(kernel, _)| kernel.scores == Meaning::Told) {
        state.counts = DeviceTensor::from_dispatch(<Dispatch as Kernels>::tell_logits(
            state.counts.into_dispatch(),
            decisions.scores.clone().into_dispatch(),
            state.epoch,
            plan.counts,
        ));
    }
    let slots = launches.iter().filter(|(kernel, _)| kernel.has_sums());
    if let Some(slots) = slots.map(|(_, [along, _])| *along).max() {
        state.grow(slots);
    }
    // Keys that no kernel takes are listed elsewhere.
    let keys = plan::lists_fit([rows, labels]);
    let appended = if keys { rows } else { 0 };
    let [listed, room] = state.lists.reserve(appended);
    let (lists, (counts, words)) = state.lists.append(appended, |mut lists| {
        let (mut counts, mut words) = (state.counts, state.words);
        for (kernel, cubes) in launches {
            let grid = Grid {
                cubes: cubes.map(|cubes| cubes as u32),
                epoch: state.epoch,
                listed: listed as u32,
                room: room as u32,
                begin: state.samples.begin as u32,
                positions: decisions.positions() as u32,
            };
            // Kernels without weights or groups do not read what stands there.
            let weights = decisions.weights.as_ref().unwrap_or(&state.constants);
            let groups = match &decisions.groups {
                Some(groups) => groups.clone().into_dispatch(),
                None => decisions.target.clone().into_dispatch(),
            };
            let next = <Dispatch as Kernels>::decisions(
                counts.into_dispatch(),
                words.into_dispatch(),
                lists.into_dispatch(),
                state.constants.clone().into_dispatch(),
                decisions.scores.clone().into_dispatch(),
                decisions.target.clone().into_dispatch(),
                weights.clone().into_dispatch(),
                groups,
                kernel,
                grid,
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
    (state, taken)
}

/// See [`Kernels::decisions`].
#[allow(clippy::too_many_arguments)]
pub(in crate::ops) fn launch(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    lists: IntTensor<CubeBackend>,
    constants: FloatTensor<CubeBackend>,
    scores: FloatTensor<CubeBackend>,
    target: IntTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    groups: IntTensor<CubeBackend>,
    plan: KernelPlan,
    grid: Grid,
) -> (
    IntTensor<CubeBackend>,
    FloatTensor<CubeBackend>,
    IntTensor<CubeBackend>,
) {
    let (counts, words, lists) = (writable(counts), writable(words), writable(lists));
    let (scores, target) = (into_contiguous(scores), ints(target));
    let [rows, _] = scores.meta.shape().dims();
    same_length(scores.meta.num_elements(), &[&target]);
    let weights = plan.weighted.then(|| floats(weights));
    let groups = plan.grouped.then(|| ints(groups));
    weights.iter().for_each(|own| same_length(rows, &[own]));
    groups.iter().for_each(|own| same_length(rows, &[own]));
    let of_groups = groups.as_ref().map_or(elem(&target), elem);
    let dtypes = [elem(&scores), elem(&target), of_groups];
    let [along, across] = grid.cubes;
    // SAFETY: the kernel reads decisions below their number, and weights and groups below the number of rows. Places in
    // `counts` are checked against its length. `words` has a slot for each cube along the rows, with all sums that the
    // plan has, and `lists` has room for more rows.
    unsafe {
        decisions_pass::launch_unchecked(
            &counts.client,
            CubeCount::new_2d(along, across),
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            lists.clone().into_tensor_arg(),
            floats(constants).into_tensor_arg(),
            scores.into_tensor_arg(),
            target.into_tensor_arg(),
            weights.map(|own| own.into_tensor_arg()).into(),
            groups.map(|own| own.into_tensor_arg()).into(),
            grid.epoch,
            grid.listed,
            grid.room,
            grid.begin,
            grid.positions,
            f32::INFINITY,
            plan,
            dtypes,
        );
    }
    (counts, words, lists)
}
