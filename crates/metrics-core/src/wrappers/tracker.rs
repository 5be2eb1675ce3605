use crate::{MetricError, MetricInfo, MetricReport};
use serde::{Deserialize, Serialize};

/// A metric's best value, and when it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The value.
    #[serde(with = "crate::number")]
    pub value: f64,
    /// The step, counted from 0 in the order of the reports.
    pub step: usize,
}

impl MetricInfo {
    /// The best of values with their steps, by the metric's direction; of equal values the first. NaN is
    /// never best. `None` if there is no value but NaN, or if the metric has no direction.
    pub fn best(&self, values: impl IntoIterator<Item = (usize, f64)>) -> Option<Best> {
        let higher = self.higher_is_better?;
        values
            .into_iter()
            .filter(|(_, value)| !value.is_nan())
            .map(|(step, value)| Best { value, step })
            .reduce(|best, next| {
                let better = if higher {
                    next.value > best.value
                } else {
                    next.value < best.value
                };
                if better { next } else { best }
            })
    }
}

/// The reports of a collection over time, such as one per epoch: all values, and the best with its
/// step. Serde saves it.
///
/// A metric that failed, or was not in a report, has no value at that step. NaN is
/// never the best. Neither affects the other steps. Of equal values the first is the best.
/// The direction is the metric's own, or what [`maximize`](Self::maximize) says; without a
/// direction there is no best value.
///
/// It holds values only, so a tracker costs no device memory. Reports may come from a collection, or
/// from a training: `tracker.extend(results.epochs(..).map(|epoch| epoch.report))`.
///
/// Reference: TorchMetrics 1.9.0 `MetricTracker`: `increment` and `compute` are one
/// [`push`](Self::push), `compute_all` is [`values`](Self::values), and `best_metric(return_step=True)`
/// is [`best`](Self::best). There a NaN makes the best value NaN, and a metric without direction is an
/// error of the constructor.
///
/// ```
/// use metrics_core::{
///     MetricCollection, MetricError, batch::Regression, regression::MeanSquaredError,
///     wrappers::Tracker,
/// };
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let mut metrics = MetricCollection::new().with(MeanSquaredError::new());
/// let mut tracker = Tracker::new(metrics.metrics());
/// for error in [3.0, 1.0, 2.0] {
///     let pred = Tensor::<1>::from_floats([error], &device);
///     metrics.update(&Regression::new(pred.clone(), pred.zeros_like())?)?;
///     tracker.push(metrics.compute()?);
///     metrics.reset();
/// }
/// let best = tracker.best("mean_squared_error").unwrap();
/// assert_eq!((best.value, best.step), (1.0, 1));
/// assert_eq!(tracker.values("mean_squared_error"), [Some(9.0), Some(1.0), Some(4.0)]);
/// # Ok::<(), MetricError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracker {
    metrics: Vec<MetricInfo>,
    reports: Vec<MetricReport>,
}

impl Tracker {
    /// A tracker without reports, for these metrics: see
    /// [`MetricCollection::metrics`](crate::MetricCollection::metrics).
    pub fn new(metrics: Vec<MetricInfo>) -> Self {
        Self {
            metrics,
            reports: Vec::new(),
        }
    }

    /// Says whether the larger values of a metric are the better ones.
    ///
    /// # Errors
    /// [`MetricError::UnknownName`].
    pub fn maximize(mut self, name: &str, larger_is_better: bool) -> Result<Self, MetricError> {
        let Some(info) = self.metrics.iter_mut().find(|info| info.name == name) else {
            let known = self.metrics.into_iter().map(|info| info.name);
            return Err(MetricError::unknown_name(name, known));
        };
        info.higher_is_better = Some(larger_is_better);
        Ok(self)
    }

    /// Adds the next step's report.
    pub fn push(&mut self, report: MetricReport) {
        self.reports.push(report);
    }

    /// The reports, in their order.
    pub fn reports(&self) -> &[MetricReport] {
        &self.reports
    }

    /// The number of a metric at each step, or of a class by its flat name (see
    /// [`MetricReport::scalars`]); `None` for a step without a number.
    pub fn values(&self, name: &str) -> Vec<Option<f64>> {
        let number = |report: &MetricReport| {
            report.scalar(name).or_else(|| {
                let scalars = report.scalars();
                Some(scalars.iter().find(|(flat, _)| flat == name)?.1)
            })
        };
        self.reports.iter().map(number).collect()
    }

    /// The best value of a metric with its step.
    pub fn best(&self, name: &str) -> Option<Best> {
        let numbers = self.reports.iter().enumerate();
        let numbers = numbers.filter_map(|(step, report)| Some((step, report.scalar(name)?)));
        self.info(name)?.best(numbers)
    }

    /// The best value of each class of a metric with its step; empty if the metric never had values per class.
    pub fn best_per_class(&self, name: &str) -> Vec<Option<Best>> {
        let lists = self.reports.iter().enumerate();
        let lists: Vec<_> = lists
            .filter_map(|(step, report)| Some((step, report.get(name)?.per_class()?)))
            .collect();
        let classes = lists.iter().map(|(_, list)| list.len()).max().unwrap_or(0);
        let of_class = |class: usize| {
            let values = lists.iter();
            let values = values.filter_map(|(step, list)| Some((*step, *list.get(class)?)));
            self.info(name)?.best(values)
        };
        (0..classes).map(of_class).collect()
    }

    /// The best value of every metric that is one number, by name; `None` if there is no best value.
    pub fn best_all(&self) -> Vec<(&str, Option<Best>)> {
        let scalars = self.metrics.iter().filter(|info| info.is_scalar);
        scalars
            .map(|info| (info.name.as_str(), self.best(&info.name)))
            .collect()
    }

    /// Forgets the reports.
    pub fn reset(&mut self) {
        self.reports.clear();
    }

    fn info(&self, name: &str) -> Option<&MetricInfo> {
        self.metrics.iter().find(|info| info.name == name)
    }
}

impl Extend<MetricReport> for Tracker {
    fn extend<I: IntoIterator<Item = MetricReport>>(&mut self, reports: I) {
        self.reports.extend(reports);
    }
}
