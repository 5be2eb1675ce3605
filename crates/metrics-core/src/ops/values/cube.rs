//! The pass as one launch: every unit walks over numbers and hands each to every sink.

use super::{NanRule, Numbers, ValueSink};
use crate::{
    framework::pass::{DeviceState, Plan},
    ops::{
        self,
        cube::{
            CUBE, UNITS,
            counts::{PRIVATE, count, flush, own_counters},
            floats,
            math::is_nan,
            same_length,
            sums::{Sum, add_to_slot, of_ordered, ordered, over_units},
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
const CUBES: usize = 512;

/// Numbers that a unit takes, before there are more cubes.
const PER_UNIT: usize = 16;

/// The sinks of a launch with the places of their states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    sinks: Vec<KernelSink>,
    counts: usize,
    private: bool,
    words: usize,
    cubes: u32,
    weighted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct KernelSink {
    totals: bool,
    /// By its bits what a NaN becomes, or where it is counted.
    rule: Result<u32, usize>,
    counts: usize,
    words: usize,
}

impl KernelSink {
    fn imputed(&self) -> f32 {
        self.rule.map_or(0.0, f32::from_bits)
    }

    fn counter(&self) -> usize {
        self.rule.err().unwrap_or(0)
    }
}

/// The pass, if there is a kernel for it.
pub(super) fn pass(
    input: &Numbers,
    plan: &Plan<ValueSink>,
    mut state: DeviceState,
) -> Result<DeviceState, DeviceState> {
    let [n] = input.values.dims();
    if n == 0 || n > ops::KERNEL_ELEMENTS || !ops::has_kernels(&input.values.device()) {
        return Err(state);
    }
    let cubes = n.div_ceil(UNITS as usize * PER_UNIT).clamp(1, CUBES);
    state.grow(cubes, plan.words);
    let sinks = plan.sinks.iter().map(|placed| {
        let (totals, rule) = match placed.sink {
            ValueSink::Totals(rule) => (true, rule),
            ValueSink::Extremes(rule) => (false, rule),
        };
        KernelSink {
            totals,
            rule: match rule {
                NanRule::Impute(value) => Ok(value.to_bits()),
                NanRule::LeaveOut(_) => Err(rule.counter()),
            },
            counts: placed.counts,
            words: placed.words,
        }
    });
    let kernel = KernelPlan {
        sinks: sinks.collect(),
        counts: plan.counts,
        private: plan.counts <= PRIVATE && n >= 4 * plan.counts,
        words: plan.words,
        cubes: cubes.min(state.slots) as u32,
        weighted: input.weights.is_some(),
    };
    let weights = match &input.weights {
        Some(weights) => weights.clone().into_dispatch(),
        None => state.constants.clone().into_dispatch(),
    };
    let (counts, words) = <Dispatch as Kernels>::numbers(
        state.counts.into_dispatch(),
        state.words.into_dispatch(),
        input.values.clone().into_dispatch(),
        weights,
        kernel,
    );
    state.counts = DeviceTensor::from_dispatch(counts);
    state.words = DeviceTensor::from_dispatch(words);
    Ok(state)
}

/// See [`Kernels::numbers`].
pub(in crate::ops) fn launch(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    values: FloatTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    plan: KernelPlan,
) -> (IntTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let (counts, words) = (writable(counts), writable(words));
    let [values, weights] = [values, weights].map(floats);
    if plan.weighted {
        same_length(values.meta.num_elements(), &[&weights]);
    }
    let cubes = CubeCount::new_1d(plan.cubes);
    // Not a part of the kernel's variant.
    let plan = KernelPlan { cubes: 0, ..plan };
    // SAFETY: the kernel reads numbers below the length of `values`, and as many weights; places in `counts` are
    // checked against its length, and `words` has a slot for each cube.
    unsafe {
        numbers_pass::launch_unchecked(
            &counts.client,
            cubes,
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            values.into_tensor_arg(),
            weights.into_tensor_arg(),
            f32::INFINITY,
            plan,
        );
    }
    (counts, words)
}

#[cube(launch_unchecked)]
fn numbers_pass(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    values: &Tensor<f32>,
    weights: &Tensor<f32>,
    infinity: f32,
    #[comptime] plan: KernelPlan,
) {
    let private = comptime!(if plan.private { plan.counts } else { 0 });
    let own = own_counters(private);
    let slot_at = CUBE_POS as usize * comptime!(plan.words).runtime();
    #[unroll]
    for k in 0..comptime!(plan.sinks.len()) {
        let sink = comptime!(plan.sinks[k].clone());
        let from = slot_at + comptime!(sink.words).runtime();
        let mut sum = Sum::zero();
        let mut weighted_sum = Sum::zero();
        let mut total = Sum::zero();
        let mut low = infinity;
        let mut high = -infinity;
        let mut used = 0i32;
        let mut nans = 0i32;
        let mut i = ABSOLUTE_POS;
        while i < values.len() {
            let mut value = values[i];
            let mut weight = 1.0f32;
            if comptime!(plan.weighted && sink.totals) {
                weight = weights[i];
            }
            let nan = is_nan(value) || is_nan(weight);
            if nan {
                value = comptime!(sink.imputed()).runtime();
                weight = 1.0f32;
                nans += 1i32;
            } else {
                used += 1i32;
            }
            if comptime!(sink.rule.is_ok()) || !nan {
                if comptime!(sink.totals) {
                    sum.add_number(value);
                    if comptime!(plan.weighted) {
                        weighted_sum.add_number(value * weight);
                        total.add_number(weight);
                    }
                } else {
                    low = min(low, value);
                    high = max(high, value);
                }
            }
            i += CUBE_COUNT * CUBE_DIM as usize;
        }
        let begin = comptime!(sink.counts).runtime();
        count(counts, &own, begin, used, private);
        if nans > 0 {
            let place = begin + comptime!(sink.counter()).runtime();
            count(counts, &own, place, nans, private);
        }
        if comptime!(sink.totals) {
            let places = comptime!(if plan.weighted { 3usize } else { 1usize }).runtime();
            over_units(&mut sum);
            if UNIT_POS == 0 {
                add_to_slot(words, from, places, &sum);
            }
            if comptime!(plan.weighted) {
                over_units(&mut weighted_sum);
                over_units(&mut total);
                if UNIT_POS == 0 {
                    add_to_slot(words, from + 1, places, &weighted_sum);
                    add_to_slot(words, from + 2, places, &total);
                }
            }
        } else {
            let range = Shared::<[Atomic<u32>]>::new_slice(2usize);
            if UNIT_POS == 0 {
                range[0].store(ordered(infinity));
                range[1].store(ordered(-infinity));
            }
            sync_cube();
            range[0].fetch_min(ordered(low));
            range[1].fetch_max(ordered(high));
            sync_cube();
            if UNIT_POS == 0 {
                low = of_ordered(range[0].load());
                high = of_ordered(range[1].load());
                if words[from] != 0.0f32 {
                    low = min(low, words[from + 1]);
                    high = max(high, words[from + 2]);
                }
                words[from] = 1.0f32;
                words[from + 1] = low;
                words[from + 2] = high;
            }
            sync_cube();
        }
    }
    flush(counts, &own, private);
}
