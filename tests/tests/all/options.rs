//! Every option of every metric and wrapper has an effect: a pair of inputs on which it changes the value, or a width that it
//! refuses. The list of options is that of the source, so that a new one without a row here fails.

mod scan;

use burn::tensor::{Device, Tensor};
use metrics_core::{
    BatchOf, Metric, MetricError, Validation, Value,
    batch::{Binary, Multiclass, Multilabel, Regression},
    classification::{Auroc, Average},
    intervals::PoissonBootstrap,
    prelude::*,
    wrappers::{MinMax, Multioutput, Running, Task, Tracker},
};
use metrics_tests::{
    cpu,
    golden::Arrays,
    samples::{CLASSES, GROUPS, LABELS, OUTPUTS, Random, Sample},
};
use std::collections::BTreeSet;

/// What a metric makes of a batch.
type Call<B> = Box<dyn Fn(&B) -> Result<Value, MetricError>>;

fn call<M: Metric>(metric: M) -> Call<BatchOf<M>> {
    Box::new(move |batch| metric.evaluate(batch))
}

/// The rows that were seen, and what is wrong with them.
struct Table {
    device: Device,
    /// What becomes of made-up arrays before they are a batch.
    inputs: fn(&mut Arrays),
    rows: BTreeSet<String>,
    failures: Vec<String>,
}

/// How many made-up batches are tried.
const BATCHES: u64 = 1500;

impl Table {
    /// The outcomes of all calls for made-up batches, of at most 40 rows each, until `enough`.
    fn tried<B: Sample>(
        &self,
        calls: &[Call<B>],
        mut enough: impl FnMut(Vec<Result<String, MetricError>>) -> bool,
    ) -> bool {
        (0..BATCHES).any(|seed| {
            let rows = [2, 4, 6, 12, 40][seed as usize % 5];
            let mut arrays = B::arrays(&mut Random(seed), rows);
            (self.inputs)(&mut arrays);
            let batch = B::build(&arrays, &self.device).unwrap();
            let text = |value: Value| serde_json::to_string(&value).unwrap();
            enough(calls.iter().map(|call| call(&batch).map(text)).collect())
        })
    }

    /// Every two of the calls have different values on some batch.
    fn all_differ<B: Sample>(&mut self, name: &str, calls: &[Call<B>]) {
        let mut equal: BTreeSet<(usize, usize)> = (0..calls.len())
            .flat_map(|a| (0..a).map(move |b| (b, a)))
            .collect();
        let mut errors = vec![None; calls.len()];
        let differ = self.tried(calls, |outcomes| {
            equal.retain(|(a, b)| match (&outcomes[*a], &outcomes[*b]) {
                (Ok(a), Ok(b)) => a == b,
                _ => true,
            });
            for (last, outcome) in errors.iter_mut().zip(&outcomes) {
                *last = outcome.as_ref().err().cloned();
            }
            equal.is_empty()
        });
        self.row(name, differ, || format!("equal are {equal:?}; {errors:?}"));
    }

    /// Each of the calls has another value than another one on some batch: two choices may be the same by definition.
    fn each_differs<B: Sample>(&mut self, name: &str, calls: &[Call<B>]) {
        let mut same: BTreeSet<usize> = (0..calls.len()).collect();
        let differ = self.tried(calls, |outcomes| {
            for (a, one) in outcomes.iter().enumerate() {
                let other = |other: &Result<String, MetricError>| matches!((one, other), (Ok(a), Ok(b)) if a != b);
                if outcomes.iter().any(other) {
                    same.remove(&a);
                }
            }
            same.is_empty()
        });
        self.row(name, differ, || {
            format!("the choices {same:?} are as all others")
        });
    }

    /// The first call has another value than one of the others on some batch.
    fn one_differs<B: Sample>(&mut self, name: &str, calls: &[Call<B>]) {
        let mut last = Vec::new();
        let differs = self.tried(calls, |outcomes| {
            let [first, others @ ..] = &outcomes[..] else { unreachable!() };
            let other = |other: &Result<String, MetricError>| matches!((first, other), (Ok(a), Ok(b)) if a != b);
            let found = others.iter().any(other);
            last = outcomes;
            found
        });
        self.row(name, differs, || format!("{last:?}"));
    }

    /// The first call finds invalid data in some batch, of which the second has a value.
    fn rescues<B: Sample>(&mut self, name: &str, calls: &[Call<B>]) {
        let rescues = self.tried(calls, |outcomes| {
            matches!(outcomes[..], [Err(MetricError::InvalidData(_)), Ok(_)])
        });
        self.row(name, rescues, String::new);
    }

    /// The first call has a value on some batch, and the second refuses its width.
    fn refuses<B: Sample>(&mut self, name: &str, calls: &[Call<B>]) {
        let mut last = Vec::new();
        let refuses = self.tried(calls, |outcomes| {
            let refuses =
                |error: &MetricError| matches!(error.reason(), MetricError::WidthMismatch { .. });
            let found = outcomes[0].is_ok() && outcomes[1].as_ref().is_err_and(refuses);
            last = outcomes;
            found
        });
        self.row(name, refuses, || format!("{last:?}"));
    }

    /// What was made with the arguments is different for each.
    fn distinct(&mut self, name: &str, made: &[String]) {
        let distinct = made.iter().collect::<BTreeSet<_>>().len() == made.len();
        self.row(name, distinct, || format!("{made:?}"));
    }

    fn row(&mut self, name: &str, holds: bool, why: impl FnOnce() -> String) {
        let name = name.replace(' ', "");
        if !holds {
            self.failures
                .push(format!("{name} has no effect: {}", why()));
        }
        self.rows.insert(name);
    }
}

/// The metric as it is and with each list of arguments: every two of them differ.
macro_rules! options {
    ($table:ident, $($metric:ty = $base:expr => $($option:ident $(($($value:expr),*))+),+;)+) => {$({
        let base: $metric = $base;
        $($table.all_differ(
            concat!(stringify!($metric), "::", stringify!($option)),
            &[call(base.clone()), $(call(base.clone().$option($($value),*))),+],
        );)+
    })+};
}

