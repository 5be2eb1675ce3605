//! The bootstrap of what was accumulated.

use super::{
    Elements, Random, Replicates, Resample, Resampled,
    replicates::{replicate, tail},
};
use crate::framework::limits::check_size;
use crate::{Accumulator, Estimate, Metric, MetricError, Summary, SummaryOf, Value};
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

/// How replicates become an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BootstrapMethod {
    /// Between two quantiles of the replicates.
    #[default]
    Percentile,
    /// Between two quantiles that are moved by the bias of the replicates and by how the spread of the
    /// value grows with the value (Efron 1987, "Better bootstrap confidence intervals"). Better for a
    /// value near the end of its range; costs one more value for each distinct kind of element.
    Bca,
}

/// A metric with an interval of its value. Draws `n` elements with replacement from the `n` accumulated
/// elements, again and again (Efron's bootstrap).
///
/// Made by [`Metric::bootstrap`]. It is a metric itself: in a [`MetricCollection`](crate::MetricCollection)
/// its value is a [`Value::Estimate`]. Nothing is drawn before the value is computed, on the host, from the
/// counts: 1000 replicates of a confusion matrix of ten classes take milliseconds, whatever the number of
/// elements.
/// A metric that needs only the margins of a matrix accumulates the whole matrix, to draw from it. Metrics of
/// exact curves draw rows, so that 1000 replicates take 1000 times as long as the value.
///
/// Replicates are the same for a seed, on every platform and for any number of threads. The interval of a
/// metric with a value per class, and more than the interval, is in [`estimates`](Self::estimates) and
/// [`replicates`](Self::replicates). Elements must be independent of each other, as the pixels of an image
/// are not. Reference: TorchMetrics 1.9.0 `BootStrapper`, which updates a copy of the metric per
/// replicate and resamples batch by batch.
///
/// ```
/// use metrics_core::{Metric, batch::Multiclass, classification::F1Score};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let pred = Tensor::<1, Int>::from_ints([0, 1, 2, 1, 0, 2, 2, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 1, 2, 2, 0, 2, 1, 1], &device);
/// let batch = Multiclass::from_labels(pred, target)?;
///
/// let value = F1Score::multiclass(3).bootstrap(1000).level(0.9).evaluate(&batch)?;
/// let estimate = value.estimate().expect("a scalar has one interval");
/// assert_eq!(value.scalar(), F1Score::multiclass(3).evaluate(&batch)?.scalar());
/// assert!(estimate.lower < estimate.value && estimate.value < estimate.upper);
/// println!("{value}"); // 0.7778 [0.4444, 1.0000]
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap<M> {
    metric: M,
    replicates: usize,
    level: f64,
    seed: u64,
    method: BootstrapMethod,
}

impl<M> Bootstrap<M> {
    pub(crate) fn new(metric: M, replicates: usize) -> Self {
        Self {
            metric,
            replicates,
            level: 0.95,
            seed: 0,
            method: BootstrapMethod::default(),
        }
    }

    /// The share of intervals that contain the true value; default 0.95.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Another seed draws other replicates; default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How replicates become the interval; default [`BootstrapMethod::Percentile`].
    pub fn method(mut self, method: BootstrapMethod) -> Self {
        self.method = method;
        self
    }
}

impl<M> Bootstrap<M>
where
    M: Metric,
    M::Accumulator: Resampled,
{
    /// The replicates themselves.
    ///
    /// # Errors
    /// As [`estimates`](Self::estimates).
    pub fn replicates(&self, summary: &SummaryOf<M>) -> Result<Replicates, MetricError> {
        let observed = self.metric.finalize(summary)?;
        self.draw(&observed, summary, &self.elements(summary)?)
    }

    /// The value with its interval, or those of each class.
    ///
    /// # Errors
    /// The metric's own errors; [`MetricError::InvalidOption`] if there are no replicates, the level is not
    /// between 0 and 1, the value is neither a number nor one per class, or the summary does not say
    /// which elements it is made of.
    pub fn estimates(&self, summary: &SummaryOf<M>) -> Result<Vec<Estimate>, MetricError> {
        tail(self.level)?;
        let observed = self.metric.finalize(summary)?;
        let elements = self.elements(summary)?;
        let replicates = self.draw(&observed, summary, &elements)?;
        match self.method {
            BootstrapMethod::Percentile => replicates.percentile(self.level),
            BootstrapMethod::Bca => {
                let kinds = elements.kinds().into_par_iter();
                let values = kinds
                    .map(|(count, kind)| (count, self.metric.finalize(&elements.without(&kind))));
                replicates.bca(self.level, values.collect())
            }
        }
    }

    fn elements(
        &self,
        summary: &SummaryOf<M>,
    ) -> Result<<SummaryOf<M> as Resample>::Elements, MetricError> {
        let empty = self.metric.accumulator().empty();
        empty.room_for(summary)?;
        summary.elements(empty)
    }

    fn draw(
        &self,
        observed: &Value,
        summary: &SummaryOf<M>,
        elements: &<SummaryOf<M> as Resample>::Elements,
    ) -> Result<Replicates, MetricError> {
        let undefined = self.metric.undefined(summary);
        some_replicates(self.replicates)?;
        // Every replicate has a generator of its own, so that it does not matter which thread draws it.
        let mut seeds = Random::seed_from_u64(self.seed);
        let seeds: Vec<u64> = (0..self.replicates).map(|_| seeds.next_u64()).collect();
        let values: Vec<_> = (seeds.into_par_iter())
            .map(|seed| {
                let mut random = Random::seed_from_u64(seed);
                replicate(&self.metric, undefined, &elements.resample(&mut random))
            })
            .collect();
        Replicates::new(observed, values)
    }
}

