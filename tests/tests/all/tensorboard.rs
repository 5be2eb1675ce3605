//! The event files as TensorBoard itself reads them.
//!
//! Most of these need a Python with `tests/tensorboard/requirements.txt`, which
//! `METRICS_TENSORBOARD_PYTHON` names; without it they say so and do nothing.

use burn::train::{
    logger::{FileMetricLogger, MetricLogger},
    metric::{
        MetricEntry, MetricId, NumericEntry, SerializedEntry,
        store::{MetricsUpdate, NumericMetricUpdate, Split},
    },
};
use metrics_burn::{
    LearnerMetrics, LearnerMetricsBuilder, OnStep, SplitKind,
    loggers::{HParam, JsonLines, RecordValue, TensorBoard, read_json_lines},
};
use metrics_core::{
    Curve, MetricCollection, Value,
    batch::Binary,
    classification::{
        Accuracy, Average, ConfusionMatrix, F1Score, PrecisionRecallCurve, Recall, Thresholds,
    },
};
use metrics_tests::{
    devices,
    training::{CLASSES, training},
};
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use tempfile::tempdir;

/// What TensorBoard finds in a directory.
fn read_back(dir: &Path) -> Option<Json> {
    let Ok(python) = std::env::var("METRICS_TENSORBOARD_PYTHON") else {
        eprintln!("not read back: METRICS_TENSORBOARD_PYTHON does not name a Python");
        return None;
    };
    let script = metrics_tests::folder().join("tensorboard/read_back.py");
    let read = Command::new(python).arg(script).arg(dir).output().unwrap();
    let errors = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{errors}");
    Some(serde_json::from_slice(&read.stdout).unwrap())
}

/// The step and value of each event of a tag, which must be of this plugin.
fn events(runs: &Json, run: &str, tag: &str, plugin: &str) -> Vec<(i64, Json)> {
    let found = &runs[run][tag];
    assert_eq!(found["plugin"], plugin, "{run} {tag}");
    let events = found["events"].as_array().unwrap().iter();
    events
        .map(|event| (event["step"].as_i64().unwrap(), event["value"].clone()))
        .collect()
}

/// A number as TensorBoard holds it.
fn single(number: f64) -> Json {
    json!(number as f32 as f64)
}

fn metrics() -> LearnerMetricsBuilder<metrics_core::batch::Multiclass> {
    LearnerMetrics::builder(
        MetricCollection::new()
            .named(
                "accuracy",
                Accuracy::multiclass(CLASSES).average(Average::Micro),
            )
            .with(F1Score::multiclass(CLASSES))
            .named("recall", Recall::multiclass(CLASSES).average(Average::None))
            .with(ConfusionMatrix::multiclass(CLASSES)),
    )
}

fn device() -> burn::tensor::Device {
    devices().remove(0).1
}

