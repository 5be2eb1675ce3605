//! Plain numbers: their sums, extremes, or all of them.

use super::fold::{add_rejected, check_range};
use crate::{
    Accumulator, Delta, HostDelta, Identity, MetricError, Reason, Rejected, Summary,
    batch::Values,
    ops::values::{NanRule, ValueSink},
    pass::Block,
};
use serde::{Deserialize, Serialize};

/// What happens to a NaN among the values or their weights.
///
/// TorchMetrics' default is `"warn"`, which is [`Ignore`](Self::Ignore) with a warning; ours is
/// [`Error`](Self::Error), because a warning in a log is easily missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NanStrategy {
    /// NaNs are counted and left out, and computing the value is
    /// [`MetricError::InvalidData`], unless [`Validation::Ignore`](crate::Validation::Ignore) is
    /// asked for.
    #[default]
    Error,
    /// NaNs are left out; the report carries their count among the ignored.
    Ignore,
    /// NaNs become this value, with a weight of 1. It must not be NaN itself.
    Impute(#[serde(serialize_with = "crate::number::single")] f32),
}

impl NanStrategy {
    fn check(self) -> Result<(), MetricError> {
        match self {
            NanStrategy::Impute(value) if value.is_nan() => {
                Err(MetricError::InvalidOption("NaN cannot replace NaN".into()))
            }
            _ => Ok(()),
        }
    }

    /// Which counter counts the NaNs that are left out.
    fn reason(self) -> Reason {
        match self {
            NanStrategy::Ignore => Reason::Ignored,
            _ => Reason::Nan,
        }
    }

    fn rule(self) -> NanRule {
        match self {
            NanStrategy::Impute(value) => NanRule::Impute(value),
            _ => NanRule::LeaveOut(self.reason()),
        }
    }
}

/// Adds up values and weighted values: a device sum, or 3 with weights. On a GPU these are `f32`, and a sum of finite
/// values beyond their range is [`MetricError::Overflow`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueTotals {
    pub(crate) nan: NanStrategy,
}

impl Accumulator for ValueTotals {
    type Batch = Values;
    type Summary = ValueTotalsSummary;

    fn identity(&self) -> Identity {
        Identity::new("values/totals", 1).with(self)
    }

    fn empty(&self) -> ValueTotalsSummary {
        ValueTotalsSummary::default()
    }

    fn takes_weights(&self) -> bool {
        true
    }

    fn check(&self, _batch: &Values) -> Result<(), MetricError> {
        self.nan.check()
    }

    fn update(&self, delta: &mut Delta, batch: &Values) {
        delta.want((&batch.numbers, ValueSink::Totals(self.nan.rule())));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ValueTotalsSummary) {
        for block in delta.blocks() {
            let (used, sums) = (block.counts[0], block.sums());
            summary.count += used as u64;
            summary.overflowed |= block.overflows();
            summary.sum += sums[0];
            // A value without a weight has 1.
            summary.weighted_sum += sums.get(1).unwrap_or(&sums[0]);
            summary.weight += sums.get(2).copied().unwrap_or(f64::from(used));
            add_rejected(&mut summary.rejected, &block.counts[1..]);
        }
    }
}

/// Sums of values, in `f64`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueTotalsSummary {
    /// Values that were used.
    pub count: u64,
    /// Their sum.
    #[serde(with = "crate::number")]
    pub sum: f64,
    /// The sum of values times weights.
    #[serde(with = "crate::number")]
    pub weighted_sum: f64,
    /// The sum of weights; a value without a weight weighs 1.
    #[serde(with = "crate::number")]
    pub weight: f64,
    /// Whether a sum left the range of its numbers, though the values are finite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overflowed: bool,
    /// What was left out.
    pub rejected: Rejected,
}

impl ValueTotalsSummary {
    /// Fails if a sum of finite values or weights is not finite.
    pub(crate) fn in_range(&self) -> Result<(), MetricError> {
        check_range(
            self.overflowed,
            [&self.weighted_sum, &self.weight],
            "values",
        )
    }

    /// Fails if no value was seen. Values that were left out were seen.
    pub(crate) fn seen(&self) -> Result<(), MetricError> {
        seen(self.count, self.rejected)
    }
}

impl Summary for ValueTotalsSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.count += other.count;
        self.sum += other.sum;
        self.weighted_sum += other.weighted_sum;
        self.weight += other.weight;
        self.overflowed |= other.overflowed;
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

