//! All numbers of two samples: the state of the distance between them.

use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Reason, Rejected, Summary,
    batch::TwoSamples,
    ops::{
        self,
        samples::{Sample, SampleSink},
    },
    pass::Block,
};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Keeps every number with its weight: the device state grows with the data, 8 bytes a number.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleList;

impl Accumulator for SampleList {
    type Batch = TwoSamples;
    type Summary = SampleListSummary;

    fn identity(&self) -> Identity {
        Identity::new("two_samples/list", 1)
    }

    fn empty(&self) -> SampleListSummary {
        SampleListSummary::default()
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, _batch: &TwoSamples) -> Result<(), MetricError> {
        Ok(())
    }

    fn update(&self, delta: &mut Delta, batch: &TwoSamples) {
        let samples = &batch.samples;
        if samples.are_listed() {
            return delta.want((samples, SampleSink::Numbers));
        }
        // Not every backend joins what is empty.
        for (sample, sign) in [(&samples.x, 1.0), (&samples.y, -1.0)] {
            if sample.values.dims() != [0] {
                delta.append_floats("samples", signed(sample, sign));
            }
        }
    }

    fn fold(&self, delta: &HostDelta, summary: &mut SampleListSummary) {
        let appended = delta.floats("samples").iter().flatten().copied();
        let listed = delta.blocks().iter().flat_map(Block::numbers);
        let mut numbers = appended.map(f64::from).chain(listed);
        while let (Some(value), Some(weight)) = (numbers.next(), numbers.next()) {
            if value.is_nan() {
                summary.rejected.add(Reason::Nan);
            } else if weight.is_nan() {
                summary.rejected.add(Reason::InvalidWeight);
            } else if weight > 0.0 {
                summary.x.push((value, weight));
            } else if weight < 0.0 {
                summary.y.push((value, -weight));
            }
        }
    }
}

/// Values and weights in turn `[2 * N]`. The sign of a weight tells of which sample the value is; a
/// weight that is none becomes NaN.
fn signed(sample: &Sample, sign: f32) -> Tensor<1> {
    let [n] = sample.values.dims();
    let weights = match &sample.weights {
        None => sample.values.ones_like(),
        Some(weights) => {
            (weights.clone()).mask_fill(ops::invalid_weights(weights.clone()), f32::NAN)
        }
    };
    let columns = vec![sample.values.clone(), weights * sign];
    Tensor::<1>::stack::<2>(columns, 1).reshape([2 * n])
}

/// The numbers of two samples that have a weight above 0, with it, in the order of batches; those
/// of several devices device by device.
///
/// Merging appends, so it is commutative only up to the order of the numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleListSummary {
    /// The first sample: values and weights.
    #[serde(with = "crate::number::pairs")]
    pub x: Vec<(f64, f64)>,
    /// The second sample: values and weights.
    #[serde(with = "crate::number::pairs")]
    pub y: Vec<(f64, f64)>,
    /// What was left out.
    pub rejected: Rejected,
}

impl Summary for SampleListSummary {
    fn counted(&self) -> u128 {
        self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.x.extend_from_slice(&other.x);
        self.y.extend_from_slice(&other.y);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}
