//! What a review of the loggers and reports found: each test fails until its finding is fixed.

use burn::{
    tensor::{Device, Int, Tensor},
    train::{
        logger::MetricLogger,
        metric::{
            MetricAttributes, MetricDefinition, MetricEntry, MetricId, SerializedEntry,
            store::{EpochSummary, MetricsUpdate, NumericMetricUpdate, Split},
        },
    },
};
use metrics_burn::{
    SplitKind, SplitReport,
    loggers::{Csv, JsonLines, Record, RecordLogger, RecordWriter, TensorBoard, read_json_lines},
    report::RunReport,
};
use metrics_core::{MetricCollection, batch::Multiclass};
use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::tempdir;

fn id(name: &str) -> MetricId {
    MetricId::new(Arc::new(name.to_string()))
}

fn entry(name: &str, serialized: &str) -> MetricEntry {
    let serialized = SerializedEntry::new(serialized.into(), serialized.into());
    MetricEntry::new(id(name), serialized)
}

fn update(texts: &[(&str, &str)], numbers: &[(&str, &str)]) -> MetricsUpdate {
    let texts = texts.iter().map(|(name, text)| entry(name, text));
    let numbers = numbers
        .iter()
        .map(|(name, text)| NumericMetricUpdate::new(entry(name, text), None, None));
    MetricsUpdate::new(texts.collect(), numbers.collect())
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

fn end(logger: &mut impl MetricLogger, epoch: usize) {
    logger.log_epoch_summary(EpochSummary::new(epoch, Split::Train));
}

/// Keeps the records; fails so many times.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Vec<Record>, usize)>>);

impl RecordWriter for Kept {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap();
        if kept.1 > 0 {
            kept.1 -= 1;
            return Err(io::Error::other("for a moment"));
        }
        kept.0.push(record.clone());
        Ok(())
    }
}

/// As `SplitState` and Burn's distributed training do it: after the end of the epoch a last batch
/// comes, with which the values of the epoch are whole.
#[test]
fn the_text_of_a_second_end_of_an_epoch_is_no_step() {
    let kept = Kept::default();
    let mut logger = RecordLogger::new(kept.clone(), "run");
    define(&mut logger, &["confusion", "accuracy"]);
    let matrix = |n| format!(r#"{{"matrix":{{"rows":1,"cols":1,"data":[{n}.0]}}}}"#);
    for n in [1, 2] {
        let values = update(
            &[("confusion", &matrix(n))],
            &[("accuracy", &format!("0.{n},final"))],
        );
        logger.log(values, 1, &Split::Train);
        if n == 1 {
            end(&mut logger, 1);
        }
    }
    drop(logger);
    let records = kept.0.lock().unwrap().0.clone();
    let of_steps: Vec<_> = records.iter().filter(|r| r.step.is_some()).collect();
    assert!(of_steps.is_empty(), "{of_steps:?}");
}

/// A loss of Burn's own logs a value with every batch, also with one that came late.
#[test]
fn a_late_step_does_not_replace_the_value_of_its_epoch() {
    let mut logger = RecordLogger::new(Kept::default(), "run");
    define(&mut logger, &["loss"]);
    logger.log(update(&[], &[("loss", "2,3")]), 1, &Split::Train);
    logger.log(update(&[], &[("loss", "2.5,final")]), 1, &Split::Train);
    end(&mut logger, 1);
    logger.log(update(&[], &[("loss", "9,3")]), 1, &Split::Train);
    let read = logger.read_numeric("loss", 1, &Split::Train).unwrap();
    assert_eq!(read[0].current(), 2.5);
}

#[test]
fn the_second_end_of_the_last_epoch_is_written_by_a_flush() {
    let kept = Kept::default();
    let mut logger = RecordLogger::new(kept.clone(), "run");
    define(&mut logger, &["accuracy"]);
    let handle = logger.clone();
    logger.log(update(&[], &[("accuracy", "0.1,final")]), 1, &Split::Train);
    end(&mut logger, 1);
    logger.log(update(&[], &[("accuracy", "0.2,final")]), 1, &Split::Train);
    drop(logger);
    handle.flush().unwrap();
    let written = kept.0.lock().unwrap().0.len();
    assert_eq!(written, 2);
}

#[test]
fn one_failure_in_a_long_epoch_loses_nothing() {
    let kept = Kept::default();
    kept.0.lock().unwrap().1 = 1;
    let logger = RecordLogger::new(kept.clone(), "run");
    for step in 1..=10_001 {
        logger.step("train", 1, step, "loss", 1.0);
    }
    logger.flush().unwrap();
    assert_eq!(logger.lost(), 0);
}

#[test]
fn a_record_that_cannot_be_written_does_not_hold_up_the_others() {
    let dir = tempdir().unwrap();
    let run = dir.path().join("run");
    let board = TensorBoard::create(&run).unwrap();
    // No file system has so long a name.
    board.epoch(&"x".repeat(300), 1, "loss", 1.0);
    for epoch in 1..=3 {
        board.epoch("valid", epoch, "loss", 1.0);
        let _ = board.flush();
    }
    assert!(run.join("valid").exists());
}

#[test]
fn splits_of_different_names_have_different_directories() {
    let dir = tempdir().unwrap();
    let run = dir.path().join("run");
    let board = TensorBoard::create(&run).unwrap();
    board.epoch("test-a b", 1, "loss", 1.0);
    board.epoch("test-a/b", 1, "loss", 2.0);
    drop(board);
    assert_eq!(fs::read_dir(&run).unwrap().count(), 2);
}

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
    log.flush().unwrap_err(); // "started another"
    log.epoch("train", 1, "loss", 1.0);
    drop(log);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("run,split,epoch"), "{text}");
}

