//! What a metric keeps on the device between two reads.

mod live;

use crate::framework::{
    lists::DeviceLists,
    pass::{Block, Path, Request},
};
use burn::tensor::{DType, Device, Int, Tensor};
pub(crate) use live::{Live, read_all};
use std::ops::Range;

/// How many pieces of a list are joined into one.
const JOIN_PIECES: usize = 256;

/// The device half of a state: counters, sums and lists, all flat.
///
/// Counters are `i32` and sums are pairs of `f32` on every backend, because wgpu has neither
/// `i64` nor `f64`. The state around a delta retires it before a counter can overflow.
#[derive(Debug, Clone, Default)]
pub struct Delta {
    ints: Vec<Tensor<1, Int>>,
    floats: Vec<Tensor<1>>,
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

    /// What [`Accumulator::condense`](crate::Accumulator::condense) makes of a delta.
    pub(crate) fn condensed(ints: Vec<Tensor<1, Int>>, floats: Vec<Tensor<1>>) -> Self {
        Self {
            ints,
            floats,
            condensed: true,
            ..Self::default()
        }
    }

    /// Whether there is nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.ints.is_empty() && self.floats.is_empty() && self.children.iter().all(Self::is_empty)
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

    /// How many integers there are in lists.
    pub(crate) fn listed(&self) -> usize {
        self.ints.iter().map(|piece| piece.dims()[0]).sum()
    }

    /// Whether there are weights.
    pub(crate) fn is_weighted(&self) -> bool {
        self.children.iter().any(|part| !part.is_empty())
    }

    /// The lists as one each; `None` if there is nothing in them.
    pub(crate) fn lists(&self) -> Option<(Tensor<1, Int>, Tensor<1>)> {
        (!self.ints.is_empty() && !self.floats.is_empty()).then(|| {
            (
                Tensor::cat(self.ints.clone(), 0),
                Tensor::cat(self.floats.clone(), 0),
            )
        })
    }

    /// Replaces counter block `slot`, `len` zeros of `i32` at first, by what `update` makes of it.
    ///
    /// Blocks are numbered from 0 in the order of their first use.
    pub fn counts(
        &mut self,
        slot: usize,
        len: usize,
        device: &Device,
        update: impl FnOnce(Tensor<1, Int>) -> Tensor<1, Int>,
    ) {
        if slot == self.ints.len() {
            self.ints.push(Tensor::zeros([len], (device, DType::I32)));
        }
        let state = take(&mut self.ints, slot);
        put(&mut self.ints, slot, update(state));
    }

    /// Replaces sum block `slot` by what `update` makes of it. The block holds `2 * len` `f32`, zeros at first:
    /// the leading halves of the sums, then their trailing halves (see
    /// [`ops::add_compensated`](crate::ops::add_compensated)).
    pub fn sums(
        &mut self,
        slot: usize,
        len: usize,
        device: &Device,
        update: impl FnOnce(Tensor<1>) -> Tensor<1>,
    ) {
        if slot == self.floats.len() {
            self.floats
                .push(Tensor::zeros([2 * len], (device, DType::F32)));
        }
        let state = take(&mut self.floats, slot);
        put(&mut self.floats, slot, update(state));
    }

    /// Replaces counter block 0 and sum block 0, for updates that change counters and sums together.
    pub fn both(
        &mut self,
        counts: usize,
        sums: usize,
        device: &Device,
        update: impl FnOnce(Tensor<1, Int>, Tensor<1>) -> (Tensor<1, Int>, Tensor<1>),
    ) {
        if self.ints.is_empty() {
            self.ints
                .push(Tensor::zeros([counts], (device, DType::I32)));
        }
        if self.floats.is_empty() {
            self.floats
                .push(Tensor::zeros([2 * sums], (device, DType::F32)));
        }
        let (ints, floats) = update(take(&mut self.ints, 0), take(&mut self.floats, 0));
        put(&mut self.ints, 0, ints);
        put(&mut self.floats, 0, floats);
    }

