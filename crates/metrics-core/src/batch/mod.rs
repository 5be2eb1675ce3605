//! Batches: the tensors of one step, and what metrics derive from them, computed at most once.
//!
//! Constructors check shapes. They take tensors of any float or integer dtype. Floats are used as
//! `f32`, which is exact for `f16` and `bf16`. Numbers that come as `f64` (pairs, plain values, samples, ensembles,
//! observations, not scores) count as `f64` in host memory (Flex, NdArray); on other devices sums are of `f32`, and
//! metrics refuse such batches with [`MetricError::DoublePrecision`]. Tensors of an autodiff device are
//! taken off it, so a batch never holds a graph.

mod binary;
mod clustered;
mod documents;
mod ensemble;
mod grouped;
mod labelings;
mod masks;
mod memo;
mod multiclass;
mod multilabel;
mod observations;
mod ratings;
mod regression;
mod texts;
mod two_samples;
mod values;

pub use binary::Binary;
pub use clustered::Clustered;
pub use documents::{Documents, Relevance};
pub use ensemble::Ensemble;
pub use grouped::Grouped;
pub use labelings::{Labelings, MissingCategory};
pub use masks::{Mask, Masks};
pub use memo::Memo;
pub use multiclass::Multiclass;
pub use multilabel::Multilabel;
pub use observations::Observations;
pub use ratings::{RatingCounts, Ratings};
pub use regression::Regression;
pub use texts::{TextLines, TextRow, Texts};
pub use two_samples::TwoSamples;
pub use values::Values;

use crate::{Batch, MetricError, ops};
use burn::tensor::{DType, Device, FloatDType, Tensor, kind::Basic};

/// Batches of several classes or labels, whose values have an average.
pub trait Classes: Batch {}
impl Classes for Multiclass {}
impl Classes for Multilabel {}

/// The device of a batch of tensors, which has one.
pub(crate) fn device_of(batch: &impl Batch) -> Device {
    batch.device().unwrap_or_default()
}

/// A float tensor in the form that metrics use: `f32`, without autodiff.
fn floats<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let tensor = tensor.without_autodiff();
    if tensor.dtype() == DType::F32 {
        tensor
    } else {
        tensor.cast(FloatDType::F32)
    }
}

/// Numbers in the form that sums take: `f64` as they came, in host memory; others as [`floats`]. A device with
/// sums of `f32` keeps `f64` too, and its batches are refused (see [`single`]).
fn numbers<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let tensor = tensor.without_autodiff();
    if tensor.dtype() == DType::F64 {
        tensor
    } else {
        floats(tensor)
    }
}

/// The tensor in the precision of another one, or both in double precision if one is.
fn alike<const D: usize, const E: usize>(a: Tensor<D>, b: Tensor<E>) -> (Tensor<D>, Tensor<E>) {
    if a.dtype() == b.dtype() {
        (a, b)
    } else {
        (a.cast(FloatDType::F64), b.cast(FloatDType::F64))
    }
}

/// Fails for numbers in double precision on a device whose sums are in single precision.
fn single<const D: usize>(tensor: &Tensor<D>) -> Result<(), MetricError> {
    let device = tensor.device();
    if tensor.dtype() != DType::F64 || ops::is_host(&device) {
        return Ok(());
    }
    Err(MetricError::DoublePrecision {
        device: format!("{device:?}"),
    })
}

/// Scores in the form that operations read: 16-bit scores unchanged if the device has kernels, which saves a
/// copy of twice the size; other scores as [`floats`].
fn scores<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let half = matches!(tensor.dtype(), DType::F16 | DType::BF16);
    if half && ops::has_kernels(&tensor.device()) {
        tensor.without_autodiff()
    } else {
        floats(tensor)
    }
}

pub(crate) fn same_device(
    left_name: &'static str,
    left: Device,
    right_name: &'static str,
    right: Device,
) -> Result<(), MetricError> {
    if left == right {
        return Ok(());
    }
    Err(MetricError::DeviceMismatch {
        left_name,
        left: format!("{left:?}"),
        right_name,
        right: format!("{right:?}"),
    })
}

fn same_shape(
    left_name: &'static str,
    left: &[usize],
    right_name: &'static str,
    right: &[usize],
) -> Result<(), MetricError> {
    if left == right {
        return Ok(());
    }
    Err(MetricError::ShapeMismatch {
        left_name,
        left: left.to_vec(),
        right_name,
        right: right.to_vec(),
        hint: ": they must be equal",
    })
}

/// The weights `[n]` of a batch of `n` rows, on its device.
fn weights<const D: usize>(
    weights: Tensor<D>,
    n: usize,
    device: Device,
) -> Result<Tensor<1>, MetricError> {
    if weights.shape().num_elements() != n {
        return Err(MetricError::ShapeMismatch {
            left_name: "weights",
            left: weights.dims().to_vec(),
            right_name: "a batch",
            right: vec![n],
            hint: ": there must be one weight for each of its rows",
        });
    }
    same_device("weights", weights.device(), "target", device)?;
    Ok(flat(numbers(weights)))
}

/// All elements in one dimension. Not by Burn's `reshape`, to which a dimension of 0 means "as it is".
fn flat<const D: usize, K: Basic>(tensor: Tensor<D, K>) -> Tensor<1, K> {
    tensor.flatten(0, D - 1)
}

/// All elements as rows of one.
fn column<const D: usize, K: Basic>(tensor: Tensor<D, K>) -> Tensor<2, K> {
    let n = tensor.shape().num_elements();
    flat(tensor).reshape([n, 1])
}

/// A tensor `[N, C, ..]` as rows `[N * .., C]`.
fn dense<const D: usize, K: Basic>(tensor: Tensor<D, K>) -> Tensor<2, K> {
    tensor
        .movedim(1, D as i32 - 1)
        .flatten(0, D.saturating_sub(2))
}

/// The builder and the getter of a batch whose weights are those of `input`, what passes read.
macro_rules! weighted {
    ($batch:ident, $rows:literal, $input:ident) => {
        impl $batch {
            #[doc = concat!("Gives each of the ", $rows, " a weight, which is how often it counts: a finite number of at least 0.")]
            ///
            /// An element with an invalid weight is left out and counted among the
            /// [`invalid_weights`](crate::Rejected::invalid_weights). A metric that takes no weights
            /// refuses the batch with
            /// [`MetricError::WeightsUnsupported`](crate::MetricError::WeightsUnsupported).
            ///
            /// # Errors
            /// [`MetricError::ShapeMismatch`](crate::MetricError::ShapeMismatch) unless there is one weight
            /// for each row, in any shape.
            pub fn with_weights<const D: usize>(
                mut self,
                weights: burn::tensor::Tensor<D>,
            ) -> Result<Self, crate::MetricError> {
                let (rows, device) = (self.rows(), self.device());
                let weights = super::weights(weights, rows, device)?;
                let input = std::sync::Arc::make_mut(&mut self.$input);
                input.set_weights(weights);
                Ok(self)
            }

            /// The weights `[N]`, if it has any.
            pub fn weights(&self) -> Option<&burn::tensor::Tensor<1>> {
                self.$input.weights.as_ref()
            }
        }
    };
}
use weighted;
