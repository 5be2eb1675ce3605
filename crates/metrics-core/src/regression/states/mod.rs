//! What metrics of predicted numbers accumulate.

mod ensemble_scores;
mod joint_moments;
mod pair_moments;
mod pair_sums;
mod rank_pairs;
mod target_extremes;

pub use ensemble_scores::{EnsembleScoreSum, EnsembleScores};
pub use joint_moments::{Joint, JointMoments, JointOutput};
pub use pair_moments::{Moments, PairMoments};
pub use pair_sums::{MAX_SUMS, PairList, PairSums, PairTerms, PairTotals, Unit};
pub use rank_pairs::{Pairs, RankPairs};
