//! What several states keep on a device, and how it is read.

use super::{Delta, HostDelta};
use crate::{
    MetricError,
    framework::pass::{Passes, ReadState},
};
use burn::tensor::{DType, Device, TensorData, Transaction};
use std::sync::Arc;

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
            for piece in state.samples {
                transaction = transaction.register(piece);
            }
            if let Some(words) = state.words {
                transaction = transaction.register(words);
            }
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
        self.passes.hand_out(&mut deltas, |shape| {
            let mut counts = ints(next()?)?;
            let latest = counts.split_off(shape.counts);
            let mut samples = Vec::new();
            for _ in 0..shape.samples {
                samples.extend(ints(next()?)?);
            }
            samples.extend(latest);
            let words = if shape.words {
                floats(next()?)?
            } else {
                vec![]
            };
            let lists = (0..shape.lists).map(|_| {
                let mut list = Vec::new();
                for _ in 0..shape.pieces {
                    list.push(ints(next()?)?);
                }
                Ok(Arc::new(words_of(list)))
            });
            Ok(ReadState {
                counts,
                samples,
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
    for (_, block) in delta.counts.iter() {
        transaction = transaction.register(block.clone());
    }
    for (_, block) in delta.sums.iter().chain(delta.numbers.iter()) {
        transaction = transaction.register(block.clone());
    }
    for piece in delta.ints.iter().flat_map(|(_, pieces)| pieces.iter()) {
        transaction = transaction.register(piece.clone());
    }
    for piece in delta.floats.iter().flat_map(|(_, pieces)| pieces.iter()) {
        transaction = transaction.register(piece.clone());
    }
    let children = delta.children.iter();
    children.fold(transaction, |transaction, child| {
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
        counts: delta.counts.try_map(|_| ints(next()?))?,
        sums: delta.sums.try_map(|_| floats(next()?))?,
        numbers: delta.numbers.try_map(|_| floats(next()?))?,
        ints: (delta.ints).try_map(|pieces| pieces.iter().map(|_| ints(next()?)).collect())?,
        floats: (delta.floats)
            .try_map(|pieces| pieces.iter().map(|_| floats(next()?)).collect())?,
        ..HostDelta::default()
    };
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
