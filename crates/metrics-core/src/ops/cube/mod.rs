//! Kernels for the backends on CubeCL: wgpu, Vulkan, Metal, CUDA, ROCm.
//!
//! They ask for little, so that they run everywhere: cubes of 256 units, 16 KiB of shared memory,
//! atomics of 32-bit integers; no `f64`, no subgroup operations, and no cube waits for another.
//!
//! They are launched without bounds checks of CubeCL's: lengths are checked here, and counters in the
//! kernels.

// Kernels are no plain Rust: casts, conditions and operators stand as CubeCL expands them.
#![allow(
    clippy::approx_constant,
    clippy::collapsible_if,
    clippy::manual_div_ceil,
    clippy::manual_is_multiple_of,
    clippy::manual_range_contains,
    clippy::panicking_overflow_checks,
    clippy::unnecessary_cast
)]

mod bins;
pub(in crate::ops) mod counts;
mod curve;
pub(in crate::ops) mod kinds;
pub(in crate::ops) mod math;
mod rows;
pub(in crate::ops) mod scan;
mod sort;
pub(in crate::ops) mod sums;
pub(in crate::ops) mod teams;
pub(in crate::ops) mod totals;

use super::{
    AREA_COUNTS, ConfusionOptions, IGNORED_TARGET, LabelCountsOptions, MetricsBackend,
    PAIR_MOMENTS, ScoreKind, ValueOptions, default,
};
use crate::REJECTED_SLOTS;
use burn::backend::{
    cubecl::dtype_to_storage_type,
    ops::{FloatTensorOps, IntTensorOps},
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::{DType, FloatDType, IntDType, Shape};
use burn_cubecl::{
    CubeBackend,
    kernel::into_contiguous,
    ops::numeric::{empty_device_contiguous_dtype, zeros_client},
    tensor::CubeTensor,
};
use cubecl::{CubeCount, CubeDim, ir::ElemType, prelude::*};
use sums::Grid;

/// Units of a cube.
pub(in crate::ops) const UNITS: u32 = 256;

/// The most cubes of a kernel whose units walk over many elements each.
const CUBES: usize = 1024;

/// Elements of a unit that walks, before there are more cubes.
const PER_UNIT: usize = 8;

/// So many elements are left to one cube where that saves a launch.
pub(in crate::ops) const FEW: usize = UNITS as usize * 64;

/// A label as `i32`. One that does not fit becomes the nearest that does, so it stays invalid.
#[cube]
pub(in crate::ops) fn label<I: Int>(raw: I) -> i32 {
    let small = min(raw, I::new(comptime!(i32::MAX as i64)));
    select(raw < I::new(0), -1i32, i32::cast_from(small))
}

pub(in crate::ops) const CUBE: CubeDim = CubeDim::new_1d(UNITS);

/// Cubes for a unit per element.
fn one_each(elements: usize) -> CubeCount {
    let cubes = elements.div_ceil(UNITS as usize).max(1);
    // WebGPU has at most 65535 cubes in a dimension.
    let width = cubes.min(1 << 15);
    CubeCount::new_2d(width as u32, cubes.div_ceil(width) as u32)
}

/// Cubes for units that walk.
pub(in crate::ops) fn walking(elements: usize) -> CubeCount {
    let cubes = elements.div_ceil(UNITS as usize * PER_UNIT);
    CubeCount::new_1d(cubes.clamp(1, CUBES) as u32)
}

pub(in crate::ops) fn elem(tensor: &CubeTensor) -> ElemType {
    dtype_to_storage_type(tensor.dtype)
}

/// A new tensor beside another, without a value.
fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D], dtype: DType) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, Shape::new(shape), dtype)
}

/// Numbers that are known on the host.
fn constant(like: &CubeTensor, values: &[f32]) -> CubeTensor {
    let handle = like.client.create_from_slice(f32::as_bytes(values));
    let (client, device) = (like.client.clone(), like.device.clone());
    CubeTensor::new_contiguous(client, device, [values.len()].into(), handle, DType::F32)
}

