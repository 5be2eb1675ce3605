//! What metrics accumulate. Several metrics finalize one accumulator's summary.

use crate::Rejected;

/// Clone, Debug and PartialEq of an accumulator that is its options and the type of its batches,
/// which need none of these.
macro_rules! by_options {
    ($accumulator:ident) => {
        impl<B> Clone for $accumulator<B> {
            fn clone(&self) -> Self {
                Self {
                    options: self.options.clone(),
                    batch: std::marker::PhantomData,
                }
            }
        }
        impl<B> PartialEq for $accumulator<B> {
            fn eq(&self, other: &Self) -> bool {
                self.options == other.options
            }
        }
        impl<B> std::fmt::Debug for $accumulator<B> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.options.fmt(f)
            }
        }
    };
}

mod by_sample;
mod calibration_bins;
mod co_moments;
mod confusion;
mod curve_column;
mod curve_scores;
mod decision_terms;
mod ensemble_scores;
mod exact_matches;
mod group_counts;
mod hinge_terms;
mod joint_moments;
mod label_ranking;
mod log_likelihood;
mod pair_moments;
mod pair_sums;
mod rank_pairs;
mod row_sums;
mod rows;
mod sample_list;
mod score_keys;
mod target_extremes;
mod top_labels;
mod values;

pub use by_sample::{BySample, PerSample, SampleCounts};
pub(crate) use calibration_bins::BinSums;
pub use calibration_bins::{Calibration, CalibrationBins, ConfidentBatch};
pub use co_moments::{CoMoments, Comoments};
pub(crate) use confusion::of_others;
pub use confusion::{
    BinaryConfusion, ClassCounts, Confusion, MulticlassConfusion, MultilabelConfusion, Task,
};
pub(crate) use curve_column::Column;
pub use curve_column::ThresholdCurve;
pub use curve_scores::{CurveCounts, CurveScores, ScoredBatch, Thresholds};
pub use decision_terms::{DecisionBatch, DecisionTerms};
pub use ensemble_scores::{EnsembleScoreSum, EnsembleScores};
pub use exact_matches::{ExactMatches, MatchCounts, MatchOptions, MatchedBatch};
pub use group_counts::{GroupCounts, GroupedOutcomes};
pub use hinge_terms::{HingeTerms, MarginBatch};
pub use joint_moments::{Joint, JointMoments, JointOutput};
pub use label_ranking::LabelRanking;
pub use log_likelihood::{LogLikelihood, LogLikelihoodSum};
pub use pair_moments::{Moments, PairMoments};
pub use pair_sums::{MAX_SUMS, PairList, PairSums, PairTerms, PairTotals, Unit};
pub use rank_pairs::{Pairs, RankPairs};
pub use row_sums::{RowSums, RowTerms, RowTotals, WeightedRows};
pub use sample_list::{SampleList, Samples};
pub use top_labels::TopLabels;
pub use values::{Extremes, Listed, NanStrategy, Totals, ValueExtremes, ValueList, ValueTotals};

/// Adds the counters of what was left out.
fn add_rejected(rejected: &mut Rejected, delta: &[i32]) {
    let counts: Vec<u64> = delta.iter().map(|count| *count as u64).collect();
    rejected.merge(&Rejected::from_counts(&counts));
}

/// Adds a block of device counters to host counters. Most of a large matrix is zeros, which need not
/// be written.
fn add_counts(counts: &mut [u64], delta: &[i32]) {
    for (counts, delta) in counts.chunks_mut(32).zip(delta.chunks(32)) {
        if delta.iter().fold(0, |any, delta| any | delta) != 0 {
            let pairs = counts.iter_mut().zip(delta);
            pairs.for_each(|(count, delta)| *count += *delta as u64);
        }
    }
}

/// Adds sums of weights, of which there are none before the first weighted batch.
fn add_weights(sums: &mut Vec<f64>, delta: &[f64]) {
    if sums.len() < delta.len() {
        sums.resize(delta.len(), 0.0);
    }
    add_sums(sums, delta);
}

/// Adds numbers to as many sums.
fn add_sums(sums: &mut [f64], more: &[f64]) {
    let pairs = sums.iter_mut().zip(more);
    pairs.for_each(|(sum, more)| *sum += more);
}
