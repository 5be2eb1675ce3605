//! Access to the data of CPU tensors as slices, without a copy where dtype and layout allow.

use crate::ops::scalar::Element;
use burn::backend::{BackendTensor, DispatchTensorKind};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use std::ops::Range;

/// Labels of whatever integer type, widened one by one.
#[derive(Clone, Copy)]
pub(in crate::ops) enum Ints<'a> {
    I32(&'a [i32]),
    I64(&'a [i64]),
}

/// Runs a generic expression on the slice inside an [`Ints`].
macro_rules! with_ints {
    ($ints:expr, $slice:ident => $body:expr) => {
        match $ints {
            $crate::ops::host::Ints::I32($slice) => $body,
            $crate::ops::host::Ints::I64($slice) => $body,
        }
    };
}
pub(in crate::ops) use with_ints;

impl Ints<'_> {
    pub(in crate::ops) fn len(&self) -> usize {
        with_ints!(self, slice => slice.len())
    }

    /// Some of them.
    pub(in crate::ops) fn range(&self, range: Range<usize>) -> Self {
        match self {
            Ints::I32(slice) => Ints::I32(&slice[range]),
            Ints::I64(slice) => Ints::I64(&slice[range]),
        }
    }

    /// Calls `f` with the index and the value of each.
    #[inline(always)]
    pub(in crate::ops) fn each(&self, mut f: impl FnMut(usize, i64)) {
        match self {
            Ints::I32(slice) => (slice.iter().enumerate()).for_each(|(i, v)| f(i, i64::from(*v))),
            Ints::I64(slice) => slice.iter().enumerate().for_each(|(i, v)| f(i, *v)),
        }
    }
}

/// A tensor whose data are in host memory.
///
/// Readers get contiguous slices of the logical elements: borrowed if the layout and dtype allow,
/// else converted. States are `i32` and `f32`, contiguous, and changed in place unless shared.
trait HostTensor: Clone {
    fn ints_mut(&mut self, f: impl FnOnce(&mut [i32]));
    fn floats_mut(&mut self, f: impl FnOnce(&mut [f32]));
    fn floats<R>(&self, f: impl FnOnce(&[f32]) -> R) -> R;
    /// A tensor of `f64`.
    fn doubles<R>(&self, f: impl FnOnce(&[f64]) -> R) -> R;
    fn ints<R>(&self, f: impl FnOnce(Ints) -> R) -> R;
    /// An integer tensor that this crate made, so `i32`.
    fn counters<R>(&self, f: impl FnOnce(&[i32]) -> R) -> R;
}

// Element by element, which no dtype of a tensor of numbers fails.
fn to_floats(data: TensorData) -> Vec<f32> {
    data.iter().collect()
}

fn to_doubles(data: TensorData) -> Vec<f64> {
    data.iter().collect()
}

fn to_longs(data: TensorData) -> Vec<i64> {
    data.iter().collect()
}

fn to_counters(data: TensorData) -> Vec<i32> {
    data.iter().collect()
}

#[cfg(feature = "flex")]
mod flex {
    use super::*;
    use burn::backend::flex::FlexTensor;

    impl HostTensor for FlexTensor {
        fn ints_mut(&mut self, f: impl FnOnce(&mut [i32])) {
            // A view is a part of its storage.
            let whole = |tensor: &Self| {
                let elements = tensor.as_slice::<i32>().map(<[i32]>::len);
                elements == Some(tensor.storage::<i32>().len())
            };
            if self.dtype() != DType::I32 || !whole(self) {
                *self = Self::from_data(self.clone().into_data().convert::<i32>());
            }
            f(self.storage_mut::<i32>())
        }

        fn floats_mut(&mut self, f: impl FnOnce(&mut [f32])) {
            // A view is a part of its storage.
            let whole = |tensor: &Self| {
                let elements = tensor.as_slice::<f32>().map(<[f32]>::len);
                elements == Some(tensor.storage::<f32>().len())
            };
            if self.dtype() != DType::F32 || !whole(self) {
                *self = Self::from_data(self.clone().into_data().convert::<f32>());
            }
            f(self.storage_mut::<f32>())
        }

        fn floats<R>(&self, f: impl FnOnce(&[f32]) -> R) -> R {
            match self.as_slice::<f32>() {
                Some(slice) => f(slice),
                None => f(&to_floats(self.clone().into_data())),
            }
        }

