//! The metric loggers: what they hold is what Burn's own logger holds, and they survive crashes,
//! full disks and resumed runs.

use crate::process;
use burn::train::{
    EarlyStoppingStrategy, MetricEarlyStoppingStrategy, StoppingCondition,
    logger::{FileMetricLogger, MetricLogger},
    metric::{
        MetricAttributes, MetricDefinition, MetricEntry, MetricId, NumericEntry, SerializedEntry,
        store::{
            Aggregate, Direction, EpochSummary, EventStoreClient, MetricsUpdate,
            NumericMetricUpdate, Split,
        },
    },
};
use metrics_burn::{
    LearnerMetrics, LearnerMetricsBuilder, LogPolicy, OnStep, Select, SplitKind, SplitReport,
    loggers::{Csv, JsonLines, Record, RecordLogger, RecordValue, RecordWriter, read_json_lines},
    report::RunReport,
};
use metrics_core::{
    MetricCollection, MetricReport, Rejected, ReportEntry, Value,
    batch::Multiclass,
    classification::{Accuracy, Average, ConfusionMatrix, F1Score},
};
use metrics_tests::{
    devices,
    training::{CLASSES, STEPS, training},
};
use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::tempdir;

fn metrics() -> LearnerMetricsBuilder<Multiclass> {
    LearnerMetrics::builder(
        MetricCollection::new()
            .named(
                "accuracy",
                Accuracy::multiclass(CLASSES).average(Average::Micro),
            )
            .with(F1Score::multiclass(CLASSES))
            .with(ConfusionMatrix::multiclass(CLASSES)),
    )
}

fn device() -> burn::tensor::Device {
    devices().remove(0).1
}

const SPLITS: [(&str, Split, SplitKind); 2] = [
    ("train", Split::Train, SplitKind::Train),
    ("valid", Split::Valid, SplitKind::Valid),
];

/// What `log` was told, to see what is said and how often.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }
    fn log(&self, record: &log::Record) {
        if record.level() <= log::Level::Warn {
            SAID.lock().unwrap().push(record.args().to_string());
        }
    }
    fn flush(&self) {}
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(log::LevelFilter::Warn);
    });
}

fn said(what: &str) -> usize {
    let said = SAID.lock().unwrap();
    said.iter().filter(|line| line.contains(what)).count()
}

fn id(name: &str) -> MetricId {
    MetricId::new(Arc::new(name.to_string()))
}

fn entry(name: &str, serialized: &str) -> MetricEntry {
    let serialized = SerializedEntry::new(serialized.into(), serialized.into());
    MetricEntry::new(id(name), serialized)
}

/// An update of numbers, as they are serialized, by name.
fn update(numbers: &[(&str, &str)]) -> MetricsUpdate {
    let numbers = numbers
        .iter()
        .map(|(name, serialized)| NumericMetricUpdate::new(entry(name, serialized), None, None));
    MetricsUpdate::new(vec![], numbers.collect())
}

fn define(logger: &mut impl MetricLogger, names: &[&str]) {
    for name in names {
        logger.log_metric_definition(MetricDefinition {
            metric_id: id(name),
            name: Arc::new(name.to_string()),
            description: None,
            attributes: MetricAttributes::None,
        });
    }
}

fn end(logger: &mut impl MetricLogger, epoch: usize, split: Split) {
    logger.log_epoch_summary(EpochSummary::new(epoch, split));
}

/// Keeps the records; fails as long as it is told to.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Vec<Record>, Option<String>)>>);

impl Kept {
    fn fail(&self, why: Option<&str>) {
        self.0.lock().unwrap().1 = why.map(str::to_string);
    }
    fn records(&self) -> Vec<Record> {
        self.0.lock().unwrap().0.clone()
    }
    /// Split, epoch, step, name and number of each.
    fn rows(&self) -> Vec<(String, usize, Option<u64>, String, f64)> {
        let number = |record: &Record| record.value.number().unwrap_or(f64::NAN);
        let records = self.records().into_iter();
        records
            .map(|r| (r.split.clone(), r.epoch, r.step, r.name.clone(), number(&r)))
            .collect()
    }
}

impl RecordWriter for Kept {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap();
        match &kept.1 {
            Some(why) => Err(io::Error::other(why.clone())),
            None => {
                kept.0.push(record.clone());
                Ok(())
            }
        }
    }
}

/// The columns of a CSV log.
fn read_csv(path: &Path) -> Vec<[String; 7]> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    assert_eq!(
        reader.headers().unwrap(),
        vec!["run", "split", "epoch", "step", "name", "value", "unit"]
    );
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        std::array::from_fn(|i| row[i].to_string())
    });
    rows.collect()
}