/// The metric with each choice: each differs from another one.
macro_rules! choices {
    ($table:ident, $($metric:ty = $base:expr => $($option:ident $(($($value:expr),*))+),+;)+) => {$({
        let base: $metric = $base;
        $($table.each_differs(
            concat!(stringify!($metric), "::", stringify!($option)),
            &[$(call(base.clone().$option($($value),*))),+],
        );)+
    })+};
}

/// The metric as it is, and with arguments of which one makes a difference.
macro_rules! one_of {
    ($table:ident, $($metric:ty = $base:expr => $($option:ident $(($($value:expr),*))+),+;)+) => {$({
        let base: $metric = $base;
        $($table.one_differs(
            concat!(stringify!($metric), "::", stringify!($option)),
            &[call(base.clone()), $(call(base.clone().$option($($value),*))),+],
        );)+
    })+};
}

/// Constructors: the first width fits, and the second is refused.
macro_rules! widths {
    ($table:ident, $($metric:ty => $constructor:ident($one:expr)($other:expr);)+) => {$(
        $table.refuses(
            concat!(stringify!($metric), "::", stringify!($constructor)),
            &[call(<$metric>::$constructor($one)), call(<$metric>::$constructor($other))],
        );
    )+};
}

/// What metrics of counts have.
macro_rules! counts {
    ($table:ident, $($metric:ident)+) => {$(
        one_of!($table,
            $metric<Binary> = $metric::binary() => ignore_index(0)(1);
            $metric<Multiclass> = $metric::multiclass(CLASSES) => ignore_index(1);
        );
        options!($table,
            $metric<Binary> = $metric::binary() => threshold(0.2)(0.8);
            $metric<Multiclass> = $metric::multiclass(CLASSES) => top_k(2)(3);
        );
        widths!($table, $metric<Multiclass> => multiclass(CLASSES)(CLASSES + 1););
    )+};
}

/// What metrics of counts with a multilabel form have.
macro_rules! multilabel_counts {
    ($table:ident, $($metric:ident)+) => {$(
        counts!($table, $metric);
        one_of!($table, $metric<Multilabel> = $metric::multilabel(LABELS) => ignore_index(0)(1););
        options!($table, $metric<Multilabel> = $metric::multilabel(LABELS) => threshold(0.2)(0.8););
        widths!($table, $metric<Multilabel> => multilabel(LABELS)(LABELS + 1););
    )+};
}

/// An option of all classes or labels.
macro_rules! averaged {
    ($table:ident, $($metric:ident)+) => {$(
        choices!($table,
            $metric<Multiclass> = $metric::multiclass(CLASSES) =>
                average(Average::Micro)(Average::Macro)(Average::Weighted)(Average::None);
            $metric<Multilabel> = $metric::multilabel(LABELS).ignore_index(-1) =>
                average(Average::Micro)(Average::Macro)(Average::Weighted)(Average::None);
        );
    )+};
}

/// An option of all three tasks.
macro_rules! of_tasks {
    ($table:ident, $($metric:ident)+ => $($option:ident $(($($value:expr),*))+),+) => {
        of_tasks!(@ $table, [$($metric)+] $([$option $(($($value),*))+])+);
    };
    (@ $table:ident, [$($metric:ident)+] $options:tt) => {
        $(of_tasks!(@@ $table, $metric $options);)+
    };
    (@ $table:ident, [$($metric:ident)+] $options:tt $($more:tt)+) => {
        of_tasks!(@ $table, [$($metric)+] $options);
        of_tasks!(@ $table, [$($metric)+] $($more)+);
    };
    (@@ $table:ident, $metric:ident [$($option:tt)+]) => {
        options!($table,
            $metric<Binary> = $metric::binary() => $($option)+;
            $metric<Multiclass> = $metric::multiclass(CLASSES) => $($option)+;
            $metric<Multilabel> = $metric::multilabel(LABELS) => $($option)+;
        );
    };
}

/// What metrics of curves have, some of which have an option that must be set.
macro_rules! curves {
    ($table:ident, $($metric:ident $(.$least:ident($value:expr))?),+) => {$(
        options!($table,
            $metric<Binary> = $metric::binary()$(.$least($value))? =>
                thresholds(Thresholds::Count(4))(Thresholds::List(vec![0.3, 0.9]));
            $metric<Multiclass> = $metric::multiclass(CLASSES)$(.$least($value))? =>
                thresholds(Thresholds::Count(4))(Thresholds::List(vec![0.3, 0.9]));
            $metric<Multilabel> = $metric::multilabel(LABELS)$(.$least($value))? =>
                thresholds(Thresholds::Count(4))(Thresholds::List(vec![0.3, 0.9]));
        );
        let of = |classes: usize| call($metric::multiclass(classes)$(.$least($value))?);
        $table.refuses(concat!(stringify!($metric), "<Multiclass>::multiclass"), &[of(CLASSES), of(CLASSES + 1)]);
        let of = |labels: usize| call($metric::multilabel(labels)$(.$least($value))?);
        $table.refuses(concat!(stringify!($metric), "<Multilabel>::multilabel"), &[of(LABELS), of(LABELS + 1)]);
        // Without one of two classes there is no curve.
        let metric = $metric::binary()$(.$least($value))?;
        let ignoring = call(metric.clone().ignore_index(-1));
        $table.rescues(concat!(stringify!($metric), "<Binary>::ignore_index"), &[call(metric), ignoring]);
        let metric = $metric::multilabel(LABELS)$(.$least($value))?;
        let ignoring = call(metric.clone().ignore_index(-1));
        $table.rescues(concat!(stringify!($metric), "<Multilabel>::ignore_index"), &[call(metric), ignoring]);
        one_of!($table,
            $metric<Multiclass> = $metric::multiclass(CLASSES)$(.$least($value))? => ignore_index(1);
        );
    )+};
}