        fn doubles<R>(&self, f: impl FnOnce(&[f64]) -> R) -> R {
            match self.as_slice::<f64>() {
                Some(slice) => f(slice),
                None => f(&to_doubles(self.clone().into_data())),
            }
        }

        fn ints<R>(&self, f: impl FnOnce(Ints) -> R) -> R {
            if let Some(slice) = self.as_slice::<i32>() {
                f(Ints::I32(slice))
            } else if let Some(slice) = self.as_slice::<i64>() {
                f(Ints::I64(slice))
            } else {
                f(Ints::I64(&to_longs(self.clone().into_data())))
            }
        }

        fn counters<R>(&self, f: impl FnOnce(&[i32]) -> R) -> R {
            match self.as_slice::<i32>() {
                Some(slice) => f(slice),
                None => f(&to_counters(self.clone().into_data())),
            }
        }
    }
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)]
mod ndarray {
    use super::*;
    use burn::backend::{
        NdArray,
        ops::{FloatTensorOps, IntTensorOps},
    };
    use burn::backend::{TensorMetadata, ndarray::NdArrayTensor};
    use burn::tensor::read_sync;

    fn data(tensor: &NdArrayTensor) -> TensorData {
        let data = if tensor.dtype().is_float() {
            read_sync(NdArray::float_into_data(tensor.clone()))
        } else {
            read_sync(NdArray::int_into_data(tensor.clone()))
        };
        data.expect("host memory can be read")
    }

    impl HostTensor for NdArrayTensor {
        fn ints_mut(&mut self, f: impl FnOnce(&mut [i32])) {
            if let NdArrayTensor::I32(storage) = self
                && let Some(slice) = storage.ensure_owned().as_slice_mut()
            {
                return f(slice);
            }
            let mut values = to_counters(data(self));
            let shape = self.shape();
            f(&mut values);
            *self = NdArrayTensor::from_data(TensorData::new(values, shape));
        }

        fn floats_mut(&mut self, f: impl FnOnce(&mut [f32])) {
            if let NdArrayTensor::F32(storage) = self
                && let Some(slice) = storage.ensure_owned().as_slice_mut()
            {
                return f(slice);
            }
            let mut values = to_floats(data(self));
            let shape = self.shape();
            f(&mut values);
            *self = NdArrayTensor::from_data(TensorData::new(values, shape));
        }

        fn floats<R>(&self, f: impl FnOnce(&[f32]) -> R) -> R {
            if let NdArrayTensor::F32(storage) = self
                && let Some(slice) = storage.view().as_slice()
            {
                return f(slice);
            }
            f(&to_floats(data(self)))
        }

        fn doubles<R>(&self, f: impl FnOnce(&[f64]) -> R) -> R {
            if let NdArrayTensor::F64(storage) = self
                && let Some(slice) = storage.view().as_slice()
            {
                return f(slice);
            }
            f(&to_doubles(data(self)))
        }

        fn ints<R>(&self, f: impl FnOnce(Ints) -> R) -> R {
            if let NdArrayTensor::I32(storage) = self
                && let Some(slice) = storage.view().as_slice()
            {
                return f(Ints::I32(slice));
            }
            if let NdArrayTensor::I64(storage) = self
                && let Some(slice) = storage.view().as_slice()
            {
                return f(Ints::I64(slice));
            }
            f(Ints::I64(&to_longs(data(self))))
        }

        fn counters<R>(&self, f: impl FnOnce(&[i32]) -> R) -> R {
            if let NdArrayTensor::I32(storage) = self
                && let Some(slice) = storage.view().as_slice()
            {
                return f(slice);
            }
            f(&to_counters(data(self)))
        }
    }
}

/// Runs `f` on the elements of a tensor.
pub(in crate::ops) fn floats<const D: usize, R>(
    tensor: &Tensor<D>,
    f: impl FnOnce(&[f32]) -> R,
) -> R {
    match tensor.clone().into_dispatch().kind {
        #[cfg(feature = "flex")]
        DispatchTensorKind::Flex(BackendTensor::Float(tensor)) => tensor.floats(f),
        #[cfg(feature = "ndarray")]
        DispatchTensorKind::NdArray(BackendTensor::Float(tensor)) => tensor.floats(f),
        _ => f(&to_floats(tensor.to_data())),
    }
}