#[test]
fn every_logger_holds_what_burns_own_holds() {
    let (device, dir) = (device(), tempdir().unwrap());
    let (json, csv) = (dir.path().join("log/a.jsonl"), dir.path().join("log/a.csv"));
    let steps = |log: LogPolicy| log.on_step(OnStep::Every(2));
    let metrics = metrics().log(Select::all(), steps).build().unwrap();
    let (training, learner) = training(dir.path(), &device, &metrics, 3);
    let result = training
        .with_metric_logger(FileMetricLogger::new(dir.path()))
        .with_metric_logger(JsonLines::create(&json, "a run").unwrap())
        .with_metric_logger(Csv::create(&csv, "a run").unwrap())
        .launch(learner);
    assert!(result.error.is_none(), "{:?}", result.error);

    let records = read_json_lines(&json).unwrap();
    assert!(records.iter().all(|record| record.run == "a run"));
    let rows = read_csv(&csv);
    let numbers = || {
        records
            .iter()
            .filter(|record| record.value.number().is_some())
    };
    assert_eq!(rows.len(), numbers().count());
    assert!(rows.len() < records.len(), "matrices are in the JSON only");
    for (record, [run, split, epoch, step, name, value, _]) in numbers().zip(&rows) {
        assert_eq!(
            (run, split, name),
            (&record.run, &record.split, &record.name)
        );
        assert_eq!(*epoch, record.epoch.to_string());
        assert_eq!(*step, record.step.map_or(String::new(), |s| s.to_string()));
        assert_eq!(value.parse().ok(), record.value.number());
    }

    let mut seen = 0;
    let mut burns = FileMetricLogger::new(dir.path());
    for ((split, burn_split, kind), steps) in SPLITS.into_iter().zip(STEPS) {
        for epoch in 1..=3 {
            let of = |name: &str| -> Vec<_> {
                let all = records.iter();
                all.filter(|r| (r.split.as_str(), r.epoch, r.name.as_str()) == (split, epoch, name))
                    .collect()
            };
            for name in [
                "accuracy_step",
                "accuracy_epoch",
                "f1_score_step",
                "f1_score_epoch",
                "Loss",
            ] {
                let expected = burns.read_numeric(name, epoch, &burn_split).unwrap();
                let logged = of(name);
                let numbers: Vec<_> = logged.iter().map(|r| r.value.number().unwrap()).collect();
                let current: Vec<_> = expected.iter().map(NumericEntry::current).collect();
                assert_eq!(numbers, current, "{split} {epoch} {name}");
                for (record, expected) in logged.iter().zip(&expected) {
                    let is_final = matches!(expected, NumericEntry::Final(_));
                    assert_eq!(record.step.is_none(), is_final, "{record:?}");
                }
                let from = (epoch as u64 - 1) * steps;
                let logs = |step: &u64| match name {
                    "Loss" => true,
                    name => name.ends_with("_step") && step.is_multiple_of(2),
                };
                let expected: Vec<_> = (1..=steps).filter(logs).map(|step| from + step).collect();
                let logged_steps: Vec<_> = logged.iter().filter_map(|r| r.step).collect();
                assert_eq!(logged_steps, expected, "{split} {epoch} {name}");
                seen += logged.len();
            }
            let matrix = of("confusion_matrix");
            assert_eq!((matrix.len(), matrix[0].step), (1, None));
            let report = metrics.results().epoch(kind, epoch).unwrap().report;
            let expected = report.get("confusion_matrix").unwrap().clone();
            assert_eq!(matrix[0].value, RecordValue::Value(expected));
            seen += 1;
        }
    }
    assert_eq!(seen, records.len(), "nothing else is in the log");
}

#[test]
fn early_stopping_works_on_each_of_ours_alone() {
    let stopped = |add: &dyn Fn(&Path) -> Box<dyn MetricLogger>| {
        let (device, dir) = (device(), tempdir().unwrap());
        let metrics = metrics().build().unwrap();
        let (training, learner) = training(dir.path(), &device, &metrics, 30);
        let strategy = MetricEarlyStoppingStrategy::new(
            &metrics.metric("accuracy").unwrap(),
            Aggregate::Mean,
            Direction::Highest,
            Split::Valid,
            StoppingCondition::NoImprovementSince { n_epochs: 2 },
        );
        let result = training
            .early_stopping(strategy)
            .with_metric_logger(Boxed(add(dir.path())))
            .launch(learner);
        assert!(result.error.is_none(), "{:?}", result.error);
        metrics.results().last(SplitKind::Train).unwrap().epoch
    };
    let burns = stopped(&|dir| Box::new(FileMetricLogger::new(dir)));
    assert!(burns < 30, "does not stop early");
    let json = stopped(&|dir| Box::new(JsonLines::create(dir.join("log"), "run").unwrap()));
    let csv = stopped(&|dir| Box::new(Csv::create(dir.join("log"), "run").unwrap()));
    assert_eq!((json, csv), (burns, burns));
}

/// A boxed logger as a logger.
struct Boxed(Box<dyn MetricLogger>);

impl MetricLogger for Boxed {
    fn log(&mut self, update: MetricsUpdate, epoch: usize, split: &Split) {
        self.0.log(update, epoch, split);
    }
    fn read_numeric(
        &mut self,
        name: &str,
        epoch: usize,
        split: &Split,
    ) -> Result<Vec<NumericEntry>, String> {
        self.0.read_numeric(name, epoch, split)
    }
    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        self.0.log_metric_definition(definition);
    }
    fn log_epoch_summary(&mut self, summary: EpochSummary) {
        self.0.log_epoch_summary(summary);
    }
}

/// Keeps what Burn finds for every epoch so far.
#[derive(Clone)]
struct Finds(Arc<Mutex<Vec<Vec<f64>>>>);

impl EarlyStoppingStrategy for Finds {
    fn should_stop(&mut self, epoch: usize, store: &EventStoreClient) -> bool {
        let find = |epoch| store.find_metric("accuracy", epoch, Aggregate::Mean, &Split::Valid);
        let found = (1..=epoch).map(|epoch| find(epoch).unwrap()).collect();
        self.0.lock().unwrap().push(found);
        let best = store.find_epoch(
            "accuracy",
            Aggregate::Mean,
            Direction::Highest,
            &Split::Valid,
        );
        assert!(best.is_some());
        false
    }
}

