//! The running state of accumulators: what is on devices, and the summaries it folds into.

use crate::{
    Accumulator, Batch, Delta, HostDelta, MetricError, Rejected, Summary,
    framework::{
        delta::{Live, read_all},
        pass::requests,
    },
};
use burn::tensor::Device;

/// What one update may count at most: a device counter is an `i32`.
const COUNTER_LIMIT: usize = i32::MAX as usize;

/// Updates between two flushes of the device's queue, so that lazy backends do not pile up work.
const FLUSH_INTERVAL: u64 = 32;

/// What several accumulators keep on devices. Every device that batches come from has its own deltas.
#[derive(Debug, Clone)]
pub(crate) struct Deltas {
    states: usize,
    live: Vec<Live>,
    /// Deltas whose counters could have overflowed. They wait to be read.
    retired: Vec<Live>,
    updates: u64,
    counter_limit: usize,
    /// Whether a change has begun and not ended, because a metric panicked in it.
    interrupted: bool,
}

impl Deltas {
    /// Empty deltas of `states` accumulators.
    pub fn new(states: usize) -> Self {
        Self {
            states,
            live: Vec::new(),
            retired: Vec::new(),
            updates: 0,
            counter_limit: COUNTER_LIMIT,
            interrupted: false,
        }
    }

    /// Fails if a metric has panicked while it changed the state, until a reset.
    pub fn intact(&self) -> Result<(), MetricError> {
        if self.interrupted {
            return Err(MetricError::Interrupted);
        }
        Ok(())
    }

    /// Says that the states change from here to [`end`](Self::end). If the change panics, they are interrupted.
    pub fn begin(&mut self) {
        self.interrupted = true;
    }

    /// Ends what [`begin`](Self::begin) began.
    pub fn end(&mut self) {
        self.interrupted = false;
    }

    /// Makes room for more accumulators.
    pub fn grow(&mut self, states: usize) {
        self.states = states;
        for live in self.live.iter_mut().chain(&mut self.retired) {
            live.deltas.resize_with(states, Delta::default);
        }
    }

    /// Fails if a batch could overflow a counter by itself.
    pub fn check(&self, bound: usize) -> Result<(), MetricError> {
        if bound > self.counter_limit {
            return Err(MetricError::BatchTooLarge {
                rows: bound,
                limit: self.counter_limit,
            });
        }
        Ok(())
    }

    /// Adds a batch that raises no counter by more than `bound`: `update` collects what accumulators want of
    /// the batch, then the pass runs. A batch without a device is only counted.
    pub fn update(
        &mut self,
        device: Option<Device>,
        bound: usize,
        update: impl FnOnce(&mut [Delta]),
    ) {
        if bound == 0 {
            return;
        }
        self.updates += 1;
        let Some(device) = device else {
            return;
        };
        let index = match self.live.iter().position(|live| live.device == device) {
            Some(index) => index,
            None => {
                self.live.push(Live::new(device.clone(), self.states));
                self.live.len() - 1
            }
        };
        let live = &mut self.live[index];
        if live.bound > self.counter_limit - bound {
            let full = std::mem::replace(live, Live::new(device.clone(), self.states));
            self.retired.push(full);
        }
        let live = &mut self.live[index];
        update(&mut live.deltas);
        live.passes.run(requests(&mut live.deltas), &device);
        live.bound += bound;
        if self.updates.is_multiple_of(FLUSH_INTERVAL) {
            // A device that cannot flush says so when it is read.
            device.flush().ok();
        }
    }

    /// What has not been read.
    pub fn pending(&self) -> Vec<&Live> {
        self.retired.iter().chain(&self.live).collect()
    }

    /// What has not been read, if it is on one device.
    pub fn only(&self) -> Option<&Live> {
        match self.pending()[..] {
            [live] => Some(live),
            _ => None,
        }
    }

    /// Whether nothing has been added since the last reset.
    pub fn is_fresh(&self) -> bool {
        self.updates == 0
    }

