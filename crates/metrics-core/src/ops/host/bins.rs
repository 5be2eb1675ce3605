//! Counting by thresholds and by bins.

use crate::ops::bins::{Line, linspace, lower_edges};
use rayon::prelude::*;
use std::ops::Range;

/// How many of some rising thresholds a value reaches.
pub(in crate::ops) struct Reached {
    /// With a NaN behind them, which no value reaches.
    thresholds: Vec<f32>,
    /// One over the distance of thresholds that are evenly spaced from 0.
    scale: Option<f32>,
    /// What gives the thresholds without a look at the list, which takes longer.
    line: Option<Line>,
}

impl Reached {
    /// The lower edges of so many bins of equal width.
    pub(in crate::ops) fn of_bins(bins: usize) -> Self {
        let edges = Self::new(&lower_edges(bins));
        Self {
            scale: (bins < 1 << 20).then_some(bins as f32),
            ..edges
        }
    }

    /// The bin of a number in `[0, 1]`.
    #[inline(always)]
    pub(in crate::ops) fn bin(&self, value: f32) -> usize {
        let reached = match self.scale {
            Some(scale) => self.evenly(scale, value),
            None => self.search(value),
        };
        reached.saturating_sub(1)
    }

    pub(in crate::ops) fn new(thresholds: &[f32]) -> Self {
        let steps = thresholds.len().saturating_sub(1) as f64;
        // A quarter of a step leaves room for the rounding of the product in `evenly`.
        let near = |(i, t): (usize, &f32)| (*t as f64 * steps - i as f64).abs() < 0.25;
        let even = thresholds.len() < 1 << 20 && thresholds.iter().enumerate().all(near);
        let is_line = even && thresholds.len() > 1 && thresholds == linspace(thresholds.len());
        Self {
            thresholds: thresholds.iter().copied().chain([f32::NAN]).collect(),
            scale: even.then_some(steps as f32),
            line: is_line.then(|| Line::new(thresholds.len())),
        }
    }

    /// As [`search`](Self::search), if the thresholds are evenly spaced: those below the nearest one
    /// are reached, those above it are not, and it is compared.
    #[inline(always)]
    fn evenly(&self, scale: f32, value: f32) -> usize {
        self.correct(self.nearest(scale, value), value)
    }

    #[inline(always)]
    fn nearest(&self, scale: f32, value: f32) -> u32 {
        nearest(scale, self.thresholds.len() as f32 - 1.0, value)
    }

    #[inline(always)]
    fn correct(&self, nearest: u32, value: f32) -> usize {
        nearest as usize + (self.thresholds[nearest as usize] <= value) as usize
    }

    #[inline(always)]
    fn search(&self, value: f32) -> usize {
        let (_, thresholds) = self.thresholds.split_last().unwrap_or((&0.0, &[]));
        thresholds.partition_point(|threshold| *threshold <= value)
    }
}

/// The index of the nearest of evenly spaced thresholds up to the last, without a branch, so that loops over
/// it vectorize.
#[inline(always)]
fn nearest(scale: f32, last: f32, value: f32) -> u32 {
    let place = value * scale;
    let place = if place > 0.0 { place } else { 0.0 };
    let place = if place < last { place } else { last };
    // Adding 2^23 rounds to a whole number and leaves it in the low bits.
    (place + 8_388_608.0).to_bits() & 0x7f_ffff
}

impl Reached {
    /// The cell `(label * 2 + code) * block + reached` of each value in rows of `labels`, or its negative
    /// code.
    pub(in crate::ops) fn cells(
        &self,
        cells: &mut [i32],
        values: &[f32],
        codes: &[i32],
        (block, labels): (usize, usize),
    ) {
        reach(self, cells, values);
        place(cells, codes, block as i32, labels);
    }
}

/// Moves numbers of thresholds to the cells of a label and a code, or makes them the negative code.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn place(cells: &mut [i32], codes: &[i32], block: i32, labels: usize) {
    let place = |cell: &mut i32, code: i32, first: i32| {
        let inside = *cell + code * block + first;
        *cell = if code < 0 { code } else { inside };
    };
    if labels == 1 {
        let pairs = cells.iter_mut().zip(codes);
        return pairs.for_each(|(cell, code)| place(cell, *code, 0));
    }
    for (cells, codes) in cells.chunks_mut(labels).zip(codes.chunks(labels)) {
        for (label, (cell, code)) in (0..).zip(cells.iter_mut().zip(codes)) {
            place(cell, *code, 2 * label * block);
        }
    }
}

/// How many thresholds each value reaches.
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn reach(reached: &Reached, counts: &mut [i32], values: &[f32]) {
    let pairs = counts.iter_mut().zip(values);
    let Some(scale) = reached.scale else {
        return pairs.for_each(|(count, value)| *count = reached.search(*value) as i32);
    };
    if let Some(line) = reached.line {
        let last = reached.thresholds.len() as f32 - 2.0;
        return pairs.for_each(|(count, value)| {
            let nearest = nearest(scale, last, *value) as i32;
            *count = nearest + (line.at(nearest) <= *value) as i32;
        });
    }
    pairs.for_each(|(count, value)| *count = reached.nearest(scale, *value) as i32);
    for (count, value) in counts.iter_mut().zip(values) {
        *count = reached.correct(*count as u32, *value) as i32;
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
            let thresholds = crate::ops::bins::linspace(count);
            let reached = Reached::new(&thresholds);
            let scale = reached.scale.expect("they are even");
            let check = |value: f32| {
                let expected = thresholds.partition_point(|t| *t <= value);
                assert_eq!(reached.evenly(scale, value), expected, "{value} of {count}");
                assert_eq!(reached.search(value), expected, "{value} of {count}");
                let mut found = [0];
                reach(&reached, &mut found, &[value]);
                assert_eq!(found[0] as usize, expected, "{value} of {count}");
            };
            // Every edge, what lies between them, and what is no probability.
            for i in (0..count).step_by(1 + count / 5000) {
                around(thresholds[i]).into_iter().for_each(check);
                around((i as f32 + 0.5) / count as f32)
                    .into_iter()
                    .for_each(check);
            }
            let others = [-0.0, -1e-39, -8.0, 1.5, 3e38, f32::INFINITY, f32::NAN];
            others.into_iter().for_each(check);
            others.into_iter().for_each(|value| check(-value));
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
