//! The pass: what all accumulators of a collection want of a batch, computed in one read of the batch.
//!
//! An accumulator with a pass does not read the batch. It tells its [`Delta`] what becomes of each row,
//! decision or pair: a [sink](Input::Sink). When every accumulator of a collection has asked, one pass serves
//! all requests of the same batch. It is one walk over the host's memory, or one launch of a kernel.
//!
//! The state of a pass is flat: counters, and sums. On a device sums are pairs of `f32`. Each group of units
//! that adds at the same time has a slot of its own, so that no group waits for another. The host adds the
//! slots after it has read them. In host memory sums are `f64`.

mod block;
mod device;
mod families;
mod plan;

use crate::{framework::delta::Delta, ops};
pub use block::{Block, Part};
pub(crate) use block::{ReadShape, ReadState, Unread};
use burn::tensor::Device;
pub use device::{DeviceState, SampleCounters};
pub(crate) use families::{Passes, Request, requests};
pub use plan::{HostList, Placed, Plan, Size, grow, put, words};
use std::fmt::Debug;

/// The data of a batch that a pass reads.
pub trait Input: Debug + Send + Sync + 'static {
    /// What can become of an element.
    type Sink: Clone + Debug + PartialEq + Send + Sync + 'static;

    /// Whether elements have weights. Passes over such batches have a state of their own.
    fn is_weighted(&self) -> bool;

    /// Whether its numbers are `f64`, in host memory. Lists of such batches are in a state of their own.
    fn is_wide(&self) -> bool {
        false
    }

    /// How many samples there are, for sinks that have counters of each sample.
    fn samples(&self) -> usize {
        0
    }

    /// How much state a sink has, for batches like this one: it may depend on whether they have weights.
    fn size(&self, sink: &Self::Sink) -> Size;

    /// Numbers that a sink needs on a device, such as thresholds. They are uploaded once.
    fn constants(_sink: &Self::Sink) -> Vec<f32> {
        Vec::new()
    }

    /// The pass in host memory. Behind `counts` of the plan lie the counters of samples, of which those of this batch, all
    /// zero, are the last.
    fn on_host(&self, plan: &Plan<Self::Sink>, counts: &mut [i32], numbers: &mut [f64]);

    /// The pass in host memory of sinks that may have lists.
    fn on_host_with_lists(
        &self,
        plan: &Plan<Self::Sink>,
        counts: &mut [i32],
        numbers: &mut [f64],
        _lists: &mut [HostList],
    ) {
        self.on_host(plan, counts, numbers);
    }

    /// The pass on a device with memory of its own.
    fn on_device(&self, plan: &Plan<Self::Sink>, state: DeviceState) -> DeviceState;
}

/// The state of a pass.
// There are few passes, and they stay where they are.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone)]
enum Flat {
    Host {
        counts: Vec<i32>,
        numbers: Vec<f64>,
        lists: Vec<HostList>,
    },
    /// `None` only while a pass has it.
    Device(Option<DeviceState>),
}

/// Where a delta is: the index of its state in a collection, and from there on the parts.
pub(crate) type Path = Vec<usize>;

/// A pass with its state.
#[derive(Debug, Clone)]
pub(crate) struct Pass<I: Input> {
    weighted: bool,
    wide: bool,
    plan: Plan<I::Sink>,
    /// The deltas that want a sink, each with the number of the sink. Sinks that are equal are one, unless they
    /// have lists.
    owners: Vec<(Path, usize)>,
    flat: Flat,
}

impl<I: Input> Pass<I> {
    fn new(input: &I, wants: Vec<(Path, I::Sink)>, device: &Device) -> Self {
        let (mut owners, mut sinks) = (Vec::new(), Vec::<I::Sink>::new());
        for (path, sink) in wants {
            let lists = input.size(&sink).lists() > 0;
            let same = |other: &I::Sink| !lists && *other == sink;
            let place = sinks.iter().position(same).unwrap_or(sinks.len());
            if place == sinks.len() {
                sinks.push(sink);
            }
            owners.push((path, place));
        }
        let plan = Plan::new(input, sinks);
        let flat = if ops::is_host(device) {
            Flat::Host {
                counts: vec![0; plan.counts],
                numbers: vec![0.0; plan.numbers],
                lists: vec![HostList::default(); plan.lists],
            }
        } else {
            Flat::Device(Some(DeviceState::new(&plan, device)))
        };
        Self {
            weighted: input.is_weighted(),
            wide: input.is_wide(),
            plan,
            owners,
            flat,
        }
    }

    /// Whether its state is for these wants of this input.
    fn serves(&self, input: &I, wants: &[(Path, I::Sink)]) -> bool {
        self.weighted == input.is_weighted()
            && self.wide == input.is_wide()
            && self.owners.len() == wants.len()
            && (self.owners.iter().zip(wants)).all(|((owner, place), (path, sink))| {
                let placed = &self.plan.sinks[*place];
                // The width of a list may depend on the batch.
                let fits = placed.size == input.size(sink);
                owner == path && placed.sink == *sink && fits
            })
    }

