use crate::{
    Batch, BatchOf, CollectionSummary, Metric, MetricCollection, MetricError, MetricReport,
    MetricState, SavedState, SummaryOf, Value,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::VecDeque;

/// Updates between two flushes of the device's queue; a state of one batch never flushes by itself.
const FLUSH_INTERVAL: u64 = 32;

/// What can run over a window: a [`MetricState`] or a [`MetricCollection`].
pub trait Windowed: segment::Segment {}

impl<M: Metric> Windowed for MetricState<M> {}

impl<B: Batch> Windowed for MetricCollection<B> {}

/// What [`Running`] needs of a metric or a collection. Not for others to call.
mod segment {
    use super::*;

    pub trait Segment: Sized {
        /// What is added.
        type Batch: Batch;
        /// What `compute` returns.
        type Output;
        /// What it has accumulated, as data.
        type Saved: Serialize + DeserializeOwned + Clone + std::fmt::Debug + PartialEq;

        /// The same without data.
        fn emptied(&self) -> Self;
        fn add(&mut self, batch: &Self::Batch) -> Result<(), MetricError>;
        /// Reads all states at once.
        fn read(segments: &mut [&mut Self]) -> Result<(), MetricError>;
        /// Adds what another one has accumulated. The other one has been read.
        fn take_in(&mut self, other: &mut Self) -> Result<(), MetricError>;
        fn value(&mut self) -> Result<Self::Output, MetricError>;
        fn save(&mut self) -> Result<Self::Saved, MetricError>;
        /// Takes what was saved, without data of its own.
        fn restore(&mut self, saved: &Self::Saved) -> Result<(), MetricError>;
    }

    impl<M: Metric> Segment for MetricState<M> {
        type Batch = BatchOf<M>;
        type Output = Value;
        type Saved = SavedState<SummaryOf<M>>;

        fn emptied(&self) -> Self {
            self.fresh()
        }

        fn add(&mut self, batch: &Self::Batch) -> Result<(), MetricError> {
            self.update(batch)
        }

        fn read(segments: &mut [&mut Self]) -> Result<(), MetricError> {
            MetricState::read_together(segments)
        }

        fn take_in(&mut self, other: &mut Self) -> Result<(), MetricError> {
            self.merge(other.summary()?)
        }

        fn value(&mut self) -> Result<Value, MetricError> {
            self.compute()
        }

        fn save(&mut self) -> Result<Self::Saved, MetricError> {
            MetricState::save(self)
        }

        fn restore(&mut self, saved: &Self::Saved) -> Result<(), MetricError> {
            MetricState::restore(self, saved)
        }
    }

    impl<B: Batch> Segment for MetricCollection<B> {
        type Batch = B;
        type Output = MetricReport;
        type Saved = CollectionSummary;

        fn emptied(&self) -> Self {
            self.fresh()
        }

        fn add(&mut self, batch: &B) -> Result<(), MetricError> {
            self.update(batch)
        }

        fn read(segments: &mut [&mut Self]) -> Result<(), MetricError> {
            MetricCollection::read_together(segments).map(|_| ())
        }

        fn take_in(&mut self, other: &mut Self) -> Result<(), MetricError> {
            self.absorb(other)
        }

        fn value(&mut self) -> Result<MetricReport, MetricError> {
            self.compute()
        }

        fn save(&mut self) -> Result<CollectionSummary, MetricError> {
            self.summary()
        }

        fn restore(&mut self, saved: &CollectionSummary) -> Result<(), MetricError> {
            self.merge(saved)
        }
    }
}

/// A metric, or a collection of metrics, over the last `window` updates.
///
/// Each update has a state of its own, so this takes the memory of `window` states, most of it on the
/// device until it is read. The oldest state is dropped without a read. `update` reads nothing. `compute`
/// reads all unread states in one transaction, and merges the window's summaries.
/// So compute a metric with a large summary now and then, not after each batch. A failed update
/// does not count; an update with an empty batch does.
///
/// A window of 0 updates is [`MetricError::InvalidOption`] from the first update.
///
/// Reference: TorchMetrics 1.9.0 `Running`, whose default window is 5, and `RunningMean` and
/// `RunningSum`, which are `Running::new(Mean::new().state(), n)` and
/// `Running::new(Sum::new().state(), n)`.
///
/// ```
/// use metrics_core::{Metric, MetricError, aggregation::Sum, batch::Values, wrappers::Running};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let mut sum = Running::new(Sum::new().state(), 3);
/// for i in 0..6 {
///     sum.update(&Values::new(Tensor::<1>::from_floats([i as f32], &device)))?;
/// }
/// assert_eq!(sum.compute()?.scalar(), Some(3.0 + 4.0 + 5.0));
/// # Ok::<(), MetricError>(())
/// ```
#[doc(alias = "RunningMean")]
#[doc(alias = "RunningSum")]
#[derive(Debug, Clone)]
pub struct Running<S> {
    /// Without data.
    empty: S,
    window: usize,
    /// One state per update, the oldest first.
    segments: VecDeque<S>,
    updates: u64,
}

/// What a [`Running`] has accumulated, as data: `S` is a [`SavedState`], or a [`CollectionSummary`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedRunning<S> {
    segments: Vec<S>,
}

