//! A log as TensorBoard's event files.

// Longer than most: one format, from a value to what is read back of it.

mod frame;
mod pr_curve;
mod proto;

use super::{
    Record, RecordLogger, RecordValue, RecordWriter,
    appender::{Appender, at, create_directory, invalid},
    known::Known,
};
use frame::{frame, unframe};
use metrics_core::{Curve, Value};
use prost::Message;
use proto::{
    Data, DataClass, DataType, Dim, Event, Experiment, HParamInfo, HParamType, HParamsData,
    HParamsPluginData, Kind, Metadata, MetricInfo, MetricName, Plugin, PrCurvePluginData,
    SessionStart, Shape, Summary, SummaryValue, Tensor, What,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Up to this number of classes, each class has a chart. More numbers are more likely collected values.
const MAX_CLASSES: usize = 200;

/// How much of a value is shown as text, in bytes.
const MAX_TEXT: usize = 10_000;

/// How long the name of a directory is at most before its checksum, in bytes; file systems take 255.
const MAX_NAME: usize = 120;

/// A log as event files that TensorBoard 2 reads, under a directory per split: the curves of
/// `train` and `valid` share a chart. The name of the directory is that of the run.
///
/// Values of epochs have the tag `epoch/` and the metric's name over the epoch, those of steps
/// `step/` and the name over the step. A number is a scalar, of 32 bits, as TensorBoard has them;
/// up to 200 numbers per class are a scalar per class, and more are a picture; each field of a record is
/// as a value of its own; a text, and a value without a picture, is a text.
///
/// If the name of a split cannot be the name of a directory, the directory has a changed name that ends in a
/// checksum: a long name is shortened, and characters other than letters, digits, `-`, `_` and `.` become `-`.
///
/// ```no_run
/// use burn::train::{SupervisedTraining, logger::FileMetricLogger};
/// use metrics_burn::loggers::{HParam, TensorBoard};
/// # fn example<M: burn::train::LearnerModel>(training: SupervisedTraining<M>) -> std::io::Result<()> {
/// let board = TensorBoard::create("runs/baseline")?;
/// board.hyper_parameters(
///     &[("learning_rate", HParam::from(1e-3)), ("optimizer", HParam::from("adam"))],
///     &[("valid", "accuracy")],
/// )?;
/// let training = training
///     .with_metric_logger(FileMetricLogger::new("artifacts"))
///     .with_metric_logger(board);
/// // tensorboard --logdir runs
/// # Ok(()) }
/// ```
///
/// Burn's [`LearnerSummary`](burn::train::LearnerSummary) reads the files of its
/// [`FileMetricLogger`](burn::train::logger::FileMetricLogger), so stack that one as well if it is
/// shown.
pub struct TensorBoard {
    dir: PathBuf,
    class_names: Vec<String>,
    /// The metrics by which runs are compared, as the user named them.
    compared: Vec<String>,
    /// The event file of each directory that was written to.
    files: BTreeMap<String, Appender>,
}

/// A value of a hyper-parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum HParam {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A switch.
    Bool(bool),
}

macro_rules! hparam_from {
    ($($from:ty, $value:ident => $hparam:expr;)*) => {$(
        impl From<$from> for HParam {
            fn from($value: $from) -> Self {
                $hparam
            }
        }
    )*};
}

hparam_from! {
    f64, value => HParam::Number(value);
    f32, value => HParam::Number(value.into());
    i32, value => HParam::Number(value.into());
    u32, value => HParam::Number(value.into());
    i64, value => HParam::Number(value as f64);
    u64, value => HParam::Number(value as f64);
    usize, value => HParam::Number(value as f64);
    bool, value => HParam::Bool(value);
    &str, value => HParam::Text(value.into());
    String, value => HParam::Text(value);
}

impl TensorBoard {
    /// Starts a log, and creates the directories above it. If it is the first logger given to Burn, it hides the
    /// earlier epochs of a resumed training; see [`RecordLogger`].
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if the directory holds event files; any other error of
    /// creating it, or of creating a file in it. Errors name the path.
    pub fn create(dir: impl AsRef<Path>) -> io::Result<RecordLogger<Self>> {
        let dir = dir.as_ref();
        create_directory(dir).map_err(at(dir))?;
        if let Some((_, file)) = event_files(dir).map_err(at(dir))?.first() {
            let held = format!(
                "the directory holds `{}` already; `append` goes on with a log",
                file.display()
            );
            return Err(at(dir)(io::Error::new(ErrorKind::AlreadyExists, held)));
        }
        check_writable(dir).map_err(at(dir))?;
        Ok(RecordLogger::new(Self::new(dir), run_name(dir)))
    }

