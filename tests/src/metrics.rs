//! What is done with every metric of the library.

use crate::samples::Sample;
use metrics_core::{BatchOf, Metric};

/// Something to do with every metric.
pub trait Visitor {
    /// Does it with one.
    fn visit<M: Metric>(&mut self, metric: M)
    where
        BatchOf<M>: Sample;
}
