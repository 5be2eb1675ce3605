//! Kernels for the backends on CubeCL: wgpu, Vulkan, Metal, CUDA, ROCm.
//!
//! They ask for little, so that they run everywhere: cubes of 256 units, 16 KiB of shared memory,
//! atomics of 32-bit integers; no `f64`, no subgroup operations, and no cube waits for another.
//!
//! They are launched without bounds checks of CubeCL's: lengths are checked here, and counters in the
//! kernels.

pub(in crate::ops) mod counts;
pub(in crate::ops) mod kinds;
pub(in crate::ops) mod math;
pub(in crate::ops) mod rows;
pub(in crate::ops) mod samples;
pub(in crate::ops) mod sums;
pub(in crate::ops) mod teams;
pub(in crate::ops) mod totals;

use burn::backend::{
    cubecl::dtype_to_storage_type,
    ops::{FloatTensorOps, IntTensorOps},
};
use burn::tensor::{DType, FloatDType, IntDType, Shape};
use burn_cubecl::{
    CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype,
    tensor::CubeTensor,
};
use cubecl::{CubeCount, CubeDim, ir::ElemType, prelude::*};

/// Units of a cube.
pub(in crate::ops) const UNITS: u32 = 256;

/// The most cubes of a kernel whose units walk over many elements each.
const CUBES: usize = 1024;

/// Elements of a unit that walks, before there are more cubes.
pub(in crate::ops) const PER_UNIT: usize = 8;

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
pub(in crate::ops) fn one_each(elements: usize) -> CubeCount {
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
pub(in crate::ops) fn empty<const D: usize>(
    like: &CubeTensor,
    shape: [usize; D],
    dtype: DType,
) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, Shape::new(shape), dtype)
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
pub(in crate::ops) fn ignored(
    target: &CubeTensor,
    ignore_index: Option<i64>,
) -> (InputScalar, bool) {
    let fits =
        ignore_index.filter(|index| target.dtype == DType::I64 || i32::try_from(*index).is_ok());
    (
        InputScalar::new(fits.unwrap_or(0), elem(target)),
        fits.is_some(),
    )
}
