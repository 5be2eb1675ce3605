//! One epoch of one split, or one test set.

use crate::{
    MetricInput, SplitKind, SplitReport,
    segments::{Segments, Wanted},
};
use burn::train::metric::MetricMetadata;
use metrics_core::{
    Batch, CollectionSummary, MetricCollection, MetricError, MetricInfo, MetricReport, ScoreKind,
    aggregation::Mean, batch::Values,
};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The steps that log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps {
    /// Those of the metrics.
    pub metrics: Vec<Wanted>,
    /// Those of the loss.
    pub loss: Vec<Wanted>,
}

/// The name of the loss among the metrics.
pub(crate) const LOSS: &str = "loss";

/// What is accumulated of a split.
#[derive(Clone)]
pub(crate) struct Measures<B: Batch> {
    /// The metrics, without data.
    pub metrics: MetricCollection<B>,
    /// Whether the loss is accumulated as well.
    pub loss: bool,
    /// The token that does not count in the loss of a sequence.
    pub pad: Option<i64>,
    pub scores: Option<Scores<B>>,
}

/// What the scores of all batches are, and the function that says so to a batch.
pub(crate) type Scores<B> = (ScoreKind, fn(B, ScoreKind) -> Result<B, MetricError>);

impl<B: Batch> Measures<B> {
    /// All metrics in their order; the loss is first.
    pub fn infos(&self) -> Vec<MetricInfo> {
        let loss = self.loss.then(|| loss_collection().metrics());
        let mut infos = loss.unwrap_or_default();
        for info in &mut infos {
            info.higher_is_better = Some(false);
        }
        infos.extend(self.metrics.metrics());
        infos
    }
}

fn loss_collection() -> MetricCollection<Values> {
    MetricCollection::new().named(LOSS, Mean::new())
}

/// What has been accumulated, and how much.
#[derive(Clone)]
pub(crate) struct Epoch<B: Batch> {
    pub number: usize,
    segments: Segments<B>,
    /// The losses, if they are accumulated.
    loss: Option<Segments<Values>>,
    pad: Option<i64>,
    scores: Option<Scores<B>>,
    batches: usize,
    failed_batches: usize,
    samples: u64,
    /// Why the first of the failed batches was left out.
    first_failure: Option<String>,
    /// The message of a metric's panic, after which the states disagree.
    broken: Option<MetricError>,
    /// How many batches were, by Burn's progress, the last one of their worker.
    pub ends: usize,
    /// Whether Burn does not know how much there is.
    endless: bool,
    /// How many batches of each iteration have come, where several workers send them.
    seen: Vec<usize>,
}

/// A saved [`Epoch`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedEpoch {
    pub number: usize,
    steps: usize,
    batches: usize,
    failed_batches: usize,
    samples: u64,
    #[serde(default)]
    first_failure: Option<String>,
    summary: CollectionSummary,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loss: Option<CollectionSummary>,
}

impl<B: Batch> Epoch<B> {
    /// An epoch without batches.
    pub fn new(number: usize, measures: &Measures<B>) -> Self {
        Self {
            number,
            segments: Segments::new(measures.metrics.fresh()),
            loss: measures.loss.then(|| Segments::new(loss_collection())),
            pad: measures.pad,
            scores: measures.scores,
            batches: 0,
            failed_batches: 0,
            samples: 0,
            first_failure: None,
            broken: None,
            ends: 0,
            endless: false,
            seen: Vec::new(),
        }
    }

    /// Whether no batch has come yet.
    pub fn is_empty(&self) -> bool {
        self.batches + self.failed_batches == 0
    }

