//! Kernels.

mod curve;
mod radix;

use crate::ops::{
    AREA_COUNTS,
    cube::{CUBE, PER_UNIT, UNITS, elem, empty, ints, one_each, reshaped, same_length, writable},
    sums::cube::Partials,
};
use burn::{
    backend::ops::IntTensorOps,
    tensor::{DType, IntDType},
};
use burn_cubecl::{
    CubeBackend, kernel::into_contiguous, ops::numeric::zeros_client, tensor::CubeTensor,
};
use cubecl::{CubeCount, CubeDim};

/// The kernels on tensors.
pub(super) mod on_tensors {
    use crate::ops::kernels::Kernels;
    use burn::{
        backend::Dispatch,
        tensor::{Int, Tensor},
    };

    pub fn sort_pairs(keys: Tensor<1>, values: Tensor<1, Int>) -> (Tensor<1, Int>, Tensor<1>) {
        let (values, keys) = Dispatch::sort_pairs(keys.into_dispatch(), values.into_dispatch());
        (Tensor::from_dispatch(values), Tensor::from_dispatch(keys))
    }

    pub fn key_areas(keys: Tensor<2, Int>) -> (Tensor<1, Int>, Tensor<1>) {
        let (counts, sums) = Dispatch::key_areas(keys.into_dispatch());
        (Tensor::from_dispatch(counts), Tensor::from_dispatch(sums))
    }
}

/// See [`ops::sort_pairs`](crate::ops::sort_pairs).
pub(in crate::ops) fn sort_pairs(keys: CubeTensor, values: CubeTensor) -> (CubeTensor, CubeTensor) {
    let (keys, values) = (into_contiguous(keys), small(values));
    let n = keys.meta.num_elements();
    same_length(n, &[&values]);
    let codes = empty(&keys, [1, n], DType::U32);
    let sorted = empty(&keys, [n], DType::F32);
    let (client, dtype) = (codes.client.clone(), elem(&keys));
    // SAFETY: every unit has an element or does nothing, in both kernels.
    let (_, values) = unsafe {
        radix::encode::launch_unchecked(
            &client,
            one_each(n),
            CUBE,
            keys.into_tensor_arg(),
            codes.clone().into_tensor_arg(),
            dtype,
        );
        let (codes, values) = radix::sort(codes, Some(values), u32::BITS);
        radix::decode::launch_unchecked(
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

/// See [`Kernels::key_areas`](crate::ops::kernels::Kernels::key_areas).
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

/// Integers as `i32`: those that do not fit become the nearest that do.
fn small(values: CubeTensor) -> CubeTensor {
    let values = ints(values);
    if values.dtype != DType::I64 {
        return values;
    }
    let fits = CubeBackend::int_clamp(values, i32::MIN.into(), i32::MAX.into());
    CubeBackend::int_cast(fits, IntDType::I32)
}

fn area_counts(like: &CubeTensor, columns: usize) -> CubeTensor {
    let size = columns * AREA_COUNTS;
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
        let (keys, _) = radix::sort(keys, None, curve::BITS);
        curve::count_positives::launch_unchecked(
            &client,
            grid(),
            CUBE,
            keys.clone().into_tensor_arg(),
            starts.clone().into_tensor_arg(),
            n as u32,
        );
        radix::exclusive_sums::launch_unchecked(
            &client,
            CubeCount::new_1d(columns as u32),
            CubeDim::new_1d(radix::SCAN_UNITS as u32),
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
