//! The batches of an epoch, cut so that each value of a step is the sum of whole segments.

use metrics_core::{
    Batch, CollectionSummary, MetricCollection, MetricError, MetricInfo, MetricReport,
};
use std::collections::VecDeque;

/// Steps that log, and how far back their value reaches (`None`: to the start of the epoch).
pub(crate) type Wanted = (usize, Option<usize>);

/// What an epoch has accumulated. A batch is accumulated once, into the last segment, whatever is
/// logged; a step that logs reads all segments in one device read.
#[derive(Clone)]
pub(crate) struct Segments<B: Batch> {
    /// The steps that no later step's value begins within.
    base: MetricCollection<B>,
    /// The segments after it, with the number of steps before each.
    recent: VecDeque<(usize, MetricCollection<B>)>,
    /// Whether the last segment has a batch.
    open_is_used: bool,
    /// Steps taken.
    steps: usize,
    reads: u64,
}

impl<B: Batch> Segments<B> {
    /// An epoch without steps.
    pub fn new(empty: MetricCollection<B>) -> Self {
        Self {
            base: empty,
            recent: VecDeque::new(),
            open_is_used: false,
            steps: 0,
            reads: 0,
        }
    }

    /// An epoch that goes on after some steps. A window reaches no further back than to here.
    pub fn resumed(base: MetricCollection<B>, steps: usize) -> Self {
        Self {
            recent: VecDeque::from([(steps, base.fresh())]),
            steps,
            ..Self::new(base)
        }
    }

    pub fn steps(&self) -> usize {
        self.steps
    }

    /// How often the device was read.
    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// Counts a step, and accumulates its batch if it has one.
    pub fn step(&mut self, batch: Option<&B>, wanted: &[Wanted]) -> Result<(), MetricError> {
        let before = self.steps;
        self.steps += 1;
        let cut = (wanted.iter())
            .any(|(every, reach)| reach.is_some_and(|n| (before + n).is_multiple_of(*every)));
        match self.recent.back_mut() {
            // Where batch after batch is refused, one empty segment is enough.
            Some((start, _)) if cut && !self.open_is_used => *start = before,
            _ if cut => {
                self.recent.push_back((before, self.base.fresh()));
                self.open_is_used = false;
            }
            _ => {}
        }
        let Some(batch) = batch else { return Ok(()) };
        let reads = self.open().reads();
        let updated = self.open().update(batch);
        self.open_is_used |= updated.is_ok();
        // Eager validation reads each batch.
        self.reads += self.open().reads() - reads;
        updated
    }

    /// Fails if a failure has left states that disagree.
    pub fn check(&mut self) -> Result<(), MetricError> {
        self.base.check()?;
        self.open().check()
    }

    fn open(&mut self) -> &mut MetricCollection<B> {
        match self.recent.back_mut() {
            Some((_, last)) => last,
            None => &mut self.base,
        }
    }

    /// The values over the last `reach` steps, or over all steps, of the metrics asked for.
    pub fn values(
        &mut self,
        reach: Option<usize>,
        metrics: impl Fn(&str) -> bool,
    ) -> Result<MetricReport, MetricError> {
        let reach = reach.filter(|reach| *reach < self.steps);
        if reach.is_none() && self.recent.is_empty() {
            return self.values_of_one(metrics);
        }
        self.read()?;
        let Some(reach) = reach else {
            let mut all = self.base.clone();
            for (_, segment) in &mut self.recent {
                all.absorb(segment)?;
            }
            return all.compute_where(metrics);
        };
        let from = self.steps - reach;
        let mut inside = (self.recent.iter_mut()).filter(|(start, _)| *start >= from);
        let Some((_, first)) = inside.next() else {
            return self.base.fresh().compute_where(metrics);
        };
        let mut window = first.clone();
        for (_, segment) in inside {
            window.absorb(segment)?;
        }
        window.compute_where(metrics)
    }

