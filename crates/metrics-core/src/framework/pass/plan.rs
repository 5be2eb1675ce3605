//! What a pass does, and where each sink has its state.

use super::Input;
use crate::REJECTED_SLOTS;
use std::sync::Arc;

/// How much state a sink has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Counters.
    pub counts: usize,
    /// Sums.
    pub sums: usize,
    /// Numbers that are not sums, such as a pivot or an extreme: each slot has its own.
    pub marks: usize,
    /// The numbers that each row adds to its lists, which grow with the batches; 0 for a list that it does not
    /// have. In host memory and on devices with kernels alone.
    pub lists: [usize; 2],
    /// Counters of each sample of a batch, which lie behind all others and grow with the batches.
    pub samples: usize,
}

impl Size {
    /// Counters alone.
    pub const fn counts(counts: usize) -> Self {
        Self {
            counts,
            sums: 0,
            marks: 0,
            lists: [0; 2],
            samples: 0,
        }
    }

    /// Counters and sums.
    pub const fn both(counts: usize, sums: usize) -> Self {
        Self {
            counts,
            sums,
            marks: 0,
            lists: [0; 2],
            samples: 0,
        }
    }

    /// Counters of each sample, and those of what is rejected.
    pub const fn by_sample(counters: usize) -> Self {
        Self {
            counts: REJECTED_SLOTS,
            sums: 0,
            marks: 0,
            lists: [0; 2],
            samples: counters,
        }
    }

    /// The `f32` of a slot.
    pub(super) fn words(self) -> usize {
        2 * self.sums + self.marks
    }

    /// How many lists it has.
    pub fn lists(self) -> usize {
        self.lists.iter().filter(|width| **width > 0).count()
    }
}

/// A sink and where its state is.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed<S> {
    /// What becomes of each element.
    pub sink: S,
    /// How much state it has.
    pub size: Size,
    /// Where its counters begin.
    pub counts: usize,
    /// Where its `f32` begin in a slot on a device: leading halves of the sums, trailing halves, marks.
    pub words: usize,
    /// Where its `f64` begin in host memory: sums, then marks.
    pub numbers: usize,
    /// Where its lists begin.
    pub lists: usize,
    /// Where its [constants](Input::constants) begin.
    pub constants: usize,
    /// Where its counters begin among those of a sample.
    pub samples: usize,
}

impl<S> Placed<S> {
    /// Its counters, of those of the pass.
    pub fn counts_of<'a>(&self, counts: &'a mut [i32]) -> &'a mut [i32] {
        &mut counts[self.counts..][..self.size.counts]
    }

    /// Its sums and marks, of those of the pass in host memory.
    pub fn numbers_of<'a>(&self, numbers: &'a mut [f64]) -> &'a mut [f64] {
        &mut numbers[self.numbers..][..self.size.sums + self.size.marks]
    }

    /// Its counters of one sample after the other, of those of all sinks, which are `width` for each sample.
    pub(super) fn samples_of(&self, width: usize, all: &[i32]) -> Vec<i32> {
        if self.size.samples == 0 {
            return Vec::new();
        }
        let samples = all.chunks_exact(width);
        let own = samples.map(|counts| &counts[self.samples..][..self.size.samples]);
        own.flatten().copied().collect()
    }

    /// Its lists, of those of the pass in host memory.
    pub fn lists_of<'a>(&self, lists: &'a mut [HostList]) -> &'a mut [HostList] {
        &mut lists[self.lists..][..self.size.lists()]
    }
}

/// The sinks of a pass, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<S> {
    /// The sinks.
    pub sinks: Vec<Placed<S>>,
    /// Counters of all sinks.
    pub counts: usize,
    /// `f32` of a slot on a device.
    pub words: usize,
    /// `f64` in host memory.
    pub numbers: usize,
    /// Lists of all sinks.
    pub lists: usize,
    /// The constants of all sinks.
    pub constants: Vec<f32>,
    /// Counters of a sample, of all sinks.
    pub samples: usize,
}

impl<S> Plan<S> {
    /// The counters of the plan, and behind them those of the samples of the current batch.
    pub fn split<'a>(
        &self,
        counts: &'a mut [i32],
        samples: usize,
    ) -> (&'a mut [i32], &'a mut [i32]) {
        let (counts, all) = counts.split_at_mut(self.counts);
        let before = all.len() - samples * self.samples;
        (counts, &mut all[before..])
    }

    /// The plan of these sinks for batches like this one.
    pub fn new<I: Input<Sink = S>>(input: &I, sinks: impl IntoIterator<Item = S>) -> Self {
        let mut plan = Self {
            sinks: Vec::new(),
            counts: 0,
            words: 0,
            numbers: 0,
            lists: 0,
            constants: Vec::new(),
            samples: 0,
        };
        for sink in sinks {
            let size = input.size(&sink);
            let constants = plan.constants.len();
            plan.constants.extend(I::constants(&sink));
            plan.sinks.push(Placed {
                constants,
                sink,
                size,
                counts: plan.counts,
                words: plan.words,
                numbers: plan.numbers,
                lists: plan.lists,
                samples: plan.samples,
            });
            plan.counts += size.counts;
            plan.words += size.words();
            plan.numbers += size.sums + size.marks;
            plan.lists += size.lists();
            plan.samples += size.samples;
        }
        plan
    }
}

/// A list in host memory that grows with the batches. Its numbers are of 32 bits: integers, or floats as
/// their bits. A summary takes it over as it is.
pub type HostList = Arc<Vec<u32>>;

/// How many entries of a [list](HostList) a number has: two if it is `f64`.
pub const fn words(wide: bool) -> usize {
    if wide { 2 } else { 1 }
}

/// Writes numbers to a list as `f64`, two entries each.
pub fn put(list: &mut [u32], numbers: impl Iterator<Item = f64>) {
    for (list, number) in list.as_chunks_mut::<2>().0.iter_mut().zip(numbers) {
        let bits = number.to_bits();
        *list = [bits as u32, (bits >> 32) as u32];
    }
}

/// Appends so many zeros to a list, and returns them to be written.
pub fn grow(list: &mut HostList, more: usize) -> &mut [u32] {
    let list = Arc::make_mut(list);
    let start = list.len();
    if start == 0 && list.capacity() < more {
        // Zeros from the system, which need not be written.
        *list = vec![0; more];
    } else {
        list.resize(start + more, 0);
    }
    &mut list[start..]
}