    /// Continues a log, or starts it if there is none. Its files stay as they are.
    ///
    /// If it is the first logger given to Burn, early stopping and checkpointing find the epochs that
    /// have a value of their own, in 32 bits. Steps count on from the last step logged before the epoch
    /// that comes next, as far as the values of epochs tell where epochs ended.
    ///
    /// # Errors
    /// Any error of creating the directory or of reading its event files. Errors name
    /// the path.
    pub fn append(dir: impl AsRef<Path>) -> io::Result<RecordLogger<Self>> {
        let dir = dir.as_ref();
        create_directory(dir).map_err(at(dir))?;
        check_writable(dir).map_err(at(dir))?;
        let mut known = Known::default();
        let mut epochs = BTreeMap::new();
        for (split, file) in event_files(dir).map_err(at(dir))? {
            let bytes = fs::read(&file).map_err(at(&file))?;
            let epoch = epochs.entry(split.clone()).or_insert(1);
            read_known(&split, &bytes, epoch, &mut known);
        }
        Ok(RecordLogger::resumed(Self::new(dir), run_name(dir), known))
    }

    fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
            class_names: Vec::new(),
            compared: Vec::new(),
            files: BTreeMap::new(),
        }
    }

    /// Writes values into the event file of a split; the empty name is the directory itself.
    fn event(&mut self, split: &str, step: u64, values: Vec<SummaryValue>) -> io::Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        let split = directory_name(split);
        if !self.files.contains_key(&split) {
            let file = new_file(&self.dir.join(&split))?;
            self.files.insert(split.clone(), file);
        }
        let message = Event {
            wall_time: now().as_secs_f64(),
            step: step as i64,
            what: Some(What::Summary(Summary { values })),
        };
        match self.files.get_mut(&split) {
            Some(file) => file.write(&frame(&message.encode_to_vec())),
            None => Ok(()),
        }
    }

    /// What is shown of a value.
    fn values(&self, tag: &str, record: &Record) -> Vec<SummaryValue> {
        let class_names = if self.class_names.is_empty() {
            &record.class_names
        } else {
            &self.class_names
        };
        let value = match &record.value {
            RecordValue::Number(number) => return vec![scalar(tag.into(), *number)],
            RecordValue::Text(text) => return vec![self::text(tag, text)],
            RecordValue::Value(value) => value,
        };
        shown(tag, value, class_names)
    }
}

/// What is shown of a value that is not a single number.
fn shown(tag: &str, value: &Value, class_names: &[String]) -> Vec<SummaryValue> {
    if let Some(fields) = value.record() {
        let fields = fields.iter().flat_map(|field| {
            let tag = format!("{tag}/{}", field.name);
            match &field.value {
                Value::Scalar(number) => vec![scalar(tag, *number)],
                value => shown(&tag, value, class_names),
            }
        });
        return fields.collect();
    }
    if let Some(estimate) = value.estimate() {
        let interval = text(&format!("{tag}/interval"), &estimate.to_string());
        return vec![scalar(tag.into(), estimate.value), interval];
    }
    if let Some(numbers) = value.per_class().filter(|all| all.len() <= MAX_CLASSES) {
        let tags = class_tags(tag, class_names, numbers.len());
        let scalars = tags.into_iter().zip(numbers);
        return scalars.map(|(tag, number)| scalar(tag, *number)).collect();
    }
    let curves = value.curves().unwrap_or_default();
    let tags = match curves {
        [_] => vec![tag.to_string()],
        _ => class_tags(tag, class_names, curves.len()),
    };
    let mut values: Vec<_> = (tags.into_iter().zip(curves))
        .filter_map(|(tag, curve)| {
            let (positives, negatives) = support(curve)?;
            self::pr_curve(tag, curve, positives, negatives)
        })
        .collect();
    let picture = picture(tag, value, class_names);
    match picture.and_then(|png| image(&format!("{tag}/plot"), png)) {
        Some(image) => values.push(image),
        None if values.is_empty() => {
            let mut words = value.to_string();
            words.truncate(words.floor_char_boundary(MAX_TEXT));
            values.push(text(tag, &format!("```\n{words}\n```")));
        }
        None => {}
    }
    values
}

