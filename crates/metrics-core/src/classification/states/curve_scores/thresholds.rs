//! Where curves have their points.

use crate::ops;
use serde::Serialize;

/// At which scores a curve is evaluated.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Thresholds {
    /// At every score that occurs. Exact; keeps 4 bytes per score on the device until it is read, in pieces with room for
    /// up to twice as many, then on the host 4 bytes per score until it is reset, and 4 more once there is a value. Weights take
    /// 4 bytes per row, and 8 per score once there is a value.
    ///
    /// Logits are ranked by themselves, and classes by their log-odds `x_c - logsumexp(others)`, so that areas, rates and
    /// precisions do not change under a monotone map of the scores. The thresholds of a value are probabilities, those of
    /// large logits 1. TorchMetrics ranks the sigmoid or the softmax in `f32`: logits above 17 tie, and equal odds may not.
    #[default]
    Exact,
    /// At so many evenly spaced thresholds from 0 to 1. Constant memory.
    Count(usize),
    /// At these thresholds. Constant memory.
    List(#[serde(serialize_with = "crate::number::singles")] Vec<f32>),
    /// At so many thresholds from each power of two to the next, from 2^-24 to 1/2, at their distances
    /// from 1, and at 0, 1/2 and 1: `46 n + 3` in all. Constant memory.
    ///
    /// For scores that crowd near 0 or 1: a bin is no wider than `1 / n` of its distance from the
    /// nearer of both, down to 6e-8. [`Auroc::certified`](crate::classification::Auroc::certified)
    /// says what bins cost.
    Octaves(usize),
}

/// The least distance of [`Thresholds::Octaves`] from 0 and 1 is 2 to the power of minus this.
const OCTAVES: i32 = 24;

/// See [`Thresholds::Octaves`]. Products with powers of two and differences from 1 round the same
/// everywhere, so that summaries merge.
fn octaves(steps: usize) -> Vec<f32> {
    let step = |i: usize| 1.0 + i as f64 / steps as f64;
    let below = (2..=OCTAVES)
        .rev()
        .flat_map(|octave| (0..steps).map(move |i| step(i) * 0.5f64.powi(octave)));
    let low: Vec<f64> = [0.0].into_iter().chain(below).collect();
    let high = low.iter().rev().map(|threshold| 1.0 - threshold);
    let all = low.iter().copied().chain([0.5]).chain(high);
    all.map(|threshold| threshold as f32).collect()
}

impl Thresholds {
    /// How many there are; 0 if every score is one. More than there can be of options that are too large.
    pub(super) fn count(&self) -> usize {
        match self {
            Thresholds::Exact => 0,
            Thresholds::Count(count) => *count,
            Thresholds::List(list) => list.len(),
            Thresholds::Octaves(steps) => {
                steps.saturating_mul(2 * OCTAVES as usize).saturating_add(3)
            }
        }
    }

    /// The thresholds in rising order; `None` if exact.
    pub(super) fn rising(&self) -> Option<Vec<f32>> {
        match self {
            Thresholds::Exact => None,
            Thresholds::Count(count) => Some(ops::linspace(*count)),
            Thresholds::List(list) => {
                let mut list = list.clone();
                list.sort_by(f32::total_cmp);
                Some(list)
            }
            Thresholds::Octaves(steps) => Some(octaves(*steps)),
        }
    }
}
