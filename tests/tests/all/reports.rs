//! Plots and reports: well-formed, complete, bounded, and right where they compute something.

use burn::tensor::{Device, Int, Tensor, TensorData};
use metrics_burn::{
    SplitKind, SplitReport,
    loggers::TensorBoard,
    plot::{self, Plot, PlotError, Series},
    report::{Best, PlotFormat, RunReport},
};
use metrics_core::{
    Criterion, Curve, Disparity, Estimate, Matrix, Metric, MetricCollection, MetricInfo,
    MetricReport, OperatingPoints, Rejected, ReliabilityBin, ReportEntry, Support, Value,
    aggregation::Cat,
    batch::{Binary, Multiclass, Values},
    classification::{
        Accuracy, Average, CalibrationError, ConfusionMatrix, F1Score, Normalize, Precision,
        PrecisionRecallCurve, Recall, ReliabilityDiagram, Roc, StatScores,
    },
    states::ClassCounts,
};
use metrics_tests::samples::Random;

const HOSTILE: &str = "<script>alert(\"1\")</script> & '\u{0}\u{8}\u{ffff}' ]]> 名前 ";

fn entry(name: &str, value: Value) -> ReportEntry {
    ReportEntry {
        name: name.to_string(),
        value: Some(value),
        error: None,
        rejected: Rejected::default(),
        class_names: vec![],
    }
}

fn failed(name: &str, error: &str) -> ReportEntry {
    ReportEntry {
        value: None,
        error: Some(error.to_string()),
        ..entry(name, Value::Scalar(0.0))
    }
}

fn epoch(split: SplitKind, epoch: usize, entries: Vec<ReportEntry>) -> SplitReport {
    SplitReport {
        batches: 4,
        samples: 100,
        reads: 1,
        ..SplitReport::new(split, epoch, MetricReport { entries })
    }
}

fn scalar(name: &str, higher_is_better: Option<bool>) -> MetricInfo {
    MetricInfo {
        name: name.to_string(),
        higher_is_better,
        is_scalar: true,
    }
}

fn other(name: &str) -> MetricInfo {
    MetricInfo {
        is_scalar: false,
        ..scalar(name, None)
    }
}

fn matrix(rows: usize, cols: usize, data: Vec<f64>) -> Matrix {
    Matrix {
        rows,
        cols,
        data,
        normalized: false,
    }
}

fn curve(x: Vec<f64>, y: Vec<f64>) -> Curve {
    Curve {
        x_name: "false positive rate".to_string(),
        y_name: "true positive rate".to_string(),
        thresholds: vec![f64::INFINITY; x.len()],
        support: None,
        x,
        y,
    }
}

fn bin(lower: f64, upper: f64, count: u64, confidence: f64, accuracy: f64) -> ReliabilityBin {
    ReliabilityBin {
        lower,
        upper,
        count: count as f64,
        confidence,
        accuracy,
    }
}

const OUTCOMES: ClassCounts = ClassCounts {
    tp: 3.0,
    fp: 1.0,
    tn: 0.0,
    fn_: 1.5,
};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("class {i}")).collect()
}

/// A curve of so many points that rises in steps of irregular size.
fn long_curve(points: usize, seed: u64) -> Curve {
    let mut random = Random(seed);
    let mut rising = || {
        let mut sum = 0.0;
        let steps: Vec<f64> = (0..points)
            .map(|_| {
                sum += random.below(1000) as f64;
                sum
            })
            .collect();
        steps.iter().map(|step| step / sum).collect::<Vec<_>>()
    };
    curve(rising(), rising())
}

/// Every kind of picture of ordinary values, by how many classes.
fn ordinary(classes: usize) -> Vec<Plot> {
    let names = names(classes);
    let mut random = Random(7);
    let counts = (0..classes * classes)
        .map(|_| random.below(40) as f64)
        .collect();
    let curves: Vec<_> = (0..classes as u64)
        .map(|seed| long_curve(50, seed))
        .collect();
    let values = [
        Value::Matrix(matrix(classes, classes, counts)),
        Value::Matrices(vec![matrix(2, 2, vec![5.0, 1.0, 2.0, 7.0]); classes]),
        Value::PerClass((0..classes).map(|i| i as f64 / classes as f64).collect()),
        Value::Curves(curves),
        Value::Reliability(vec![bin(0.0, 0.5, 3, 0.3, 0.6), bin(0.5, 1.0, 5, 0.8, 0.7)]),
    ];
    let plots = values
        .iter()
        .map(|value| plot::value("a metric", value, &names).unwrap());
    plots.collect()
}

fn parsed(svg: &str) -> roxmltree::Document<'_> {
    roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg:.300}"))
}

/// Well-formed, named for those who cannot see it, without scripts, numbers that are none, and
/// links.
fn check(svg: &str) {
    let document = parsed(svg);
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert!(
        root.attribute("aria-label")
            .is_some_and(|label| !label.is_empty())
    );
    for node in document.descendants().filter(|node| node.is_element()) {
        let tag = node.tag_name().name();
        let known = ["svg", "title", "rect", "line", "polyline", "circle", "text"];
        assert!(known.contains(&tag), "{tag}");
        for attribute in node.attributes() {
            let text = attribute.value();
            assert!(
                attribute.name() == "aria-label" || !text.contains("NaN"),
                "{text}"
            );
            assert!(!attribute.name().contains("href"));
        }
        for side in ["width", "height"] {
            if let Some(length) = node.attribute(side) {
                assert!(length.parse::<f64>().unwrap() >= 0.0, "{length}");
            }
        }
    }
}

#[test]
fn pictures_are_well_formed_for_any_number_of_classes() {
    for classes in [1, 2, 3, 10, 11, 40, 41, 100, 101, 1000] {
        for plot in ordinary(classes) {
            check(plot.svg());
        }
    }
}

#[test]
fn names_are_text() {
    let hostile = vec![HOSTILE.repeat(30); 3];
    let values = [
        Value::Matrix(matrix(3, 3, vec![1.0; 9])),
        Value::Matrices(vec![matrix(2, 2, vec![1.0; 4]); 3]),
        Value::PerClass(vec![0.1, 0.2, f64::NAN]),
        Value::of_fields([(HOSTILE, 0.5)]),
        Value::Curves(vec![long_curve(5, 1), long_curve(5, 2)]),
        Value::Reliability(vec![bin(0.0, 1.0, 3, 0.3, 0.6)]),
    ];
    for value in &values {
        check(plot::value(HOSTILE, value, &hostile).unwrap().svg());
    }
    let series = [Series {
        label: HOSTILE.to_string(),
        ..series(SplitKind::Valid, &[(1, 0.5), (2, 0.7)])
    }];
    let plot = plot::learning_curve(HOSTILE, &series, Some((SplitKind::Valid, 2))).unwrap();
    check(plot.svg());
    let document = parsed(plot.svg());
    let texts: Vec<_> = document
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    assert!(
        texts.iter().any(|text| text.contains("<script>")),
        "{texts:?}"
    );
}

/// Points of curves, without thresholds.
fn points(values: Vec<f64>) -> Value {
    let thresholds = vec![f64::NAN; values.len()];
    Value::OperatingPoints(OperatingPoints { values, thresholds })
}