impl RecordWriter for TensorBoard {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let at = record.step.unwrap_or(record.epoch as u64);
        let tag = tag(&record.name, record.step.is_some());
        let values = self.values(&tag, record);
        self.event(&record.split, at, values)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Each of them, also after one that fails.
        let files = self.files.values_mut().map(Appender::flush);
        files.fold(Ok(()), io::Result::and)
    }

    fn sync(&mut self) -> io::Result<()> {
        let files = self.files.values_mut().map(Appender::sync);
        files.fold(Ok(()), io::Result::and)
    }

    fn names(&mut self, known: &[String]) -> io::Result<()> {
        let unknown = self.compared.iter().filter(|name| !known.contains(name));
        let unknown: Vec<_> = unknown.map(|name| format!("`{name}`")).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        known.sort();
        Err(io::Error::new(
            ErrorKind::InvalidInput,
            format!(
                "hyper-parameters are to be compared by {}, which is not logged; there are {}",
                unknown.join(", "),
                known.join(", ")
            ),
        ))
    }
}

impl RecordLogger<TensorBoard> {
    /// Names the classes of values per class and of pictures, by their index. These names replace the names that
    /// the collection gives its reports.
    pub fn class_names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.with_writer(|board| board.class_names = names);
        self
    }

    /// Logs the hyper-parameters of this run. `metrics` are the splits and the logged names of the metrics by which
    /// runs are compared, with the values of their epochs; if it is empty, all scalars.
    ///
    /// The logged name is [`LearnerMetrics::metric`](crate::LearnerMetrics::metric), which fails for an unknown one. A
    /// name that a training does not log is said when it begins, with the names that it logs, and counts among the
    /// [`errors`](RecordLogger::errors).
    ///
    /// # Errors
    /// The error of writing.
    pub fn hyper_parameters(
        &self,
        parameters: &[(&str, HParam)],
        metrics: &[(&str, &str)],
    ) -> io::Result<()> {
        let secs = now().as_secs_f64();
        let kind = |value: &HParam| match value {
            HParam::Number(number) => (Kind::Number(*number), HParamType::Float64),
            HParam::Text(text) => (Kind::Text(text.clone()), HParamType::String),
            HParam::Bool(switch) => (Kind::Bool(*switch), HParamType::Bool),
        };
        let hparams = parameters.iter().map(|(name, value)| {
            let kind = Some(kind(value).0);
            (name.to_string(), proto::Value { kind })
        });
        let start = HParamsData::SessionStart(SessionStart {
            hparams: hparams.collect(),
            start_time_secs: secs,
        });
        let mut values = vec![hparams_value("_hparams_/session_start_info", start)];
        let compared = metrics.iter().map(|(_, name)| name.to_string()).collect();
        self.with_writer(|board| board.compared = compared);
        if !metrics.is_empty() {
            let infos = parameters.iter().map(|(name, value)| HParamInfo {
                name: name.to_string(),
                kind: kind(value).1 as i32,
            });
            let metrics = metrics.iter().map(|(split, name)| MetricInfo {
                name: Some(MetricName {
                    group: directory_name(split),
                    tag: tag(name, false),
                }),
            });
            let experiment = HParamsData::Experiment(Experiment {
                time_created_secs: secs,
                hparams: infos.collect(),
                metrics: metrics.collect(),
            });
            values.push(hparams_value("_hparams_/experiment", experiment));
        }
        self.with_writer(|board| board.event("", 0, values))
    }

    /// Logs a picture, as PNG, for an epoch of a split.
    ///
    /// # Errors
    /// [`InvalidData`](ErrorKind::InvalidData) if it is not a PNG; the error of writing.
    pub fn image(&self, split: &str, epoch: usize, name: &str, png: Vec<u8>) -> io::Result<()> {
        let image = image(&tag(name, false), png);
        let image = image.ok_or_else(|| invalid(format!("`{name}` is not a PNG")))?;
        self.with_writer(|board| board.event(split, epoch as u64, vec![image]))
    }

    /// Logs a precision-recall curve for an epoch of a split, at 201 evenly spaced thresholds.
    ///
    /// Thresholds are shown from 0 to 1. If scores go beyond that range, 0 and 1 stand for the lowest and
    /// the highest score. Where no true positive is left, the curve does not say how many positives are
    /// false: at least one for each threshold is assumed.
    ///
    /// # Errors
    /// [`InvalidData`](ErrorKind::InvalidData) if it is not the curve of a
    /// [`PrecisionRecallCurve`](metrics_core::classification::PrecisionRecallCurve) with points, or
    /// there are no positives; the error of writing.
    pub fn pr_curve(
        &self,
        split: &str,
        epoch: usize,
        name: &str,
        curve: &Curve,
        positives: u64,
        negatives: u64,
    ) -> io::Result<()> {
        let value = pr_curve(tag(name, false), curve, positives, negatives);
        let value = value.ok_or_else(|| {
            invalid(format!(
                "`{name}` is not a precision-recall curve with positives"
            ))
        })?;
        self.with_writer(|board| board.event(split, epoch as u64, vec![value]))
    }
}