#[test]
fn a_resumed_training_finds_the_epochs_before() {
    type Open = fn(&Path) -> Boxed;
    let json: Open = |path| Boxed(Box::new(JsonLines::append(path, "run").unwrap()));
    let csv: Open = |path| Boxed(Box::new(Csv::append(path, "run").unwrap()));
    for open in [json, csv] {
        let (device, dir) = (device(), tempdir().unwrap());
        let path = dir.path().join("log");
        let found = Arc::new(Mutex::new(Vec::new()));
        let metrics = metrics().build().unwrap();
        let accuracy = |epoch| {
            let report = metrics.results().epoch(SplitKind::Valid, epoch).unwrap();
            report.report.scalar("accuracy").unwrap()
        };
        let (first, learner) = training(dir.path(), &device, &metrics, 2);
        first
            .with_default_checkpointers()
            .with_metric_logger(open(&path))
            .launch(learner);
        let before = vec![accuracy(1), accuracy(2)];

        let (second, learner) = training(dir.path(), &device, &metrics, 4);
        let result = second
            .with_default_checkpointers()
            .checkpoint(2)
            .early_stopping(Finds(found.clone()))
            .with_metric_logger(open(&path))
            .launch(learner);
        assert!(result.error.is_none(), "{:?}", result.error);
        let found = found.lock().unwrap();
        assert_eq!(found.len(), 2, "epochs 3 and 4 ran");
        assert_eq!(found[1][..2], before);
        assert_eq!(found[1].len(), 4);
    }
}

#[test]
fn steps_go_on_in_a_continued_log_and_an_epoch_that_is_run_again_counts_anew() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("log");
    let log = |mut logger: RecordLogger<JsonLines>, epochs: &[usize], values: [&str; 2]| {
        define(&mut logger, &["loss"]);
        for epoch in epochs {
            for value in values {
                logger.log(update(&[("loss", value)]), *epoch, &Split::Train);
            }
        }
        logger
    };
    // Epoch 1, and a part of epoch 2.
    let mut first = log(
        JsonLines::create(&path, "run").unwrap(),
        &[1, 2],
        ["1.0", "2.0"],
    );
    assert_eq!(
        (first.read_numeric("loss", 1, &Split::Train).unwrap()[0]).current(),
        1.5
    );
    drop(first);
    let mut again = log(
        JsonLines::append(&path, "run").unwrap(),
        &[2, 3],
        ["5.0", "7.0"],
    );
    let mut read = |epoch| {
        let read = again.read_numeric("loss", epoch, &Split::Train).unwrap();
        read.first().map(NumericEntry::current)
    };
    assert_eq!(
        [1, 2, 3, 4].map(&mut read),
        [Some(1.5), Some(6.0), Some(6.0), None]
    );
    drop(again);
    let steps: Vec<_> = (read_json_lines(&path).unwrap().iter())
        .map(|record| (record.epoch, record.step.unwrap()))
        .collect();
    let (before, after) = (
        [(1, 1), (1, 2), (2, 3), (2, 4)],
        [(2, 3), (2, 4), (3, 5), (3, 6)],
    );
    assert_eq!(steps, [before, after].concat());
}

#[test]
fn the_update_before_the_summary_is_the_epochs() {
    let kept = Kept::default();
    let mut logger = RecordLogger::new(kept.clone(), "run");
    define(&mut logger, &["auc", "text", "loss"]);
    // Burn's rank metrics log a plain value at the end of the epoch, and its texts say nothing.
    logger.log(update(&[("auc", "N/A"), ("loss", "2,3")]), 1, &Split::Train);
    logger.log(update(&[("loss", "4,1")]), 1, &Split::Train);
    let read = logger.read_numeric("loss", 1, &Split::Train).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].current(), 2.5, "weighted by count, before the end");
    let mut last = update(&[("auc", "0.75"), ("loss", "2.5,final")]);
    last.entries.push(entry("text", "so so"));
    logger.log(last, 1, &Split::Train);
    end(&mut logger, 1, Split::Train);
    // A test set has no summary, but final values with its last step.
    let tag = Split::Test(Some(Arc::new("a b".to_string())));
    logger.log(update(&[("loss", "3,2"), ("auc", "0.5,final")]), 1, &tag);
    drop(logger);

    let row = |split: &str, step, name: &str, value| (split.into(), 1, step, name.into(), value);
    let rows = kept.rows();
    assert_eq!(rows[0], row("train", Some(1), "loss", 2.0));
    assert_eq!(rows[1], row("train", Some(2), "loss", 4.0));
    assert_eq!((rows[2].2, rows[2].3.as_str()), (None, "text"));
    assert_eq!(kept.records()[2].value, RecordValue::Text("so so".into()));
    assert_eq!(rows[3], row("train", None, "auc", 0.75));
    assert_eq!(rows[4], row("train", None, "loss", 2.5));
    assert_eq!(rows[5], row("test-a b", Some(1), "loss", 3.0));
    assert_eq!(rows[6], row("test-a b", None, "auc", 0.5));
    assert_eq!(rows.len(), 7);
}

#[test]
fn two_metrics_of_one_name_are_said_once() {
    listen();
    let (device, dir) = (device(), tempdir().unwrap());
    let kept = Kept::default();
    let twice = |name| {
        let accuracy = Accuracy::multiclass(CLASSES).average(Average::Micro);
        LearnerMetrics::new(MetricCollection::new().named(name, accuracy)).unwrap()
    };
    let (training, learner) = training(dir.path(), &device, &twice("twice_named"), 2);
    let result = training
        .metrics(twice("twice_named"))
        .with_metric_logger(RecordLogger::new(kept.clone(), "run"))
        .launch(learner);
    assert!(result.error.is_none());
    assert_eq!(said("two metrics are named `twice_named`"), 1);
    let rows = kept.rows();
    let values = rows.iter().filter(|row| row.3 == "twice_named").count();
    assert_eq!(values, 2 * 2 * 2, "both values of two epochs of two splits");
}

