//! The pass: what all accumulators of a collection want of a batch, computed in one read of the batch.
//!
//! An accumulator with a pass does not read the batch. It tells its [`Delta`] what becomes of each row,
//! decision or pair: a [sink](Input::Sink). When every accumulator of a collection has asked, one pass serves
//! all requests of the same batch. It is one walk over the host's memory, or one launch of a kernel.
//!
//! The state of a pass is flat: counters, and sums. On a device sums are pairs of `f32`. Each group of units
//! that adds at the same time has a slot of its own, so that no group waits for another. The host adds the
//! slots after it has read them. In host memory sums are `f64`.

use crate::{
    MetricError,
    framework::{
        delta::{Delta, HostDelta},
        lists::DeviceLists,
    },
    ops::{
        self, decisions::Decisions, ensembles::Ensembles, observations::Observed, pairs::Pairs,
        rows::Rows, samples::Samples, values::Numbers,
    },
};
use burn::tensor::{DType, Device, Int, Tensor};
use std::{fmt::Debug, sync::Arc};

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
}

impl Size {
    /// Counters alone.
    pub const fn counts(counts: usize) -> Self {
        Self {
            counts,
            sums: 0,
            marks: 0,
            lists: [0; 2],
        }
    }

    /// Counters and sums.
    pub const fn both(counts: usize, sums: usize) -> Self {
        Self {
            counts,
            sums,
            marks: 0,
            lists: [0; 2],
        }
    }

    /// The `f32` of a slot.
    fn words(self) -> usize {
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
}

impl<S> Plan<S> {
    /// The plan of these sinks for batches like this one.
    pub fn new<I: Input<Sink = S>>(input: &I, sinks: impl IntoIterator<Item = S>) -> Self {
        let mut plan = Self {
            sinks: Vec::new(),
            counts: 0,
            words: 0,
            numbers: 0,
            lists: 0,
            constants: Vec::new(),
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
            });
            plan.counts += size.counts;
            plan.words += size.words();
            plan.numbers += size.sums + size.marks;
            plan.lists += size.lists();
        }
        plan
    }
}

/// A list in host memory that grows with the batches. Its numbers are of 32 bits: integers, or floats as
/// their bits. A summary takes it over as it is.
pub type HostList = Arc<Vec<u32>>;

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
}

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
        }
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

/// The data of a batch that a pass reads.
pub trait Input: Debug + Send + Sync + 'static {
    /// What can become of an element.
    type Sink: Clone + Debug + PartialEq + Send + Sync + 'static;

    /// Whether elements have weights. Passes over such batches have a state of their own.
    fn is_weighted(&self) -> bool;

    /// How much state a sink has, for batches like this one: it may depend on whether they have weights.
    fn size(&self, sink: &Self::Sink) -> Size;

    /// Numbers that a sink needs on a device, such as thresholds. They are uploaded once.
    fn constants(_sink: &Self::Sink) -> Vec<f32> {
        Vec::new()
    }

    /// The pass in host memory.
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
    plan: Plan<I::Sink>,
    /// The delta that each sink belongs to.
    owners: Vec<Path>,
    flat: Flat,
}

