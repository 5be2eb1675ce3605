//! The sinks that count for each sample by itself.

use super::{Ready, block::Block, cells::outcomes, rows};
use crate::{
    REJECTED_SLOTS,
    ops::{decisions::DecisionSink, host::slot},
};

/// The counters of the samples of a part.
pub(super) struct Samples<'a> {
    pub counts: &'a mut [i32],
    /// Counters of a sample, and of these those before a sink's own.
    pub width: usize,
    pub before: usize,
    /// Rows of a sample.
    pub positions: usize,
}

impl Block<'_> {
    /// Counts a block that begins with row `from` of the part.
    pub fn by_sample(
        &self,
        (sink, ready): (&DecisionSink, &Ready),
        codes: &[i32],
        (first, cells): (&[i32], &mut [i32]),
        rejected: &mut [i32],
        (from, samples): (usize, Samples),
    ) {
        let (p, labels) = (self.probabilities, self.labels);
        let is_cells = matches!(sink, DecisionSink::Samples { .. });
        if is_cells {
            outcomes(cells, p, codes, first, ready.threshold);
        } else {
            rows::right(cells, p, codes, ready.threshold);
        }
        let end = from + codes.len() / labels;
        let mut row = from;
        while row < end {
            let sample = row / samples.positions;
            let next = end.min((sample + 1) * samples.positions);
            let own = &mut samples.counts[sample * samples.width + samples.before..];
            let cells = &cells[(row - from) * labels..(next - from) * labels];
            if is_cells {
                count(cells, own, rejected);
            } else {
                crate::ops::host::matches(own, rejected, cells, labels);
            }
            row = next;
        }
    }
}

/// Counts cells, and the codes of what is left out.
fn count(cells: &[i32], counts: &mut [i32], rejected: &mut [i32]) {
    debug_assert_eq!(rejected.len(), REJECTED_SLOTS);
    for cell in cells {
        if *cell < 0 {
            rejected[slot(*cell)] += 1;
        } else {
            counts[*cell as usize] += 1;
        }
    }
}
