//! Ratings of subjects: counted exactly on a device, and read in host memory.

use crate::{Delta, REJECTED_SLOTS, Reason};
use burn::tensor::{FloatDType, Int, Tensor};

/// The name of the counters and of the extremes.
pub(crate) const NAME: &str = "ratings";
/// The most ratings of a subject, whose square fits a counter.
pub(crate) const MOST: i32 = (1 << 15) - 1;
/// A digit of a counter has so many bits, so that many of them can be added.
const BITS: usize = 10;
/// The least number above those of a digit.
pub(crate) const DIGIT: usize = 1 << BITS;

/// How many counters there are: for each category two digits of the ratings, then three digits of their squares, the
/// subjects, and the rejected ones.
pub(crate) fn counters(categories: usize) -> usize {
    2 * categories + 4 + REJECTED_SLOTS
}

/// Adds subjects that are not in host memory.
pub(crate) fn count(counts: &Tensor<2, Int>, delta: &mut Delta) {
    let ([n, categories], device) = (counts.dims(), counts.device());
    if super::is_host(&device) || n == 0 || categories == 0 {
        return;
    }
    let counts = counts.clone().clamp_max(MOST + 1);
    let raters: Tensor<2, Int> = super::as_i32(counts.clone().sum_dim(1));
    // The code of a reason is less than any count.
    let least = counts.clone().min_dim(1);
    let marked = least.clone().lower_elem(0);
    let many = raters
        .clone()
        .greater_elem(MOST)
        .bool_and(marked.clone().bool_not());
    let reason =
        (least.mask_fill(marked.bool_not(), 0)).mask_fill(many, Reason::InvalidTarget.code());
    let unused = reason.clone().lower_elem(0);
    let counts = counts.mask_fill(unused.clone().expand([n, categories]), 0);
    let squares: Tensor<2, Int> = super::as_i32((counts.clone() * counts.clone()).sum_dim(1));
    let digit = |numbers: &Tensor<2, Int>, place: usize| -> Tensor<1, Int> {
        let shifted = numbers
            .clone()
            .bitwise_right_shift_scalar((place * BITS) as i32);
        let digits = shifted.bitwise_and_scalar(DIGIT as i32 - 1).sum_dim(0);
        super::as_i32(digits.flatten(0, 1))
    };
    let sums = vec![
        digit(&counts, 0),
        digit(&counts, 1),
        digit(&squares, 0),
        digit(&squares, 1),
        digit(&squares, 2),
    ];
    let rejected = 2 * categories + 4;
    let place = (reason.clone().neg() + (rejected as i32 - 1))
        .mask_fill(unused.clone().bool_not(), rejected as i32 - 1);
    delta.counts(NAME, counters(categories), &device, |state| {
        let head = state.clone().narrow(0, 0, rejected - 1) + Tensor::cat(sums, 0);
        let tail = state.narrow(0, rejected - 1, 1 + REJECTED_SLOTS);
        super::count(Tensor::cat(vec![head, tail], 0), place.flatten(0, 1))
    });
    let raters = raters.float().cast(FloatDType::F32);
    let least = raters
        .clone()
        .mask_fill(unused.clone(), f32::INFINITY)
        .min();
    let most = raters.mask_fill(unused, -1.0).max();
    delta.numbers(NAME, |before| match before {
        Some(before) => {
            let least = least.min_pair(before.clone().narrow(0, 0, 1));
            Tensor::cat(vec![least, most.max_pair(before.narrow(0, 1, 1))], 0)
        }
        None => Tensor::cat(vec![least, most], 0),
    });
}

/// Calls `take` with the counts of subjects in host memory; not with others.
pub(crate) fn read_counts(counts: &Tensor<2, Int>, take: impl FnOnce(&[i32])) {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if super::is_host(&counts.device()) {
        return super::host::counters(counts, take);
    }
    let _ = (counts, take);
}

/// Calls `take` with the values of units in host memory; not with others.
pub(crate) fn read_values(values: &Tensor<2>, take: impl FnOnce(&[f64])) {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if super::is_host(&values.device()) {
        return super::host::doubles(values, take);
    }
    let _ = (values, take);
}