#[test]
fn degenerate_values_are_drawn_or_not_but_never_a_panic() {
    let disparity = Disparity {
        criterion: Criterion::EqualOpportunity,
        groups: None,
        ratio: f64::NAN,
    };
    let none: [Value; 24] = [
        Value::Scalar(f64::NAN),
        Value::Scalar(f64::INFINITY),
        points(vec![]),
        Value::PerClass(vec![]),
        Value::List(vec![]),
        Value::Record(vec![]),
        Value::of_fields([("tau", f64::NAN)]),
        Value::of_fields([("many", Value::PerClass(vec![0.5; 50]))]),
        Value::StatScores(vec![ClassCounts::default()]),
        Value::Disparities(vec![disparity]),
        Value::PerClass(vec![f64::NAN; 3]),
        Value::PerClass(vec![f64::INFINITY, f64::NEG_INFINITY]),
        Value::PerClass(vec![f64::MAX, f64::MIN]),
        Value::Matrix(matrix(0, 0, vec![])),
        Value::Matrix(matrix(2, 2, vec![1.0])),
        Value::Matrix(matrix(usize::MAX, usize::MAX, vec![])),
        Value::Matrices(vec![]),
        Value::Curves(vec![]),
        Value::Curves(vec![curve(vec![], vec![])]),
        Value::Curves(vec![curve(vec![f64::NAN; 4], vec![0.5; 4])]),
        Value::Curves(vec![Curve {
            support: Some(Support {
                positives: 0.0,
                negatives: 9.0,
            }),
            ..curve(vec![0.0, 1.0], vec![0.0, 0.0])
        }]),
        Value::Reliability(vec![]),
        Value::Reliability(vec![bin(0.0, 1.0, 0, f64::NAN, f64::NAN)]),
        Value::Reliability(vec![bin(f64::NAN, f64::INFINITY, 3, 0.5, 0.5)]),
    ];
    for value in &none {
        assert!(plot::value("x", value, &[]).is_none(), "{value:?}");
    }
    let estimate = |value, lower, upper| {
        Value::Estimate(Estimate {
            value,
            lower,
            upper,
        })
    };
    let some = [
        Value::Scalar(1.0),
        Value::Scalar(-1e300),
        estimate(0.5, f64::NAN, f64::INFINITY),
        estimate(3.0, -5.0, 1e9),
        points(vec![0.5]),
        points(vec![0.5, f64::NAN]),
        Value::PerClass(vec![0.0]),
        Value::of_fields([("tau", -0.5), ("p_value", f64::NAN), ("z", f64::INFINITY)]),
        Value::of_fields([("precision", Value::PerClass(vec![0.25, 0.5]))]),
        Value::PerClass(vec![-3.0, f64::NAN, 5e7]),
        Value::PerClass(vec![f64::NAN, 1e-30, f64::INFINITY]),
        Value::PerClass(
            (0..50)
                .map(|i| if i == 20 { 1.0 } else { f64::NAN })
                .collect(),
        ),
        Value::Matrix(matrix(1, 1, vec![0.0])),
        Value::Matrix(matrix(2, 2, vec![f64::NAN, f64::INFINITY, -1.0, 0.0])),
        Value::Matrix(matrix(2, 5, vec![0.25; 10])),
        Value::Matrix(matrix(200, 3, vec![1.0; 600])),
        Value::Curves(vec![curve(vec![0.5], vec![0.5])]),
        Value::Curves(vec![curve(vec![0.0, f64::NAN, 1.0], vec![0.0, 0.3, 1.0])]),
        Value::Curves(vec![curve(vec![0.0, 1.0, 0.5], vec![0.0])]),
        Value::Curves(vec![curve(vec![-5.0, 9.0], vec![3.0, 1e9]); 12]),
        Value::Reliability(vec![
            bin(0.0, 1.0, 3, f64::NAN, 0.4),
            bin(1.0, 1.0, 2, 1.0, 0.5),
        ]),
        Value::Reliability(vec![bin(1.0, 1.0, 2, 1.0, 0.5)]),
    ];
    for value in &some {
        check(
            plot::value("x", value, &[])
                .unwrap_or_else(|| panic!("{value:?}"))
                .svg(),
        );
    }
}

fn series(split: SplitKind, points: &[(usize, f64)]) -> Series {
    Series::new(split, points.to_vec())
}

#[test]
fn learning_curves_have_gaps_where_epochs_are_missing() {
    let lines = |points: &[(usize, f64)]| {
        let plot = plot::learning_curve("x", &[series(SplitKind::Train, points)], None).unwrap();
        check(plot.svg());
        let document = parsed(plot.svg());
        let lines = document.descendants().filter(|node| {
            node.tag_name().name() == "polyline" && node.attribute("stroke") == Some("#0072B2")
        });
        // The first is the legend's.
        lines
            .skip(1)
            .map(|line| line.attribute("points").unwrap().split_whitespace().count())
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&[(1, 0.1), (2, 0.2), (3, 0.3)]), [3]);
    assert_eq!(lines(&[(3, 0.3), (1, 0.1), (2, 0.2)]), [3]);
    assert_eq!(lines(&[(1, 0.1), (2, 0.2), (4, 0.3), (5, 0.3)]), [2, 2]);
    assert_eq!(
        lines(&[(1, 0.1), (2, 0.2), (3, f64::NAN), (4, 0.3), (5, 0.3)]),
        [2, 2]
    );
    assert_eq!(lines(&[(1, 0.1)]), [] as [usize; 0]);
    for nothing in [
        vec![],
        vec![(1, f64::NAN)],
        vec![(1, f64::INFINITY), (2, f64::NAN)],
    ] {
        assert!(plot::learning_curve("x", &[series(SplitKind::Valid, &nothing)], None).is_none());
    }
    assert!(plot::learning_curve("x", &[], Some((SplitKind::Valid, 3))).is_none());
    let test = series(SplitKind::Test(3), &[(1, 0.4)]);
    check(
        plot::learning_curve("x", &[test], Some((SplitKind::Valid, 3)))
            .unwrap()
            .svg(),
    );
    let long: Vec<_> = (1..100_000).map(|i| (i, (i as f64).sin())).collect();
    let plot = plot::learning_curve("x", &[series(SplitKind::Train, &long)], None).unwrap();
    assert!(plot.svg().len() < 150_000, "{}", plot.svg().len());
}

/// Size and pixels of a PNG.
fn decoded(data: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(data))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

#[test]
fn pixels_are_those_of_the_picture() {
    for plot in ordinary(10) {
        let (width, height) = plot.size();
        for scale in [1.0, 2.5] {
            let (w, h, pixels) = decoded(&plot.png(scale).unwrap());
            let side = |length: f64| (length as f32 * scale).round() as u32;
            assert_eq!((w, h), (side(width), side(height)));
            let dark = pixels.chunks(4).filter(|p| p[0] < 128).count();
            assert!(dark > 200, "{dark} of {} pixels", pixels.len() / 4);
        }
    }
    let plot = &ordinary(2)[0];
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1000.0] {
        assert!(
            matches!(plot.png(scale), Err(PlotError::Size { .. })),
            "{scale}"
        );
    }
}

#[test]
fn text_reaches_the_pixels() {
    let values = Value::PerClass(vec![0.5, 0.5]);
    let draw = |names: [&str; 2]| {
        let plot = plot::value("x", &values, &names.map(String::from)).unwrap();
        decoded(&plot.png(1.0).unwrap()).2
    };
    assert_ne!(draw(["cat", "dog"]), draw(["dog", "cat"]));
}

#[test]
fn long_names_are_shortened_and_stay_apart() {
    let long: Vec<_> = (0..3)
        .map(|i| format!("{} {i}", "name".repeat(50)))
        .collect();
    let plot = plot::value(&long[0], &Value::PerClass(vec![0.1, 0.2, 0.3]), &long).unwrap();
    let document = parsed(plot.svg());
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    let texts: Vec<_> = texts
        .filter_map(|node| node.text())
        .map(str::trim)
        .collect();
    let names: Vec<_> = texts.iter().filter(|text| text.contains('…')).collect();
    assert_eq!(names.len(), 4, "a title and three names");
    assert!(names.iter().all(|name| name.chars().count() <= 52));
    assert!((1..4).all(|i| names[i].ends_with(&format!(" {}", i - 1))));
}

