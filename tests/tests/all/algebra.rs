//! The laws that summaries, states and collections obey, on made-up data.

use crate::goldens::all_metrics;
use burn::tensor::Device;
use metrics_core::{
    Accumulator, BatchOf, Metric, MetricCollection, MetricError, MetricState, Summary, SummaryOf,
    Validation, Value,
    batch::{Multiclass, Regression},
    classification::{Accuracy, CohenKappa, F1Score, Recall},
};
use metrics_tests::{
    compare::{Tolerance, same},
    devices,
    golden::{Array, Arrays, slice},
    is_host,
    metrics::Visitor,
    samples::{CLASSES, Random, Sample},
};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Sums in another order differ in their last digits.
const CLOSE: Tolerance = Tolerance::Relative(1e-6);

type Check = Result<(), TestCaseError>;

/// A law of one metric: rows on a device, and where to cut them.
trait Law {
    fn check<M: Metric>(metric: &M, rows: &Rows) -> Check
    where
        BatchOf<M>: Sample;
}

/// Made-up rows, of which the first part has no weights even if the others have.
struct Rows<'a> {
    arrays: Arrays,
    count: usize,
    /// Two places to cut, in order.
    cuts: [usize; 2],
    device: &'a Device,
}

impl Rows<'_> {
    fn state<M: Metric>(&self, metric: &M, from: usize, to: usize) -> MetricState<M>
    where
        BatchOf<M>: Sample,
    {
        let mut state = metric.state().validation(Validation::Ignore);
        state.update(&self.batch(from, to)).unwrap();
        state
    }

    /// Some of the rows; without weights if all of these are 1.
    fn batch<B: Sample>(&self, from: usize, to: usize) -> B {
        let mut arrays = slice(&self.arrays, from..to);
        let plain = |weights: &Array| weights.data.iter().all(|weight| *weight == 1.0);
        if arrays.get("weights").is_some_and(plain) {
            arrays.remove("weights");
        }
        Sample::build(&arrays, self.device).unwrap()
    }

    /// The summaries of the three parts.
    fn parts<M: Metric>(&self, metric: &M) -> [SummaryOf<M>; 3]
    where
        BatchOf<M>: Sample,
    {
        let [first, second] = self.cuts;
        [(0, first), (first, second), (second, self.count)]
            .map(|(from, to)| self.state(metric, from, to).summary().unwrap().clone())
    }
}

/// Runs a law for every metric on every device.
fn for_all<L: Law>(cases: u32) {
    struct Run<L>(u32, Vec<String>, std::marker::PhantomData<L>);
    impl<L: Law> Visitor for Run<L> {
        fn visit<M: Metric>(&mut self, metric: M)
        where
            BatchOf<M>: Sample,
        {
            for (name, device) in devices() {
                let config = Config {
                    cases: if is_host(name) { self.0 } else { 1 },
                    ..Config::default()
                };
                let mut runner = TestRunner::new_with_rng(
                    Config {
                        failure_persistence: None,
                        ..config
                    },
                    proptest::test_runner::TestRng::deterministic_rng(Default::default()),
                );
                let strategy = (0u64..1 << 32, 1usize..40, 0usize..=40, 0usize..=40);
                let outcome = runner.run(&strategy, |(seed, count, a, b)| {
                    let (a, b) = (a.min(count), b.min(count));
                    let mut arrays = BatchOf::<M>::arrays(&mut Random(seed), count);
                    let cuts = [a.min(b), a.max(b)];
                    // Half of the time.
                    if metric.accumulator().takes_weights() && seed % 2 == 0 {
                        let mut weights = Random(!seed).array(&[count], Random::weight);
                        weights.data[..cuts[0]].fill(1.0);
                        arrays.insert("weights".into(), weights);
                    }
                    L::check(
                        &metric,
                        &Rows {
                            arrays,
                            count,
                            cuts,
                            device: &device,
                        },
                    )
                });
                if let Err(error) = outcome {
                    self.1
                        .push(format!("{name} {:?}: {error}", metric.accumulator()));
                }
            }
        }
    }
    let mut run = Run::<L>(cases, Vec::new(), std::marker::PhantomData);
    all_metrics(&mut run);
    assert!(run.1.is_empty(), "{}", run.1.join("\n"));
}

/// The value with its lists sorted: their order is that of the batches.
fn in_one_order(value: Value) -> Value {
    match value {
        Value::List(mut list) => {
            list.sort_by(f64::total_cmp);
            Value::List(list)
        }
        Value::Record(fields) => {
            let fields = fields.into_iter();
            Value::of_fields(fields.map(|field| (field.name, in_one_order(field.value))))
        }
        other => other,
    }
}

