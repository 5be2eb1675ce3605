//! The pass as one launch: a team of units has a row, and each unit some of its members.

use super::{EnsembleSink, Ensembles};
use crate::{
    Reason,
    framework::pass::{DeviceState, Plan},
    ops::{
        self,
        cube::{
            CUBE, UNITS,
            counts::{count, flush, own_counters, slot, weight_code},
            floats,
            math::is_nan,
            same_length,
            sums::{Sum, whole},
            teams::{Join, join_team},
            totals::{Place, add_to, desk, hand_over, zeros},
            writable,
        },
        kernels::Kernels,
    },
};
use burn::backend::{
    Dispatch,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::Tensor as DeviceTensor;
use burn_cubecl::CubeBackend;
use cubecl::{CubeCount, prelude::*};

/// The most cubes: each has a slot of its own.
const CUBES: usize = 1024;

/// Rows that a team takes, before there are more cubes.
const ROWS_PER_TEAM: usize = 4;

/// The most members: each is compared with all others.
const MEMBERS: usize = 1 << 13;

/// Members of a unit, where a row has enough of them.
const PER_UNIT: usize = 2;

/// The states of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    /// Where the counters and words of each sink begin.
    sinks: Vec<(usize, usize)>,
    counts: usize,
    words: usize,
    team: u32,
    weighted: bool,
    /// Not a part of the kernel's variant.
    cubes: u32,
}

impl KernelPlan {
    fn sums(&self) -> usize {
        1 + usize::from(self.weighted)
    }

    /// Where the sums go, those of each sink.
    fn places(&self, sink: usize) -> Vec<Place> {
        let place = |k: usize| Place {
            word: self.sinks[sink].1 + k,
            low: self.sums(),
            step: 0,
            columns: 1,
        };
        (0..self.sums()).map(place).collect()
    }
}

/// The pass, if there is a kernel for it.
pub(super) fn pass(
    input: &Ensembles,
    plan: &Plan<EnsembleSink>,
    mut state: DeviceState,
) -> Result<DeviceState, DeviceState> {
    let [rows, members] = input.pred.dims();
    let n = rows * members;
    let fits = n > 0 && n <= ops::KERNEL_ELEMENTS && members <= MEMBERS && plan.counts <= 1024;
    if !fits || !ops::has_kernels(&input.pred.device()) {
        return Err(state);
    }
    let team = members.div_ceil(PER_UNIT).next_power_of_two();
    let team = team.min(UNITS as usize);
    let teams = UNITS as usize / team;
    let cubes = rows.div_ceil(teams * ROWS_PER_TEAM).clamp(1, CUBES);
    state.grow(cubes);
    let kernel = KernelPlan {
        sinks: (plan.sinks.iter())
            .map(|placed| (placed.counts, placed.words))
            .collect(),
        counts: plan.counts,
        words: plan.words,
        team: team as u32,
        weighted: input.weights.is_some(),
        cubes: cubes.min(state.slots) as u32,
    };
    let weights = match &input.weights {
        Some(weights) => weights.clone().into_dispatch(),
        None => state.constants.clone().into_dispatch(),
    };
    let (counts, words) = <Dispatch as Kernels>::ensembles(
        state.counts.into_dispatch(),
        state.words.into_dispatch(),
        input.pred.clone().into_dispatch(),
        input.target.clone().into_dispatch(),
        weights,
        kernel,
    );
    state.counts = DeviceTensor::from_dispatch(counts);
    state.words = DeviceTensor::from_dispatch(words);
    Ok(state)
}

/// See [`Kernels::ensembles`].
pub(in crate::ops) fn launch(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    pred: FloatTensor<CubeBackend>,
    target: FloatTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    mut plan: KernelPlan,
) -> (IntTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let (counts, words) = (writable(counts), writable(words));
    let [pred, target, weights] = [pred, target, weights].map(floats);
    let [rows, members] = [0, 1].map(|k| pred.meta.shape()[k]);
    same_length(rows, &[&target]);
    if plan.weighted {
        same_length(rows, &[&weights]);
    }
    let cubes = CubeCount::new_1d(plan.cubes);
    plan.cubes = 0;
    // SAFETY: the kernel reads members below the length of `pred`, which is contiguous, and targets and weights below the number
    // of rows; places in `counts` are checked against its length, and `words` has a slot for each cube.
    unsafe {
        scores_pass::launch_unchecked(
            &counts.client,
            cubes,
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            pred.into_tensor_arg(),
            target.into_tensor_arg(),
            weights.into_tensor_arg(),
            members as u32,
            plan,
        );
    }
    (counts, words)
}