    /// Forgets what has been read.
    pub fn clear(&mut self) {
        self.live.clear();
        self.retired.clear();
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.clear();
        self.updates = 0;
        self.interrupted = false;
    }
}

/// One accumulator and what it has added up on the host.
#[derive(Debug, Clone)]
pub(crate) struct Folded<A: Accumulator> {
    pub accumulator: A,
    pub summary: A::Summary,
    /// A summary to make values of while the state stays on the device. The next update drops it.
    view: Option<A::Summary>,
}

impl<A: Accumulator> Folded<A> {
    pub fn new(accumulator: A) -> Self {
        let summary = accumulator.empty();
        Self {
            accumulator,
            summary,
            view: None,
        }
    }

    /// Adds what was read, of each device.
    pub fn fold<'a>(&mut self, data: impl IntoIterator<Item = &'a HostDelta>) {
        for delta in data {
            self.accumulator.fold(delta, &mut self.summary);
        }
        self.view = None;
    }

    /// Makes the view of what was read, while the state stays on the device.
    pub fn look<'a>(&mut self, data: impl IntoIterator<Item = &'a HostDelta>) {
        let mut view = self.summary.clone();
        for delta in data {
            self.accumulator.fold(delta, &mut view);
        }
        self.view = Some(view);
    }

    /// A small delta to read in place of the given one, if that gives the same values.
    pub fn condensed(&self, delta: &Delta) -> Option<Delta> {
        let alone = self.summary == self.accumulator.empty();
        alone.then(|| self.accumulator.condense(delta))?
    }

    /// Whether there is a summary to make values of, though the state is still on the device.
    pub fn has_view(&self) -> bool {
        self.view.is_some()
    }

    /// Begins an update: adds what the batch has on the host.
    pub fn add(&mut self, batch: &A::Batch) {
        self.view = None;
        if self.accumulator.count_bound(batch) > 0 {
            self.accumulator.add(batch, &mut self.summary);
        }
    }

    /// The summary to make values of: the view if there is one.
    pub fn for_values(&self) -> &A::Summary {
        self.view.as_ref().unwrap_or(&self.summary)
    }

    pub fn merge(&mut self, other: &A::Summary) -> Result<(), MetricError> {
        self.summary.room_for(other)?;
        self.summary.merge(other)?;
        self.view = None;
        Ok(())
    }

    pub fn reset(&mut self) {
        self.summary = self.accumulator.empty();
        self.view = None;
    }
}

/// The state of one accumulator.
///
/// Every device that batches come from has its own delta; all fold into one summary.
#[derive(Debug, Clone)]
pub struct State<A: Accumulator> {
    folded: Folded<A>,
    deltas: Deltas,
}

impl<A: Accumulator> State<A> {
    /// An empty state.
    pub fn new(accumulator: A) -> Self {
        Self {
            folded: Folded::new(accumulator),
            deltas: Deltas::new(1),
        }
    }

    /// The accumulator.
    pub fn accumulator(&self) -> &A {
        &self.folded.accumulator
    }

    /// Whether the batch fits.
    ///
    /// # Errors
    /// As [`Accumulator::check`], [`MetricError::BatchTooLarge`] and [`MetricError::WeightsUnsupported`];
    /// [`MetricError::Interrupted`] after the metric has panicked, until a [`reset`](Self::reset).
    pub fn check(&self, batch: &A::Batch) -> Result<(), MetricError> {
        self.deltas.intact()?;
        (self.deltas).check(self.accumulator().count_bound(batch))?;
        fits(self.accumulator(), batch)
    }

    /// Adds a batch on its device, without reading.
    ///
    /// # Errors
    /// As [`check`](Self::check); the state is then unchanged.
    pub fn update(&mut self, batch: &A::Batch) -> Result<(), MetricError> {
        self.check(batch)?;
        self.update_checked(batch);
        Ok(())
    }

