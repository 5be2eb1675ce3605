//! What metrics of predicted numbers accumulate.

mod ensemble_scores;
mod joint_moments;
mod pair_moments;
mod pair_sums;
mod rank_pairs;

pub use ensemble_scores::{EnsembleScores, EnsembleScoresSummary};
pub use joint_moments::{JointMoments, JointMomentsSummary, JointOutput};
pub use pair_moments::{PairMoments, PairMomentsSummary};
pub use pair_sums::{LANES, MAX_SUMS, PairList, PairSums, PairSumsSummary, PairTerms, Unit};
pub use rank_pairs::{RankPairs, RankPairsSummary};
