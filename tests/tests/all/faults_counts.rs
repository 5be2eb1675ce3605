//! Faults found from outside in metrics of classification, each with its right value, and what they stand for.

use burn::tensor::{Device, Int, Tensor};
use metrics_core::{
    Metric, Value,
    batch::{Multiclass, Multilabel},
    classification::{
        Accuracy, Average, BalancedAccuracy, ClassMetric, Dice, F1Score, FBetaScore,
        HammingDistance, Informedness, JaccardIndex, NegativePredictiveValue, Precision, Recall,
        Specificity, StatScores, rules::Averaged,
    },
};
use metrics_tests::{devices, samples::Random};

fn labels(pred: &[i32], target: &[i32], device: &Device) -> Multiclass {
    let tensor = |labels: &[i32]| Tensor::<1, Int>::from_ints(labels, device);
    Multiclass::from_labels(tensor(pred), tensor(target)).unwrap()
}

fn close(value: &Value, expected: f64) -> bool {
    let value = value.scalar().expect("a number");
    (value - expected).abs() < 1e-12 || (value.is_nan() && expected.is_nan())
}

/// Every metric of counts that averages over classes.
macro_rules! for_averaged {
    ($classes:expr, $check:expr) => {{
        $check(Accuracy::multiclass($classes));
        $check(Precision::multiclass($classes));
        $check(Recall::multiclass($classes));
        $check(F1Score::multiclass($classes));
        $check(FBetaScore::multiclass($classes).beta(2.0));
        $check(Specificity::multiclass($classes));
        $check(NegativePredictiveValue::multiclass($classes));
        $check(HammingDistance::multiclass($classes));
        $check(JaccardIndex::multiclass($classes));
        $check(Informedness::multiclass($classes));
        $check(Dice::multiclass($classes));
    }};
}

/// TorchMetrics #2441.
#[test]
fn an_ignored_class_is_no_class_of_the_mean() {
    for (_, device) in devices() {
        let batch = labels(&[0, 1, 0, 2, 1], &[0, 1, 1, 2, 0], &device);
        macro_rules! check {
            ($($metric:ident: $macro:expr, $per_class:expr;)*) => {$(
                let metric = $metric::multiclass(3).ignore_index(0);
                let value = metric.clone().evaluate(&batch).unwrap();
                assert!(close(&value, $macro), "{}: {value}", metric.name());
                let each = metric.average(Average::None).evaluate(&batch).unwrap();
                let each = each.per_class().unwrap();
                assert!(each[0].is_nan(), "{each:?}");
                assert_eq!(each[1..], $per_class, "{}", stringify!($metric));
            )*};
        }
        check! {
            Accuracy: 0.75, [0.5, 1.0];
            Recall: 0.75, [0.5, 1.0];
            Precision: 1.0, [1.0, 1.0];
            F1Score: 2.5 / 3.0, [2.0 / 3.0, 1.0];
            Dice: 2.5 / 3.0, [2.0 / 3.0, 1.0];
            JaccardIndex: 0.75, [0.5, 1.0];
            HammingDistance: 0.25, [0.5, 0.0];
            Specificity: 1.0, [1.0, 1.0];
            NegativePredictiveValue: 0.75, [0.5, 1.0];
            Informedness: 0.75, [0.5, 1.0];
        }
        // The rows of classes 1 and 2 are (1, 0, 1, 1) and (1, 0, 2, 0).
        let counts = StatScores::multiclass(3).ignore_index(0);
        let mean = counts.evaluate(&batch).unwrap().stat_scores().unwrap()[0];
        assert_eq!(mean.columns(), [1.0, 0.0, 1.5, 0.5, 1.5]);
        let shares = Recall::multiclass(3).average(Average::None).ignore_index(0);
        let mut state = shares.state();
        state.update(&batch).unwrap();
        let estimates = shares.interval(0.95).estimates(state.summary().unwrap());
        let ignored = estimates.unwrap()[0];
        assert!(ignored.value.is_nan() && ignored.lower == 0.0 && ignored.upper == 1.0);
        // By sample: of the second one everything is ignored.
        let grid = |rows: [[i32; 2]; 2]| Tensor::<2, Int>::from_ints(rows, &device);
        let samples = Multiclass::from_labels(grid([[1, 0], [1, 1]]), grid([[1, 1], [0, 0]]));
        let precision = Precision::multiclass(2).ignore_index(0).samplewise();
        let values = precision.evaluate(&samples.unwrap()).unwrap();
        assert_eq!(values.list(), Some(&[1.0, 0.0][..]));
    }
}

