//! The state of a pass, read to the host.

use super::{HostList, Size};
use burn::tensor::{Int, Tensor};

/// The state of a pass on a device: what is to be read.
pub(crate) struct Unread {
    pub counts: Tensor<1, Int>,
    /// The counters of earlier samples, in pieces.
    pub samples: Vec<Tensor<1, Int>>,
    /// `None` without slots.
    pub words: Option<Tensor<1>>,
    /// The pieces of each list.
    pub lists: Vec<Vec<Tensor<1, Int>>>,
}

/// Of how many tensors the state of a pass on a device is read.
pub(crate) struct ReadShape {
    /// Counters before those of samples.
    pub counts: usize,
    /// Earlier pieces of the counters of samples.
    pub samples: usize,
    /// Lists, and the pieces of each.
    pub lists: usize,
    pub pieces: usize,
    /// Whether there are slots.
    pub words: bool,
}

/// The state of a pass on a device, read.
pub(crate) struct ReadState {
    pub counts: Vec<i32>,
    pub samples: Vec<i32>,
    pub words: Vec<f32>,
    pub lists: Vec<HostList>,
}

/// What one sink accumulated, read to the host.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// Whether it was accumulated from batches with weights.
    pub weighted: bool,
    /// Whether numbers in its lists are `f64`, of two entries each; otherwise they are `f32`.
    pub wide: bool,
    /// The counters.
    pub counts: Vec<i32>,
    /// Sums and marks, slot by slot. Each slot covers some of the elements.
    pub parts: Vec<Part>,
    /// The lists.
    pub lists: Vec<HostList>,
    /// The counters of each sample, in the order of the batches.
    pub samples: Vec<i32>,
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
    /// The numbers in its lists.
    pub fn numbers(&self) -> impl Iterator<Item = f64> {
        let (wide, lists) = (self.wide, self.lists.iter());
        lists.flat_map(move |list| {
            let (pairs, single) = if wide {
                (list.as_chunks::<2>().0, &[][..])
            } else {
                (&[][..], &list[..])
            };
            let bits = |[low, high]: &[u32; 2]| u64::from(*low) | u64::from(*high) << 32;
            let pairs = pairs.iter().map(move |pair| f64::from_bits(bits(pair)));
            pairs.chain(single.iter().map(|bits| f64::from(f32::from_bits(*bits))))
        })
    }

    /// Whether a sum left the range of its numbers: it is not finite, and no mark says that it may be so.
    pub fn overflows(&self) -> bool {
        let overflows = |part: &Part| {
            part.marks.first() == Some(&0.0) && part.sums.iter().any(|sum| !sum.is_finite())
        };
        self.parts.iter().any(overflows)
    }

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
