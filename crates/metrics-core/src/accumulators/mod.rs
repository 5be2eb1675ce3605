//! What metrics accumulate. Several metrics finalize one accumulator's summary.

mod confusion;

pub use confusion::{
    BinaryConfusion, ClassCounts, Confusion, MulticlassConfusion, MultilabelConfusion, Task,
};

/// Adds a block of device counters to host counters.
fn add_counts(counts: &mut [u64], delta: &[i64]) {
    for (count, delta) in counts.iter_mut().zip(delta) {
        *count += *delta as u64;
    }
}