/// A report as one of a test set.
fn report(index: usize, entries: &[(&str, Value)]) -> SplitReport {
    let entries = entries.iter().map(|(name, value)| ReportEntry {
        name: name.to_string(),
        value: Some(value.clone()),
        error: None,
        rejected: Rejected::default(),
        class_names: vec![],
    });
    let mut entries: Vec<_> = entries.collect();
    entries.push(ReportEntry {
        name: "failed".into(),
        value: None,
        error: Some("nothing to compute".into()),
        rejected: Rejected::default(),
        class_names: vec![],
    });
    SplitReport {
        batches: 1,
        samples: 8,
        reads: 1,
        ..SplitReport::new(SplitKind::Test(index), 1, MetricReport { entries })
    }
}

/// Numbers that do not survive careless text.
const HARD: [f64; 9] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -0.0,
    0.1 + 0.2,
    1e300,
    5e-324,
    f64::MAX,
    -1.0 / 3.0,
];

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

#[test]
fn records_survive_json_lines() {
    let dir = tempdir().unwrap();
    let json = dir.path().join("a.jsonl");
    let fields = HARD.into_iter().enumerate();
    let mut fields: Vec<_> = fields
        .map(|(i, v)| (format!("hard_{i}"), v.into()))
        .collect();
    fields.push(("classes".into(), Value::PerClass(HARD.to_vec())));
    fields.push(("inner".into(), Value::of_fields([("p_value", f64::NAN)])));
    let value = Value::of_fields(fields);
    let lines = JsonLines::create(&json, "run").unwrap();
    lines.report(&report(0, &[("kendall", value.clone())]));
    lines.flush().unwrap();
    let RecordValue::Value(read) = read_json_lines(&json).unwrap().remove(0).value else {
        panic!("no value");
    };
    assert_eq!(format!("{read:?}"), format!("{value:?}"));
}

