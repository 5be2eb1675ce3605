//! Kernels that count the classes of pixels. Each cube counts pixels of one sample.

use super::MaskPlan;
use crate::{
    REJECTED_SLOTS, Reason,
    ops::cube::{
        CUBE, PER_UNIT, UNITS,
        counts::{PRIVATE, own_counters, slot},
        elem, ignored, ints, label,
        math::is_nan,
    },
};
use burn::tensor::{DType, Shape};
use burn_cubecl::{kernel::into_contiguous, ops::numeric::zeros_client, tensor::CubeTensor};
use cubecl::{CubeCount, ir::ElemType, prelude::*};

/// The kernels on tensors.
pub(super) mod on_tensors {
    use super::super::{Maps, MaskOptions, MaskPlan, Side};
    use crate::ops::{has_kernel, kernels::Kernels};
    use burn::{
        backend::Dispatch,
        tensor::{Int, Tensor},
    };

    /// What a kernel counts, if it takes the maps.
    pub fn count(maps: &Maps, options: MaskOptions) -> Option<Tensor<1, Int>> {
        let Side::Labels(target) = &maps.target else {
            return None;
        };
        let elements = match &maps.pred {
            Side::Labels(labels) => labels.shape().num_elements(),
            Side::Scores(scores) => scores.shape().num_elements(),
            Side::OneHot(_) => return None,
        };
        if !has_kernel(&target.device(), elements) {
            return None;
        }
        let plan = MaskPlan {
            samples: maps.samples,
            pixels: maps.pixels(),
            options,
        };
        let target = target.clone().into_dispatch();
        Some(Tensor::from_dispatch(match &maps.pred {
            Side::Scores(scores) => {
                Dispatch::masks_of_scores(scores.clone().into_dispatch(), target, plan)
            }
            Side::Labels(labels) => {
                Dispatch::masks_of_labels(labels.clone().into_dispatch(), target, plan)
            }
            Side::OneHot(_) => return None,
        }))
    }
}

/// Cubes that share the pixels of a sample, and the grid of all.
fn grid(plan: &MaskPlan) -> (u32, CubeCount) {
    let most = plan.pixels.div_ceil(UNITS as usize * PER_UNIT).max(1);
    let parts = most.min(1024_usize.div_ceil(plan.samples));
    let cubes = parts * plan.samples;
    let width = cubes.min(1 << 15);
    let grid = CubeCount::new_2d(width as u32, cubes.div_ceil(width) as u32);
    (parts as u32, grid)
}

/// The counters that a cube keeps for itself; none if there are too many.
fn private(plan: &MaskPlan) -> usize {
    let counters = 3 * plan.options.classes + REJECTED_SLOTS;
    if counters <= PRIVATE { counters } else { 0 }
}

fn counters(like: &CubeTensor, plan: &MaskPlan) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    zeros_client(client, device, Shape::new([plan.counters()]), DType::I32)
}

/// See [`count`](super::count).
pub(in crate::ops) fn of_labels(
    pred: CubeTensor,
    target: CubeTensor,
    plan: MaskPlan,
) -> CubeTensor {
    let (pred, target) = (ints(pred), ints(target));
    let (ignored, ignores) = ignored(&target, plan.options.ignore_index);
    let counts = counters(&target, &plan);
    let (parts, grid) = grid(&plan);
    let dtypes = [elem(&pred), elem(&target)];
    // SAFETY: the kernel reads pixels below `samples * pixels` and counts below the length of the counters.
    unsafe {
        count_labels::launch_unchecked(
            &counts.client,
            grid,
            CUBE,
            counts.clone().into_tensor_arg(),
            pred.into_tensor_arg(),
            target.into_tensor_arg(),
            plan.samples as u32,
            plan.pixels as u32,
            parts,
            ignored,
            ignores,
            plan.options.classes,
            private(&plan),
            dtypes,
        );
    }
    counts
}