    /// Accumulates a step's batch.
    pub fn take(
        &mut self,
        input: &MetricInput<B>,
        metadata: &MetricMetadata,
        wanted: &Steps,
    ) -> Result<(), MetricError> {
        let progress = &metadata.progress;
        let known = progress.items_total > 0;
        self.ends += usize::from(known && progress.items_processed >= progress.items_total);
        self.endless |= !known;
        let batch = match (input.batch.clone(), self.scores) {
            (Ok(batch), Some((kind, set))) => set(batch, kind),
            (batch, _) => batch,
        };
        let taken = match &self.broken {
            Some(cause) => Err(cause.clone()),
            None => guarded(|| match &batch {
                Ok(batch) => self.segments.step(Some(batch), &wanted.metrics),
                Err(error) => self
                    .segments
                    .step(None, &wanted.metrics)
                    .and(Err(error.clone())),
            }),
        };
        let loss = self.take_loss(input, &wanted.loss);
        if let Err(error) = &taken
            && self.segments.check().is_err()
        {
            self.broken = Some(error.clone());
        }
        match (&taken, &batch) {
            (Ok(()), Ok(batch)) => {
                self.batches += 1;
                self.samples += batch.samples() as u64;
            }
            _ => self.failed_batches += 1,
        }
        if let Err(error) = &taken {
            self.first_failure.get_or_insert_with(|| error.to_string());
        }
        taken.and(loss)
    }

    /// Accumulates the loss of a step.
    fn take_loss(&mut self, input: &MetricInput<B>, wanted: &[Wanted]) -> Result<(), MetricError> {
        let Some(losses) = &mut self.loss else {
            return Ok(());
        };
        let values = match &input.loss {
            Some(loss) => loss.weighted(self.pad),
            None => Err(MetricError::InvalidOption(format!(
                "`{LOSS}`: the output of the model brings no loss; `MetricInput::with_loss` adds one"
            ))),
        };
        let stepped = losses.step(values.as_ref().ok(), wanted);
        values.and(stepped)
    }

    /// The values of the last step, for the metrics that log at this step, by how far they reach back.
    pub fn step_values(
        &mut self,
        logged: &[(&str, Wanted)],
        wanted: &Steps,
    ) -> Result<Option<MetricReport>, MetricError> {
        let steps = self.segments.steps();
        let due = |(_, (every, _)): &&(&str, Wanted)| steps.is_multiple_of(*every);
        let is_loss = |name: &str| self.loss.is_some() && name == LOSS;
        let (loss, others): (Vec<_>, Vec<_>) =
            (logged.iter().filter(due)).partition(|(name, _)| is_loss(name));
        if loss.is_empty() && others.is_empty() {
            return Ok(None);
        }
        guarded(|| {
            let mut report = MetricReport::default();
            if let Some(losses) = &mut self.loss {
                add_step(&mut report, losses, &loss, &wanted.loss)?;
            }
            add_step(&mut report, &mut self.segments, &others, &wanted.metrics)?;
            Ok(Some(report))
        })
    }

    /// Its values so far.
    pub fn report(&mut self, split: SplitKind, workers: usize) -> SplitReport {
        let mut values = match &self.broken {
            Some(cause) => self.segments.unavailable(cause),
            None => guarded(|| self.segments.whole(|_| true)).unwrap_or_else(|_| self.one_by_one()),
        };
        if let Some(cause) = &self.first_failure {
            let (left_out, none) = (self.failed_batches, self.batches == 0);
            for error in values.entries.iter_mut().filter_map(|e| e.error.as_mut()) {
                // If all batches were left out, metrics have seen nothing and cannot say why.
                if none {
                    error.clone_from(cause);
                } else if !error.contains(cause) {
                    *error += &format!("; {left_out} batches were left out: {cause}");
                }
            }
        }
        let mut reads = self.segments.reads();
        if let Some(loss) = &mut self.loss {
            let own = guarded(|| loss.whole(|_| true));
            let mut own = own.unwrap_or_else(|error| loss.unavailable(&error));
            own.entries.append(&mut values.entries);
            reads += loss.reads();
            values = own;
        }
        let all = self.ends >= workers || self.endless && workers == 1;
        SplitReport {
            batches: self.batches,
            samples: self.samples,
            complete: all && self.failed_batches == 0,
            failed_batches: self.failed_batches,
            first_failure: self.first_failure.clone(),
            reads,
            ..SplitReport::new(split, self.number, values)
        }
    }