#[test]
fn reports_and_hard_values_survive_json_and_csv() {
    let dir = tempdir().unwrap();
    let (json, csv) = (dir.path().join("a.jsonl"), dir.path().join("a.csv"));
    let values = Value::PerClass(HARD.to_vec());
    let name = "a, \"quoted\"\nname";
    let entries = [
        (name, values.clone()),
        ("n, \"o\"\n", Value::Scalar(f64::NAN)),
    ];
    let lines = JsonLines::create(&json, "run, \"1\"").unwrap();
    let table = Csv::create(&csv, "run, \"1\"").unwrap();
    lines.report(&report(0, &entries));
    lines.report(&report(1, &entries));
    lines.report_as("test-holdout", &report(1, &entries));
    table.report(&report(0, &entries));
    for (step, number) in HARD.into_iter().enumerate() {
        lines.step("train", 1, step as u64 + 1, "hard", number);
        table.step("train", 1, step as u64 + 1, "hard", number);
    }
    for text in ["NaN or so", "5", "", "two\nlines\r\n"] {
        lines.epoch("train", 1, "text", RecordValue::Text(text.into()));
        table.epoch("train", 1, "text", RecordValue::Text(text.into()));
    }

    let records = read_json_lines(&json).unwrap();
    let splits: Vec<_> = records[..6].iter().map(|r| r.split.as_str()).collect();
    let tests = [
        "test",
        "test",
        "test-2",
        "test-2",
        "test-holdout",
        "test-holdout",
    ];
    assert_eq!(splits, tests);
    let RecordValue::Value(back) = &records[0].value else {
        panic!("{:?}", records[0]);
    };
    let pairs = back.per_class().unwrap().iter().zip(HARD);
    assert!(pairs.clone().all(|(a, b)| same(*a, b)), "{back:?}");
    assert_eq!((pairs.len(), records[0].name.as_str()), (HARD.len(), name));
    assert!(records[1].value.number().unwrap().is_nan());
    for (record, number) in records[6..].iter().zip(HARD) {
        assert!(same(record.value.number().unwrap(), number), "{record:?}");
    }
    let texts: Vec<_> = records[6 + HARD.len()..].iter().map(|r| &r.value).collect();
    let expected = ["NaN or so", "5", "", "two\nlines\r\n"].map(|t| RecordValue::Text(t.into()));
    assert_eq!(texts, expected.iter().collect::<Vec<_>>());

    let rows = read_csv(&csv);
    assert_eq!(
        (rows[0][0].as_str(), rows[0][4].as_str()),
        ("run, \"1\"", r#"n, "o"\n"#)
    );
    assert_eq!(
        rows.len(),
        1 + HARD.len(),
        "lists and texts are in the JSON only"
    );
    for (row, number) in rows[1..].iter().zip(HARD) {
        assert!(same(row[5].parse().unwrap(), number), "{row:?}");
    }
    let lines = fs::read_to_string(&csv).unwrap().lines().count();
    assert_eq!(lines, 1 + rows.len(), "one per record");
    // And a log with all that can be continued.
    drop(table);
    Csv::append(&csv, "run, \"1\"").unwrap();
}

#[test]
fn a_torn_last_line_is_cut_off_wherever_it_was_torn() {
    let dir = tempdir().unwrap();
    let log = |path: &Path, csv: bool, step: u64| {
        let value = RecordValue::Text(format!("\"line\"\nof step {step}"));
        if csv {
            let name = format!("\"line\"\nof step {step}");
            Csv::append(path, "run")
                .unwrap()
                .step("train", 1, step, &name, 0.5)
        } else {
            JsonLines::append(path, "run")
                .unwrap()
                .step("train", 1, step, "loss", value)
        }
    };
    for csv in [false, true] {
        let path = dir.path().join(format!("whole-{csv}"));
        let mut lengths = vec![0];
        if csv {
            lengths.push(Csv::create(&path, "run").map(|_| 0).unwrap());
            lengths[1] = fs::metadata(&path).unwrap().len();
        }
        for step in 1..=3 {
            log(&path, csv, step);
            lengths.push(fs::metadata(&path).unwrap().len());
        }
        let whole = fs::read(&path).unwrap();
        for len in 0..=whole.len() {
            let path = dir.path().join("torn");
            fs::write(&path, &whole[..len]).unwrap();
            let kept = lengths.iter().filter(|l| **l <= len as u64).count() - 1;
            // JSON tells whether a last line without its newline lacks more.
            let unterminated = lengths.contains(&(len as u64 + 1)) && len > 0;
            let kept = if csv {
                kept.saturating_sub(1)
            } else {
                kept + usize::from(unterminated)
            };
            if !csv {
                let read = read_json_lines(&path).unwrap().len();
                assert_eq!(read, kept, "{len} bytes");
            }
            log(&path, csv, 9);
            let steps: Vec<String> = if csv {
                read_csv(&path)
                    .into_iter()
                    .map(|row| row[3].clone())
                    .collect()
            } else {
                (read_json_lines(&path).unwrap().iter())
                    .map(|record| record.step.unwrap().to_string())
                    .collect()
            };
            let expected: Vec<_> = (1..=kept).chain([9]).map(|s| s.to_string()).collect();
            assert_eq!(steps, expected, "csv: {csv}, {len} bytes");
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn opening_refuses_what_it_must_not_touch() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("deep/er/log");
    JsonLines::create(&path, "one")
        .unwrap()
        .step("train", 1, 1, "loss", 1.0);
    let written = fs::read(&path).unwrap();
    let check = |error: io::Error, kind: ErrorKind, parts: &[&str]| {
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        for part in parts.iter().chain([&path.to_str().unwrap()]) {
            assert!(text.contains(part), "{text}: no {part}");
        }
    };
    check(
        JsonLines::create(&path, "one").unwrap_err(),
        ErrorKind::AlreadyExists,
        &[],
    );
    check(
        Csv::create(&path, "one").unwrap_err(),
        ErrorKind::AlreadyExists,
        &[],
    );
    let other = JsonLines::append(&path, "two").unwrap_err();
    check(other, ErrorKind::InvalidData, &["`one`", "`two`"]);
    let other = Csv::append(&path, "one").unwrap_err();
    check(other, ErrorKind::InvalidData, &["columns"]);
    assert_eq!(fs::read(&path).unwrap(), written);
    for content in [
        "a letter",
        "a letter\nof two lines\n",
        "{\"run\":1}\n",
        "\n\n{}\n",
    ] {
        fs::write(&path, content).unwrap();
        check(
            JsonLines::append(&path, "a").unwrap_err(),
            ErrorKind::InvalidData,
            &[],
        );
        check(
            Csv::append(&path, "a").unwrap_err(),
            ErrorKind::InvalidData,
            &[],
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    Csv::create(&path, "one")
        .unwrap()
        .step("train", 1, 1, "loss", 1.0);
    let other = Csv::append(&path, "two").unwrap_err();
    check(other, ErrorKind::InvalidData, &["`one`", "`two`"]);
    // Below a file there can be no directory.
    let below = path.join("log");
    for error in [
        JsonLines::create(&below, "a").err(),
        Csv::append(&below, "a").err(),
    ] {
        check(error.unwrap(), ErrorKind::NotADirectory, &["log/log"]);
    }
}

#[test]
fn a_failing_writer_is_said_once_and_given_everything_later() {
    listen();
    let kept = Kept::default();
    let mut logger = RecordLogger::new(kept.clone(), "run");
    define(&mut logger, &["loss"]);
    kept.fail(Some("out of clay tablets"));
    for epoch in 1..=3 {
        for _ in 0..4 {
            logger.log(update(&[("loss", "0.5")]), epoch, &Split::Train);
        }
        if epoch == 3 {
            kept.fail(None);
        }
        end(&mut logger, epoch, Split::Train);
    }
    assert_eq!(said("out of clay tablets"), 1);
    assert!(logger.last_error().unwrap().contains("out of clay tablets"));
    // The first write, and the flushes of two epochs.
    assert_eq!((logger.errors(), logger.lost()), (3, 0));
    let rows = kept.rows();
    let order: Vec<_> = rows.iter().map(|row| (row.1, row.2)).collect();
    let expected = (1..=3).flat_map(|epoch| {
        let steps = (1..=3).map(move |step| Some(3 * (epoch as u64 - 1) + step));
        steps.chain([None]).map(move |step| (epoch, step))
    });
    assert_eq!(order, expected.collect::<Vec<_>>(), "in order, none twice");

    kept.fail(Some("again"));
    for step in 0..10_005 {
        logger.step("train", 4, step, "loss", 0.5);
    }
    assert!(logger.flush().is_err());
    kept.fail(None);
    logger.flush().unwrap();
    assert_eq!(logger.lost(), 5);
    assert_eq!(kept.records().len(), rows.len() + 10_000);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_does_not_end_the_training() {
    listen();
    let (device, dir) = (device(), tempdir().unwrap());
    let csv = dir.path().join("a.csv");
    let full = JsonLines::create("/dev/full", "run").unwrap();
    let refused = Csv::create("/dev/full", "run").unwrap_err();
    assert!(refused.to_string().starts_with("/dev/full: No space left"));
    let metrics = metrics().build().unwrap();
    let (training, learner) = training(dir.path(), &device, &metrics, 3);
    let result = training
        .with_metric_logger(full.clone())
        .with_metric_logger(Csv::create(&csv, "run").unwrap())
        .with_metric_logger(FileMetricLogger::new(dir.path()))
        .launch(learner);
    assert!(result.error.is_none(), "{:?}", result.error);
    assert!(metrics.results().epoch(SplitKind::Valid, 3).is_some());
    assert_eq!(said("cannot be written: /dev/full: No space left"), 1);
    assert!(full.last_error().unwrap().contains("No space left"));
    assert!(full.errors() >= 6, "tried again at the end of each epoch");
    let epochs = read_csv(&csv)
        .into_iter()
        .filter(|row| row[4] == "accuracy");
    assert_eq!(epochs.count(), 6);
    let mut burns = FileMetricLogger::new(dir.path());
    assert_eq!(
        burns
            .read_numeric("accuracy", 3, &Split::Valid)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_removed_directory_is_said_and_the_log_starts_anew() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("sub/a.csv");
    let logger = Csv::create(&path, "run").unwrap();
    logger.report(&report(0, &[("accuracy", Value::Scalar(0.5))]));
    assert_eq!(logger.errors(), 0);
    fs::remove_dir_all(dir.path().join("sub")).unwrap();
    logger.report(&report(1, &[("accuracy", Value::Scalar(0.6))]));
    assert_eq!(logger.errors(), 1);
    let error = logger.last_error().unwrap();
    assert!(
        error.contains("a.csv") && error.contains("removed"),
        "{error}"
    );
    logger.report(&report(2, &[("accuracy", Value::Scalar(0.7))]));
    assert_eq!(logger.errors(), 1);
    assert_eq!(read_csv(&path)[0][5], "0.7");
}

/// What the tests below run in a process of its own.
const CHILD: &str = "METRICS_LOGGERS_CHILD";

fn child(test: &str, dir: &Path) -> Command {
    let mut command = process::command(module_path!(), test);
    command
        .env(CHILD, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn a_killed_process_leaves_whole_lines() {
    if let Ok(dir) = std::env::var(CHILD) {
        let lines = JsonLines::create(Path::new(&dir).join("a.jsonl"), "run").unwrap();
        let table = Csv::create(Path::new(&dir).join("a.csv"), "run").unwrap();
        for step in 1.. {
            lines.step("train", 1, step, "loss", 1.0 / step as f64);
            table.step("train", 1, step, "loss", 1.0 / step as f64);
        }
    }
    let dir = tempdir().unwrap();
    let (json, csv) = (dir.path().join("a.jsonl"), dir.path().join("a.csv"));
    let mut child = child("a_killed_process_leaves_whole_lines", dir.path())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    while size(&csv) < 50_000 && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let text = fs::read_to_string(&json).unwrap();
    assert!(text.len() > 50_000 && text.ends_with('\n'));
    let records = read_json_lines(&json).unwrap();
    let in_order = (1..)
        .zip(&records)
        .all(|(n, record)| record.step == Some(n));
    assert!(in_order);
    let rows = read_csv(&csv).len();
    assert!(rows == records.len() || rows + 1 == records.len());
    JsonLines::append(&json, "run").unwrap();
    Csv::append(&csv, "run").unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_cut_short_leaves_whole_lines() {
    if let Ok(dir) = std::env::var(CHILD) {
        let dir = Path::new(&dir);
        let lines = JsonLines::append(dir.join("a.jsonl"), "run").unwrap();
        let table = Csv::append(dir.join("a.csv"), "run").unwrap();
        for step in 1..=2_000 {
            lines.step("train", 1, step, "loss", 1.0 / step as f64);
            table.step("train", 1, step, "loss", 1.0 / step as f64);
        }
        let failed = lines.flush().is_err() && table.flush().is_err();
        std::process::exit(if failed { 17 } else { 0 });
    }
    let dir = tempdir().unwrap();
    // A limit of the system's: the write that goes beyond it is cut short, the next fails.
    let test = child("a_write_cut_short_leaves_whole_lines", dir.path());
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 33; exec \"$@\"", "bash"])
        .arg(test.get_program())
        .args(test.get_args())
        .env(CHILD, dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    assert_eq!(limited.status().unwrap().code(), Some(17));
    let (json, csv) = (dir.path().join("a.jsonl"), dir.path().join("a.csv"));
    for path in [&json, &csv] {
        let text = fs::read_to_string(path).unwrap();
        assert!(
            text.ends_with('\n') && text.len() > 33 * 1024 - 100,
            "{}",
            text.len()
        );
        assert!(text.len() < 33 * 1024, "the limit is within a line");
    }
    let records = read_json_lines(&json).unwrap();
    let rows = read_csv(&csv);
    // Where there is room again, the log goes on.
    JsonLines::append(&json, "run")
        .unwrap()
        .step("train", 2, 7, "loss", 7.0);
    Csv::append(&csv, "run")
        .unwrap()
        .step("train", 2, 7, "loss", 7.0);
    assert_eq!(read_json_lines(&json).unwrap().len(), records.len() + 1);
    assert_eq!(read_csv(&csv).len(), rows.len() + 1);
}

#[test]
fn many_records() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    let mut logger = JsonLines::create(&path, "run").unwrap();
    let names: Vec<String> = (0..10).map(|i| format!("metric {i}")).collect();
    define(
        &mut logger,
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    for step in 0..5_000 {
        let value = format!("{}", step as f64 * 0.1);
        let values: Vec<_> = names.iter().map(|n| (n.as_str(), value.as_str())).collect();
        logger.log(update(&values), 1, &Split::Train);
    }
    end(&mut logger, 1, Split::Train);
    let mean = logger.read_numeric("metric 3", 1, &Split::Train).unwrap();
    assert_eq!(mean.len(), 1, "compact, however many were logged");
    assert!((mean[0].current() - 4999.0 * 0.05).abs() < 1e-9);
    drop(logger);
    let records = read_json_lines(&path).unwrap();
    assert_eq!(records.len(), 50_000);
    let last = &records[49_989];
    assert_eq!(
        (last.step, last.value.number()),
        (Some(4_999), Some(4998.0 * 0.1))
    );
}

const MATRIX: &str = r#"{"matrix":{"rows":1,"cols":1,"data":[1.0]}}"#;

/// As Burn's distributed training does it: after the end of the epoch a last batch comes, with which
/// the values of the epoch are whole. The clone shows what is written before the logger is gone.
#[test]
fn a_second_end_of_an_epoch_is_written_as_one_at_once() {
    let kept = Kept::default();
    let mut logger = RecordLogger::new(kept.clone(), "run");
    define(&mut logger, &["confusion", "accuracy", "loss"]);
    let handle = logger.clone();
    let ends = |accuracy, loss| {
        let mut values = update(&[("accuracy", accuracy), ("loss", loss)]);
        values.entries.push(entry("confusion", MATRIX));
        values
    };
    logger.log(update(&[("loss", "1,3")]), 1, &Split::Train);
    logger.log(ends("0.1,final", "1,final"), 1, &Split::Train);
    end(&mut logger, 1, Split::Train);
    // A loss of Burn's own logs a value with every batch.
    logger.log(ends("0.2,final", "9,3"), 1, &Split::Train);
    drop(logger);
    handle.flush().unwrap();
    let rows = kept.rows();
    let rows: Vec<_> = (rows.iter().map(|row| (row.3.as_str(), row.2))).collect();
    let first = [
        ("loss", Some(1)),
        ("confusion", None),
        ("accuracy", None),
        ("loss", None),
    ];
    let second = [("loss", Some(2)), ("confusion", None), ("accuracy", None)];
    assert_eq!(rows, [first.as_slice(), &second].concat());
}

/// A collection may have nothing but values that are not numbers.
#[test]
fn a_second_end_without_numbers_is_no_step() {
    let kept = Kept::default();
    let mut logger = RecordLogger::new(kept.clone(), "run");
    define(&mut logger, &["confusion"]);
    for _ in 0..2 {
        let values = MetricsUpdate::new(vec![entry("confusion", MATRIX)], vec![]);
        logger.log(values, 1, &Split::Train);
        end(&mut logger, 1, Split::Train);
    }
    assert_eq!(
        kept.rows().iter().map(|row| row.2).collect::<Vec<_>>(),
        [None; 2]
    );
}

#[test]
fn a_late_step_does_not_replace_the_value_of_its_epoch() {
    let mut logger = RecordLogger::new(Kept::default(), "run");
    define(&mut logger, &["loss"]);
    let mut log = |value, last| {
        logger.log(update(&[("loss", value)]), 1, &Split::Train);
        if last {
            end(&mut logger, 1, Split::Train);
        }
        logger.read_numeric("loss", 1, &Split::Train).unwrap()[0].current()
    };
    assert_eq!(log("2,3", false), 2.0);
    assert_eq!(log("2.5,final", true), 2.5);
    assert_eq!(log("9,3", false), 2.5);
    assert_eq!(log("3.5,final", false), 3.5, "a later end does");
}

#[test]
fn one_failure_in_a_long_epoch_loses_nothing() {
    let kept = Kept::default();
    let logger = RecordLogger::new(kept.clone(), "run");
    kept.fail(Some("for a moment"));
    logger.step("train", 1, 1, "loss", 1.0);
    kept.fail(None);
    for step in 2..=10_001 {
        logger.step("train", 1, step, "loss", 1.0);
    }
    let written = kept.records().len();
    assert!(written > 9_900, "{written} before the end");
    logger.flush().unwrap();
    let steps = kept.records().into_iter().filter_map(|r| r.step);
    assert!(steps.eq(1..=10_001), "in order");
    assert_eq!((logger.lost(), logger.errors()), (0, 1));
}

/// Takes numbers only; panics when it is told to.
struct Picky(Kept);

impl RecordWriter for Picky {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        match record.value.number() {
            Some(number) if number.is_nan() => panic!("not a number"),
            Some(_) => self.0.write(record),
            None => Err(io::Error::other("not a number")),
        }
    }
}

#[test]
fn what_a_writer_never_takes_does_not_hold_up_the_others() {
    let kept = Kept::default();
    let logger = RecordLogger::new(Picky(kept.clone()), "run");
    for epoch in 1..=300 {
        logger.epoch("train", epoch, "text", RecordValue::Text("so so".into()));
        logger.epoch("train", epoch, "loss", 1.0);
        logger.flush().unwrap_err();
        assert_eq!(kept.records().len(), epoch);
    }
    assert_eq!(logger.lost(), 0);
}

#[test]
fn a_writer_that_panics_does_not_abort_a_panicking_training() {
    if std::env::var(CHILD).is_ok() {
        let unwound = std::panic::catch_unwind(|| {
            let mut logger = RecordLogger::new(Picky(Kept::default()), "run");
            define(&mut logger, &["loss"]);
            // Held back, so that it is written when the logger is dropped.
            logger.log(update(&[("loss", "NaN")]), 1, &Split::Train);
            panic!("in the training");
        });
        std::process::exit(if unwound.is_err() { 17 } else { 1 });
    }
    let test = "a_writer_that_panics_does_not_abort_a_panicking_training";
    let status = child(test, Path::new(".")).status().unwrap();
    assert_eq!(status.code(), Some(17));
}

#[cfg(unix)]
#[test]
fn a_header_survives_a_failed_new_start() {
    let dir = tempdir().unwrap();
    let (below, path) = (dir.path().join("d"), dir.path().join("d/a.csv"));
    let log = Csv::create(&path, "run").unwrap();
    fs::remove_dir_all(&below).unwrap();
    // Nothing can be created there for now, as on a full disk.
    std::os::unix::fs::symlink("nowhere/at/all", &below).unwrap();
    log.flush().unwrap_err();
    fs::remove_file(&below).unwrap();
    let error = log.flush().unwrap_err().to_string();
    assert!(error.contains("started another"), "{error}");
    log.epoch("train", 1, "loss", 1.0);
    assert_eq!(read_csv(&path).len(), 1);
}

#[test]
fn a_damaged_line_is_named_and_nothing_is_deleted() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let mut text = "run,split,epoch,step,name,value,unit\n".to_string();
    for step in 1..=1000 {
        text += &format!("run,train,1,{step},loss,0.5,\n");
    }
    let line = "run,train,1,500,loss,0.5,\n";
    let stray = line.replace("0.5", "\"0.5");
    for damaged in [
        &stray,
        "run,train\n",
        "\n",
        "run,train,1,500,loss,0.5\n",
        "run,train,1,500,loss,text,\n",
        "\0\0run,train,1,500,loss,0.5,\n",
    ] {
        let text = text.replace(line, damaged);
        fs::write(&path, &text).unwrap();
        let error = Csv::append(&path, "run").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("line 501 "), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_whole_last_record_without_a_newline_is_kept() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    let log = JsonLines::create(&path, "run").unwrap();
    log.epoch("valid", 1, "loss", 1.0);
    log.epoch("valid", 2, "loss", 2.0);
    drop(log);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.trim_end()).unwrap();
    let mut again = JsonLines::append(&path, "run").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let read = again.read_numeric("loss", 2, &Split::Valid).unwrap();
    assert_eq!(read[0].current(), 2.0);
    drop(again);
    fs::write(&path, text.trim_end()).unwrap();
    JsonLines::append(&path, "other").unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), text.trim_end());
}

#[test]
fn a_text_of_many_lines_is_read_in_linear_time() {
    let time = |lines: usize| {
        let dir = tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let log = Csv::create(&path, "run").unwrap();
        let text = "0123456789\n".repeat(lines);
        log.epoch("train", 1, "text", RecordValue::Text(text));
        drop(log);
        let start = Instant::now();
        drop(Csv::append(&path, "run").unwrap());
        start.elapsed()
    };
    // Other tests run at the same time, so one try may take long.
    let tries: Vec<_> = (0..20).map(|_| (time(1_000), time(8_000))).collect();
    assert!(
        (tries.iter()).any(|(short, long)| *long < 20 * (*short).max(Duration::from_millis(2))),
        "{tries:?}"
    );
}

/// Such a process shares the file, and with it the lock, until it runs another program.
#[cfg(unix)]
#[test]
fn a_process_that_is_being_started_does_not_keep_a_refused_log() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let log = Csv::create(&path, "run").unwrap();
    log.epoch("train", 1, "loss", 1.0);
    drop(log);
    let done = AtomicBool::new(false);
    let kinds: Vec<ErrorKind> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                Command::new("true").status().unwrap();
            }
        });
        let refused = |_| Csv::append(&path, "another run").err().map(|e| e.kind());
        let kinds = (0..2000).filter_map(refused).collect();
        done.store(true, Ordering::Relaxed);
        kinds
    });
    assert_eq!(kinds, [ErrorKind::InvalidData; 2000]);
}

