//! What a metric keeps on the device between two reads.

mod live;
mod named;
mod pieces;

use crate::framework::{
    lists::DeviceLists,
    pass::{Block, Path, Request},
};
use burn::tensor::{DType, Device, Float, Int, Tensor};
pub(crate) use live::{Live, read_all};
use named::Named;
use pieces::Pieces;
use std::ops::Range;

/// The device half of a state: blocks of counters, sums and numbers, and lists, each with a name.
///
/// Counters are `i32` and sums are pairs of `f32` on every backend, because wgpu has neither
/// `i64` nor `f64`. The state around a delta retires it before a counter can overflow. Blocks of different kinds may
/// have the same name.
#[derive(Debug, Clone, Default)]
pub struct Delta {
    counts: Named<Tensor<1, Int>>,
    sums: Named<Tensor<1>>,
    numbers: Named<Tensor<1>>,
    ints: Named<Pieces<Int>>,
    floats: Named<Pieces<Float>>,
    children: Vec<Delta>,
    /// What its accumulator wants of the current batch.
    requests: Vec<Request>,
    condensed: bool,
    /// What passes have listed on the device for it, while it is condensed: of each pass its own among all lists.
    lent: Vec<(DeviceLists, Range<usize>)>,
}

impl Delta {
    /// Asks for what becomes of the elements of a batch. The pass over the batch runs when all
    /// accumulators have asked.
    pub(crate) fn want(&mut self, request: impl Into<Request>) {
        self.requests.push(request.into());
    }

    /// Moves the requests to `all`, each with the path to its delta.
    pub(crate) fn take_requests(&mut self, path: &mut Path, all: &mut Vec<(Path, Request)>) {
        let own = self.requests.drain(..);
        all.extend(own.map(|request| (path.clone(), request)));
        for (part, child) in self.children.iter_mut().enumerate() {
            path.push(part);
            child.take_requests(path, all);
            path.pop();
        }
    }

    /// Says that it is what [`Accumulator::condense`](crate::Accumulator::condense) makes of another delta.
    pub(crate) fn into_condensed(self) -> Self {
        Self {
            condensed: true,
            ..self
        }
    }

    /// Whether there is nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
            && self.sums.is_empty()
            && self.numbers.is_empty()
            && self.ints.is_empty()
            && self.floats.is_empty()
            && self.children.iter().all(Self::is_empty)
    }

    /// The delta of a part, for an accumulator that is made of other accumulators. All parts are read together.
    pub fn child(&mut self, part: usize) -> &mut Delta {
        if self.children.len() <= part {
            self.children.resize_with(part + 1, Delta::default);
        }
        &mut self.children[part]
    }

    /// The delta at the end of a path of parts.
    pub(crate) fn part_mut(&mut self, path: &[usize]) -> &mut Self {
        (path.iter()).fold(self, |delta, part| delta.child(*part))
    }

    pub(crate) fn lend(&mut self, lists: DeviceLists, own: Range<usize>) {
        self.lent.push((lists, own));
    }

    /// What passes have listed on the device, if there is one list and nothing else.
    pub(crate) fn only_list(&self) -> Option<Tensor<1, Int>> {
        let [(lists, own)] = &self.lent[..] else {
            return None;
        };
        let alone = own.len() == 1 && self.is_empty();
        alone.then(|| Tensor::cat(lists.pieces(own.start), 0))
    }

    /// Replaces a block of counters, `len` zeros of `i32` at first, by what `update` makes of it.
    pub fn counts(
        &mut self,
        name: &'static str,
        len: usize,
        device: &Device,
        update: impl FnOnce(Tensor<1, Int>) -> Tensor<1, Int>,
    ) {
        let zeros = || Tensor::zeros([len], (device, DType::I32));
        self.counts.update(name, zeros, update);
    }

    /// Replaces a block of sums by what `update` makes of it. The block holds `2 * len` `f32`, zeros at first:
    /// the leading halves of the sums, then their trailing halves (see
    /// [`ops::add_compensated`](crate::ops::add_compensated)).
    pub fn sums(
        &mut self,
        name: &'static str,
        len: usize,
        device: &Device,
        update: impl FnOnce(Tensor<1>) -> Tensor<1>,
    ) {
        let zeros = || Tensor::zeros([2 * len], (device, DType::F32));
        self.sums.update(name, zeros, update);
    }

    /// Replaces the blocks of counters and of sums of a name, for updates that change both together.
    pub fn both(
        &mut self,
        name: &'static str,
        counts: usize,
        sums: usize,
        device: &Device,
        update: impl FnOnce(Tensor<1, Int>, Tensor<1>) -> (Tensor<1, Int>, Tensor<1>),
    ) {
        let zeros = || Tensor::zeros([2 * sums], (device, DType::F32));
        let sums = self.sums.take(name).unwrap_or_else(zeros);
        let zeros = || Tensor::zeros([counts], (device, DType::I32));
        let counts = self.counts.take(name).unwrap_or_else(zeros);
        let (counts, sums) = update(counts, sums);
        self.keep(name, counts, sums);
    }

    /// Replaces a block of plain numbers, such as extremes or a pivot, by what `update` makes of it; `None` at
    /// first.
    pub fn numbers(
        &mut self,
        name: &'static str,
        update: impl FnOnce(Option<Tensor<1>>) -> Tensor<1>,
    ) {
        let before = self.numbers.take(name);
        self.numbers.put(name, update(before));
    }

    /// Appends to a list of floats.
    ///
    /// Pieces are joined, so that a read of many batches is a read of few tensors.
    pub fn append_floats(&mut self, name: &'static str, tensor: Tensor<1>) {
        let mut pieces = self.floats.take(name).unwrap_or_default();
        pieces.push(tensor);
        self.floats.put(name, pieces);
    }

    /// Appends to a list of integers. The list is `i32`; a label outside its range becomes the nearest one inside.
    pub fn append_ints(&mut self, name: &'static str, tensor: Tensor<1, Int>) {
        let mut pieces = self.ints.take(name).unwrap_or_default();
        pieces.push(crate::ops::as_i32(tensor));
        self.ints.put(name, pieces);
    }

    /// Keeps counters and sums that have been made elsewhere.
    pub(crate) fn keep(&mut self, name: &'static str, counts: Tensor<1, Int>, sums: Tensor<1>) {
        self.counts.put(name, counts);
        self.sums.put(name, sums);
    }
}

