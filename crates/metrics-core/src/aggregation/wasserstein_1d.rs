use crate::{
    Metric, MetricError, Value,
    aggregation::states::{SampleList, SampleListSummary},
};

/// Wasserstein distance of order 1 between two samples of numbers, the earth mover's distance: the
/// area between their distribution functions, `∫ |F_x(t) - F_y(t)| dt`.
///
/// Takes [`TwoSamples`](crate::batch::TwoSamples), which need not be of one size. A number of weight
/// `w` counts as `w` numbers. The state is the data: 8 bytes a number on the device, 16 on the host
/// once read; `compute` sorts it there.
///
/// Ranges over `[0, inf]`, 0 for equal distributions. An infinite number makes it infinite, unless the
/// other sample has as large a share there. It is [`MetricError::Empty`] if either sample has no
/// number of a weight above 0; NaN is [`MetricError::InvalidData`]. Reference: SciPy
/// `wasserstein_distance`; torcheval's `Wasserstein1D` is the metric of that name.
///
/// ```
/// use metrics_core::{Metric, aggregation::Wasserstein1D, batch::TwoSamples};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let x = Tensor::<1>::from_floats([0.0, 1.0, 3.0, 4.0], &device);
/// let y = Tensor::<1>::from_floats([5.0, 6.0], &device);
/// let distance = Wasserstein1D::new().evaluate(&TwoSamples::new(x, y)?)?;
/// assert_eq!(distance.scalar(), Some(3.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wasserstein1D;

impl Wasserstein1D {
    /// Between the two samples.
    pub fn new() -> Self {
        Self
    }
}

impl Metric for Wasserstein1D {
    type Accumulator = SampleList;

    fn name(&self) -> String {
        "wasserstein_1d".into()
    }

    fn accumulator(&self) -> SampleList {
        SampleList
    }

    fn finalize(&self, samples: &SampleListSummary) -> Result<Value, MetricError> {
        if samples.x.is_empty() || samples.y.is_empty() {
            return Err(MetricError::Empty {
                rejected: samples.rejected,
            });
        }
        Ok(distance(&samples.x, &samples.y).into())
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(false)
    }
}

/// The area between the distribution functions of values with weights.
fn distance(x: &[(f64, f64)], y: &[(f64, f64)]) -> f64 {
    let total = |sample: &[(f64, f64)]| sample.iter().map(|(_, weight)| weight).sum::<f64>();
    let totals = [total(x), total(y)];
    let of = |sample: usize| move |(value, weight): &(f64, f64)| (*value, *weight, sample);
    let mut all: Vec<_> = x.iter().map(of(0)).chain(y.iter().map(of(1))).collect();
    // By weight too, so that sums do not hang on the order in which equal values came.
    all.sort_unstable_by(|a, b| {
        let weights = || a.1.total_cmp(&b.1).then(a.2.cmp(&b.2));
        a.0.total_cmp(&b.0).then_with(weights)
    });
    let mut below = [0.0; 2];
    let mut area = 0.0;
    for pair in all.windows(2) {
        let (value, weight, sample) = pair[0];
        below[sample] += weight;
        let height = (below[0] / totals[0] - below[1] / totals[1]).abs();
        if height > 0.0 && pair[1].0 > value {
            area += height * (pair[1].0 - value);
        }
    }
    area
}