fn event_files(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

#[test]
fn tensorboard_reads_what_was_logged() {
    let (dir, board) = (tempdir().unwrap(), tempdir().unwrap());
    let json = dir.path().join("a.jsonl");
    let metrics = metrics().on_step(OnStep::Every(2)).build().unwrap();
    let (training, learner) = training(dir.path(), &device(), &metrics, 3);
    let classes = ["cat", "dog", "eel", "fox"];
    let result = training
        .with_metric_logger(FileMetricLogger::new(dir.path()))
        .with_metric_logger(
            TensorBoard::create(board.path())
                .unwrap()
                .class_names(classes),
        )
        .with_metric_logger(JsonLines::create(&json, "run").unwrap())
        .launch(learner);
    assert!(result.error.is_none(), "{:?}", result.error);
    let Some(runs) = read_back(board.path()) else {
        return;
    };

    // Every number of Burn's own logger, and nothing else, at its step.
    let mut scalars = BTreeMap::new();
    let mut pictures = 0;
    for record in read_json_lines(&json).unwrap() {
        let (kind, at) = match record.step {
            Some(step) => ("step", step as i64),
            None => ("epoch", record.epoch as i64),
        };
        let tag = format!("{kind}/{}", record.name);
        let mut add = |tag: String, number: f64| {
            let events: &mut Vec<_> = scalars.entry((record.split.clone(), tag)).or_default();
            events.push((at, single(number)));
        };
        match &record.value {
            RecordValue::Number(number) => add(tag, *number),
            RecordValue::Value(Value::PerClass(numbers)) => {
                for (class, number) in classes.iter().zip(numbers) {
                    add(format!("{tag}/{class}"), *number);
                }
            }
            RecordValue::Value(value) => {
                let plot = metrics_burn::plot::value(&tag, value, &classes.map(String::from));
                let (width, height) = plot.unwrap().size();
                let found = events(&runs, &record.split, &format!("{tag}/plot"), "images");
                let (_, image) = found.iter().find(|(step, _)| *step == at).unwrap();
                assert_eq!(
                    image["size"],
                    json!([width.round() as u32, height.round() as u32])
                );
                assert!(image["colours"].as_u64().unwrap() > 10, "a blank picture");
                pictures += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // The loss and two metrics, each by steps and by epochs, and a recall for each class; in validation, steps log the
    // loss alone.
    let tags = [("train", 6 + CLASSES), ("valid", 4 + CLASSES)];
    let in_all: usize = tags.iter().map(|(_, n)| n).sum();
    assert_eq!((scalars.len(), pictures), (in_all, 2 * 3));
    for ((run, tag), expected) in &scalars {
        assert_eq!(&events(&runs, run, tag, "scalars"), expected, "{run} {tag}");
    }
    for (run, scalars) in tags {
        let found = runs[run].as_object().unwrap().len();
        assert_eq!(found, scalars + 1, "{run}: the scalars and a picture");
    }
    let mut burns = FileMetricLogger::new(dir.path());
    let read = burns.read_numeric("Loss", 3, &Split::Train).unwrap();
    let read: Vec<_> = read.iter().map(|entry| single(entry.current())).collect();
    let found = events(&runs, "train", "step/Loss", "scalars");
    let found: Vec<_> = found[10..].iter().map(|(_, value)| value.clone()).collect();
    assert_eq!(found[..], read[..5], "the third epoch's, of five steps");
}

#[test]
fn hard_numbers_texts_and_odd_names_arrive() {
    let dir = tempdir().unwrap();
    let logger = TensorBoard::create(dir.path()).unwrap();
    let numbers = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.1 + 0.2,
        1e30,
        -0.0,
    ];
    for (step, number) in (1..).zip(numbers) {
        logger.step("train", 1, step, "a/b c", number);
    }
    logger.epoch(
        "test-../up",
        2,
        "text",
        RecordValue::Text("**so** so".into()),
    );
    assert_eq!(logger.errors(), 0);
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let found = events(&runs, "train", "step/a/b c", "scalars");
    let steps: Vec<_> = found.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [1, 2, 3, 4, 5, 6]);
    let values: Vec<_> = found.into_iter().map(|(_, value)| value).collect();
    let strings = [json!("nan"), json!("inf"), json!("-inf")];
    assert_eq!(values[..3], strings);
    assert_eq!(values[3..], [single(0.1 + 0.2), single(1e30), json!(-0.0)]);
    // With the CRC-32C of the name.
    let text = events(&runs, "test-..-up-647b9d71", "epoch/text", "text");
    assert_eq!(text, [(2, json!("**so** so"))]);
}

/// A PNG of 2 columns and 3 rows, made by another program.
const PNG: &[u8] = include_bytes!("../../tensorboard/2x3.png");

#[test]
fn images_decode() {
    let dir = tempdir().unwrap();
    let logger = TensorBoard::create(dir.path()).unwrap();
    logger.image("valid", 4, "plot", PNG.to_vec()).unwrap();
    let refused = logger.image("valid", 4, "plot", PNG[1..].to_vec());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidData);
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let found = events(&runs, "valid", "epoch/plot", "images");
    let pixels = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
        [0, 0, 0],
        [10, 20, 30],
    ];
    let image = json!({ "stated": [2, 3], "size": [2, 3], "pixels": pixels });
    assert_eq!(found, [(4, image)]);
}

