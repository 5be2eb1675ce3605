//! Several metrics over the same batches: one state per distinct accumulator, one device read.

// Longer than most: one type with its whole interface, a third of it documentation.

mod erased;

use crate::{
    Accumulator, Batch, HostDelta, Metric, MetricError, MetricReport, Rejected, Validation,
    framework::{
        delta::{Live, read_all},
        metric::validated,
        state::{Deltas, Folded},
    },
};
use erased::{AnyMetric, AnyState, Saved};
use serde::{Deserialize, Serialize};
use std::{any::Any, fmt};

struct Member {
    name: String,
    metric: Box<dyn AnyMetric>,
    /// Index of its state.
    state: usize,
    /// The names of its classes, if they differ from the collection's.
    class_names: Option<Vec<String>>,
}

impl Clone for Member {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            metric: self.metric.clone_box(),
            state: self.state,
            class_names: self.class_names.clone(),
        }
    }
}

/// What a collection knows of a metric without computing it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricInfo {
    /// The name in the collection.
    pub name: String,
    /// Whether larger is better, where that has a meaning.
    pub higher_is_better: Option<bool>,
    /// Whether its value is a single number.
    pub is_scalar: bool,
}

/// The version of the layout of [`CollectionSummary`]. Each state has a version of its own, in its identity.
const FORMAT: u32 = 1;

/// What a collection has accumulated, as data: save it, send it to another process, merge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionSummary {
    /// The version of the file's layout; 0 if the file names none.
    #[serde(default)]
    format: u32,
    states: Vec<Saved>,
}

impl CollectionSummary {
    fn check(&self) -> Result<(), MetricError> {
        match self.format {
            FORMAT => Ok(()),
            0 => Err(MetricError::saved(format!(
                "it was saved by a version before format {FORMAT}"
            ))),
            format => Err(MetricError::saved(format!(
                "it has format {format}, and this version reads format {FORMAT}"
            ))),
        }
    }
}

/// Metrics over the same batches.
///
/// Metrics whose accumulators are equal share one state, so ten metrics of a confusion matrix
/// cost one update. One compute reads all states in one device read.
///
/// ```
/// use metrics_core::{
///     MetricCollection, batch::Multiclass,
///     classification::{Accuracy, Average, CohenKappa, F1Score},
/// };
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let mut metrics = MetricCollection::new()
///     .with(Accuracy::multiclass(3).average(Average::Micro))
///     .with(F1Score::multiclass(3))
///     .named("kappa", CohenKappa::multiclass(3));
///
/// let pred = Tensor::<1, Int>::from_ints([0, 1, 2, 1], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 1, 2, 2], &device);
/// metrics.update(&Multiclass::from_labels(pred, target)?)?;
///
/// let report = metrics.compute()?;
/// assert_eq!(report.scalar("accuracy_micro"), Some(0.75));
/// println!("{report}");
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub struct MetricCollection<B: Batch> {
    members: Vec<Member>,
    states: Vec<Box<dyn AnyState<B>>>,
    /// What all states keep on devices.
    deltas: Deltas,
    validation: Validation,
    class_names: Vec<String>,
    reads: u64,
    /// A mistake made while building, returned by whatever is called next.
    mistake: Option<MetricError>,
}

impl<B: Batch> Default for MetricCollection<B> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            states: Vec::new(),
            deltas: Deltas::new(0),
            validation: Validation::default(),
            class_names: Vec::new(),
            reads: 0,
            mistake: None,
        }
    }
}

/// Clones the state too; see [`MetricCollection::fresh`] for a collection without state.
impl<B: Batch> Clone for MetricCollection<B> {
    fn clone(&self) -> Self {
        Self {
            members: self.members.clone(),
            states: self.states.iter().map(|state| state.clone_box()).collect(),
            deltas: self.deltas.clone(),
            validation: self.validation,
            class_names: self.class_names.clone(),
            reads: self.reads,
            mistake: self.mistake.clone(),
        }
    }
}

impl<B: Batch> fmt::Debug for MetricCollection<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricCollection")
            .field(
                "metrics",
                &self.members.iter().map(|m| &m.name).collect::<Vec<_>>(),
            )
            .field("states", &self.states.len())
            .finish()
    }
}

