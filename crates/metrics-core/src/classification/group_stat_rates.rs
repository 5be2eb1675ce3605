use crate::{
    Metric, MetricError, Value,
    classification::states::{GroupCounts, GroupCountsSummary},
    states::ClassCounts,
};

/// The shares of true positives, false positives, true negatives and false negatives among the decisions
/// about each group.
///
/// Takes [`Grouped`](crate::batch::Grouped) batches: scores, of which probabilities above the threshold
/// are positive predictions, or predicted labels; and a group `0..groups` for each. The value is a
/// [`Value::StatScores`] with a row per group, which adds up to 1; `support` is the share of positive
/// targets. A group without elements has NaN. Weights count elements that often.
///
/// An element of another group is counted as an invalid target. No data, or none with a weight above 0,
/// is [`MetricError::Empty`]. Reference: TorchMetrics 1.9.0 `BinaryGroupStatRates`, which numbers the
/// groups of each batch anew: what follows a group that is absent from a batch is counted for the wrong
/// group.
///
/// ```
/// use metrics_core::{Metric, batch::{Binary, Grouped}, classification::GroupStatRates};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0, 0], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 0, 0], &device);
/// let groups = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let batch = Grouped::new(Binary::from_labels(pred, target)?, groups)?;
/// let rates = GroupStatRates::new(2).evaluate(&batch)?;
/// let rates = rates.stat_scores().unwrap();
/// assert_eq!((rates[0].tp, rates[0].fp, rates[1].tn), (0.5, 0.5, 1.0));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStatRates {
    accumulator: GroupCounts,
}

impl GroupStatRates {
    /// For decisions about members of `groups` groups.
    pub fn new(groups: usize) -> Self {
        Self {
            accumulator: GroupCounts::new(groups),
        }
    }

    /// Probabilities above it are positive predictions; default 0.5.
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.accumulator.threshold = threshold;
        self
    }

    /// Elements with this target are left out.
    pub fn ignore_index(mut self, label: i64) -> Self {
        self.accumulator.ignore_index = Some(label);
        self
    }
}

impl Metric for GroupStatRates {
    type Accumulator = GroupCounts;

    fn name(&self) -> String {
        "group_stat_rates".into()
    }

    fn accumulator(&self) -> GroupCounts {
        self.accumulator.clone()
    }

    fn finalize(&self, outcomes: &GroupCountsSummary) -> Result<Value, MetricError> {
        outcomes.not_empty()?;
        let rates = outcomes.groups().into_iter().map(|group| {
            let total = group.total();
            ClassCounts {
                tp: group.tp / total,
                fp: group.fp / total,
                tn: group.tn / total,
                fn_: group.fn_ / total,
            }
        });
        Ok(Value::StatScores(rates.collect()))
    }

    fn is_scalar(&self) -> bool {
        false
    }
}
