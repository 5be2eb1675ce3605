//! What Burn sees: one metric of Burn's per value. All of them share the split's state.

use crate::{
    LogPolicy, MetricInput, StepValue,
    loggers::NamedValue,
    plan::{Planned, Shows},
    split::SplitState,
    thin::thinned,
};
use burn::{
    tensor::{ExecutionError, TensorReadError},
    train::metric::{
        Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes,
        NumericEntry, SerializedEntry,
    },
};
use metrics_core::{Batch, MetricReport, ReportEntry};
use std::{
    borrow::Cow,
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Whether a view advances the split's state or only reads it.
pub(crate) trait Role<B: Batch>: Clone + Send + Sync + 'static {
    /// The input that Burn makes of a step's output.
    type Input;
    fn update(_state: &mut SplitState<B>, _input: &Self::Input, _metadata: &MetricMetadata) {}
    fn finish(_state: &mut SplitState<B>) {}
    fn clear(_state: &mut SplitState<B>) {}
}

/// The view that Burn calls first at each step and at the end of each epoch.
#[derive(Clone)]
pub(crate) struct Leads;

/// Any other view. Its input costs nothing.
#[derive(Clone)]
pub(crate) struct Follows;

impl<B: Batch> Role<B> for Leads {
    type Input = MetricInput<B>;

    fn update(state: &mut SplitState<B>, input: &MetricInput<B>, metadata: &MetricMetadata) {
        state.update(input, metadata);
    }

    fn finish(state: &mut SplitState<B>) {
        state.end_steps();
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
    planned: Arc<Planned>,
    shows: Shows,
    /// The value that the display shows until there is another one.
    last: Option<String>,
    role: PhantomData<R>,
}

impl<B: Batch, R> Clone for View<B, R> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            name: self.name.clone(),
            planned: self.planned.clone(),
            last: self.last.clone(),
            ..*self
        }
    }
}

impl<B: Batch, R: Role<B>> View<B, R> {
    pub fn new(
        state: &Arc<Mutex<SplitState<B>>>,
        planned: &Arc<Planned>,
        name: String,
        shows: Shows,
    ) -> Self {
        Self {
            state: state.clone(),
            name: Arc::new(name),
            planned: planned.clone(),
            shows,
            last: None,
            role: PhantomData,
        }
    }

    fn policy(&self) -> &LogPolicy {
        &self.planned.policy
    }

    fn lock(&self) -> MutexGuard<'_, SplitState<B>> {
        // The state catches panics of metrics itself; a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number Burn gets from a report.
    fn number(&self, report: Option<&MetricReport>) -> Option<f64> {
        let value = report?.scalar(&self.planned.info.name)?;
        Some(self.policy().number(value))
    }

    /// The value of the last step, if the view shows it. It is final if the step completes an epoch.
    fn current(&self, state: &SplitState<B>) -> Option<NumericEntry> {
        match self.shows {
            Shows::Steps => self.number(state.step()).map(NumericEntry::Value),
            Shows::Epochs => {
                let end = state.end().map(|end| &end.report);
                self.number(end).map(NumericEntry::Final)
            }
            Shows::Nothing => None,
        }
    }

    /// The interval of the shown number, if it has one.
    fn interval(&self, state: &SplitState<B>) -> Option<String> {
        let report = match self.shows {
            Shows::Steps => state.step()?,
            _ => &state.end()?.report,
        };
        let estimate = report.get(&self.planned.info.name)?.estimate()?;
        let policy = self.policy();
        let [lower, upper] =
            [estimate.lower, estimate.upper].map(|end| policy.text(policy.number(end)));
        Some(format!(" [{lower}, {upper}]"))
    }

    /// The entry of a step or an epoch. Without a value it shows the last value and logs nothing.
    fn entry(&mut self) -> SerializedEntry {
        let mut entry = self.own_entry();
        match (entry.is_not_available(), &self.last) {
            (true, Some(last)) => entry.formatted.clone_from(last),
            (true, None) => {}
            (false, _) => self.last = Some(entry.formatted.clone()),
        }
        entry
    }

    fn own_entry(&self) -> SerializedEntry {
        let state = self.lock();
        let missing = SerializedEntry::not_available(self.policy().shown_unit().as_deref());
        if let Some(entry) = self.current(&state) {
            let when = match (self.shows, self.policy().step_value) {
                (Shows::Epochs, _) => "epoch".to_string(),
                (_, StepValue::Batch) => "batch".to_string(),
                (_, StepValue::Running) => "so far".to_string(),
                (_, StepValue::Window(n)) => format!("last {n}"),
            };
            let text = self.policy().text(entry.current());
            let partial = state.end().filter(|end| !end.complete);
            let covers = partial.map(|end| format!(" (of {} samples)", end.samples));
            let interval = self.interval(&state).unwrap_or_default();
            let text = format!("{when} {text}{interval}{}", covers.unwrap_or_default());
            return SerializedEntry::new(text, entry.serialize());
        }
        let value = (state.end().filter(|_| self.shows == Shows::Epochs))
            .and_then(|end| end.report.entry(&self.planned.info.name));
        value.and_then(text_entry).unwrap_or(missing)
    }
}

/// How a value that is not a number is shown and logged: readable, and as one line of JSON.
fn text_entry(entry: &ReportEntry) -> Option<SerializedEntry> {
    let value = entry.value.as_ref()?;
    if value.scalar().is_some() {
        return None;
    }
    let named = NamedValue {
        value: thinned(value),
        class_names: Cow::Borrowed(&entry.class_names),
    };
    let json = serde_json::to_string(&named).ok()?;
    let text = match value.matrix() {
        // Burn's display runs lines together.
        Some(matrix) if matrix.rows * matrix.cols > 36 => {
            let on_diagonal: f64 = (0..matrix.rows.min(matrix.cols))
                .map(|i| matrix.get(i, i))
                .sum();
            let all: f64 = matrix.data.iter().sum();
            let share = 100.0 * on_diagonal / all;
            format!(
                "{} x {}, {share:.1} % on the diagonal",
                matrix.rows, matrix.cols
            )
        }
        _ => shortened(&entry.text().replace('\n', " | ")),
    };
    Some(SerializedEntry::new(text, json))
}

/// How many characters of a text the display shows.
const SHOWN: usize = 100;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_string(),
    }
}

impl<B: Batch, R: Role<B>> Metric for View<B, R> {
    type Input = R::Input;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes {
            unit: self.policy().shown_unit(),
            higher_is_better: self.planned.info.higher_is_better.unwrap_or(true),
        }
        .into()
    }

    fn update(
        &mut self,
        input: &R::Input,
        metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let refusal = {
            let mut state = self.lock();
            R::update(&mut state, input, metadata);
            state.take_refusal()
        };
        match refusal {
            // This ends an evaluation. A training ends by its interrupter, since workers of Burn's distributed
            // strategy panic at an error.
            Some(reason) => Err(ExecutionError::with_context(reason).into()),
            None => Ok(self.entry()),
        }
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        R::finish(&mut self.lock());
        let entry = self.entry();
        if entry.is_not_available() && self.planned.info.is_scalar && self.shows == Shows::Epochs {
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
        self.current(&self.lock())
    }

    fn running_value(&self) -> Option<NumericEntry> {
        None
    }

    fn final_value(&self) -> NumericEntry {
        let state = self.lock();
        let end = self.number(state.end().map(|end| &end.report));
        NumericEntry::Final(end.unwrap_or(f64::NAN))
    }
}