impl<B: Batch> MetricCollection<B> {
    /// A collection without metrics.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a metric under its own name.
    ///
    /// If the name is taken, the next `update` or `compute` fails with
    /// [`MetricError::DuplicateName`].
    pub fn with<M>(self, metric: M) -> Self
    where
        M: Metric,
        M::Accumulator: Accumulator<Batch = B>,
    {
        let name = metric.name();
        self.named(name, metric)
    }

    /// Adds a metric under a name of your choice.
    pub fn named<M>(mut self, name: impl Into<String>, metric: M) -> Self
    where
        M: Metric,
        M::Accumulator: Accumulator<Batch = B>,
    {
        let name = name.into();
        if self.members.iter().any(|member| member.name == name) {
            self.mistake.get_or_insert(MetricError::DuplicateName(name));
            return self;
        }
        let metric_accumulator = metric.accumulator();
        let valid = metric.validate();
        if let Err(error) = valid.and_then(|()| metric_accumulator.validate()) {
            self.mistake.get_or_insert(error.of_metric(&name));
            return self;
        }
        let own = |state: &dyn AnyState<B>| {
            let accumulator = state.accumulator().downcast_ref::<M::Accumulator>()?;
            (accumulator.covers(&metric_accumulator) || metric_accumulator.covers(accumulator))
                .then(|| accumulator.covers(&metric_accumulator))
        };
        let shared = (self.states.iter().enumerate())
            .find_map(|(index, state)| Some((index, own(&**state)?)));
        let state = match shared {
            Some((index, true)) => index,
            Some((index, false)) => {
                if !(self.deltas.is_fresh() && self.states[index].is_empty()) {
                    self.mistake.get_or_insert(MetricError::InvalidOption(format!(
                        "`{name}` needs more than its state has counted so far; add it before the first batch"
                    )));
                }
                self.states[index] = Box::new(Folded::new(metric_accumulator));
                index
            }
            None => {
                self.states.push(Box::new(Folded::new(metric_accumulator)));
                self.deltas.grow(self.states.len());
                self.states.len() - 1
            }
        };
        self.members.push(Member {
            name,
            metric: Box::new(metric),
            state,
            class_names: None,
        });
        self
    }

    /// What to do about invalid values in the data.
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// Names the classes, labels or outputs, in their order. Reports then show
    /// `cat 0.9100, dog 0.8700` for a metric with a value per class, and
    /// [`MetricReport::scalars`] has `accuracy_cat`.
    ///
    /// If a metric has another number of classes, its classes have their numbers and no names.
    /// For classes of another task see [`class_names_of`](Self::class_names_of).
    ///
    /// ```
    /// use metrics_core::{
    ///     MetricCollection, batch::Multiclass,
    ///     classification::{Accuracy, Average},
    /// };
    /// use burn::tensor::{Device, Int, Tensor};
    ///
    /// let mut metrics = MetricCollection::new()
    ///     .named("accuracy", Accuracy::multiclass(2).average(Average::None))
    ///     .class_names(["cat", "dog"]);
    /// let device = Device::default();
    /// let pred = Tensor::<1, Int>::from_ints([0, 1, 0], &device);
    /// let target = Tensor::<1, Int>::from_ints([0, 1, 1], &device);
    /// metrics.update(&Multiclass::from_labels(pred, target)?)?;
    /// let report = metrics.compute()?;
    /// assert_eq!(report.to_string(), "accuracy  cat 1.0000, dog 0.5000");
    /// assert_eq!(report.scalars(), [("accuracy_cat".to_string(), 1.0), ("accuracy_dog".to_string(), 0.5)]);
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    pub fn class_names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.class_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Names the classes of one metric, in place of the collection's
    /// [`class_names`](Self::class_names).
    ///
    /// If no metric has this name, the next `update` or `compute` fails with
    /// [`MetricError::UnknownName`].
    pub fn class_names_of<N: Into<String>>(
        mut self,
        metric: &str,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        match self.members.iter_mut().find(|member| member.name == metric) {
            Some(member) => {
                member.class_names = Some(names.into_iter().map(Into::into).collect());
            }
            None => {
                let known = self.members.iter().map(|member| member.name.clone());
                let unknown = MetricError::unknown_name(metric, known);
                self.mistake.get_or_insert(unknown);
            }
        }
        self
    }

