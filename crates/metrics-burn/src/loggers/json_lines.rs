//! A log as lines of JSON.

use super::{
    Record, RecordLogger, RecordWriter,
    appender::{Appender, at, check_regular, invalid, read_lines},
    known::Known,
};
use std::{fs::File, io, path::Path};

/// What every line begins with.
const START: &[u8] = b"{\"run\":";

/// A log with one [`Record`] per line, as JSON. A step is in the file when the next one is logged, so
/// that a crash loses one at most.
///
/// ```no_run
/// use burn::train::{SupervisedTraining, logger::FileMetricLogger};
/// use metrics_burn::loggers::JsonLines;
/// # fn example<M: burn::train::LearnerModel>(training: SupervisedTraining<M>) -> std::io::Result<()> {
/// let training = training
///     .with_metric_logger(FileMetricLogger::new("artifacts"))
///     .with_metric_logger(JsonLines::create("artifacts/metrics.jsonl", "baseline")?);
/// # Ok(()) }
/// ```
///
/// Burn's [`LearnerSummary`](burn::train::LearnerSummary) reads the files of its
/// [`FileMetricLogger`](burn::train::logger::FileMetricLogger), so stack that one as well if it is
/// shown.
pub struct JsonLines(Appender);

impl JsonLines {
    /// Starts a log, and creates the directories above it. If it is the first logger given to Burn, it hides the
    /// earlier epochs of a resumed training; see [`RecordLogger`].
    ///
    /// # Errors
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the file exists, unless it is a pipe or a
    /// device; any other error of creating it. Errors name the path.
    pub fn create(path: impl AsRef<Path>, run: &str) -> io::Result<RecordLogger<Self>> {
        let file = Appender::create(path.as_ref(), Vec::new())?;
        Ok(RecordLogger::new(Self(file), run))
    }

    /// Continues the log of a run, or starts it if there is none.
    ///
    /// A last line that a crash cut short is removed; a last line that only lacks its newline is kept. If it is the
    /// first logger given to Burn, early stopping and checkpointing find the earlier epochs in it.
    /// Steps count on from the last step logged before the epoch that comes next. An epoch that runs
    /// again is logged again, after its earlier records.
    ///
    /// # Errors
    /// [`InvalidData`](io::ErrorKind::InvalidData) if the file is the log of another run, or not
    /// such a log; [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another logger is writing it;
    /// any other error of reading or writing it. Errors name the path.
    pub fn append(path: impl AsRef<Path>, run: &str) -> io::Result<RecordLogger<Self>> {
        let path = path.as_ref();
        if !path.try_exists().map_err(at(path))? {
            return Self::create(path, run);
        }
        let mut known = Known::default();
        let mut take = |record: Record| {
            check_run(&record.run, run)?;
            known.add_past(&record);
            Ok(())
        };
        let mut ends = true;
        let mut file = Appender::append(path, Vec::new(), |file| {
            let tail = read_lines(file, |number, line| {
                parse(number, line)?.map_or(Ok(()), &mut take)
            })?;
            if let Ok(last) = serde_json::from_slice(&tail.torn) {
                take(last)?;
                ends = false;
                return Ok(tail.len + tail.torn.len() as u64);
            }
            check_torn(tail.len, &tail.torn, START)?;
            Ok(tail.len)
        })?;
        if !ends {
            file.write(b"\n")?;
        }
        Ok(RecordLogger::resumed(Self(file), run, known))
    }
}

impl RecordWriter for JsonLines {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.0.write(&line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

/// Reads a log of [`JsonLines`]. A last line that a crash cut short is left out.
///
/// # Errors
/// [`InvalidData`](io::ErrorKind::InvalidData) with the number of the line that is not a record;
/// any other error of reading the file. Errors name the path.
///
/// ```
/// use metrics_burn::loggers::{JsonLines, read_json_lines};
///
/// let path = std::env::temp_dir().join(format!("doc-{}.jsonl", std::process::id()));
/// JsonLines::create(&path, "baseline")?.step("train", 1, 1, "loss", 0.7);
/// assert_eq!(read_json_lines(&path)?[0].value.number(), Some(0.7));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read_json_lines(path: impl AsRef<Path>) -> io::Result<Vec<Record>> {
    let path = path.as_ref();
    let mut records = Vec::new();
    let read = check_regular(path).and_then(|()| {
        read_lines(&File::open(path)?, |number, line| {
            records.extend(parse(number, line)?);
            Ok(())
        })
    });
    let tail = read.map_err(at(path))?;
    // Another program may have left out the last newline.
    records.extend(serde_json::from_slice::<Record>(&tail.torn).ok());
    Ok(records)
}

/// The record of a line; none if it is empty.
fn parse(number: usize, line: &[u8]) -> io::Result<Option<Record>> {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let record = serde_json::from_slice(line);
    record
        .map(Some)
        .map_err(|error| invalid(format!("line {number} is not a logged record: {error}")))
}

/// Refuses the log of another run.
pub(super) fn check_run(found: &str, run: &str) -> io::Result<()> {
    if found == run {
        return Ok(());
    }
    Err(invalid(format!(
        "is the log of the run `{found}`, not of `{run}`"
    )))
}

/// Refuses to cut off the only line of a file that is not a log.
pub(super) fn check_torn(len: u64, torn: &[u8], start: &[u8]) -> io::Result<()> {
    let n = torn.len().min(start.len());
    if len > 0 || torn[..n] == start[..n] {
        return Ok(());
    }
    Err(invalid("is not a metric log".into()))
}
