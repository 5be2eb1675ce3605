//! The state of a pass on a device with memory of its own.

use super::{Placed, Plan};
use crate::{REJECTED_SLOTS, framework::lists::DeviceLists};
use burn::tensor::{DType, Device, Int, Tensor};

/// The state of a pass on a device with memory of its own.
#[derive(Debug, Clone)]
pub struct DeviceState {
    /// Counters, `i32`.
    pub counts: Tensor<1, Int>,
    /// `slots` times `width` `f32`; a number that nothing reads while there is no slot.
    pub words: Tensor<1>,
    /// The `f32` of a slot: the words of the plan.
    pub width: usize,
    /// How many slots there are.
    pub slots: usize,
    /// The constants of the plan.
    pub constants: Tensor<1>,
    /// The lists of the plan.
    pub lists: DeviceLists,
    /// How many batches there were.
    pub epoch: i32,
    /// What is known of the counters of samples, which are the last of `counts`.
    pub samples: SampleCounters,
}

/// Counters of each sample, behind all others: of one sample after the other those of all sinks. They come in pieces, of
/// which a new one is as large as all before it.
#[derive(Debug, Clone)]
pub struct SampleCounters {
    /// Where they begin in `counts`.
    fixed: usize,
    /// Counters of a sample.
    width: usize,
    /// Samples that `counts` has room for, and has.
    capacity: usize,
    used: usize,
    /// Where those of the current batch begin in `counts`.
    pub begin: usize,
    full: Vec<Tensor<1, Int>>,
}

/// Counters of samples in the first piece.
const FIRST: usize = 1 << 12;

/// The most counters of samples in a piece, unless a batch has more.
const LARGEST: usize = 1 << 26;

impl DeviceState {
    pub(crate) fn new<S>(plan: &Plan<S>, device: &Device) -> Self {
        // Not every backend has tensors without elements. What nothing reads is not written, which saves launches.
        let nothing = || Tensor::empty([1], (device, DType::F32));
        let constants = if plan.constants.is_empty() {
            nothing()
        } else {
            Tensor::from_data(&plan.constants[..], (device, DType::F32))
        };
        let widths = plan.sinks.iter().flat_map(|placed| placed.size.lists);
        let widths = widths.filter(|width| *width > 0).collect();
        Self {
            // Behind the counters is one for the kernel.
            counts: Tensor::zeros([plan.counts + 1], (device, DType::I32)),
            words: nothing(),
            width: plan.words,
            slots: 0,
            constants,
            lists: DeviceLists::new(widths, device),
            epoch: 0,
            samples: SampleCounters {
                fixed: plan.counts + 1,
                width: plan.samples,
                capacity: 0,
                used: 0,
                begin: plan.counts + 1,
                full: Vec::new(),
            },
        }
    }

    /// Makes room for the counters of more samples, which are zeros.
    pub fn reserve(&mut self, samples: usize) {
        let own = &mut self.samples;
        let (fixed, width) = (own.fixed, own.width);
        if width == 0 {
            return;
        }
        if own.capacity - own.used < samples {
            let before = fixed..fixed + own.used * width;
            let all = own.full.iter().map(|piece| piece.dims()[0]).sum::<usize>();
            let next = (all + before.len()).clamp(FIRST, LARGEST) / width;
            own.capacity = next.max(samples);
            if own.used > 0 {
                own.full.push(self.counts.clone().slice(before));
            }
            own.used = 0;
            let counts = self.counts.clone().slice(0..fixed);
            let dtype = (&counts.device(), DType::I32);
            let zeros = Tensor::zeros([own.capacity * width], dtype);
            self.counts = Tensor::cat(vec![counts, zeros], 0);
        }
        own.begin = fixed + own.used * width;
        own.used += samples;
    }

    /// The counters that are to be read, and earlier pieces of the counters of samples.
    pub fn counters(&self) -> (Tensor<1, Int>, Vec<Tensor<1, Int>>) {
        let own = &self.samples;
        let counts = if own.width == 0 {
            self.counts.clone()
        } else {
            let end = own.fixed + own.used * own.width;
            self.counts.clone().slice(0..end)
        };
        (counts, own.full.clone())
    }