#[test]
fn hyper_parameters_arrive_with_the_metrics_to_compare_by() {
    let dir = tempdir().unwrap();
    for (run, rate) in [("one", 0.5), ("two", 0.25)] {
        let logger = TensorBoard::create(dir.path().join(run)).unwrap();
        let parameters = [
            ("rate", HParam::from(rate)),
            ("optimizer", HParam::from("adam")),
            ("layers", HParam::from(3usize)),
            ("augment", HParam::from(false)),
        ];
        let metrics: &[_] = if run == "one" {
            &[("valid", "accuracy")]
        } else {
            &[]
        };
        logger.hyper_parameters(&parameters, metrics).unwrap();
        logger.epoch("valid", 1, "accuracy", rate);
    }
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    for (run, rate) in [("one", 0.5), ("two", 0.25)] {
        let found = events(&runs, run, "_hparams_/session_start_info", "hparams");
        let expected =
            json!({ "rate": rate, "optimizer": "adam", "layers": 3.0, "augment": false });
        assert_eq!(found[0].1["sessionStartInfo"]["hparams"], expected);
        let accuracy = events(&runs, &format!("{run}/valid"), "epoch/accuracy", "scalars");
        assert_eq!(accuracy, [(1, json!(rate))]);
    }
    let found = events(&runs, "one", "_hparams_/experiment", "hparams");
    let experiment = &found[0].1["experiment"];
    let name = json!({ "group": "valid", "tag": "epoch/accuracy" });
    assert_eq!(experiment["metricInfos"], json!([{ "name": name }]));
    let types = ["FLOAT64", "STRING", "FLOAT64", "BOOL"];
    for (info, kind) in experiment["hparamInfos"]
        .as_array()
        .unwrap()
        .iter()
        .zip(types)
    {
        assert_eq!(info["type"], format!("DATA_TYPE_{kind}"), "{info}");
    }
    assert!(runs["two"].get("_hparams_/experiment").is_none());
}

/// Scores with ties, and which are positive.
fn scored() -> Vec<(f32, bool)> {
    let score = |i: u32| ((i * 37) % 101) as f32 / 100.0;
    (0..300)
        .map(|i| (score(i), (i * 37 % 101 + i * 13 % 50) > 70))
        .collect()
}

/// The curve of the core, and the numbers of positives and negatives.
fn curve(scored: &[(f32, bool)], thresholds: Thresholds) -> (Curve, u64, u64) {
    use burn::tensor::{Int, Tensor, TensorData};
    let (n, device) = (scored.len(), device());
    let scores: Vec<f32> = scored.iter().map(|(score, _)| *score).collect();
    let target: Vec<i64> = scored
        .iter()
        .map(|(_, positive)| i64::from(*positive))
        .collect();
    let scores = Tensor::<1>::from_data(TensorData::new(scores, [n]), &device);
    let target = Tensor::<1, Int>::from_data(TensorData::new(target, [n]), &device);
    let batch = Binary::from_scores(scores, target).unwrap();
    let metric = PrecisionRecallCurve::binary().thresholds(thresholds);
    let value = metrics_core::Metric::evaluate(&metric, &batch).unwrap();
    let positives = scored.iter().filter(|(_, positive)| *positive).count() as u64;
    (
        value.curves().unwrap()[0].clone(),
        positives,
        n as u64 - positives,
    )
}

#[test]
fn precision_recall_curves_have_the_counts_of_the_scores() {
    let dir = tempdir().unwrap();
    let logger = TensorBoard::create(dir.path()).unwrap();
    let scored = scored();
    let (exact, positives, negatives) = curve(&scored, Thresholds::Exact);
    logger
        .pr_curve("valid", 5, "pr", &exact, positives, negatives)
        .unwrap();
    // A value of a collection knows its positives and negatives itself.
    let value = RecordValue::Value(Value::Curves(vec![exact.clone()]));
    logger.epoch("valid", 6, "pr", value);
    let none = logger.pr_curve("valid", 5, "pr", &exact, 0, 300);
    assert_eq!(none.unwrap_err().kind(), ErrorKind::InvalidData);
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let found = events(&runs, "valid", "epoch/pr", "pr_curves");
    assert_eq!((found.len(), found[1].0), (2, 6));
    assert_eq!(found[0].1, found[1].1);
    let (step, found) = &found[0];
    assert_eq!(
        (*step, &found["thresholds"], &found["shape"]),
        (5, &json!(201), &json!([6, 201]))
    );
    let row = |row: usize, i: usize| found["rows"][row][i].as_f64().unwrap();
    for i in 0..201 {
        let at = f64::from((i as f64 / 200.0) as f32);
        let above = || scored.iter().filter(|(score, _)| f64::from(*score) >= at);
        let tp = above().filter(|(_, positive)| *positive).count() as f64;
        let fp = above().count() as f64 - tp;
        let counts = [tp, fp, negatives as f64 - fp, positives as f64 - tp];
        assert_eq!([0, 1, 2, 3].map(|r| row(r, i)), counts, "threshold {at}");
        let precision = if tp + fp > 0.0 { tp / (tp + fp) } else { 1.0 };
        assert_eq!(row(4, i), f64::from(precision as f32));
        assert_eq!(row(5, i), f64::from((tp / positives as f64) as f32));
    }
}

