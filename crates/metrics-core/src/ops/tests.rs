//! What the tests of passes share: the pass in host memory and the one of tensor operations, on the same tensors.

use crate::pass::{DeviceState, HostList, Input, Part, Plan};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Numbers that look random, `salt` by `salt`.
pub(super) fn random(i: usize, salt: usize) -> usize {
    (i * 7919 + salt * 977) % 1009
}

/// Floats from their place.
pub(super) fn floats<const D: usize>(shape: [usize; D], f: impl Fn(usize) -> f32) -> Tensor<D> {
    let values: Vec<f32> = (0..shape.iter().product()).map(f).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::default())
}

/// Integers from their place.
pub(super) fn ints<const D: usize>(shape: [usize; D], f: impl Fn(usize) -> i64) -> Tensor<D, Int> {
    let values: Vec<i64> = (0..shape.iter().product()).map(f).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::default())
}

/// Weights, of which some are 0 or invalid.
pub(super) fn weights(n: usize, salt: usize) -> Tensor<1> {
    floats([n], |i| match random(i, salt) {
        0..10 => f32::NAN,
        10..20 => -1.0,
        place => [1.0, 0.5, 0.0, 2.0][place % 4],
    })
}

/// Counters, sums and marks of a sink after the batches.
#[derive(Debug)]
pub(super) struct State {
    pub counts: Vec<i32>,
    pub part: Part,
    pub lists: Vec<Vec<u32>>,
    /// Counters of samples.
    pub samples: Vec<i32>,
}

/// The states of both passes over the batches, host memory first.
pub(super) fn both<I: Input>(
    batches: &[I],
    sink: I::Sink,
    default: impl Fn(&I, &Plan<I::Sink>, DeviceState) -> DeviceState,
) -> [State; 2] {
    let plan = Plan::new(&batches[0], [sink]);
    let mut host = (vec![0; plan.counts], vec![0.0; plan.numbers]);
    let mut lists = vec![HostList::default(); plan.lists];
    let mut device = DeviceState::new(&plan, &Device::default());
    for batch in batches {
        let (before, samples) = (host.0.len(), plan.samples * batch.samples());
        host.0.resize(before + samples, 0);
        device.reserve(batch.samples());
        batch.on_host_with_lists(&plan, &mut host.0, &mut host.1, &mut lists);
        device = default(batch, &plan, device);
    }
    let size = plan.sinks[0].size;
    let (sums, marks) = host.1.split_at(size.sums);
    let part = Part {
        sums: sums.to_vec(),
        marks: marks.to_vec(),
    };
    let pieces = |list: usize| -> Vec<u32> {
        let pieces = device.lists.pieces(list).into_iter();
        let numbers = pieces.flat_map(|piece| piece.into_data().try_to_vec::<i32>().unwrap());
        numbers.map(i32::cast_unsigned).collect()
    };
    let theirs_lists = (0..plan.lists).map(pieces).collect();
    let words = device
        .words
        .clone()
        .into_data()
        .try_to_vec::<f32>()
        .unwrap();
    let (counts, mut pieces) = device.counters();
    pieces.push(counts.clone().slice(plan.counts + 1..counts.dims()[0]));
    let read = |piece: Tensor<1, Int>| piece.into_data().try_to_vec::<i32>().unwrap();
    let theirs_samples = if plan.samples > 0 {
        pieces.into_iter().flat_map(read).collect()
    } else {
        vec![]
    };
    let counts = read(counts);
    let ours = State {
        samples: host.0.split_off(plan.counts),
        counts: host.0,
        part,
        lists: lists.iter().map(|list| list.to_vec()).collect(),
    };
    let theirs = State {
        counts: counts[..size.counts].to_vec(),
        part: Part::new(&words, size),
        lists: theirs_lists,
        samples: theirs_samples,
    };
    [ours, theirs]
}

/// Compares numbers; infinities need not agree, as they cancel in `f32` where they need not in `f64`.
pub(super) fn assert_close(ours: &[f64], theirs: &[f64], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (a, b) in ours.iter().zip(theirs) {
        let close = (a - b).abs() <= 1e-5 * a.abs().max(1.0);
        let neither = !a.is_finite() && !b.is_finite();
        assert!(close || neither, "{what}: {ours:?}, {theirs:?}");
    }
}

/// Compares counters and sums.
pub(super) fn assert_same([ours, theirs]: &[State; 2], what: &str) {
    assert_eq!(ours.counts, theirs.counts, "{what}");
    assert_eq!(ours.samples, theirs.samples, "{what}");
    assert_close(&ours.part.sums, &theirs.part.sums, what);
    assert_eq!(ours.lists, theirs.lists, "{what}");
}
