//! The pass over pairs of predictions and targets.

#[cfg(feature = "cube")]
pub(super) mod cube;
mod default;
mod function;
pub(crate) mod host;
#[cfg(test)]
mod tests;

#[cfg(feature = "cube")]
pub use cube::KernelPlan;
pub use function::TermsKernel;
#[cfg(feature = "cube")]
pub use function::{OwnTerms, PairFunction, PairValues, PairValuesExpand};

use super::weighed::Rows;
use crate::{
    REJECTED_SLOTS, ops,
    pass::{DeviceState, HostList, Input, Plan, Size, words},
};
use burn::tensor::{DType, Tensor};
use std::{any::Any, fmt::Debug, sync::Arc};

/// Pairs of a batch: predictions and targets `[N, D]`.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// The predictions `[N, D]`.
    pub pred: Tensor<2>,
    /// The targets `[N, D]`.
    pub target: Tensor<2>,
    /// The weights `[N]`, if there are any.
    pub weights: Option<Tensor<1>>,
}

impl Pairs {
    /// Every element as a row of its own, `[N * D, 1]`, that weighs as much as the row it is of.
    pub fn elements(&self) -> Self {
        let [n, columns] = self.target.dims();
        let size = n * columns;
        let spread = |w: Tensor<1>| w.reshape([n, 1]).expand([n, columns]).reshape([size]);
        Self {
            pred: self.pred.clone().reshape([size, 1]),
            target: self.target.clone().reshape([size, 1]),
            weights: self.weights.clone().map(spread),
        }
    }

    /// Whether the numbers are `f64`.
    pub(crate) fn is_wide(&self) -> bool {
        self.pred.dtype() == DType::F64
    }

    /// Whether there is a pass that lists pairs, and terms of rows if these are asked for.
    pub(crate) fn are_listed(&self, terms: Option<&dyn Terms>) -> bool {
        let device = self.pred.device();
        if ops::is_host(&device) {
            return true;
        }
        #[cfg(feature = "cube")]
        if ops::has_kernels(&device) {
            let n = self.pred.shape().num_elements();
            let known = |terms: &dyn Terms| terms.kernel().is_some_and(|kernel| kernel.of_rows());
            return n > 0 && n <= ops::KERNEL_ELEMENTS / 2 && terms.is_none_or(known);
        }
        let _ = terms;
        false
    }

    /// In the shape that a unit has.
    pub fn of(&self, unit: Unit) -> Self {
        match unit {
            Unit::Elements => self.elements(),
            Unit::Outputs(_) | Unit::Rows => self.clone(),
        }
    }
}

/// What the terms of a metric measure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unit {
    /// Every element, whatever the shape of the batch: pairs come as `[N * D, 1]`.
    #[default]
    Elements,
    /// The elements of each of so many columns, which have sums of their own: pairs come as `[N, D]`.
    Outputs(usize),
    /// Whole rows, such as vectors or distributions: pairs come as `[N, D]`, terms are `[N, 1]`.
    Rows,
}

impl Unit {
    /// The columns, if they are asked for one by one, else all elements.
    pub(crate) fn columns(outputs: Option<usize>) -> Self {
        outputs.map_or(Self::Elements, Self::Outputs)
    }

    /// How many outputs have sums of their own.
    pub fn outputs(self) -> usize {
        match self {
            Unit::Outputs(outputs) => outputs,
            Unit::Elements | Unit::Rows => 1,
        }
    }
}

/// What can become of a pair.
#[derive(Debug, Clone, PartialEq)]
pub enum PairSink {
    /// Moments of errors, and of targets around a pivot.
    ///
    /// State: a counter of rows used and the rejected ones. Sums: of each column `(p - t)²`, `|p - t|`,
    /// `t - pivot` and its square, and last the weights. Marks: the pivots, and with extremes the smallest
    /// targets and the largest. A slot whose weights are 0 has no marks yet.
    Moments {
        /// Elements or outputs.
        unit: Unit,
        /// Whether to keep the smallest and the largest target.
        extremes: bool,
    },
    /// Joint moments of predictions, targets and errors `e = t - p` around pivots.
    ///
    /// State: a counter of rows used and the rejected ones. Sums: of each column `p²`, `t²`, `e²`, `p t`, `p`,
    /// `t`, `e`, each less its pivot, and last the weights. Marks: the pivots of predictions and targets, and
    /// two of errors, which add up. A slot whose weights are 0 has no marks yet.
    Joint {
        /// Elements or outputs.
        unit: Unit,
    },
    /// Terms of a metric.
    ///
    /// State: a counter of rows used and the rejected ones. Sums: of each column the first term, then of each the
    /// second, and of weighted rows last the weights. Mark: above 0 if an infinite sum may be right, as one of
    /// infinite numbers is.
    Terms(AnyTerms),
    /// Every prediction and target, in turn. The batches are listed (`Pairs::are_listed`).
    ///
    /// State: a list.
    Ranks {
        /// Elements or outputs.
        unit: Unit,
    },
    /// The first term of every row, or NaN if it is rejected. The batches are listed (`Pairs::are_listed`).
    ///
    /// State: a counter of rows used and the rejected ones, and a list.
    List(AnyTerms),
}