#[test]
fn a_precision_recall_curve_is_exact_wherever_there_is_a_true_positive() {
    let dir = tempdir().unwrap();
    let logger = TensorBoard::create(dir.path()).unwrap();
    // The highest scores are false, and none is near a threshold.
    let flip = |(score, positive)| (0.99731 - 0.99 * score, positive);
    let scored: Vec<_> = scored().into_iter().map(flip).collect();
    let kinds = [Thresholds::Exact, Thresholds::Count(101)];
    for (epoch, thresholds) in (1..).zip(kinds) {
        let (curve, positives, negatives) = curve(&scored, thresholds);
        logger
            .pr_curve("valid", epoch, "pr", &curve, positives, negatives)
            .unwrap();
    }
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let found = events(&runs, "valid", "epoch/pr", "pr_curves");
    for ((_, found), binned) in found.iter().zip([false, true]) {
        let row = |row: usize, i: usize| found["rows"][row][i].as_f64().unwrap();
        let (mut exact, mut without) = (0, 0);
        for i in 0..201usize {
            // Binned, the counts are those of the next of the 101 thresholds.
            let at = if binned {
                f64::from((i.div_ceil(2) as f64 / 100.0) as f32)
            } else {
                f64::from((i as f64 / 200.0) as f32)
            };
            let above = || scored.iter().filter(|(score, _)| f64::from(*score) >= at);
            let tp = above().filter(|(_, positive)| *positive).count() as f64;
            let fp = above().count() as f64 - tp;
            assert_eq!(row(0, i), tp, "threshold {at}");
            if tp > 0.0 {
                assert_eq!(row(1, i), fp, "threshold {at}");
                exact += 1;
            } else {
                assert!(row(1, i) <= fp && (row(1, i) > 0.0) == (fp > 0.0), "{at}");
                without += 1;
            }
        }
        assert!(exact > 100 && without > 10, "{exact} {without}");
    }
}

#[test]
fn a_directory_with_event_files_is_only_continued() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("deep/run");
    let first = TensorBoard::create(&path).unwrap();
    // Nothing was logged, so there is nothing to keep.
    drop(first);
    let first = TensorBoard::create(&path).unwrap();
    first.epoch("valid", 1, "accuracy", 0.1 + 0.2);
    first.epoch("valid", 2, "accuracy", f64::NAN);
    drop(first);
    let error = TensorBoard::create(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("deep/run"), "{error}");
    let files = event_files(&path.join("valid"));
    assert_eq!(files.len(), 1);
    let before = fs::read(&files[0]).unwrap();
    // What a crash leaves.
    let torn = [before.as_slice(), &before[..20]].concat();
    fs::write(&files[0], &torn).unwrap();

    let mut again = TensorBoard::append(&path).unwrap();
    let mut read = |epoch| {
        again
            .read_numeric("accuracy", epoch, &Split::Valid)
            .unwrap()
    };
    assert!(matches!(read(1)[..], [NumericEntry::Final(v)] if v == f64::from(0.1f32 + 0.2)));
    assert!(matches!(read(2)[..], [NumericEntry::Final(v)] if v.is_nan()));
    assert!(read(3).is_empty());
    again.epoch("valid", 3, "accuracy", 0.5);
    drop(again);
    let files = event_files(&path.join("valid"));
    assert_eq!(files.len(), 2);
    assert_eq!(fs::read(&files[0]).unwrap(), torn, "as it was");

    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let epochs = events(&runs, "deep/run/valid", "epoch/accuracy", "scalars");
    let three = [single(0.1 + 0.2), json!("nan"), json!(0.5)];
    assert!(epochs.into_iter().eq((1..).zip(three)));
}

#[test]
fn below_a_file_there_is_no_log() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("run")] {
        let error = TensorBoard::create(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
        assert!(error.to_string().contains("file"), "{error}");
    }
}

