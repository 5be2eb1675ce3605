//! A metric of the user's own, from two closures.

use crate::{
    Accumulator, Batch, Delta, HostDelta, Identity, Metric, MetricError, Rejected, Summary, Value,
    framework::limits::{check_size, parts},
    ops,
};
use burn::tensor::{DType, FloatDType, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{fmt, sync::Arc};

type BatchSums<B> = dyn Fn(&B) -> Tensor<1> + Send + Sync;
type Finalize = dyn Fn(&[f64]) -> Result<Value, MetricError> + Send + Sync;

/// A metric that is a function of `sums` sums over batches.
///
/// `batch_sums` takes a batch to its sums `[sums]`, on the batch's device and without reading;
/// `finalize` takes the sums of all batches to the value. The sums are added up with compensation
/// and are `f64` at the end. The value of an empty state is [`MetricError::Empty`]. If `batch_sums` returns
/// another number of sums, these are left out, and the value is [`MetricError::WrongSums`]. NaN in a
/// sum is not counted as invalid data: it reaches `finalize`.
///
/// For a state that is not sums, implement [`Accumulator`] and [`Metric`].
///
/// The root mean squared error:
///
/// ```
/// use metrics_core::{Metric, MetricError, Value, batch::Regression, custom_metric};
/// use burn::tensor::{Device, Tensor};
///
/// let rmse = custom_metric(
///     "rmse",
///     2,
///     |batch: &Regression| {
///         let error = batch.pred().clone() - batch.target().clone();
///         let count = error.ones_like().sum();
///         Tensor::cat(vec![error.square().sum(), count], 0)
///     },
///     |sums: &[f64]| Ok((sums[0] / sums[1]).sqrt().into()),
/// )
/// .with_higher_is_better(false);
///
/// let device = Device::default();
/// let mut state = rmse.state();
/// for (pred, target) in [([1.0, 2.0], [1.0, 5.0]), ([0.0, 4.0], [4.0, 4.0])] {
///     let pred = Tensor::<1>::from_floats(pred, &device);
///     let target = Tensor::<1>::from_floats(target, &device);
///     state.update(&Regression::new(pred, target)?)?;
/// }
/// assert_eq!(state.compute()?.scalar(), Some(2.5));
/// # Ok::<(), MetricError>(())
/// ```
pub fn custom_metric<B: Batch>(
    name: impl Into<String>,
    sums: usize,
    batch_sums: impl Fn(&B) -> Tensor<1> + Send + Sync + 'static,
    finalize: impl Fn(&[f64]) -> Result<Value, MetricError> + Send + Sync + 'static,
) -> CustomMetric<B> {
    CustomMetric {
        accumulator: CustomAccumulator {
            name: name.into(),
            sums,
            batch_sums: Arc::new(batch_sums),
        },
        finalize: Arc::new(finalize),
        higher_is_better: None,
        scalar: true,
    }
}

/// A metric made by [`custom_metric`].
pub struct CustomMetric<B> {
    accumulator: CustomAccumulator<B>,
    finalize: Arc<Finalize>,
    higher_is_better: Option<bool>,
    scalar: bool,
}

impl<B> CustomMetric<B> {
    /// Says whether larger values are better; by default it is unknown.
    pub fn with_higher_is_better(mut self, higher_is_better: bool) -> Self {
        self.higher_is_better = Some(higher_is_better);
        self
    }

    /// Says whether the value is a single number; by default it is.
    pub fn with_is_scalar(mut self, is_scalar: bool) -> Self {
        self.scalar = is_scalar;
        self
    }
}

impl<B> Clone for CustomMetric<B> {
    fn clone(&self) -> Self {
        Self {
            accumulator: self.accumulator.clone(),
            finalize: self.finalize.clone(),
            higher_is_better: self.higher_is_better,
            scalar: self.scalar,
        }
    }
}

impl<B> fmt::Debug for CustomMetric<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomMetric")
            .field("accumulator", &self.accumulator)
            .field("higher_is_better", &self.higher_is_better)
            .field("scalar", &self.scalar)
            .finish()
    }
}

impl<B: Batch> Metric for CustomMetric<B> {
    type Accumulator = CustomAccumulator<B>;

    fn name(&self) -> String {
        self.accumulator.name.clone()
    }

    fn accumulator(&self) -> CustomAccumulator<B> {
        self.accumulator.clone()
    }

    fn finalize(&self, summary: &CustomSummary) -> Result<Value, MetricError> {
        if let Some(found) = summary.wrong_length {
            return Err(MetricError::WrongSums {
                metric: self.accumulator.name.clone(),
                expected: self.accumulator.sums,
                found,
            });
        }
        if summary.updates == 0 {
            return Err(MetricError::Empty {
                rejected: summary.rejected(),
            });
        }
        (self.finalize)(&summary.sums)
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.higher_is_better
    }

    fn is_scalar(&self) -> bool {
        self.scalar
    }
}

/// Adds up what a closure makes of each batch.
///
/// Equal to its clones only, because closures cannot be compared. A saved state knows it by name
/// and number of sums.
pub struct CustomAccumulator<B> {
    name: String,
    sums: usize,
    batch_sums: Arc<BatchSums<B>>,
}

