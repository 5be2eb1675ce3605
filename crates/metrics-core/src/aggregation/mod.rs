//! Metrics of plain numbers, such as losses.

mod cat;
mod covariance;
mod max;
mod mean;
mod min;
pub mod states;
mod sum;
mod throughput;
mod wasserstein_1d;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{
        cat::Cat, covariance::Covariance, max::Max, mean::Mean, min::Min, sum::Sum,
        throughput::Throughput, wasserstein_1d::Wasserstein1D,
    };
    pub use crate::states::NanStrategy;
}
pub use metrics::*;

/// The constructor and the options of those over single values.
macro_rules! nan_option {
    ($metric:ident) => {
        impl $metric {
            /// With the default, [`NanStrategy::Error`](crate::aggregation::NanStrategy::Error).
            pub fn new() -> Self {
                Self::default()
            }

            /// What happens to NaN.
            pub fn nan_strategy(mut self, strategy: crate::aggregation::NanStrategy) -> Self {
                self.nan = strategy;
                self
            }
        }
    };
}
use nan_option;