    /// Compiles what these metrics need on the device of a batch, so that the first step does not wait for it.
    ///
    /// A GPU compiles a kernel at its first use, which takes from a tenth of a second to a second for each. This takes two steps
    /// and the values of empty states of the same metrics, whose results are dropped; the states of this collection
    /// stay as they are. The batch should have the shapes and the dtypes of those to come. What only another size needs is
    /// compiled when it comes.
    ///
    /// ```
    /// use burn::tensor::{Device, Int, Tensor};
    /// use metrics_core::prelude::*;
    ///
    /// let device = Device::default();
    /// let mut metrics = MetricCollection::new().with(Accuracy::multiclass(3)).with(Auroc::multiclass(3));
    /// let scores = Tensor::<2>::zeros([64, 3], &device);
    /// let target = Tensor::<1, Int>::zeros([64], &device);
    /// metrics.warm(&Multiclass::from_scores(scores, target)?)?;
    /// assert!(metrics.compute()?.scalar("accuracy").is_none(), "no batch has been counted");
    /// # Ok::<(), MetricError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`update`](Self::update). A metric that has no value for this batch is no error.
    pub fn warm(&self, batch: &B) -> Result<(), MetricError> {
        let mut rehearsal = self.fresh();
        rehearsal.update(batch)?;
        rehearsal.update(batch)?;
        rehearsal.compute().map(drop)
    }

    /// The same metrics with empty states, for another split.
    pub fn fresh(&self) -> Self {
        Self {
            members: self.members.clone(),
            states: self.states.iter().map(|state| state.fresh()).collect(),
            deltas: Deltas::new(self.states.len()),
            validation: self.validation,
            class_names: self.class_names.clone(),
            reads: 0,
            mistake: self.mistake.clone(),
        }
    }

    /// The metrics in their order.
    pub fn metrics(&self) -> Vec<MetricInfo> {
        self.members
            .iter()
            .map(|member| MetricInfo {
                name: member.name.clone(),
                higher_is_better: member.metric.higher_is_better(),
                is_scalar: member.metric.is_scalar(),
            })
            .collect()
    }

    /// The [options](Metric::options) of the metrics in their order.
    pub fn options(&self) -> Vec<String> {
        self.members.iter().map(|m| m.metric.options()).collect()
    }

    /// How many states the metrics share.
    pub fn state_count(&self) -> usize {
        self.states.len()
    }

    /// How often this collection has read from its devices.
    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// A mistake made while building, such as a name used twice.
    ///
    /// # Errors
    /// [`MetricError::DuplicateName`], [`MetricError::InvalidOption`], [`MetricError::UnknownName`] (of
    /// [`class_names_of`](Self::class_names_of)); [`MetricError::Interrupted`] after a
    /// metric has panicked, until [`reset`](Self::reset).
    pub fn check(&self) -> Result<(), MetricError> {
        match &self.mistake {
            Some(mistake) => Err(mistake.clone()),
            None => self.deltas.intact(),
        }
    }

    /// Adds a batch to every state, without reading (unless the validation is
    /// [`Validation::Eager`]).
    ///
    /// # Errors
    /// [`MetricError::Refused`] if the batch does not fit one of the metrics, with their names; every state is
    /// then unchanged.
    pub fn update(&mut self, batch: &B) -> Result<(), MetricError> {
        self.check()?;
        for (index, state) in self.states.iter().enumerate() {
            self.deltas.check(state.count_bound(batch))?;
            state
                .check(batch)
                .map_err(|cause| self.refused(index, cause))?;
        }
        if self.validation == Validation::Eager {
            let mut trial = self.fresh();
            trial.accumulate(batch);
            trial.read()?;
            self.reads += trial.reads;
            for addition in &trial.states {
                validated(addition.rejected(), self.validation)
                    .map_err(|error| error.with_labels(batch))?;
            }
            return self.add(trial.states.iter().map(|state| state.summary()));
        }
        self.accumulate(batch);
        Ok(())
    }

    /// An error of a state, with the names of the metrics that share it.
    fn refused(&self, state: usize, cause: MetricError) -> MetricError {
        let of_state = self.members.iter().filter(|member| member.state == state);
        MetricError::Refused {
            metrics: of_state.map(|member| member.name.clone()).collect(),
            cause: Box::new(cause),
        }
    }

    fn accumulate(&mut self, batch: &B) {
        self.deltas.begin();
        for state in &mut self.states {
            state.add(batch);
        }
        let bounds = self.states.iter().map(|state| state.count_bound(batch));
        let bound = bounds.max().unwrap_or(0);
        let states = &self.states;
        self.deltas.update(batch.device(), bound, |deltas| {
            for (state, delta) in states.iter().zip(deltas) {
                state.update(delta, batch);
            }
        });
        self.deltas.end();
    }