    /// Adds the segments that no later step's value begins in to the base. Reads nothing that has
    /// been read.
    pub fn settle(&mut self, wanted: &[Wanted]) -> Result<(), MetricError> {
        let starts = wanted.iter().filter_map(|(every, reach)| {
            let next = (self.steps / every + 1) * every;
            Some(next.saturating_sub((*reach)?))
        });
        let keep = starts.min().unwrap_or(usize::MAX);
        while let Some((start, segment)) = self.recent.front_mut()
            && *start < keep
        {
            // A segment that does not merge stays, so that the epoch has no value and says why.
            self.base.absorb(segment)?;
            self.recent.pop_front();
        }
        Ok(())
    }

    /// The values of the whole epoch, which is one segment from now on.
    pub fn whole(&mut self, metrics: impl Fn(&str) -> bool) -> Result<MetricReport, MetricError> {
        if !self.recent.is_empty() {
            self.read()?;
            self.settle(&[])?;
        }
        self.values_of_one(metrics)
    }

    /// The values of an epoch of one segment. A state that can be condensed stays on the device.
    fn values_of_one(
        &mut self,
        metrics: impl Fn(&str) -> bool,
    ) -> Result<MetricReport, MetricError> {
        let reads = self.base.reads();
        let report = self.base.compute_where(metrics);
        self.reads += self.base.reads() - reads;
        report
    }

    /// The whole epoch as data. What follows is not affected.
    pub fn snapshot(&mut self) -> Result<CollectionSummary, MetricError> {
        self.read()?;
        let mut all = self.base.clone();
        for (_, segment) in &mut self.recent {
            all.absorb(segment)?;
        }
        all.summary()
    }

    pub fn metrics(&self) -> Vec<MetricInfo> {
        self.base.metrics()
    }

    /// A report in which no metric has a value, for this reason.
    pub fn unavailable(&self, error: &MetricError) -> MetricReport {
        self.base.unavailable(error)
    }

    fn read(&mut self) -> Result<(), MetricError> {
        let recent = self.recent.iter_mut().map(|(_, segment)| segment);
        let mut all: Vec<_> = std::iter::once(&mut self.base).chain(recent).collect();
        if MetricCollection::read_together(&mut all)? {
            self.reads += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tensor};
    use metrics_core::{aggregation::Sum, batch::Values};

    fn batch(step: usize) -> Values {
        // A power of two per step: a sum says which steps are in it.
        let values = Tensor::<1>::from_floats([2f32.powi(step as i32)], &Device::flex());
        Values::new(values)
    }

    fn sum_of(steps: std::ops::Range<usize>) -> f64 {
        steps.map(|step| 2f64.powi(step as i32)).sum()
    }

    #[test]
    fn values_cover_the_steps_they_say() {
        let policies = |i: usize| [1 + i % 4, 1 + i % 5, 2 + i % 3];
        for i in 0..60 {
            let [a, b, c] = policies(i);
            let reach = [None, Some(1), Some(2), Some(7), Some(100)];
            let wanted = [
                (a, reach[i % 5]),
                (b, reach[(i / 5) % 5]),
                (c, reach[(i / 12) % 5]),
            ];
            let mut segments = Segments::new(MetricCollection::new().with(Sum::new()));
            let resumed_at = (i % 4) * 2;
            for step in 0..20 {
                if step == resumed_at && step > 0 {
                    let mut base = MetricCollection::new().with(Sum::new());
                    base.merge(&segments.snapshot().unwrap()).unwrap();
                    segments = Segments::resumed(base, step);
                }
                segments.step(Some(&batch(step)), &wanted).unwrap();
                let before = segments.reads();
                for (every, reach) in wanted {
                    if (step + 1) % every == 0 {
                        let value = segments.values(reach, |_| true).unwrap().scalar("sum");
                        let from = (step + 1).saturating_sub(reach.unwrap_or(usize::MAX));
                        // A window that would begin before the resumption begins with it.
                        let cut = resumed_at > 0 && step >= resumed_at && from > 0;
                        let from = if cut { from.max(resumed_at) } else { from };
                        assert_eq!(value, Some(sum_of(from..step + 1)), "{wanted:?} at {step}");
                    }
                }
                assert!(segments.reads() <= before + 1, "one read");
                segments.settle(&wanted).unwrap();
            }
            let whole = segments.whole(|_| true).unwrap();
            assert_eq!(whole.scalar("sum"), Some(sum_of(0..20)));
        }
    }
}