#[test]
fn every_option_has_an_effect() {
    let Some((_, device)) = cpu() else { return };
    let mut table = Table {
        device,
        inputs: |_| (),
        rows: BTreeSet::new(),
        failures: Vec::new(),
    };
    counts(&mut table);
    scores(&mut table);
    regression(&mut table);
    others(&mut table);
    groups(&mut table);
    texts(&mut table);
    wrapped(&mut table);
    let found = scan::options();
    let missing = found
        .difference(&table.rows)
        .map(|name| format!("no row for {name}"));
    let unknown = table.rows.difference(&found);
    let unknown = unknown.map(|name| format!("the source has no {name}"));
    table.failures.extend(missing.chain(unknown));
    let failures = table.failures.join("\n");
    assert!(failures.is_empty(), "{failures}");
}

fn counts(table: &mut Table) {
    multilabel_counts!(table, Accuracy Precision Recall F1Score FBetaScore Specificity NegativePredictiveValue);
    multilabel_counts!(table, StatScores HammingDistance JaccardIndex Informedness ConfusionMatrix MatthewsCorrCoef Dice);
    counts!(table, BalancedAccuracy CohenKappa);
    averaged!(table, Accuracy Precision Recall F1Score FBetaScore Specificity NegativePredictiveValue);
    averaged!(table, StatScores HammingDistance JaccardIndex Informedness Dice);
    macro_rules! divided {
        ($($metric:ident)+) => {
            options!(table, $(
                $metric<Binary> = $metric::binary() => zero_division(0.5)(1.0);
                $metric<Multiclass> = $metric::multiclass(CLASSES).average(Average::None) => zero_division(0.5)(1.0);
                $metric<Multilabel> = $metric::multilabel(LABELS) => zero_division(0.5)(1.0);
            )+);
        };
    }
    divided!(Precision Recall F1Score FBetaScore NegativePredictiveValue JaccardIndex);
    of_tasks!(table, FBetaScore => beta(0.5)(2.0));
    of_tasks!(table, ConfusionMatrix => normalize(Normalize::True)(Normalize::Pred)(Normalize::All));
    options!(table,
        BalancedAccuracy<Binary> = BalancedAccuracy::binary() => adjusted(true);
        BalancedAccuracy<Multiclass> = BalancedAccuracy::multiclass(CLASSES) => adjusted(true);
        CohenKappa<Multiclass> = CohenKappa::multiclass(CLASSES) => weights(KappaWeights::Linear)(KappaWeights::Quadratic);
        Dice<Multiclass> = Dice::multiclass(CLASSES) => include_background(false);
        Dice<Multilabel> = Dice::multilabel(LABELS) => include_background(false);
    );
}