/// Two that write into one file would cut off each other's records when a write fails.
#[cfg(unix)]
#[test]
fn a_file_has_one_logger() {
    let dir = tempdir().unwrap();
    let (json, csv) = (dir.path().join("a.jsonl"), dir.path().join("a.csv"));
    let lines = JsonLines::create(&json, "run").unwrap();
    let table = Csv::append(&csv, "run").unwrap();
    let handle = lines.clone();
    drop(lines);
    let refused = [
        (&json, JsonLines::append(&json, "run").err()),
        (&csv, Csv::append(&csv, "run").err()),
    ];
    for (path, error) in refused {
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::ResourceBusy);
        let text = error.to_string();
        assert!(text.starts_with(path.to_str().unwrap()), "{text}");
        assert!(text.contains("another logger"), "{text}");
    }
    handle.step("train", 1, 1, "loss", 1.0);
    table.step("train", 1, 1, "loss", 1.0);
    assert_eq!((handle.errors(), table.errors()), (0, 0));
    drop((handle, table));
    JsonLines::append(&json, "run").unwrap();
    Csv::append(&csv, "run").unwrap();
    // Several may log to a device.
    let devices = [0, 1].map(|_| JsonLines::create("/dev/null", "run"));
    assert!(devices.iter().all(Result::is_ok));
}

#[test]
fn a_test_set_has_one_name() {
    for (index, name) in [(0, "test"), (1, "test-2"), (9, "test-10")] {
        let kept = Kept::default();
        let report = report(index, &[("accuracy", Value::Scalar(0.5))]);
        RecordLogger::new(kept.clone(), "run").report(&report);
        assert_eq!(kept.records()[0].split, name);
        // The reports call them the same.
        let page = RunReport::from_parts(vec![], vec![report]).to_markdown();
        assert!(page.contains(name), "{page}");
    }
}