#[test]
fn files_have_the_format_of_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let plot = &ordinary(2)[0];
    let (svg, png) = (folder.path().join("a.svg"), folder.path().join("a.PNG"));
    plot.write(&svg).unwrap();
    plot.write(&png).unwrap();
    assert_eq!(std::fs::read_to_string(svg).unwrap(), plot.svg());
    assert_eq!(std::fs::read(png).unwrap(), plot.png(2.0).unwrap());
    let unknown = plot.write(folder.path().join("a.gif"));
    assert!(matches!(unknown, Err(PlotError::UnknownFormat(_))));
    let nowhere = plot.write(folder.path().join("no/such/folder/a.svg"));
    assert!(matches!(nowhere, Err(PlotError::Write { .. })));
}

#[test]
fn sizes_are_bounded() {
    let million = [long_curve(1_000_000, 1)];
    let size = plot::curves("roc", &million, &[]).unwrap().svg().len();
    assert!(size < 60_000, "{size}");
    let many: Vec<_> = (0..1000).map(|seed| long_curve(5000, seed)).collect();
    let size = plot::curves("roc", &many, &names(1000))
        .unwrap()
        .svg()
        .len();
    assert!(size < 500_000, "{size}");
    // Going to and fro defeats what is left out of a curve that rises.
    let zigzag = (0..1_000_000).map(|i| (i % 2) as f64).collect::<Vec<_>>();
    let size = plot::curves("zigzag", &[curve(zigzag.clone(), zigzag)], &[])
        .unwrap()
        .svg()
        .len();
    assert!(size < 150_000, "{size}");
    let cat = Value::List((0..1_000_000).map(|i| (i as f64).sin()).collect());
    assert!(plot::value("cat", &cat, &[]).unwrap().svg().len() < 150_000);
    let full = matrix(1000, 1000, vec![1.0; 1_000_000]);
    let size = plot::confusion_matrix("confusion", &full, &names(1000))
        .unwrap()
        .svg()
        .len();
    assert!(size < 800_000, "{size}");

    let metrics = vec![other("confusion"), other("roc"), other("f1")];
    let entries = vec![
        entry("confusion", Value::Matrix(full)),
        entry("roc", Value::Curves(many)),
        entry("f1", Value::PerClass(vec![0.5; 1000])),
    ];
    let report = RunReport::from_parts(metrics, vec![epoch(SplitKind::Valid, 1, entries)]);
    let size = report.class_names(names(1000)).to_html().len();
    assert!(size < 1_500_000, "{size}");
}

#[test]
fn decimation_keeps_the_extremes() {
    let mut values = vec![0.5; 1_000_000];
    values[123_456] = 1.0;
    values[654_321] = 0.0;
    let plot = plot::per_class("x", &values, &[]).unwrap();
    let document = parsed(plot.svg());
    let line = document
        .descendants()
        .filter(|node| node.attribute("stroke") == Some("#0072B2"))
        .max_by_key(|node| node.attribute("points").map_or(0, str::len))
        .unwrap();
    let heights = line.attribute("points").unwrap().split_whitespace();
    let heights: Vec<i32> = heights
        .map(|p| p.split_once(',').unwrap().1.parse().unwrap())
        .collect();
    let middle = heights[0];
    assert!(heights.iter().any(|y| *y < middle - 100) && heights.iter().any(|y| *y > middle + 100));
}

fn accuracies(values: &[f64], higher_is_better: Option<bool>) -> RunReport {
    let epochs = values.iter().enumerate();
    let epochs = epochs.map(|(i, v)| epoch(SplitKind::Valid, i + 1, vec![entry("a", (*v).into())]));
    RunReport::from_parts(vec![scalar("a", higher_is_better)], epochs.collect())
}

#[test]
fn the_best_epoch_is_the_first_of_the_best() {
    let best = |values: &[f64], higher| accuracies(values, higher).best("a", SplitKind::Valid);
    let at = |epoch, value| Some(Best { epoch, value });
    let nan = f64::NAN;
    assert_eq!(best(&[0.1, 0.9, 0.5], Some(true)), at(2, 0.9));
    assert_eq!(best(&[0.5, 0.1, 0.9], Some(false)), at(2, 0.1));
    assert_eq!(best(&[0.1, 0.9, 0.9], Some(true)), at(2, 0.9));
    assert_eq!(best(&[0.1, 0.1, 0.9], Some(false)), at(1, 0.1));
    assert_eq!(best(&[nan, 0.2, nan, 0.3], Some(true)), at(4, 0.3));
    assert_eq!(best(&[nan, 0.2, 0.3, nan], Some(false)), at(2, 0.2));
    assert_eq!(best(&[nan, nan], Some(true)), None);
    assert_eq!(best(&[0.1, 0.9], None), None);
    let run = accuracies(&[0.5], Some(true));
    assert_eq!(run.best("a", SplitKind::Train), None);
    assert_eq!(run.best("b", SplitKind::Valid), None);
}

#[test]
fn the_best_epoch_is_marked_in_plot_and_page() {
    let html = accuracies(&[0.1, 0.75, 0.5], Some(true)).to_html();
    assert!(html.contains("best on valid: 0.7500 at epoch 2"));
    assert!(html.contains("best on valid, epoch 2"));
    let html = accuracies(&[0.5, 0.75, 0.125], Some(false)).to_html();
    assert!(html.contains("best on valid: 0.1250 at epoch 3"));
}

/// Predictions and targets of three classes, the last of which never occurs.
fn labels() -> (Vec<i64>, Vec<i64>) {
    let mut random = Random(3);
    let target: Vec<i64> = (0..200).map(|_| random.below(3) as i64).collect();
    let pred = target.iter().map(|t| {
        if random.below(3) == 0 {
            random.below(3) as i64
        } else {
            *t
        }
    });
    (pred.collect(), target)
}

#[test]
fn class_tables_say_what_the_metrics_say() {
    let (pred, target) = labels();
    let device = Device::flex();
    let ints = |values: &[i64]| {
        Tensor::<1, Int>::from_data(TensorData::new(values.to_vec(), [values.len()]), &device)
    };
    let batch = Multiclass::from_labels(ints(&pred), ints(&target)).unwrap();
    let classes = 4;
    let mut metrics = MetricCollection::new()
        .with(ConfusionMatrix::multiclass(classes))
        .with(F1Score::multiclass(classes).average(Average::None))
        .with(Accuracy::multiclass(classes));
    metrics.update(&batch).unwrap();
    let computed = epoch(SplitKind::Valid, 1, metrics.compute().unwrap().entries);
    let run = RunReport::from_parts(metrics.metrics(), vec![computed]).class_names(["a", "b"]);
    let table = run.class_table(SplitKind::Valid).unwrap();
    assert_eq!(
        table.columns,
        ["precision", "recall", "F1", "support", "f1_score_per_class"]
    );
    let row_names: Vec<_> = table.rows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(row_names, ["a", "b", "2", "3"]);

    let of = |value: Value| value.per_class().unwrap().to_vec();
    let none = Average::None;
    let precision = of(Precision::multiclass(classes)
        .average(none)
        .evaluate(&batch)
        .unwrap());
    let recall = of(Recall::multiclass(classes)
        .average(none)
        .evaluate(&batch)
        .unwrap());
    let f1 = of(F1Score::multiclass(classes)
        .average(none)
        .evaluate(&batch)
        .unwrap());
    for class in 0..3 {
        let support = target.iter().filter(|t| **t == class as i64).count() as f64;
        let expected = [
            precision[class],
            recall[class],
            f1[class],
            support,
            f1[class],
        ];
        let row = &table.rows[class].1;
        assert!(
            row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12),
            "{row:?} {expected:?}"
        );
    }
    let absent = &table.rows[3].1;
    assert!(absent[..3].iter().all(|value| value.is_nan()) && absent[3] == 0.0);
}

