//! The sinks that count units, and those that count for each sample by itself.

use super::Block;
use crate::{
    REJECTED_SLOTS, Reason,
    framework::pass::{Placed, Plan},
    ops::{
        host::{matches, passes},
        rows::{RowSink, UNIT_NOTES},
    },
};

/// The counters of the samples of a batch, each of so many rows.
pub(super) struct Samples<'a> {
    pub counts: &'a mut [i32],
    pub elements: usize,
}

impl Samples<'_> {
    /// Counts a block of rows that begins with row `from`; a sample has `width` counters.
    pub fn add(
        &mut self,
        block: &Block,
        placed: &Placed<RowSink>,
        width: usize,
        from: usize,
        counts: &mut [i32],
    ) {
        let rejected = placed.counts_of(counts);
        let mut place = Place {
            at: from / self.elements * width + placed.samples,
            left: self.elements - from % self.elements,
            elements: self.elements,
            width,
        };
        match &placed.sink {
            RowSink::Samples(options) => {
                let classes = options.classes;
                passes::each_prediction(block.ranks, block.target, *options, |outcome| {
                    let at = place.next();
                    match outcome {
                        Ok((target, pred)) => {
                            self.counts[at + target] += (target == pred) as i32;
                            self.counts[at + classes + pred] += 1;
                            self.counts[at + 2 * classes + target] += 1;
                        }
                        Err(slot) => rejected[slot] += 1,
                    }
                });
            }
            RowSink::SampleHits { ignore_index, .. } => {
                let mut hits = vec![0; block.target.len()];
                block.hits(*ignore_index, &mut hits);
                for hit in hits {
                    let at = place.next();
                    if hit < 0 {
                        rejected[passes::slot(hit)] += 1;
                    }
                    if hit != Reason::Ignored.code() {
                        self.counts[at + if hit < 0 { 2 } else { hit as usize }] += 1;
                    }
                }
            }
            _ => {}
        }
    }
}

/// Where the counters of a row's sample begin.
struct Place {
    at: usize,
    /// Rows of the sample that are left.
    left: usize,
    elements: usize,
    width: usize,
}

impl Place {
    /// That of the current row.
    #[inline(always)]
    fn next(&mut self) -> usize {
        let at = self.at;
        self.left -= 1;
        if self.left == 0 {
            self.at += self.width;
            self.left = self.elements;
        }
        at
    }
}

/// Which rows are right, for each sink of units: a unit may lie in several blocks.
pub(super) struct Units {
    pub hits: Vec<Vec<i32>>,
}

impl Units {
    pub fn new(plan: &Plan<RowSink>, n: usize) -> Self {
        let hits = plan.sinks.iter().map(|placed| match placed.sink {
            RowSink::Units { .. } => vec![0; n],
            _ => Vec::new(),
        });
        Self {
            hits: hits.collect(),
        }
    }

    /// Adds a block of rows that begins with row `from`.
    pub fn add(&mut self, block: &Block, plan: &Plan<RowSink>, from: usize) {
        for (hits, placed) in self.hits.iter_mut().zip(&plan.sinks) {
            if let RowSink::Units { ignore_index, .. } = &placed.sink {
                block.hits(*ignore_index, &mut hits[from..][..block.target.len()]);
            }
        }
    }

    pub fn count(&self, plan: &Plan<RowSink>, elements: usize, counts: &mut [i32]) {
        for (hits, placed) in self.hits.iter().zip(&plan.sinks) {
            if let RowSink::Units { .. } = placed.sink {
                let counts = &mut placed.counts_of(counts)[UNIT_NOTES..];
                let (matched, rejected) = counts.split_at_mut(counts.len() - REJECTED_SLOTS);
                matches(matched, rejected, hits, elements);
            }
        }
    }
}