/// A [`Delta`] that has been read.
#[derive(Debug, Clone, Default)]
pub struct HostDelta {
    counts: Named<Vec<i32>>,
    sums: Named<Vec<f32>>,
    numbers: Named<Vec<f32>>,
    ints: Named<Vec<Vec<i32>>>,
    floats: Named<Vec<Vec<f32>>>,
    children: Vec<HostDelta>,
    blocks: Vec<Block>,
    condensed: bool,
}

impl HostDelta {
    /// What passes accumulated: a block for each sink, and another one for batches with weights.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(crate) fn push_block(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// The delta at the end of a path of parts.
    pub(crate) fn part_mut(&mut self, path: &[usize]) -> &mut Self {
        let Some((first, rest)) = path.split_first() else {
            return self;
        };
        if self.children.len() <= *first {
            self.children.resize_with(first + 1, Self::default);
        }
        self.children[*first].part_mut(rest)
    }

    /// Whether the delta was condensed before it was read.
    pub(crate) fn is_condensed(&self) -> bool {
        self.condensed
    }

    /// The delta of a part; `None` if it never saw a batch.
    pub fn child(&self, part: usize) -> Option<&HostDelta> {
        self.children.get(part)
    }

    /// A block of counters; `None` if it never saw a batch.
    pub fn counts(&self, name: &str) -> Option<&[i32]> {
        self.counts.get(name).map(Vec::as_slice)
    }

    /// A block of sums, leading plus trailing halves; `None` if it never saw a batch.
    pub fn sums(&self, name: &str) -> Option<Vec<f64>> {
        let block = self.sums.get(name)?;
        let (high, low) = block.split_at(block.len() / 2);
        let halves = high.iter().zip(low);
        let sums = halves.map(|(high, low)| {
            // An infinite sum has a NaN remainder.
            if high.is_finite() {
                f64::from(*high) + f64::from(*low)
            } else {
                f64::from(*high)
            }
        });
        Some(sums.collect())
    }

    /// A block of plain numbers; `None` if it never saw a batch.
    pub fn numbers(&self, name: &str) -> Option<&[f32]> {
        self.numbers.get(name).map(Vec::as_slice)
    }

    /// The pieces of a list of integers, in the order of the batches; none if it never saw one.
    pub fn ints(&self, name: &str) -> &[Vec<i32>] {
        self.ints.get(name).map_or(&[], Vec::as_slice)
    }

    /// The pieces of a list of floats, in the order of the batches; none if it never saw one.
    pub fn floats(&self, name: &str) -> &[Vec<f32>] {
        self.floats.get(name).map_or(&[], Vec::as_slice)
    }
}
