//! Sorting, and what is made of sorted scores.

use super::passes::{add, slot};
use crate::{REJECTED_SLOTS, ops::AREA_COUNTS};
use rayon::prelude::*;

/// See [`ops::sort_pairs`](crate::ops::sort_pairs).
pub(super) fn sort_pairs(keys: &[f32], values: Vec<i32>) -> (Vec<f32>, Vec<i32>) {
    // The place in the low half keeps the order of equal keys.
    let coded = |(place, key): (usize, &f32)| ((code(*key) as u64) << 32) | place as u64;
    let mut pairs: Vec<u64> = keys.iter().enumerate().map(coded).collect();
    pairs.par_sort_unstable();
    pairs
        .into_iter()
        .map(|pair| {
            let place = pair as u32 as usize;
            (keys[place] + 0.0, values[place])
        })
        .unzip()
}

/// A number in the order of floats: 0 and -0 are equal, and NaN is last.
pub(super) fn code(key: f32) -> u32 {
    let bits = (key + 0.0).to_bits();
    if key.is_nan() {
        u32::MAX
    } else if key < 0.0 {
        !bits
    } else {
        bits | 1 << 31
    }
}

/// See [`ops::curve_areas`](crate::ops::curve_areas).
pub(super) fn curve_areas(scores: &[f32], codes: &[i32], columns: usize) -> (Vec<i32>, Vec<f32>) {
    let mut counts = vec![0; columns * AREA_COUNTS + REJECTED_SLOTS];
    let mut precisions = vec![0.0; 2 * columns];
    let mut sums = vec![0.0f64; columns];
    for column in 0..columns {
        let mut pairs = Vec::with_capacity(scores.len() / columns);
        let rows = scores.iter().zip(codes).skip(column).step_by(columns);
        for (score, label) in rows {
            match *label {
                negative @ ..0 => counts[columns * AREA_COUNTS + slot(negative)] += 1,
                label => pairs.push((code(*score), label == 1)),
            }
        }
        pairs.par_sort_unstable_by_key(|(score, _)| std::cmp::Reverse(*score));
        let (mut seen, mut positives, mut twice) = (0u64, 0u64, 0u64);
        for tied in pairs.chunk_by(|a, b| a.0 == b.0) {
            let p = tied.iter().filter(|(_, positive)| *positive).count() as u64;
            twice += (tied.len() as u64 - p) * (2 * positives + p);
            seen += tied.len() as u64;
            positives += p;
            sums[column] += p as f64 * (positives as f64 / seen as f64);
        }
        let numbers = [twice, twice >> 32, positives, seen - positives];
        let numbers = numbers.map(|number| number as u32 as i32);
        counts[column * AREA_COUNTS..][..AREA_COUNTS].copy_from_slice(&numbers);
    }
    add(&mut precisions, &sums);
    (counts, precisions)
}
