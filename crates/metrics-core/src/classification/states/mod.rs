//! What metrics of classification accumulate, beside the confusion matrix.

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

mod brier_terms;
mod calibration_bins;
mod class_bins;
mod curve_column;
mod curve_scores;
mod decision_terms;
mod exact_matches;
mod group_counts;
mod hinge_terms;
mod label_ranking;
mod score_keys;
mod top_labels;

pub use brier_terms::{BrierTerms, ProbabilityBatch};
pub(crate) use calibration_bins::BinSums;
pub use calibration_bins::{CalibrationBins, CalibrationBinsSummary, ConfidentBatch};
pub use class_bins::ClassBins;
pub(crate) use class_bins::ClassBinsOptions;
pub(crate) use curve_column::Column;
pub use curve_column::ThresholdCurve;
pub use curve_scores::{CurveScores, CurveScoresSummary, ScoredBatch, Thresholds};
pub use decision_terms::{DecisionBatch, DecisionTerms};
pub use exact_matches::{ExactMatches, ExactMatchesSummary, MatchOptions, MatchedBatch};
pub use group_counts::{GroupCounts, GroupCountsSummary};
pub use hinge_terms::{HingeTerms, MarginBatch};
pub use label_ranking::LabelRanking;
pub use top_labels::TopLabels;
