//! Runs the cases of a golden file.

use super::DIFFERENCES;
use burn::tensor::Device;
use metrics_core::{BatchOf, Metric, MetricError, MetricState, SummaryOf, Value};
use metrics_tests::{
    compare::{Tolerance, difference},
    devices,
    golden::{self, Arrays, Case, Input},
    is_host,
    samples::Sample,
};
use std::collections::HashMap;

/// A deliberate difference from the reference.
pub struct Difference {
    /// Which cases: an id in which `*` stands for any text.
    pub cases: &'static str,
    /// What we answer, as the golden files write it.
    pub ours: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// One case on one device.
pub struct Run<'a> {
    pub case: &'a Case,
    /// Counts must be equal, other values close.
    pub tolerance: Tolerance,
    /// Whether to try one batch per row, which takes a while and changes the meaning of scores
    /// that are looked at batch by batch to see whether they are logits.
    pub by_rows: bool,
    /// Whether summaries may be merged in any order.
    pub any_order: bool,
    input: &'a Input,
    device: &'a Device,
    /// On a device where every batch takes a while: the outcomes' summaries, as JSON, by what they
    /// depend on. The metrics of one accumulator differ only in what the host makes of them.
    seen: Option<&'a mut HashMap<String, Vec<String>>>,
    listed: Option<&'a Difference>,
    failures: Vec<String>,
}

/// `METRICS_GOLDEN_STEP=5` runs one case in 5 on a device with kernels, which compiles some for each.
fn golden_step() -> usize {
    let variable = std::env::var("METRICS_GOLDEN_STEP").ok();
    variable.map_or(1, |step| {
        let step = step.parse::<usize>().ok().filter(|step| *step > 0);
        step.expect("METRICS_GOLDEN_STEP is a number of at least 1")
    })
}

/// Runs every case of a file on every device; `check` hands the case's metric to [`Run::check`].
pub fn check_file(name: &str, check: fn(&mut Run)) {
    let file = golden::load(name);
    let mut failures = Vec::new();
    for (device_name, device) in devices() {
        let mut seen = HashMap::new();
        let step = if is_host(device_name) {
            1
        } else {
            golden_step()
        };
        for (index, case) in file.cases.iter().enumerate().step_by(step) {
            let mut run = Run {
                case,
                tolerance: Tolerance::Relative(1e-6),
                by_rows: index % 7 == 0,
                any_order: true,
                input: &file.inputs[&case.input],
                device: &device,
                seen: (!is_host(device_name)).then_some(&mut seen),
                listed: listed(&case.id),
                failures: Vec::new(),
            };
            check(&mut run);
            let failed = run.failures.into_iter();
            failures.extend(failed.map(|failure| format!("{device_name} {}: {failure}", case.id)));
        }
    }
    let shown: Vec<_> = failures.iter().take(40).map(String::as_str).collect();
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        shown.join("\n")
    );
}

