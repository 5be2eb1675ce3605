//! Metrics of data on the host, which no device ever sees.

use metrics_core::{
    Batch, HostAccumulator, Identity, Metric, MetricCollection, MetricError, MetricState, OnHost,
    Rejected, Summary, Value,
    batch::{Memo, Values},
    wrappers::{Running, Task},
};
use serde::{Deserialize, Serialize};

/// Predicted texts and right ones.
#[derive(Clone)]
struct Answers {
    pairs: Vec<(String, String)>,
    memo: Memo,
}

impl Answers {
    fn new(pairs: &[(&str, &str)]) -> Self {
        let owned = |(pred, target): &(&str, &str)| ((*pred).into(), (*target).into());
        Self {
            pairs: pairs.iter().map(owned).collect(),
            memo: Memo::default(),
        }
    }
}

impl Batch for Answers {
    fn count_bound(&self) -> usize {
        self.pairs.len()
    }
    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Matches {
    ignore_case: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct MatchesSummary {
    matched: u64,
    all: u64,
}

impl Summary for MatchesSummary {
    fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        self.matched += other.matched;
        self.all += other.all;
        Ok(())
    }
    fn rejected(&self) -> Rejected {
        Rejected::default()
    }
}

impl HostAccumulator for Matches {
    type Batch = Answers;
    type Summary = MatchesSummary;

    fn identity(&self) -> Identity {
        Identity::new("tests/matches", 1).with(self)
    }
    fn empty(&self) -> MatchesSummary {
        MatchesSummary { matched: 0, all: 0 }
    }
    fn check(&self, batch: &Answers) -> Result<(), MetricError> {
        if batch.pairs.iter().any(|(_, target)| target.is_empty()) {
            Err(MetricError::Custom("a target without text".into()))
        } else {
            Ok(())
        }
    }
    fn add(&self, batch: &Answers, summary: &mut MatchesSummary) {
        let case = |text: &String| {
            if self.ignore_case {
                text.to_lowercase()
            } else {
                text.clone()
            }
        };
        let pairs = batch.pairs.iter();
        summary.matched += pairs.filter(|(p, t)| case(p) == case(t)).count() as u64;
        summary.all += batch.pairs.len() as u64;
    }
}

#[derive(Clone)]
struct Matched {
    ignore_case: bool,
}

impl Metric for Matched {
    type Accumulator = OnHost<Matches>;

    fn name(&self) -> String {
        if self.ignore_case {
            "any_case".into()
        } else {
            "matched".into()
        }
    }
    fn accumulator(&self) -> OnHost<Matches> {
        let ignore_case = self.ignore_case;
        OnHost(Matches { ignore_case })
    }
    fn finalize(&self, summary: &MatchesSummary) -> Result<Value, MetricError> {
        if summary.all == 0 {
            let rejected = Rejected::default();
            return Err(MetricError::Empty { rejected });
        }
        Ok((summary.matched as f64 / summary.all as f64).into())
    }
}

const STRICT: Matched = Matched { ignore_case: false };
const LOOSE: Matched = Matched { ignore_case: true };

fn first() -> Answers {
    Answers::new(&[("Paris", "Paris"), ("rome", "Rome"), ("Oslo", "Bern")])
}

fn second() -> Answers {
    Answers::new(&[("42", "42")])
}

#[test]
fn a_collection_accumulates_shares_saves_and_merges() {
    let collection = || {
        MetricCollection::new()
            .with(STRICT)
            .named("again", STRICT)
            .with(LOOSE)
    };
    let mut metrics = collection();
    assert_eq!(metrics.state_count(), 2);
    let step = metrics.forward(&first()).unwrap();
    assert_eq!(step.scalar("matched"), Some(1.0 / 3.0));
    assert_eq!(step.scalar("any_case"), Some(2.0 / 3.0));
    metrics.update(&second()).unwrap();
    let report = metrics.compute().unwrap();
    assert_eq!(report.scalar("matched"), Some(0.5));
    assert_eq!(report.scalar("again"), Some(0.5));
    assert_eq!(report.scalar("any_case"), Some(0.75));
    assert_eq!(metrics.reads(), 0, "there is nothing to read");

    let saved = serde_json::to_string(&metrics.summary().unwrap()).unwrap();
    let mut other = collection();
    other.update(&second()).unwrap();
    other.merge(&serde_json::from_str(&saved).unwrap()).unwrap();
    assert_eq!(other.compute().unwrap().scalar("matched"), Some(3.0 / 5.0));
    let mut wrong = MetricCollection::new().with(LOOSE).with(STRICT);
    let error = wrong.merge(&serde_json::from_str(&saved).unwrap());
    assert!(matches!(error, Err(MetricError::MergeMismatch { .. })));

    metrics.reset();
    let report = metrics.compute().unwrap();
    assert_eq!(report.errors().count(), 3, "nothing is left after a reset");
}

#[test]
fn a_batch_that_is_refused_changes_no_state() {
    let mut metrics = MetricCollection::new().with(STRICT).with(LOOSE);
    metrics.update(&second()).unwrap();
    let bad = Answers::new(&[("a", "a"), ("b", "")]);
    assert!(metrics.update(&bad).is_err());
    assert!(metrics.forward(&bad).is_err());
    // Nor does one without data.
    metrics.update(&Answers::new(&[])).unwrap();
    assert_eq!(metrics.compute().unwrap().scalar("matched"), Some(1.0));
    metrics.update(&Answers::new(&[("a", "b")])).unwrap();
    assert_eq!(metrics.compute().unwrap().scalar("matched"), Some(0.5));
}

#[test]
fn wrappers_take_it() {
    let mut state = MetricState::new(STRICT);
    assert_eq!(state.forward(&second()).unwrap().scalar(), Some(1.0));
    state.update(&first()).unwrap();
    assert_eq!(state.compute().unwrap().scalar(), Some(0.5));

    let mut running = Running::new(MetricState::new(STRICT), 1);
    running.update(&first()).unwrap();
    running.update(&second()).unwrap();
    assert_eq!(running.compute().unwrap().scalar(), Some(1.0));

    let both = STRICT.expr() + LOOSE;
    let value = both.evaluate(&first()).unwrap().scalar().unwrap();
    assert!((value - 1.0).abs() < 1e-15);

    let upper = Task::new("upper", |batch: &Answers| {
        let pairs = batch.pairs.iter();
        let upper = |(p, t): &(String, String)| (p.to_uppercase(), t.to_uppercase());
        Ok(Answers {
            pairs: pairs.map(upper).collect(),
            memo: Memo::default(),
        })
    });
    let value = STRICT.on(&upper).evaluate(&first()).unwrap();
    assert_eq!(value.scalar(), Some(2.0 / 3.0));
}

#[test]
fn a_task_makes_texts_of_tensors_but_no_tensors_of_texts() {
    use burn::tensor::{Device, Tensor};
    let device = Device::default();
    let values = Values::new(Tensor::<1>::from_floats([1.0, 2.0], &device));
    let texts = Task::new("texts", |_: &Values| Ok(second()));
    assert_eq!(
        STRICT.on(&texts).evaluate(&values).unwrap().scalar(),
        Some(1.0)
    );

    let numbers = Task::new("numbers", move |_: &Answers| {
        Ok(Values::new(Tensor::<1>::from_floats([1.0], &device)))
    });
    let mean = metrics_core::aggregation::Mean::new().on(&numbers);
    let error = mean.evaluate(&first()).unwrap_err();
    assert!(
        matches!(error, MetricError::DeviceMismatch { .. }),
        "{error}"
    );
}
