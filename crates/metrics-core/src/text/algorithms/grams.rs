//! N-grams that two lists of symbols share.

use super::words::mix;

/// No n-gram.
const NONE: u32 = u32::MAX;

/// A place of the table; it is free unless it has the stamp of the current order.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: u64,
    stamp: u32,
    id: u32,
}

/// Counts n-grams that a prediction has in common with references. It keeps its memory from one pair to the next.
///
/// An n-gram is a number: that of the n-gram one shorter which it begins with, and its last symbol, have a number in a table. An
/// n-gram that no reference has begins no longer one that counts, so few are left at higher orders.
#[derive(Debug, Default)]
pub struct Grams {
    slots: Vec<Slot>,
    stamp: u32,
    /// The number of the n-gram that begins at each place of the prediction, and of all references one after the other.
    prediction: Vec<u32>,
    references: Vec<u32>,
    /// How often the prediction has each n-gram, how often the current reference, and how often any of the references at most.
    counts: Vec<[u32; 3]>,
}

impl Grams {
    /// For each order from 1 on the number of n-grams of the prediction that a reference has too: each as often as the
    /// prediction has it, or the reference that has it most.
    pub fn common<R: AsRef<[u32]>>(
        &mut self,
        prediction: &[u32],
        references: &[R],
        found: &mut [u64],
    ) {
        found.fill(0);
        self.prediction.clear();
        self.prediction.resize(prediction.len(), 0);
        self.references.clear();
        let all = references.iter().map(|reference| reference.as_ref().len());
        self.references.resize(all.sum(), 0);
        let size = (prediction.len() * 2).next_power_of_two().max(16);
        if self.slots.len() < size {
            self.slots = vec![Slot::default(); size];
            self.stamp = 0;
        }
        for (order, found) in found.iter_mut().enumerate() {
            if prediction.len() <= order {
                break;
            }
            *found = self.order(prediction, references, order);
            if *found == 0 {
                break;
            }
        }
    }

    /// The number of common n-grams of `order + 1` symbols; the numbers of n-grams become those of this order.
    fn order<R: AsRef<[u32]>>(
        &mut self,
        prediction: &[u32],
        references: &[R],
        order: usize,
    ) -> u64 {
        self.stamp = match self.stamp.checked_add(1) {
            Some(stamp) => stamp,
            None => {
                self.slots.fill(Slot::default());
                1
            }
        };
        self.counts.clear();
        for (place, last) in prediction[order..].iter().enumerate() {
            let shorter = self.prediction[place];
            if shorter == NONE {
                continue;
            }
            let slot = self.slot(shorter, *last);
            if self.slots[slot].stamp != self.stamp {
                self.slots[slot] = Slot {
                    key: u64::from(shorter) << 32 | u64::from(*last),
                    stamp: self.stamp,
                    id: self.counts.len() as u32,
                };
                self.counts.push([0; 3]);
            }
            let id = self.slots[slot].id;
            self.counts[id as usize][0] += 1;
            self.prediction[place] = id;
        }
        let mut start = 0;
        for reference in references {
            let reference = reference.as_ref();
            self.count_in(reference, start, order);
            start += reference.len();
        }
        let common = |[own, _, most]: &[u32; 3]| u64::from(*own.min(most));
        let found = self.counts.iter().map(common).sum();
        let places = prediction.len() - order;
        for id in &mut self.prediction[..places] {
            if *id != NONE && self.counts[*id as usize][2] == 0 {
                *id = NONE;
            }
        }
        found
    }

    fn count_in(&mut self, reference: &[u32], start: usize, order: usize) {
        let Some(lasts) = reference.get(order..) else {
            return;
        };
        let numbers = start..start + lasts.len();
        for (place, last) in numbers.clone().zip(lasts) {
            let shorter = self.references[place];
            if shorter == NONE {
                continue;
            }
            let slot = self.slots[self.slot(shorter, *last)];
            self.references[place] = if slot.stamp == self.stamp {
                self.counts[slot.id as usize][1] += 1;
                slot.id
            } else {
                NONE
            };
        }
        for place in numbers {
            let id = self.references[place];
            if id != NONE {
                let [_, here, most] = &mut self.counts[id as usize];
                *most = (*most).max(*here);
                *here = 0;
            }
        }
    }

    /// The place of an n-gram, or a free one.
    fn slot(&self, shorter: u32, last: u32) -> usize {
        let key = u64::from(shorter) << 32 | u64::from(last);
        let mask = self.slots.len() - 1;
        let mut slot = mix(0, key) as usize & mask;
        while self.slots[slot].stamp == self.stamp && self.slots[slot].key != key {
            slot = (slot + 1) & mask;
        }
        slot
    }
}