impl Run<'_> {
    /// Accumulates the case's batches in several ways; each must give the expected value.
    pub fn check<M: Metric>(&mut self, metric: M)
    where
        BatchOf<M>: Sample,
    {
        self.check_with(metric, Sample::build);
    }

    /// As [`check`](Self::check), where how to make a batch depends on the case.
    pub fn check_with<M: Metric>(
        &mut self,
        metric: M,
        build: impl Fn(&Arrays, &Device) -> Result<BatchOf<M>, MetricError>,
    ) {
        let accumulator = metric.accumulator();
        let type_name = std::any::type_name::<M::Accumulator>();
        let key = format!("{} {type_name} {accumulator:?}", self.case.input);
        let batch = |arrays: &Arrays| build(arrays, self.device).expect("the shapes fit");
        if let Some(seen) = &mut self.seen {
            if !seen.contains_key(&key) {
                let batches: Vec<_> = self.input.batches.iter().map(batch).collect();
                let states = [
                    accumulate(&metric, &batches),
                    merge(&metric, &batches, self.any_order),
                ];
                match states.into_iter().map(|state| Ok(saved(state?))).collect() {
                    Ok(summaries) => seen.insert(key.clone(), summaries),
                    Err(error) => return self.compare(vec![("in batches", Err(error))]),
                };
            }
            let outcomes = ["in batches", "merged"].into_iter().zip(&seen[&key]);
            let outcomes = outcomes
                .map(|(how, text)| (how, load(&metric, text)))
                .collect();
            return self.compare(outcomes);
        }
        let batches: Vec<_> = self.input.batches.iter().map(batch).collect();
        let value = |state: Result<MetricState<M>, _>| state.and_then(|mut state| state.compute());
        let state = accumulate(&metric, &batches);
        let mut outcomes = vec![
            ("in batches", value(state.clone())),
            ("merged", value(merge(&metric, &batches, self.any_order))),
            (
                "saved and loaded",
                state.and_then(|state| load(&metric, &saved(state))),
            ),
        ];
        if self.by_rows {
            let rows = self.input.batches.iter().flat_map(golden::rows);
            let rows: Vec<_> = rows.map(|row| batch(&row)).collect();
            outcomes.push(("row by row", value(accumulate(&metric, &rows))));
        }
        self.compare(outcomes);
    }

    /// Notes every outcome that is not the expected one.
    fn compare(&mut self, outcomes: Vec<(&str, Result<Value, MetricError>)>) {
        let expect = match self.listed {
            Some(listed) => &serde_json::from_str(listed.ours).expect("a table of JSON"),
            None => &self.case.expect,
        };
        for (how, outcome) in &outcomes {
            let failure = difference(outcome, expect, self.tolerance);
            self.failures.extend(failure.map(|f| format!("{how}: {f}")));
        }
        if let Some(listed) = self.listed
            && difference(&outcomes[0].1, &self.case.expect, self.tolerance).is_none()
        {
            let stale = format!("is not different, though listed: {}", listed.reason);
            self.failures.push(stale);
        }
    }

    /// The shape of an array of the first batch.
    pub fn shape(&self, name: &str) -> &[usize] {
        &self.input.batches[0][name].shape
    }

    /// Whether the batches have weights.
    pub fn is_weighted(&self) -> bool {
        self.input.batches[0].contains_key("weights")
    }

    /// Whether scores of the input are no probabilities, which a single row may not show.
    pub fn has_logits(&self) -> bool {
        let scores = self
            .input
            .batches
            .iter()
            .filter_map(|batch| batch.get("scores"));
        scores
            .flat_map(|array| &array.data)
            .any(|score| !(0.0..=1.0).contains(score))
    }

    /// Notes that nothing could be checked.
    pub fn fail(&mut self, reason: &str) {
        self.failures.push(reason.to_string());
    }
}

/// Accumulates batches one after the other.
fn accumulate<M: Metric>(
    metric: &M,
    batches: &[BatchOf<M>],
) -> Result<MetricState<M>, MetricError> {
    let mut state = metric.state();
    for batch in batches {
        state.update(batch)?;
    }
    Ok(state)
}

/// Accumulates every batch by itself and merges the last one first, if the order is free.
fn merge<M: Metric>(
    metric: &M,
    batches: &[BatchOf<M>],
    any_order: bool,
) -> Result<MetricState<M>, MetricError> {
    let mut parts = Vec::new();
    for batch in batches {
        let mut part = metric.state();
        part.update(batch)?;
        parts.push(part.summary()?.clone());
    }
    if any_order {
        parts.reverse();
    }
    let mut total = metric.state();
    for part in &parts {
        total.merge(part)?;
    }
    Ok(total)
}

fn saved<M: Metric>(mut state: MetricState<M>) -> String {
    let summary = state.summary().expect("the device can be read");
    serde_json::to_string(summary).expect("a summary is data")
}

fn load<M: Metric>(metric: &M, text: &str) -> Result<Value, MetricError> {
    let summary: SummaryOf<M> = serde_json::from_str(text).expect("a summary that was saved");
    let mut state = metric.state();
    state.merge(&summary)?;
    state.compute()
}

fn listed(id: &str) -> Option<&'static Difference> {
    DIFFERENCES.iter().find(|d| matches(d.cases, id))
}

/// Whether the text is the pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches(tail, &rest[at..]))
        }),
    }
}

#[test]
fn every_listed_difference_is_of_a_case() {
    let files: Vec<_> = super::FILES.iter().map(|name| golden::load(name)).collect();
    for listed in DIFFERENCES {
        let found =
            (files.iter().flat_map(|file| &file.cases)).any(|case| matches(listed.cases, &case.id));
        assert!(found, "no case matches {}", listed.cases);
    }
}