/// The tags of classes, all different: if a name occurs twice, its index follows it.
fn class_tags(tag: &str, names: &[String], classes: usize) -> Vec<String> {
    // A picture has this one.
    let mut taken = BTreeSet::from(["plot".to_string()]);
    let mut tags = Vec::with_capacity(classes);
    for i in 0..classes {
        let mut class = names.get(i).cloned().unwrap_or_else(|| i.to_string());
        while taken.contains(&class) {
            class = format!("{class} {i}");
        }
        tags.push(format!("{tag}/{class}"));
        taken.insert(class);
    }
    tags
}

/// Positives and negatives behind a curve, if they are counts and not sums of weights.
fn support(curve: &Curve) -> Option<(u64, u64)> {
    let support = curve.support?;
    let count = |number: f64| (number == number.trunc()).then_some(number as u64);
    Some((count(support.positives)?, count(support.negatives)?))
}

/// A picture of a value, as PNG. A number is a scalar or a text.
fn picture(name: &str, value: &Value, class_names: &[String]) -> Option<Vec<u8>> {
    if value.scalar().is_some() {
        return None;
    }
    crate::plot::value(name, value, class_names)?.png(1.0).ok()
}

fn tag(name: &str, is_step: bool) -> String {
    format!("{}/{name}", if is_step { "step" } else { "epoch" })
}

fn summary(
    tag: String,
    plugin: &str,
    content: Vec<u8>,
    data_class: DataClass,
    tensor: Tensor,
) -> SummaryValue {
    SummaryValue {
        tag,
        data: Some(Data::Tensor(tensor)),
        metadata: Some(Metadata {
            plugin: Some(Plugin {
                name: plugin.into(),
                content,
            }),
            data_class: data_class as i32,
        }),
    }
}

fn tensor(dtype: DataType, dims: &[usize]) -> Tensor {
    let dims = dims.iter().map(|size| Dim { size: *size as i64 });
    Tensor {
        dtype: dtype as i32,
        shape: Some(Shape {
            dims: dims.collect(),
        }),
        ..Tensor::default()
    }
}

/// TensorBoard's default loader leaves out scalars of 64 bits.
fn scalar(tag: String, value: f64) -> SummaryValue {
    SummaryValue {
        tag,
        data: Some(Data::Simple(value as f32)),
        metadata: None,
    }
}

fn text(tag: &str, text: &str) -> SummaryValue {
    let tensor = Tensor {
        strings: vec![text.as_bytes().to_vec()],
        ..tensor(DataType::String, &[])
    };
    summary(tag.into(), "text", Vec::new(), DataClass::Tensor, tensor)
}

/// `None` if it is not a PNG.
fn image(tag: &str, png: Vec<u8>) -> Option<SummaryValue> {
    // The signature, then the length and name of the first chunk, which begins with the size.
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let (width, rest) = header.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    let size = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes).to_string().into_bytes();
    let tensor = Tensor {
        strings: vec![size(width), size(height), png],
        ..tensor(DataType::String, &[3])
    };
    Some(summary(
        tag.into(),
        "images",
        Vec::new(),
        DataClass::BlobSequence,
        tensor,
    ))
}

