//! The pass over two samples of numbers.

#[cfg(feature = "cube")]
pub(super) mod cube;

#[cfg(feature = "cube")]
pub use cube::KernelPlan;

use crate::{
    ops,
    pass::{DeviceState, HostList, Input, Plan, Size, words},
};
use burn::tensor::{DType, Tensor};

/// Two samples of a batch.
#[derive(Debug, Clone)]
pub struct Samples {
    /// The first.
    pub x: Sample,
    /// The second.
    pub y: Sample,
}

/// Numbers and how much each of them counts.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The numbers `[N]`.
    pub values: Tensor<1>,
    /// The weights `[N]`, if there are any.
    pub weights: Option<Tensor<1>>,
}

/// What can become of a number.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleSink {
    /// Numbers with their weights in turn. Those of the second sample have the other sign, and an invalid weight
    /// is NaN. The batches are listed (`Samples::are_listed`).
    ///
    /// State: a list.
    Numbers,
}

impl Samples {
    /// How many numbers there are in both.
    pub fn sizes(&self) -> [usize; 2] {
        [&self.x, &self.y].map(|sample| sample.values.dims()[0])
    }

    /// Whether there is a pass that lists their numbers.
    pub(crate) fn are_listed(&self) -> bool {
        let ([x, y], device) = (self.sizes(), self.x.values.device());
        let fits = x > 0 && y > 0 && x + y <= ops::KERNEL_ELEMENTS / 2;
        ops::is_host(&device) || fits && ops::has_kernels(&device)
    }
}

impl Input for Samples {
    type Sink = SampleSink;

    fn is_weighted(&self) -> bool {
        // One list has both.
        false
    }

    fn is_wide(&self) -> bool {
        self.x.values.dtype() == DType::F64
    }

    fn size(&self, SampleSink::Numbers: &SampleSink) -> Size {
        Size {
            lists: [2 * words(self.is_wide()), 0],
            ..Size::default()
        }
    }

    fn on_host(&self, _: &Plan<SampleSink>, _: &mut [i32], _: &mut [f64]) {}

    #[allow(unused_variables)]
    fn on_host_with_lists(
        &self,
        plan: &Plan<SampleSink>,
        _: &mut [i32],
        _: &mut [f64],
        lists: &mut [HostList],
    ) {
        #[cfg(any(feature = "flex", feature = "ndarray"))]
        for placed in &plan.sinks {
            for (sample, sign) in [(&self.x, 1.0), (&self.y, -1.0)] {
                let list = &mut placed.lists_of(lists)[0];
                if self.is_wide() {
                    append_wide(sample, f64::from(sign), list);
                } else {
                    append(sample, sign, list);
                }
            }
        }
    }

    #[allow(unused_variables)]
    fn on_device(&self, plan: &Plan<SampleSink>, state: DeviceState) -> DeviceState {
        #[cfg(feature = "cube")]
        return cube::pass(self, plan, state);
        #[cfg(not(feature = "cube"))]
        state
    }
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
fn append(sample: &Sample, sign: f32, list: &mut HostList) {
    use crate::{
        ops::{
            host::{floats, with_weights},
            scalar::is_weight,
        },
        pass::grow,
    };

    floats(&sample.values, |values| {
        with_weights(&sample.weights, |weights: Option<&[f32]>| {
            let list = grow(list, 2 * values.len());
            let places = list.as_chunks_mut::<2>().0.iter_mut();
            for (i, (place, value)) in places.zip(values).enumerate() {
                let weight = weights.map_or(1.0, |weights| weights[i]);
                let weight = if is_weight(weight) {
                    weight * sign
                } else {
                    f32::NAN
                };
                *place = [value.to_bits(), weight.to_bits()];
            }
        });
    });
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
fn append_wide(sample: &Sample, sign: f64, list: &mut HostList) {
    use crate::{
        ops::{
            host::{doubles, with_weights},
            scalar::is_weight,
        },
        pass::{grow, put},
    };

    doubles(&sample.values, |values| {
        with_weights(&sample.weights, |weights: Option<&[f64]>| {
            let weight = |i: usize| {
                let weight = weights.map_or(1.0, |weights| weights[i]);
                if is_weight(weight) {
                    weight * sign
                } else {
                    f64::NAN
                }
            };
            let pairs = values.iter().enumerate();
            let numbers = pairs.flat_map(|(i, value)| [*value, weight(i)]);
            put(grow(list, 4 * values.len()), numbers);
        });
    });
}
