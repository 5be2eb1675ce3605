use crate::{
    Criterion, Disparity, Metric, MetricError, Value,
    classification::states::{GroupCounts, GroupCountsSummary},
    states::ClassCounts,
};

/// Fairness of decisions about members of groups: the lowest rate of a group over the highest.
///
/// The rate is that of positive predictions for [demographic parity](Criterion::DemographicParity), and
/// the true positive rate for [equal opportunity](Criterion::EqualOpportunity). Takes
/// [`Grouped`](crate::batch::Grouped) batches as [`GroupStatRates`](crate::classification::GroupStatRates), with which
/// it shares its state. The value is a [`Value::Disparities`] with the ratio of each criterion and the
/// groups that have these rates (the first of several), and [`scalar`](Value::scalar) is the ratio
/// if there is one criterion.
///
/// Ranges over `[0, 1]`, 1 is fair. A group without a rate, which has no elements or no positive
/// targets, does not count; rates that are all 0 are equal and have 1; without any rate the ratio is
/// NaN. An element of another group is counted as an invalid target. No data, or none with a weight
/// above 0, is [`MetricError::Empty`].
///
/// Reference: TorchMetrics 1.9.0 `BinaryFairness`. It takes a rate without elements for 0 and calls
/// rates that are all 0 as unfair as can be; says that lower is better; has no targets for demographic
/// parity, where we have, so that `ignore_index` applies; and counts for the wrong group as in
/// `BinaryGroupStatRates`.
///
/// ```
/// use metrics_core::{Criterion, Metric, batch::{Binary, Grouped}, classification::GroupFairness};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([1, 1, 0, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 1, 0, 1], &device);
/// let groups = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let batch = Grouped::new(Binary::from_labels(pred, target)?, groups)?;
///
/// let fairness = GroupFairness::new(2).evaluate(&batch)?;
/// assert_eq!(fairness.to_string(), "DP_1_0 0.5000, EO_0_0 1.0000");
/// let parity = GroupFairness::new(2).criterion(Criterion::DemographicParity);
/// assert_eq!(parity.evaluate(&batch)?.scalar(), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GroupFairness {
    accumulator: GroupCounts,
    criterion: Option<Criterion>,
}

impl GroupFairness {
    /// By both criteria, of decisions about members of `groups` groups.
    pub fn new(groups: usize) -> Self {
        Self {
            accumulator: GroupCounts::new(groups),
            criterion: None,
        }
    }

    /// By one criterion.
    pub fn criterion(mut self, criterion: Criterion) -> Self {
        self.criterion = Some(criterion);
        self
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

impl Metric for GroupFairness {
    type Accumulator = GroupCounts;

    fn name(&self) -> String {
        match self.criterion {
            None => "group_fairness",
            Some(Criterion::DemographicParity) => "demographic_parity",
            Some(Criterion::EqualOpportunity) => "equal_opportunity",
        }
        .into()
    }

    fn accumulator(&self) -> GroupCounts {
        self.accumulator.clone()
    }

    fn finalize(&self, outcomes: &GroupCountsSummary) -> Result<Value, MetricError> {
        outcomes.not_empty()?;
        let groups = outcomes.groups();
        let both = [Criterion::DemographicParity, Criterion::EqualOpportunity];
        let criteria = both
            .into_iter()
            .filter(|c| self.criterion.is_none_or(|own| own == *c));
        let disparities = criteria.map(|criterion| disparity(criterion, &groups));
        Ok(Value::Disparities(disparities.collect()))
    }

    fn higher_is_better(&self) -> Option<bool> {
        Some(true)
    }

    fn is_scalar(&self) -> bool {
        self.criterion.is_some()
    }
}

fn disparity(criterion: Criterion, groups: &[ClassCounts]) -> Disparity {
    let rate = |group: &ClassCounts| match criterion {
        Criterion::DemographicParity => group.predicted() / group.total(),
        Criterion::EqualOpportunity => group.tp / group.support(),
    };
    let rates = groups.iter().map(rate).enumerate();
    let mut known = rates.filter(|(_, rate)| !rate.is_nan());
    let Some(first) = known.next() else {
        return Disparity {
            criterion,
            groups: None,
            ratio: f64::NAN,
        };
    };
    let (low, high) = known.fold((first, first), |(low, high), group| {
        (
            if group.1 < low.1 { group } else { low },
            if group.1 > high.1 { group } else { high },
        )
    });
    Disparity {
        criterion,
        groups: Some([low.0, high.0]),
        ratio: if low.1 == high.1 { 1.0 } else { low.1 / high.1 },
    }
}