fn pr_curve(tag: String, curve: &Curve, positives: u64, negatives: u64) -> Option<SummaryValue> {
    let tensor = Tensor {
        floats: pr_curve::rows(curve, positives, negatives)?,
        ..tensor(DataType::Float, &[6, pr_curve::THRESHOLDS])
    };
    let data = PrCurvePluginData {
        num_thresholds: pr_curve::THRESHOLDS as u32,
    };
    let content = data.encode_to_vec();
    Some(summary(
        tag,
        "pr_curves",
        content,
        DataClass::Tensor,
        tensor,
    ))
}

fn hparams_value(tag: &str, data: HParamsData) -> SummaryValue {
    let content = HParamsPluginData { data: Some(data) }.encode_to_vec();
    // The data is in the metadata; the tensor has no elements.
    let tensor = tensor(DataType::Float, &[0]);
    summary(tag.into(), "hparams", content, DataClass::Unknown, tensor)
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn run_name(dir: &Path) -> String {
    let name = dir.file_name().unwrap_or(dir.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The directory name of a split, different for each split. The empty name stays.
fn directory_name(split: &str) -> String {
    let keep = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut name = split.replace(|c| !keep(c), "-");
    name.truncate(name.floor_char_boundary(MAX_NAME));
    // `.` and `..` are other directories.
    if name == split && !matches!(split, "." | "..") {
        return name;
    }
    format!("{name}-{:08x}", crc32c::crc32c(split.as_bytes()))
}

/// Fails if no file can be created in a directory.
fn check_writable(dir: &Path) -> io::Result<()> {
    let probe = dir.join(format!(".writable-{}", process::id()));
    fs::write(&probe, [])?;
    fs::remove_file(probe)
}

/// A new event file. TensorBoard reads the files of a directory in the order of their names.
fn new_file(dir: &Path) -> io::Result<Appender> {
    loop {
        let time = now();
        let (secs, micros, id) = (time.as_secs(), time.subsec_micros(), process::id());
        let path = dir.join(format!("events.out.tfevents.{secs:010}.{micros:06}.{id}"));
        let version = Event {
            wall_time: time.as_secs_f64(),
            step: 0,
            what: Some(What::FileVersion("brain.Event:2".into())),
        };
        match Appender::create(&path, frame(&version.encode_to_vec())) {
            // Another file of the same microsecond.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && path.exists() => {}
            created => return created,
        }
    }
}

/// The event files in a directory and in the directories right below it, with the directories' names, in order.
fn event_files(dir: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut look = |split: &str, dir: &Path| -> io::Result<Vec<PathBuf>> {
        let mut below = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                below.push(entry.path());
            } else if entry.file_name().to_string_lossy().contains("tfevents") {
                found.push((split.to_string(), entry.path()));
            }
        }
        Ok(below)
    };
    for below in look("", dir)? {
        look(&run_name(&below), &below)?;
    }
    found.sort();
    Ok(found)
}

/// Takes what Burn may ask for from an event file, as far as the file is whole. An event of a step does not
/// name its epoch: it belongs to `epoch`, the epoch after the last one that had a value.
fn read_known(split: &str, mut bytes: &[u8], epoch: &mut usize, known: &mut Known) {
    while let Some(message) = unframe(&mut bytes) {
        let Ok(event) = Event::decode(message) else {
            continue;
        };
        let Some(What::Summary(summary)) = event.what else {
            continue;
        };
        for value in summary.values {
            let number = match value.data {
                Some(Data::Simple(number)) => Some(f64::from(number)),
                _ => None,
            };
            let at = event.step.max(0) as u64;
            match (value.tag.split_once('/'), number) {
                (Some(("epoch", name)), Some(number)) => {
                    let ended = usize::try_from(at).unwrap_or(usize::MAX);
                    *epoch = ended.saturating_add(1);
                    known.add_past(&Record {
                        run: String::new(),
                        split: split.into(),
                        epoch: ended,
                        step: None,
                        name: name.into(),
                        value: number.into(),
                        unit: None,
                        class_names: Vec::new(),
                    });
                }
                (Some(("step", _)), Some(_)) => known.add_past_step(split, *epoch, at),
                _ => {}
            }
        }
    }
}