impl<M> Metric for Bootstrap<M>
where
    M: Metric,
    M::Accumulator: Resampled,
{
    type Accumulator = M::Accumulator;

    fn name(&self) -> String {
        format!("{}_bootstrap", self.metric.name())
    }

    fn accumulator(&self) -> M::Accumulator {
        self.metric.accumulator().resampled()
    }

    fn validate(&self) -> Result<(), MetricError> {
        tail(self.level)?;
        some_replicates(self.replicates)?;
        self.metric.validate()
    }

    fn finalize(&self, summary: &SummaryOf<M>) -> Result<Value, MetricError> {
        let estimates = self.estimates(summary)?;
        one(&estimates)
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.metric.higher_is_better()
    }

    fn is_scalar(&self) -> bool {
        self.metric.is_scalar()
    }
}

/// Fails if there are no replicates.
pub(super) fn some_replicates(replicates: usize) -> Result<(), MetricError> {
    if replicates > 0 {
        // A seed, a value, and its place among the sorted ones.
        return check_size(replicates, "replicates", &[64]);
    }
    Err(MetricError::InvalidOption(
        "a bootstrap needs replicates".into(),
    ))
}

/// The value, if it is a single interval.
pub(super) fn one(estimates: &[Estimate]) -> Result<Value, MetricError> {
    match estimates {
        [estimate] => Ok(Value::Estimate(*estimate)),
        _ => Err(MetricError::InvalidOption(format!(
            "{} intervals are no single value; `estimates` has them",
            estimates.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::Binary,
        classification::{Auroc, F1Score},
        intervals::PoissonBootstrap,
    };
    use burn::tensor::{Int, Tensor};

    #[test]
    fn replicates_are_those_of_the_seed_whatever_the_threads_and_the_platform() {
        // Cells that are drawn from tables, one by one, and by conditional binomials.
        let f1 = F1Score::multiclass(3).bootstrap(100).seed(7);
        let mut counts = f1.accumulator().empty();
        let cells = [5000, 30, 4, 0, 90, 300, 1, 2, 700];
        counts.tally.counts.copy_from_slice(&cells);
        let drawn = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| f1.replicates(&counts).unwrap())
        };
        assert_eq!(drawn(1), drawn(3));
        let replicates = drawn(2);
        assert_ne!(replicates, f1.clone().seed(8).replicates(&counts).unwrap());
        let first = &replicates.raw()[0][..3];
        let pinned = [0.739719450376415, 0.7151025048289618, 0.7324984970461307];
        assert_eq!(first, pinned);
    }

    /// Two positives that score highest: each replicate that has a positive and a negative has an
    /// area of 1.
    #[test]
    fn replicates_without_positives_have_no_area() {
        let device = burn::tensor::Device::default();
        let scores = Tensor::<1>::from_floats([0.9, 0.8, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0], &device);
        let target = Tensor::<1, Int>::from_ints([1, 1, 0, 0, 0, 0, 0, 0], &device);
        let batch = Binary::from_scores(scores, target).unwrap();
        let value = Auroc::binary().bootstrap(1000).evaluate(&batch).unwrap();
        let interval = value.estimate().unwrap();
        assert_eq!([interval.lower, interval.upper], [1.0, 1.0]);
        let mut poisson = PoissonBootstrap::new(Auroc::binary(), 100).unwrap();
        poisson.update(&batch).unwrap();
        let raw = poisson.replicates().unwrap().raw().to_vec();
        assert!(
            raw.iter()
                .flatten()
                .all(|area| *area == 1.0 || area.is_nan())
        );
        assert!(raw.iter().flatten().any(|area| area.is_nan()));
    }
}