/// Metrics of scores, curves and groups.
fn scores(table: &mut Table) {
    curves!(
        table,
        Auroc,
        AveragePrecision,
        Eer,
        LogAuc,
        Roc,
        PrecisionRecallCurve
    );
    curves!(
        table,
        RecallAtFixedPrecision.min_precision(0.4),
        PrecisionAtFixedRecall.min_recall(0.4)
    );
    curves!(
        table,
        SensitivityAtSpecificity.min_specificity(0.4),
        SpecificityAtSensitivity.min_sensitivity(0.4)
    );
    macro_rules! points {
        ($($metric:ident $least:ident),+) => {
            choices!(table, $(
                $metric<Binary> = $metric::binary() => $least(0.3)(0.9);
                $metric<Multiclass> = $metric::multiclass(CLASSES) => $least(0.3)(0.9);
                $metric<Multilabel> = $metric::multilabel(LABELS) => $least(0.3)(0.9);
            )+);
        };
    }
    points!(RecallAtFixedPrecision min_precision, PrecisionAtFixedRecall min_recall);
    points!(SensitivityAtSpecificity min_specificity, SpecificityAtSensitivity min_sensitivity);
    choices!(table,
        Auroc<Multiclass> = Auroc::multiclass(CLASSES) => average(Average::Macro)(Average::Weighted)(Average::None);
        LogAuc<Multiclass> = LogAuc::multiclass(CLASSES) => average(Average::Macro)(Average::Weighted)(Average::None);
        Eer<Multiclass> = Eer::multiclass(CLASSES) => average(Average::Macro)(Average::Micro)(Average::None);
        Eer<Multilabel> = Eer::multilabel(LABELS) => average(Average::Macro)(Average::Micro)(Average::None);
        AveragePrecision<Multiclass> = AveragePrecision::multiclass(CLASSES) =>
            average(Average::Macro)(Average::Weighted)(Average::None);
    );
    macro_rules! averaged_curves {
        ($($metric:ident $task:ident $made:ident $width:ident),+) => {
            choices!(table, $($metric<$task> = $metric::$made($width) =>
                average(Average::Micro)(Average::Macro)(Average::Weighted)(Average::None);)+);
        };
    }
    averaged_curves!(
        Auroc Multilabel multilabel LABELS, LogAuc Multilabel multilabel LABELS,
        AveragePrecision Multilabel multilabel LABELS, Roc Multiclass multiclass CLASSES, Roc Multilabel multilabel LABELS,
        PrecisionRecallCurve Multiclass multiclass CLASSES, PrecisionRecallCurve Multilabel multilabel LABELS
    );
    of_tasks!(table, LogAuc => fpr_range(0.01, 0.5)(0.2, 0.9));
    let bins = || Thresholds::Count(6);
    options!(table,
        Auroc<Binary> = Auroc::binary().thresholds(bins()) => certified();
        Auroc<Multiclass> = Auroc::multiclass(CLASSES).thresholds(bins()) => certified();
        Auroc<Multilabel> = Auroc::multilabel(LABELS).thresholds(bins()) => certified();
        AveragePrecision<Binary> = AveragePrecision::binary().thresholds(bins()) => certified();
        AveragePrecision<Multiclass> = AveragePrecision::multiclass(CLASSES).thresholds(bins()) => certified();
        AveragePrecision<Multilabel> = AveragePrecision::multilabel(LABELS).thresholds(bins()) => certified();
        Auroc<Binary> = Auroc::binary() => max_fpr(0.2)(0.6), interval(0.5)(0.95);
        CalibrationError<Binary> = CalibrationError::binary() =>
            bins(3)(7), norm(CalibrationNorm::L2)(CalibrationNorm::Max), ignore_index(0)(1);
        CalibrationError<Multiclass> = CalibrationError::multiclass(CLASSES) =>
            bins(3)(7), norm(CalibrationNorm::L2)(CalibrationNorm::Max), ignore_index(0)(1);
        ReliabilityDiagram<Binary> = ReliabilityDiagram::binary() => bins(3)(7), ignore_index(0)(1);
        ReliabilityDiagram<Multiclass> = ReliabilityDiagram::multiclass(CLASSES) => bins(3)(7), ignore_index(0)(1);
        BrierScore<Binary> = BrierScore::binary() => decomposition(3)(7), ignore_index(0)(1);
        BrierScore<Multiclass> = BrierScore::multiclass(CLASSES) =>
            decomposition(3)(7), ignore_index(0)(1), scale_by_half(true);
        BrierScore<Multilabel> = BrierScore::multilabel(LABELS) => decomposition(3)(7), ignore_index(0)(1);
        HingeLoss<Binary> = HingeLoss::binary() => squared(), ignore_index(0)(1);
        HingeLoss<Multiclass> = HingeLoss::multiclass(CLASSES) =>
            squared(), ignore_index(0)(1), one_vs_all();
        ExactMatch<Multiclass> = ExactMatch::multiclass(CLASSES) => ignore_index(0)(1);
        ExactMatch<Multilabel> = ExactMatch::multilabel(LABELS) => ignore_index(0)(1), threshold(0.2)(0.8);
        GroupStatRates = GroupStatRates::new(GROUPS) => threshold(0.2)(0.8), ignore_index(0)(1);
        GroupFairness = GroupFairness::new(GROUPS) => threshold(0.2)(0.8), ignore_index(0)(1),
            criterion(Criterion::DemographicParity)(Criterion::EqualOpportunity);
        TopKMultilabelAccuracy = TopKMultilabelAccuracy::new(LABELS) => ignore_index(0)(1), k(2);
                NormalizedEntropy<Multilabel> = NormalizedEntropy::multilabel(LABELS) => ignore_index(0);
        ClickThroughRate<Binary> = ClickThroughRate::binary() => ignore_index(0)(1);
        ClickThroughRate<Multilabel> = ClickThroughRate::multilabel(LABELS) => ignore_index(0)(1);
        WeightedCalibration<Binary> = WeightedCalibration::binary() => ignore_index(0)(1);
        WeightedCalibration<Multilabel> = WeightedCalibration::multilabel(LABELS) => ignore_index(0)(1);
    );
    choices!(table,
        BrierScore<Multilabel> = BrierScore::multilabel(LABELS).ignore_index(-1) =>
            average(Average::Micro)(Average::Macro)(Average::Weighted)(Average::None);
        TopKMultilabelAccuracy = TopKMultilabelAccuracy::new(LABELS).k(2) =>
            criterion(MultilabelCriterion::ExactMatch)(MultilabelCriterion::Hamming)(MultilabelCriterion::Overlap)
                (MultilabelCriterion::Contain)(MultilabelCriterion::Belong);
    );
    widths!(table,
        CalibrationError<Multiclass> => multiclass(CLASSES)(CLASSES + 1);
        ReliabilityDiagram<Multiclass> => multiclass(CLASSES)(CLASSES + 1);
        BrierScore<Multiclass> => multiclass(CLASSES)(CLASSES + 1);
        BrierScore<Multilabel> => multilabel(LABELS)(LABELS + 1);
        HingeLoss<Multiclass> => multiclass(CLASSES)(CLASSES + 1);
        ExactMatch<Multiclass> => multiclass(CLASSES)(CLASSES + 1);
        ExactMatch<Multilabel> => multilabel(LABELS)(LABELS + 1);
        NormalizedEntropy<Multilabel> => multilabel(LABELS)(LABELS + 1);
        ClickThroughRate<Multilabel> => multilabel(LABELS)(LABELS + 1);
        WeightedCalibration<Multilabel> => multilabel(LABELS)(LABELS + 1);
        TopKMultilabelAccuracy => new(LABELS)(LABELS + 1);
        MultilabelCoverageError => new(LABELS)(LABELS + 1);
        MultilabelRankingLoss => new(LABELS)(LABELS + 1);
        MultilabelRankingAveragePrecision => new(LABELS)(LABELS + 1);
    );
    // A number of groups is no width of a tensor: it has values of its own, and members of others are invalid.
    let groups = [GROUPS, GROUPS + 1];
    table.all_differ(
        "GroupStatRates::new",
        &groups.map(|n| call(GroupStatRates::new(n))),
    );
    one_of!(table,
        MultilabelCoverageError = MultilabelCoverageError::new(LABELS) => ignore_index(0)(1);
        MultilabelRankingLoss = MultilabelRankingLoss::new(LABELS) => ignore_index(0)(1);
        MultilabelRankingAveragePrecision = MultilabelRankingAveragePrecision::new(LABELS) => ignore_index(0)(1);
    );
    let few = |n: usize| call(GroupFairness::new(n));
    table.rescues("GroupFairness::new", &[few(GROUPS), few(GROUPS + 1)]);
    let entropy = NormalizedEntropy::binary;
    let ignoring = call(entropy().ignore_index(-1));
    table.rescues(
        "NormalizedEntropy<Binary>::ignore_index",
        &[call(entropy()), ignoring],
    );
    table.inputs = logits;
    options!(table,
        HingeLoss<Binary> = HingeLoss::binary() => raw_scores();
        HingeLoss<Multiclass> = HingeLoss::multiclass(CLASSES) => raw_scores();
    );
    macro_rules! by_sample {
        ($($metric:ident)+) => { of_tasks!(table, $($metric)+ => samplewise()); };
    }
    table.inputs = samples;
    by_sample!(Accuracy Precision Recall F1Score FBetaScore Specificity NegativePredictiveValue StatScores HammingDistance);
    options!(table,
        ExactMatch<Multiclass> = ExactMatch::multiclass(CLASSES) => samplewise();
        ExactMatch<Multilabel> = ExactMatch::multilabel(LABELS) => samplewise();
    );
    table.inputs = |_| ();
    // Several classes have an interval each, which `estimates` yields.
    macro_rules! per_class {
        ($metric:ident $task:ident $made:ident $width:ident) => {
            let at = |level: f64| -> Call<$task> {
                let metric = $metric::$made($width)
                    .average(Average::None)
                    .interval(level);
                Box::new(move |batch: &$task| {
                    let mut state = metric.state();
                    state.update(batch)?;
                    let estimates = metric.estimates(state.summary()?)?;
                    let ends = estimates
                        .iter()
                        .flat_map(|estimate| [estimate.lower, estimate.upper]);
                    Ok(Value::List(ends.collect()))
                })
            };
            let name = concat!(stringify!($metric), "<", stringify!($task), ">::interval");
            table.all_differ(name, &[at(0.5), at(0.95)]);
        };
    }
    macro_rules! intervals {
        ($($metric:ident)+) => {$(
            options!(table, $metric<Binary> = $metric::binary() => interval(0.5)(0.95););
            per_class!($metric Multiclass multiclass CLASSES);
            per_class!($metric Multilabel multilabel LABELS);
        )+};
    }
    intervals!(Accuracy Precision Recall Specificity NegativePredictiveValue);
}