#[test]
fn class_tables_of_labels_and_without_counts() {
    let labels = vec![
        matrix(2, 2, vec![5.0, 1.0, 2.0, 8.0]),
        matrix(2, 2, vec![4.0, 0.0, 0.0, 0.0]),
    ];
    let run = |value| {
        let entries = vec![
            entry("m", value),
            entry("auroc", Value::PerClass(vec![0.25, 0.5])),
        ];
        RunReport::from_parts(vec![], vec![epoch(SplitKind::Test(0), 1, entries)])
    };
    let table = run(Value::Matrices(labels))
        .class_table(SplitKind::Test(0))
        .unwrap();
    assert_eq!(table.rows[0].1, [8.0 / 9.0, 0.8, 16.0 / 19.0, 10.0, 0.25]);
    let shares = Value::Matrix(Matrix {
        normalized: true,
        ..matrix(2, 2, vec![1.0, 0.0, 0.0, 1.0])
    });
    let table = run(shares).class_table(SplitKind::Test(0)).unwrap();
    assert_eq!(table.columns, ["auroc"]);
    let nothing = RunReport::from_parts(vec![], vec![epoch(SplitKind::Train, 1, vec![])]);
    assert_eq!(nothing.class_table(SplitKind::Train), None);
    assert_eq!(nothing.class_table(SplitKind::Valid), None);
}

