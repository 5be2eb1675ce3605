//! Saved states: what they are known by, and that those of this version stay readable.

use crate::goldens::all_metrics;
use burn::tensor::Device;
use metrics_core::prelude::*;
use metrics_tests::{
    compare::{Tolerance, same},
    metrics::Visitor,
    samples::Sample,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
};

/// The kinds of an accumulator and of what it is made of.
fn kinds(identity: &Identity) -> String {
    let inner: Vec<_> = identity.parts().iter().map(kinds).collect();
    if inner.is_empty() {
        identity.kind().to_string()
    } else {
        format!("{}({})", identity.kind(), inner.join(", "))
    }
}

/// The same of their versions.
fn versions(identity: &Identity) -> Vec<u32> {
    let inner = identity.parts().iter().flat_map(versions);
    [identity.version()].into_iter().chain(inner).collect()
}

/// Two maps that must be the inverse of each other.
#[derive(Default)]
struct Pairs(HashMap<String, String>, HashMap<String, String>);

impl Pairs {
    fn add(&mut self, left: String, right: String) {
        let known = (self.0).insert(left.clone(), right.clone());
        assert!(known.is_none_or(|known| known == right), "two of {left}");
        let known = (self.1).insert(right.clone(), left.clone());
        assert!(known.is_none_or(|known| known == left), "two of {right}");
    }
}

#[derive(Default)]
struct Identities {
    kinds: Pairs,
    options: Pairs,
}

impl Visitor for Identities {
    fn visit<M: Metric>(&mut self, metric: M)
    where
        BatchOf<M>: Sample,
    {
        let accumulator = metric.accumulator();
        let identity = accumulator.identity();
        let text = serde_json::to_string(&identity).unwrap();
        assert_eq!(serde_json::from_str::<Identity>(&text).unwrap(), identity);
        let of_type = std::any::type_name::<M::Accumulator>();
        self.kinds.add(kinds(&identity), of_type.to_string());
        self.options.add(text, format!("{of_type} {accumulator:?}"));
    }
}

#[test]
fn identities_are_unique_and_survive_json() {
    let mut identities = Identities::default();
    all_metrics(&mut identities);
    assert!(identities.kinds.0.len() > 40);
    assert!(identities.options.0.len() > 90);
}

/// One saved state and the value that it had when it was saved.
#[derive(Serialize, Deserialize)]
struct Fixture {
    metric: String,
    state: Json,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    error: Option<String>,
}

impl Fixture {
    fn identity(&self) -> Identity {
        serde_json::from_value(self.state["states"][0]["identity"].clone()).unwrap()
    }

    fn summary(&self) -> CollectionSummary {
        serde_json::from_value(self.state.clone()).unwrap()
    }
}

/// The files of fixtures, by the kinds of their states.
struct Fixtures {
    files: BTreeMap<String, Vec<Fixture>>,
    /// The identities that accumulators have.
    seen: Vec<Identity>,
    write: bool,
    missing: Vec<String>,
}

fn folder() -> PathBuf {
    metrics_tests::folder().join("fixtures/states")
}

fn file_name(kinds: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = kinds.chars().map(plain).collect();
    format!("{}.json", name.trim_end_matches('_'))
}

impl Fixtures {
    fn load() -> Self {
        let files = fs::read_dir(folder()).into_iter().flatten().map(|file| {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            (name, serde_json::from_str(&text).unwrap())
        });
        Self {
            files: files.collect(),
            seen: Vec::new(),
            write: std::env::var_os("METRICS_WRITE_FIXTURES").is_some(),
            missing: Vec::new(),
        }
    }

    fn save(&self) {
        fs::create_dir_all(folder()).unwrap();
        for (name, fixtures) in &self.files {
            // A state a line.
            let lines: Vec<_> = (fixtures.iter())
                .map(|fixture| serde_json::to_string(fixture).unwrap())
                .collect();
            let text = format!("[\n{}\n]\n", lines.join(",\n"));
            fs::write(folder().join(name), text).unwrap();
        }
    }
}

fn collection<M: Metric>(metric: &M) -> MetricCollection<BatchOf<M>> {
    MetricCollection::new()
        .named("it", metric.clone())
        .validation(Validation::Ignore)
}

fn outcome<B: Batch>(collection: &mut MetricCollection<B>) -> (Option<Value>, Option<String>) {
    let report = collection.compute().unwrap();
    let entry = report.entry("it").unwrap();
    (entry.value.clone(), entry.error.clone())
}

/// A state of made-up data; of weighted data as well, if there is a value then.
fn saved<M: Metric>(metric: &M) -> Fixture
where
    BatchOf<M>: Sample,
{
    let device = Device::flex();
    let mut states = collection(metric);
    states.update(&Sample::random(1, 24, &device)).unwrap();
    if metric.accumulator().takes_weights() {
        let rows = 12;
        let mut random = metrics_tests::samples::Random(3);
        let weights = random.array(&[rows], |random| random.weight());
        let batch: BatchOf<M> = Sample::random(2, rows, &device);
        let mut weighted = states.clone();
        if let Ok(batch) = batch.weighed(weights.floats(&device)) {
            weighted.update(&batch).unwrap();
            if outcome(&mut weighted).0.is_some() {
                states = weighted;
            }
        }
    }
    let state = serde_json::to_value(states.summary().unwrap()).unwrap();
    // What the file holds has the value, not what is still exact in memory.
    let mut read = collection(metric);
    read.merge(&serde_json::from_value(state.clone()).unwrap())
        .unwrap();
    let (value, error) = outcome(&mut read);
    Fixture {
        metric: metric.name(),
        state,
        value,
        error,
    }
}

