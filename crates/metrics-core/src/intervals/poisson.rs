//! The bootstrap of data that is not kept after the update.

use super::{
    Random, Replicates, Reweighted,
    bootstrap::{one, some_replicates},
    multinomial::Table,
    replicates::{replicate, tail},
};
use crate::{
    Accumulator, Batch, BatchOf, Estimate, Identity, Metric, MetricError, State, Summary,
    SummaryOf, Validation, Value,
    framework::{delta::read_all, limits::check_size, metric::validated},
};
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// A metric with an interval of its value. Each replicate counts each row `k` times, with `k` from a Poisson
/// distribution of mean 1: the number of times that a bootstrap of a large sample would draw the row.
///
/// For metrics whose summary does not say which elements it is made of, such as means and errors, and
/// for every other metric that takes weights. For metrics of counts, [`Bootstrap`](super::Bootstrap) costs nothing
/// per batch. An update costs one update per replicate. The weights `[replicates, rows]` are drawn on the host and
/// moved to the device at once; a batch's own weights are multiplied by them. A value costs one read of
/// all states. What several replicates need of a batch is computed once.
///
/// A seed and the same batches give the same replicates on every platform. All labels or outputs of a row have
/// the same weight. Reference: TorchMetrics 1.9.0 `BootStrapper` with `sampling_strategy="poisson"`,
/// which copies the rows instead of weighing them.
///
/// ```
/// use metrics_core::{aggregation::Mean, batch::Values, intervals::PoissonBootstrap};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let mut loss = PoissonBootstrap::new(Mean::new(), 200)?.level(0.9).seed(3);
/// for batch in [[0.3, 0.5, 0.2, 0.9], [0.4, 0.1, 0.8, 0.4]] {
///     loss.update(&Values::new(Tensor::<1>::from_floats(batch, &device)))?;
/// }
/// let value = loss.compute()?;
/// let estimate = value.estimate().expect("a mean is a number");
/// assert!((estimate.value - 0.45).abs() < 1e-6);
/// assert!(estimate.lower < 0.4 && 0.5 < estimate.upper);
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PoissonBootstrap<M: Metric> {
    metric: M,
    /// The data itself.
    observed: State<M::Accumulator>,
    replicates: Vec<State<M::Accumulator>>,
    level: f64,
    seed: u64,
    updates: u64,
    validation: Validation,
}

/// What a [`PoissonBootstrap`] has accumulated, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPoissonBootstrap<S> {
    identity: Identity,
    observed: S,
    replicates: Vec<S>,
    seed: u64,
    updates: u64,
}