/// A matrix whose rows may lie apart, as they do in memory that is aligned.
pub(in crate::ops) fn rows(matrix: CubeTensor) -> CubeTensor {
    match matrix.meta.is_tiled() || matrix.meta.strides()[1] != 1 {
        true => into_contiguous(matrix),
        false => matrix,
    }
}

pub(in crate::ops) fn reshaped<const D: usize>(
    tensor: CubeTensor,
    shape: [usize; D],
) -> CubeTensor {
    let CubeTensor {
        client,
        device,
        handle,
        dtype,
        ..
    } = tensor;
    CubeTensor::new_contiguous(client, device, Shape::new(shape), handle, dtype)
}

/// A state that a kernel may write to.
pub(in crate::ops) fn writable(state: CubeTensor) -> CubeTensor {
    match (state.is_contiguous(), state.can_mut()) {
        (true, true) => state,
        (true, false) => state.copy(),
        (false, _) => into_contiguous(state),
    }
}

/// That tensors which a kernel reads side by side are of one length.
pub(in crate::ops) fn same_length(n: usize, tensors: &[&CubeTensor]) {
    for tensor in tensors {
        let found = tensor.meta.num_elements();
        assert_eq!(found, n, "a tensor of {found} elements beside one of {n}");
    }
}

/// Codes and ranks: `i32`, contiguous.
pub(in crate::ops) fn codes(tensor: CubeTensor) -> CubeTensor {
    into_contiguous(match tensor.dtype {
        DType::I32 => tensor,
        _ => CubeBackend::int_cast(tensor, IntDType::I32),
    })
}

/// Numbers that this crate made: `f32`, contiguous.
pub(in crate::ops) fn floats(tensor: CubeTensor) -> CubeTensor {
    into_contiguous(match tensor.dtype {
        DType::F32 => tensor,
        _ => CubeBackend::float_cast(tensor, FloatDType::F32),
    })
}

/// Integers as `i32` or `i64`, which is what kernels take.
pub(in crate::ops) fn ints(tensor: CubeTensor) -> CubeTensor {
    let tensor = match tensor.dtype {
        DType::I32 | DType::I64 => tensor,
        DType::U32 | DType::U64 => {
            let small = CubeBackend::int_clamp(tensor, 0.into(), i32::MAX.into());
            CubeBackend::int_cast(small, IntDType::I32)
        }
        _ => CubeBackend::int_cast(tensor, IntDType::I32),
    };
    into_contiguous(tensor)
}

/// The target to ignore, as kernels take it: a number of the target's type and whether it counts.
fn ignored(target: &CubeTensor, ignore_index: Option<i64>) -> (InputScalar, bool) {
    let fits =
        ignore_index.filter(|index| target.dtype == DType::I64 || i32::try_from(*index).is_ok());
    (
        InputScalar::new(fits.unwrap_or(0), elem(target)),
        fits.is_some(),
    )
}

/// Memory for the partial sums of `parts` cubes, and the kernel that adds them to the state.
struct Partials {
    memory: CubeTensor,
    parts: usize,
    places: usize,
}

impl Partials {
    fn new(state: &CubeTensor, parts: usize, places: usize) -> Self {
        let size = if parts > 1 { 2 * parts * places } else { 1 };
        Self {
            memory: empty(state, [size], DType::F32),
            parts,
            places,
        }
    }

    fn fold(self, state: &CubeTensor) {
        if self.parts == 1 {
            return;
        }
        let grid = Grid::new(1, self.places);
        // SAFETY: the partials hold `parts` sums of `places`, and the state `places`.
        unsafe {
            sums::fold::launch_unchecked(
                &state.client,
                grid.count,
                grid.dim,
                state.clone().into_tensor_arg(),
                self.memory.into_tensor_arg(),
                self.parts as u32,
            );
        }
    }
}

