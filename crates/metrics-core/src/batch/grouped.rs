use super::{Binary, flat, same_device};
use crate::{Batch, LabelRanges, MetricError, ops::decisions::Decisions};
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

/// A batch of yes-or-no decisions, each about a member of a group.
#[derive(Debug, Clone)]
pub struct Grouped {
    pub(crate) decisions: Binary,
    pub(crate) groups: Tensor<1, Int>,
}

impl Grouped {
    /// From decisions, and the index of each decision's group: one index for each decision, of any shape.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`].
    pub fn new<const D: usize>(
        mut decisions: Binary,
        groups: Tensor<D, Int>,
    ) -> Result<Self, MetricError> {
        let n = decisions.count_bound();
        if groups.shape().num_elements() != n {
            return Err(MetricError::ShapeMismatch {
                left_name: "groups",
                left: groups.dims().to_vec(),
                right_name: "the decisions",
                right: vec![n],
                hint: ": there must be one group for each",
            });
        }
        same_device("groups", groups.device(), "target", decisions.device())?;
        let groups = flat(groups.without_autodiff());
        decisions.decisions = Arc::new(Decisions {
            groups: Some(groups.clone()),
            ..(*decisions.decisions).clone()
        });
        Ok(Self { decisions, groups })
    }

    /// Gives each of the decisions a weight; see [`Binary::with_weights`].
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is one weight for each decision, in any shape.
    pub fn with_weights<const D: usize>(mut self, weights: Tensor<D>) -> Result<Self, MetricError> {
        self.decisions = self.decisions.with_weights(weights)?;
        Ok(self)
    }

    /// The weights `[N]`, if it has any.
    pub fn weights(&self) -> Option<&Tensor<1>> {
        self.decisions.weights()
    }

    /// The decisions.
    pub fn decisions(&self) -> &Binary {
        &self.decisions
    }

    /// The index of each decision's group `[N]`.
    pub fn groups(&self) -> &Tensor<1, Int> {
        &self.groups
    }
}

impl Grouped {
    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.decisions.device()
    }
}

impl Batch for Grouped {
    fn device(&self) -> Option<Device> {
        Some(self.device())
    }

    fn count_bound(&self) -> usize {
        self.decisions.count_bound()
    }

    fn is_weighted(&self) -> bool {
        self.decisions.is_weighted()
    }

    fn labels(&self) -> LabelRanges {
        self.decisions.labels()
    }
}