impl<B> Clone for CustomAccumulator<B> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            sums: self.sums,
            batch_sums: self.batch_sums.clone(),
        }
    }
}

impl<B> PartialEq for CustomAccumulator<B> {
    fn eq(&self, other: &Self) -> bool {
        self.sums == other.sums && Arc::ptr_eq(&self.batch_sums, &other.batch_sums)
    }
}

impl<B> fmt::Debug for CustomAccumulator<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomAccumulator")
            .field("name", &self.name)
            .field("sums", &self.sums)
            .finish_non_exhaustive()
    }
}

impl<B: Batch> Accumulator for CustomAccumulator<B> {
    type Batch = B;
    type Summary = CustomSummary;

    fn identity(&self) -> Identity {
        Identity::new("custom", 1).with(&json!({ "name": self.name, "sums": self.sums }))
    }

    fn empty(&self) -> CustomSummary {
        CustomSummary {
            sums: vec![0.0; parts(self, self.sums)],
            updates: 0,
            wrong_length: None,
        }
    }

    fn validate(&self) -> Result<(), MetricError> {
        match self.sums {
            0 => Err(MetricError::InvalidOption(format!(
                "`{}` was made for 0 sums",
                self.name
            ))),
            sums => check_size(sums, "sums", &[8]),
        }
    }

    fn check(&self, _batch: &B) -> Result<(), MetricError> {
        Ok(())
    }

    fn update(&self, delta: &mut Delta, batch: &B) {
        let mut sums = (self.batch_sums)(batch).without_autodiff();
        let device = batch.device().unwrap_or_else(|| sums.device());
        let [found] = sums.dims();
        delta.counts("updates", 1, &device, |updates| updates + 1);
        if found != self.sums {
            delta.counts("wrong length", 1, &device, |length| {
                length.full_like(found as i64)
            });
            return;
        }
        if sums.dtype() == DType::F64 {
            // A leading and a trailing half, as the state has them.
            let high = sums.clone().cast(FloatDType::F32);
            let low = (sums - high.clone().cast(FloatDType::F64)).cast(FloatDType::F32);
            sums = Tensor::cat(vec![high, low], 0);
        } else if sums.dtype() != DType::F32 {
            sums = sums.cast(FloatDType::F32);
        }
        if sums.device() != device {
            sums = sums.to_device(&device);
        }
        delta.sums("sums", self.sums, &device, |state| {
            ops::add_compensated(state, sums)
        });
    }

    fn fold(&self, delta: &HostDelta, summary: &mut CustomSummary) {
        if let Some(updates) = delta.counts("updates") {
            summary.updates += updates[0] as u64;
        }
        if let Some(found) = delta.counts("wrong length") {
            summary.wrong_length = summary.wrong_length.max(Some(found[0] as u64));
        }
        for (sum, more) in summary
            .sums
            .iter_mut()
            .zip(delta.sums("sums").unwrap_or_default())
        {
            *sum += more;
        }
    }
}

/// The sums of a [`CustomMetric`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomSummary {
    /// The sums over all batches, in `f64`.
    #[serde(with = "crate::number::list")]
    pub sums: Vec<f64>,
    /// How many batches were added.
    pub updates: u64,
    /// The wrong number of sums that the closure returned, if it did.
    pub wrong_length: Option<u64>,
}

impl Summary for CustomSummary {
    fn counted(&self) -> u128 {
        u128::from(self.updates)
    }

    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.sums.len() != other.sums.len() {
            return Err(MetricError::MergeMismatch {
                left: format!("{} sums", self.sums.len()),
                right: format!("{} sums", other.sums.len()),
            });
        }
        self.room_for(other)?;
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
        self.updates += other.updates;
        self.wrong_length = self.wrong_length.max(other.wrong_length);
        Ok(())
    }

    fn rejected(&self) -> Rejected {
        Rejected::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MetricCollection, batch::Values};
    use burn::tensor::Device;

    fn batch() -> Values {
        Values::new(Tensor::<1>::from_floats([1.0, 2.0], &Device::default()))
    }

    #[test]
    fn sums_of_another_length_are_an_error_and_not_a_panic() {
        let metric = custom_metric(
            "broken",
            3,
            |b: &Values| b.values().clone(),
            |_| Ok(0.0.into()),
        );
        let error = metric.evaluate(&batch()).unwrap_err();
        let text = "`broken` was made for 3 sums, but its closure returned 2";
        assert!(matches!(error, MetricError::WrongSums { found: 2, .. }));
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn clones_share_a_state_and_others_do_not() {
        let make = || {
            custom_metric(
                "sum",
                1,
                |b: &Values| b.values().clone().sum(),
                |s| Ok(s[0].into()),
            )
        };
        let metric = make();
        let mut collection = MetricCollection::new()
            .with(metric.clone())
            .named("again", metric)
            .named("other", make());
        collection.update(&batch()).unwrap();
        assert_eq!(collection.state_count(), 2);
        assert_eq!(collection.compute().unwrap().scalar("again"), Some(3.0));
    }
}