impl<I: Input> Pass<I> {
    fn new(input: &I, wants: Vec<(Path, I::Sink)>, device: &Device) -> Self {
        let (owners, sinks): (Vec<_>, Vec<_>) = wants.into_iter().unzip();
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
            plan,
            owners,
            flat,
        }
    }

    /// Whether its state is for these wants of this input.
    fn serves(&self, input: &I, wants: &[(Path, I::Sink)]) -> bool {
        self.weighted == input.is_weighted()
            && self.owners.len() == wants.len()
            && (self.owners.iter().zip(&self.plan.sinks)).zip(wants).all(
                |((owner, placed), (path, sink))| {
                    // The width of a list may depend on the batch.
                    let fits = placed.size == input.size(sink);
                    owner == path && placed.sink == *sink && fits
                },
            )
    }

    fn run(&mut self, input: &I) {
        match &mut self.flat {
            Flat::Host {
                counts,
                numbers,
                lists,
            } => input.on_host_with_lists(&self.plan, counts, numbers, lists),
            Flat::Device(state) => {
                if let Some(owned) = state.take() {
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
        Some(Unread {
            counts: state.counts.clone(),
            words: (state.slots > 0).then(|| state.words.clone()),
            lists: lists.map(|list| state.lists.pieces(list)).collect(),
        })
    }

    /// Gives the deltas of a state its lists on the device.
    fn lend(&self, state: usize, delta: &mut Delta) {
        let Flat::Device(Some(device)) = &self.flat else {
            return;
        };
        for (owner, placed) in self.owners.iter().zip(&self.plan.sinks) {
            let lists = placed.lists..placed.lists + placed.size.lists();
            if owner.first() == Some(&state) && !lists.is_empty() && device.lists.count() > 0 {
                let own = delta.part_mut(&owner[1..]);
                own.lend(device.lists.clone(), lists);
            }
        }
    }

    /// Leaves the lists of a state unread.
    fn leave_lists(&mut self, state: usize) {
        for (owner, placed) in self.owners.iter().zip(&mut self.plan.sinks) {
            if owner.first() == Some(&state) {
                placed.size.lists = [0; 2];
            }
        }
    }

    /// The blocks of its sinks, with their owners.
    fn blocks(&self, read: Option<ReadState>) -> Vec<(&Path, Block)> {
        let mut read_lists = read.iter().flat_map(|read| read.lists.iter());
        let sinks = self.owners.iter().zip(&self.plan.sinks);
        sinks
            .map(|(owner, placed)| {
                let size = placed.size;
                let mut lists = Vec::new();
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
                    counts: counts.to_vec(),
                    parts,
                    lists,
                };
                (owner, block)
            })
            .collect()
    }
}

/// The state of a pass on a device: what is to be read.
pub(crate) struct Unread {
    pub counts: Tensor<1, Int>,
    /// `None` without slots.
    pub words: Option<Tensor<1>>,
    /// The pieces of each list.
    pub lists: Vec<Vec<Tensor<1, Int>>>,
}

/// The state of a pass on a device, read.
pub(crate) struct ReadState {
    pub counts: Vec<i32>,
    pub words: Vec<f32>,
    pub lists: Vec<HostList>,
}

/// What one sink accumulated, read to the host.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// Whether it was accumulated from batches with weights.
    pub weighted: bool,
    /// The counters.
    pub counts: Vec<i32>,
    /// Sums and marks, slot by slot. Each slot covers some of the elements.
    pub parts: Vec<Part>,
    /// The lists.
    pub lists: Vec<HostList>,
}

/// The sums and marks of a slot.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// The sums.
    pub sums: Vec<f64>,
    /// The other numbers.
    pub marks: Vec<f64>,
}

impl Part {
    pub(crate) fn new(words: &[f32], size: Size) -> Self {
        let (high, rest) = words[..size.words()].split_at(size.sums);
        let (low, marks) = rest.split_at(size.sums);
        let sum = |(high, low): (&f32, &f32)| {
            // An infinite sum has a NaN remainder.
            if high.is_finite() {
                f64::from(*high) + f64::from(*low)
            } else {
                f64::from(*high)
            }
        };
        Self {
            sums: high.iter().zip(low).map(sum).collect(),
            marks: marks.iter().map(|mark| f64::from(*mark)).collect(),
        }
    }
}

impl Block {
    /// The sums over all slots.
    pub fn sums(&self) -> Vec<f64> {
        let mut parts = self.parts.iter();
        let mut sums = parts.next().map_or_else(Vec::new, |part| part.sums.clone());
        for part in parts {
            let pairs = sums.iter_mut().zip(&part.sums);
            pairs.for_each(|(sum, more)| *sum += more);
        }
        sums
    }
}