/// Runs `f` on the elements of a tensor, as `f64`.
pub(in crate::ops) fn doubles<const D: usize, R>(
    tensor: &Tensor<D>,
    f: impl FnOnce(&[f64]) -> R,
) -> R {
    match tensor.clone().into_dispatch().kind {
        #[cfg(feature = "flex")]
        DispatchTensorKind::Flex(BackendTensor::Float(tensor)) => tensor.doubles(f),
        #[cfg(feature = "ndarray")]
        DispatchTensorKind::NdArray(BackendTensor::Float(tensor)) => tensor.doubles(f),
        _ => f(&to_doubles(tensor.to_data())),
    }
}

/// An [`Element`] with access to the tensors of it.
pub(in crate::ops) trait HostElement: Element {
    /// Runs `f` on the elements of a tensor, as this type.
    fn slice<const D: usize, R>(tensor: &Tensor<D>, f: impl FnOnce(&[Self]) -> R) -> R;
}

impl HostElement for f32 {
    fn slice<const D: usize, R>(tensor: &Tensor<D>, f: impl FnOnce(&[f32]) -> R) -> R {
        floats(tensor, f)
    }
}

impl HostElement for f64 {
    fn slice<const D: usize, R>(tensor: &Tensor<D>, f: impl FnOnce(&[f64]) -> R) -> R {
        doubles(tensor, f)
    }
}

/// Runs `f` on the elements of a tensor of `i32`.
pub(in crate::ops) fn counters<const D: usize, R>(
    tensor: &Tensor<D, Int>,
    f: impl FnOnce(&[i32]) -> R,
) -> R {
    match tensor.clone().into_dispatch().kind {
        #[cfg(feature = "flex")]
        DispatchTensorKind::Flex(BackendTensor::Int(tensor)) => tensor.counters(f),
        #[cfg(feature = "ndarray")]
        DispatchTensorKind::NdArray(BackendTensor::Int(tensor)) => tensor.counters(f),
        _ => f(&to_counters(tensor.to_data())),
    }
}

/// Runs `f` on the elements of a tensor of any integers.
pub(in crate::ops) fn ints<const D: usize, R>(
    tensor: &Tensor<D, Int>,
    f: impl FnOnce(Ints) -> R,
) -> R {
    match tensor.clone().into_dispatch().kind {
        #[cfg(feature = "flex")]
        DispatchTensorKind::Flex(BackendTensor::Int(tensor)) => tensor.ints(f),
        #[cfg(feature = "ndarray")]
        DispatchTensorKind::NdArray(BackendTensor::Int(tensor)) => tensor.ints(f),
        _ => f(Ints::I64(&to_longs(tensor.to_data()))),
    }
}

/// A tensor of these integers.
pub(in crate::ops) fn from_ints<const D: usize>(
    values: Vec<i32>,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new(values, shape), (device, DType::I32))
}

/// A tensor of these floats.
pub(in crate::ops) fn from_floats<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}

/// Changes counters in place, or a copy of them if somebody else holds them too.
pub(in crate::ops) fn update_counts(
    counts: Tensor<1, Int>,
    f: impl FnOnce(&mut [i32]),
) -> Tensor<1, Int> {
    let ([n], device) = (counts.dims(), counts.device());
    let mut tensor = counts.into_dispatch();
    match &mut tensor.kind {
        #[cfg(feature = "flex")]
        DispatchTensorKind::Flex(BackendTensor::Int(own)) => own.ints_mut(f),
        #[cfg(feature = "ndarray")]
        DispatchTensorKind::NdArray(BackendTensor::Int(own)) => own.ints_mut(f),
        _ => {
            let mut values = to_counters(Tensor::<1, Int>::from_dispatch(tensor).to_data());
            f(&mut values);
            return from_ints(values, [n], &device);
        }
    }
    Tensor::from_dispatch(tensor)
}

/// Changes sums in place, or a copy of them if somebody else holds them too.
pub(in crate::ops) fn update_sums(sums: Tensor<1>, f: impl FnOnce(&mut [f32])) -> Tensor<1> {
    let ([n], device) = (sums.dims(), sums.device());
    let mut tensor = sums.into_dispatch();
    match &mut tensor.kind {
        #[cfg(feature = "flex")]
        DispatchTensorKind::Flex(BackendTensor::Float(own)) => own.floats_mut(f),
        #[cfg(feature = "ndarray")]
        DispatchTensorKind::NdArray(BackendTensor::Float(own)) => own.floats_mut(f),
        _ => {
            let mut values = to_floats(Tensor::<1>::from_dispatch(tensor).to_data());
            f(&mut values);
            return from_floats(values, [n], &device);
        }
    }
    Tensor::from_dispatch(tensor)
}