/// How many sums [`PairSink::Moments`] keeps of a column.
pub(crate) const MOMENTS: usize = 4;

/// How many sums [`PairSink::Joint`] keeps of a column.
pub(crate) const JOINT: usize = 7;

impl PairSink {
    /// The pairs that it takes.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Moments { unit, .. } | Self::Joint { unit } | Self::Ranks { unit } => *unit,
            Self::Terms(terms) | Self::List(terms) => terms.0.unit(),
        }
    }
}

/// Terms of any metric.
#[derive(Debug, Clone)]
pub struct AnyTerms(pub(crate) Arc<dyn Terms>);

impl PartialEq for AnyTerms {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.equals(other.0.as_ref())
    }
}

/// What a pass needs to know of terms.
pub(crate) trait Terms: Debug + Any + Send + Sync {
    /// What they measure.
    fn unit(&self) -> Unit;

    /// How many sums there are of each output.
    fn sums(&self) -> usize;

    /// Whether [`add`](Self::add) knows the terms.
    fn by_number(&self) -> bool;

    /// Adds the terms of a block of pairs in host memory.
    fn add(&self, block: &host::Block<f32>, totals: &mut host::Totals);

    /// The same of numbers that came as `f64`.
    fn add_wide(&self, block: &host::Block<f64>, totals: &mut host::Totals);

    /// The rows of pairs in the shape of the unit, and their terms side by side.
    fn measure(&self, pairs: Pairs) -> (Rows, Tensor<2>);

    /// The function of a kernel that yields them, if there is one.
    #[cfg_attr(not(feature = "cube"), allow(dead_code))]
    fn kernel(&self) -> Option<TermsKernel>;

    /// Whether they are the same terms.
    fn equals(&self, other: &dyn Terms) -> bool;
}

impl Input for Pairs {
    type Sink = PairSink;

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn is_wide(&self) -> bool {
        Pairs::is_wide(self)
    }

    fn size(&self, sink: &PairSink) -> Size {
        let outputs = sink.unit().outputs();
        if let PairSink::Ranks { .. } = sink {
            return Size {
                lists: [words(self.is_wide()) * 2 * self.pred.dims()[1], 0],
                ..Size::default()
            };
        }
        let (sums, marks) = match sink {
            PairSink::Moments { extremes, .. } => {
                let marks = if *extremes { 3 } else { 1 };
                (MOMENTS * outputs + 1, marks * outputs)
            }
            PairSink::Joint { .. } => (JOINT * outputs + 1, 4 * outputs),
            PairSink::Terms(terms) => {
                let weights = usize::from(self.is_weighted());
                (terms.0.sums() * outputs + weights, 1)
            }
            PairSink::Ranks { .. } | PairSink::List(_) => (0, 0),
        };
        Size {
            counts: 1 + REJECTED_SLOTS,
            sums,
            marks,
            lists: [
                usize::from(matches!(sink, PairSink::List(_))) * words(self.is_wide()),
                0,
            ],
            ..Size::default()
        }
    }

    fn on_host(&self, plan: &Plan<PairSink>, counts: &mut [i32], numbers: &mut [f64]) {
        host::pass(self, plan, counts, numbers);
    }

    fn on_host_with_lists(
        &self,
        plan: &Plan<PairSink>,
        counts: &mut [i32],
        numbers: &mut [f64],
        lists: &mut [HostList],
    ) {
        host::pass(self, plan, counts, numbers);
        host::append(self, plan, counts, lists);
    }

    #[allow(unused_mut)] // Without kernels nothing is taken from the list.
    fn on_device(&self, plan: &Plan<PairSink>, mut state: DeviceState) -> DeviceState {
        let mut sinks: Vec<_> = plan.sinks.iter().collect();
        #[cfg(feature = "cube")]
        {
            let launched;
            (state, launched) = cube::pass(self, plan, state);
            if launched {
                let columns = self.pred.dims()[1];
                sinks.retain(|placed| !cube::takes(&placed.sink, columns));
            }
        }
        default::pass(self, sinks, state)
    }
}
