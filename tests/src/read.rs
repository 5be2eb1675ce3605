//! Tensors as lists of numbers.

use burn::tensor::{Int, Tensor};

/// The elements of a tensor of integers.
pub fn ints<const D: usize>(tensor: Tensor<D, Int>) -> Vec<i64> {
    tensor.into_data().convert::<i64>().try_into_vec().unwrap()
}

/// The elements of a tensor of floats.
pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_into_vec().unwrap()
}

/// Compensated sums: what is in two halves, and of one that is infinite the first.
pub fn totals(state: Tensor<1>) -> Vec<f64> {
    let values = floats(state);
    let (high, low) = values.split_at(values.len() / 2);
    let total = |(high, low): (&f64, &f64)| if high.is_finite() { high + low } else { *high };
    high.iter().zip(low).map(total).collect()
}