impl Visitor for Fixtures {
    fn visit<M: Metric>(&mut self, metric: M)
    where
        BatchOf<M>: Sample,
    {
        let identity = metric.accumulator().identity();
        if self.seen.contains(&identity) {
            return;
        }
        self.seen.push(identity.clone());
        let file = self.files.entry(file_name(&kinds(&identity))).or_default();
        let Some(fixture) = file.iter().find(|fixture| fixture.identity() == identity) else {
            if self.write {
                file.push(saved(&metric))
            } else {
                self.missing.push(identity.to_string())
            }
            return;
        };
        // An option of the metric alone, which is not in the state, would give another value.
        assert_eq!(fixture.metric, metric.name(), "{identity}");
        let mut states = collection(&metric);
        states.merge(&fixture.summary()).unwrap();
        let (value, error) = outcome(&mut states);
        assert_eq!(error, fixture.error, "{identity}");
        if let (Some(value), Some(recorded)) = (&value, &fixture.value) {
            let close = Tolerance::Relative(1e-9);
            assert!(
                same(value, recorded, close),
                "{identity}: {value} is not {recorded}"
            );
        }
        assert_eq!(value.is_some(), fixture.value.is_some(), "{identity}");
        // Beside data of this version.
        let batch: BatchOf<M> = Sample::random(5, 6, &Device::flex());
        states.update(&batch).unwrap();
        states.merge(&fixture.summary()).unwrap();
        outcome(&mut states);
        for old in file
            .iter()
            .filter(|old| versions(&old.identity()) < versions(&identity))
        {
            let error = collection(&metric).merge(&old.summary()).unwrap_err();
            assert!(
                error.to_string().contains(&old.identity().to_string()),
                "{error}"
            );
        }
    }
}

/// A summary whose fields or their meaning change needs the next version of its accumulator's identity;
/// its old fixtures stay, to be refused by name. `METRICS_WRITE_FIXTURES=1` adds what is missing.
#[test]
fn saved_states_of_this_version_stay_readable() {
    let mut fixtures = Fixtures::load();
    all_metrics(&mut fixtures);
    if fixtures.write {
        fixtures.save();
    }
    assert!(
        fixtures.missing.is_empty(),
        "no saved state of {:#?}",
        fixtures.missing
    );
    for fixture in fixtures.files.values().flatten() {
        let identity = fixture.identity();
        let newer = |seen: &Identity| {
            kinds(seen) == kinds(&identity) && versions(seen) > versions(&identity)
        };
        assert!(
            fixtures.seen.contains(&identity) || fixtures.seen.iter().any(newer),
            "{identity} has a saved state and no accumulator: options that change need a new version"
        );
    }
}

#[test]
fn states_of_another_kind_version_or_format_are_refused_by_name() {
    let device = Device::flex();
    let mut metrics = MetricCollection::new().with(Accuracy::binary().threshold(0.3));
    let batch: Binary = Sample::random(1, 8, &device);
    metrics.update(&batch).unwrap();
    let saved = serde_json::to_value(metrics.summary().unwrap()).unwrap();
    let merge = |metrics: &MetricCollection<Binary>, saved: &Json| {
        let saved = serde_json::from_value(saved.clone()).unwrap();
        metrics
            .fresh()
            .merge(&saved)
            .map_err(|error| error.to_string())
    };
    assert_eq!(merge(&metrics, &saved), Ok(()));
    let own = "confusion/binary version 1 (ignore_index none, threshold 0.3)";
    let refused = |metrics: &MetricCollection<Binary>, saved: &Json, left: &str, right: &str| {
        let text = format!("cannot merge summaries of different accumulators: {left} and {right}");
        assert_eq!(merge(metrics, saved), Err(text));
    };
    let other = MetricCollection::new().with(Accuracy::binary().ignore_index(-1));
    let left = "confusion/binary version 1 (ignore_index -1, threshold 0.5)";
    refused(&other, &saved, left, own);
    let curve = MetricCollection::new().with(Auroc::binary());
    let left = "curve/binary version 2 (ignore_index none, thresholds exact, whole false, width 1)";
    refused(&curve, &saved, left, own);
    let mut newer = saved.clone();
    newer["states"][0]["identity"]["version"] = 2.into();
    refused(
        &metrics,
        &newer,
        own,
        &own.replace("version 1", "version 2"),
    );

    let mut newer = saved.clone();
    newer["format"] = 2.into();
    let text = "the saved state does not fit: it has format 2, and this version reads format 1";
    assert_eq!(merge(&metrics, &newer), Err(text.into()));
    let old = serde_json::json!({ "states": [{
        "accumulator": "BinaryConfusion { threshold: 0.3, ignore_index: None }",
        "summary": saved["states"][0]["summary"],
    }] });
    let text = "the saved state does not fit: it was saved by a version before format 1";
    assert_eq!(merge(&metrics, &old), Err(text.into()));
}
