//! The pass as one launch: cubes read rows into memory of their own, and each unit adds up some of the products.

use super::{Observed, ObservedSink, products};
use crate::{
    Reason,
    framework::pass::{DeviceState, Plan},
    ops::{
        self,
        cube::{
            self, CUBE, UNITS,
            counts::{count, flush, own_counters, slot, weight_code},
            floats,
            math::{is_infinite, is_nan},
            same_length,
            sums::{Sum, add_to_slot},
            totals::{add_to, zeros},
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

/// The most words of all slots.
const WORDS: usize = 1 << 21;

/// The most variables.
const VARIABLES: usize = 64;

/// Numbers that a cube reads at a time.
const TILE: usize = 1024;

/// Tiles of a cube, before there are more cubes.
const TILES: usize = 4;

/// The states of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelPlan {
    /// Where the counters and words of each sink begin.
    sinks: Vec<(usize, usize)>,
    counts: usize,
    words: usize,
    variables: usize,
    weighted: bool,
    /// Not a part of the kernel's variant.
    cubes: u32,
}

impl KernelPlan {
    /// Numbers of a row, with the 1 before the variables.
    fn numbers(&self) -> usize {
        self.variables + 1
    }

    /// Rows of a tile.
    fn rows(&self) -> usize {
        (TILE / self.numbers()).min(128)
    }

    fn products(&self) -> usize {
        products(self.variables)
    }

    /// Units that share the products of a row, a power of two.
    fn width(&self) -> usize {
        self.products().next_power_of_two().min(UNITS as usize)
    }

    /// Products of a unit.
    fn per_unit(&self) -> usize {
        self.products().div_ceil(self.width())
    }
}

/// The pass, if there is a kernel for it.
pub(super) fn pass(
    input: &Observed,
    plan: &Plan<ObservedSink>,
    mut state: DeviceState,
) -> Result<DeviceState, DeviceState> {
    let [rows, variables] = input.values.dims();
    let n = rows * variables;
    let fits = n > 0 && n <= ops::KERNEL_ELEMENTS && variables <= VARIABLES && plan.counts <= 256;
    if !fits || !ops::has_kernels(&input.values.device()) {
        return Err(state);
    }
    let mut kernel = KernelPlan {
        sinks: (plan.sinks.iter())
            .map(|placed| (placed.counts, placed.words))
            .collect(),
        counts: plan.counts,
        words: plan.words,
        variables,
        weighted: input.weights.is_some(),
        cubes: 1,
    };
    let most = (WORDS / plan.words).clamp(1, CUBES);
    let cubes = rows.div_ceil(kernel.rows() * TILES).clamp(1, most);
    state.grow(cubes);
    kernel.cubes = cubes.min(state.slots) as u32;
    let weights = match &input.weights {
        Some(weights) => weights.clone().into_dispatch(),
        None => state.constants.clone().into_dispatch(),
    };
    let (counts, words) = <Dispatch as Kernels>::observations(
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

/// See [`Kernels::observations`].
pub(in crate::ops) fn launch(
    counts: IntTensor<CubeBackend>,
    words: FloatTensor<CubeBackend>,
    values: FloatTensor<CubeBackend>,
    weights: FloatTensor<CubeBackend>,
    mut plan: KernelPlan,
) -> (IntTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let (counts, words) = (writable(counts), writable(words));
    let [values, weights] = [values, weights].map(floats);
    let [rows, variables] = [0, 1].map(|k| values.meta.shape()[k]);
    assert_eq!(variables, plan.variables);
    if plan.weighted {
        same_length(rows, &[&weights]);
    }
    let values = cube::reshaped(values, [rows * variables]);
    let cubes = CubeCount::new_1d(plan.cubes);
    plan.cubes = 0;
    // SAFETY: the kernel reads values below `rows` times the variables and weights below `rows`; places in `counts` are checked
    // against its length, and `words` has a slot for each cube.
    unsafe {
        products_pass::launch_unchecked(
            &counts.client,
            cubes,
            CUBE,
            counts.clone().into_tensor_arg(),
            words.clone().into_tensor_arg(),
            values.into_tensor_arg(),
            weights.into_tensor_arg(),
            rows as u32,
            plan,
        );
    }
    (counts, words)
}

#[cube(launch_unchecked)]
fn products_pass(
    counts: &mut Tensor<Atomic<i32>>,
    words: &mut Tensor<f32>,
    values: &Tensor<f32>,
    weights: &Tensor<f32>,
    rows: u32,
    #[comptime] plan: KernelPlan,
) {
    let rows = rows as usize;
    let private = comptime!(plan.counts);
    let own = own_counters(private);
    let variables = comptime!(plan.variables).runtime();
    let numbers = comptime!(plan.numbers()).runtime();
    let at_once = comptime!(plan.rows()).runtime();
    let width = comptime!(plan.width()).runtime();
    let lanes = comptime!(UNITS as usize / plan.width()).runtime();
    let unit = UNIT_POS as usize;
    let lane = unit / width;
    let slot_at = CUBE_POS * comptime!(plan.words).runtime();

    // All sinks use the same rows and have the same pivots.
    let pivots = take_pivots(
        &*words,
        values,
        weights,
        rows,
        slot_at,
        comptime!(plan.clone()),
    );
    let mut tile = Shared::<[f32]>::new_slice(comptime!(plan.rows() * plan.numbers()));
    let mut weigh = Shared::<[f32]>::new_slice(comptime!(plan.rows()));
    let nans = Shared::<[Atomic<u32>]>::new_slice(comptime!(plan.rows()));
    if unit < at_once {
        nans[unit].store(0u32);
        tile[unit * numbers] = 1.0f32;
    }
    sync_cube();

    // The numbers of a row whose products a unit adds up.
    let mut firsts = Array::<u32>::new(comptime!(plan.per_unit()));
    let mut seconds = Array::<u32>::new(comptime!(plan.per_unit()));
    #[unroll]
    for q in 0..comptime!(plan.per_unit()) {
        let last = comptime!(plan.products() - 1).runtime();
        let mut rest = min(unit % width + comptime!(q).runtime() * width, last);
        let mut i = 0usize;
        while rest >= numbers - i {
            rest -= numbers - i;
            i += 1;
        }
        firsts[q] = i as u32;
        seconds[q] = (i + rest) as u32;
    }

    let mut totals = zeros(comptime!(plan.per_unit()));
    let mut used = 0i32;
    let mut first = CUBE_POS * at_once;
    while first < rows {
        let mut e = unit;
        while e < at_once * variables {
            let own_row = e / variables;
            let column = e % variables;
            if first + own_row < rows {
                let x = values[(first + own_row) * variables + column];
                if is_nan(x) {
                    nans[own_row].store(1u32);
                }
                tile[own_row * numbers + 1 + column] = x - pivots[column];
            }
            e += CUBE_DIM as usize;
        }
        sync_cube();
        if unit < at_once {
            let row = first + unit;
            let mut weight = 0.0f32;
            if row < rows {
                weight = 1.0f32;
                let mut code = 0i32;
                if comptime!(plan.weighted) {
                    weight = weights[row];
                    code = weight_code(weight);
                }
                if nans[unit].load() != 0 {
                    code = comptime!(Reason::Nan.code()).runtime();
                }
                if code < 0 {
                    weight = 0.0f32;
                    #[unroll]
                    for k in 0..comptime!(plan.sinks.len()) {
                        let place = comptime!(plan.sinks[k].0 + 1).runtime() + slot(code);
                        count(counts, &own, place, 1i32, private);
                    }
                } else {
                    used += 1i32;
                }
            }
            weigh[unit] = weight;
            nans[unit].store(0u32);
        }
        sync_cube();
        let mut row = lane;
        while row < at_once {
            let weight = weigh[row];
            if weight > 0.0f32 {
                let from = row * numbers;
                #[unroll]
                for q in 0..comptime!(plan.per_unit()) {
                    let a = tile[from + firsts[q] as usize];
                    let b = tile[from + seconds[q] as usize];
                    add_to(&mut totals, weight * a * b, 0.0f32, q);
                }
            }
            row += lanes;
        }
        sync_cube();
        first += CUBE_COUNT * at_once;
    }

    let mut high = Shared::<[f32]>::new_slice(UNITS as usize);
    let mut low = Shared::<[f32]>::new_slice(UNITS as usize);
    #[unroll]
    for q in 0..comptime!(plan.per_unit()) {
        high[unit] = totals[comptime!(2 * q)];
        low[unit] = totals[comptime!(2 * q + 1)];
        sync_cube();
        let place = unit + comptime!(q).runtime() * width;
        if unit < width && place < comptime!(plan.products()).runtime() {
            let mut total = Sum {
                high: high[unit],
                low: low[unit],
            };
            let mut other = 1usize;
            while other < lanes {
                total.add(high[other * width + unit], low[other * width + unit]);
                other += 1;
            }
            #[unroll]
            for k in 0..comptime!(plan.sinks.len()) {
                let word = slot_at + comptime!(plan.sinks[k].1).runtime() + place;
                add_to_slot(words, word, comptime!(plan.products()).runtime(), &total);
            }
        }
        sync_cube();
    }
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
        if unit < variables {
            let marks = slot_at + comptime!(plan.sinks[k].1 + 2 * plan.products()).runtime();
            words[marks + unit] = pivots[unit];
        }
    }
    flush(counts, &own, private);
}

/// The pivots of the slot, or if it has none, numbers of the first rows of the cube that are used.
#[cube]
fn take_pivots(
    words: &Tensor<f32>,
    values: &Tensor<f32>,
    weights: &Tensor<f32>,
    rows: usize,
    slot_at: usize,
    #[comptime] plan: KernelPlan,
) -> Shared<[f32]> {
    let mut pivots = Shared::<[f32]>::new_slice(comptime!(plan.variables));
    let variables = comptime!(plan.variables).runtime();
    let at_once = comptime!(plan.rows()).runtime();
    let column = UNIT_POS as usize;
    if column < variables {
        let from = slot_at + comptime!(plan.sinks[0].1).runtime();
        let mut pivot = 0.0f32;
        let mut row = CUBE_POS * at_once;
        let mut in_tile = 0usize.runtime();
        if words[from] != 0.0f32 {
            pivot = words[from + comptime!(2 * plan.products()).runtime() + column];
            row = rows;
        }
        while row < rows {
            let mut weight = 1.0f32;
            if comptime!(plan.weighted) {
                weight = weights[row];
            }
            let mut fit = weight_code(weight) == 0 && weight > 0.0f32;
            let mut j = 0usize;
            while j < variables {
                fit = fit && !is_nan(values[row * variables + j]);
                j += 1;
            }
            let x = values[row * variables + column];
            if fit && !is_infinite(x) {
                pivot = x;
                row = rows;
            } else {
                in_tile += 1;
                row += 1;
                if in_tile == at_once {
                    in_tile = 0usize.runtime();
                    row += (CUBE_COUNT - 1) * at_once;
                }
            }
        }
        pivots[column] = pivot;
    }
    sync_cube();
    pivots
}
