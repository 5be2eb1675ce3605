//! Terms of pairs that kernels know.

// The macros of CubeCL write functions and structs without a comment.
#[cfg(feature = "cube")]
#[allow(missing_docs)]
mod own;

#[cfg(feature = "cube")]
pub(super) use own::own_values;
#[cfg(feature = "cube")]
pub use own::{OwnTerms, PairFunction, PairValues, PairValuesExpand};

/// Terms that kernels know. Numbers are kept by their bits, since kernels are found by equality.
///
/// The terms of a metric of your own are `TermsKernel::own`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum TermsKernel {
    AbsolutePercentage,
    SymmetricPercentage,
    WeightedPercentage,
    SquaredLog,
    LogCosh,
    SquaredError,
    PoissonDeviance,
    CompoundDeviance,
    GammaDeviance,
    /// A deviance of another power, an `f64`.
    Deviance(u64),
    /// A whole power of absolute errors.
    Minkowski(u32),
    /// Any power of absolute errors, an `f64`.
    Power(u64),
    /// The pinball loss of a quantile, an `f64`.
    Pinball(u64),
    /// Events are numbers from a threshold on.
    Events(u32),
    /// The similarity of rows.
    Cosine,
    /// The divergence of rows, which may be logarithms.
    KullbackLeibler(bool),
    JensenShannon(bool),
    /// Terms of a user's metric.
    #[cfg(feature = "cube")]
    Own(OwnTerms),
}

#[cfg(feature = "cube")]
impl TermsKernel {
    /// How many terms there are.
    pub(super) fn sums(&self) -> usize {
        match self {
            Self::WeightedPercentage | Self::Events(_) => 2,
            Self::Own(own) => own.sums(),
            _ => 1,
        }
    }

    /// Whether they are of whole rows.
    pub(super) fn of_rows(&self) -> bool {
        matches!(
            self,
            Self::Cosine | Self::KullbackLeibler(_) | Self::JensenShannon(_)
        )
    }

    /// Whether rows are logarithms of probabilities.
    pub(super) fn log_prob(&self) -> bool {
        matches!(
            self,
            Self::KullbackLeibler(true) | Self::JensenShannon(true)
        )
    }

    pub(super) fn is_divergence(&self) -> bool {
        matches!(self, Self::KullbackLeibler(_))
    }

    pub(super) fn is_minkowski(&self) -> bool {
        matches!(self, Self::Minkowski(_))
    }

    pub(super) fn is_power(&self) -> bool {
        matches!(self, Self::Power(_))
    }

    pub(super) fn is_pinball(&self) -> bool {
        matches!(self, Self::Pinball(_))
    }

    pub(super) fn is_deviance(&self) -> bool {
        matches!(self, Self::Deviance(_))
    }

    pub(super) fn is_events(&self) -> bool {
        matches!(self, Self::Events(_))
    }

    pub(super) fn whole_power(&self) -> u32 {
        match self {
            Self::Minkowski(power) => *power,
            _ => 1,
        }
    }

    pub(super) fn threshold(&self) -> f32 {
        match self {
            Self::Events(bits) => f32::from_bits(*bits),
            _ => 0.0,
        }
    }

    /// The power, or the quantile.
    pub(super) fn number(&self) -> f64 {
        match self {
            Self::Power(bits) | Self::Pinball(bits) | Self::Deviance(bits) => f64::from_bits(*bits),
            _ => 1.0,
        }
    }

    pub(super) fn own_terms(&self) -> Option<OwnTerms> {
        match self {
            Self::Own(own) => Some(own.clone()),
            _ => None,
        }
    }
}
