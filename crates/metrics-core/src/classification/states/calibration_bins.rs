//! Confidence against correctness in bins: the state of calibration metrics.

use crate::{
    Accumulator, Batch, Delta, HostDelta, Identity, MetricError, Rejected, Summary,
    batch::{Binary, Multiclass},
    framework::limits::{check_size, parts},
    ops::{decisions::DecisionSink, rows::RowSink},
    pass::Block,
    states::{
        Tally, TaskKind,
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
        if self.decisions.labels {
            Err(MetricError::ScoresRequired {
                metric: "calibration",
            })
        } else {
            Ok(())
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

/// Counts elements, hits and confidence by equal-width bins of confidence, of which the last is closed:
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
        Identity::new(format!("calibration/{}", B::KIND), 2).with(&self.options)
    }

    fn empty(&self) -> CalibrationBinsSummary {
        let bins = parts(self, self.options.bins);
        CalibrationBinsSummary {
            tally: Tally::new(2 * bins),
            confidence: vec![0.0; bins],
            rejected: Rejected::default(),
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        at_least_one(self.options.classes, "class")?;
        at_least_one(self.options.bins, "bin")?;
        // Two counters and a sum.
        check_size(self.options.bins, "bins", &[16])
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
            summary.fold(block);
        }
    }
}

/// Elements, hits and confidence by bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBinsSummary {
    /// Wrong elements by bin, and then right ones by bin.
    pub tally: Tally,
    /// The sum of confidences by bin, each times its weight if it has one.
    #[serde(with = "crate::number::list")]
    pub confidence: Vec<f64>,
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
        let cells = self.tally.cells();
        let (misses, hits) = cells.split_at(self.confidence.len());
        let bins: Vec<_> = (misses.iter().zip(hits).zip(&self.confidence))
            .map(|((misses, hits), confidence)| BinSums {
                total: misses + hits,
                hits: *hits,
                confidence: *confidence,
            })
            .collect();
        if bins.iter().any(|bin| bin.total > 0.0) {
            Ok(bins)
        } else {
            Err(MetricError::Empty {
                rejected: self.rejected,
            })
        }
    }

    fn fold(&mut self, block: &Block) {
        let width = self.confidence.len();
        let sums = block.sums();
        if block.weighted {
            let (cells, confidence) = sums.split_at(2 * width);
            add_weights(&mut self.tally.weighted, cells);
            add_sums(&mut self.confidence, confidence);
            add_rejected(&mut self.rejected, &block.counts);
            return;
        }
        let (all, rest) = block.counts.split_at(width);
        let (hits, rejected) = rest.split_at(width);
        let (misses_before, hits_before) = self.tally.counts.split_at_mut(width);
        for (before, (all, hits)) in misses_before.iter_mut().zip(all.iter().zip(hits)) {
            *before += (all - hits) as u64;
        }
        add_counts(hits_before, hits);
        add_sums(&mut self.confidence, &sums);
        add_rejected(&mut self.rejected, rejected);
    }
}

impl Summary for CalibrationBinsSummary {
    fn counted(&self) -> u128 {
        self.tally.counted() + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        let width = self.confidence.len();
        if other.confidence.len() != width || !other.tally.fits(2 * width) {
            let what = |c: &Self| format!("{} bins", c.confidence.len());
            return Err(MetricError::MergeMismatch {
                left: what(self),
                right: what(other),
            });
        }
        self.room_for(other)?;
        self.tally.merge(&other.tally);
        add_sums(&mut self.confidence, &other.confidence);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn consistent(&self) -> Result<(), MetricError> {
        if self.tally.fits(2 * self.confidence.len()) {
            return Ok(());
        }
        Err(MetricError::saved("bins of different numbers"))
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
