use super::{flat, numbers, same_device, single};
use crate::{Batch, MetricError, ops::points::LabeledPoints};
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

/// A batch of points, each with the number of the cluster that it was put in.
///
/// Numbers of clusters are any integers; equal ones mean the same cluster. A point with a coordinate that is NaN or
/// infinite is left out and counted among the [`nan`](crate::Rejected::nan).
#[derive(Debug, Clone)]
pub struct Clustered {
    pub(crate) points: Arc<LabeledPoints>,
}

impl Clustered {
    /// From points `[N, D]` and the clusters of the points `[N]`.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`], [`MetricError::DeviceMismatch`].
    pub fn new(points: Tensor<2>, clusters: Tensor<1, Int>) -> Result<Self, MetricError> {
        if points.dims()[0] != clusters.dims()[0] {
            return Err(MetricError::ShapeMismatch {
                left_name: "points",
                left: points.dims().to_vec(),
                right_name: "clusters",
                right: clusters.dims().to_vec(),
                hint: ": there must be one cluster for each row",
            });
        }
        same_device("points", points.device(), "clusters", clusters.device())?;
        let points = LabeledPoints {
            values: numbers(points),
            labels: flat(clusters.without_autodiff()),
        };
        Ok(Self {
            points: Arc::new(points),
        })
    }

    /// The points `[N, D]`.
    pub fn points(&self) -> &Tensor<2> {
        &self.points.values
    }

    /// The clusters of the points `[N]`.
    pub fn clusters(&self) -> &Tensor<1, Int> {
        &self.points.labels
    }

    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.points.values.device()
    }
}

impl Batch for Clustered {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.points.values.dims()[0]
    }

    fn check(&self) -> Result<(), MetricError> {
        single(&self.points.values)
    }
}