#[cube(launch_unchecked)]
fn scores_pass(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    pred: &Tensor<f32>,
    target: &Tensor<f32>,
    weights: &Tensor<f32>,
    members: u32,
    #[comptime] plan: KernelPlan,
) {
    let rows = target.len();
    let members = members as usize;
    let private = comptime!(plan.counts);
    let own = own_counters(private);
    let mut desk = desk();
    let mut totals = zeros(2usize);
    let team = comptime!(plan.team);
    let teams = comptime!((UNITS / team) as usize).runtime();
    let lane = (UNIT_POS % team) as usize;
    let many = f32::cast_from(members as u32);
    // The score of a row, and whether it has a NaN.
    let mut joined = Array::<f32>::new(2usize);
    let mut used = 0i32;
    let mut first = CUBE_POS * teams;
    while first < rows {
        let row = first + (UNIT_POS / team) as usize;
        // Units beyond the last row go on with it, for the barriers need them all.
        let at = min(row, rows - 1);
        let from = at * members;
        let y = target[at];
        let mut score = Sum::zero();
        let mut nan = is_nan(y);
        let mut i = lane;
        while i < members {
            let x = pred[from + i];
            nan = nan || is_nan(x);
            // An equal member, itself too, is half below.
            let mut below = 0.0f32;
            let mut equal = 0.0f32;
            let mut j = 0usize;
            while j < members {
                let other = pred[from + j];
                below += select(other < x, 1.0f32, 0.0f32);
                equal += select(other == x, 0.5f32, 0.0f32);
                j += 1;
            }
            // With sorted members, `2 / M² * sum((x_i - y) (M [x_i > y] - i + 1/2))`: every factor has the sign of its
            // distance, so that nothing cancels.
            let share = select(x > y, many, 0.0f32) - below - equal;
            score.add_number((x - y) * share);
            i += comptime!(team as usize).runtime();
        }
        joined[0] = whole(&score);
        joined[1] = select(nan, 1.0f32, 0.0f32);
        join_team(
            &mut joined,
            &mut desk,
            comptime!(vec![Join::Sum, Join::Most]),
            team,
        );
        if lane == 0 && row < rows {
            let mut weight = 1.0f32;
            let mut code = 0i32;
            if comptime!(plan.weighted) {
                weight = weights[at];
                code = weight_code(weight);
            }
            if joined[1] != 0.0f32 {
                code = comptime!(Reason::Nan.code()).runtime();
            }
            if code < 0 {
                #[unroll]
                for k in 0..comptime!(plan.sinks.len()) {
                    let place = comptime!(plan.sinks[k].0 + 1).runtime() + slot(code);
                    count(counts, &own, place, 1i32, private);
                }
            } else {
                used += 1i32;
                if weight > 0.0f32 {
                    let score = joined[0] * (2.0f32 / many) / many;
                    add_to(&mut totals, score * weight, 0.0f32, 0usize);
                    if comptime!(plan.weighted) {
                        add_to(&mut totals, weight, 0.0f32, 1usize);
                    }
                }
            }
        }
        first += CUBE_COUNT * teams;
    }
    let slot_at = CUBE_POS * comptime!(plan.words).runtime();
    #[unroll]
    for k in 0..comptime!(plan.sinks.len()) {
        if used != 0 {
            count(
                counts,
                &own,
                comptime!(plan.sinks[k].0).runtime(),
                used,
                private,
            );
        }
        let places = comptime!(plan.places(k));
        hand_over(words, slot_at, &totals, &mut desk, 0usize, places, 1usize);
    }
    flush(counts, &own, private);
}