    fn run(&mut self, input: &I) {
        match &mut self.flat {
            Flat::Host {
                counts,
                numbers,
                lists,
            } => {
                let more = self.plan.samples * input.samples();
                counts.resize(counts.len() + more, 0);
                input.on_host_with_lists(&self.plan, counts, numbers, lists);
            }
            Flat::Device(state) => {
                if let Some(mut owned) = state.take() {
                    owned.reserve(input.samples());
                    *state = Some(input.on_device(&self.plan, owned));
                }
            }
        }
    }

    /// Adds what the batch's accumulators want to the pass that serves them.
    fn add(passes: &mut Vec<Self>, input: &I, wants: Vec<(Path, I::Sink)>, device: &Device) {
        let found = passes.iter().position(|pass| pass.serves(input, &wants));
        let index = found.unwrap_or_else(|| {
            passes.push(Self::new(input, wants, device));
            passes.len() - 1
        });
        passes[index].run(input);
    }

    /// What is to be read from the device, if it has a state there.
    fn unread(&self) -> Option<Unread> {
        let Flat::Device(Some(state)) = &self.flat else {
            return None;
        };
        let placed = self.plan.sinks.iter();
        let lists = placed.flat_map(|placed| placed.lists..placed.lists + placed.size.lists());
        let (counts, samples) = state.counters();
        Some(Unread {
            counts,
            samples,
            words: (state.slots > 0).then(|| state.words.clone()),
            lists: lists.map(|list| state.lists.pieces(list)).collect(),
        })
    }

    /// Gives the deltas of a state its lists on the device.
    fn lend(&self, state: usize, delta: &mut Delta) {
        let Flat::Device(Some(device)) = &self.flat else {
            return;
        };
        for (owner, place) in &self.owners {
            let placed = &self.plan.sinks[*place];
            let lists = placed.lists..placed.lists + placed.size.lists();
            if owner.first() == Some(&state) && !lists.is_empty() && device.lists.count() > 0 {
                let own = delta.part_mut(&owner[1..]);
                own.lend(device.lists.clone(), lists);
            }
        }
    }

    /// Leaves the lists of a state unread.
    fn leave_lists(&mut self, state: usize) {
        for (owner, place) in &self.owners {
            let placed = &mut self.plan.sinks[*place];
            if owner.first() == Some(&state) {
                placed.size.lists = [0; 2];
            }
        }
    }

    /// The blocks of its sinks, with their owners.
    fn blocks(&self, read: Option<ReadState>) -> Vec<(&Path, Block)> {
        let mut read_lists = read.iter().flat_map(|read| read.lists.iter());
        (self.owners.iter())
            .map(|(owner, place)| {
                let placed = &self.plan.sinks[*place];
                let size = placed.size;
                let mut lists = Vec::new();
                let samples = match (&self.flat, &read) {
                    (Flat::Host { counts, .. }, _) => {
                        placed.samples_of(self.plan.samples, &counts[self.plan.counts..])
                    }
                    (Flat::Device(_), None) => vec![],
                    (Flat::Device(_), Some(read)) => {
                        placed.samples_of(self.plan.samples, &read.samples)
                    }
                };
                let (counts, parts) = match (&self.flat, &read) {
                    (
                        Flat::Host {
                            counts,
                            numbers,
                            lists: all,
                        },
                        _,
                    ) => {
                        lists = all[placed.lists..][..size.lists()].to_vec();
                        let numbers = &numbers[placed.numbers..][..size.sums + size.marks];
                        let (sums, marks) = numbers.split_at(size.sums);
                        let part = Part {
                            sums: sums.to_vec(),
                            marks: marks.to_vec(),
                        };
                        (&counts[placed.counts..][..size.counts], vec![part])
                    }
                    (Flat::Device(_), None) => (&[][..], vec![]),
                    (Flat::Device(_), Some(read)) => {
                        let slots = read.words.chunks_exact(self.plan.words.max(1));
                        lists.extend(read_lists.by_ref().take(size.lists()).cloned());
                        let parts = slots.map(|slot| Part::new(&slot[placed.words..], size));
                        let parts = if size.words() == 0 {
                            vec![]
                        } else if read.words.is_empty() {
                            vec![Part::new(&vec![0.0; size.words()], size)]
                        } else {
                            parts.collect()
                        };
                        (&read.counts[placed.counts..][..size.counts], parts)
                    }
                };
                let block = Block {
                    weighted: self.weighted,
                    wide: self.wide,
                    counts: counts.to_vec(),
                    parts,
                    lists,
                    samples,
                };
                (owner, block)
            })
            .collect()
    }
}
