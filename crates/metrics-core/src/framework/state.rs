//! One accumulator's running state: device deltas and the host summary they fold into.

use crate::{
    Accumulator, Batch, Delta, HostDelta, MetricError, Rejected, Summary, framework::delta,
};
use burn::tensor::Device;

/// What one update may count at most: a device counter is an `i32`.
const COUNTER_LIMIT: usize = i32::MAX as usize;

/// Updates between two flushes of the device's queue, so that lazy backends do not pile up work.
const FLUSH_INTERVAL: u64 = 32;

/// A device's running delta.
#[derive(Debug, Clone)]
struct Live {
    device: Device,
    delta: Delta,
    /// How far a counter of this delta can have come, known from shapes alone.
    bound: usize,
}

/// The state of one accumulator.
///
/// Every device that batches come from has its own delta; all fold into one summary.
#[derive(Debug, Clone)]
pub struct State<A: Accumulator> {
    accumulator: A,
    live: Vec<Live>,
    /// Deltas whose counters could have overflowed, waiting to be read.
    retired: Vec<(Device, Delta)>,
    summary: A::Summary,
    /// The summary of a condensed delta, until something is added.
    view: Option<A::Summary>,
    updates: u64,
    counter_limit: usize,
}

impl<A: Accumulator> State<A> {
    /// An empty state.
    pub fn new(accumulator: A) -> Self {
        let summary = accumulator.empty();
        Self {
            accumulator,
            live: Vec::new(),
            retired: Vec::new(),
            summary,
            view: None,
            updates: 0,
            counter_limit: COUNTER_LIMIT,
        }
    }

    /// The accumulator.
    pub fn accumulator(&self) -> &A {
        &self.accumulator
    }

    /// Whether the batch fits.
    ///
    /// # Errors
    /// As [`Accumulator::check`], [`MetricError::BatchTooLarge`] and [`MetricError::WeightsUnsupported`].
    pub fn check(&self, batch: &A::Batch) -> Result<(), MetricError> {
        let bound = self.accumulator.count_bound(batch);
        if bound > self.counter_limit {
            return Err(MetricError::BatchTooLarge {
                rows: bound,
                limit: self.counter_limit,
            });
        }
        fits(&self.accumulator, batch)
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
        let bound = self.accumulator.count_bound(batch);
        if bound == 0 {
            return;
        }
        self.view = None;
        let device = batch.device();
        let index = match self.live.iter().position(|live| live.device == device) {
            Some(index) => index,
            None => {
                self.live.push(Live {
                    device: device.clone(),
                    delta: Delta::default(),
                    bound: 0,
                });
                self.live.len() - 1
            }
        };
        let live = &mut self.live[index];
        if live.bound > self.counter_limit - bound {
            self.retired
                .push((live.device.clone(), std::mem::take(&mut live.delta)));
            live.bound = 0;
        }
        self.accumulator.update(&mut live.delta, batch);
        live.bound += bound;
        self.updates += 1;
        if self.updates.is_multiple_of(FLUSH_INTERVAL) {
            // A device that cannot flush says so when it is read.
            device.flush().ok();
        }
    }

    /// Reads what is on the devices into the summary.
    ///
    /// # Errors
    /// [`MetricError::Read`]; the state is then unchanged.
    pub fn summary(&mut self) -> Result<&A::Summary, MetricError> {
        let data = read_all(&self.pending())?;
        self.fold(data);
        Ok(&self.summary)
    }

    /// A summary to make values of. Reads no more of a state that can be condensed than that takes.
    ///
    /// # Errors
    /// [`MetricError::Read`]; the state is then unchanged.
    pub fn view(&mut self) -> Result<&A::Summary, MetricError> {
        match self.condensed() {
            None => self.summary(),
            Some((device, delta)) => {
                let data = read_all(&[(&device, &delta)])?;
                self.look(data);
                Ok(self.for_values())
            }
        }
    }