/// An index outside the classes leaves no class out.
#[test]
fn an_index_outside_the_classes_leaves_every_class_in_the_mean() {
    struct Check<'a>(&'a Multiclass, &'a Multiclass, i64, Average);
    impl Check<'_> {
        fn run<R: Averaged>(&self, metric: ClassMetric<R, Multiclass>) {
            let metric = metric.average(self.3);
            let whole = metric.evaluate(self.0).unwrap();
            let value = metric.clone().ignore_index(self.2).evaluate(self.1);
            let same = format!("{:?}", value.unwrap()) == format!("{whole:?}");
            assert!(same, "{} without {}: {whole}", metric.name(), self.2);
        }
    }
    for (_, device) in devices() {
        let whole = labels(&[0, 1, 0, 2, 1], &[0, 1, 1, 2, 0], &device);
        for index in [-1, 3, 255] {
            let target = [0, 1, 1, 2, 0, index, index];
            let more = labels(&[0, 1, 0, 2, 1, 0, 2], &target, &device);
            for average in [Average::Macro, Average::Weighted, Average::None] {
                for_averaged!(3, |metric| Check(&whole, &more, index as i64, average)
                    .run(metric));
            }
        }
    }
}

/// scikit-learn #31052.
#[test]
fn a_class_with_nan_is_left_out_of_the_mean() {
    for (_, device) in devices() {
        let batch = labels(&[0, 1, 1, 1], &[0, 0, 1, 1], &device);
        let f1 = F1Score::multiclass(3).zero_division(f64::NAN);
        assert!(close(&f1.evaluate(&batch).unwrap(), 2.2 / 3.0));
        let each = f1.average(Average::None).evaluate(&batch).unwrap();
        assert!(each.per_class().unwrap()[2].is_nan());
        // Class 1 is never predicted; class 2 never the target, and weighs nothing.
        let batch = labels(&[0, 0, 0, 2], &[0, 1, 0, 0], &device);
        let precision = Precision::multiclass(3).zero_division(f64::NAN);
        assert!(close(&precision.evaluate(&batch).unwrap(), 1.0 / 3.0));
        let weighted = precision.average(Average::Weighted);
        assert!(close(&weighted.evaluate(&batch).unwrap(), 2.0 / 3.0));
        let recall = Recall::multiclass(3).zero_division(f64::NAN);
        assert!(close(&recall.evaluate(&batch).unwrap(), 1.0 / 3.0));
        // No label has a value.
        let zeros = || Tensor::<2, Int>::zeros([2, 3], &device);
        let nothing = Multilabel::from_labels(zeros(), zeros()).unwrap();
        for average in [Average::Macro, Average::Weighted, Average::Micro] {
            let jaccard = JaccardIndex::multilabel(3).zero_division(f64::NAN);
            let value = jaccard.average(average).evaluate(&nothing).unwrap();
            assert!(value.scalar().unwrap().is_nan(), "{average:?}");
        }
    }
}

/// A class that never occurs, which has no place in any average.
#[test]
fn a_class_that_never_occurs_changes_no_average() {
    struct Check<'a>(&'a Multiclass, Average);
    impl Check<'_> {
        fn value<R: Averaged>(&self, metric: ClassMetric<R, Multiclass>) -> f64 {
            let value = metric.average(self.1).evaluate(self.0).unwrap();
            value.scalar().unwrap()
        }
    }
    let Some((_, device)) = metrics_tests::cpu() else {
        return;
    };
    let mut random = Random(7);
    for _ in 0..20 {
        let mut draw = || [(); 30].map(|()| random.below(4) as i32);
        let batch = labels(&draw(), &draw(), &device);
        for average in [Average::Macro, Average::Weighted] {
            let mut few = Vec::new();
            for_averaged!(4, |metric| few.push(Check(&batch, average).value(metric)));
            let mut more = Vec::new();
            for_averaged!(6, |metric| more.push(Check(&batch, average).value(metric)));
            assert_eq!(few, more, "{average:?}");
        }
    }
}

/// scikit-learn #26892: class 2 is predicted and never the target.
#[test]
fn macro_accuracy_is_not_balanced_accuracy() {
    for (_, device) in devices() {
        let batch = labels(&[0, 0, 2, 1, 1], &[0, 0, 0, 1, 1], &device);
        let value = Accuracy::multiclass(3).evaluate(&batch).unwrap();
        assert!(close(&value, 5.0 / 9.0), "{value}");
        let balanced = BalancedAccuracy::multiclass(3);
        assert!(close(&balanced.evaluate(&batch).unwrap(), 5.0 / 6.0));
        let adjusted = balanced.adjusted(true).evaluate(&batch).unwrap();
        assert!(close(&adjusted, 2.0 / 3.0));
    }
}
