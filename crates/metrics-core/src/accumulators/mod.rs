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

mod calibration_bins;
mod confusion;
mod curve_scores;
mod decision_terms;
mod group_counts;
mod hinge_terms;
mod label_ranking;
mod log_likelihood;
mod pair_moments;
mod row_sums;
mod score_keys;
mod top_labels;
mod values;

pub use calibration_bins::{Calibration, CalibrationBins, ConfidentBatch};
pub use confusion::{
    BinaryConfusion, ClassCounts, Confusion, MulticlassConfusion, MultilabelConfusion, Task,
};
pub(crate) use curve_scores::Column;
pub use curve_scores::{CurveCounts, CurveScores, ScoredBatch, ThresholdCurve, Thresholds};

pub use decision_terms::{DecisionBatch, DecisionTerms};
pub use group_counts::{GroupCounts, GroupedOutcomes};
pub use hinge_terms::{HingeTerms, MarginBatch};
pub use label_ranking::LabelRanking;

pub use log_likelihood::{LogLikelihood, LogLikelihoodSum};
pub use pair_moments::{Moments, PairMoments};
pub use row_sums::{RowSums, RowTerms, RowTotals, WeightedRows};
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