/// Keeps the smallest and the largest value: 2 device floats.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueExtremes {
    pub(crate) nan: NanStrategy,
}

impl Accumulator for ValueExtremes {
    type Batch = Values;
    type Summary = ValueExtremesSummary;

    fn identity(&self) -> Identity {
        Identity::new("values/extremes", 1).with(self)
    }

    fn empty(&self) -> ValueExtremesSummary {
        ValueExtremesSummary {
            count: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            rejected: Rejected::default(),
        }
    }

    fn check(&self, _batch: &Values) -> Result<(), MetricError> {
        self.nan.check()
    }

    fn update(&self, delta: &mut Delta, batch: &Values) {
        delta.want((&batch.numbers, ValueSink::Extremes(self.nan.rule())));
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ValueExtremesSummary) {
        for block in delta.blocks() {
            summary.count += block.counts[0] as u64;
            add_rejected(&mut summary.rejected, &block.counts[1..]);
            for part in &block.parts {
                if let [1.0, min, max] = part.marks[..] {
                    summary.min = summary.min.min(min);
                    summary.max = summary.max.max(max);
                }
            }
        }
    }
}

/// The smallest and the largest value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueExtremesSummary {
    /// Values that were used.
    pub count: u64,
    /// The smallest, infinity if there is none.
    #[serde(with = "crate::number")]
    pub min: f64,
    /// The largest, negative infinity if there is none.
    #[serde(with = "crate::number")]
    pub max: f64,
    /// What was left out.
    pub rejected: Rejected,
}

impl ValueExtremesSummary {
    /// Fails if no value was used.
    ///
    /// # Errors
    /// [`MetricError::Empty`].
    pub fn not_empty(&self) -> Result<(), MetricError> {
        match self.count {
            0 => Err(MetricError::Empty {
                rejected: self.rejected,
            }),
            _ => Ok(()),
        }
    }
}

impl Summary for ValueExtremesSummary {
    fn counted(&self) -> u128 {
        u128::from(self.count) + self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

/// Keeps every value: the device state grows with the data, 4 bytes a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueList {
    pub(crate) nan: NanStrategy,
}

impl Accumulator for ValueList {
    type Batch = Values;
    type Summary = ValueListSummary;

    fn identity(&self) -> Identity {
        Identity::new("values/list", 1).with(self)
    }

    fn empty(&self) -> ValueListSummary {
        ValueListSummary::default()
    }

    fn check(&self, _batch: &Values) -> Result<(), MetricError> {
        self.nan.check()
    }

    fn update(&self, delta: &mut Delta, batch: &Values) {
        if batch.numbers.are_listed() {
            return delta.want((&batch.numbers, ValueSink::List(self.nan.rule())));
        }
        let values = batch.values().clone();
        // NaNs to be left out are left out when they are read.
        delta.append_floats(
            "values",
            match self.nan {
                NanStrategy::Impute(value) => values.clone().mask_fill(values.is_nan(), value),
                _ => values,
            },
        );
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ValueListSummary) {
        let listed = delta.blocks().iter().flat_map(Block::numbers);
        let appended = delta.floats("values").iter().flatten();
        let appended = appended.map(|value| f64::from(*value));
        for value in appended.chain(listed) {
            if value.is_nan() {
                summary.rejected.add(self.nan.reason());
            } else {
                summary.values.push(value);
            }
        }
    }
}

/// All values, in the order of batches. Values of several devices are device by device.
///
/// Merging appends, so it is commutative only up to the order of the values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueListSummary {
    /// The values.
    #[serde(with = "crate::number::list")]
    pub values: Vec<f64>,
    /// What was left out.
    pub rejected: Rejected,
}

impl ValueListSummary {
    /// Fails if no value was seen. Values that were left out were seen.
    pub(crate) fn seen(&self) -> Result<(), MetricError> {
        seen(self.values.len() as u64, self.rejected)
    }
}

impl Summary for ValueListSummary {
    fn counted(&self) -> u128 {
        self.rejected.counted()
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.room_for(other)?;
        self.values.extend_from_slice(&other.values);
        self.rejected.merge(&other.rejected);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        self.rejected
    }
}

fn seen(count: u64, rejected: Rejected) -> Result<(), MetricError> {
    if count == 0 && rejected == Rejected::default() {
        return Err(MetricError::Empty { rejected });
    }
    Ok(())
}
