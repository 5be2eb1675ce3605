//! The pass over observations of several variables.

#[cfg(feature = "cube")]
pub(super) mod cube;
mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod products;
#[cfg(all(test, any(feature = "flex", feature = "ndarray")))]
mod tests;

#[cfg(feature = "cube")]
pub use cube::KernelPlan;

use crate::{
    REJECTED_SLOTS,
    pass::{DeviceState, Input, Plan, Size},
};
use burn::tensor::Tensor;

/// Observations of a batch.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The values `[N, D]`.
    pub values: Tensor<2>,
    /// The weights `[N]`, if there are any.
    pub weights: Option<Tensor<1>>,
}

/// What can become of an observation.
#[derive(Debug, Clone, PartialEq)]
pub enum ObservedSink {
    /// Products of every two of so many variables, around pivots.
    ///
    /// State: a counter of rows used and the rejected ones. Sums: those of the [`pairs`] of 1 and the
    /// variables, the first of which is that of weights. Marks: the pivots. A slot whose weights are 0 has no marks yet.
    CoMoments(usize),
}

/// The pairs of 1 (number 0) and variables (from number 1 on) whose products are added up: those of equal numbers, too.
pub fn pairs(variables: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..=variables).flat_map(move |i| (i..=variables).map(move |j| (i, j)))
}

/// How many of these [`pairs`] there are.
pub const fn products(variables: usize) -> usize {
    (variables + 1) * (variables + 2) / 2
}

impl Input for Observed {
    type Sink = ObservedSink;

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn size(&self, ObservedSink::CoMoments(variables): &ObservedSink) -> Size {
        Size {
            counts: 1 + REJECTED_SLOTS,
            sums: products(*variables),
            marks: *variables,
            ..Size::default()
        }
    }

    #[allow(unused_variables)]
    fn on_host(&self, plan: &Plan<ObservedSink>, counts: &mut [i32], numbers: &mut [f64]) {
        #[cfg(any(feature = "flex", feature = "ndarray"))]
        host::pass(self, plan, counts, numbers);
    }

    fn on_device(&self, plan: &Plan<ObservedSink>, state: DeviceState) -> DeviceState {
        #[cfg(feature = "cube")]
        let state = match cube::pass(self, plan, state) {
            Ok(state) => return state,
            Err(state) => state,
        };
        default::pass(self, plan, state)
    }
}
