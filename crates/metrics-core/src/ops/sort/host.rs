//! The operations in host memory.

use crate::ops::host::{floats, from_floats, from_ints, ints};
use burn::tensor::{Int, Tensor};
use rayon::prelude::*;

pub(super) fn sort_pairs(keys: &Tensor<1>, values: Tensor<1, Int>) -> (Tensor<1, Int>, Tensor<1>) {
    let ([n], device) = (keys.dims(), keys.device());
    let values = ints(&values, |values| {
        let mut small = vec![0; values.len()];
        values.each(|i, value| small[i] = value.clamp(i32::MIN.into(), i32::MAX.into()) as i32);
        small
    });
    let (sorted, values) = floats(keys, |keys| sort(keys, &values));
    (
        from_ints(values, [n], &device),
        from_floats(sorted, [n], &device),
    )
}

fn sort(keys: &[f32], values: &[i32]) -> (Vec<f32>, Vec<i32>) {
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
pub(in crate::ops) fn code(key: f32) -> u32 {
    let bits = (key + 0.0).to_bits();
    if key.is_nan() {
        u32::MAX
    } else if key < 0.0 {
        !bits
    } else {
        bits | 1 << 31
    }
}
