//! Counters of samples, which lie behind all others.

use cubecl::prelude::*;

/// Where the counters of the samples of a batch begin, and rows of a sample.
#[derive(CubeType, Clone, Copy)]
pub(in crate::ops) struct Samples {
    pub begin: usize,
    pub positions: usize,
}

/// Where the counters of a row's sample begin, if there are `width` of each.
#[cube]
pub(in crate::ops) fn counters_at(
    samples: &Samples,
    row: usize,
    #[comptime] width: usize,
) -> usize {
    let mut place = samples.begin;
    if comptime!(width > 0) {
        place += row / samples.positions * comptime!(width).runtime();
    }
    place
}

/// Counts in a counter of a sample.
#[cube]
pub(in crate::ops) fn count_in_sample(counts: &mut Tensor<Atomic<i32>>, place: usize) {
    // A place is made of labels, which only a caller's mistake takes out of the state.
    if place < counts.len() {
        counts[place].fetch_add(1i32);
    }
}