fn row_scan(scores: CubeTensor, target: CubeTensor, likelihood: bool) -> (CubeTensor, CubeTensor) {
    let (scores, target) = (rows(scores), ints(target));
    let [n, classes] = scores.meta.shape().dims();
    same_length(n, &[&target]);
    let wants = scan::Wants {
        team: scan::team(classes),
        likelihood,
        rival: false,
        outside: false,
        all: false,
    };
    let ranks = empty(&target, [2, n], DType::I32);
    let shape = if likelihood { [4, n] } else { [1, 1] };
    let floats = empty(&target, shape, DType::F32);
    let dtypes = [elem(&scores), elem(&target)];
    // SAFETY: the kernel reads rows below `n` and columns below `classes`, and writes columns below `n`.
    unsafe {
        rows::row_scan::launch_unchecked(
            &ranks.client,
            one_each(n * wants.team as usize),
            CUBE,
            scores.into_tensor_arg(),
            target.into_tensor_arg(),
            ranks.clone().into_tensor_arg(),
            floats.clone().into_tensor_arg(),
            f32::INFINITY,
            wants,
            dtypes,
        );
    }
    (ranks, floats)
}

impl MetricsBackend for CubeBackend {
    fn row_ranks(scores: FloatTensor<Self>, target: IntTensor<Self>) -> IntTensor<Self> {
        row_scan(scores, target, false).0
    }

    fn row_scan(
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        row_scan(scores, target, true)
    }

    fn label_ranks(
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        classes: usize,
    ) -> IntTensor<Self> {
        let (pred, target) = (ints(pred), ints(target));
        let n = target.meta.num_elements();
        same_length(n, &[&pred]);
        let ranks = empty(&target, [2, n], DType::I32);
        let dtypes = [elem(&pred), elem(&target)];
        // SAFETY: every unit has an element below `n` or does nothing.
        unsafe {
            counts::label_ranks::launch_unchecked(
                &ranks.client,
                one_each(n),
                CUBE,
                pred.into_tensor_arg(),
                target.into_tensor_arg(),
                ranks.clone().into_tensor_arg(),
                classes as i32,
                dtypes,
            );
        }
        ranks
    }