#[test]
fn records_are_shown_field_by_field() {
    let interval = Estimate {
        value: 0.5,
        lower: 0.25,
        upper: 0.75,
    };
    let record = Value::of_fields([
        ("tau", Value::Scalar(0.8)),
        ("p_value", Value::Scalar(f64::NAN)),
        ("rate|<b>", Value::Estimate(interval)),
        ("recall", Value::PerClass(vec![0.5, 0.25])),
        (
            "size",
            Value::Matrix(matrix(2, 2, vec![3.0, 1.0, 0.0, 4.0])),
        ),
    ]);
    let metrics = vec![other("kendall")];
    let epochs = vec![epoch(SplitKind::Test(0), 1, vec![entry("kendall", record)])];
    let run = RunReport::from_parts(metrics, epochs).class_names(["cat", "dog"]);
    let markdown = run.to_markdown();
    let table = r"
## kendall (test)

| field | value |
| --- | ---: |
| tau | 0.8000 |
| p_value | N/A |
| rate\|&lt;b> | 0.5000 \[0.2500, 0.7500\] |
| recall_cat | 0.5000 |
| recall_dog | 0.2500 |
| size | 3 1 0 4 |
";
    assert!(markdown.contains(table), "{markdown}");
    let page = run.to_html();
    for part in [
        "kendall as a table",
        "rate|&lt;b&gt;",
        ">recall_dog</th><td>0.2500</td>",
        "<figure>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

/// A run with everything in it.
fn full_run() -> RunReport {
    let metrics = vec![
        scalar("accuracy", Some(true)),
        scalar("loss", Some(false)),
        other("confusion_matrix"),
        other("f1_per_class"),
    ];
    let values = |accuracy: f64, loss: f64| {
        vec![
            entry("accuracy", accuracy.into()),
            entry("loss", loss.into()),
            entry(
                "confusion_matrix",
                Value::Matrix(matrix(2, 2, vec![3.0, 1.0, 0.0, 4.0])),
            ),
            entry("f1_per_class", Value::PerClass(vec![0.5, 0.75])),
        ]
    };
    let mut second = values(0.25, 0.5);
    second[1] = failed("loss", "needs | more <data>");
    second[0].rejected = Rejected {
        nan: 3,
        ..Rejected::default()
    };
    let epochs = vec![
        epoch(SplitKind::Train, 1, values(0.5, 0.875)),
        epoch(SplitKind::Valid, 1, values(0.75, 0.625)),
        SplitReport {
            complete: false,
            samples: 40,
            batches: 2,
            failed_batches: 1,
            ..epoch(SplitKind::Train, 2, values(0.625, 0.375))
        },
        epoch(SplitKind::Valid, 2, second),
        epoch(SplitKind::Test(0), 1, values(0.6875, 0.4375)),
    ];
    RunReport::from_parts(metrics, epochs)
        .title("Pets & <others>")
        .class_names(["cat", "dog|wolf"])
        .note("rate", 0.5)
}

#[test]
fn markdown_is_exact() {
    let expected = r"# Pets & &lt;others>

| setting | value |
| --- | ---: |
| rate | 0.5 |

## Results

| metric | train, last | train, best | valid, last | valid, best | test |
| --- | ---: | ---: | ---: | ---: | ---: |
| accuracy | 0.6250 | 0.6250 (epoch 2) | 0.2500 | 0.7500 (epoch 1) | 0.6875 |
| loss | 0.3750 | 0.3750 (epoch 2) | N/A | 0.6250 (epoch 1) | 0.4375 |

## Classes (test)

| class | precision | recall | F1 | support | f1_per_class |
| --- | ---: | ---: | ---: | ---: | ---: |
| cat | 1.0000 | 0.7500 | 0.8571 | 4 | 0.5000 |
| dog\|wolf | 0.8000 | 1.0000 | 0.8889 | 4 | 0.7500 |

## confusion_matrix (test)

Rows: target, columns: prediction.

|  | cat | dog\|wolf |
| --- | ---: | ---: |
| **cat** | 3 | 1 |
| **dog\|wolf** | 0 | 4 |

## Data

| split | epochs | batches | samples |
| --- | ---: | ---: | ---: |
| train | 2 | 2 | 40 |
| valid | 2 | 4 | 100 |
| test | 1 | 4 | 100 |

Batches and samples are those of the last epoch.

## Failures

- train, epoch 2: incomplete: covers 40 samples in 2 batches
- train, epoch 2: left out 1 batch that did not fit the metrics
- valid, epoch 2: accuracy was computed without 3 NaN values
- valid, epoch 2: loss has no value: needs \| more &lt;data>
";
    assert_eq!(full_run().to_markdown(), expected);
}

#[test]
fn a_report_of_one_epoch_as_markdown() {
    let report = MetricReport {
        entries: vec![
            entry("accuracy", 0.5.into()),
            entry("f1", Value::PerClass(vec![0.25, 1.0])),
            entry("values", Value::List((0..20).map(f64::from).collect())),
            entry("confusion", Value::Matrix(matrix(3, 3, vec![0.0; 9]))),
            entry(
                "per label",
                Value::Matrices(vec![matrix(2, 2, vec![0.0; 4]); 5]),
            ),
            entry("roc", Value::Curves(vec![long_curve(3, 1)])),
            entry("bins", Value::Reliability(vec![bin(0.0, 1.0, 9, 0.5, 0.5)])),
            entry("stats", Value::StatScores(vec![OUTCOMES])),
            entry("stats per class", Value::StatScores(vec![OUTCOMES; 3])),
            entry("point", points(vec![0.5])),
            entry("points", points(vec![0.5, 0.0])),
            failed("a|b", "line\nbreak"),
        ],
    };
    let expected = r"| metric | value |
| --- | --- |
| accuracy | 0.5000 |
| f1 | 0.2500, 1.0000 |
| values | 20 values, 0.0000 to 19 |
| confusion | 3 × 3 matrix |
| per label | 5 times 2 × 2 matrix |
| roc | 1 curve |
| bins | 1 bin of 9 elements |
| stats | tp 3, fp 1, tn 0, fn 1.5000, support 4.5000 |
| stats per class | stat scores of 3 classes |
| point | 0.5000 at NaN |
| points | 0.5000 at NaN, 0.0000 at NaN |
| a\|b | N/A: line break |
";
    assert_eq!(report.to_markdown(), expected);
}

/// Fails unless every tag that is opened is closed in order.
fn check_html(html: &str) {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/', '\n'])
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') && !["!DOCTYPE", "meta"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn points_of_curves_are_shown_with_their_thresholds() {
    let point = |values: Vec<f64>, thresholds: Vec<f64>| {
        Value::OperatingPoints(OperatingPoints { values, thresholds })
    };
    let entries = vec![
        entry("one", point(vec![0.75], vec![0.25])),
        entry("two", point(vec![0.5, 0.0], vec![0.125, f64::NAN])),
    ];
    let metrics = vec![scalar("one", Some(true)), other("two")];
    let run = RunReport::from_parts(metrics, vec![epoch(SplitKind::Valid, 1, entries)])
        .class_names(["cat", "dog|wolf"]);
    let markdown = run.to_markdown();
    for row in [
        "| all | 0.7500 | 0.2500 |\n",
        "| cat | 0.5000 | 0.1250 |\n| dog\\|wolf | 0.0000 | N/A |\n",
    ] {
        assert!(markdown.contains(row), "{markdown}");
    }
    let html = run.to_html();
    check_html(&html);
    for row in [
        "<th scope=\"row\">all</th><td>0.7500</td><td>0.2500</td>",
        "<th scope=\"row\">dog|wolf</th><td>0.0000</td><td>N/A</td>",
    ] {
        assert!(html.contains(row), "{row}");
    }
}

#[test]
fn the_page_says_everything_and_loads_nothing() {
    let run = full_run();
    let html = run.to_html();
    check_html(&html);
    for split in run.splits() {
        for epoch in run.epochs(split) {
            for entry in &epoch.report.entries {
                if let Some(value @ Value::Scalar(_)) = &entry.value {
                    assert!(
                        html.contains(&format!(">{value}")),
                        "{split:?} {} {value}",
                        entry.name
                    );
                }
            }
        }
    }
    for said in [
        "<h1>Pets &amp; &lt;others&gt;</h1>",
        "train, epoch 2</strong> incomplete: covers 40 samples in 2 batches",
        "left out 1 batch",
        "accuracy was computed without 3 NaN values",
        "loss has no value: needs | more &lt;data&gt;",
        "<dt>rate</dt><dd>0.5</dd>",
        "This epoch is incomplete: it covers 40 samples",
        "<th scope=\"row\">dog|wolf</th><td>0.8000</td><td>1.0000</td><td>0.8889</td><td>4</td><td>0.7500</td>",
    ] {
        assert!(html.contains(said), "{said}");
    }
    // The one address is the name of a format, which nothing loads.
    let addresses = html.replace("http://www.w3.org/2000/svg", "");
    for outside in [
        "http", "src=", "url(", "@import", "<script", "<link", "<img",
    ] {
        assert!(!addresses.contains(outside), "{outside}");
    }
    let svgs: Vec<_> = html
        .match_indices("<svg")
        .map(|(at, _)| {
            let end = html[at..].find("</svg>").unwrap();
            &html[at..at + end + 6]
        })
        .collect();
    // Two learning curves and a confusion matrix for each of three splits.
    assert_eq!(svgs.len(), 5);
    svgs.into_iter().for_each(check);
}

#[test]
fn the_page_survives_hostile_names() {
    let metrics = vec![scalar(HOSTILE, Some(true)), other("m"), other(HOSTILE)];
    let entries = vec![
        entry(HOSTILE, 0.5.into()),
        entry("m", Value::Matrix(matrix(2, 2, vec![1.0; 4]))),
        failed(HOSTILE, HOSTILE),
    ];
    let run = RunReport::from_parts(metrics, vec![epoch(SplitKind::Train, 1, entries)])
        .title(HOSTILE)
        .class_names([HOSTILE, HOSTILE])
        .note(HOSTILE, HOSTILE);
    let html = run.to_html();
    check_html(&html);
    assert!(!html.contains("<script"));
    assert!(!html.chars().any(|c| c.is_control() && c != '\n'));
    assert!(!run.to_markdown().contains("<script"));
}

#[test]
fn an_empty_report_says_so() {
    let run = RunReport::from_parts(vec![], vec![]);
    check_html(&run.to_html());
    assert!(run.to_html().contains("Nothing was computed."));
    assert!(run.to_markdown().contains("Nothing was computed."));
}

#[test]
fn plots_are_written_under_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = vec![
        scalar("a/b", Some(true)),
        scalar("a:b", None),
        scalar("../A_B", None),
    ];
    let entries = metrics
        .iter()
        .map(|info| entry(&info.name, 0.5.into()))
        .collect();
    let run = RunReport::from_parts(metrics, vec![epoch(SplitKind::Train, 1, entries)]);
    let files = run
        .write_plots(folder.path().join("new"), PlotFormat::Svg)
        .unwrap();
    let stems: Vec<_> = files
        .iter()
        .map(|f| f.file_name().unwrap().to_str().unwrap())
        .collect();
    let expected = [
        "learning_curve_a_b.svg",
        "learning_curve_a_b_2.svg",
        "learning_curve_.._A_B.svg",
    ];
    assert_eq!(stems, expected);
    files
        .iter()
        .for_each(|file| check(&std::fs::read_to_string(file).unwrap()));
    let files = full_run()
        .write_plots(folder.path(), PlotFormat::Png)
        .unwrap();
    // Two learning curves, and a matrix and a list for each of three splits.
    assert_eq!(files.len(), 8);
    assert!(
        files
            .iter()
            .all(|file| decoded(&std::fs::read(file).unwrap()).0 == 920)
    );
    let in_file = full_run().write_plots(files[0].join("x"), PlotFormat::Svg);
    assert!(in_file.unwrap_err().to_string().contains("cannot write"));
}

#[test]
fn a_report_survives_a_file() {
    let run = full_run();
    let text = serde_json::to_string(&run).unwrap();
    let back: RunReport = serde_json::from_str(&text).unwrap();
    assert_eq!(back, run);
    assert_eq!(back.to_html(), run.to_html());
}

#[test]
fn of_two_reports_of_an_epoch_the_last_counts() {
    let value = |v: f64| epoch(SplitKind::Valid, 1, vec![entry("a", v.into())]);
    let run = RunReport::from_parts(vec![scalar("a", Some(true))], vec![value(0.9), value(0.1)]);
    assert_eq!(run.epochs(SplitKind::Valid).count(), 1);
    assert_eq!(run.best("a", SplitKind::Valid).unwrap().value, 0.1);
}

#[test]
fn curves_know_their_support() {
    let device = Device::flex();
    let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8, 0.9], &device);
    let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1, 0], &device);
    let batch = Binary::from_scores(scores, target).unwrap();
    let expected = Some(Support {
        positives: 2.0,
        negatives: 3.0,
    });
    let roc = Roc::binary().evaluate(&batch).unwrap();
    let binned = metrics_core::classification::Thresholds::Count(4);
    let pr = PrecisionRecallCurve::binary()
        .thresholds(binned)
        .evaluate(&batch)
        .unwrap();
    for value in [roc, pr] {
        let curve = &value.curves().unwrap()[0];
        assert_eq!(curve.support, expected);
        assert_eq!(curve.support.unwrap().prevalence(), 0.4);
    }
    // A file from before curves had a support.
    let old = r#"{"x_name":"a","y_name":"b","x":[0.0],"y":[1.0],"thresholds":["inf"]}"#;
    assert_eq!(serde_json::from_str::<Curve>(old).unwrap().support, None);
}

