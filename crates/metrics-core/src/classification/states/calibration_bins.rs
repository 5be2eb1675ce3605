//! Confidence against correctness in bins: the state of calibration metrics.

use crate::{
    Accumulator, Batch, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::{Binary, Multiclass},
    ops::{decisions::DecisionSink, rows::RowSink},
    states::{
        TaskKind,
        confusion::at_least_one,
        fold::{add_counts, add_rejected, add_sums, add_weights},
    },
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// Batches with one confidence per element.
pub trait ConfidentBatch: Batch {
    /// What saved states call such batches.
    const KIND: &'static str;

    /// What kind of decisions.
    const TASK: TaskKind;
    /// Whether the batch has scores.
    ///
    /// # Errors
    /// [`MetricError::ScoresRequired`], [`MetricError::WidthMismatch`].
    fn check_width(&self, classes: usize) -> Result<(), MetricError>;
    /// Asks for a pass over the batch.
    fn want(&self, delta: &mut Delta, bins: usize, ignore_index: Option<i64>);
}

impl ConfidentBatch for Binary {
    const KIND: &'static str = "binary";
    const TASK: TaskKind = TaskKind::Binary;

    fn check_width(&self, _classes: usize) -> Result<(), MetricError> {
        match self.decisions.labels {
            true => Err(MetricError::ScoresRequired {
                metric: "calibration",
            }),
            false => Ok(()),
        }
    }

    fn want(&self, delta: &mut Delta, bins: usize, ignore_index: Option<i64>) {
        let sink = DecisionSink::Calibration { bins, ignore_index };
        delta.want((&self.decisions, sink));
    }
}

impl ConfidentBatch for Multiclass {
    const KIND: &'static str = "multiclass";
    const TASK: TaskKind = TaskKind::Multiclass;

    fn check_width(&self, classes: usize) -> Result<(), MetricError> {
        self.check_scores("calibration", classes)
    }

    fn want(&self, delta: &mut Delta, bins: usize, ignore_index: Option<i64>) {
        delta.want((&self.rows, RowSink::Calibration { bins, ignore_index }));
    }
}

/// Counts elements, hits and confidence by equal-width bins of confidence:
/// `2 * bins` device counters and `bins` sums, and with weights `3 * bins` sums more.
pub struct CalibrationBins<B> {
    pub(crate) options: CalibrationOptions,
    batch: PhantomData<fn(B)>,
}

/// The options of [`CalibrationBins`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CalibrationOptions {
    pub classes: usize,
    pub bins: usize,
    pub ignore_index: Option<i64>,
}

by_options!(CalibrationBins);

impl<B> CalibrationBins<B> {
    pub(crate) fn new(classes: usize) -> Self {
        let options = CalibrationOptions {
            classes,
            bins: 15,
            ignore_index: None,
        };
        Self {
            options,
            batch: PhantomData,
        }
    }
}

impl<B: ConfidentBatch> Accumulator for CalibrationBins<B> {
    type Batch = B;
    type Summary = CalibrationBinsSummary;

    fn identity(&self) -> Identity {
        Identity::new(format!("calibration/{}", B::KIND), 1).with(&self.options)
    }

    fn empty(&self) -> CalibrationBinsSummary {
        // One bin more than the width says: a confidence of 1 lies in its own.
        let bins = self.options.bins + 1;
        CalibrationBinsSummary {
            counts: vec![0; bins],
            hits: vec![0; bins],
            confidence: vec![0.0; bins],
            weighted: Vec::new(),
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.options.classes, "class")?;
        at_least_one(self.options.bins, "bin")
    }

    fn check(&self, batch: &B) -> Result<(), MetricError> {
        batch.check_width(self.options.classes)
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        batch.want(delta, self.options.bins, self.options.ignore_index);
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CalibrationBinsSummary) {
        for block in delta.blocks() {
            if block.weighted {
                add_weights(&mut summary.weighted, &block.sums());
                add_rejected(&mut summary.rejected, &block.counts);
                continue;
            }
            let (counts, rest) = block.counts.split_at(summary.counts.len());
            let (hits, rejected) = rest.split_at(summary.hits.len());
            add_counts(&mut summary.counts, counts);
            add_counts(&mut summary.hits, hits);
            add_sums(&mut summary.confidence, &block.sums());
            add_rejected(&mut summary.rejected, rejected);
        }
    }
}

/// Elements, hits and confidence by bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBinsSummary {
    /// Elements per bin; the last bin holds those with confidence 1.
    pub counts: Vec<u64>,
    /// Right elements per bin.
    pub hits: Vec<u64>,
    /// Summed confidence per bin.
    #[serde(with = "crate::number::list")]
    pub confidence: Vec<f64>,
    /// Of the elements that have a weight, by bin: the weights of wrong ones, of right ones, and the
    /// sums of weight times confidence; empty if there was none. The others are above.
    #[serde(default, with = "crate::number::list")]
    pub weighted: Vec<f64>,
    /// What was left out.
    pub rejected: Rejected,
}

/// What a bin holds: elements, or their weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BinSums {
    pub total: f64,
    pub hits: f64,
    pub confidence: f64,
}

impl CalibrationBinsSummary {
    /// The bins, each element by its weight if it has one.
    ///
    /// # Errors
    /// [`MetricError::Empty`] if none holds anything.
    pub(crate) fn bins(&self) -> Result<Vec<BinSums>, MetricError> {
        let width = self.counts.len();
        let weight =
            |part: usize, bin: usize| self.weighted.get(part * width + bin).unwrap_or(&0.0);
        let bins: Vec<_> = (0..width)
            .map(|bin| BinSums {
                total: self.counts[bin] as f64 + weight(0, bin) + weight(1, bin),
                hits: self.hits[bin] as f64 + weight(1, bin),
                confidence: self.confidence[bin] + weight(2, bin),
            })
            .collect();
        match bins.iter().any(|bin| bin.total > 0.0) {
            true => Ok(bins),
            false => Err(MetricError::Empty {
                rejected: self.rejected,
            }),
        }
    }

    /// Whether there are weights for all bins or none.
    fn weights_fit(&self) -> bool {
        [0, 3 * self.counts.len()].contains(&self.weighted.len())
    }
}

impl Summary for CalibrationBinsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.counts.len() != other.counts.len() || !other.weights_fit() {
            let what = |c: &Self| format!("{} bins", c.counts.len().saturating_sub(1));
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(a, b)| *a += b);
        self.hits
            .iter_mut()
            .zip(&other.hits)
            .for_each(|(a, b)| *a += b);
        self.confidence
            .iter_mut()
            .zip(&other.confidence)
            .for_each(|(a, b)| *a += b);
        add_weights(&mut self.weighted, &other.weighted);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        let lists = [self.hits.len(), self.confidence.len()] == [self.counts.len(); 2];
        match lists && self.weights_fit() {
            true => Ok(()),
            false => Err(MetricError::saved("bins of different numbers")),
        }
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
