//! The pass over forecasts of ensembles.

#[cfg(feature = "cube")]
pub(super) mod cube;
mod default;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
#[cfg(all(test, any(feature = "flex", feature = "ndarray")))]
mod tests;

#[cfg(feature = "cube")]
pub use cube::KernelPlan;

use crate::{
    REJECTED_SLOTS,
    pass::{DeviceState, Input, Plan, Size},
};
use burn::tensor::Tensor;

/// Forecasts of a batch.
#[derive(Debug, Clone)]
pub struct Ensembles {
    /// The predictions of the members `[N, M]`.
    pub pred: Tensor<2>,
    /// The targets `[N]`.
    pub target: Tensor<1>,
    /// The weights `[N]`, if there are any.
    pub weights: Option<Tensor<1>>,
}

/// What can become of a forecast.
#[derive(Debug, Clone, PartialEq)]
pub enum EnsembleSink {
    /// The continuous ranked probability score.
    ///
    /// State: a counter of rows used and the rejected ones. Sums: the scores, and of weighted rows the weights.
    Scores,
}

impl Input for Ensembles {
    type Sink = EnsembleSink;

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn size(&self, sink: &EnsembleSink) -> Size {
        match sink {
            EnsembleSink::Scores => {
                Size::both(1 + REJECTED_SLOTS, 1 + usize::from(self.is_weighted()))
            }
        }
    }

    #[allow(unused_variables)]
    fn on_host(&self, plan: &Plan<EnsembleSink>, counts: &mut [i32], numbers: &mut [f64]) {
        #[cfg(any(feature = "flex", feature = "ndarray"))]
        {
            let batch = host::scores(&self.pred, &self.target, &self.weights);
            for placed in &plan.sinks {
                let more = batch.counts;
                (placed.counts_of(counts).iter_mut().zip(more)).for_each(|(count, n)| *count += n);
                let sums = placed.numbers_of(numbers).iter_mut();
                sums.zip(&batch.totals).for_each(|(sum, x)| *sum += x);
            }
        }
    }

    fn on_device(&self, plan: &Plan<EnsembleSink>, state: DeviceState) -> DeviceState {
        #[cfg(feature = "cube")]
        let state = match cube::pass(self, plan, state) {
            Ok(state) => return state,
            Err(state) => state,
        };
        default::pass(self, plan, state)
    }
}
