//! The pass as one launch: every unit walks over pairs and hands each to every sink.

mod terms;

use super::{JOINT, MOMENTS, PairSink, Pairs, TermsKernel, Unit};
use crate::{
    Reason,
    framework::pass::{DeviceState, Placed, Plan},
    ops::{
        self,
        cube::{
            CUBE, UNITS,
            counts::{PRIVATE, count, flush, own_counters, slot},
            floats,
            math::{is_infinite, is_nan, opaque},
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
use terms::add_terms;

/// The most cubes: each has a slot of its own.
const CUBES: usize = 512;

/// Pairs that a unit takes, before there are more cubes.
const PER_UNIT: usize = 16;

/// The most sums that a unit keeps: as many pairs of registers.
const SUMS: usize = 48;

/// The sinks of a launch with the places of their states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    sinks: Vec<KernelSink>,
    /// Counters of the pass.
    counts: usize,
    /// Whether each cube counts in memory of its own.
    private: bool,
    /// `f32` of a slot.
    words: usize,
    /// Sums that each unit keeps.
    sums: usize,
    cubes: u32,
    weighted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct KernelSink {
    kind: Kind,
    /// Where its counters and words begin.
    counts: usize,
    words: usize,
    /// Its sums, and the first of those that each unit keeps.
    sums: usize,
    sum: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Moments { extremes: bool },
    Joint,
    Terms(TermsKernel),
}

impl KernelSink {
    fn is_moments(&self) -> bool {
        matches!(self.kind, Kind::Moments { .. })
    }

    fn has_extremes(&self) -> bool {
        matches!(self.kind, Kind::Moments { extremes: true })
    }

    fn is_joint(&self) -> bool {
        self.kind == Kind::Joint
    }

    /// How many of its sums are not that of weights.
    fn terms(&self, weighted: bool) -> usize {
        match self.kind {
            Kind::Moments { .. } => MOMENTS,
            Kind::Joint => JOINT,
            Kind::Terms(_) => self.sums - usize::from(weighted),
        }
    }

    fn kernel(&self) -> TermsKernel {
        match self.kind {
            Kind::Terms(kernel) => kernel,
            _ => TermsKernel::AbsolutePercentage,
        }
    }
}

/// Whether there is a kernel for a sink of pairs of so many columns.
pub(super) fn takes(sink: &PairSink, columns: usize) -> bool {
    let single = columns == 1 || sink.unit() == Unit::Elements;
    let known = match sink {
        PairSink::Terms(terms) => terms.0.unit() != Unit::Rows && terms.0.kernel().is_some(),
        _ => true,
    };
    single && known
}

/// The pass over the sinks that there is a kernel for, and whether there was one.
pub(super) fn pass(
    pairs: &Pairs,
    plan: &Plan<PairSink>,
    mut state: DeviceState,
) -> (DeviceState, bool) {
    let [rows, columns] = pairs.pred.dims();
    let n = rows * columns;
    let sinks = plan
        .sinks
        .iter()
        .filter(|placed| takes(&placed.sink, columns));
    let sinks: Vec<_> = sinks.collect();
    let sums: usize = sinks.iter().map(|placed| placed.size.sums).sum();
    let fits = n > 0 && n <= ops::KERNEL_ELEMENTS && sums <= SUMS && !sinks.is_empty();
    if !fits || !ops::has_kernels(&pairs.pred.device()) {
        return (state, false);
    }
    let cubes = n.div_ceil(UNITS as usize * PER_UNIT).clamp(1, CUBES);
    state.grow(cubes, plan.words);
    let cubes = cubes.min(state.slots);
    let kernel = KernelPlan::new(&sinks, plan, n, cubes, pairs.weights.is_some());
    let flat = |tensor: &DeviceTensor<2>| tensor.clone().reshape([n]).into_dispatch();
    let weights = match &pairs.weights {
        Some(weights) => weights.clone().into_dispatch(),
        None => state.constants.clone().into_dispatch(),
    };
    let (counts, words) = <Dispatch as Kernels>::pairs(
        state.counts.into_dispatch(),
        state.words.into_dispatch(),
        flat(&pairs.pred),
        flat(&pairs.target),
        weights,
        columns,
        kernel,
    );
    state.counts = DeviceTensor::from_dispatch(counts);
    state.words = DeviceTensor::from_dispatch(words);
    (state, true)
}

impl KernelPlan {
    fn new(
        sinks: &[&Placed<PairSink>],
        plan: &Plan<PairSink>,
        n: usize,
        cubes: usize,
        weighted: bool,
    ) -> Self {
        let mut sums = 0;
        let sinks = sinks.iter().filter_map(|placed| {
            let kind = match &placed.sink {
                PairSink::Moments { extremes, .. } => Kind::Moments {
                    extremes: *extremes,
                },
                PairSink::Joint { .. } => Kind::Joint,
                PairSink::Terms(terms) => Kind::Terms(terms.0.kernel()?),
            };
            let sink = KernelSink {
                kind,
                counts: placed.counts,
                words: placed.words,
                sums: placed.size.sums,
                sum: sums,
            };
            sums += placed.size.sums;
            Some(sink)
        });
        Self {
            sinks: sinks.collect(),
            counts: plan.counts,
            private: plan.counts <= PRIVATE && n >= 4 * plan.counts,
            words: plan.words,
            sums,
            cubes: cubes as u32,
            weighted,
        }
    }
}

/// See [`Kernels::pairs`].
pub(in crate::ops) fn launch(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    pred: FloatTensor<CubeBackend>,
    target: FloatTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    columns: usize,
    plan: KernelPlan,
) -> (IntTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let (counts, words) = (writable(counts), writable(words));
    let [pred, target, weights] = [pred, target, weights].map(floats);
    let n = pred.meta.num_elements();
    same_length(n, &[&target]);
    if plan.weighted {
        same_length(n / columns.max(1), &[&weights]);
    }
    let cubes = CubeCount::new_1d(plan.cubes);
    // Not a part of the kernel's variant.
    let plan = KernelPlan { cubes: 0, ..plan };
    // SAFETY: the kernel reads pairs below `n` and weights below the number of rows; places in `counts` are checked
    // against its length, and `words` has a slot for each cube.
    unsafe {
        pairs_pass::launch_unchecked(
            &counts.client,
            cubes,
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            pred.into_tensor_arg(),
            target.into_tensor_arg(),
            weights.into_tensor_arg(),
            columns as u32,
            f32::INFINITY,
            plan,
        );
    }
    (counts, words)
}

/// A pair and its weight.
#[derive(CubeType, Clone, Copy)]
struct Pair {
    pred: f32,
    target: f32,
    weight: f32,
    /// The code of a pair with a NaN, or 0.
    code: i32,
    /// The code for its weight, or 0.
    weight_code: i32,
}

#[cube]
fn pair_at(
    pred: &Tensor<f32>,
    target: &Tensor<f32>,
    weights: &Tensor<f32>,
    columns: u32,
    i: usize,
    #[comptime] weighted: bool,
) -> Pair {
    let p = pred[i];
    let t = target[i];
    let mut weight = 1.0f32;
    let mut weight_code = 0i32;
    if comptime!(weighted) {
        weight = weights[i / columns as usize];
        if is_nan(weight) || is_infinite(weight) || weight < 0.0f32 {
            weight_code = comptime!(Reason::InvalidWeight.code()).runtime();
        }
    }
    let mut code = 0i32;
    if is_nan(p) || is_nan(t) {
        code = comptime!(Reason::Nan.code()).runtime();
    }
    Pair {
        pred: p,
        target: t,
        weight,
        code,
        weight_code,
    }
}

/// Adds to a sum of those that a unit keeps.
#[cube]
fn add_to(totals: &mut Array<f32>, high: f32, low: f32, #[comptime] at: usize) {
    let mut total = Sum {
        high: totals[comptime!(2 * at)],
        low: totals[comptime!(2 * at + 1)],
    };
    total.add(high, low);
    totals[comptime!(2 * at)] = total.high;
    totals[comptime!(2 * at + 1)] = total.low;
}

/// `a + b` to the last digit, in two halves.
#[cube]
fn two_sum(a: f32, b: f32) -> Sum {
    let mut sum = Sum {
        high: a,
        low: 0.0f32,
    };
    sum.add_number(b);
    sum
}

/// The place of a pair of the cube that a pivot can be taken from, or the number of pairs.
#[cube]
fn pivot_place(
    pred: &Tensor<f32>,
    target: &Tensor<f32>,
    weights: &Tensor<f32>,
    columns: u32,
    #[comptime] both: bool,
    #[comptime] weighted: bool,
) -> usize {
    let first = Shared::<[Atomic<u32>]>::new_slice(1usize);
    let n = pred.len();
    if UNIT_POS == 0 {
        first[0].store(u32::cast_from(n));
    }
    sync_cube();
    let mut i = ABSOLUTE_POS;
    while i < n {
        let pair = pair_at(pred, target, weights, columns, i, weighted);
        let mut fit = pair.code == 0 && pair.weight_code == 0 && pair.weight > 0.0f32;
        fit = fit && !is_infinite(pair.target);
        if comptime!(both) {
            fit = fit && !is_infinite(pair.pred);
        }
        if fit {
            first[0].fetch_min(u32::cast_from(i));
            i = n;
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }
    sync_cube();
    let place = usize::cast_from(first[0].load());
    sync_cube();
    place
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn pairs_pass(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    pred: &Tensor<f32>,
    target: &Tensor<f32>,
    weights: &Tensor<f32>,
    columns: u32,
    infinity: f32,
    #[comptime] plan: KernelPlan,
) {
    let n = pred.len();
    let weighted = comptime!(plan.weighted);
    let private = comptime!(if plan.private { plan.counts } else { 0 });
    let own = own_counters(private);
    let slot_at = CUBE_POS as usize * comptime!(plan.words).runtime();

    let mut totals = Array::<f32>::new(comptime!(2 * plan.sums.max(1)));
    #[unroll]
    for k in 0..comptime!(2 * plan.sums) {
        totals[k] = 0.0f32;
    }
    let sinks = comptime!(plan.sinks.len());
    let mut used = Array::<i32>::new(sinks);
    // Of each sink the pivots, of which there are 4 at most, and the extremes.
    let mut marks = Array::<f32>::new(comptime!(4 * sinks));
    let mut ends = Array::<f32>::new(comptime!(2 * sinks));
    #[unroll]
    for k in 0..sinks {
        used[k] = 0i32;
        ends[2 * k] = infinity;
        ends[2 * k + 1] = -infinity;
        let sink = comptime!(plan.sinks[k].clone());
        let from = slot_at + comptime!(sink.words).runtime();
        if comptime!(sink.is_moments() || sink.is_joint()) {
            let both = comptime!(sink.is_joint());
            let place = pivot_place(pred, target, weights, columns, both, weighted);
            let fresh = words[from + comptime!(sink.sums - 1).runtime()] == 0.0f32;
            let known = from + comptime!(2 * sink.sums).runtime();
            let mut p = 0.0f32;
            let mut t = 0.0f32;
            if place < n {
                p = pred[place];
                t = target[place];
            }
            if comptime!(both) {
                let error = two_sum(t, -p);
                marks[4 * k] = p;
                marks[4 * k + 1] = t;
                marks[4 * k + 2] = error.high;
                marks[4 * k + 3] = error.low;
                if !fresh {
                    #[unroll]
                    for j in 0..4usize {
                        marks[4 * k + j] = words[known + j];
                    }
                }
            } else {
                marks[4 * k] = t;
                if !fresh {
                    marks[4 * k] = words[known];
                    if comptime!(sink.has_extremes()) {
                        ends[2 * k] = words[known + 1];
                        ends[2 * k + 1] = words[known + 2];
                    }
                }
            }
        }
    }

    let mut i = ABSOLUTE_POS;
    while i < n {
        let pair = pair_at(pred, target, weights, columns, i, weighted);
        #[unroll]
        for k in 0..sinks {
            let sink = comptime!(plan.sinks[k].clone());
            let mut code = pair.code;
            if comptime!(sink.is_moments() || sink.is_joint()) {
                if code == 0 {
                    code = pair.weight_code;
                }
                if code == 0 && pair.weight > 0.0f32 {
                    if comptime!(sink.is_moments()) {
                        add_moments(&mut totals, &pair, marks[4 * k], comptime!(sink.sum));
                        if comptime!(sink.has_extremes()) {
                            ends[2 * k] = min(ends[2 * k], pair.target);
                            ends[2 * k + 1] = max(ends[2 * k + 1], pair.target);
                        }
                    } else {
                        let error = Sum {
                            high: marks[4 * k + 2],
                            low: marks[4 * k + 3],
                        };
                        add_joint(
                            &mut totals,
                            &pair,
                            marks[4 * k],
                            marks[4 * k + 1],
                            &error,
                            comptime!(sink.sum),
                        );
                    }
                }
            } else {
                code = add_terms(
                    &mut totals,
                    &pair,
                    comptime!(sink.kernel()),
                    comptime!(sink.sum),
                );
            }
            if code < 0 {
                let place = comptime!(sink.counts).runtime() + 1 + slot(code);
                count(counts, &own, place, 1i32, private);
            } else {
                used[k] += 1i32;
                if comptime!(weighted) {
                    let at = comptime!(sink.sum + sink.terms(true));
                    add_to(&mut totals, pair.weight, 0.0f32, at);
                }
            }
        }
        i += CUBE_COUNT * CUBE_DIM as usize;
    }

    #[unroll]
    for k in 0..sinks {
        let sink = comptime!(plan.sinks[k].clone());
        count(
            counts,
            &own,
            comptime!(sink.counts).runtime(),
            used[k],
            private,
        );
        if comptime!(!weighted && !matches!(sink.kind, Kind::Terms(_))) {
            let at = comptime!(sink.sum + sink.terms(false));
            totals[comptime!(2 * at)] = f32::cast_from(used[k]);
        }
    }
    flush(counts, &own, private);
    #[unroll]
    for k in 0..sinks {
        let sink = comptime!(plan.sinks[k].clone());
        let from = slot_at + comptime!(sink.words).runtime();
        let places = comptime!(sink.sums).runtime();
        #[unroll]
        for j in 0..comptime!(sink.sums) {
            let at = comptime!(2 * (sink.sum + j));
            let mut total = Sum {
                high: totals[at],
                low: totals[at + 1],
            };
            over_units(&mut total);
            if UNIT_POS == 0 {
                add_to_slot(words, from + j, places, &total);
            }
        }
        let known = from + 2 * places;
        if comptime!(sink.is_joint()) && UNIT_POS == 0 {
            #[unroll]
            for j in 0..4usize {
                words[known + j] = marks[4 * k + j];
            }
        }
        if comptime!(sink.is_moments()) && UNIT_POS == 0 {
            words[known] = marks[4 * k];
        }
        if comptime!(sink.has_extremes()) {
            let range = Shared::<[Atomic<u32>]>::new_slice(2usize);
            if UNIT_POS == 0 {
                range[0].store(ordered(infinity));
                range[1].store(ordered(-infinity));
            }
            sync_cube();
            range[0].fetch_min(ordered(ends[2 * k]));
            range[1].fetch_max(ordered(ends[2 * k + 1]));
            sync_cube();
            if UNIT_POS == 0 {
                words[known + 1] = of_ordered(range[0].load());
                words[known + 2] = of_ordered(range[1].load());
            }
        }
    }
}

#[cube]
fn add_moments(totals: &mut Array<f32>, pair: &Pair, pivot: f32, #[comptime] at: usize) {
    let error = pair.pred - pair.target;
    // The mean of targets may be small beside them, so their offsets keep all digits.
    let offset = two_sum(pair.target, -pivot);
    let w = pair.weight;
    add_to(totals, error * error * w, 0.0f32, at);
    add_to(totals, error.abs() * w, 0.0f32, comptime!(at + 1));
    add_to(totals, offset.high * w, offset.low * w, comptime!(at + 2));
    let square = offset.high * offset.high;
    add_to(totals, square * w, 0.0f32, comptime!(at + 3));
}

#[cube]
fn add_joint(
    totals: &mut Array<f32>,
    pair: &Pair,
    pred_pivot: f32,
    target_pivot: f32,
    error_pivot: &Sum,
    #[comptime] at: usize,
) {
    let w = pair.weight;
    let p = two_sum(pair.pred, -pred_pivot);
    let t = two_sum(pair.target, -target_pivot);
    // Both halves of the error, as its variance may be small beside it.
    let mut e = two_sum(pair.target, -pair.pred);
    e.add(-error_pivot.high, -error_pivot.low);
    let error = opaque(e.high + e.low);
    let wp = p.high * w;
    let wt = t.high * w;
    add_to(totals, wp * p.high, 0.0f32, at);
    add_to(totals, wt * t.high, 0.0f32, comptime!(at + 1));
    add_to(totals, error * w * error, 0.0f32, comptime!(at + 2));
    add_to(totals, wp * t.high, 0.0f32, comptime!(at + 3));
    add_to(totals, wp, p.low * w, comptime!(at + 4));
    add_to(totals, wt, t.low * w, comptime!(at + 5));
    add_to(totals, error * w, 0.0f32, comptime!(at + 6));
}
