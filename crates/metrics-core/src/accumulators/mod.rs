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
mod confusion;
mod curve_scores;
mod exact_matches;
mod log_likelihood;
mod pair_moments;
mod score_keys;
mod values;

pub use by_sample::{BySample, PerSample, SampleCounts};
pub(crate) use calibration_bins::BinSums;
pub use calibration_bins::{Calibration, CalibrationBins, ConfidentBatch};
pub(crate) use confusion::of_others;
pub use confusion::{
    BinaryConfusion, ClassCounts, Confusion, MulticlassConfusion, MultilabelConfusion, Task,
};
pub(crate) use curve_scores::Column;
pub use curve_scores::{CurveCounts, CurveScores, ScoredBatch, ThresholdCurve, Thresholds};

pub use exact_matches::{ExactMatches, MatchCounts, MatchOptions, MatchedBatch};
pub use log_likelihood::{LogLikelihood, LogLikelihoodSum};
pub use pair_moments::{Moments, PairMoments};
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
    sums.iter_mut().zip(delta).for_each(|(sum, d)| *sum += d);
}
