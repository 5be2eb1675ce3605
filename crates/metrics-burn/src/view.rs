//! What Burn sees: one of its metrics per value, all looking at the split's state.

use crate::{MetricInput, split::SplitState};
use burn::{
    tensor::TensorReadError,
    train::metric::{
        Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes,
        NumericEntry, SerializedEntry,
    },
};
use metrics_core::{Batch, MetricInfo, MetricReport, Value};
use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// When a view shows a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Steps,
    Epochs,
    Nothing,
}

/// Whether a view moves the split's state on or only looks at it.
pub(crate) trait Role<B: Batch>: Clone + Send + Sync + 'static {
    /// What Burn adapts the step's output to.
    type Input;
    fn update(_state: &mut SplitState<B>, _input: &Self::Input, _metadata: &MetricMetadata) {}
    fn finish(_state: &mut SplitState<B>) {}
    fn clear(_state: &mut SplitState<B>) {}
}

/// The view that Burn calls first at each step and at the end of each epoch.
#[derive(Clone)]
pub(crate) struct Leads;

/// Every other view. Its input costs nothing.
#[derive(Clone)]
pub(crate) struct Follows;

impl<B: Batch> Role<B> for Leads {
    type Input = MetricInput<B>;

    fn update(state: &mut SplitState<B>, input: &MetricInput<B>, metadata: &MetricMetadata) {
        state.update(input, metadata);
    }

    fn finish(state: &mut SplitState<B>) {
        state.finish();
    }

    fn clear(state: &mut SplitState<B>) {
        state.clear();
    }
}

impl<B: Batch> Role<B> for Follows {
    type Input = ();
}

/// One named value of a split.
pub(crate) struct View<B: Batch, R> {
    state: Arc<Mutex<SplitState<B>>>,
    name: MetricName,
    metric: String,
    higher_is_better: bool,
    is_scalar: bool,
    shows: Shows,
    role: PhantomData<R>,
}

impl<B: Batch, R> Clone for View<B, R> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            name: self.name.clone(),
            metric: self.metric.clone(),
            ..*self
        }
    }
}

impl<B: Batch, R: Role<B>> View<B, R> {
    pub fn new(
        state: &Arc<Mutex<SplitState<B>>>,
        metric: &MetricInfo,
        name: String,
        shows: Shows,
    ) -> Self {
        Self {
            state: state.clone(),
            name: Arc::new(name),
            metric: metric.name.clone(),
            higher_is_better: metric.higher_is_better.unwrap_or(true),
            is_scalar: metric.is_scalar,
            shows,
            role: PhantomData,
        }
    }

    fn lock(&self) -> MutexGuard<'_, SplitState<B>> {
        // The state catches panics of metrics itself; a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scalar(&self, report: Option<&MetricReport>) -> Option<f64> {
        report?.scalar(&self.metric)
    }

    /// The value of the step just taken, if it shows one: final if it completes a test set.
    fn current(&self) -> Option<NumericEntry> {
        let state = self.lock();
        let end = self
            .scalar(state.end())
            .filter(|_| self.shows == Shows::Epochs);
        let step = self
            .scalar(state.step())
            .filter(|_| self.shows == Shows::Steps);
        end.map(NumericEntry::Final)
            .or(step.map(NumericEntry::Value))
    }

    fn entry(&self) -> SerializedEntry {
        let text = {
            let state = self.lock();
            let report = state.end();
            report
                .filter(|_| self.shows != Shows::Nothing)
                .and_then(|report| report.get(&self.metric))
                .and_then(text_entry)
        };
        match (self.current(), text) {
            (Some(entry), _) => {
                let when = if matches!(entry, NumericEntry::Final(_)) {
                    "epoch"
                } else {
                    "batch"
                };
                let value = Value::Scalar(entry.current());
                SerializedEntry::new(format!("{when} {value}"), entry.serialize())
            }
            (None, Some(text)) => text,
            (None, None) => SerializedEntry::not_available(None),
        }
    }
}

/// How a value that is not a number is shown and logged: readable, and as one line of JSON.
fn text_entry(value: &Value) -> Option<SerializedEntry> {
    if value.scalar().is_some() {
        return None;
    }
    let json = serde_json::to_string(value).ok()?;
    Some(SerializedEntry::new(value.to_string(), json))
}

impl<B: Batch, R: Role<B>> Metric for View<B, R> {
    type Input = R::Input;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes {
            unit: None,
            higher_is_better: self.higher_is_better,
        }
        .into()
    }

    fn update(
        &mut self,
        input: &R::Input,
        metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        R::update(&mut self.lock(), input, metadata);
        Ok(self.entry())
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        R::finish(&mut self.lock());
        let entry = self.entry();
        if entry.is_not_available() && self.is_scalar && self.shows == Shows::Epochs {
            // Burn looks for the best epoch until the first without an entry, so a missing value
            // must have one. NaN is never the best.
            let missing = NumericEntry::Final(f64::NAN);
            return Ok(SerializedEntry::new(entry.formatted, missing.serialize()));
        }
        Ok(entry)
    }

    fn clear(&mut self) {
        R::clear(&mut self.lock());
    }
}

impl<B: Batch, R: Role<B>> Numeric for View<B, R> {
    fn value(&self) -> Option<NumericEntry> {
        self.current()
    }

    fn running_value(&self) -> Option<NumericEntry> {
        None
    }

    fn final_value(&self) -> NumericEntry {
        NumericEntry::Final(self.scalar(self.lock().end()).unwrap_or(f64::NAN))
    }
}