    /// The values if one metric panics: all other metrics have theirs.
    fn one_by_one(&mut self) -> MetricReport {
        let mut report = MetricReport::default();
        for metric in self.segments.metrics() {
            let only = |name: &str| name == metric.name;
            let own = guarded(|| self.segments.whole(only));
            let own = own.unwrap_or_else(|error| {
                let mut all = self.segments.unavailable(&error);
                all.entries.retain(|entry| entry.name == metric.name);
                all
            });
            report.entries.extend(own.entries);
        }
        report
    }

    /// The epoch as data. Reads the device once.
    pub fn save(&mut self) -> Result<SavedEpoch, MetricError> {
        Ok(SavedEpoch {
            number: self.number,
            steps: self.segments.steps(),
            batches: self.batches,
            failed_batches: self.failed_batches,
            samples: self.samples,
            first_failure: self.first_failure.clone(),
            summary: guarded(|| self.segments.snapshot())?,
            loss: match &mut self.loss {
                Some(loss) => Some(loss.snapshot()?),
                None => None,
            },
        })
    }

    /// A saved epoch of the same metrics.
    pub fn restore(saved: &SavedEpoch, measures: &Measures<B>) -> Result<Self, MetricError> {
        let mut metrics = measures.metrics.fresh();
        metrics.merge(&saved.summary)?;
        let loss = match &saved.loss {
            Some(saved) if measures.loss => {
                let mut loss = loss_collection();
                loss.merge(saved)?;
                Some(loss)
            }
            None if !measures.loss => None,
            _ => {
                return Err(MetricError::saved(
                    "it is with the loss, or these metrics are",
                ));
            }
        };
        Ok(Self {
            batches: saved.batches,
            failed_batches: saved.failed_batches,
            samples: saved.samples,
            first_failure: saved.first_failure.clone(),
            segments: Segments::resumed(metrics, saved.steps),
            loss: loss.map(|loss| Segments::resumed(loss, saved.steps)),
            ..Self::new(saved.number, measures)
        })
    }

    /// How many batches of an iteration (from 1) have come.
    pub fn seen(&self, iteration: usize) -> usize {
        self.seen.get(iteration - 1).copied().unwrap_or(0)
    }

    pub fn count(&mut self, iteration: usize) {
        if self.seen.len() < iteration {
            self.seen.resize(iteration, 0);
        }
        self.seen[iteration - 1] += 1;
    }
}

/// The values of a step, of the metrics that are due: those that reach back by a number of steps, then those of the
/// epoch so far.
fn add_step<B: Batch>(
    report: &mut MetricReport,
    segments: &mut Segments<B>,
    due: &[&(&str, Wanted)],
    wanted: &[Wanted],
) -> Result<(), MetricError> {
    if due.is_empty() {
        return Ok(());
    }
    let mut reaches: Vec<_> = due.iter().filter_map(|(_, (_, reach))| *reach).collect();
    reaches.sort_unstable();
    reaches.dedup();
    let mut add = |segments: &mut Segments<B>, reach| {
        let asked = |name: &str| due.iter().any(|(n, (_, r))| *n == name && *r == reach);
        report
            .entries
            .extend(segments.values(reach, asked)?.entries);
        Ok::<(), MetricError>(())
    };
    for reach in reaches {
        add(segments, Some(reach))?;
    }
    segments.settle(wanted)?;
    if due.iter().any(|(_, (_, reach))| reach.is_none()) {
        // Last, when most is one segment.
        add(segments, None)?;
    }
    Ok(())
}

/// A panic in a metric, which may be the user's, must not end the training.
fn guarded<R>(f: impl FnOnce() -> Result<R, MetricError>) -> Result<R, MetricError> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(MetricError::Panicked(text.unwrap_or_default()))
    })
}
