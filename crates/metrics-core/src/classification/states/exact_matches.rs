//! How many units match in all their elements: the state of exact match.

use crate::{
    Accumulator, Batch, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Rejected, Summary,
    batch::{Multiclass, Multilabel, device_of},
    ops::{
        self, ConfusionOptions,
        decisions::{DecisionSink, Real},
        rows::RowSink,
    },
    states::{
        BySample,
        by_sample::zeros,
        confusion::{at_least_one, check_labels, check_threshold, label_options},
        fold::add_rejected,
    },
};
use burn::tensor::{Int, Tensor};
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

    /// For every unit and its elements `[U, E]`: 1 for right, 0 for wrong, or the code of a rejected
    /// element.
    fn matches(&self, options: &MatchOptions) -> Tensor<2, Int>;

    /// Counts the batch by what its scores are taken for, if that makes a difference.
    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        counts
    }

    /// Asks for a pass over the batch, if there is one for its kind.
    fn want(&self, _delta: &mut Delta, _options: &MatchOptions) -> bool {
        false
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

    fn matches(&self, options: &MatchOptions) -> Tensor<2, Int> {
        let [rows] = self.target.dims();
        let options = ConfusionOptions {
            classes: options.width,
            top_k: 1,
            ignore_index: options.ignore_index,
        };
        let ranks = self.ranks(options.classes);
        let units = self.samples.unwrap_or(rows);
        ops::hits(ranks, self.target.clone(), options).reshape([units, rows / units.max(1)])
    }

    fn want(&self, delta: &mut Delta, options: &MatchOptions) -> bool {
        let sink = RowSink::Units {
            classes: options.width,
            ignore_index: options.ignore_index,
        };
        delta.want((&self.rows, sink));
        true
    }

    fn samples(&self) -> Option<usize> {
        self.samples
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

    fn matches(&self, options: &MatchOptions) -> Tensor<2, Int> {
        let decisions = &self.decisions;
        let (scores, target) = (decisions.probabilities(), decisions.target.clone());
        let options = label_options(decisions, options.threshold, options.ignore_index);
        ops::label_hits(scores, target, options)
    }

    fn count_kind(&self, counts: Tensor<1, Int>) -> Tensor<1, Int> {
        self.decisions.count_kind(counts)
    }

    fn want(&self, delta: &mut Delta, options: &MatchOptions) -> bool {
        let sink = DecisionSink::Units {
            threshold: Real::new(options.threshold),
            ignore_index: options.ignore_index,
        };
        delta.want((&self.decisions, sink));
        true
    }

    fn samples(&self) -> Option<usize> {
        self.samples
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
        if batch.want(delta, &self.options) {
            return;
        }
        let counts = self.count(batch, 1);
        delta.counts("rows", 2 + REJECTED_SLOTS, &device_of(batch), |state| {
            state + counts
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ExactMatchesSummary) {
        let blocks = delta.blocks().iter().map(|block| block.counts.as_slice());
        for counts in blocks.chain(delta.counts("rows")) {
            // What is before is the kernel's.
            let begin = counts.len().saturating_sub(2 + REJECTED_SLOTS);
            let counts = &counts[begin..];
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

    fn count(&self, batch: &B, samples: usize) -> Tensor<1, Int> {
        let state = zeros(2 * samples, &device_of(batch));
        batch.count_kind(ops::unit_matches(
            state,
            batch.matches(&self.options),
            samples,
        ))
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