/// Samples of two elements each.
fn samples(arrays: &mut Arrays) {
    for array in arrays.values_mut() {
        array.shape[0] /= 2;
        array.shape.push(2);
    }
}

/// Scores of both signs.
fn logits(arrays: &mut Arrays) {
    let scores = &mut arrays.get_mut("scores").unwrap().data;
    scores
        .iter_mut()
        .for_each(|score| *score = *score * 8.0 - 4.0);
}

/// Logarithms of probabilities.
fn log_probabilities(arrays: &mut Arrays) {
    positive(arrays);
    for array in arrays.values_mut() {
        for row in array.data.chunks_mut(array.shape[1]) {
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|x| *x = (*x / sum).ln());
        }
    }
}

/// Numbers above 0.
fn positive(arrays: &mut Arrays) {
    for array in arrays.values_mut() {
        array.data.iter_mut().for_each(|x| *x = x.abs() + 0.01);
    }
}

/// The first output alone.
fn single(arrays: &mut Arrays) {
    for array in arrays.values_mut() {
        array.data = array
            .data
            .chunks(array.shape[1])
            .map(|row| row[0])
            .collect();
        array.shape.truncate(1);
    }
}

/// Relevances of 0 to 3.
fn graded(arrays: &mut Arrays) {
    let grades: Vec<f64> = arrays["scores"]
        .data
        .iter()
        .map(|x| (x * 64.0).abs() % 4.0)
        .collect();
    let target = &mut arrays.get_mut("target").unwrap().data;
    target
        .iter_mut()
        .zip(grades)
        .for_each(|(label, grade)| *label = grade.floor());
}

