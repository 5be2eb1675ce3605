//! What a metric keeps on the device between two reads.

use crate::{
    MetricError,
    framework::{
        lists::DeviceLists,
        pass::{Block, Passes, Path, ReadState, Request},
    },
};
use burn::tensor::{DType, Device, Int, Tensor, TensorData, Transaction};
use std::{ops::Range, sync::Arc};

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

/// What is on one device: the deltas of several states, and the passes over their batches.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub device: Device,
    /// One for each state.
    pub deltas: Vec<Delta>,
    pub passes: Passes,
    /// The largest value that a counter can have, known from shapes alone.
    pub bound: usize,
}

impl Live {
    pub fn new(device: Device, states: usize) -> Self {
        Self {
            device,
            deltas: vec![Delta::default(); states],
            passes: Passes::default(),
            bound: 0,
        }
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.passes.is_empty() && self.deltas.iter().all(Delta::is_empty)
    }

    /// What to read in place of it, if `condense` yields a small delta in place of that of some state. The lists that
    /// passes keep for these states stay unread.
    pub fn condensed(&self, condense: impl Fn(usize, &Delta) -> Option<Delta>) -> Option<Self> {
        let small = self.deltas.iter().enumerate().map(|(state, delta)| {
            let mut delta = delta.clone();
            self.passes.lend(state, &mut delta);
            condense(state, &delta)
        });
        let small: Vec<Option<Delta>> = small.collect();
        if small.iter().all(Option::is_none) {
            return None;
        }
        let mut condensed = self.clone();
        for (state, small) in small.into_iter().enumerate() {
            if let Some(small) = small {
                condensed.deltas[state] = small;
                condensed.passes.leave_lists(state);
            }
        }
        Some(condensed)
    }

    fn register(&self, mut transaction: Transaction) -> Transaction {
        for delta in &self.deltas {
            transaction = register(delta, transaction);
        }
        for state in self.passes.unread() {
            transaction = transaction.register(state.counts);
            transaction = transaction.register(state.words);
            for piece in state.lists.into_iter().flatten() {
                transaction = transaction.register(piece);
            }
        }
        transaction
    }

    /// The deltas from their tensors' data, in the order of [`register`](Self::register).
    fn host(
        &self,
        next: &mut impl FnMut() -> Result<TensorData, MetricError>,
    ) -> Result<Vec<HostDelta>, MetricError> {
        let mut deltas = (self.deltas.iter())
            .map(|delta| host(delta, next))
            .collect::<Result<Vec<_>, _>>()?;
        self.passes.hand_out(&mut deltas, |lists, pieces| {
            let (counts, words) = (ints(next()?)?, floats(next()?)?);
            let lists = (0..lists).map(|_| {
                let mut list = Vec::new();
                for _ in 0..pieces {
                    list.push(ints(next()?)?);
                }
                Ok(Arc::new(words_of(list)))
            });
            Ok(ReadState {
                counts,
                words,
                lists: lists.collect::<Result<_, MetricError>>()?,
            })
        })?;
        Ok(deltas)
    }
}

/// Reads what is on several devices, with one transaction for each device: the deltas of each `Live`, in
/// its order.
pub(crate) fn read_all(pending: &[&Live]) -> Result<Vec<Vec<HostDelta>>, MetricError> {
    let mut devices: Vec<&Device> = Vec::new();
    for live in pending {
        if !devices.contains(&&live.device) {
            devices.push(&live.device);
        }
    }
    let mut out = vec![Vec::new(); pending.len()];
    for device in devices {
        let own = || {
            let places = pending.iter().enumerate();
            places.filter(|(_, live)| live.device == *device)
        };
        let transaction = own().fold(Transaction::default(), |transaction, (_, live)| {
            live.register(transaction)
        });
        let mut data = transaction
            .try_execute()
            .map_err(MetricError::read)?
            .into_iter();
        let mut next = || {
            data.next()
                .ok_or_else(|| MetricError::read("a tensor is missing"))
        };
        for (place, live) in own() {
            out[place] = live.host(&mut next)?;
        }
    }
    Ok(out)
}

fn register(delta: &Delta, mut transaction: Transaction) -> Transaction {
    for tensor in &delta.ints {
        transaction = transaction.register(tensor.clone());
    }
    for tensor in &delta.floats {
        transaction = transaction.register(tensor.clone());
    }
    delta
        .children
        .iter()
        .fold(transaction, |transaction, child| {
            register(child, transaction)
        })
}

/// A delta from its tensors' data, in the order of [`register`].
fn host(
    delta: &Delta,
    next: &mut impl FnMut() -> Result<TensorData, MetricError>,
) -> Result<HostDelta, MetricError> {
    let mut read = HostDelta {
        condensed: delta.condensed,
        ..HostDelta::default()
    };
    for _ in &delta.ints {
        read.ints.push(ints(next()?)?);
    }
    for _ in &delta.floats {
        read.floats.push(floats(next()?)?);
    }
    for child in &delta.children {
        read.children.push(host(child, next)?);
    }
    Ok(read)
}

/// The pieces of a list as one, of numbers as their bits.
fn words_of(pieces: Vec<Vec<i32>>) -> Vec<u32> {
    let numbers = match <[_; 1]>::try_from(pieces) {
        Ok([piece]) => piece,
        Err(pieces) => pieces.concat(),
    };
    // In the memory that they have.
    numbers.into_iter().map(i32::cast_unsigned).collect()
}

fn ints(data: TensorData) -> Result<Vec<i32>, MetricError> {
    let data = if data.dtype() == DType::I32 {
        data
    } else {
        data.convert::<i32>()
    };
    data.try_into_vec::<i32>()
        .map_err(|e| MetricError::read(format!("{e:?}")))
}

fn floats(data: TensorData) -> Result<Vec<f32>, MetricError> {
    let data = if data.dtype() == DType::F32 {
        data
    } else {
        data.convert::<f32>()
    };
    data.try_into_vec::<f32>()
        .map_err(|e| MetricError::read(format!("{e:?}")))
}