#[test]
fn many_steps_are_all_kept() {
    let dir = tempdir().unwrap();
    let logger = TensorBoard::create(dir.path()).unwrap();
    for step in 1..=20_000 {
        logger.step("train", 1, step, "loss", 1.0 / step as f64);
    }
    assert_eq!(logger.errors(), 0);
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let found = events(&runs, "train", "step/loss", "scalars");
    let expected = (1..=20_000i64).map(|step| (step, single(1.0 / step as f64)));
    assert!(found.iter().cloned().eq(expected));
}

#[test]
fn a_training_finds_its_best_epoch_in_event_files() {
    let dir = tempdir().unwrap();
    let metrics = metrics().build().unwrap();
    let mut board = TensorBoard::create(dir.path().join("board")).unwrap();
    let (training, learner) = training(dir.path(), &device(), &metrics, 2);
    training.with_metric_logger(board.clone()).launch(learner);
    for epoch in [1, 2] {
        let report = metrics.results().epoch(SplitKind::Valid, epoch).unwrap();
        let expected = report.report.scalar("accuracy").unwrap();
        let read = board
            .read_numeric("accuracy", epoch, &Split::Valid)
            .unwrap();
        assert!(matches!(read[..], [NumericEntry::Final(v)] if v == expected));
    }
}

/// As they do in lines of JSON.
#[test]
fn steps_go_on_from_the_epoch_before() {
    let (dir, id) = (tempdir().unwrap(), Arc::new("loss".to_string()));
    let first = TensorBoard::create(dir.path().join("run")).unwrap();
    let lines = JsonLines::create(dir.path().join("log"), "run").unwrap();
    for step in 1..=7 {
        // A crash within the third epoch.
        let epoch = step as usize / 3 + 1;
        first.step("train", epoch, step, "loss", 1.0);
        lines.step("train", epoch, step, "loss", 1.0);
        if step % 3 == 2 {
            first.epoch("train", epoch, "loss", 1.0);
            lines.epoch("train", epoch, "loss", 1.0);
        }
    }
    drop((first, lines));
    let mut again = TensorBoard::append(dir.path().join("run")).unwrap();
    let mut lines = JsonLines::append(dir.path().join("log"), "run").unwrap();
    let update = || {
        let entry = SerializedEntry::new("1".into(), "1,3".into());
        let entry = MetricEntry::new(MetricId::new(id.clone()), entry);
        MetricsUpdate::new(vec![], vec![NumericMetricUpdate::new(entry, None, None)])
    };
    for _ in 0..2 {
        again.log(update(), 3, &Split::Train);
        lines.log(update(), 3, &Split::Train);
    }
    drop((again, lines));
    let records = read_json_lines(dir.path().join("log")).unwrap();
    let logged: Vec<_> = records[9..].iter().map(|record| record.step).collect();
    assert_eq!(logged, [Some(6), Some(7)]);
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let tag = format!("step/{:?}", MetricId::new(id));
    let steps = events(&runs, "run/train", &tag, "scalars");
    let steps: Vec<_> = steps.into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, [6, 7]);
}

#[test]
fn a_split_that_is_no_name_of_a_directory_does_not_hold_up_the_others() {
    let dir = tempdir().unwrap();
    let run = dir.path().join("run");
    let board = TensorBoard::create(&run).unwrap();
    // No file system has so long a name.
    board.epoch(&"x".repeat(300), 1, "loss", 1.0);
    board.epoch(&"é".repeat(300), 1, "loss", 1.0);
    // A file is in the way.
    fs::write(run.join("train"), "").unwrap();
    board.epoch("train", 1, "loss", 1.0);
    board.epoch("valid", 1, "loss", 1.0);
    board.flush().unwrap_err();
    assert!(run.join("valid").is_dir());
    assert_eq!(fs::read_dir(&run).unwrap().count(), 4);
    fs::remove_file(run.join("train")).unwrap();
    board.flush().unwrap();
    assert!(run.join("train").is_dir());
    assert_eq!(board.lost(), 0);
}