/// The families of batches: a request and the passes of each.
macro_rules! families {
    ($($family:ident $passes:ident,)*) => {
        /// What an accumulator wants of a batch.
        #[derive(Debug, Clone)]
        pub(crate) enum Request {
            $(
                #[allow(missing_docs)]
                $family(Arc<$family>, <$family as Input>::Sink),
            )*
        }

        impl Request {
            /// Whether both are of the same batch.
            fn same_batch(&self, other: &Self) -> bool {
                match (self, other) {
                    $((Self::$family(a, _), Self::$family(b, _)) => Arc::ptr_eq(a, b),)*
                    #[allow(unreachable_patterns)]
                    _ => false,
                }
            }
        }

        $(
            impl From<(&Arc<$family>, <$family as Input>::Sink)> for Request {
                fn from((input, sink): (&Arc<$family>, <$family as Input>::Sink)) -> Self {
                    Self::$family(input.clone(), sink)
                }
            }
        )*

        /// The passes over the batches of one device, with their states.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Passes {
            $($passes: Vec<Pass<$family>>,)*
        }

        impl Passes {
            /// One pass for each batch of the requests.
            pub fn run(&mut self, requests: Vec<(Path, Request)>, device: &Device) {
                let mut rest = requests;
                while let Some((_, first)) = rest.first() {
                    let first = first.clone();
                    let (own, others): (Vec<_>, Vec<_>) = (rest.into_iter())
                        .partition(|(_, request)| request.same_batch(&first));
                    rest = others;
                    match first {
                        $(Request::$family(input, _) => {
                            let wants = own.into_iter().filter_map(|(path, request)| match request {
                                Request::$family(_, sink) => Some((path, sink)),
                                #[allow(unreachable_patterns)]
                                _ => None,
                            });
                            Pass::add(&mut self.$passes, &input, wants.collect(), device);
                        })*
                    }
                }
            }

            /// The states that are to be read from the device.
            pub fn unread(&self) -> impl Iterator<Item = Unread> {
                let none = std::iter::empty();
                $(let none = none.chain(self.$passes.iter().filter_map(Pass::unread));)*
                none
            }

            /// Gives the delta of a state what its lists on the device hold, to be condensed.
            pub fn lend(&self, state: usize, delta: &mut Delta) {
                $(self.$passes.iter().for_each(|pass| pass.lend(state, delta));)*
            }

            /// Leaves the lists of a state, which has been condensed, unread.
            pub fn leave_lists(&mut self, state: usize) {
                $(self.$passes.iter_mut().for_each(|pass| pass.leave_lists(state));)*
            }

            /// Whether no batch has come.
            pub fn is_empty(&self) -> bool {
                $(self.$passes.is_empty())&&*
            }

            /// Gives the block of every sink to its owner. `next` yields what was read of the
            /// [`unread`](Self::unread) states, in their order: of lists of a number of pieces, and of words if there are any.
            pub fn hand_out(
                &self,
                deltas: &mut [HostDelta],
                mut next: impl FnMut(usize, usize, bool) -> Result<ReadState, MetricError>,
            ) -> Result<(), MetricError> {
                $(for pass in &self.$passes {
                    let read = match &pass.flat {
                        Flat::Device(Some(state)) => {
                            let placed = pass.plan.sinks.iter();
                            let lists = placed.map(|placed| placed.size.lists()).sum();
                            Some(next(lists, state.lists.count(), state.slots > 0)?)
                        }
                        _ => None,
                    };
                    for (owner, block) in pass.blocks(read) {
                        let Some((first, parts)) = owner.split_first() else { continue };
                        deltas[*first].part_mut(parts).push_block(block);
                    }
                })*
                Ok(())
            }
        }
    };
}

families! {
    Decisions decisions,
    Rows rows,
    Pairs pairs,
    Numbers numbers,
    Ensembles ensembles,
    Observed observations,
    Samples samples,
}

/// Takes the requests of accumulators out of their deltas.
pub(crate) fn requests(deltas: &mut [Delta]) -> Vec<(Path, Request)> {
    let mut all = Vec::new();
    for (index, delta) in deltas.iter_mut().enumerate() {
        delta.take_requests(&mut vec![index], &mut all);
    }
    all
}
