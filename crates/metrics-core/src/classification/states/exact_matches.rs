//! How many units match in all their elements: the state of exact match.

use crate::{
    Accumulator, Batch, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::{Multiclass, Multilabel},
    ops::{
        decisions::{DecisionSink, Real},
        rows::RowSink,
    },
    states::{
        BySample,
        confusion::{at_least_one, check_labels, check_threshold},
        fold::add_rejected,
    },
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// Batches of units that match if all their elements do.
pub trait MatchedBatch: Batch {
    /// What saved states call such batches.
    const KIND: &'static str;

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`MetricError::InvalidOption`].
    fn check_options(options: &MatchOptions) -> Result<(), MetricError>;

    /// Whether the batch fits.
    ///
    /// # Errors
    /// [`MetricError::WidthMismatch`].
    fn check_width(&self, options: &MatchOptions) -> Result<(), MetricError>;

    /// Asks for a pass over the batch, by sample or not.
    fn want(&self, delta: &mut Delta, options: &MatchOptions, by_sample: bool);

    /// The units of each sample with a wrong element, and those without, of what a pass counts for the sample.
    fn units(counts: Vec<i32>) -> Vec<i32> {
        counts
    }

    /// How many samples the units are of; `None` if a sample has no dimension besides the first (and
    /// the labels').
    fn samples(&self) -> Option<usize>;
}

/// The options of [`ExactMatches`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchOptions {
    /// Classes or labels.
    pub(crate) width: usize,
    /// A score above it predicts a label.
    #[serde(serialize_with = "crate::number::single")]
    pub(crate) threshold: f32,
    /// Elements with this target are left out.
    pub(crate) ignore_index: Option<i64>,
}

impl MatchedBatch for Multiclass {
    const KIND: &'static str = "multiclass";

    fn check_options(options: &MatchOptions) -> Result<(), MetricError> {
        at_least_one(options.width, "class")
    }

    fn check_width(&self, options: &MatchOptions) -> Result<(), MetricError> {
        match self.scores() {
            Some(_) => self.check_scores("exact match", options.width),
            None => Ok(()),
        }
    }

    fn want(&self, delta: &mut Delta, options: &MatchOptions, by_sample: bool) {
        let (classes, ignore_index) = (options.width, options.ignore_index);
        let sink = if by_sample {
            RowSink::SampleHits {
                classes,
                ignore_index,
            }
        } else {
            RowSink::Units {
                classes,
                ignore_index,
            }
        };
        delta.want((&self.rows, sink));
    }

    fn units(counts: Vec<i32>) -> Vec<i32> {
        let samples = counts.as_chunks::<3>().0.iter();
        let unit = |[wrong, right, invalid]: &[i32; 3]| {
            let counts = *invalid == 0 && wrong + right > 0;
            let missed = counts && *wrong > 0;
            [missed as i32, (counts && !missed) as i32]
        };
        samples.flat_map(unit).collect()
    }

    fn samples(&self) -> Option<usize> {
        self.rows.samples
    }
}

impl MatchedBatch for Multilabel {
    const KIND: &'static str = "multilabel";

    fn check_options(options: &MatchOptions) -> Result<(), MetricError> {
        at_least_one(options.width, "label")?;
        check_threshold(options.threshold)
    }

    fn check_width(&self, options: &MatchOptions) -> Result<(), MetricError> {
        check_labels(options.width, self)
    }

    fn want(&self, delta: &mut Delta, options: &MatchOptions, by_sample: bool) {
        let (threshold, ignore_index) = (Real::new(options.threshold), options.ignore_index);
        let sink = if by_sample {
            DecisionSink::SampleUnits {
                threshold,
                ignore_index,
            }
        } else {
            DecisionSink::Units {
                threshold,
                ignore_index,
            }
        };
        delta.want((&self.decisions, sink));
    }

    fn samples(&self) -> Option<usize> {
        self.decisions.samples
    }
}

/// Counts units of which all elements are right: 2 device counters.
///
/// Ignored elements are left out, and so is a unit without others. A unit with an invalid element is
/// left out whole, and its invalid elements are counted as such.
pub struct ExactMatches<B> {
    pub(crate) options: MatchOptions,
    batch: PhantomData<fn(B)>,
}

by_options!(ExactMatches);

impl<B> ExactMatches<B> {
    pub(crate) fn new(width: usize) -> Self {
        let options = MatchOptions {
            width,
            threshold: 0.5,
            ignore_index: None,
        };
        Self {
            options,
            batch: PhantomData,
        }
    }
}

impl<B: MatchedBatch> Accumulator for ExactMatches<B> {
    type Batch = B;
    type Summary = ExactMatchesSummary;

    fn identity(&self) -> Identity {
        Identity::new(format!("exact_matches/{}", B::KIND), 1).with(&self.options)
    }

    fn empty(&self) -> ExactMatchesSummary {
        ExactMatchesSummary::default()
    }

    fn validate(&self) -> Result<(), MetricError> {
        B::check_options(&self.options)
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_width(&self.options)
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        batch.want(delta, &self.options, false);
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ExactMatchesSummary) {
        for block in delta.blocks() {
            // What is before is the kernel's.
            let begin = block.counts.len().saturating_sub(2 + REJECTED_SLOTS);
            let counts = &block.counts[begin..];
            if let [missed, matched, rejected @ ..] = counts {
                summary.missed += *missed as u64;
                summary.matched += *matched as u64;
                add_rejected(&mut summary.rejected, rejected);
            }
        }
    }
}

impl<B: MatchedBatch> BySample for ExactMatches<B> {
    fn counters(&self) -> usize {
        2
    }

    fn samples(batch: &B) -> Option<usize> {
        MatchedBatch::samples(batch)
    }

    fn want(&self, delta: &mut Delta, batch: &B) {
        batch.want(delta, &self.options, true);
    }

    fn counted(&self, counts: Vec<i32>) -> Vec<i32> {
        B::units(counts)
    }

    fn summary(&self, counters: &[u32]) -> ExactMatchesSummary {
        ExactMatchesSummary {
            missed: counters[0].into(),
            matched: counters[1].into(),
            rejected: Rejected::default(),
        }
    }
}

/// How many units match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExactMatchesSummary {
    /// Units with a wrong element.
    pub missed: u64,
    /// Units without.
    pub matched: u64,
    /// What was left out.
    pub rejected: Rejected,
}

impl Summary for ExactMatchesSummary {
    fn counted(&self) -> u128 {
        u128::from(self.missed) + u128::from(self.matched) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.missed += other.missed;
        self.matched += other.matched;
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
