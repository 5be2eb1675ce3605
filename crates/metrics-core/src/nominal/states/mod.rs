//! What metrics of agreement between raters accumulate.

mod coincidences;
mod rating_sums;

pub use coincidences::{Coincidences, CoincidencesSummary};
pub use rating_sums::{RatingSums, RatingSumsSummary};
