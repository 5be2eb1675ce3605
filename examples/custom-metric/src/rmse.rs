//! The first way: sums, by two closures.

use burn::tensor::Tensor;
use metrics_core::{CustomMetric, batch::Regression, custom_metric};

/// The root mean squared error: the metric that TorchMetrics' introduction to metrics of one's own
/// implements, with the same two states.
pub fn rmse() -> CustomMetric<Regression> {
    custom_metric(
        "rmse",
        2,
        // update: what a batch adds to the two sums, on the device.
        |batch: &Regression| {
            let error = batch.pred().clone() - batch.target().clone();
            let n_observations = error.ones_like().sum();
            let sum_squared_errors = error.square().sum();
            Tensor::cat(vec![sum_squared_errors, n_observations], 0)
        },
        // compute: the value, on the host.
        |sums| Ok((sums[0] / sums[1]).sqrt().into()),
    )
    .with_higher_is_better(false)
}