impl<M: Metric> PoissonBootstrap<M>
where
    BatchOf<M>: Reweighted,
{
    /// A bootstrap of `replicates` replicates.
    ///
    /// # Errors
    /// [`MetricError::WeightsUnsupported`] if the metric takes no weights;
    /// [`MetricError::InvalidOption`] if there are no replicates.
    pub fn new(metric: M, replicates: usize) -> Result<Self, MetricError> {
        let state = State::new(metric.accumulator());
        crate::framework::state::weighs(state.accumulator())?;
        some_replicates(replicates)?;
        metric.validate()?;
        state.accumulator().validate()?;
        check_size(
            replicates,
            "replicates",
            &[size_of::<State<M::Accumulator>>()],
        )?;
        Ok(Self {
            metric,
            replicates: vec![state.clone(); replicates],
            observed: state,
            level: 0.95,
            seed: 0,
            updates: 0,
            validation: Validation::default(),
        })
    }

    /// The share of intervals that contain the true value; default 0.95.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// The seed of the replicates, for the batches that follow; default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What to do about invalid values in the data. [`Validation::Eager`] works as `Deferred`.
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// Adds a batch, without reading.
    ///
    /// # Errors
    /// If the batch does not fit; everything is then unchanged.
    pub fn update(&mut self, batch: &BatchOf<M>) -> Result<(), MetricError> {
        self.observed.check(batch)?;
        let rows = batch.rows();
        if batch.count_bound() == 0 {
            return Ok(());
        }
        let count = self.replicates.len();
        check_size(count, "replicates", &[rows, 4])?;
        let poisson = Table::poisson(1.0);
        // Each update has a generator of its own, so that a saved state goes on where it was.
        let first = Random::seed_from_u64(self.seed).next_u64();
        let mut random = Random::seed_from_u64(first.wrapping_add(self.updates));
        let mut weights = Vec::with_capacity(count * rows);
        weights.extend((0..count * rows).map(|_| poisson.pick(random.next_u32()) as f32));
        let weights = TensorData::new(weights, [count, rows]);
        let weights = Tensor::<2>::from_data(weights, &crate::batch::device_of(batch));
        // What is computed of the batch here goes with its copies.
        batch.share_scan();
        let row = |i| weights.clone().slice([i..i + 1, 0..rows]).reshape([rows]);
        let batches: Vec<_> = (0..count)
            .map(|i| batch.reweighted(row(i)))
            .collect::<Result<_, _>>()?;
        batches
            .iter()
            .try_for_each(|batch| self.observed.check(batch))?;
        self.updates = self.updates.wrapping_add(1);
        self.observed.update_checked(batch);
        for (state, batch) in self.replicates.iter_mut().zip(&batches) {
            state.update_checked(batch);
        }
        Ok(())
    }

    /// The value with its interval, between quantiles of the replicates. Reads all states at once.
    ///
    /// # Errors
    /// As [`estimates`](Self::estimates); [`MetricError::InvalidOption`] if there are several values.
    pub fn compute(&mut self) -> Result<Value, MetricError> {
        one(&self.estimates()?)
    }

    /// The value with its interval, or those of each class or output.
    ///
    /// # Errors
    /// As [`replicates`](Self::replicates), and [`MetricError::InvalidOption`] for a level outside
    /// `(0, 1)`.
    pub fn estimates(&mut self) -> Result<Vec<Estimate>, MetricError> {
        tail(self.level)?;
        self.replicates()?.percentile(self.level)
    }

    /// The replicates themselves.
    ///
    /// # Errors
    /// [`MetricError::Read`]; [`MetricError::InvalidData`], unless the validation is
    /// [`Validation::Ignore`]; the metric's own errors; [`MetricError::InvalidOption`] if the value is neither a
    /// number nor one number per class or output.
    pub fn replicates(&mut self) -> Result<Replicates, MetricError> {
        self.read()?;
        let summary = self.observed.folded();
        validated(summary.rejected(), self.validation)?;
        let observed = self.metric.finalize(summary)?;
        let undefined = self.metric.undefined(summary);
        let states = self.replicates.iter();
        Replicates::new(
            &observed,
            states.map(|state| replicate(&self.metric, undefined, state.folded())),
        )
    }

    /// The data, the replicates and the place in the sequence of random numbers, to write them to a file. Reads the device once.
    ///
    /// # Errors
    /// As [`State::summary`]; [`MetricError::Saved`] if the options of the metric are no data.
    pub fn save(&mut self) -> Result<SavedPoissonBootstrap<SummaryOf<M>>, MetricError> {
        let identity = self.observed.accumulator().identity();
        identity.check()?;
        self.read()?;
        let replicates = self.replicates.iter();
        Ok(SavedPoissonBootstrap {
            identity,
            observed: self.observed.folded().clone(),
            replicates: replicates.map(|state| state.folded().clone()).collect(),
            seed: self.seed,
            updates: self.updates,
        })
    }

    /// Takes what was [saved](Self::save) in place of the data, the replicates, the seed and the place
    /// in the sequence of random numbers.
    ///
    /// # Errors
    /// [`MetricError::MergeMismatch`] if it is of another metric, of other options, or of another number of
    /// replicates; as [`State::merge`]. Nothing is then changed.
    pub fn restore(
        &mut self,
        saved: &SavedPoissonBootstrap<SummaryOf<M>>,
    ) -> Result<(), MetricError> {
        let accumulator = self.observed.accumulator();
        accumulator.identity().check_saved(Some(&saved.identity))?;
        let [own, other] = [self.replicates.len(), saved.replicates.len()];
        if own != other {
            let text = |replicates| format!("{replicates} replicates");
            return Err(MetricError::MergeMismatch {
                left: text(own),
                right: text(other),
            });
        }
        let state = |summary| {
            let mut state = State::new(accumulator.clone());
            state.merge(summary).map(|()| state)
        };
        let observed = state(&saved.observed)?;
        let replicates = saved.replicates.iter().map(state);
        self.replicates = replicates.collect::<Result<_, _>>()?;
        self.observed = observed;
        (self.seed, self.updates) = (saved.seed, saved.updates);
        Ok(())
    }

    /// Forgets everything, and draws the same weights again.
    pub fn reset(&mut self) {
        self.observed.reset();
        self.replicates.iter_mut().for_each(State::reset);
        self.updates = 0;
    }

    fn read(&mut self) -> Result<(), MetricError> {
        let states = || std::iter::once(&self.observed).chain(&self.replicates);
        let pending: Vec<_> = states().map(State::pending).collect::<Result<_, _>>()?;
        let counts: Vec<usize> = pending.iter().map(Vec::len).collect();
        let pending: Vec<_> = pending.into_iter().flatten().collect();
        if pending.is_empty() {
            return Ok(());
        }
        let mut data = read_all(&pending)?.into_iter();
        let states = std::iter::once(&mut self.observed).chain(&mut self.replicates);
        for (state, count) in states.zip(counts) {
            let data: Vec<_> = data.by_ref().take(count).collect();
            state.fold(&data);
        }
        Ok(())
    }
}