    fn confusion(
        state: IntTensor<Self>,
        ranks: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self> {
        confusion(state, ranks, target, options, true)
    }

    fn class_margins(
        state: IntTensor<Self>,
        ranks: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self> {
        confusion(state, ranks, target, options, false)
    }

    fn label_confusion(
        state: IntTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self> {
        label_confusion(state, pred, target, options, true)
    }

    fn label_margins(
        state: IntTensor<Self>,
        pred: IntTensor<Self>,
        target: IntTensor<Self>,
        options: ConfusionOptions,
    ) -> IntTensor<Self> {
        label_confusion(state, pred, target, options, false)
    }

    fn mark_ignored(target: IntTensor<Self>, ignore_index: Option<i64>) -> IntTensor<Self> {
        let target = ints(target);
        let (ignored, ignores) = ignored(&target, ignore_index);
        if !ignores {
            return match target.dtype {
                DType::I64 => {
                    let fits = CubeBackend::int_clamp(target, i32::MIN.into(), i32::MAX.into());
                    CubeBackend::int_cast(fits, IntDType::I32)
                }
                _ => target,
            };
        }
        let n = target.meta.num_elements();
        let marked = empty(&target, [n], DType::I32);
        let dtype = elem(&target);
        // SAFETY: every unit has an element or does nothing.
        unsafe {
            counts::mark_ignored::launch_unchecked(
                &marked.client,
                one_each(n),
                CUBE,
                target.into_tensor_arg(),
                marked.clone().into_tensor_arg(),
                ignored,
                IGNORED_TARGET,
                dtype,
            );
        }
        marked
    }

    fn sort_pairs(
        keys: FloatTensor<Self>,
        values: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (keys, values) = (into_contiguous(keys), Self::mark_ignored(values, None));
        let n = keys.meta.num_elements();
        same_length(n, &[&values]);
        let codes = empty(&keys, [1, n], DType::U32);
        let sorted = empty(&keys, [n], DType::F32);
        let (client, dtype) = (codes.client.clone(), elem(&keys));
        // SAFETY: every unit has an element or does nothing, in both kernels.
        let (_, values) = unsafe {
            sort::encode::launch_unchecked(
                &client,
                one_each(n),
                CUBE,
                keys.into_tensor_arg(),
                codes.clone().into_tensor_arg(),
                dtype,
            );
            let (codes, values) = sort::sort(codes, Some(values), u32::BITS);
            sort::decode::launch_unchecked(
                &client,
                one_each(n),
                CUBE,
                codes.clone().into_tensor_arg(),
                sorted.clone().into_tensor_arg(),
            );
            (codes, values)
        };
        let values = values.unwrap_or_else(|| empty(&sorted, [n], DType::I32));
        (reshaped(values, [n]), sorted)
    }

    fn curve_areas(
        scores: FloatTensor<Self>,
        codes: IntTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (scores, codes) = (into_contiguous(scores), self::codes(codes));
        let [n, columns] = scores.meta.shape().dims();
        same_length(n * columns, &[&codes]);
        let numbers = area_counts(&scores, columns);
        let keys = empty(&scores, [columns, n], DType::U32);
        let dtype = elem(&scores);
        // SAFETY: units stop at `n` times `columns`, which is the size of all that they read and write.
        unsafe {
            curve::encode::launch_unchecked(
                &numbers.client,
                one_each(n * columns),
                CUBE,
                scores.into_tensor_arg(),
                codes.into_tensor_arg(),
                keys.clone().into_tensor_arg(),
                numbers.clone().into_tensor_arg(),
                n as u32,
                columns as u32,
                dtype,
            );
        }
        areas_of(keys, numbers)
    }

    fn label_counts(
        state: IntTensor<Self>,
        scores: FloatTensor<Self>,
        target: IntTensor<Self>,
        options: LabelCountsOptions,
    ) -> IntTensor<Self> {
        let (state, scores, target) = (writable(state), into_contiguous(scores), ints(target));
        let elements = target.meta.num_elements();
        same_length(elements, &[&scores]);
        let (ignored, ignores) = ignored(&target, options.ignore_index);
        let private = counts::private(state.meta.num_elements(), elements);
        let dtypes = [elem(&scores), elem(&target)];
        // SAFETY: places are below `4 * labels + REJECTED_SLOTS`, the length of the state.
        unsafe {
            counts::label_counts::launch_unchecked(
                &state.client,
                walking(elements),
                CUBE,
                state.clone().into_tensor_arg(),
                scores.into_tensor_arg(),
                target.into_tensor_arg(),
                options.threshold,
                ignored,
                ignores,
                private,
                dtypes,
            );
        }
        state
    }

    fn sigmoid_probabilities(
        scores: FloatTensor<Self>,
        outside: IntTensor<Self>,
        kind: ScoreKind,
    ) -> FloatTensor<Self> {
        let (scores, outside) = (into_contiguous(scores), codes(outside));
        let out = empty(&scores, scores.meta.shape().dims::<2>(), DType::F32);
        let dtype = elem(&scores);
        // SAFETY: every unit has an element or does nothing.
        unsafe {
            rows::sigmoid::launch_unchecked(
                &out.client,
                one_each(out.meta.num_elements()),
                CUBE,
                scores.into_tensor_arg(),
                outside.into_tensor_arg(),
                out.clone().into_tensor_arg(),
                kind == ScoreKind::Auto,
                dtype,
            );
        }
        out
    }

    fn softmax_probabilities(
        scores: FloatTensor<Self>,
        outside: IntTensor<Self>,
        kind: ScoreKind,
    ) -> FloatTensor<Self> {
        let (scores, outside) = (rows(scores), codes(outside));
        let [n, classes] = scores.meta.shape().dims();
        let out = empty(&scores, [n, classes], DType::F32);
        let team = scan::team(classes);
        let dtype = elem(&scores);
        // SAFETY: the kernel reads and writes rows below `n` and columns below `classes`.
        unsafe {
            rows::softmax::launch_unchecked(
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

    fn outside_unit(scores: FloatTensor<Self>) -> IntTensor<Self> {
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
            rows::outside_unit::launch_unchecked(
                &found.client,
                if few {
                    CubeCount::new_1d(1)
                } else {
                    walking(elements)
                },
                CUBE,
                scores.into_tensor_arg(),
                found.clone().into_tensor_arg(),
                dtype,
            );
        }
        found
    }

    fn top_confidence(
        ranks: IntTensor<Self>,
        scan: FloatTensor<Self>,
        target: IntTensor<Self>,
        outside: IntTensor<Self>,
        kind: ScoreKind,
        ignore_index: Option<i64>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (target, ranks, scan) = (ints(target), codes(ranks), floats(scan));
        let n = target.meta.num_elements();
        same_length(2 * n, &[&ranks]);
        same_length(4 * n, &[&scan]);
        let (ignored, ignores) = ignored(&target, ignore_index);
        let hits = empty(&target, [n], DType::I32);
        let confidence = empty(&target, [n], DType::F32);
        let dtype = elem(&target);
        // SAFETY: every unit has a row below `n` or does nothing.
        unsafe {
            bins::top_confidence::launch_unchecked(
                &hits.client,
                one_each(n),
                CUBE,
                ranks.into_tensor_arg(),
                scan.into_tensor_arg(),
                target.into_tensor_arg(),
                codes(outside).into_tensor_arg(),
                hits.clone().into_tensor_arg(),
                confidence.clone().into_tensor_arg(),
                ignored,
                ignores,
                kind == ScoreKind::Auto,
                kind != ScoreKind::Probabilities,
                dtype,
            );
        }
        (hits, confidence)
    }

    fn bin_confidence(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        confidence: FloatTensor<Self>,
        hit: IntTensor<Self>,
        width: usize,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (counts, sums) = (writable(counts), writable(sums));
        let (confidence, hit) = (into_contiguous(confidence), codes(hit));
        same_length(hit.meta.num_elements(), &[&confidence]);
        let bins = width + 1;
        same_length(2 * bins + REJECTED_SLOTS, &[&counts]);
        same_length(2 * bins, &[&sums]);
        let parts = hit.meta.num_elements().div_ceil(UNITS as usize * PER_UNIT);
        let parts = parts.clamp(1, UNITS as usize);
        let partials = Partials::new(&sums, parts, bins);
        let edges = constant(&sums, &default::edges(width));
        let dtype = elem(&confidence);
        // SAFETY: bins are below `bins`, and `counts` and `sums` hold two numbers for each.
        unsafe {
            bins::bin_confidence::launch_unchecked(
                &sums.client,
                CubeCount::new_1d(parts as u32),
                CUBE,
                counts.clone().into_tensor_arg(),
                sums.clone().into_tensor_arg(),
                partials.memory.clone().into_tensor_arg(),
                confidence.into_tensor_arg(),
                hit.into_tensor_arg(),
                edges.into_tensor_arg(),
                bins,
                REJECTED_SLOTS,
                dtype,
            );
        }
        partials.fold(&sums);
        (counts, sums)
    }

    fn threshold_counts(
        state: IntTensor<Self>,
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        thresholds: Vec<f32>,
    ) -> IntTensor<Self> {
        let state = writable(state);
        let (probabilities, target) = (into_contiguous(probabilities), codes(target));
        same_length(target.meta.num_elements(), &[&probabilities]);
        let thresholds = constant(&state, &thresholds);
        let elements = target.meta.num_elements();
        let private = counts::private(state.meta.num_elements(), elements);
        let dtype = elem(&probabilities);
        // SAFETY: places are below `2 * labels * (thresholds + 1) + REJECTED_SLOTS`, the state's length.
        unsafe {
            counts::threshold_counts::launch_unchecked(
                &state.client,
                walking(elements),
                CUBE,
                state.clone().into_tensor_arg(),
                probabilities.into_tensor_arg(),
                target.into_tensor_arg(),
                thresholds.into_tensor_arg(),
                private,
                dtype,
            );
        }
        state
    }

    fn decision_codes(
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> IntTensor<Self> {
        let (probabilities, target) = (into_contiguous(probabilities), ints(target));
        same_length(target.meta.num_elements(), &[&probabilities]);
        let (ignored, ignores) = ignored(&target, ignore_index);
        let codes = empty(&target, target.meta.shape().dims::<2>(), DType::I32);
        let dtypes = [elem(&probabilities), elem(&target)];
        // SAFETY: every unit has an element or does nothing.
        unsafe {
            counts::decision_codes::launch_unchecked(
                &codes.client,
                one_each(codes.meta.num_elements()),
                CUBE,
                probabilities.into_tensor_arg(),
                target.into_tensor_arg(),
                codes.clone().into_tensor_arg(),
                ignored,
                ignores,
                dtypes,
            );
        }
        codes
    }

    fn class_codes(
        probabilities: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> IntTensor<Self> {
        let (probabilities, target) = (rows(probabilities), ints(target));
        let (ignored, ignores) = ignored(&target, ignore_index);
        let [n, classes] = probabilities.meta.shape().dims();
        same_length(n, &[&target]);
        let codes = empty(&target, [n, classes], DType::I32);
        let team = scan::team(classes);
        let dtypes = [elem(&probabilities), elem(&target)];
        // SAFETY: the kernel reads and writes rows below `n` and columns below `classes`.
        unsafe {
            rows::class_codes::launch_unchecked(
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

    fn pair_moments(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        pred: FloatTensor<Self>,
        target: FloatTensor<Self>,
        pivot: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (counts, sums) = (writable(counts), writable(sums));
        let (pred, target) = (into_contiguous(pred), into_contiguous(target));
        let pivot = floats(pivot);
        let [n, columns] = pred.meta.shape().dims();
        same_length(n * columns, &[&target]);
        same_length(columns, &[&pivot]);
        same_length(1 + REJECTED_SLOTS, &[&counts]);
        same_length(2 * PAIR_MOMENTS * columns, &[&sums]);
        let dtypes = [elem(&pred), elem(&target)];
        let nan = empty(&counts, [if columns > 1 { n } else { 1 }], DType::I32);
        if columns > 1 {
            let team = scan::team(columns);
            // SAFETY: rows are below `n` and columns below `columns`.
            unsafe {
                rows::nan_rows::launch_unchecked(
                    &counts.client,
                    one_each(n * team as usize),
                    CUBE,
                    pred.clone().into_tensor_arg(),
                    target.clone().into_tensor_arg(),
                    nan.clone().into_tensor_arg(),
                    team,
                    dtypes,
                );
            }
        }
        let grid = Grid::new(n, columns);
        let partials = Partials::new(&sums, grid.parts, PAIR_MOMENTS * columns);
        // SAFETY: rows are below `n`, columns below `columns`, and the sums are `PAIR_MOMENTS` for each.
        unsafe {
            sums::pair_moments::launch_unchecked(
                &sums.client,
                grid.count,
                grid.dim,
                counts.clone().into_tensor_arg(),
                sums.clone().into_tensor_arg(),
                partials.memory.clone().into_tensor_arg(),
                pred.into_tensor_arg(),
                target.into_tensor_arg(),
                pivot.into_tensor_arg(),
                nan.into_tensor_arg(),
                dtypes,
            );
        }
        partials.fold(&sums);
        (counts, sums)
    }

    fn log_likelihood(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        ranks: IntTensor<Self>,
        scan: FloatTensor<Self>,
        target: IntTensor<Self>,
        ignore_index: Option<i64>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (counts, sums, target) = (writable(counts), writable(sums), ints(target));
        let (ranks, scan) = (codes(ranks), floats(scan));
        let (ignored, ignores) = ignored(&target, ignore_index);
        let n = target.meta.num_elements();
        same_length(2 * n, &[&ranks]);
        same_length(4 * n, &[&scan]);
        same_length(1 + REJECTED_SLOTS, &[&counts]);
        same_length(2, &[&sums]);
        let grid = Grid::new(n, 1);
        let partials = Partials::new(&sums, grid.parts, 1);
        let dtype = elem(&target);
        // SAFETY: rows are below the length of `target`; codes are slots of `counts`.
        unsafe {
            sums::log_likelihood::launch_unchecked(
                &sums.client,
                grid.count,
                grid.dim,
                counts.clone().into_tensor_arg(),
                sums.clone().into_tensor_arg(),
                partials.memory.clone().into_tensor_arg(),
                ranks.into_tensor_arg(),
                scan.into_tensor_arg(),
                target.into_tensor_arg(),
                ignored,
                ignores,
                dtype,
            );
        }
        partials.fold(&sums);
        (counts, sums)
    }

    fn value_totals(
        counts: IntTensor<Self>,
        sums: FloatTensor<Self>,
        values: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        options: ValueOptions,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (counts, sums) = (writable(counts), writable(sums));
        let (values, weights) = (into_contiguous(values), into_contiguous(weights));
        same_length(values.meta.num_elements(), &[&weights]);
        same_length(2 + REJECTED_SLOTS, &[&counts]);
        same_length(6, &[&sums]);
        let grid = Grid::new(values.meta.num_elements(), 1);
        let partials = Partials::new(&sums, grid.parts, 3);
        let dtypes = [elem(&values), elem(&weights)];
        // SAFETY: rows are below the length of `values`; weights are read only if there are as many.
        unsafe {
            sums::value_totals::launch_unchecked(
                &sums.client,
                grid.count,
                grid.dim,
                counts.clone().into_tensor_arg(),
                sums.clone().into_tensor_arg(),
                partials.memory.clone().into_tensor_arg(),
                values.into_tensor_arg(),
                weights.into_tensor_arg(),
                options.impute.unwrap_or(0.0),
                options.weighted,
                options.impute.is_some(),
                options.reason as usize,
                dtypes,
            );
        }
        partials.fold(&sums);
        (counts, sums)
    }

    fn sum_compensated(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = into_contiguous(x);
        let [n, columns] = x.meta.shape().dims();
        let (client, device) = (x.client.clone(), x.device.clone());
        let sums = zeros_client(client, device, [2 * columns].into(), DType::F32);
        let grid = Grid::new(n, columns);
        let partials = Partials::new(&sums, grid.parts, columns);
        let dtype = elem(&x);
        // SAFETY: rows are below `n`, columns below `columns`, and the sums are one for each column.
        unsafe {
            sums::sum_columns::launch_unchecked(
                &sums.client,
                grid.count,
                grid.dim,
                sums.clone().into_tensor_arg(),
                partials.memory.clone().into_tensor_arg(),
                x.into_tensor_arg(),
                dtype,
            );
        }
        partials.fold(&sums);
        sums
    }

    fn add_compensated(state: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (state, x) = (writable(state), floats(x));
        let places = state.meta.num_elements() / 2;
        let twice = x.meta.num_elements() > places;
        same_length(if twice { 2 * places } else { places }, &[&x]);
        // SAFETY: places are below half the length of the state.
        unsafe {
            sums::add_compensated::launch_unchecked(
                &state.client,
                one_each(state.meta.num_elements() / 2),
                CUBE,
                state.clone().into_tensor_arg(),
                x.into_tensor_arg(),
            );
        }
        state
    }
}

/// See [`Kernels::key_areas`](super::kernels::Kernels::key_areas).
pub(in crate::ops) fn key_areas(keys: CubeTensor) -> (CubeTensor, CubeTensor) {
    let [n, columns] = keys.meta.shape().dims();
    let numbers = area_counts(&keys, columns);
    // Sorting uses their memory, which others may have.
    let keys = match columns {
        1 => reshaped(writable(keys), [1, n]),
        _ => writable(into_contiguous(CubeBackend::int_swap_dims(keys, 0, 1))),
    };
    areas_of(keys, numbers)
}

fn area_counts(like: &CubeTensor, columns: usize) -> CubeTensor {
    let size = columns * AREA_COUNTS + REJECTED_SLOTS;
    let (client, device) = (like.client.clone(), like.device.clone());
    zeros_client(client, device, [size].into(), DType::I32)
}

/// Sorts keys `[columns, n]`, in their memory, and adds what areas come from to `numbers`.
fn areas_of(keys: CubeTensor, numbers: CubeTensor) -> (CubeTensor, CubeTensor) {
    let [columns, n] = keys.meta.shape().dims();
    let (client, device) = (keys.client.clone(), keys.device.clone());
    let precisions = zeros_client(client.clone(), device, [2 * columns].into(), DType::F32);
    let blocks = n.div_ceil(curve::BLOCK);
    let starts = empty(&keys, [columns, blocks], DType::U32);
    let positives = empty(&keys, [columns, n], DType::U32);
    let grid = || CubeCount::new_2d(blocks as u32, columns as u32);
    let parts = n.div_ceil(UNITS as usize * PER_UNIT).min(UNITS as usize);
    let partials = Partials::new(&precisions, parts, columns);
    // SAFETY: units stop at `n`, and `columns` times `n` is the size of all that they read by it.
    unsafe {
        let (keys, _) = sort::sort(keys, None, curve::BITS);
        curve::count_positives::launch_unchecked(
            &client,
            grid(),
            CUBE,
            keys.clone().into_tensor_arg(),
            starts.clone().into_tensor_arg(),
            n as u32,
        );
        sort::exclusive_sums::launch_unchecked(
            &client,
            CubeCount::new_1d(columns as u32),
            CubeDim::new_1d(sort::SCAN_UNITS as u32),
            starts.clone().into_tensor_arg(),
            blocks as u32,
        );
        curve::positives_so_far::launch_unchecked(
            &client,
            grid(),
            CUBE,
            keys.clone().into_tensor_arg(),
            starts.into_tensor_arg(),
            positives.clone().into_tensor_arg(),
            n as u32,
        );
        curve::areas::launch_unchecked(
            &client,
            CubeCount::new_2d(parts as u32, columns as u32),
            CubeDim::new_2d(1, UNITS),
            keys.into_tensor_arg(),
            positives.into_tensor_arg(),
            numbers.clone().into_tensor_arg(),
            precisions.clone().into_tensor_arg(),
            partials.memory.clone().into_tensor_arg(),
            n as u32,
        );
    }
    partials.fold(&precisions);
    (numbers, precisions)
}

fn confusion(
    state: CubeTensor,
    ranks: CubeTensor,
    target: CubeTensor,
    options: ConfusionOptions,
    matrix: bool,
) -> CubeTensor {
    let (state, ranks, target) = (writable(state), codes(ranks), ints(target));
    let n = target.meta.num_elements();
    same_length(2 * n, &[&ranks]);
    let (ignored, ignores) = ignored(&target, options.ignore_index);
    let private = counts::private(state.meta.num_elements(), n);
    let dtype = elem(&target);
    // SAFETY: a rank that is no code says that the target is a class, and the state has a counter for
    // each pair of classes (or three for each class) and each code.
    unsafe {
        counts::confusion::launch_unchecked(
            &state.client,
            walking(n),
            CUBE,
            state.clone().into_tensor_arg(),
            ranks.into_tensor_arg(),
            target.into_tensor_arg(),
            options.classes as u32,
            options.top_k as i32,
            ignored,
            ignores,
            matrix,
            private,
            dtype,
        );
    }
    state
}

fn label_confusion(
    state: CubeTensor,
    pred: CubeTensor,
    target: CubeTensor,
    options: ConfusionOptions,
    matrix: bool,
) -> CubeTensor {
    let (state, pred, target) = (writable(state), ints(pred), ints(target));
    let n = target.meta.num_elements();
    same_length(n, &[&pred]);
    let (ignored, ignores) = ignored(&target, options.ignore_index);
    let private = counts::private(state.meta.num_elements(), n);
    let dtypes = [elem(&pred), elem(&target)];
    // SAFETY: labels that are no class become a code, and the state has a counter for each pair of
    // classes (or three for each class) and each code.
    unsafe {
        counts::label_confusion::launch_unchecked(
            &state.client,
            walking(n),
            CUBE,
            state.clone().into_tensor_arg(),
            pred.into_tensor_arg(),
            target.into_tensor_arg(),
            options.classes as u32,
            ignored,
            ignores,
            matrix,
            private,
            dtypes,
        );
    }
    state
}
