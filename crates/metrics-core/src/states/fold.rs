//! Adding what a device counted to what is known.

use crate::{MetricError, Rejected};

/// Adds the counters of what was left out.
pub(crate) fn add_rejected(rejected: &mut Rejected, delta: &[i32]) {
    let counts: Vec<u64> = delta.iter().map(|count| *count as u64).collect();
    rejected.merge(&Rejected::from_counts(&counts));
}

/// Adds a block of device counters to host counters. Zeros, which are most of a large matrix, are not
/// written.
pub(crate) fn add_counts(counts: &mut [u64], delta: &[i32]) {
    for (counts, delta) in counts.chunks_mut(32).zip(delta.chunks(32)) {
        if delta.iter().fold(0, |any, delta| any | delta) != 0 {
            let pairs = counts.iter_mut().zip(delta);
            pairs.for_each(|(count, delta)| *count += *delta as u64);
        }
    }
}

/// Adds sums of weights. `sums` is empty before the first weighted batch.
pub(crate) fn add_weights(sums: &mut Vec<f64>, delta: &[f64]) {
    if sums.len() < delta.len() {
        sums.resize(delta.len(), 0.0);
    }
    add_sums(sums, delta);
}

/// Whether a sum of squares left the range of its numbers, though the sum of what is squared is finite.
pub(crate) fn overflows(squares: f64, sum: f64) -> bool {
    sum.is_finite() && !squares.is_finite()
}

/// Fails if one of some sums is not finite because what is added up left the range of its numbers.
pub(crate) fn check_range<'a>(
    overflowed: bool,
    sums: impl IntoIterator<Item = &'a f64>,
    what: &'static str,
) -> Result<(), MetricError> {
    if overflowed && sums.into_iter().any(|sum| !sum.is_finite()) {
        return Err(MetricError::Overflow { what });
    }
    Ok(())
}

/// Adds each number to the sum in its place.
pub(crate) fn add_sums(sums: &mut [f64], more: &[f64]) {
    let pairs = sums.iter_mut().zip(more);
    pairs.for_each(|(sum, more)| *sum += more);
}
