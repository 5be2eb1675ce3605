//! Terms of a user's metric, as a function that the kernel of the pass expands.

use super::TermsKernel;
use crate::{Reason, regression::states::PairTerms};
use cubecl::{intrinsic, ir::Scope, prelude::*};
use std::{any::TypeId, fmt, hash, sync::Arc};

/// The terms of a metric as a function for kernels, beside the terms of tensors that every backend takes
/// ([`PairTerms::terms`]).
///
/// With it the metric joins the launch that serves the other metrics of a batch on CubeCL devices (CUDA, ROCm, Metal,
/// Vulkan, WebGPU). Options are constants of the kernel: other options are another kernel, which is compiled when it
/// is first needed. The crate of the metric needs CubeCL of the version that Burn has.
///
/// The Huber loss of [`PairTerms`]:
///
/// ```
/// use cubecl::prelude::*;
/// # use metrics_core::Identity;
/// use metrics_core::regression::states::{PairFunction, PairTerms, PairValues, TermsKernel};
/// # use burn::tensor::Tensor;
///
/// #[derive(Debug, Clone, PartialEq, serde::Serialize)]
/// struct HuberLoss {
///     delta: f32,
/// }
///
/// #[cube]
/// impl PairFunction for HuberLoss {
///     fn values(pred: f32, target: f32, #[comptime] terms: Self) -> PairValues {
///         let delta = comptime!(terms.delta).runtime();
///         let error = (pred - target).abs();
///         let inner = min(error, delta);
///         PairValues::one(inner * (error - inner * 0.5f32))
///     }
/// }
///
/// impl PairTerms for HuberLoss {
///     fn kernel(&self) -> Option<TermsKernel> {
///         Some(TermsKernel::own(self))
///     }
/// #     fn identity(&self) -> Identity {
/// #         Identity::new("my_project/huber_loss", 1).with(self)
/// #     }
/// #     fn terms(&self, pred: Tensor<2>, target: Tensor<2>) -> Vec<Tensor<2>> {
/// #         let error = (pred - target).abs();
/// #         let inner = error.clone().clamp_max(self.delta);
/// #         vec![inner.clone() * (error - inner * 0.5)]
/// #     }
///     // `identity` and `terms` as before.
/// }
/// ```
#[cube]
pub trait PairFunction: Clone + Send + Sync + 'static {
    /// The terms of one pair of numbers, which are not NaN: at most two.
    fn values(pred: f32, target: f32, #[comptime] terms: Self) -> PairValues;
}

/// The terms of a pair.
#[derive(CubeType, Clone, Copy)]
pub struct PairValues {
    pub(crate) first: f32,
    pub(crate) second: f32,
    /// 0, or the code of a pair that is rejected.
    pub(crate) code: i32,
}

#[cube]
impl PairValues {
    /// One term.
    pub fn one(term: f32) -> PairValues {
        PairValues {
            first: term,
            second: 0.0f32,
            code: 0i32,
        }
    }

    /// Two terms.
    pub fn two(first: f32, second: f32) -> PairValues {
        PairValues {
            first,
            second,
            code: 0i32,
        }
    }

    /// The pair is rejected as [`InvalidPrediction`](Reason::InvalidPrediction) if this is so.
    pub fn invalid_prediction_if(self, invalid: bool) -> PairValues {
        let code = comptime!(Reason::InvalidPrediction.code()).runtime();
        PairValues {
            first: self.first,
            second: self.second,
            code: select(invalid && self.code == 0, code, self.code),
        }
    }

    /// The pair is rejected as [`InvalidTarget`](Reason::InvalidTarget) if this is so.
    pub fn invalid_target_if(self, invalid: bool) -> PairValues {
        let code = comptime!(Reason::InvalidTarget.code()).runtime();
        PairValues {
            first: self.first,
            second: self.second,
            code: select(invalid, code, self.code),
        }
    }
}

type Expand =
    dyn Fn(&Scope, NativeExpand<f32>, NativeExpand<f32>) -> PairValuesExpand + Send + Sync;

/// Terms of a user's metric with their options.
#[derive(Clone)]
pub struct OwnTerms {
    /// What a compiled kernel is known by, also in a cache on disk.
    name: String,
    kind: TypeId,
    sums: usize,
    expand: Arc<Expand>,
}

impl TermsKernel {
    /// The function of these terms for kernels. They have at most two sums.
    ///
    /// Terms of whole rows have no such function: with [`Unit::Rows`](crate::regression::states::Unit::Rows) kernels
    /// leave the metric to its tensor form.
    pub fn own<T: PairFunction + PairTerms>(terms: &T) -> Self {
        let options = terms.clone();
        Self::Own(OwnTerms {
            name: format!("{} {}", std::any::type_name::<T>(), terms.identity()),
            kind: TypeId::of::<T>(),
            sums: T::SUMS,
            expand: Arc::new(move |scope, pred, target| {
                T::__expand_values(scope, pred, target, options.clone())
            }),
        })
    }
}

impl OwnTerms {
    pub(in crate::ops::pairs) fn sums(&self) -> usize {
        self.sums
    }
}

impl fmt::Debug for OwnTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnTerms").field(&self.name).finish()
    }
}

impl PartialEq for OwnTerms {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.name) == (other.kind, &other.name)
    }
}

impl Eq for OwnTerms {}

impl hash::Hash for OwnTerms {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        // Not the type's number, which is another in the next build.
        self.name.hash(state);
    }
}

/// What a user's function makes of a pair.
#[cube]
pub(in crate::ops::pairs) fn own_values(
    pred: f32,
    target: f32,
    #[comptime] own: OwnTerms,
) -> PairValues {
    intrinsic!(|scope| { (own.expand)(scope, pred, target) })
}
