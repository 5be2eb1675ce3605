//! A log as comma-separated values.

use super::{
    Record, RecordLogger, RecordValue, RecordWriter,
    appender::{Appender, at, invalid, read_lines},
    json_lines::{check_run, check_torn},
    known::Known,
};
use std::{borrow::Cow, io, path::Path};

const HEADER: &[u8] = b"run,split,epoch,step,name,value,unit\n";

/// A log of numbers as CSV (RFC 4180, with a header) with the columns `run`, `split`, `epoch`, `step`, `name`,
/// `value` and `unit`, one [`Record`] per line. A step is in the file when the next one is logged, so that
/// a crash loses one at most.
///
/// The step of an epoch's value is empty. Numbers are written in full, non-finite ones as `NaN`,
/// `inf` and `-inf`. Values that are not numbers, such as curves and matrices, are left out;
/// [`JsonLines`](super::JsonLines) has them. A line break within a name is
/// written as `\n` or `\r`, so that a record is one line. A name, run or unit that a spreadsheet would take for a
/// formula, since it begins with `=`, `+`, `-` or `@`, has `'` before it.
///
/// ```no_run
/// use burn::train::{SupervisedTraining, logger::FileMetricLogger};
/// use metrics_burn::loggers::Csv;
/// # fn example<M: burn::train::LearnerModel>(training: SupervisedTraining<M>) -> std::io::Result<()> {
/// let training = training
///     .with_metric_logger(FileMetricLogger::new("artifacts"))
///     .with_metric_logger(Csv::create("artifacts/metrics.csv", "baseline")?);
/// # Ok(()) }
/// ```
///
/// Burn's [`LearnerSummary`](burn::train::LearnerSummary) reads the files of its
/// [`FileMetricLogger`](burn::train::logger::FileMetricLogger), so stack that one as well if it is
/// shown.
pub struct Csv(Appender);

impl Csv {
    /// Starts a log, and creates the directories above it. If it is the first logger given to Burn, it hides the
    /// earlier epochs of a resumed training; see [`RecordLogger`].
    ///
    /// # Errors
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the file exists, unless it is a pipe or a
    /// device; any other error of creating it. Errors name the path.
    pub fn create(path: impl AsRef<Path>, run: &str) -> io::Result<RecordLogger<Self>> {
        let file = Appender::create(path.as_ref(), HEADER.to_vec())?;
        Ok(RecordLogger::new(Self(file), run))
    }

    /// Continues the log of a run, or starts it if there is none, as
    /// [`JsonLines::append`](super::JsonLines::append) does. One difference: a last line without its newline
    /// is removed, since it may lack more than that.
    ///
    /// # Errors
    /// [`InvalidData`](io::ErrorKind::InvalidData) if the file is the log of another run, or not
    /// such a log, with the number of a damaged line;
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another logger is writing it; any other error of
    /// reading or writing it. Errors name the path.
    pub fn append(path: impl AsRef<Path>, run: &str) -> io::Result<RecordLogger<Self>> {
        let path = path.as_ref();
        if !path.try_exists().map_err(at(path))? {
            return Self::create(path, run);
        }
        let mut known = Known::default();
        let file = Appender::append(path, HEADER.to_vec(), |file| {
            let tail = read_lines(file, |number, line| {
                if number > 1 {
                    let record = parse(number, line)?;
                    check_run(&record.run, &text(&cell(run)))?;
                    known.add_past(&record);
                } else if line.trim_ascii_end() != HEADER.trim_ascii_end() {
                    return Err(invalid("is not a metric log: it has other columns".into()));
                }
                Ok(())
            })?;
            check_torn(tail.len, &tail.torn, HEADER)?;
            Ok(tail.len)
        })?;
        Ok(RecordLogger::resumed(Self(file), run, known))
    }
}

impl RecordWriter for Csv {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let number = match &record.value {
            RecordValue::Number(number) => Some(*number),
            RecordValue::Value(value) => value.scalar(),
            RecordValue::Text(_) => None,
        };
        let Some(number) = number else {
            return Ok(());
        };
        // `{:?}` is the shortest text that reads back as the same number.
        let value = format!("{number:?}");
        let epoch = record.epoch.to_string();
        let step = record.step.map(|step| step.to_string());
        let columns = [
            cell(&record.run),
            cell(&record.split),
            epoch.into(),
            step.unwrap_or_default().into(),
            cell(&record.name),
            value.into(),
            cell(record.unit.as_deref().unwrap_or_default()),
        ];
        let mut line = ::csv::WriterBuilder::new()
            .buffer_capacity(256)
            .from_writer(Vec::new());
        line.write_record(columns.iter().map(|column| column.as_bytes()))?;
        let line = line.into_inner().map_err(|error| error.into_error())?;
        self.0.write(&line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\''];

/// A text without line breaks that is no formula.
fn cell(text: &str) -> Cow<'_, str> {
    let quote = if text.starts_with(FORMULA) { "'" } else { "" };
    if quote.is_empty() && !text.contains(['\n', '\r']) {
        return text.into();
    }
    let line = text.replace('\n', r"\n").replace('\r', r"\r");
    format!("{quote}{line}").into()
}

/// The text of a cell.
fn text(cell: &str) -> String {
    let formula = cell
        .strip_prefix('\'')
        .filter(|text| text.starts_with(FORMULA));
    formula.unwrap_or(cell).into()
}

/// The record of a line.
fn parse(number: usize, line: &[u8]) -> io::Result<Record> {
    let what = || invalid(format!("line {number} is not a logged record"));
    if line.contains(&0) {
        return Err(invalid(format!(
            "line {number} has NUL bytes, as a crash of the machine leaves them; remove the line to go on with the log"
        )));
    }
    if line.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        // A reader would take what comes after the line for a part of it.
        return Err(what());
    }
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .buffer_capacity(256)
        .from_reader(line);
    let columns = reader.records().next().and_then(Result::ok);
    let columns = columns.ok_or_else(what)?;
    let columns: Vec<_> = columns.iter().collect();
    let [run, split, epoch, step, name, value, unit] = columns[..] else {
        return Err(what());
    };
    Ok(Record {
        run: text(run),
        split: text(split),
        epoch: epoch.parse().map_err(|_| what())?,
        step: match step {
            "" => None,
            step => Some(step.parse().map_err(|_| what())?),
        },
        name: text(name),
        value: value.parse::<f64>().map_err(|_| what())?.into(),
        unit: (!unit.is_empty()).then(|| text(unit)),
        class_names: Vec::new(),
    })
}