#[test]
fn a_reliability_diagram_reads_as_a_table() {
    let device = Device::flex();
    let scores = Tensor::<1>::from_floats([0.25, 0.25, 0.75, 0.75], &device);
    let target = Tensor::<1, Int>::from_ints([0, 1, 1, 1], &device);
    let batch = Binary::from_scores(scores, target).unwrap();
    let value = ReliabilityDiagram::binary()
        .bins(4)
        .evaluate(&batch)
        .unwrap();
    let expected = "\
confidence in        count  confidence  accuracy
0.0000..0.2500           0         NaN       NaN
0.2500..0.5000           2      0.2500    0.5000
0.5000..0.7500           0         NaN       NaN
0.7500..1.0000           2      0.7500    1.0000";
    assert_eq!(value.to_string(), expected);
    let json = serde_json::to_string(&value).unwrap();
    let back: Value = serde_json::from_str(&json).unwrap();
    assert!(metrics_tests::compare::same(
        &value,
        &back,
        metrics_tests::compare::Tolerance::Exact
    ));
    // The diagram and the error come from one state.
    let collection = MetricCollection::new()
        .with(ReliabilityDiagram::binary())
        .with(metrics_core::classification::CalibrationError::binary());
    assert_eq!(collection.state_count(), 1);
}

/// The report of one epoch on pairs of prediction and target.
fn reported(mut metrics: MetricCollection<Multiclass>, pairs: &[(i32, i32)]) -> RunReport {
    let device = Device::flex();
    let (pred, target): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
    let ints = |values: Vec<i32>| Tensor::<1, Int>::from_ints(values.as_slice(), &device);
    let batch = Multiclass::from_labels(ints(pred), ints(target)).unwrap();
    metrics.update(&batch).unwrap();
    let computed = epoch(SplitKind::Valid, 1, metrics.compute().unwrap().entries);
    RunReport::from_parts(metrics.metrics(), vec![computed])
}

#[test]
fn the_mean_gap_is_the_calibration_error() {
    let device = Device::flex();
    // A bin of its own holds the confidence of exactly 1; its gap is the other way.
    let scores = Tensor::<1>::from_floats([0.95, 0.95, 1.0, 1.0, 1.0, 1.0], &device);
    let target = Tensor::<1, Int>::from_ints([1, 1, 0, 1, 1, 1], &device);
    let batch = Binary::from_scores(scores, target).unwrap();
    let error = CalibrationError::binary().bins(10).evaluate(&batch);
    let value = ReliabilityDiagram::binary().bins(10).evaluate(&batch);
    let plot = plot::value("reliability", &value.unwrap(), &[]).unwrap();
    let expected = format!("mean gap {:.3} ", error.unwrap().scalar().unwrap());
    assert!(plot.svg().contains(&expected), "{expected}");
}

#[test]
fn shares_are_no_counts() {
    let pairs = [(0, 0), (0, 0), (1, 1), (1, 1), (1, 1), (2, 2)];
    for normalize in [Normalize::True, Normalize::Pred, Normalize::All] {
        let metric = ConfusionMatrix::multiclass(3).normalize(normalize);
        let report = reported(MetricCollection::new().with(metric), &pairs);
        // The supports are 2, 3 and 1, or not known.
        assert_eq!(report.class_table(SplitKind::Valid), None);
        let html = report.to_html();
        assert!(!html.contains("Counts") && html.contains("Shares"));
        assert!(!html.contains("on the diagonal"));
    }
    let counts = MetricCollection::new().with(ConfusionMatrix::multiclass(3));
    assert!(reported(counts, &pairs).to_html().contains("Counts"));
    // A file from before matrices said so.
    let old = r#"{"rows":1,"cols":1,"data":[1.0]}"#;
    assert!(!serde_json::from_str::<Matrix>(old).unwrap().normalized);
}

#[test]
fn stat_scores_are_no_confusion_matrix_whatever_their_name() {
    let metric = StatScores::multiclass(5).average(Average::None);
    let metrics = MetricCollection::new().named("counts", metric);
    let report = reported(metrics, &[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]);
    assert_eq!(report.class_table(SplitKind::Valid), None);
}

#[test]
fn averaged_stat_scores_are_no_classes() {
    let metrics = MetricCollection::new()
        .with(ConfusionMatrix::multiclass(5))
        .with(StatScores::multiclass(5).average(Average::Micro));
    let report = reported(metrics, &[(0, 0), (1, 1), (2, 2), (3, 3), (3, 4)]);
    let table = report.class_table(SplitKind::Valid).unwrap();
    assert_eq!(table.columns, ["precision", "recall", "F1", "support"]);
}

#[test]
fn stat_scores_are_tables_of_their_own() {
    let metrics = MetricCollection::new()
        .named("each", StatScores::multiclass(2).average(Average::None))
        .named("mean", StatScores::multiclass(2));
    let report = reported(metrics, &[(0, 0), (0, 1), (1, 1)]).class_names(["cat", "dog"]);
    let expected = "\
## each (valid, epoch 1)

| class | tp | fp | tn | fn | support |
| --- | ---: | ---: | ---: | ---: | ---: |
| cat | 1 | 1 | 1 | 0 | 1 |
| dog | 1 | 0 | 1 | 1 | 2 |

## mean (valid, epoch 1)

| class | tp | fp | tn | fn | support |
| --- | ---: | ---: | ---: | ---: | ---: |
| all | 1 | 0.5000 | 1 | 0.5000 | 1.5000 |
";
    let text = report.to_markdown();
    assert!(text.contains(expected), "{text}");
    let html = report.to_html();
    check_html(&html);
    let row =
        "<tr><th scope=\"row\">dog</th><td>1</td><td>0</td><td>1</td><td>1</td><td>2</td></tr>";
    assert!(html.contains(row));
    let expected = "\
each  
  class          tp          fp          tn          fn     support
  0               1           1           1           0           1
  1               1           0           1           1           2
mean  tp 1, fp 0.5000, tn 1, fn 0.5000, support 1.5000";
    let last = report.epochs(SplitKind::Valid).next_back().unwrap();
    assert_eq!(last.report.to_string(), expected);
    let json = serde_json::to_string(last.report.get("each").unwrap()).unwrap();
    let cat = r#"{"stat_scores":[{"tp":1.0,"fp":1.0,"tn":1.0,"fn":0.0}"#;
    assert!(json.starts_with(cat), "{json}");
    let back: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(Some(&back), last.report.get("each"));
}

/// The list of a `Cat` is as long as the data.
#[test]
fn collected_values_are_no_classes() {
    let values = Values::new(Tensor::<1>::full([1000], 0.5, &Device::flex()));
    let cat = Cat::new().evaluate(&values).unwrap();
    assert_eq!(cat.to_string(), "1000 values, 0.5000 to 0.5000");
    let entries = vec![
        entry("cat", cat),
        entry("r2", Value::PerClass(vec![0.25, 0.5])),
    ];
    let report = epoch(SplitKind::Valid, 1, entries);
    let folder = tempfile::tempdir().unwrap();
    let board = TensorBoard::create(folder.path().join("run")).unwrap();
    board.report(&report);
    drop(board);
    let files = std::fs::read_dir(folder.path().join("run/valid")).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    let table = RunReport::from_parts(vec![], vec![report]).class_table(SplitKind::Valid);
    let rows = table.unwrap().rows.len();
    // A picture, and no tag per value.
    assert!(rows == 2 && bytes < 10_000, "{rows} classes, {bytes} bytes");
}

