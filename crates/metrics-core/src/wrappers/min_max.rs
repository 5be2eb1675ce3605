use crate::{BatchOf, Metric, MetricError, MetricState, SavedState, SummaryOf};
use serde::{Deserialize, Serialize};

/// A metric with the smallest and the largest of its values so far.
///
/// The values are those that [`compute`](Self::compute) and [`forward`](Self::forward) return. A NaN
/// is neither the smallest nor the largest; if there is no other value, both are NaN. A value that is not a
/// number is [`MetricError::WrongValue`]. No error changes the extremes.
///
/// [`reset`](Self::reset) forgets the data and keeps the extremes, which are over all epochs;
/// [`reset_all`](Self::reset_all) forgets both.
///
/// Reference: TorchMetrics 1.9.0 `MinMaxMetric`. Its `reset` keeps the extremes too, although its
/// documentation says otherwise; its `forward` forgets the batches before, which ours keeps; without a
/// value its extremes are infinities.
///
/// [`save`](Self::save) and [`restore`](Self::restore) keep both across processes.
///
/// ```
/// use metrics_core::{Metric, MetricError, aggregation::Mean, batch::Values, wrappers::MinMax};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let mut loss = MinMax::new(Mean::new());
/// for value in [3.0, 1.0, 2.0] {
///     loss.update(&Values::new(Tensor::<1>::from_floats([value], &device)))?;
///     loss.compute()?;
///     loss.reset();
/// }
/// loss.update(&Values::new(Tensor::<1>::from_floats([2.5], &device)))?;
/// let value = loss.compute()?;
/// assert_eq!((value.raw, value.min, value.max), (2.5, 1.0, 3.0));
/// # Ok::<(), MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MinMax<M: Metric> {
    state: MetricState<M>,
    min: f64,
    max: f64,
}

/// A value of [`MinMax`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MinMaxValue {
    /// The metric's value.
    #[serde(with = "crate::number")]
    pub raw: f64,
    /// The smallest so far.
    #[serde(with = "crate::number")]
    pub min: f64,
    /// The largest so far.
    #[serde(with = "crate::number")]
    pub max: f64,
}

/// What a [`MinMax`] has accumulated, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedMinMax<S> {
    state: SavedState<S>,
    #[serde(with = "crate::number")]
    min: f64,
    #[serde(with = "crate::number")]
    max: f64,
}

impl<M: Metric> MinMax<M> {
    /// A metric without data.
    pub fn new(metric: M) -> Self {
        Self::of(metric.state())
    }

    /// A state that may have data and options of its own.
    pub fn of(state: MetricState<M>) -> Self {
        Self {
            state,
            min: f64::NAN,
            max: f64::NAN,
        }
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// As [`MetricState::update`].
    pub fn update(&mut self, batch: &BatchOf<M>) -> Result<(), MetricError> {
        self.state.update(batch)
    }

    /// Adds a batch. The batch's own value is `raw`, and counts for the extremes.
    ///
    /// # Errors
    /// As [`MetricState::forward`].
    pub fn forward(&mut self, batch: &BatchOf<M>) -> Result<MinMaxValue, MetricError> {
        let value = self.state.forward(batch)?.scalar();
        self.seen(value)
    }

    /// The value of everything since the last reset, and the extremes, in which this value counts.
    ///
    /// # Errors
    /// As [`MetricState::compute`].
    pub fn compute(&mut self) -> Result<MinMaxValue, MetricError> {
        let value = self.state.compute()?.scalar();
        self.seen(value)
    }

    /// The data and the extremes, to write them to a file.
    ///
    /// # Errors
    /// As [`MetricState::save`].
    pub fn save(&mut self) -> Result<SavedMinMax<SummaryOf<M>>, MetricError> {
        Ok(SavedMinMax {
            state: self.state.save()?,
            min: self.min,
            max: self.max,
        })
    }

    /// Takes what was [saved](Self::save) in place of the data and the extremes.
    ///
    /// # Errors
    /// As [`MetricState::restore`]; nothing is then changed.
    pub fn restore(&mut self, saved: &SavedMinMax<SummaryOf<M>>) -> Result<(), MetricError> {
        self.state.restore(&saved.state)?;
        (self.min, self.max) = (saved.min, saved.max);
        Ok(())
    }

    /// Forgets the data and keeps the extremes.
    pub fn reset(&mut self) {
        self.state.reset();
    }

    /// Forgets the data and the extremes.
    pub fn reset_all(&mut self) {
        self.reset();
        (self.min, self.max) = (f64::NAN, f64::NAN);
    }

    fn seen(&mut self, value: Option<f64>) -> Result<MinMaxValue, MetricError> {
        let raw = value.ok_or_else(|| {
            let name = self.state.metric().name();
            MetricError::wrong_value(name, "is not one number and has no extremes")
        })?;
        // Of a number and NaN, these are the number.
        (self.min, self.max) = (self.min.min(raw), self.max.max(raw));
        Ok(MinMaxValue {
            raw,
            min: self.min,
            max: self.max,
        })
    }
}