#[test]
fn splits_of_different_names_have_different_directories() {
    let dir = tempdir().unwrap();
    let run = dir.path().join("run");
    let board = TensorBoard::create(&run).unwrap();
    let long = "x".repeat(200);
    let splits = [
        "test-a b",
        "test-a/b",
        "test-a-b",
        "..",
        ".",
        &long,
        &long[1..],
    ];
    for split in splits {
        board.epoch(split, 1, "loss", 1.0);
    }
    board.flush().unwrap();
    assert_eq!(fs::read_dir(&run).unwrap().count(), splits.len());
    assert!(run.join("test-a-b").is_dir(), "a good name stays");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn all_removed_files_are_found_at_once() {
    let dir = tempdir().unwrap();
    let run = dir.path().join("run");
    let board = TensorBoard::create(&run).unwrap();
    board.epoch("train", 1, "loss", 1.0);
    board.epoch("valid", 1, "loss", 1.0);
    fs::remove_dir_all(&run).unwrap();
    board.flush().unwrap_err();
    // That the files were removed has been found, and said; what comes now is to be kept.
    board.epoch("valid", 2, "loss", 1.0);
    board.flush().unwrap();
    drop(board);
    let mut resumed = TensorBoard::append(&run).unwrap();
    let read = resumed.read_numeric("loss", 2, &Split::Valid).unwrap();
    assert_eq!(read.len(), 1);
}

fn per_class(numbers: Vec<f64>) -> RecordValue {
    RecordValue::Value(Value::PerClass(numbers))
}

/// The list of a `Cat` is as long as the data.
#[test]
fn collected_values_are_no_classes() {
    let size = |numbers: Vec<f64>| {
        let dir = tempdir().unwrap();
        let board = TensorBoard::create(dir.path()).unwrap();
        board.epoch("valid", 1, "cat", per_class(numbers));
        assert_eq!(board.errors(), 0);
        drop(board);
        let files = event_files(&dir.path().join("valid"));
        let size = fs::metadata(&files[0]).unwrap().len();
        (size, read_back(dir.path()))
    };
    let (bytes, runs) = size(vec![0.5; 1000]);
    assert!(bytes < 10_000, "{bytes}");
    if let Some(runs) = runs {
        events(&runs, "valid", "epoch/cat/plot", "images");
        assert_eq!(runs["valid"].as_object().unwrap().len(), 1);
    }
    let many = |i: u32| f64::from(i * 7919 % 1009);
    let (bytes, _) = size((0..200_000).map(many).collect());
    assert!(bytes < 100_000, "{bytes}");
    // Nothing to draw.
    let (bytes, runs) = size(vec![f64::NAN; 100_000]);
    assert!(bytes < 20_000, "{bytes}");
    if let Some(runs) = runs {
        events(&runs, "valid", "epoch/cat", "text");
    }
    let (_, runs) = size(vec![0.5; 200]);
    if let Some(runs) = runs {
        assert_eq!(runs["valid"].as_object().unwrap().len(), 200);
    }
}

#[test]
fn fields_of_records_have_a_tag_each() {
    let dir = tempdir().unwrap();
    let board = TensorBoard::create(dir.path()).unwrap();
    let board = board.class_names(["cat", "dog"]);
    let record = Value::of_fields([
        ("tau", Value::Scalar(0.5)),
        ("recall", Value::PerClass(vec![0.25, 0.75])),
        ("inner", Value::of_fields([("p_value", 0.125)])),
        ("shape", Value::List(vec![f64::NAN])),
    ]);
    board.epoch("valid", 1, "kendall", RecordValue::Value(record));
    assert_eq!(board.errors(), 0);
    drop(board);
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let tags = [
        ("tau", 0.5),
        ("recall/cat", 0.25),
        ("recall/dog", 0.75),
        ("inner/p_value", 0.125),
    ];
    for (tag, number) in tags {
        let found = events(&runs, "valid", &format!("epoch/kendall/{tag}"), "scalars");
        assert_eq!(found, [(1, single(number))], "{tag}");
    }
    events(&runs, "valid", "epoch/kendall/shape", "text");
    assert_eq!(runs["valid"].as_object().unwrap().len(), 5);
}

#[test]
fn classes_of_one_name_have_a_tag_each() {
    let dir = tempdir().unwrap();
    let names = ["cat", "cat", "plot", "5", "cat 1"];
    let board = TensorBoard::create(dir.path()).unwrap().class_names(names);
    let numbers = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    board.epoch("valid", 1, "recall", per_class(numbers));
    drop(board);
    let Some(runs) = read_back(dir.path()) else {
        return;
    };
    let tags = ["cat", "cat 1", "plot 2", "5", "cat 1 4", "5 5"];
    for (number, tag) in tags.into_iter().enumerate() {
        let found = events(&runs, "valid", &format!("epoch/recall/{tag}"), "scalars");
        assert_eq!(found, [(1, single(number as f64))], "{tag}");
    }
}