    pub(crate) fn update_checked(&mut self, batch: &A::Batch) {
        let Self { folded, deltas } = self;
        deltas.begin();
        folded.add(batch);
        let accumulator = &folded.accumulator;
        let bound = accumulator.count_bound(batch);
        deltas.update(batch.device(), bound, |deltas| {
            accumulator.update(&mut deltas[0], batch);
        });
        deltas.end();
    }

    /// Reads what is on the devices into the summary.
    ///
    /// # Errors
    /// As [`Accumulator::validate`]; [`MetricError::Interrupted`]; [`MetricError::Read`]. The state is then unchanged.
    pub fn summary(&mut self) -> Result<&A::Summary, MetricError> {
        let data = read_all(&self.pending()?)?;
        self.fold(&data);
        Ok(self.folded())
    }

    /// A summary to make values of. Of a state that can be condensed, it reads only the condensed one.
    ///
    /// # Errors
    /// As [`summary`](Self::summary).
    pub fn view(&mut self) -> Result<&A::Summary, MetricError> {
        self.readable()?;
        if !self.folded.has_view() {
            let small = (self.deltas.only())
                .and_then(|live| live.condensed(|_, delta| self.folded.condensed(delta)));
            let Some(live) = small else {
                return self.summary();
            };
            let data = read_all(&[&live])?;
            self.deltas.begin();
            self.folded.look(data.iter().map(|deltas| &deltas[0]));
            self.deltas.end();
        }
        Ok(self.folded.for_values())
    }

    /// Fails if there is nothing to make a value of: the options are invalid, or the metric has panicked.
    fn readable(&self) -> Result<(), MetricError> {
        self.accumulator().validate()?;
        self.deltas.intact()
    }

    /// What has not been read.
    pub(crate) fn pending(&self) -> Result<Vec<&Live>, MetricError> {
        self.readable()?;
        Ok(self.deltas.pending())
    }

    /// Folds what [`pending`](Self::pending) listed, in its order, and starts anew.
    pub(crate) fn fold(&mut self, data: &[Vec<HostDelta>]) {
        self.deltas.begin();
        self.folded.fold(data.iter().map(|deltas| &deltas[0]));
        self.deltas.clear();
        self.deltas.end();
    }

    /// The summary of what has been read so far.
    pub(crate) fn folded(&self) -> &A::Summary {
        &self.folded.summary
    }

    /// Adds a summary from elsewhere.
    ///
    /// # Errors
    /// [`MetricError::MergeMismatch`]; [`MetricError::Saved`] if the parts of the other do not fit together;
    /// [`MetricError::TooManyElements`]; as [`summary`](Self::summary). The state is then unchanged.
    pub fn merge(&mut self, other: &A::Summary) -> Result<(), MetricError> {
        self.readable()?;
        other.consistent()?;
        self.deltas.begin();
        let merged = self.folded.merge(other);
        self.deltas.end();
        merged
    }

    /// What was seen and not used, as far as it has been read.
    pub fn rejected(&self) -> Rejected {
        self.folded.for_values().rejected()
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.folded.reset();
        self.deltas.reset();
    }
}

/// Whether a batch fits an accumulator, whatever its size.
pub(crate) fn fits<A: Accumulator>(accumulator: &A, batch: &A::Batch) -> Result<(), MetricError> {
    accumulator.validate()?;
    batch.check()?;
    // First, since an accumulator made of others says here which of them takes no weights.
    accumulator.check(batch)?;
    if batch.is_weighted() {
        return weighs(accumulator);
    }
    Ok(())
}

/// Whether weighted batches fit an accumulator.
pub(crate) fn weighs<A: Accumulator>(accumulator: &A) -> Result<(), MetricError> {
    if accumulator.takes_weights() {
        return Ok(());
    }
    let accumulator = std::any::type_name::<A>();
    let name = accumulator.split('<').next().unwrap_or(accumulator);
    Err(MetricError::WeightsUnsupported {
        accumulator: name.rsplit("::").next().unwrap_or(name),
    })
}
