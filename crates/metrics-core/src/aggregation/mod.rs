//! Metrics of plain numbers, such as losses.

mod cat;
mod covariance;
mod max;
mod mean;
mod min;
mod sum;
mod throughput;
mod wasserstein_1d;

pub use crate::accumulators::NanStrategy;
pub use cat::Cat;
pub use covariance::Covariance;
pub use max::Max;
pub use mean::Mean;
pub use min::Min;
pub use sum::Sum;
pub use throughput::Throughput;
pub use wasserstein_1d::Wasserstein1D;

/// The constructor and the options of those over single values.
macro_rules! nan_option {
    ($metric:ident) => {
        impl $metric {
            /// With the default, [`NanStrategy::Error`](crate::NanStrategy::Error).
            pub fn new() -> Self {
                Self::default()
            }

            /// What happens to NaN.
            pub fn nan_strategy(mut self, strategy: crate::NanStrategy) -> Self {
                self.nan = strategy;
                self
            }
        }
    };
}
use nan_option;
