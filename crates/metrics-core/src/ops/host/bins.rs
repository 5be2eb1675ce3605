//! Counting by thresholds and by bins.

use super::passes::{add, slot};
use crate::ops::default;
use rayon::prelude::*;
use std::ops::Range;

/// How many of some rising thresholds a value reaches.
struct Reached {
    /// With a NaN behind them, which no value reaches.
    thresholds: Vec<f32>,
    /// One over the distance of thresholds that are evenly spaced from 0.
    scale: Option<f32>,
}

impl Reached {
    fn new(thresholds: &[f32]) -> Self {
        let steps = thresholds.len().saturating_sub(1) as f64;
        // A quarter of a step leaves room for the rounding of the product in `evenly`.
        let near = |(i, t): (usize, &f32)| (*t as f64 * steps - i as f64).abs() < 0.25;
        let even = thresholds.len() < 1 << 20 && thresholds.iter().enumerate().all(near);
        Self {
            thresholds: thresholds.iter().copied().chain([f32::NAN]).collect(),
            scale: even.then_some(steps as f32),
        }
    }

    /// As [`search`](Self::search), if the thresholds are evenly spaced: those below the nearest one
    /// are reached, those above it are not, and it is compared.
    #[inline(always)]
    fn evenly(&self, scale: f32, value: f32) -> usize {
        // The larger of NaN and 0 is 0.
        let place = (value * scale)
            .max(0.0)
            .min(self.thresholds.len() as f32 - 1.0);
        // Adding 2^23 rounds to a whole number and leaves it in the low bits.
        let nearest = ((place + 8_388_608.0).to_bits() & 0x7f_ffff) as usize;
        nearest + (self.thresholds[nearest] <= value) as usize
    }

    #[inline(always)]
    fn search(&self, value: f32) -> usize {
        let (_, thresholds) = self.thresholds.split_last().unwrap_or((&0.0, &[]));
        thresholds.partition_point(|threshold| *threshold <= value)
    }
}

/// Elements that one thread takes at least: it must earn its start and its counters.
const PER_THREAD: usize = 1 << 15;

/// Counts a range of `rows` into a state, or parts of it on several threads into counters of their
/// own.
pub(super) fn in_parts(
    state: &mut [i32],
    rows: usize,
    width: usize,
    count: impl Fn(&mut [i32], Range<usize>) + Sync,
) {
    let worth = rows * width / PER_THREAD.max(4 * state.len());
    let parts = worth.min(rayon::current_num_threads());
    if parts < 2 {
        return count(state, 0..rows);
    }
    let size = rows.div_ceil(parts);
    let cells = state.len();
    let counted: Vec<Vec<i32>> = (0..parts)
        .into_par_iter()
        .map(|part| {
            let mut own = vec![0; cells];
            count(&mut own, part * size..((part + 1) * size).min(rows));
            own
        })
        .collect();
    for own in counted {
        let pairs = state.iter_mut().zip(own);
        pairs.for_each(|(count, own)| *count += own);
    }
}

/// See [`ops::threshold_counts`](crate::ops::threshold_counts).
pub(super) fn threshold_counts(
    state: &mut [i32],
    probabilities: &[f32],
    target: &[i32],
    labels: usize,
    thresholds: &[f32],
) {
    let reached = Reached::new(thresholds);
    let block = thresholds.len() + 1;
    match reached.scale {
        Some(scale) => count(state, probabilities, target, labels, block, |value| {
            reached.evenly(scale, value)
        }),
        None => count(state, probabilities, target, labels, block, |value| {
            reached.search(value)
        }),
    }
}

