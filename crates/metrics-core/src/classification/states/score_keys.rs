//! Scores with their labels as integers of 32 bits, and how to sort them.

use crate::ops::keys::{is_key, is_logit_key, logit_of, probability_of};
use rayon::prelude::*;

pub(super) use crate::ops::keys::LEFT_OUT;

/// What keys are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Probabilities,
    /// Logits, or log-odds of classes.
    Logits,
}

impl Code {
    /// The probability of a key, rounded: that of different logits may be the same.
    #[inline(always)]
    pub(super) fn score(self, key: u32) -> f32 {
        match self {
            Self::Probabilities => probability_of(key),
            Self::Logits => (1.0 / (1.0 + (-f64::from(logit_of(key))).exp())) as f32,
        }
    }

    /// Whether it is the key of some score, or [`LEFT_OUT`].
    pub(super) fn has(self, key: u32) -> bool {
        match self {
            Self::Probabilities => is_key(key),
            Self::Logits => is_logit_key(key),
        }
    }
}

/// A key and a weight of at least 0 as one number: numbers rise with the key, then with the weight, so
/// that sums over sorted ones do not depend on the order of the elements.
fn paired(key: u32, weight: f32) -> u64 {
    (key as u64) << 32 | weight.to_bits() as u64
}

/// The key and the weight.
#[inline(always)]
pub(super) fn unpaired(pair: u64) -> (u32, f32) {
    ((pair >> 32) as u32, f32::from_bits(pair as u32))
}

/// Keys with weights, sorted.
pub(super) fn sorted_pairs<'a>(pairs: impl Iterator<Item = (&'a u32, &'a f32)>) -> Vec<u64> {
    let mut pairs: Vec<u64> = pairs.map(|(key, weight)| paired(*key, *weight)).collect();
    let mut sorted = vec![0; pairs.len()];
    sort_into(&mut pairs, &mut sorted, |pair| unpaired(pair).0);
    // In the order of keys. Most have but one weight.
    for tied in sorted.chunk_by_mut(|a, b| unpaired(*a).0 == unpaired(*b).0) {
        tied.sort_unstable();
    }
    sorted
}

/// Columns transposed at a time: their keys fill a cache line of a row.
const BLOCK: usize = 16;

/// The columns of a table of `width` keys a row, one after the other, each sorted.
pub(super) fn sorted_columns(table: &[u32], width: usize) -> Vec<u32> {
    if width == 1 {
        return sorted_keys(table);
    }
    let rows = table.len() / width;
    let mut sorted = vec![0; table.len()];
    let mut scratch = vec![0; table.len()];
    let size = (BLOCK * rows).max(1);
    let blocks = scratch
        .par_chunks_mut(size)
        .zip(sorted.par_chunks_mut(size));
    blocks.enumerate().for_each(|(block, (keys, sorted))| {
        let columns = sorted.len() / rows;
        for (i, row) in table.chunks_exact(width).enumerate() {
            for (column, key) in row[block * BLOCK..][..columns].iter().enumerate() {
                keys[column * rows + i] = *key;
            }
        }
        for (keys, sorted) in keys.chunks_mut(rows).zip(sorted.chunks_mut(rows)) {
            sort_into(keys, sorted, |key| key);
        }
    });
    sorted
}

/// Bits of a key that are sorted within the bucket of those with the same others.
const LOW: u32 = 16;

/// Keys of a part of the buckets that one thread sorts.
const PART: u32 = 1 << 15;

/// The keys, sorted, in little more memory than they take: first into buckets by the upper half of their
/// bits, then each bucket by the lower half.
fn sorted_keys(keys: &[u32]) -> Vec<u32> {
    if keys.len() < FEW || u32::try_from(keys.len()).is_err() {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        return sorted;
    }
    let bucket = |key: &u32| (key >> LOW) as usize;
    let mut ends = vec![0u32; 1 << (u32::BITS - LOW)];
    keys.iter().for_each(|key| ends[bucket(key)] += 1);
    let mut start = 0;
    for end in ends.iter_mut() {
        start += std::mem::replace(end, start);
    }
    let mut sorted = vec![0; keys.len()];
    for key in keys {
        let next = &mut ends[bucket(key)];
        sorted[*next as usize] = *key;
        *next += 1;
    }
    let (mut parts, mut rest) = (Vec::new(), &mut sorted[..]);
    let (mut first, mut from) = (0, 0);
    for (bucket, end) in ends.iter().enumerate() {
        let size = end - from;
        if size >= PART || bucket == ends.len() - 1 {
            let (part, after) = std::mem::take(&mut rest).split_at_mut(size as usize);
            parts.push((part, &ends[first..=bucket], from));
            (rest, first, from) = (after, bucket + 1, *end);
        }
    }
    parts.into_par_iter().for_each(|(part, ends, from)| {
        let (mut scratch, mut start) = (Vec::new(), from);
        for end in ends.iter().copied() {
            if end > start {
                let range = (start - from) as usize..(end - from) as usize;
                sort_low(&mut part[range], &mut scratch);
                start = end;
            }
        }
    });
    sorted
}

/// Below that many keys of a bucket they are compared.
const COMPARED: usize = 128;

