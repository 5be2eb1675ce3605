//! Intervals of confidence, from what was accumulated.
//!
//! | for | |
//! | --- | --- |
//! | shares of elements | [`ProportionInterval`]: in closed form |
//! | anything of a confusion matrix or a curve | [`Bootstrap`]: draws from the counts, on the host |
//! | anything that takes weights | [`PoissonBootstrap`]: accumulates every replicate |

mod bootstrap;
mod confusion;
mod curves;
mod multinomial;
pub(crate) mod normal;
mod poisson;
mod proportion;
mod replicates;
mod resample;
mod reweighted;

pub use bootstrap::{Bootstrap, BootstrapMethod};
pub use confusion::ConfusionElements;
pub use curves::CurveElements;
pub use poisson::{PoissonBootstrap, SavedPoissonBootstrap};
pub use proportion::{Proportion, ProportionInterval, ProportionMethod};
pub use replicates::Replicates;
pub use resample::{Elements, Random, Resample, Resampled};
pub use reweighted::Reweighted;