#[inline(always)]
fn count(
    state: &mut [i32],
    probabilities: &[f32],
    target: &[i32],
    labels: usize,
    block: usize,
    reached: impl Fn(f32) -> usize + Sync,
) {
    if labels == 0 {
        return;
    }
    let bins = 2 * labels * block;
    in_parts(state, target.len() / labels, labels, |state, rows| {
        let range = rows.start * labels..rows.end * labels;
        let mut base = 0;
        for (probability, target) in probabilities[range.clone()].iter().zip(&target[range]) {
            let cell = match *target {
                negative @ ..0 => bins + slot(negative),
                target => base + target as usize * block + reached(*probability),
            };
            state[cell] += 1;
            base += 2 * block;
            base = if base == bins { 0 } else { base };
        }
    });
}

/// See [`ops::bin_confidence`](crate::ops::bin_confidence).
pub(super) fn bin_confidence(
    counts: &mut [i32],
    sums: &mut [f32],
    confidence: &[f32],
    hit: &[i32],
    width: usize,
) {
    let reached = Reached::new(&default::edges(width));
    let scale = width as f32;
    let bins = width + 1;
    let size = bins.max(1 << 16);
    let parts = confidence.par_chunks(size).zip(hit.par_chunks(size));
    // Collected in order, so that the sums do not depend on which thread was first.
    let parts: Vec<_> = parts
        .map(|(confidence, hit)| {
            let (mut counts, mut totals) = (vec![0; counts.len()], vec![0.0f64; bins]);
            for (confidence, hit) in confidence.iter().zip(hit) {
                if *hit < 0 {
                    counts[2 * bins + slot(*hit)] += 1;
                    continue;
                }
                let bin = reached.evenly(scale, *confidence).saturating_sub(1);
                counts[bin] += 1;
                counts[bins + bin] += hit;
                totals[bin] += *confidence as f64;
            }
            (counts, totals)
        })
        .collect();
    let mut totals = vec![0.0f64; bins];
    for (own, sums) in parts {
        counts
            .iter_mut()
            .zip(own)
            .for_each(|(sum, own)| *sum += own);
        totals
            .iter_mut()
            .zip(sums)
            .for_each(|(sum, own)| *sum += own);
    }
    add(sums, &totals);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value, its neighbours, and theirs.
    fn around(value: f32) -> [f32; 5] {
        let (up, down) = (value.next_up(), value.next_down());
        [value, up, down, up.next_up(), down.next_down()]
    }

    #[test]
    fn evenly_spaced_thresholds_need_no_search() {
        for count in (1..600).chain([999, 1000, 4097, 65537, (1 << 20) - 1]) {
            let thresholds = default::linspace(count);
            let reached = Reached::new(&thresholds);
            let scale = reached.scale.expect("they are even");
            let check = |value: f32| {
                let expected = thresholds.partition_point(|t| *t <= value);
                assert_eq!(reached.evenly(scale, value), expected, "{value} of {count}");
                assert_eq!(reached.search(value), expected, "{value} of {count}");
            };
            // Every edge, what lies between them, and what is no probability.
            for i in (0..count).step_by(1 + count / 5000) {
                around(thresholds[i]).map(check);
                around((i as f32 + 0.5) / count as f32).map(check);
            }
            let others = [-0.0, -1e-39, -8.0, 1.5, 3e38, f32::INFINITY, f32::NAN];
            others.map(check);
            others.map(|value| check(-value));
        }
    }

    #[test]
    fn lists_are_searched_unless_even() {
        for (list, even) in [
            (&[0.0, 0.26, 0.5, 0.75, 1.0][..], true),
            (&[0.0, 0.25, 0.25, 0.5, 1.0], false),
            (&[0.1, 0.2, 0.3, 0.4, 0.6], false),
            (&[], true),
        ] {
            let reached = Reached::new(list);
            assert_eq!(reached.scale.is_some(), even, "{list:?}");
            for value in list
                .iter()
                .copied()
                .flat_map(around)
                .chain([0.26, 0.0, 1.0])
            {
                let expected = list.partition_point(|t| *t <= value);
                assert_eq!(reached.search(value), expected, "{value} of {list:?}");
                if let Some(scale) = reached.scale {
                    let ours = reached.evenly(scale, value);
                    assert_eq!(ours, expected, "{value} of {list:?}");
                }
            }
        }
    }
}
