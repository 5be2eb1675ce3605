//! The pass over plain numbers.

#[cfg(feature = "cube")]
pub(super) mod cube;
mod default;
mod host;
#[cfg(all(test, any(feature = "flex", feature = "ndarray")))]
mod tests;

#[cfg(feature = "cube")]
pub use cube::KernelPlan;

use crate::{
    REJECTED_SLOTS, Reason, ops,
    pass::{DeviceState, HostList, Input, Plan, Size, words},
};
use burn::tensor::{DType, Tensor};

/// Numbers of a batch.
#[derive(Debug, Clone)]
pub struct Numbers {
    /// The numbers `[N]`.
    pub values: Tensor<1>,
    /// The weights `[N]`, if there are any.
    pub weights: Option<Tensor<1>>,
}

impl Numbers {
    fn is_wide(&self) -> bool {
        self.values.dtype() == DType::F64
    }

    /// Whether there is a pass that lists numbers.
    pub(crate) fn are_listed(&self) -> bool {
        let (n, device) = (self.values.dims()[0], self.values.device());
        let fits = n > 0 && n <= ops::KERNEL_ELEMENTS;
        ops::is_host(&device) || fits && ops::has_kernels(&device)
    }
}

/// What becomes of a number that is NaN, or has a weight that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NanRule {
    /// It is this one, with a weight of 1.
    Impute(f32),
    /// It is left out, and counted by its reason.
    LeaveOut(Reason),
}

impl NanRule {
    /// What it is in sums and extremes to which `neutral` adds nothing.
    fn number(self, neutral: f32) -> f32 {
        match self {
            Self::Impute(value) => value,
            Self::LeaveOut(_) => neutral,
        }
    }

    /// Where it is counted.
    fn counter(self) -> usize {
        match self {
            Self::Impute(_) => 0,
            Self::LeaveOut(reason) => 1 + reason as usize,
        }
    }
}

/// What can become of a number.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueSink {
    /// The sum of all.
    ///
    /// State: a counter of the numbers used and the rejected ones, and their sum. Of weighted numbers two more
    /// sums, of number times weight and of weights. Mark: above 0 if a number or a weight is infinite, so that an
    /// infinite sum may be right; on the host only if a sum is infinite.
    Totals(NanRule),
    /// The smallest and the largest, whatever they weigh.
    ///
    /// State: a counter of the numbers used and the rejected ones. Marks: 1 if there are others, and the smallest
    /// and the largest number.
    Extremes(NanRule),
    /// All numbers, with NaN in place of those that are left out. The batches are listed (`Numbers::are_listed`).
    ///
    /// State: a list.
    List(NanRule),
}

impl Input for Numbers {
    type Sink = ValueSink;

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn is_wide(&self) -> bool {
        Numbers::is_wide(self)
    }

    fn size(&self, sink: &ValueSink) -> Size {
        let (sums, marks) = match sink {
            ValueSink::Totals(_) if self.is_weighted() => (3, 1),
            ValueSink::Totals(_) => (1, 1),
            ValueSink::Extremes(_) => (0, 3),
            ValueSink::List(_) => {
                return Size {
                    lists: [words(self.is_wide()), 0],
                    ..Size::default()
                };
            }
        };
        Size {
            counts: 1 + REJECTED_SLOTS,
            sums,
            marks,
            ..Size::default()
        }
    }

    fn on_host(&self, plan: &Plan<ValueSink>, counts: &mut [i32], numbers: &mut [f64]) {
        host::pass(self, plan, counts, numbers);
    }

    fn on_host_with_lists(
        &self,
        plan: &Plan<ValueSink>,
        counts: &mut [i32],
        numbers: &mut [f64],
        lists: &mut [HostList],
    ) {
        host::pass(self, plan, counts, numbers);
        host::append(self, plan, lists);
    }

    fn on_device(&self, plan: &Plan<ValueSink>, state: DeviceState) -> DeviceState {
        #[cfg(feature = "cube")]
        let state = match cube::pass(self, plan, state) {
            Ok(state) => return state,
            Err(state) => state,
        };
        default::pass(self, plan, state)
    }
}