    /// What to read instead of [`pending`](Self::pending) for [`look`](Self::look), with its device.
    /// Empty if it has been looked at.
    pub(crate) fn condensed(&self) -> Option<(Device, Delta)> {
        let mut pending = self.pending().into_iter();
        let (device, delta) = pending.next()?;
        if self.view.is_some() {
            return Some((device.clone(), Delta::default()));
        }
        let alone = pending.next().is_none() && self.summary == self.accumulator.empty();
        let condensed = alone.then(|| self.accumulator.condense(delta))?;
        Some((device.clone(), condensed?))
    }

    /// Takes what [`condensed`](Self::condensed) yielded, read.
    pub(crate) fn look(&mut self, data: Vec<HostDelta>) {
        if self.view.is_none() {
            let mut view = self.accumulator.empty();
            for delta in &data {
                self.accumulator.fold(delta, &mut view);
            }
            self.view = Some(view);
        }
    }

    /// The summary to make values of, as far as it has been read.
    pub(crate) fn for_values(&self) -> &A::Summary {
        self.view.as_ref().unwrap_or(&self.summary)
    }

    /// The deltas that have not been read, with their devices.
    pub(crate) fn pending(&self) -> Vec<(&Device, &Delta)> {
        let live = self.live.iter().map(|live| (&live.device, &live.delta));
        self.retired
            .iter()
            .map(|(device, delta)| (device, delta))
            .chain(live)
            .collect()
    }

    /// Folds what [`pending`](Self::pending) listed, in its order, and starts new deltas.
    pub(crate) fn fold(&mut self, data: Vec<HostDelta>) {
        for delta in &data {
            self.accumulator.fold(delta, &mut self.summary);
        }
        self.live.clear();
        self.retired.clear();
        self.view = None;
    }

    /// The summary of what has been read so far.
    pub(crate) fn folded(&self) -> &A::Summary {
        &self.summary
    }

    /// Adds a summary from elsewhere.
    ///
    /// # Errors
    /// [`MetricError::MergeMismatch`]; the state is then unchanged.
    pub fn merge(&mut self, other: &A::Summary) -> Result<(), MetricError> {
        self.summary.merge(other)?;
        self.view = None;
        Ok(())
    }

    /// What was seen and not used, as far as it has been read.
    pub fn rejected(&self) -> Rejected {
        self.for_values().rejected()
    }

    /// Whether nothing has been added since the last reset.
    pub(crate) fn is_fresh(&self) -> bool {
        self.updates == 0 && self.summary == self.accumulator.empty()
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.live.clear();
        self.retired.clear();
        self.summary = self.accumulator.empty();
        self.view = None;
        self.updates = 0;
    }
}

/// Whether a batch fits an accumulator, whatever its size.
pub(crate) fn fits<A: Accumulator>(accumulator: &A, batch: &A::Batch) -> Result<(), MetricError> {
    accumulator.validate()?;
    // First, since an accumulator made of others says here which of them takes no weights.
    accumulator.check(batch)?;
    match batch.is_weighted() {
        true => weighs(accumulator),
        false => Ok(()),
    }
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

/// Reads deltas in their order with one transaction per device.
pub(crate) fn read_all(pending: &[(&Device, &Delta)]) -> Result<Vec<HostDelta>, MetricError> {
    let mut devices: Vec<&Device> = Vec::new();
    for (device, _) in pending {
        if !devices.contains(device) {
            devices.push(device);
        }
    }
    let mut out = vec![HostDelta::default(); pending.len()];
    for device in devices {
        let places: Vec<usize> = (0..pending.len())
            .filter(|i| pending[*i].0 == device)
            .collect();
        let deltas: Vec<&Delta> = places.iter().map(|i| pending[*i].1).collect();
        for (place, data) in places.into_iter().zip(delta::read(&deltas)?) {
            out[place] = data;
        }
    }
    Ok(out)
}