/// The same of scores.
pub(in crate::ops) fn of_scores(
    scores: CubeTensor,
    target: CubeTensor,
    plan: MaskPlan,
) -> CubeTensor {
    let (scores, target) = (into_contiguous(scores), ints(target));
    let (ignored, ignores) = ignored(&target, plan.options.ignore_index);
    let counts = counters(&target, &plan);
    let (parts, grid) = grid(&plan);
    let dtypes = [elem(&scores), elem(&target)];
    // SAFETY: the kernel reads scores below `samples * classes * pixels`, and else what the other reads.
    unsafe {
        count_scores::launch_unchecked(
            &counts.client,
            grid,
            CUBE,
            counts.clone().into_tensor_arg(),
            scores.into_tensor_arg(),
            target.into_tensor_arg(),
            plan.samples as u32,
            plan.pixels as u32,
            parts,
            ignored,
            ignores,
            plan.options.classes,
            private(&plan),
            dtypes,
        );
    }
    counts
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn count_labels<P: Int, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    pred: &Tensor<P>,
    target: &Tensor<I>,
    samples: u32,
    pixels: u32,
    parts: u32,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[comptime] classes: usize,
    #[comptime] private: usize,
    #[define(P, I)] _dtypes: [ElemType; 2],
) {
    let own = own_counters(private);
    let sample = CUBE_POS as usize / parts as usize;
    let part = CUBE_POS as usize % parts as usize;
    let first = sample * pixels as usize;
    let mut end = pixels as usize;
    if sample >= samples as usize {
        end = 0;
    }
    let mut i = part * CUBE_DIM as usize + UNIT_POS as usize;
    while i < end {
        let raw = target[first + i];
        let own_target = label::<I>(raw);
        let own_pred = label::<P>(pred[first + i]);
        let mut code = pixel_code(own_pred, own_target, classes);
        if comptime!(ignores) && raw == ignored.get::<I>() {
            code = comptime!(Reason::Ignored.code()).runtime();
        }
        count_pixel(
            counts, &own, own_pred, own_target, code, sample, samples, classes, private,
        );
        i += (parts * CUBE_DIM) as usize;
    }
    flush(counts, &own, sample, samples, classes, private);
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn count_scores<F: Float, I: Int>(
    counts: &mut Tensor<Atomic<i32>>,
    scores: &Tensor<F>,
    target: &Tensor<I>,
    samples: u32,
    pixels: u32,
    parts: u32,
    ignored: InputScalar,
    #[comptime] ignores: bool,
    #[comptime] classes: usize,
    #[comptime] private: usize,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let own = own_counters(private);
    let sample = CUBE_POS as usize / parts as usize;
    let part = CUBE_POS as usize % parts as usize;
    let width = pixels as usize;
    let first = sample * width;
    let mut end = width;
    if sample >= samples as usize {
        end = 0;
    }
    let mut i = part * CUBE_DIM as usize + UNIT_POS as usize;
    while i < end {
        let raw = target[first + i];
        let own_target = label::<I>(raw);
        let from = first * comptime!(classes).runtime() + i;
        let mut best = f32::cast_from(scores[from]);
        let mut own_pred = 0i32;
        let mut nan = 0u32;
        if is_nan(best) {
            nan = 1u32;
        }
        let mut class = 1usize;
        while class < comptime!(classes).runtime() {
            let score = f32::cast_from(scores[from + class * width]);
            if is_nan(score) {
                nan = 1u32;
            } else if score > best {
                best = score;
                own_pred = i32::cast_from(class);
            }
            class += 1;
        }
        let mut code = pixel_code(own_pred, own_target, classes);
        if code == 0 && nan == 1 {
            code = comptime!(Reason::Nan.code()).runtime();
        }
        if comptime!(ignores) && raw == ignored.get::<I>() {
            code = comptime!(Reason::Ignored.code()).runtime();
        }
        count_pixel(
            counts, &own, own_pred, own_target, code, sample, samples, classes, private,
        );
        i += (parts * CUBE_DIM) as usize;
    }
    flush(counts, &own, sample, samples, classes, private);
}

/// 0, or the code of a pixel that is left out.
#[cube]
fn pixel_code(pred: i32, target: i32, #[comptime] classes: usize) -> i32 {
    let classes = comptime!(classes as i32).runtime();
    let mut code = 0i32;
    if target < 0 || target >= classes {
        code = comptime!(Reason::InvalidTarget.code()).runtime();
    } else if pred < 0 || pred >= classes {
        code = comptime!(Reason::InvalidPrediction.code()).runtime();
    }
    code
}

#[cube]
#[allow(clippy::too_many_arguments)]
fn count_pixel(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    pred: i32,
    target: i32,
    code: i32,
    sample: usize,
    samples: u32,
    #[comptime] classes: usize,
    #[comptime] private: usize,
) {
    let classes_here = comptime!(classes).runtime();
    if code < 0 {
        let place = 3 * classes_here + slot(code);
        add(counts, own, place, sample, samples, classes, private);
    } else {
        let p = usize::cast_from(pred);
        let t = usize::cast_from(target);
        add(
            counts,
            own,
            classes_here + p,
            sample,
            samples,
            classes,
            private,
        );
        add(
            counts,
            own,
            2 * classes_here + t,
            sample,
            samples,
            classes,
            private,
        );
        if pred == target {
            add(counts, own, t, sample, samples, classes, private);
        }
    }
}

/// Where a counter of a sample is among all.
#[cube]
fn place_of(place: usize, sample: usize, samples: u32, #[comptime] classes: usize) -> usize {
    let size = comptime!(3 * classes).runtime();
    let mut all = sample * size + place;
    if place >= size {
        all = (samples as usize - 1) * size + place;
    }
    all
}

#[cube]
fn add(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    place: usize,
    sample: usize,
    samples: u32,
    #[comptime] classes: usize,
    #[comptime] private: usize,
) {
    if comptime!(private > 0) {
        own[place].fetch_add(1i32);
    } else {
        let all = place_of(place, sample, samples, classes);
        if all < counts.len() {
            counts[all].fetch_add(1i32);
        }
    }
}

/// Adds the cube's own counters to those of its sample.
#[cube]
fn flush(
    counts: &mut Tensor<Atomic<i32>>,
    own: &Shared<[Atomic<i32>]>,
    sample: usize,
    samples: u32,
    #[comptime] classes: usize,
    #[comptime] private: usize,
) {
    sync_cube();
    let mut i = UNIT_POS as usize;
    while i < comptime!(private).runtime() {
        let amount = own[i].load();
        if amount != 0 {
            let all = place_of(i, sample, samples, classes);
            counts[all].fetch_add(amount);
        }
        i += CUBE_DIM as usize;
    }
}