/// The value of a summary; errors as text.
fn value<M: Metric>(metric: &M, summary: &SummaryOf<M>) -> Result<Value, String> {
    let value = metric.finalize(summary).map(in_one_order);
    value.map_err(|error| error.to_string())
}

fn agree<M: Metric>(metric: &M, left: &SummaryOf<M>, right: &SummaryOf<M>) -> Check {
    let fail = |what: String| Err(TestCaseError::fail(what));
    if left.rejected() != right.rejected() {
        return fail(format!(
            "{:?} is not {:?}",
            left.rejected(),
            right.rejected()
        ));
    }
    match (value(metric, left), value(metric, right)) {
        (Ok(a), Ok(b)) if same(&a, &b, CLOSE) => Ok(()),
        (Err(a), Err(b)) if a == b => Ok(()),
        (a, b) => fail(format!("{a:?} is not {b:?}")),
    }
}

fn merged<S: Summary>(left: &S, right: &S) -> S {
    let mut sum = left.clone();
    sum.merge(right).unwrap();
    sum
}

#[test]
fn merging_is_associative_and_commutative() {
    struct Merging;
    impl Law for Merging {
        fn check<M: Metric>(metric: &M, rows: &Rows) -> Check
        where
            BatchOf<M>: Sample,
        {
            let [a, b, c] = rows.parts(metric);
            let left = merged(&merged(&a, &b), &c);
            agree(metric, &left, &merged(&a, &merged(&b, &c)))?;
            agree(metric, &left, &merged(&merged(&c, &a), &b))
        }
    }
    for_all::<Merging>(12);
}

#[test]
fn the_empty_summary_is_neutral() {
    struct Neutral;
    impl Law for Neutral {
        fn check<M: Metric>(metric: &M, rows: &Rows) -> Check
        where
            BatchOf<M>: Sample,
        {
            let empty = metric.state().summary().unwrap().clone();
            let some = rows.state(metric, 0, rows.count).summary().unwrap().clone();
            for sum in [merged(&empty, &some), merged(&some, &empty)] {
                // As text, in which NaN equals NaN.
                assert_eq!(text(&sum), text(&some));
            }
            assert_eq!(text(&merged(&empty, &empty)), text(&empty));
            Ok(())
        }
    }
    for_all::<Neutral>(4);
}

fn text(summary: &impl Summary) -> String {
    serde_json::to_string(summary).unwrap()
}

#[test]
fn the_batches_do_not_matter() {
    struct Batching;
    impl Law for Batching {
        fn check<M: Metric>(metric: &M, rows: &Rows) -> Check
        where
            BatchOf<M>: Sample,
        {
            let whole = rows.state(metric, 0, rows.count).summary().unwrap().clone();
            let [first, second] = rows.cuts;
            let mut split = metric.state();
            for (from, to) in [(0, first), (first, second), (second, rows.count)] {
                split.update(&rows.batch(from, to)).unwrap();
            }
            agree(metric, split.summary().unwrap(), &whole)
        }
    }
    for_all::<Batching>(12);
}

#[test]
fn forward_is_update_and_the_value_of_the_batch() {
    struct Forward;
    impl Law for Forward {
        fn check<M: Metric>(metric: &M, rows: &Rows) -> Check
        where
            BatchOf<M>: Sample,
        {
            let collection = MetricCollection::new().named("it", metric.clone());
            let collection = collection.validation(Validation::Ignore);
            let (mut forward, mut update) = (collection.fresh(), collection.fresh());
            let [first, second] = rows.cuts;
            for (from, to) in [(0, first), (first, second), (second, rows.count)] {
                let batch = rows.batch(from, to);
                let mut alone = collection.fresh();
                alone.update(&batch).unwrap();
                update.update(&batch).unwrap();
                same_report(forward.forward(&batch).unwrap(), alone.compute().unwrap())?;
            }
            same_report(forward.compute().unwrap(), update.compute().unwrap())
        }
    }
    for_all::<Forward>(4);
}

fn same_report(left: metrics_core::MetricReport, right: metrics_core::MetricReport) -> Check {
    for (a, b) in left.entries.iter().zip(&right.entries) {
        let values = match (&a.value, &b.value) {
            (Some(a), Some(b)) => same(a, b, CLOSE),
            (a, b) => a.is_none() && b.is_none(),
        };
        if !values || a.error != b.error || a.rejected != b.rejected {
            return Err(TestCaseError::fail(format!("{a:?} is not {b:?}")));
        }
    }
    Ok(())
}

