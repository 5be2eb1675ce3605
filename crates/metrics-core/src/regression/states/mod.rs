//! What metrics of predicted numbers accumulate.

mod ensemble_scores;
mod joint_moments;
mod outputs;
mod pair_list;
mod pair_moments;
mod pair_sums;
mod pair_terms;
mod rank_pairs;

#[cfg(feature = "cube")]
pub use crate::ops::pairs::{OwnTerms, PairFunction, PairValues, PairValuesExpand};
pub use crate::ops::pairs::{TermsKernel, Unit};
pub use ensemble_scores::{EnsembleScores, EnsembleScoresSummary};
pub use joint_moments::{JointMoments, JointMomentsSummary, JointOutput};
pub use outputs::Outputs;
pub use pair_list::PairList;
pub use pair_moments::{PairMoments, PairMomentsSummary};
pub use pair_sums::{PairSums, PairSumsSummary};
pub use pair_terms::{LANES, MAX_SUMS, PairTerms};
pub use rank_pairs::{RankPairs, RankPairsSummary};