#[test]
fn a_stray_quote_does_not_delete_what_follows_it() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let mut text = "run,split,epoch,step,name,value\n".to_string();
    for step in 1..=1000 {
        text += &format!("run,train,1,{step},loss,0.5\n");
    }
    let text = text.replace("run,train,1,500,loss,0.5", "run,train,1,500,loss,\"0.5");
    fs::write(&path, &text).unwrap();
    let opened = Csv::append(&path, "run").is_ok();
    let left = fs::read_to_string(&path).unwrap().lines().count();
    assert_eq!(left, 1001, "opened: {opened}");
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
    let before = read_json_lines(&path).unwrap();
    assert_eq!(before.len(), 2);
    drop(JsonLines::append(&path, "run").unwrap());
    assert_eq!(read_json_lines(&path).unwrap(), before);
}

#[test]
fn a_text_of_many_lines_is_read_in_linear_time() {
    let time = |lines: usize| {
        let dir = tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let log = Csv::create(&path, "run").unwrap();
        let text = "0123456789\n".repeat(lines);
        log.epoch(
            "train",
            1,
            "text",
            metrics_burn::loggers::RecordValue::Text(text),
        );
        drop(log);
        let start = Instant::now();
        drop(Csv::append(&path, "run").unwrap());
        start.elapsed()
    };
    let (short, long) = (time(1_000), time(8_000));
    assert!(
        long < 20 * short.max(Duration::from_millis(2)),
        "{short:?} {long:?}"
    );
}

/// Two processes, or two parts of one, that log to one file.
#[cfg(target_os = "linux")]
#[test]
fn a_failed_write_does_not_cut_off_what_another_wrote() {
    const CHILD: &str = "METRICS_REVIEW_CHILD";
    if let Ok(dir) = std::env::var(CHILD) {
        let path = Path::new(&dir).join("a.jsonl");
        let one = JsonLines::append(&path, "run").unwrap();
        let Ok(other) = JsonLines::append(&path, "run") else {
            std::process::exit(18); // Refused, which is as good.
        };
        for step in 1..=200 {
            one.step("train", 1, step, "one", 1.0);
            other.step("train", 1, step, "other", 1.0);
        }
        let lost = one.lost() + other.lost();
        std::process::exit(if lost == 0 { 17 } else { 1 });
    }
    let dir = tempdir().unwrap();
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "bash"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_failed_write_does_not_cut_off_what_another_wrote",
        ])
        .env(CHILD, dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match limited.status().unwrap().code() {
        Some(18) => {}
        code => {
            assert_eq!(code, Some(17));
            let text = fs::read_to_string(dir.path().join("a.jsonl")).unwrap();
            let count = |name: &str| text.lines().filter(|line| line.contains(name)).count();
            let broken = text
                .lines()
                .filter(|l| serde_json::from_str::<Record>(l).is_err());
            let broken: Vec<_> = broken.collect();
            assert!(broken.is_empty(), "{broken:?}");
            let steps: Vec<_> = read_json_lines(dir.path().join("a.jsonl"))
                .unwrap()
                .into_iter()
                .filter(|r| r.name == "other")
                .filter_map(|r| r.step)
                .collect();
            let whole = (1..).zip(&steps).all(|(n, step)| n == *step);
            assert!(
                whole,
                "{} of one; steps of the other: {steps:?}",
                count("\"one\"")
            );
        }
    }
}

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
fn a_test_set_has_one_name() {
    let kept = Kept::default();
    let metrics = MetricCollection::new().with(metrics_core::Accuracy::multiclass(2));
    let mut report = SplitReport {
        split: SplitKind::Test(0),
        epoch: 1,
        batches: 1,
        samples: 1,
        complete: true,
        failed_batches: 0,
        reads: 1,
        report: Default::default(),
    };
    let mut metrics = metrics;
    metrics.update(&classes(&[(0, 0), (1, 1)])).unwrap();
    report.report = metrics.compute().unwrap();
    report.split = SplitKind::Test(1);
    RecordLogger::new(kept.clone(), "run").report(&report);
    let logged = kept.0.lock().unwrap().0[0].split.clone();
    let shown = RunReport::from_parts(metrics.metrics(), vec![report]).to_markdown();
    let number = logged.trim_start_matches("test-").to_string();
    assert!(
        shown.contains(&format!("test {number}")),
        "{logged}\n{shown}"
    );
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
    let _ = board.flush();
    drop(board);
    let resumed = TensorBoard::append(&run).unwrap();
    let read = resumed
        .clone()
        .read_numeric("loss", 2, &Split::Valid)
        .unwrap();
    assert_eq!(read.len(), 1);
}