/// What is refused is so before the first batch, with the metric's name.
#[test]
fn an_average_that_there_is_not_is_refused_by_name() {
    let Some((_, device)) = cpu() else { return };
    let batch = Multiclass::random(3, 20, &device);
    fn refused<M: Metric>(metric: M, batch: &BatchOf<M>, name: &str) {
        let error = metric.state().update(batch).unwrap_err();
        assert!(matches!(error, MetricError::InvalidOption(_)), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let micro = Average::Micro;
    refused(Auroc::multiclass(CLASSES).average(micro), &batch, "auroc");
    let precision = AveragePrecision::multiclass(CLASSES).average(micro);
    refused(precision, &batch, "average_precision");
    refused(
        LogAuc::multiclass(CLASSES).average(micro),
        &batch,
        "log_auc",
    );
}

/// Relevances of 0 and 1.
fn binary_relevance(arrays: &mut Arrays) {
    let target = &mut arrays.get_mut("target").unwrap().data;
    target
        .iter_mut()
        .for_each(|label| *label = label.abs() % 2.0);
}

fn regression(table: &mut Table) {
    macro_rules! per_output {
        ($($metric:ident)+) => {
            options!(table, $($metric = $metric::new() => outputs(OUTPUTS);)+);
        };
    }
    per_output!(MeanAbsoluteError MeanSquaredError LogCoshError NormalizedRootMeanSquaredError PinballLoss);
    options!(table,
        MeanSquaredError = MeanSquaredError::new() => root();
        PinballLoss = PinballLoss::new() => alpha(0.1)(0.9);
        NormalizedRootMeanSquaredError = NormalizedRootMeanSquaredError::new() =>
            normalization(RmseNormalization::Std)(RmseNormalization::L2)(RmseNormalization::Range);
        R2Score = R2Score::new() => adjusted(1)(2),
            multioutput(MultiOutput::RawValues)(MultiOutput::VarianceWeighted);
        ExplainedVariance = ExplainedVariance::new() =>
            multioutput(MultiOutput::RawValues)(MultiOutput::VarianceWeighted);
        RelativeSquaredError = RelativeSquaredError::new() => root();
        CosineSimilarity = CosineSimilarity::new() => reduction(Reduction::Mean), per_row();
        CriticalSuccessIndex = CriticalSuccessIndex::new(0.5) => outputs(OUTPUTS);
    );
    table.all_differ(
        "CriticalSuccessIndex::new",
        &[0.1, 0.5, 2.0].map(|x| call(CriticalSuccessIndex::new(x))),
    );
    table.all_differ(
        "MinkowskiDistance::new",
        &[1.0, 2.0, 3.0].map(|p| call(MinkowskiDistance::new(p))),
    );
    let of = |n: usize| call(R2Score::new().outputs(n));
    table.refuses("R2Score::outputs", &[of(OUTPUTS), of(OUTPUTS + 1)]);
    let of = |n: usize| call(ExplainedVariance::new().outputs(n));
    table.refuses(
        "ExplainedVariance::outputs",
        &[of(OUTPUTS), of(OUTPUTS + 1)],
    );
    let of = |n: usize| call(RelativeSquaredError::new().outputs(n));
    table.refuses(
        "RelativeSquaredError::outputs",
        &[of(OUTPUTS), of(OUTPUTS + 1)],
    );
    // Without the option all elements are of one output.
    macro_rules! one_output {
        ($($metric:ident)+) => {$(
            let of = |n: usize| call($metric::new().outputs(n));
            let name = concat!(stringify!($metric), "::outputs");
            table.refuses(name, &[of(OUTPUTS), of(OUTPUTS + 1)]);
            table.all_differ(name, &[of(OUTPUTS), call($metric::new())]);
        )+};
    }
    one_output!(ConcordanceCorrCoef PearsonCorrCoef SpearmanCorrCoef KendallRankCorrCoef);
    table.inputs = single;
    choices!(table,
        KendallRankCorrCoef = KendallRankCorrCoef::new() =>
            variant(KendallVariant::A)(KendallVariant::B)(KendallVariant::C);
    );
    options!(table,
        KendallRankCorrCoef = KendallRankCorrCoef::new() =>
            t_test(Alternative::TwoSided)(Alternative::Less)(Alternative::Greater);
    );
    table.inputs = positive;
    options!(table,
        TweedieDevianceScore = TweedieDevianceScore::new() => power(1.0)(1.5)(2.0)(3.0);
        KlDivergence = KlDivergence::new() => reduction(Reduction::Sum), per_row();
        JensenShannonDivergence = JensenShannonDivergence::new() =>
            reduction(Reduction::Sum), per_row();
    );
    table.inputs = log_probabilities;
    let logarithms = call(KlDivergence::new().log_prob(true));
    table.rescues(
        "KlDivergence::log_prob",
        &[call(KlDivergence::new()), logarithms],
    );
    let logarithms = call(JensenShannonDivergence::new().log_prob(true));
    let plain = call(JensenShannonDivergence::new());
    table.rescues("JensenShannonDivergence::log_prob", &[plain, logarithms]);
    table.inputs = |_| ();
}

fn others(table: &mut Table) {
    macro_rules! plain {
        ($($metric:ident)+) => {
            choices!(table, $($metric = $metric::new() =>
                nan_strategy(NanStrategy::Ignore)(NanStrategy::Impute(99.0))(NanStrategy::Impute(-99.0));)+);
        };
    }
    plain!(Mean Sum Cat);
    choices!(table,
        Max = Max::new() => nan_strategy(NanStrategy::Ignore)(NanStrategy::Impute(99.0));
        Min = Min::new() => nan_strategy(NanStrategy::Ignore)(NanStrategy::Impute(-99.0));
    );
    widths!(table, Covariance => new(OUTPUTS)(OUTPUTS + 1););
    options!(table,
        Perplexity = Perplexity::new() => ignore_index(0)(1);
        NegativeLogLikelihood = NegativeLogLikelihood::new() => ignore_index(0)(1);
        NormalizedMutualInfoScore = NormalizedMutualInfoScore::new() =>
            mean(EntropyMean::Min)(EntropyMean::Geometric)(EntropyMean::Max);
        AdjustedMutualInfoScore = AdjustedMutualInfoScore::new() =>
            mean(EntropyMean::Min)(EntropyMean::Geometric)(EntropyMean::Max);
        VMeasureScore = VMeasureScore::new() => beta(0.5)(2.0);
        CramersV = CramersV::new() => bias_correction(false);
        TschuprowsT = TschuprowsT::new() => bias_correction(false);
    );
    macro_rules! queries {
        ($($metric:ident $(.$cut:ident($k:expr))?),+) => {
            options!(table, $($metric = $metric::new()$(.$cut($k))? => ignore_index(0);)+);
            choices!(table, $($metric = $metric::new()$(.$cut($k))? =>
                empty_query(EmptyQuery::Zero)(EmptyQuery::One)(EmptyQuery::Skip),
                average(QueryAverage::Mean)(QueryAverage::Median)(QueryAverage::Min)(QueryAverage::Max)
                    (QueryAverage::None);)+);
        };
    }
    table.inputs = graded;
    options!(table, RetrievalNormalizedDcg = RetrievalNormalizedDcg::new() => gain(Gain::Exponential););
    table.inputs = binary_relevance;
    queries!(
        RetrievalNormalizedDcg,
        RetrievalMrr,
        RetrievalRPrecision,
        RetrievalFallOut.top_k(1)
    );
    queries!(
        RetrievalHitRate.top_k(1),
        RetrievalRecall.top_k(1),
        RetrievalAuroc,
        RetrievalPrecision,
        RetrievalMap
    );
    macro_rules! cut {
        ($($metric:ident)+) => { options!(table, $($metric = $metric::new() => top_k(1)(3);)+); };
    }
    cut!(RetrievalNormalizedDcg RetrievalMrr RetrievalFallOut RetrievalHitRate RetrievalRecall RetrievalAuroc);
    cut!(RetrievalPrecision RetrievalMap);
    options!(table,
        RetrievalMrr = RetrievalMrr::new() => positive_scores_only();
        RetrievalRecall = RetrievalRecall::new() => positive_scores_only();
        RetrievalPrecision = RetrievalPrecision::new() => positive_scores_only();
        RetrievalMap = RetrievalMap::new() => positive_scores_only();
        RetrievalAuroc = RetrievalAuroc::new() => max_fpr(0.3)(0.6);
        RetrievalPrecision = RetrievalPrecision::new().top_k(20) => adaptive_k();
        RetrievalMap = RetrievalMap::new().top_k(2) => of_all_relevant();
        RetrievalPrecisionRecallCurve = RetrievalPrecisionRecallCurve::new() => max_k(2)(3), ignore_index(0);
        RetrievalPrecisionRecallCurve = RetrievalPrecisionRecallCurve::new().max_k(20) => adaptive_k();
        RetrievalRecallAtFixedPrecision = RetrievalRecallAtFixedPrecision::new(0.5) => max_k(1)(2), ignore_index(0);
        RetrievalRecallAtFixedPrecision = RetrievalRecallAtFixedPrecision::new(0.2).max_k(20) => adaptive_k();
    );
    choices!(table,
        RetrievalPrecisionRecallCurve = RetrievalPrecisionRecallCurve::new() =>
            empty_query(EmptyQuery::Zero)(EmptyQuery::One)(EmptyQuery::Skip),
            average(QueryAverage::Mean)(QueryAverage::Median)(QueryAverage::Min)(QueryAverage::Max);
        RetrievalRecallAtFixedPrecision = RetrievalRecallAtFixedPrecision::new(0.5) =>
            empty_query(EmptyQuery::Zero)(EmptyQuery::One)(EmptyQuery::Skip),
            average(QueryAverage::Mean)(QueryAverage::Median)(QueryAverage::Min)(QueryAverage::Max);
    );
    let at = |precision: f64| call(RetrievalRecallAtFixedPrecision::new(precision));
    table.all_differ("RetrievalRecallAtFixedPrecision::new", &[at(0.3), at(0.9)]);
    table.inputs = |_| ();
}

/// Clusters of points, raters.
fn groups(table: &mut Table) {
    options!(table,
        DunnIndex = DunnIndex::new() => p(1.0)(3.0), form(DunnForm::Points);
        RetrievalMap = RetrievalMap::new() => at_r();
    );
    widths!(table, FleissKappa => new(CLASSES)(CLASSES + 1););
    let [few, any] = [
        CalinskiHarabaszScore::with_clusters(2, OUTPUTS),
        CalinskiHarabaszScore::new(),
    ];
    table.rescues(
        "CalinskiHarabaszScore::with_clusters",
        &[call(few), call(any)],
    );
    let of = |level| call(KrippendorffAlpha::of_level(level));
    table.all_differ(
        "KrippendorffAlpha::of_level",
        &[of(Level::Nominal), of(Level::Ordinal), of(Level::Interval)],
    );
}

/// The value for texts that show each option.
macro_rules! texts {
    ($table:ident, $batch:expr, $($metric:ident = $base:expr => $($option:ident $(($($value:expr),*))+),+;)+) => {$({
        let value = |metric: $metric| {
            serde_json::to_string(&metric.evaluate($batch).unwrap()).unwrap()
        };
        $($table.distinct(
            concat!(stringify!($metric), "::", stringify!($option)),
            &[value($base), $(value($base.$option($($value),*))),+],
        );)+
    })+};
}

fn texts(table: &mut Table) {
    let one = Texts::new(
        ["The cat sat on a mat", "rain"],
        ["A cat sits on the mat", "shine"],
    );
    texts!(table, one.as_ref().unwrap(),
        EditDistance = EditDistance::new() => per_row(), reduction(Reduction::Sum), substitution_cost(2);
    );
    let predictions = [
        "The cats, running  QUICKLY (1-2) saw\tdogs; it's late.\nThey went home for \u{20ac}5",
        "a b c d e f g \u{ff76}\u{65e5}\u{672c}\u{8a9e}",
        "home",
    ];
    let references = [
        [
            "the cat, that runs quickly (1-2), saw\tdogs; it's so late.\nThey go home for \u{20ac} 5",
            "The dogs ran quickly saw it's late, then\nhome again",
        ],
        [
            "a c b d e f g \u{30ab}\u{65e5}\u{8a9e}\u{672c}",
            "b a c d f e g \u{65e5}\u{672c}",
        ],
        ["homes and cats", "at home, again"],
    ];
    let several = Texts::with_references(predictions, references).unwrap();
    let letters = || {
        TextTokenizer::new("letters", |text, token| {
            text.chars().for_each(|c| token(c.encode_utf8(&mut [0; 4])));
        })
    };
    let by_word = || TextTokenizer::new("words", |text, token| text.split(' ').for_each(token));
    texts!(table, &several,
        BleuScore = BleuScore::new().n_gram(2) => n_gram(1)(3), smooth(), weights([0.9, 0.1]);
        SacreBleuScore = SacreBleuScore::new().n_gram(2) => n_gram(1)(3), smooth(), weights([0.9, 0.1]), lowercase(),
            tokenize(Tokenize::None)(Tokenize::Intl)(Tokenize::Char)(Tokenize::Zh)(Tokenize::By(letters()));
        ChrfScore = ChrfScore::new() => n_char_order(3), n_word_order(0), beta(1.0), lowercase(), whitespace(),
            effective_order(), sentence_scores();
        TranslationEditRate = TranslationEditRate::new() => normalize(), no_punctuation(), lowercase(false), sentence_scores();
        TranslationEditRate = TranslationEditRate::new().normalize() => asian_support();
        ExtendedEditDistance = ExtendedEditDistance::new() => language(EedLanguage::Ja), alpha(0.5), rho(0.9), deletion(0.9),
            insertion(0.1), sentence_scores();
        RougeScore = RougeScore::new() => rouge_keys([RougeKey::N(1)])([RougeKey::L]), use_stemmer(),
            accumulate(RougeAccumulate::Avg), tokenizer(letters()), sentences(by_word());
    );
}

/// Metrics of metrics, and what is no metric.
fn wrapped(table: &mut Table) {
    let r2 = || R2Score::new().expr();
    let per_output = || MeanAbsoluteError::new().outputs(OUTPUTS).expr();
    table.all_differ("Expr::abs", &[call(r2()), call(r2().abs())]);
    table.all_differ(
        "Expr::powf",
        &[call(r2()), call(r2().powf(2.0)), call(r2().powf(3.0))],
    );
    table.all_differ(
        "Expr::power_of",
        &[
            call(r2()),
            call(r2().power_of(2.0)),
            call(r2().power_of(3.0)),
        ],
    );
    table.all_differ(
        "Expr::pow",
        &[
            call(r2()),
            call(r2().pow(R2Score::new())),
            call(r2().pow(MeanAbsoluteError::new())),
        ],
    );
    table.all_differ(
        "Expr::class",
        &[
            call(per_output()),
            call(per_output().class(0)),
            call(per_output().class(1)),
        ],
    );
    table.distinct("Expr::named", &[r2().name(), r2().named("mine").name()]);
    let direction = |larger: bool| {
        format!(
            "{:?}",
            r2().with_higher_is_better(larger).higher_is_better()
        )
    };
    table.distinct(
        "Expr::with_higher_is_better",
        &[direction(true), direction(false)],
    );
    let each = |n: usize| Multioutput::new(PearsonCorrCoef::new(), n);
    table.refuses(
        "Multioutput::new",
        &[call(each(OUTPUTS)), call(each(OUTPUTS + 1))],
    );
    keeps_nans(table);

    let base = Accuracy::binary;
    let drawn = || F1Score::binary().bootstrap(50);
    table.all_differ(
        "Bootstrap::level",
        &[call(drawn()), call(drawn().level(0.5))],
    );
    table.all_differ("Bootstrap::seed", &[call(drawn()), call(drawn().seed(7))]);
    table.all_differ(
        "Bootstrap::method",
        &[call(drawn()), call(drawn().method(BootstrapMethod::Bca))],
    );
    let share = || base().interval(0.9);
    let exact = share().method(ProportionMethod::ClopperPearson);
    table.all_differ("ProportionInterval::method", &[call(share()), call(exact)]);

    let device = table.device.clone();
    let batch = |seed: u64| {
        let mut batch = None;
        for seed in seed * 1000.. {
            let made = Regression::random(seed, 20, &device);
            if MeanAbsoluteError::new().evaluate(&made).is_ok() {
                batch = Some(made);
                break;
            }
        }
        batch.unwrap()
    };
    let error = MeanAbsoluteError::new;
    let poisson = |make: &dyn Fn(
        PoissonBootstrap<MeanAbsoluteError>,
    ) -> PoissonBootstrap<MeanAbsoluteError>,
                   n: usize| {
        let mut bootstrap = make(PoissonBootstrap::new(error(), n).unwrap());
        bootstrap.update(&batch(1)).unwrap();
        format!("{:?}", bootstrap.compute().unwrap())
    };
    table.distinct(
        "PoissonBootstrap::new",
        &[poisson(&|b| b, 20), poisson(&|b| b, 30)],
    );
    table.distinct(
        "PoissonBootstrap::level",
        &[poisson(&|b| b, 20), poisson(&|b| b.level(0.5), 20)],
    );
    table.distinct(
        "PoissonBootstrap::seed",
        &[poisson(&|b| b, 20), poisson(&|b| b.seed(3), 20)],
    );
    let with_nan = Regression::new(
        Tensor::<1>::from_floats([1.0, f32::NAN, 2.0], &device),
        Tensor::<1>::from_floats([2.0, 1.0, 4.0], &device),
    );
    let with_nan = with_nan.unwrap();
    let validated = |validation: Validation| {
        let mut bootstrap = PoissonBootstrap::new(error(), 20)
            .unwrap()
            .validation(validation);
        bootstrap.update(&with_nan).unwrap();
        format!("{:?}", bootstrap.compute().is_ok())
    };
    table.distinct(
        "PoissonBootstrap::validation",
        &[Validation::Deferred, Validation::Ignore].map(validated),
    );

    let window = |updates: usize| {
        let mut running = Running::new(error().state(), updates);
        (1..4).for_each(|seed| running.update(&batch(seed)).unwrap());
        format!("{:?}", running.compute().unwrap())
    };
    table.distinct("Running::new", &[1, 2, 3].map(window));
    let of = |metric: MeanSquaredError| {
        let mut extremes = MinMax::new(metric);
        extremes.update(&batch(1)).unwrap();
        format!("{:?}", extremes.compute().unwrap())
    };
    table.distinct(
        "MinMax::new",
        &[MeanSquaredError::new(), MeanSquaredError::new().root()].map(of),
    );
    let seen = |batches: u64| {
        let mut state = error().state();
        (1..=batches).for_each(|seed| state.update(&batch(seed)).unwrap());
        format!("{:?}", MinMax::of(state).compute().unwrap())
    };
    table.distinct("MinMax::of", &[1, 2].map(seen));
    let best = |larger: Option<bool>| {
        let mut metrics = MetricCollection::new().named("error", error());
        let tracker = Tracker::new(metrics.metrics());
        let mut tracker = match larger {
            Some(larger) => tracker.maximize("error", larger).unwrap(),
            None => tracker,
        };
        for seed in 1..4 {
            tracker.push(metrics.forward(&batch(seed)).unwrap());
        }
        format!("{:?}", tracker.best("error").unwrap())
    };
    table.distinct("Tracker::maximize", &[Some(true), Some(false)].map(best));
    let metrics = MetricCollection::new().named("error", error()).metrics();
    let trackers = [Tracker::new(metrics), Tracker::new(Vec::new())];
    table.distinct(
        "Tracker::new",
        &trackers.map(|tracker| format!("{:?}", tracker.best_all().len())),
    );

    let above =
        |threshold: f32| call(ClickThroughRate::binary().on(&Task::binary_target(threshold)));
    table.all_differ("Task::binary_target", &[above(0.0), above(1.0)]);
    let task = |name: &str, factor: f32| {
        Task::new(name, move |batch: &Regression| {
            Regression::multi_output(batch.pred().clone() * factor, batch.target().clone())
        })
    };
    table.all_differ(
        "Task::new",
        &[1.0, 2.0].map(|factor| call(error().on(&task("a", factor)))),
    );
    table.distinct(
        "Task::new",
        &["a", "b"].map(|name| error().on(&task(name, 1.0)).name()),
    );
}

/// NaN is a missing value, or invalid.
fn keeps_nans(table: &mut Table) {
    let number =
        |x: f32| Tensor::<2>::from_floats([[x, 2.0], [3.0, 1.0], [4.0, 7.0]], &table.device);
    let batch = Regression::multi_output(number(f32::NAN), number(1.0)).unwrap();
    let each = Multioutput::new(MeanAbsoluteError::new(), 2);
    let values = [each.clone(), each.keep_nans()].map(|metric| metric.evaluate(&batch));
    assert!(
        matches!(values, [Ok(_), Err(MetricError::InvalidData(_))]),
        "{values:?}"
    );
    table.distinct(
        "Multioutput::keep_nans",
        &values.map(|value| format!("{value:?}")),
    );
}