    /// Reads every state in one device read.
    fn read(&mut self) -> Result<(), MetricError> {
        Self::read_together(&mut [self]).map(|_| ())
    }

    /// Reads the states of several collections in one device read, so that the next
    /// [`compute`](Self::compute) or [`absorb`](Self::absorb) reads nothing. Returns whether there
    /// was anything to read.
    ///
    /// # Errors
    /// [`MetricError::Read`], or what [`check`](Self::check) says of one of them; every collection is
    /// then unchanged.
    pub fn read_together(collections: &mut [&mut Self]) -> Result<bool, MetricError> {
        Self::read_states(collections, false)
    }

    /// Reads what values are made of. Of a state that can be condensed, it reads the condensed one.
    fn read_for_values(&mut self) -> Result<(), MetricError> {
        Self::read_states(&mut [self], true).map(|_| ())
    }

    fn read_states(collections: &mut [&mut Self], for_values: bool) -> Result<bool, MetricError> {
        for collection in collections.iter() {
            collection.check()?;
        }
        let small: Vec<Option<Live>> = (collections.iter())
            .map(|collection| for_values.then(|| collection.condensed())?)
            .collect();
        let pending: Vec<Vec<&Live>> = (collections.iter().zip(&small))
            .map(|(collection, small)| match small {
                Some(live) => vec![live],
                // What has been looked at is not read again for values.
                None if for_values && collection.has_views() => vec![],
                None => collection.deltas.pending(),
            })
            .collect();
        let unread = |live: &&&Live| !live.is_empty();
        let all: Vec<&Live> = (pending.iter().flatten()).filter(unread).copied().collect();
        let counts: Vec<usize> = (pending.iter())
            .map(|own| own.iter().filter(unread).count())
            .collect();
        let any = !all.is_empty();
        let data = read_all(&all)?;
        let mut data = data.iter();
        for ((collection, small), count) in collections.iter_mut().zip(&small).zip(counts) {
            let own: Vec<&Vec<HostDelta>> = data.by_ref().take(count).collect();
            collection.reads += u64::from(count > 0);
            if for_values && small.is_none() && collection.has_views() {
                continue;
            }
            collection.deltas.begin();
            for (index, state) in collection.states.iter_mut().enumerate() {
                let deltas: Vec<&HostDelta> = own.iter().map(|deltas| &deltas[index]).collect();
                if small.is_some() {
                    state.look(&deltas);
                } else {
                    state.fold(&deltas);
                }
            }
            if small.is_none() {
                collection.deltas.clear();
            }
            collection.deltas.end();
        }
        Ok(any)
    }

    fn has_views(&self) -> bool {
        self.states.iter().any(|state| state.has_view())
    }

    /// What to read to make values, if some state can be condensed. All states then stay on the
    /// device.
    fn condensed(&self) -> Option<Live> {
        if self.has_views() {
            return None;
        }
        let live = self.deltas.only()?;
        live.condensed(|state, delta| self.states[state].condensed(delta))
    }

    /// Adds what another collection of the same metrics has accumulated, such as the next segment
    /// of an epoch. Reads the other's device if it has unread batches.
    ///
    /// # Errors
    /// [`MetricError::Read`]; [`MetricError::Saved`] or [`MetricError::MergeMismatch`] if it is a
    /// collection of other metrics, [`MetricError::TooManyElements`]: nothing is then added. The error of a summary of your own that fails
    /// to merge: if other summaries have merged before it, the collection refuses to go on until
    /// [`reset`](Self::reset).
    pub fn absorb(&mut self, other: &mut Self) -> Result<(), MetricError> {
        self.check()?;
        other.read()?;
        if other.states.len() != self.states.len() {
            return Err(MetricError::saved(format!(
                "it has {} states, the collection has {}",
                other.states.len(),
                self.states.len()
            )));
        }
        for (state, addition) in self.states.iter().zip(&other.states) {
            state.same(&**addition)?;
        }
        self.add(other.states.iter().map(|state| state.summary()))
    }