#[test]
fn a_column_name_stands_for_one_number() {
    let metrics = MetricCollection::new()
        .with(ConfusionMatrix::multiclass(3))
        .named("precision", Precision::multiclass(3).average(Average::None));
    let report = reported(metrics, &[(0, 0), (0, 1), (0, 2)]);
    let table = report.class_table(SplitKind::Valid).unwrap();
    assert_eq!(table.columns, ["recall", "F1", "support", "precision"]);
    // The metric's own value for 0 / 0.
    assert_eq!(table.rows[1].1[3], 0.0);
}

#[test]
fn a_list_that_is_no_column_is_drawn_whatever_its_name() {
    let entries = vec![
        entry("m", Value::Matrix(matrix(2, 2, vec![1.0; 4]))),
        entry("precision", Value::PerClass(vec![0.25, 0.5, 0.75])),
    ];
    let run = RunReport::from_parts(vec![], vec![epoch(SplitKind::Valid, 1, entries)]);
    assert_eq!(run.to_html().matches("<svg").count(), 2);
}

#[test]
fn ticks_have_labels_of_their_own() {
    let ranges = [
        [5_000_000.0, 5_000_100.0],
        [0.5, 0.50001],
        [1e-9, 3e-9],
        [-2e8, 3e8],
        [1e15, 1e15 + 10.0],
        [-1e300, 1e300],
    ];
    for [low, high] in ranges {
        let series = series(SplitKind::Valid, &[(1, low), (2, high)]);
        let plot = plot::learning_curve("sum", &[series], None).unwrap();
        let document = parsed(plot.svg());
        let texts = document.descendants().filter(|node| node.is_text());
        let labels: Vec<_> = texts
            .filter_map(|node| node.text()?.trim().parse::<f64>().ok())
            .filter(|number| ![1.0, 2.0].contains(number))
            .collect();
        // They say what is there: in even steps, within the axis.
        let room = 0.07 * (high - low);
        assert!(
            labels
                .iter()
                .all(|n| (low - room..=high + room).contains(n)),
            "{labels:?}"
        );
        let steps: Vec<_> = labels.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.len() > 1, "{labels:?}");
        let even = |step: &f64| *step > 0.0 && (step / steps[0] - 1.0).abs() < 1e-3;
        assert!(steps.iter().all(even), "{labels:?}");
    }
}

#[test]
fn pictures_tell_names_apart_in_every_script() {
    let values = [
        Value::Matrix(matrix(2, 2, vec![1.0, 2.0, 3.0, 4.0])),
        Value::Matrices(vec![matrix(2, 2, vec![1.0; 4]); 2]),
        Value::PerClass(vec![0.5, 0.5]),
        Value::Curves(vec![long_curve(5, 1), long_curve(5, 2)]),
    ];
    let long = |name: &str| format!("{}{name}", "猫".repeat(60));
    let pairs = [
        ["cat", "dog"].map(String::from),
        ["猫", "犬"].map(String::from),
        ["<猫>", "\u{7}& 犬"].map(String::from),
        [long("a"), long("b")],
    ];
    for value in &values {
        for [a, b] in &pairs {
            let plot = |names: [&String; 2]| plot::value("m", value, &names.map(Clone::clone));
            let (one, other) = (plot([a, b]).unwrap(), plot([b, a]).unwrap());
            let same = plot([a, a]).unwrap().png(1.0).unwrap();
            let (one, other) = (one.png(1.0).unwrap(), other.png(1.0).unwrap());
            assert!(one != same && other != same, "{a} and {b} look the same");
        }
        let draw = |names: [&str; 2]| {
            let plot = plot::value("m", value, &names.map(String::from)).unwrap();
            plot.png(1.0).unwrap()
        };
        assert!(
            draw(["cat", "犬"]) == draw(["cat", "猫"]),
            "a number in place of boxes"
        );
    }
}

#[test]
fn the_page_has_the_counts_of_a_confusion_matrix_as_a_table() {
    let pairs: Vec<_> = (0..178).map(|i| (i32::from(i < 41), 0)).collect();
    let page = |classes| {
        let metrics = MetricCollection::new().with(ConfusionMatrix::multiclass(classes));
        let html = reported(metrics, &pairs).to_html();
        check_html(&html);
        html
    };
    let row = "<tr><th scope=\"row\">0</th><td>137</td><td>41</td></tr>";
    assert!(
        page(2).contains(row),
        "a picture hides its texts from screen readers"
    );
    assert!(page(20).contains("<td>41</td>"));
    assert!(!page(21).contains("<td>41</td>"));
    let labels = vec![matrix(2, 2, vec![5.0, 1.0, 2.0, 7.0]); 2];
    let entries = vec![entry("labels", Value::Matrices(labels))];
    let run = RunReport::from_parts(vec![], vec![epoch(SplitKind::Valid, 1, entries)]);
    let html = run.class_names(["a", "b"]).to_html();
    check_html(&html);
    let row = "<tr><th scope=\"row\">b</th><td>7</td><td>1</td><td>5</td><td>2</td><td>9</td></tr>";
    assert!(html.contains(row));
}

#[test]
fn many_test_sets_have_names_in_the_legend() {
    let sets = (0..12).map(|i| series(SplitKind::Test(i), &[(1, i as f64)]));
    let plot = plot::learning_curve("accuracy", &sets.collect::<Vec<_>>(), None).unwrap();
    check(plot.svg());
    let document = parsed(plot.svg());
    let texts = document.descendants().filter(|node| node.is_text());
    let texts: Vec<_> = texts
        .filter_map(|node| node.text())
        .map(str::trim)
        .collect();
    for set in 2..=12 {
        assert!(texts.contains(&format!("test-{set}").as_str()), "{texts:?}");
    }
}

/// The texts of a picture.
fn texts(plot: &Plot) -> Vec<String> {
    let document = parsed(plot.svg());
    let nodes = document.descendants().filter(|node| node.is_text());
    let texts = nodes.filter_map(|node| node.text());
    texts.map(|text| text.trim().to_string()).collect()
}

/// The colours of the marks of a picture: fills, lines and circles, but neither text nor the ground.
fn marks(plot: &Plot) -> std::collections::BTreeSet<String> {
    let document = parsed(plot.svg());
    let nodes = document.descendants();
    let nodes = nodes.filter(|node| node.is_element() && node.tag_name().name() != "text");
    let colors = nodes.flat_map(|node| ["fill", "stroke"].map(|name| node.attribute(name)));
    let colors = colors.flatten().filter(|color| color.starts_with('#'));
    // The ground and the grid are not data.
    let colors = colors.filter(|color| !["#FFFFFF", "#E3E8EE"].contains(color));
    colors.map(String::from).collect()
}

#[test]
fn a_reliability_diagram_names_every_mark() {
    for (confidence, accuracy) in [(0.3, 0.6), (0.6, 0.3), (0.5, 0.5)] {
        let bins = Value::Reliability(vec![bin(0.0, 1.0, 9, confidence, accuracy)]);
        let plot = plot::value("x", &bins, &[]).unwrap();
        let texts = texts(&plot);
        let named = [
            "accuracy of the bin",
            "mean confidence of the bin",
            "elements in the bin",
            "accuracy equals confidence",
        ];
        for name in named {
            assert!(texts.iter().any(|text| text == name), "{name}: {texts:?}");
        }
        // Bars, lines, counts (with the axis) and dashes.
        assert_eq!(marks(&plot).len(), named.len(), "{:?}", marks(&plot));
    }
}

