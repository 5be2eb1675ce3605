//! Metrics of nominal data: how far two categorical variables go together.
//!
//! Most read [`Labelings`](crate::batch::Labelings) and share one state with the metrics of [clustering](crate::clustering), the
//! contingency table. Categories are any integers. TorchMetrics counts categories by how many there are and takes their values for
//! places, so that categories 0 and 7 fail there. [`cramers_v_matrix`] and its like take all pairs of columns of a table.
//!
//! [`FleissKappa`] and [`KrippendorffAlpha`] say how far raters agree.

mod association;
mod cramers_v;
mod fleiss_kappa;
mod krippendorff_alpha;
mod matrices;
mod pearsons_contingency_coefficient;
pub mod states;
mod theils_u;
mod tschuprows_t;

/// The metrics and their options, which the prelude has too.
pub(crate) mod metrics {
    pub use super::{
        cramers_v::CramersV,
        fleiss_kappa::FleissKappa,
        krippendorff_alpha::{KrippendorffAlpha, Level},
        pearsons_contingency_coefficient::PearsonsContingencyCoefficient,
        theils_u::TheilsU,
        tschuprows_t::TschuprowsT,
    };
}
pub use matrices::{
    cramers_v_matrix, pearsons_contingency_coefficient_matrix, theils_u_matrix, tschuprows_t_matrix,
};
pub use metrics::*;

/// The rules of these metrics.
pub mod rules {
    pub use super::{
        cramers_v::CramersVRule,
        pearsons_contingency_coefficient::PearsonsContingencyCoefficientRule,
        theils_u::TheilsURule, tschuprows_t::TschuprowsTRule,
    };
}
