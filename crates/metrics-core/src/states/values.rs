//! Plain numbers: their sums, extremes, or all of them.

use super::fold::add_rejected;
use crate::{
    Accumulator, Batch, Delta, HostDelta, Identity, MetricError, REJECTED_SLOTS, Reason, Rejected,
    Summary,
    batch::Values,
    ops::{self, ValueOptions},
};
use burn::tensor::{Bool, DType, Int, IntDType, Tensor};
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

    /// The values with NaN, where `nan` says so, replaced by the imputed value, or else by `neutral`.
    fn replace(self, values: Tensor<1>, nan: &Tensor<1, Bool>, neutral: f32) -> Tensor<1> {
        let value = match self {
            NanStrategy::Impute(value) => value,
            _ => neutral,
        };
        values.mask_fill(nan.clone(), value)
    }

    /// What to add to the counters: values used, then the rejected ones.
    fn tally(self, nan: Tensor<1, Bool>) -> Tensor<1, Int> {
        let [n] = nan.dims();
        let left_out = match self {
            NanStrategy::Impute(_) => Tensor::zeros([1], (&nan.device(), DType::I32)),
            _ => nan.int().cast(IntDType::I32).sum(),
        };
        let kept = left_out.clone().neg() + n as i32;
        let none = left_out.zeros_like();
        let mut tally = vec![none; 1 + REJECTED_SLOTS];
        tally[0] = kept;
        tally[1 + self.reason() as usize] = left_out;
        Tensor::cat(tally, 0)
    }
}

/// Adds up values and weighted values: 3 device sums. They are infinite beyond the range of `f32`.
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
        let values = batch.values.clone();
        let weights = batch.weights.clone();
        let options = ValueOptions {
            weighted: weights.is_some(),
            impute: match self.nan {
                NanStrategy::Impute(value) => Some(value),
                _ => None,
            },
            reason: self.nan.reason(),
        };
        let weights = weights.unwrap_or_else(|| values.clone());
        delta.both(2 + REJECTED_SLOTS, 3, &batch.device(), |counts, sums| {
            ops::value_totals(counts, sums, values, weights, options)
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ValueTotalsSummary) {
        let (Some(counts), Some(sums)) = (delta.counts(0), delta.sums(0)) else {
            return;
        };
        summary.count += counts[0] as u64;
        summary.sum += sums[0];
        summary.weighted_sum += sums[1];
        summary.weight += sums[2] + counts[1] as f64;
        add_rejected(&mut summary.rejected, &counts[2..]);
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
    /// What was left out.
    pub rejected: Rejected,
}

impl ValueTotalsSummary {
    /// Fails if no value was seen. Values that were left out were seen.
    pub(crate) fn seen(&self) -> Result<(), MetricError> {
        seen(self.count, self.rejected)
    }
}

impl Summary for ValueTotalsSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.count += other.count;
        self.sum += other.sum;
        self.weighted_sum += other.weighted_sum;
        self.weight += other.weight;
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
        let values = &batch.values;
        let nan = values.clone().is_nan();
        let low = self.nan.replace(values.clone(), &nan, f32::INFINITY).min();
        let high = (self.nan.replace(values.clone(), &nan, f32::NEG_INFINITY)).max();
        let kept = delta.floats_mut();
        match kept.pop().zip(kept.pop()) {
            None => kept.extend([low, high]),
            Some((max, min)) => kept.extend([min.min_pair(low), max.max_pair(high)]),
        }
        let tally = self.nan.tally(nan);
        delta.counts(0, 1 + REJECTED_SLOTS, &batch.device(), |counts| {
            counts + tally
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ValueExtremesSummary) {
        let (Some(counts), [min, max]) = (delta.counts(0), delta.float_lists()) else {
            return;
        };
        let least = |values: &[f32], start: f64, pick: fn(f64, f64) -> f64| {
            values
                .iter()
                .fold(start, |best, value| pick(best, *value as f64))
        };
        summary.count += counts[0] as u64;
        summary.min = least(min, summary.min, f64::min);
        summary.max = least(max, summary.max, f64::max);
        add_rejected(&mut summary.rejected, &counts[1..]);
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
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
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
        let values = batch.values.clone();
        // NaNs to be left out are left out when they are read.
        delta.append_floats(match self.nan {
            NanStrategy::Impute(value) => values.clone().mask_fill(values.is_nan(), value),
            _ => values,
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut ValueListSummary) {
        for value in delta.float_lists().iter().flatten() {
            match value.is_nan() {
                true => summary.rejected.add(self.nan.reason()),
                false => summary.values.push(*value as f64),
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
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
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