#[test]
fn curves_name_every_mark() {
    let names = names(3);
    let named = |value: Value| texts(&plot::value("x", &value, &names).unwrap());
    let one = named(Value::Curves(vec![long_curve(5, 1)]));
    let several = named(Value::Curves(vec![long_curve(5, 1); 3]));
    let many = named(Value::Curves(vec![long_curve(5, 1); 12]));
    let recall = |curve: Curve| Curve {
        x_name: "recall".to_string(),
        support: Some(Support {
            positives: 2.0,
            negatives: 3.0,
        }),
        ..curve
    };
    let precision = named(Value::Curves(vec![recall(long_curve(5, 1))]));
    for (texts, expected) in [
        (one, vec!["model", "chance"]),
        (several, vec!["class 0", "class 1", "class 2", "chance"]),
        (many, vec!["each class", "mean of the classes", "chance"]),
        (precision, vec!["model", "prevalence"]),
    ] {
        for name in expected {
            assert!(texts.iter().any(|text| text == name), "{name}: {texts:?}");
        }
    }
}

#[test]
fn a_learning_curve_shows_intervals_and_names_every_mark() {
    let valid = Series {
        intervals: vec![(1, [0.4, 0.6]), (2, [0.5, 0.95]), (3, [f64::NAN, 1.0])],
        ..series(SplitKind::Valid, &[(1, 0.5), (2, 0.7)])
    };
    let test = Series {
        label: "test-held out".to_string(),
        ..series(SplitKind::Test(0), &[(1, 0.6)])
    };
    let best = Some((SplitKind::Valid, 2));
    let plot = plot::learning_curve("x", &[valid.clone(), test], best).unwrap();
    check(plot.svg());
    let texts = texts(&plot);
    for name in ["valid", "test-held out", "interval", "best on valid"] {
        assert!(texts.iter().any(|text| text == name), "{name}: {texts:?}");
    }
    let bars = |plot: &Plot| {
        let document = parsed(plot.svg());
        let pale = document
            .descendants()
            .filter(|node| node.attribute("opacity") == Some("0.3"));
        pale.count()
    };
    assert_eq!(bars(&plot), 3, "two intervals and their swatch");
    let without = Series {
        intervals: vec![],
        ..valid
    };
    assert_eq!(
        bars(&plot::learning_curve("x", &[without], best).unwrap()),
        0
    );
}

#[test]
fn numbers_and_intervals_are_drawn() {
    let estimate = |value: f64| Estimate {
        value,
        lower: value - 0.125,
        upper: value + 0.125,
    };
    let record = Value::of_fields([
        ("slope", Value::Estimate(estimate(0.5))),
        ("p_value", Value::Scalar(0.25)),
    ]);
    for (value, expected) in [
        (Value::Scalar(0.5), vec!["0.5000"]),
        (
            Value::Estimate(estimate(0.5)),
            vec!["0.5000 [0.3750, 0.6250]", "interval"],
        ),
        (
            record,
            vec![
                "slope",
                "0.5000 [0.3750, 0.6250]",
                "p_value",
                "0.2500",
                "interval",
            ],
        ),
    ] {
        let plot = plot::value("x", &value, &[]).unwrap();
        check(plot.svg());
        let texts = texts(&plot);
        for text in expected {
            assert!(texts.iter().any(|t| t == text), "{text}: {texts:?}");
        }
    }
    // The whisker is at the ends of the interval, and the bar at the value.
    let plot = plot::value("x", &Value::Estimate(estimate(0.5)), &[]).unwrap();
    let document = parsed(plot.svg());
    let number = |node: &roxmltree::Node, name: &str| -> f64 {
        node.attribute(name).unwrap().parse().unwrap()
    };
    let bars: Vec<_> = (document.descendants())
        .filter(|node| node.attribute("fill") == Some("#0072B2"))
        .map(|bar| (number(&bar, "x"), number(&bar, "width")))
        .collect();
    let (left, width) = bars[1];
    let lines = document.descendants().filter(|node| {
        let points = node.attribute("points").unwrap_or_default();
        node.attribute("stroke") == Some("#1B2430") && points.split(' ').count() > 1
    });
    let ends: Vec<_> = lines
        .flat_map(|line| {
            let points = line.attribute("points").unwrap().split_whitespace();
            let xs = points.map(|point| point.split(',').next().unwrap().parse::<f64>().unwrap());
            xs.collect::<Vec<_>>()
        })
        .filter(|x| *x >= left)
        .collect();
    let whole = 2.0 * width;
    for share in [0.375, 0.625] {
        let at = left + share * whole;
        assert!(
            ends.iter().any(|end| (end - at).abs() < 8.0),
            "{share}: {ends:?}"
        );
    }
}

/// The numbers of items of each row of the page's grids, on a wide screen.
fn rows_of(html: &str, class: &str) -> Vec<Vec<usize>> {
    // The head is no XML.
    let (start, end) = (html.find("<main>").unwrap(), html.find("</body>").unwrap());
    let document = parsed(&html[start..end]);
    let grids = document
        .descendants()
        .filter(|node| node.attribute("class") == Some(class));
    grids
        .map(|grid| {
            let mut rows = vec![];
            let mut left = 0;
            for item in grid.children().filter(|node| node.is_element()) {
                let classes = item.attribute("class").unwrap();
                let wide = classes.split(' ').next().unwrap();
                let count: usize = wide.strip_prefix("wide-").unwrap().parse().unwrap();
                if left == 0 {
                    rows.push(0);
                    left = count;
                }
                left -= 1;
                *rows.last_mut().unwrap() += 1;
            }
            assert_eq!(left, 0, "the last row is full");
            rows
        })
        .collect()
}

#[test]
fn nothing_is_alone_in_a_row() {
    for count in 2..=25 {
        let named: Vec<_> = (0..count).map(|i| format!("metric {i}")).collect();
        let entries = named.iter().map(|name| entry(name, Value::Scalar(0.5)));
        let infos = named.iter().map(|name| scalar(name, Some(true)));
        let report = RunReport::from_parts(
            infos.collect(),
            vec![epoch(SplitKind::Valid, 1, entries.collect())],
        );
        let html = report.to_html();
        for class in ["cards", "figures"] {
            let rows = rows_of(&html, class);
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0].iter().sum::<usize>(), count);
            assert!(
                rows[0].iter().all(|row| *row > 1),
                "{count} {class}: {rows:?}"
            );
        }
        assert_eq!(
            html.matches("igher is better").count(),
            count,
            "once a metric"
        );
    }
}

#[test]
fn a_printed_matrix_has_the_names_of_its_classes() {
    let device = Device::flex();
    let ints = |values: [i32; 4]| Tensor::<1, Int>::from_ints(values, &device);
    let batch = Multiclass::from_labels(ints([0, 1, 1, 2]), ints([0, 1, 2, 2])).unwrap();
    let mut metrics = MetricCollection::new()
        .with(ConfusionMatrix::multiclass(3))
        .class_names(["cat", "dog", "鳥"]);
    metrics.update(&batch).unwrap();
    let expected = "\
confusion_matrix
       cat  dog  鳥
  cat    1    0  0
  dog    0    1  0
  鳥      0    1  1";
    let printed = metrics.compute().unwrap().to_string();
    let lines = printed.lines().map(str::trim_end).collect::<Vec<_>>();
    assert_eq!(lines, expected.lines().collect::<Vec<_>>());
    let labels = Tensor::<2, Int>::from_ints([[0, 1], [1, 1]], &device);
    let batch = metrics_core::batch::Multilabel::from_labels(labels.clone(), labels).unwrap();
    let mut metrics = MetricCollection::new()
        .with(ConfusionMatrix::multilabel(2))
        .class_names(["red", "green"]);
    metrics.update(&batch).unwrap();
    let printed = metrics.compute().unwrap().entries[0].text();
    assert_eq!(printed, "red\n1 0\n0 1\n\ngreen\n0 0\n0 2");
}