    /// Adds a summary to each state. If a merge fails after others have succeeded, the states
    /// disagree, and the collection refuses to go on.
    fn add<'a>(
        &mut self,
        summaries: impl Iterator<Item = &'a dyn Any> + Clone,
    ) -> Result<(), MetricError> {
        for (state, summary) in self.states.iter().zip(summaries.clone()) {
            state.room_for(summary)?;
        }
        for (i, (state, summary)) in self.states.iter_mut().zip(summaries).enumerate() {
            // Also if it panics.
            self.deltas.begin();
            if let Err(error) = state.merge(summary) {
                if i == 0 {
                    self.deltas.end();
                }
                return Err(error);
            }
        }
        self.deltas.end();
        Ok(())
    }

    /// The values of everything since the last reset. Reads the device once for all metrics.
    ///
    /// # Errors
    /// [`MetricError::Read`]. If a single metric has no value, its report entry has the reason.
    pub fn compute(&mut self) -> Result<MetricReport, MetricError> {
        self.compute_where(|_| true)
    }

    /// The values of the metrics whose names are `wanted`. The others cost nothing and are not in the report.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    pub fn compute_where(
        &mut self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<MetricReport, MetricError> {
        self.read_for_values()?;
        Ok(self.report(wanted))
    }

    /// Adds a batch and returns the values of that batch alone (TorchMetrics' `forward`).
    ///
    /// The batch is accumulated once: its state is read and merged into the summary, while what
    /// was accumulated before stays on the device.
    ///
    /// # Errors
    /// As [`update`](Self::update) and [`compute`](Self::compute).
    pub fn forward(&mut self, batch: &B) -> Result<MetricReport, MetricError> {
        self.check()?;
        let mut own = self.fresh();
        own.update(batch)?;
        own.read()?;
        let report = own.compute()?;
        self.reads += own.reads;
        self.add(own.states.iter().map(|state| state.summary()))?;
        Ok(report)
    }

    /// A report in which no metric has a value, for this reason.
    pub fn unavailable(&self, error: &MetricError) -> MetricReport {
        let mut report = MetricReport::default();
        for member in &self.members {
            report.push(&member.name, Err(error.clone()), Rejected::default(), &[]);
        }
        report
    }

    fn report(&self, wanted: impl Fn(&str) -> bool) -> MetricReport {
        let mut report = MetricReport::default();
        for member in self.members.iter().filter(|member| wanted(&member.name)) {
            let state = &self.states[member.state];
            let rejected = state.rejected();
            let value = validated(rejected, self.validation)
                .and_then(|()| member.metric.finalize(state.for_values()));
            let names = member.class_names.as_ref().unwrap_or(&self.class_names);
            report.push(&member.name, value, rejected, names);
        }
        report
    }

    /// What has been accumulated, as data. Reads the device once.
    ///
    /// # Errors
    /// [`MetricError::Read`].
    pub fn summary(&mut self) -> Result<CollectionSummary, MetricError> {
        self.read()?;
        let states = self
            .states
            .iter()
            .map(|state| state.save())
            .collect::<Result<_, _>>()?;
        Ok(CollectionSummary {
            format: FORMAT,
            states,
        })
    }

    /// Adds what a collection of the same metrics has accumulated elsewhere.
    ///
    /// # Errors
    /// [`MetricError::MergeMismatch`] or [`MetricError::Saved`] if it was another collection;
    /// [`MetricError::TooManyElements`]; what [`check`](Self::check) says. Every state is then unchanged.
    pub fn merge(&mut self, other: &CollectionSummary) -> Result<(), MetricError> {
        self.check()?;
        other.check()?;
        if other.states.len() != self.states.len() {
            return Err(MetricError::saved(format!(
                "it has {} states, the collection has {}",
                other.states.len(),
                self.states.len()
            )));
        }
        let parsed: Vec<_> = (self.states.iter().zip(&other.states))
            .map(|(state, saved)| state.parse(saved))
            .collect::<Result<_, _>>()?;
        self.add(parsed.iter().map(|summary| &**summary as &dyn Any))
    }

    /// Forgets everything that was accumulated.
    pub fn reset(&mut self) {
        self.deltas.reset();
        for state in &mut self.states {
            state.reset();
        }
    }

    /// Renames every metric to `prefix` + name + `postfix`.
    pub fn renamed(mut self, prefix: &str, postfix: &str) -> Self {
        for member in &mut self.members {
            member.name = format!("{prefix}{}{postfix}", member.name);
        }
        self
    }
}