    /// How many earlier pieces of counters of samples there are.
    pub(super) fn pieces(&self) -> usize {
        self.samples.full.len()
    }

    /// Sets the counters of a sink for each sample of the batch, and adds what is rejected. `counted` has the counters
    /// of one sample after the other, and then the rejected ones.
    pub fn keep_samples<S>(&mut self, placed: &Placed<S>, counted: Tensor<1, Int>, samples: usize) {
        let (begin, width) = (self.samples.begin, self.samples.width);
        let cells = samples * placed.size.samples;
        let rejected = counted.clone().slice(cells..cells + REJECTED_SLOTS);
        self.count(placed, |counts| counts + rejected);
        if cells == 0 {
            return;
        }
        let counted = counted
            .slice(0..cells)
            .reshape([samples, placed.size.samples]);
        let range = begin..begin + samples * width;
        let own = placed.samples..placed.samples + placed.size.samples;
        let before = (self.counts.clone().slice([range.clone()])).reshape([samples, width]);
        let after = before.slice_assign([0..samples, own], counted);
        let after = after.reshape([samples * width]);
        self.counts = self.counts.clone().slice_assign([range], after);
    }

    /// Makes room for `slots` slots. The new slots are zeros.
    pub fn grow(&mut self, slots: usize) {
        if slots > self.slots && self.width > 0 {
            let more = [(slots - self.slots) * self.width];
            let zeros = Tensor::zeros(more, (&self.words.device(), DType::F32));
            self.words = if self.slots == 0 {
                zeros
            } else {
                Tensor::cat(vec![self.words.clone(), zeros], 0)
            };
            self.slots = slots;
        }
    }

    /// Appends `rows` rows to all lists: of each list, in their order, the numbers `[rows * width]`.
    pub fn list(mut self, rows: usize, numbers: Vec<Tensor<1, Int>>) -> Self {
        let [listed, room] = self.lists.reserve(rows);
        let (lists, ()) = self.lists.append(rows, |mut all| {
            let mut before = 0;
            for own in numbers {
                let width = own.dims()[0] / rows.max(1);
                let start = room * before + listed * width;
                let numbers = start..start + rows * width;
                all = all.slice_assign(numbers, own);
                before += width;
            }
            (all, ())
        });
        self.lists = lists;
        self
    }

    /// Replaces the counters of a sink by what `update` makes of them.
    pub fn count<S>(
        &mut self,
        placed: &Placed<S>,
        update: impl FnOnce(Tensor<1, Int>) -> Tensor<1, Int>,
    ) {
        let range = placed.counts..placed.counts + placed.size.counts;
        let updated = update(self.counts.clone().slice(range.clone()));
        self.counts = self.counts.clone().slice_assign(range, updated);
    }

    /// Replaces the counters and the sums `[2 * K]` of a sink, leading halves first, by what `update` makes
    /// of them. All sums go to the first slot.
    pub fn add<S>(
        &mut self,
        placed: &Placed<S>,
        update: impl FnOnce(Tensor<1, Int>, Tensor<1>) -> (Tensor<1, Int>, Tensor<1>),
    ) {
        self.grow(1);
        let range = placed.words..placed.words + 2 * placed.size.sums;
        let sums = self.words.clone().slice(range.clone());
        let mut updated = None;
        self.count(placed, |counts| {
            let (counts, sums) = update(counts, sums);
            updated = Some(sums);
            counts
        });
        if let Some(sums) = updated {
            self.words = self.words.clone().slice_assign(range, sums);
        }
    }

    /// Replaces the counters of a sink and its words `[2 * K + M]` in the first slot, sums and then marks, by what
    /// `update` makes of them.
    pub fn change<S>(
        &mut self,
        placed: &Placed<S>,
        update: impl FnOnce(Tensor<1, Int>, Tensor<1>) -> (Tensor<1, Int>, Tensor<1>),
    ) {
        self.grow(1);
        let range = placed.words..placed.words + placed.size.words();
        let words = self.words.clone().slice(range.clone());
        let mut updated = None;
        self.count(placed, |counts| {
            let (counts, words) = update(counts, words);
            updated = Some(words);
            counts
        });
        if let Some(words) = updated {
            self.words = self.words.clone().slice_assign(range, words);
        }
    }
}