#[test]
fn reset_forgets_everything() {
    struct Reset;
    impl Law for Reset {
        fn check<M: Metric>(metric: &M, rows: &Rows) -> Check
        where
            BatchOf<M>: Sample,
        {
            let [cut, _] = rows.cuts;
            let mut state = rows.state(metric, 0, cut);
            state.reset();
            let empty = metric.state().summary().unwrap().clone();
            assert_eq!(text(state.summary().unwrap()), text(&empty));
            // Once read and once not.
            for _ in 0..2 {
                state.reset();
                state.update(&rows.batch(0, rows.count)).unwrap();
                let again = rows.state(metric, 0, rows.count).summary().unwrap().clone();
                assert_eq!(text(state.summary().unwrap()), text(&again));
            }
            Ok(())
        }
    }
    for_all::<Reset>(4);
}

fn classes() -> MetricCollection<Multiclass> {
    MetricCollection::new()
        .with(F1Score::multiclass(CLASSES))
        .with(Accuracy::multiclass(CLASSES))
        .with(CohenKappa::multiclass(CLASSES))
}

#[test]
fn equal_specifications_share_a_state() {
    assert_eq!(classes().state_count(), 1);
    let more = classes().with(Recall::multiclass(CLASSES).ignore_index(-1));
    assert_eq!(more.state_count(), 2);
    let more = more.named("top", Recall::multiclass(CLASSES).top_k(2));
    let more = more.named("ignoring", F1Score::multiclass(CLASSES).ignore_index(-1));
    assert_eq!(more.state_count(), 3);
    assert_eq!(more.metrics().len(), 6);
}

#[test]
fn a_name_used_twice_is_an_error_of_whatever_comes_next() {
    let mut twice = classes().with(Accuracy::multiclass(CLASSES));
    let error = MetricError::DuplicateName("accuracy".into());
    assert_eq!(twice.check(), Err(error.clone()));
    let (_, device) = devices().remove(0);
    assert_eq!(
        twice.update(&Multiclass::random(1, 4, &device)),
        Err(error.clone())
    );
    assert_eq!(twice.compute(), Err(error.clone()));
    assert_eq!(twice.fresh().summary(), Err(error));
}

#[test]
fn another_collections_summary_is_refused_and_changes_nothing() {
    for (name, device) in devices() {
        let batch = Multiclass::random(1, 32, &device);
        let mut collection = classes().with(Recall::multiclass(CLASSES).top_k(2));
        collection.update(&batch).unwrap();
        let before = collection.summary().unwrap();

        let fewer = classes();
        let other_options = classes().with(Recall::multiclass(CLASSES).top_k(3));
        let other_width = MetricCollection::new()
            .with(F1Score::multiclass(CLASSES - 1))
            .with(Recall::multiclass(CLASSES - 1).top_k(2));
        for mut other in [fewer, other_options, other_width] {
            let error = collection.merge(&other.summary().unwrap()).unwrap_err();
            assert!(
                matches!(
                    error,
                    MetricError::MergeMismatch { .. } | MetricError::Saved(_)
                ),
                "{name}: {error:?}"
            );
            assert_eq!(collection.summary().unwrap(), before, "{name}");
        }
        collection.merge(&before).unwrap();
        assert_ne!(collection.summary().unwrap(), before);
    }
}

#[test]
fn a_summary_of_another_shape_is_refused_and_changes_nothing() {
    let (_, device) = devices().remove(0);
    let mut state = Accuracy::multiclass(CLASSES).state();
    state.update(&Multiclass::random(1, 32, &device)).unwrap();
    let before = state.summary().unwrap().clone();
    let mut other = Accuracy::multiclass(CLASSES + 1).state();
    let error = state.merge(other.summary().unwrap()).unwrap_err();
    assert!(
        matches!(error, MetricError::MergeMismatch { .. }),
        "{error:?}"
    );
    assert_eq!(*state.summary().unwrap(), before);
}

#[test]
fn devices_add_up_in_one_state() {
    let mut together = metrics_core::regression::MeanSquaredError::new()
        .state()
        .validation(Validation::Ignore);
    let mut separate = together.clone();
    for (seed, (_, device)) in devices().into_iter().enumerate() {
        let batch = Regression::random(seed as u64, 50, &device);
        together.update(&batch).unwrap();
        let mut alone = together.metric().state();
        alone.update(&batch).unwrap();
        separate.merge(alone.summary().unwrap()).unwrap();
    }
    let (a, b) = (together.compute().unwrap(), separate.compute().unwrap());
    assert!(same(&a, &b, CLOSE), "{a} {b}");
}
