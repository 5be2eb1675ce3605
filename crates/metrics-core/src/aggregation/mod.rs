//! Metrics of plain numbers, such as losses.

mod cat;
mod max;
mod mean;
mod min;
mod sum;

pub use crate::accumulators::NanStrategy;
pub use cat::Cat;
pub use max::Max;
pub use mean::Mean;
pub use min::Min;
pub use sum::Sum;

/// The constructor and the options that all of them have.
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
