//! The pass as one launch: every unit walks over numbers and hands each to every sink.

use super::{NanRule, Numbers, ValueSink};
use crate::{
    framework::pass::{DeviceState, Plan},
    ops::{
        self,
        cube::{
            CUBE, UNITS,
            counts::{count, flush, own_counters},
            floats,
            math::{is_infinite, is_nan},
            same_length,
            sums::{of_ordered, ordered},
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

/// The most counters that a cube keeps for itself.
const PRIVATE: usize = 256;

/// The most sums of all sinks: a unit keeps each in two registers.
const SUMS: usize = 48;

/// Numbers that a unit reads at once.
const VECTOR: usize = 4;

/// Numbers that a unit takes, before there are more cubes.
const PER_UNIT: usize = 16;

/// The sinks of a launch with the places of their states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    sinks: Vec<KernelSink>,
    counts: usize,
    private: bool,
    words: usize,
    /// Where the sums go that each unit keeps.
    places: Vec<Place>,
    vector: usize,
    weighted: bool,
    /// Not a part of the kernel's variant.
    cubes: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct KernelSink {
    kind: Kind,
    /// By its bits what a NaN becomes, or where it is counted.
    rule: Result<u32, usize>,
    counts: usize,
    words: usize,
    sums: usize,
    /// Which list is its own.
    list: usize,
    /// The first of the sums that a unit keeps.
    sum: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Totals,
    Extremes,
    List,
}

impl KernelSink {
    fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }

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
    let fits = n > 0 && n <= ops::KERNEL_ELEMENTS;
    if !fits || !ops::has_kernels(&input.values.device()) {
        return Err(state);
    }
    let mut cubes = n.div_ceil(UNITS as usize * PER_UNIT).clamp(1, CUBES);
    state.grow(cubes);
    if plan.words > 0 {
        // Each cube has a slot of its own.
        cubes = cubes.min(state.slots);
    }
    let launches = launches(input, plan, cubes);
    let [listed, room] = state.lists.reserve(n);
    let (lists, (counts, words)) = state.lists.append(n, |mut lists| {
        let (mut counts, mut words) = (state.counts, state.words);
        for kernel in launches {
            // Without weights there is a number in their place, which nothing reads.
            let weights = input.weights.as_ref().unwrap_or(&state.constants);
            let next = <Dispatch as Kernels>::numbers(
                counts.into_dispatch(),
                words.into_dispatch(),
                lists.into_dispatch(),
                input.values.clone().into_dispatch(),
                weights.clone().into_dispatch(),
                kernel,
                [listed, room],
            );
            counts = DeviceTensor::from_dispatch(next.0);
            words = DeviceTensor::from_dispatch(next.1);
            lists = DeviceTensor::from_dispatch(next.2);
        }
        (lists, (counts, words))
    });
    Ok(DeviceState {
        counts,
        words,
        lists,
        slots: state.slots,
        width: state.width,
        constants: state.constants,
        epoch: state.epoch,
        samples: state.samples,
    })
}

/// One launch, unless units would keep too many sums.
fn launches(input: &Numbers, plan: &Plan<ValueSink>, cubes: usize) -> Vec<KernelPlan> {
    let n = input.values.dims()[0];
    let mut launches: Vec<KernelPlan> = Vec::new();
    for placed in &plan.sinks {
        let full = |launch: &KernelPlan| launch.places.len() + placed.size.sums > SUMS;
        if launches.last().is_none_or(full) {
            launches.push(KernelPlan {
                sinks: Vec::new(),
                counts: plan.counts,
                private: plan.counts <= PRIVATE && n >= 4 * plan.counts,
                words: plan.words,
                places: Vec::new(),
                vector: 1,
                weighted: input.weights.is_some(),
                cubes: cubes as u32,
            });
        }
        let Some(launch) = launches.last_mut() else {
            continue;
        };
        let (kind, rule) = match placed.sink {
            ValueSink::Totals(rule) => (Kind::Totals, rule),
            ValueSink::Extremes(rule) => (Kind::Extremes, rule),
            ValueSink::List(rule) => (Kind::List, rule),
        };
        launch.sinks.push(KernelSink {
            kind,
            rule: match rule {
                NanRule::Impute(value) => Ok(value.to_bits()),
                NanRule::LeaveOut(_) => Err(rule.counter()),
            },
            counts: placed.counts,
            words: placed.words,
            sums: placed.size.sums,
            list: placed.lists,
            sum: launch.places.len(),
        });
        launch.places.extend((0..placed.size.sums).map(|k| Place {
            word: placed.words + k,
            low: placed.size.sums,
            step: 0,
            columns: 1,
        }));
    }
    launches
}

/// See [`Kernels::numbers`].
pub(in crate::ops) fn launch(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    lists: IntTensor<CubeBackend>,
    values: FloatTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    mut plan: KernelPlan,
    [listed, room]: [usize; 2],
) -> (
    IntTensor<CubeBackend>,
    FloatTensor<CubeBackend>,
    IntTensor<CubeBackend>,
) {
    let (counts, words, lists) = (writable(counts), writable(words), writable(lists));
    let [values, weights] = [values, weights].map(floats);
    let n = values.meta.num_elements();
    if plan.weighted {
        same_length(n, &[&weights]);
    }
    plan.vector = if n.is_multiple_of(VECTOR) { VECTOR } else { 1 };
    let weights_at_once = if plan.weighted { plan.vector } else { 1 };
    let cubes = CubeCount::new_1d(plan.cubes);
    plan.cubes = 0;
    // SAFETY: the kernel reads numbers below the length of `values`, and as many weights; places in `counts` are
    // checked against its length, `words` has a slot for each cube, and `lists` has room for more numbers.
    unsafe {
        numbers_pass::launch_unchecked(
            &counts.client,
            cubes,
            CUBE,
            plan.vector,
            weights_at_once,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            lists.clone().into_tensor_arg(),
            values.into_tensor_arg(),
            weights.into_tensor_arg(),
            listed as u32,
            room as u32,
            f32::INFINITY,
            plan,
        );
    }
    (counts, words, lists)
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn numbers_pass<N: Size, M: Size>(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    lists: &mut Tensor<u32>,
    values: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, M>>,
    listed: u32,
    room: u32,
    infinity: f32,
    #[comptime] plan: KernelPlan,
) {
    let private = comptime!(if plan.private { plan.counts } else { 0 });
    let own = own_counters(private);
    let slot_at = CUBE_POS * comptime!(plan.words).runtime();
    let sinks = comptime!(plan.sinks.len());
    let mut totals = zeros(comptime!(plan.places.len()));
    let mut ends = Array::<f32>::new(comptime!(2 * sinks));
    let mut used = Array::<i32>::new(sinks);
    let mut nans = Array::<i32>::new(sinks);
    let mut infinite = false;
    #[unroll]
    for k in 0..sinks {
        ends[comptime!(2 * k)] = infinity;
        ends[comptime!(2 * k + 1)] = -infinity;
        used[k] = 0i32;
        nans[k] = 0i32;
    }
    let mut i = ABSOLUTE_POS;
    while i < values.len() {
        let numbers = values[i];
        let weights = weights_at(weights, i, comptime!(plan.weighted));
        #[unroll]
        for lane in 0..comptime!(plan.vector) {
            let number = numbers.extract(lane);
            let mut given = 1.0f32;
            if comptime!(plan.weighted) {
                given = weights.extract(lane);
            }
            #[unroll]
            for k in 0..sinks {
                let sink = comptime!(plan.sinks[k].clone());
                let mut value = number;
                let mut weight = given;
                let mut nan = is_nan(value);
                if comptime!(sink.is(Kind::Totals)) {
                    nan = nan || is_nan(weight);
                }
                if nan {
                    value = comptime!(sink.imputed()).runtime();
                    weight = 1.0f32;
                    nans[k] += 1i32;
                } else {
                    used[k] += 1i32;
                }
                if comptime!(sink.is(Kind::List)) {
                    if nan && comptime!(sink.rule.is_err()) {
                        value = number;
                    }
                    let place = listed as usize
                        + i * comptime!(plan.vector).runtime()
                        + comptime!(lane).runtime();
                    lists[comptime!(sink.list).runtime() * room as usize + place] = value.to_bits();
                } else if comptime!(sink.rule.is_ok()) || !nan {
                    if comptime!(sink.is(Kind::Totals)) {
                        infinite = infinite || is_infinite(value) || is_infinite(weight);
                        add_to(&mut totals, value, 0.0f32, comptime!(sink.sum));
                        if comptime!(plan.weighted) {
                            let product = value * weight;
                            add_to(&mut totals, product, 0.0f32, comptime!(sink.sum + 1));
                            add_to(&mut totals, weight, 0.0f32, comptime!(sink.sum + 2));
                        }
                    } else {
                        let (low, high) = (comptime!(2 * k), comptime!(2 * k + 1));
                        ends[low] = min(ends[low], value);
                        ends[high] = max(ends[high], value);
                    }
                }
            }
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    #[unroll]
    for k in 0..sinks {
        let sink = comptime!(plan.sinks[k].clone());
        let begin = comptime!(sink.counts).runtime();
        if comptime!(!sink.is(Kind::List)) {
            if used[k] > 0 {
                count(counts, &own, begin, used[k], private);
            }
            if nans[k] > 0 {
                let place = begin + comptime!(sink.counter()).runtime();
                count(counts, &own, place, nans[k], private);
            }
        }
        if comptime!(sink.is(Kind::Extremes)) {
            let from = slot_at + comptime!(sink.words).runtime();
            let range = Shared::<[Atomic<u32>]>::new_slice(2usize);
            if UNIT_POS == 0 {
                range[0].store(ordered(infinity));
                range[1].store(ordered(-infinity));
            }
            sync_cube();
            range[0].fetch_min(ordered(ends[comptime!(2 * k)]));
            range[1].fetch_max(ordered(ends[comptime!(2 * k + 1)]));
            sync_cube();
            if UNIT_POS == 0 {
                let mut low = of_ordered(range[0].load());
                let mut high = of_ordered(range[1].load());
                if words[from] != 0.0f32 {
                    low = min(low, words[from + 1]);
                    high = max(high, words[from + 2]);
                }
                words[from] = 1.0f32;
                words[from + 1] = low;
                words[from + 2] = high;
            }
        }
    }
    if infinite {
        #[unroll]
        for k in 0..sinks {
            let sink = comptime!(plan.sinks[k].clone());
            if comptime!(sink.is(Kind::Totals)) {
                // Whichever unit writes last, the mark is the same.
                words[slot_at + comptime!(sink.words + 2 * sink.sums).runtime()] = 1.0f32;
            }
        }
    }
    let mut desk = desk();
    let places = comptime!(plan.places.clone());
    hand_over(words, slot_at, &totals, &mut desk, 0usize, places, 1usize);
    flush(counts, &own, private);
}

/// Some weights, or a number that nothing reads.
#[cube]
fn weights_at<M: Size>(
    weights: &Tensor<Vector<f32, M>>,
    i: usize,
    #[comptime] weighted: bool,
) -> Vector<f32, M> {
    let mut given = Vector::new(1.0f32);
    if comptime!(weighted) {
        given = weights[i];
    }
    given
}
