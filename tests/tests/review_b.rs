//! What a review of the plots and reports found: each test fails until its finding is fixed.

use burn::tensor::{Device, Int, Tensor};
use metrics_burn::{
    SplitKind, SplitReport,
    plot::{self, Series},
    report::RunReport,
};
use metrics_core::{
    Average, CalibrationError, ConfusionMatrix, Matrix, Metric, MetricCollection, Normalize,
    Precision, ReliabilityDiagram, StatScores, Value,
    batch::{Binary, Multiclass},
};

fn device() -> Device {
    Device::flex()
}

fn classes(pairs: &[(i32, i32)]) -> Multiclass {
    let (predicted, target): (Vec<i32>, Vec<i32>) = pairs.iter().copied().unzip();
    let ints = |list: &[i32]| Tensor::<1, Int>::from_ints(list, &device());
    Multiclass::from_labels(ints(&predicted), ints(&target)).unwrap()
}

fn reported(mut metrics: MetricCollection<Multiclass>, batch: &Multiclass) -> RunReport {
    metrics.update(batch).unwrap();
    let report = SplitReport {
        split: SplitKind::Valid,
        epoch: 1,
        batches: 1,
        samples: 1,
        complete: true,
        failed_batches: 0,
        reads: 1,
        report: metrics.compute().unwrap(),
    };
    RunReport::from_parts(metrics.metrics(), vec![report])
}

#[test]
fn the_mean_gap_is_the_calibration_error() {
    let scores = [0.95f32, 0.95, 1.0, 1.0, 1.0, 1.0];
    let scores = Tensor::<1>::from_floats(scores, &device());
    let target = Tensor::<1, Int>::from_ints([1, 1, 0, 1, 1, 1], &device());
    let batch = Binary::from_scores(scores, target).unwrap();
    let error = CalibrationError::binary()
        .bins(10)
        .evaluate(&batch)
        .unwrap();
    let value = ReliabilityDiagram::binary()
        .bins(10)
        .evaluate(&batch)
        .unwrap();
    let plot = plot::value("reliability", &value, &[]).unwrap();
    let expected = format!("mean gap {:.3}", error.scalar().unwrap());
    let svg = plot.svg();
    let at = svg.find("mean gap").unwrap();
    assert!(
        svg.contains(&expected),
        "{expected}, not {}",
        &svg[at..at + 14]
    );
}

#[test]
fn shares_are_no_counts() {
    let metrics =
        MetricCollection::new().with(ConfusionMatrix::multiclass(3).normalize(Normalize::True));
    let batch = classes(&[(0, 0), (0, 0), (1, 1), (1, 1), (1, 1), (2, 2)]);
    let report = reported(metrics, &batch);
    let table = report.class_table(SplitKind::Valid);
    assert_eq!(table, None, "the supports are 2, 3 and 1, or not known");
}

#[test]
fn stat_scores_are_no_confusion_matrix_whatever_their_name() {
    let metrics =
        MetricCollection::new().named("counts", StatScores::multiclass(5).average(Average::None));
    let batch = classes(&[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]);
    let table = reported(metrics, &batch).class_table(SplitKind::Valid);
    assert_eq!(table, None, "every class has precision, recall and F1 of 1");
}

#[test]
fn averaged_stat_scores_are_no_classes() {
    let metrics = MetricCollection::new()
        .with(ConfusionMatrix::multiclass(5))
        .with(StatScores::multiclass(5).average(Average::Micro));
    let batch = classes(&[(0, 0), (1, 1), (2, 2), (3, 3), (3, 4)]);
    let table = reported(metrics, &batch)
        .class_table(SplitKind::Valid)
        .unwrap();
    assert_eq!(table.columns.len(), 4, "{table:?}");
}

#[test]
fn a_column_name_stands_for_one_number() {
    let metrics = MetricCollection::new()
        .with(ConfusionMatrix::multiclass(3))
        .named("precision", Precision::multiclass(3).average(Average::None));
    let table = reported(metrics, &classes(&[(0, 0), (0, 1), (0, 2)]))
        .class_table(SplitKind::Valid)
        .unwrap();
    let precision: Vec<_> = (table.columns.iter().enumerate())
        .filter(|(_, name)| *name == "precision")
        .map(|(i, _)| table.rows[1].1[i])
        .collect();
    assert_eq!(precision.len(), 1, "of class 1: {precision:?}");
}

#[test]
fn ticks_have_labels_of_their_own() {
    for values in [[5_000_000.0, 5_000_100.0], [0.5, 0.50001]] {
        let points = vec![(1, values[0]), (2, values[1])];
        let split = SplitKind::Valid;
        let plot = plot::learning_curve("sum", &[Series { split, points }], None).unwrap();
        let document = roxmltree::Document::parse(plot.svg()).unwrap();
        let mut labels: Vec<_> = (document.descendants())
            .filter(|node| node.has_tag_name("text"))
            .filter_map(|node| Some(node.text()?.trim().to_string()))
            .filter(|text| text.parse::<f64>().is_ok_and(|n| n != 1.0 && n != 2.0))
            .collect();
        let all = labels.clone();
        labels.dedup();
        assert!(labels.len() == all.len() && all.len() > 2, "{all:?}");
    }
}

#[test]
fn pictures_tell_names_apart_in_every_script() {
    let matrix = Value::Matrix(Matrix {
        rows: 2,
        cols: 2,
        data: vec![1.0, 2.0, 3.0, 4.0],
    });
    let png = |a: &str, b: &str| {
        let names = [a.to_string(), b.to_string()];
        plot::value("m", &matrix, &names).unwrap().png(1.0).unwrap()
    };
    assert!(png("cat", "dog") != png("dog", "cat"));
    assert!(
        png("猫", "犬") != png("犬", "猫"),
        "both are drawn as the same box"
    );
}

#[test]
fn many_test_sets_have_names_in_the_legend() {
    let series: Vec<_> = (0..12)
        .map(|i| Series {
            split: SplitKind::Test(i),
            points: vec![(1, i as f64)],
        })
        .collect();
    let plot = plot::learning_curve("accuracy", &series, None).unwrap();
    assert!(plot.svg().contains("test 12"));
}

#[test]
fn the_page_has_the_counts_of_a_confusion_matrix_as_a_table() {
    let metrics = MetricCollection::new().with(ConfusionMatrix::multiclass(2));
    let pairs: Vec<_> = (0..178).map(|i| (i32::from(i < 41), 0)).collect();
    let html = reported(metrics, &classes(&pairs)).to_html();
    let shown = html.contains(">41<") && html.contains("<td>41</td>");
    assert!(shown, "a picture hides its texts from screen readers");
}

/// The list of a `Cat` is as long as the data.
#[test]
fn collected_values_are_no_classes() {
    let entry = |name: &str, values: Vec<f64>| metrics_core::ReportEntry {
        name: name.to_string(),
        value: Some(Value::PerClass(values)),
        error: None,
        rejected: Default::default(),
    };
    let report = SplitReport {
        split: SplitKind::Valid,
        epoch: 1,
        batches: 1,
        samples: 1000,
        complete: true,
        failed_batches: 0,
        reads: 1,
        report: metrics_core::MetricReport {
            entries: vec![entry("cat", vec![0.5; 1000]), entry("r2", vec![0.25, 0.5])],
        },
    };
    let table = RunReport::from_parts(vec![], vec![report]).class_table(SplitKind::Valid);
    assert_eq!(table.unwrap().rows.len(), 2);
}