    /// Keeps a tensor of integers, read with [`HostDelta::int_lists`].
    pub fn push_ints(&mut self, tensor: Tensor<1, Int>) {
        self.ints.push(tensor);
    }

    /// Keeps a tensor of floats, read with [`HostDelta::float_lists`].
    pub fn push_floats(&mut self, tensor: Tensor<1>) {
        self.floats.push(tensor);
    }

    /// Appends to a list of floats, read with [`HostDelta::float_lists`].
    ///
    /// Every 256 pieces are joined, so that a read of many batches is a read of few tensors.
    pub fn append_floats(&mut self, tensor: Tensor<1>) {
        self.floats.push(tensor);
        if self.floats.len() == JOIN_PIECES {
            self.floats = vec![Tensor::cat(std::mem::take(&mut self.floats), 0)];
        }
    }

    /// Appends to a list of integers, read with [`HostDelta::int_lists`]. The list is `i32`;
    /// a label outside its range becomes the nearest one inside.
    pub fn append_ints(&mut self, tensor: Tensor<1, Int>) {
        self.ints.push(crate::ops::as_i32(tensor));
        if self.ints.len() == JOIN_PIECES {
            self.ints = vec![Tensor::cat(std::mem::take(&mut self.ints), 0)];
        }
    }

    /// Appends to the list of weights, which is the list of the first part. The first weights of a delta come
    /// after `before` ones, for the rows that had no weight.
    pub(crate) fn append_weights(&mut self, tensor: Tensor<1>, before: usize) {
        if !self.is_weighted() && before > 0 {
            let ones = Tensor::ones([before], (&tensor.device(), DType::F32));
            self.child(0).append_floats(ones);
        }
        self.child(0).append_floats(tensor);
    }

    /// The blocks of floats, in the order in which they were added.
    pub fn floats_mut(&mut self) -> &mut Vec<Tensor<1>> {
        &mut self.floats
    }
}

/// Moves a tensor out of its slot, so that the backend may update it in place.
fn take<T>(list: &mut Vec<T>, slot: usize) -> T {
    list.swap_remove(slot)
}

/// The inverse of [`take`].
fn put<T>(list: &mut Vec<T>, slot: usize, tensor: T) {
    list.push(tensor);
    let last = list.len() - 1;
    list.swap(slot, last);
}

/// A [`Delta`] that has been read.
#[derive(Debug, Clone, Default)]
pub struct HostDelta {
    ints: Vec<Vec<i32>>,
    floats: Vec<Vec<f32>>,
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

    /// The counters of block `slot`; `None` if the state never saw a batch.
    pub fn counts(&self, slot: usize) -> Option<&[i32]> {
        self.ints.get(slot).map(Vec::as_slice)
    }

    /// The sums of block `slot`, leading plus trailing halves; `None` if the state never saw a batch.
    pub fn sums(&self, slot: usize) -> Option<Vec<f64>> {
        let block = self.floats.get(slot)?;
        let (high, low) = block.split_at(block.len() / 2);
        Some(
            high.iter()
                .zip(low)
                .map(|(h, l)| {
                    // An infinite sum has a NaN remainder.
                    if h.is_finite() {
                        *h as f64 + *l as f64
                    } else {
                        *h as f64
                    }
                })
                .collect(),
        )
    }

    /// The lists of integers in the order they were pushed.
    pub fn int_lists(&self) -> &[Vec<i32>] {
        &self.ints
    }

    /// The list of weights, empty if there are none.
    pub(crate) fn weights(&self) -> Vec<f32> {
        let lists = self.children.first().map(Self::float_lists);
        lists.unwrap_or_default().concat()
    }

    /// The lists of floats in the order they were pushed.
    pub fn float_lists(&self) -> &[Vec<f32>] {
        &self.floats
    }
}