impl<S: Windowed> Running<S> {
    /// `metric` over the last `window` updates. What `metric` has accumulated before is left out.
    pub fn new(metric: S, window: usize) -> Self {
        Self {
            empty: metric.emptied(),
            window,
            segments: VecDeque::new(),
            updates: 0,
        }
    }

    /// Adds a batch. If the window is full, the oldest batch leaves it. Reads nothing.
    ///
    /// # Errors
    /// As the metric's or collection's `update`; the window is then unchanged.
    pub fn update(&mut self, batch: &S::Batch) -> Result<(), MetricError> {
        let segment = self.segment(batch)?;
        self.push(segment, batch);
        Ok(())
    }

    /// Adds a batch and returns the value of that batch alone.
    ///
    /// # Errors
    /// As [`update`](Self::update) and [`compute`](Self::compute).
    pub fn forward(&mut self, batch: &S::Batch) -> Result<S::Output, MetricError> {
        let mut segment = self.segment(batch)?;
        S::read(&mut [&mut segment])?;
        let value = segment.value();
        self.push(segment, batch);
        value
    }

    /// The value over the window. Takes one device read for all unread states.
    ///
    /// # Errors
    /// As the metric's or collection's `compute`.
    pub fn compute(&mut self) -> Result<S::Output, MetricError> {
        S::read(&mut self.segments.iter_mut().collect::<Vec<_>>())?;
        let mut window = self.empty.emptied();
        for segment in &mut self.segments {
            window.take_in(segment)?;
        }
        window.value()
    }

    /// The window, to write it to a file. Takes one device read for all unread states.
    ///
    /// # Errors
    /// As the metric's or collection's `compute`.
    pub fn save(&mut self) -> Result<SavedRunning<S::Saved>, MetricError> {
        S::read(&mut self.segments.iter_mut().collect::<Vec<_>>())?;
        let segments = self.segments.iter_mut().map(S::save);
        Ok(SavedRunning {
            segments: segments.collect::<Result<_, _>>()?,
        })
    }

    /// Takes the last updates that were [saved](Self::save) in place of the window.
    ///
    /// # Errors
    /// If they are of another metric, or of other options; the window is then unchanged.
    pub fn restore(&mut self, saved: &SavedRunning<S::Saved>) -> Result<(), MetricError> {
        let before = saved.segments.len().saturating_sub(self.window);
        let segments = saved.segments[before..].iter().map(|saved| {
            let mut segment = self.empty.emptied();
            segment.restore(saved)?;
            Ok(segment)
        });
        self.segments = segments.collect::<Result<_, MetricError>>()?;
        Ok(())
    }

    /// How many updates the window holds at the moment.
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether there was no update yet.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.segments.clear();
    }

    /// A state of this batch alone.
    fn segment(&self, batch: &S::Batch) -> Result<S, MetricError> {
        if self.window == 0 {
            let text = "a window of 0 updates";
            return Err(MetricError::InvalidOption(text.into()));
        }
        let mut segment = self.empty.emptied();
        segment.add(batch)?;
        Ok(segment)
    }

    fn push(&mut self, segment: S, batch: &S::Batch) {
        if self.segments.len() == self.window {
            self.segments.pop_front();
        }
        self.segments.push_back(segment);
        self.updates += 1;
        if self.updates.is_multiple_of(FLUSH_INTERVAL) {
            // A device that cannot flush says so when it is read.
            batch.device().and_then(|device| device.flush().ok());
        }
    }
}