/// Sorts keys that differ in their [`LOW`] bits alone, in two digits.
fn sort_low(keys: &mut [u32], scratch: &mut Vec<u32>) {
    if keys.len() < COMPARED {
        return keys.sort_unstable();
    }
    const BITS: u32 = LOW / 2;
    let digit = |key: u32, place: u32| (key >> (place * BITS)) as usize & ((1 << BITS) - 1);
    let mut counts = [[0u32; 1 << BITS]; 2];
    for key in keys.iter() {
        for (place, counts) in (0..).zip(&mut counts) {
            counts[digit(*key, place)] += 1;
        }
    }
    if scratch.len() < keys.len() {
        scratch.resize(keys.len(), 0);
    }
    let size = keys.len();
    let (mut from, mut to) = (keys, &mut scratch[..size]);
    let mut passes = 0;
    for (place, counts) in (0..).zip(&mut counts) {
        if counts[digit(from[0], place)] as usize == size {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for key in from.iter() {
            let next = &mut counts[digit(*key, place)];
            to[*next as usize] = *key;
            *next += 1;
        }
        std::mem::swap(&mut from, &mut to);
        passes += 1;
    }
    if passes == 1 {
        to.copy_from_slice(from);
    }
}

/// Bits of a digit: three make up a key, and their counters fit the first-level cache.
const DIGIT: usize = 11;
const DIGITS: usize = 3;

/// Below that many keys, counting digits takes longer than comparing.
const FEW: usize = 1024;

/// Moves items into `sorted` in the order of rising keys, using `items` as scratch: a radix sort, last
/// digit first, which leaves digits alone that all keys share.
fn sort_into<T: Copy>(items: &mut [T], sorted: &mut [T], key: impl Fn(T) -> u32) {
    if items.len() < FEW || u32::try_from(items.len()).is_err() {
        sorted.copy_from_slice(items);
        return sorted.sort_unstable_by_key(|item| key(*item));
    }
    let digit =
        |item: T, place: usize| (key(item) >> (place * DIGIT)) as usize & ((1 << DIGIT) - 1);
    let mut counts = [[0u32; 1 << DIGIT]; DIGITS];
    for item in items.iter() {
        for (place, counts) in counts.iter_mut().enumerate() {
            counts[digit(*item, place)] += 1;
        }
    }
    let (mut from, mut to) = (items, sorted);
    let mut passes = 0;
    for (place, counts) in counts.iter_mut().enumerate() {
        if counts[digit(from[0], place)] as usize == from.len() {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for item in from.iter() {
            let next = &mut counts[digit(*item, place)];
            to[*next as usize] = *item;
            *next += 1;
        }
        std::mem::swap(&mut from, &mut to);
        passes += 1;
    }
    // The items are in `from`, which is `sorted` after an odd number of passes.
    if passes % 2 == 0 {
        to.copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::keys::key;

    /// Pseudo-random numbers (splitmix64).
    fn numbers(count: usize) -> Vec<u64> {
        (1..=count as u64)
            .map(|i| {
                let z = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                z ^ (z >> 31)
            })
            .collect()
    }

    #[test]
    fn pairs_rise_with_the_key_then_the_weight() {
        for (count, scores) in [(0, 1), (10, 3), (FEW, 5), (5000, 7), (5000, 1 << 20)] {
            let draws = numbers(count);
            let keys: Vec<u32> = (draws.iter())
                .map(|draw| match draw % 11 {
                    0 => LEFT_OUT,
                    _ => key((draw % scores) as f32 / scores as f32, draw >> 63 == 1),
                })
                .collect();
            let weights: Vec<f32> = (draws.iter())
                .map(|draw| (draw >> 40) as f32 / 8.0)
                .collect();
            let pairs = keys.iter().zip(&weights);
            let mut expected: Vec<u64> = pairs.clone().map(|(k, w)| paired(*k, *w)).collect();
            expected.sort();
            assert_eq!(sorted_pairs(pairs), expected, "{count} of {scores}");
        }
    }

    #[test]
    fn thresholds_are_probabilities() {
        use crate::ops::keys::logit_key;
        for (logit, p) in [
            (0.0, 0.5),
            (f32::INFINITY, 1.0),
            (-1e30, 0.0),
            (2.0, 0.880_797_1),
            (-20.0, 2.061_153_6e-9),
        ] {
            assert_eq!(Code::Logits.score(logit_key(logit, true)), p, "{logit}");
            assert_eq!(Code::Probabilities.score(key(p, false)), p);
        }
    }

    #[test]
    fn pairs_keep_both_and_sort_by_key_then_weight() {
        let keys = [key(0.3, true), LEFT_OUT, key(0.8, false), key(0.3, true)];
        let weights = [2.5, 0.0, f32::MAX, f32::from_bits(1)];
        let sorted = sorted_pairs(keys.iter().zip(&weights));
        let expected = [2, 3, 0, 1].map(|i| (keys[i], weights[i]));
        assert_eq!(
            sorted.into_iter().map(unpaired).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn columns_are_sorted_as_by_comparison() {
        // One to three digits differ; rows on both sides of FEW, columns of BLOCK.
        for bits in [1, 11, 12, 23, 32] {
            for rows in [0, 1, 100, FEW, 5000] {
                for width in [1, 3, BLOCK, BLOCK + 1] {
                    let number = |n: u64| (n as u32) >> (32 - bits) | 1 << 31;
                    let table: Vec<u32> = numbers(rows * width).into_iter().map(number).collect();
                    let mut expected = Vec::new();
                    for column in 0..width {
                        let mut keys: Vec<u32> =
                            table.iter().skip(column).step_by(width).copied().collect();
                        keys.sort();
                        expected.extend(keys);
                    }
                    let place = format!("{bits} bits, [{rows}, {width}]");
                    assert!(sorted_columns(&table, width) == expected, "{place}");
                }
            }
        }
    }
}
