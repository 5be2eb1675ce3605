//! What can go wrong, with the values that caused it.

// Longer than most: one enum, most of it what each error says.

use crate::{Batch, LabelRanges, Rejected, ScoreKinds};
use std::{error::Error, fmt, sync::Arc};

/// The error that another error comes from. Two causes are equal if their texts are.
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    /// From an error, or from its text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// The error itself, to be downcast.
    pub fn get_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Errors of this crate. Every variant names the offending values or shapes; an operation that
/// returns one has left the state as it was.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Two tensors whose shapes must agree do not.
    #[error(
        "{left_name} has shape {left:?}, which does not fit {right_name} with shape {right:?}{hint}"
    )]
    ShapeMismatch {
        /// What the left tensor is.
        left_name: &'static str,
        /// Its shape.
        left: Vec<usize>,
        /// What the right tensor is.
        right_name: &'static str,
        /// Its shape.
        right: Vec<usize>,
        /// What was expected, starting with `": "`, or empty.
        hint: &'static str,
    },
    /// The batch is in double precision, and the device has sums in single precision only.
    #[error(
        "the batch is f64, and sums on {device} are f32; move its tensors to a CPU device (Flex or NdArray), where f64 counts as f64, or cast them to f32"
    )]
    DoublePrecision {
        /// The device.
        device: String,
    },
    /// Two tensors of one batch are on different devices.
    #[error("{left_name} is on {left}, but {right_name} on {right}")]
    DeviceMismatch {
        /// What the left tensor is.
        left_name: &'static str,
        /// Its device.
        left: String,
        /// What the right tensor is.
        right_name: &'static str,
        /// Its device.
        right: String,
    },
    /// Two tensors have different dtypes.
    #[error("{left_name} is {left}, but {right_name} is {right}; cast one of them")]
    DTypeMismatch {
        /// What the left tensor is.
        left_name: &'static str,
        /// Its dtype.
        left: String,
        /// What the right tensor is.
        right_name: &'static str,
        /// Its dtype.
        right: String,
    },
    /// The batch has another number of classes, labels or outputs than the metric.
    #[error(
        "the metric was made for {expected} {unit}, but the batch has {found} (shape {shape:?}){rest}",
        rest = of_width(unit)
    )]
    WidthMismatch {
        /// `classes`, `labels` or `outputs`.
        unit: &'static str,
        /// What the metric was made for.
        expected: usize,
        /// What the batch has.
        found: usize,
        /// The shape of the batch's predictions.
        shape: Vec<usize>,
    },
    /// Sums of finite numbers left the range of numbers, which is that of `f32` on devices.
    #[error(
        "the {what} of the data add up to more than a sum can hold (3.4e38 where sums are f32, as on a GPU); scale the data, or compute on a CPU, where sums are f64"
    )]
    Overflow {
        /// What is added up.
        what: &'static str,
    },
    /// Batches with different numbers of outputs came to one state of a metric that takes as many as a batch has.
    #[error(
        "batches of {fewest} and of {most} outputs came to one state; give the metric batches of one width"
    )]
    MixedOutputs {
        /// The fewest outputs.
        fewest: usize,
        /// The most outputs.
        most: usize,
    },
    /// Batches of points with different numbers of coordinates came to one state.
    #[error(
        "points of {fewest} and of {most} dimensions came to one state; give the metric points of one width"
    )]
    MixedDimensions {
        /// The fewest dimensions.
        fewest: usize,
        /// The most dimensions.
        most: usize,
    },
    /// The metric needs scores, the batch holds predicted labels.
    #[error("{metric} needs a score for every class, but the batch holds predicted labels")]
    ScoresRequired {
        /// The accumulator that asked.
        metric: &'static str,
    },
    /// The batch has weights, and the metric takes none.
    #[error(
        "the batch is weighted, but the state `{accumulator}` does not take weights; leave out `with_weights` for this \
         metric"
    )]
    WeightsUnsupported {
        /// The metric's accumulator.
        accumulator: &'static str,
    },
    /// The metric has a value per sample, and the samples have one element each.
    #[error(
        "a value per sample needs samples of several elements: a batch made of tensors with more dimensions than the samples' (and the classes' or labels')"
    )]
    SamplesRequired,
    /// One batch holds more elements than a 32-bit device counter can count.
    #[error(
        "a batch of {rows} elements is larger than the {limit} that one update can count; split it"
    )]
    BatchTooLarge {
        /// Elements in the batch.
        rows: usize,
        /// The limit.
        limit: usize,
    },
    /// A metric was given arguments it cannot work with.
    #[error("invalid option: {0}")]
    InvalidOption(String),
    /// Nothing was accumulated, so there is no value.
    #[error("nothing to compute from: {}", unseen(rejected))]
    Empty {
        /// What was seen but not counted.
        rejected: Rejected,
    },
    /// The targets that were seen give no value, such as an area under a curve where no target is negative.
    #[error(
        "`{metric}` is undefined: {why}; accumulate more elements before computing it, or leave it out of data of one class"
    )]
    Undefined {
        /// The metric.
        metric: String,
        /// What is missing.
        why: String,
    },
    /// Values in the data were invalid. They were counted and left out of the state.
    #[error("invalid values in the data: {0}; they were left out{rest}", rest = remedy(.0))]
    InvalidData(Rejected),
    /// Some batches had scores that were taken for probabilities and others scores that were taken for logits. A value
    /// of both would depend on how the data were cut into batches.
    #[error(
        "{} of the batches {} taken for probabilities and {} for logits, which have a score outside [0, 1]; say what all of them are: `batch.score_kind(ScoreKind::Logits)`, or `ScoreKind::Probabilities`, and in the Learner `LearnerMetricsBuilder::scores`",
        .0.probabilities,
        if .0.probabilities == 1 { "was" } else { "were" },
        .0.logits
    )]
    MixedScores(ScoreKinds),
    /// The value needs more elements than were seen.
    #[error("needs at least {needed} elements, saw {found}")]
    TooFew {
        /// How many are needed.
        needed: u64,
        /// How many were seen.
        found: u64,
    },
    /// Two summaries count more elements together than a state can count: both are altered, or were merged too often.
    #[error(
        "the two states count at least {found} elements together, and a state counts at most {limit}; was one of them altered or merged into itself?"
    )]
    TooManyElements {
        /// What both count; `u64::MAX` if it is more.
        found: u64,
        /// What a state counts at most.
        limit: u64,
    },
    /// Queries lack the documents that their value takes, and were not to count as 0 or 1.
    #[error(
        "`{metric}`: {without} of {all} queries have no {needs} document and so no value; EmptyQuery::Zero or EmptyQuery::One gives them one, EmptyQuery::Skip leaves them out as long as others are left"
    )]
    EmptyQueries {
        /// The metric.
        metric: &'static str,
        /// What queries lack: `relevant` or `irrelevant`.
        needs: &'static str,
        /// How many queries lack it.
        without: usize,
        /// How many queries there are.
        all: usize,
    },
    /// Two summaries that do not describe the same accumulation were merged.
    #[error("cannot merge summaries of different accumulators: {left} and {right}")]
    MergeMismatch {
        /// What the receiver holds.
        left: String,
        /// What was to be merged into it.
        right: String,
    },
    /// A collection has two metrics of one name.
    #[error("two metrics are named `{0}`; give one another name with `MetricCollection::named`")]
    DuplicateName(String),
    /// A collection has no metric of that name.
    #[error("there is no metric named `{name}`; there are {}", listed(known))]
    UnknownName {
        /// The name.
        name: String,
        /// The names of the metrics that are there.
        known: Vec<String>,
    },
    /// Metrics of a collection refuse a batch.
    #[error("{}: {cause}", listed(metrics))]
    Refused {
        /// The metrics that share the state that refuses it.
        metrics: Vec<String>,
        /// Why.
        cause: Box<MetricError>,
    },
    /// Reading the state from the device failed.
    #[error("reading the metric state from the device failed: {0}")]
    Read(#[source] Cause),
    /// A file of texts cannot be read, or does not fit another one.
    #[error("line {line} of the texts: {cause}")]
    Lines {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong.
        #[source]
        cause: Cause,
    },
    /// A saved state does not fit the metric.
    #[error("the saved state does not fit: {0}")]
    Saved(#[source] Cause),
    /// A summary is of another type than the metric takes.
    #[error("the summary is of another type than the metric takes")]
    SummaryType,
    /// A metric panicked, here with what it said.
    #[error("panicked: {0}")]
    Panicked(String),
    /// A metric of a collection panicked or failed to merge, so its states no longer agree. A reset helps.
    #[error("a metric panicked or failed to merge, so the states no longer agree until a reset")]
    Interrupted,
    /// The closure of a [`custom_metric`](crate::custom_metric) returned another number of sums.
    #[error("`{metric}` was made for {expected} sums, but its closure returned {found}")]
    WrongSums {
        /// The metric.
        metric: String,
        /// How many sums it was made for.
        expected: usize,
        /// How many the closure returned.
        found: u64,
    },
    /// The batch has weights, and what a [`Task`](crate::wrappers::Task) makes of it has none.
    #[error("the batch is weighted, but what task `{task}` makes of it is not")]
    TaskWeights {
        /// The name of the task.
        task: String,
    },
    /// The value of a metric has another form than its use needs, such as one number.
    #[error("`{metric}` {what}")]
    WrongValue {
        /// The metric.
        metric: String,
        /// What is wrong with its value.
        what: String,
    },
    /// A metric of the user's own failed. This library has a variant for each of its own errors.
    #[error("{0}")]
    Custom(String),
}

/// Names in backticks: the first six, and how many more there are.
fn listed(names: &[String]) -> String {
    let mut shown: Vec<_> = (names.iter().take(6))
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len() {
        0 => shown.push("none".into()),
        all if all > shown.len() => shown.push(format!("{} more", all - shown.len())),
        _ => {}
    }
    shown.join(", ")
}

/// Why nothing was counted.
fn unseen(rejected: &Rejected) -> String {
    if *rejected == Rejected::default() {
        "no element was seen; `update` with a batch comes first".to_string()
    } else {
        format!("no valid element was seen ({rejected})")
    }
}

/// How a metric and a batch get the same width.
fn of_width(unit: &str) -> &'static str {
    match unit {
        "classes" | "labels" => "; make the metric for as many as the model has scores",
        "outputs" => {
            "; `Regression::multi_output` keeps columns as outputs, `Regression::new` makes one output of all, and \
             `outputs(n)` is how many the metric takes"
        }
        _ => "",
    }
}

/// What to do about invalid values, by the reasons that occur.
fn remedy(rejected: &Rejected) -> String {
    let reasons = [
        (
            rejected.invalid_targets > 0,
            "a valid target is a label of the task, such as 0, 1 or 2 of 3 classes; `ignore_index` leaves out a label",
        ),
        (
            rejected.invalid_predictions > 0,
            "a valid predicted label is one of the task, and scores go to `from_scores`",
        ),
        (
            rejected.nan > 0,
            "a value counts as NaN if it is NaN or has no finite term, and if it is outside [0, 1] among declared \
             probabilities (`score_kind(ScoreKind::Logits)` takes logits)",
        ),
        (
            rejected.invalid_weights > 0,
            "a valid weight is finite and at least 0",
        ),
        (
            rejected.invalid() > 0,
            "`Validation::Ignore` computes without them, `Validation::Eager` fails at their batch",
        ),
    ];
    let texts = reasons.into_iter().filter(|(occurs, _)| *occurs);
    let known = rejected.labels != LabelRanges::default();
    let labels = known.then(|| format!("; {}", rejected.labels));
    let texts = texts.map(|(_, text)| format!("; {text}"));
    labels.into_iter().chain(texts).collect()
}

impl MetricError {
    /// The error without the names of the metrics that refuse a batch: the cause of a
    /// [`Refused`](Self::Refused), else the error itself.
    pub fn reason(&self) -> &Self {
        match self {
            Self::Refused { cause, .. } => cause.reason(),
            other => other,
        }
    }

    /// Invalid labels, with those of the batch that has them.
    pub(crate) fn with_labels(self, batch: &impl Batch) -> Self {
        match self {
            Self::InvalidData(mut rejected)
                if rejected.invalid_targets > 0 || rejected.invalid_predictions > 0 =>
            {
                rejected.labels = batch.labels();
                Self::InvalidData(rejected)
            }
            other => other,
        }
    }

    /// An invalid option of a metric with this name.
    pub(crate) fn of_metric(self, name: &str) -> Self {
        match self {
            Self::InvalidOption(what) => Self::InvalidOption(format!("`{name}`: {what}")),
            other => other,
        }
    }

    /// A name that is not among the known ones.
    pub fn unknown_name(name: &str, known: impl IntoIterator<Item = String>) -> Self {
        Self::UnknownName {
            name: name.to_string(),
            known: known.into_iter().collect(),
        }
    }

    /// A saved state that does not fit.
    pub fn saved(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Saved(Cause::new(cause))
    }

    /// A failed read.
    pub fn read(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Read(Cause::new(cause))
    }

    /// A value that the targets do not define.
    pub(crate) fn undefined(metric: String, why: String) -> Self {
        Self::Undefined { metric, why }
    }

    /// A value of another form than its use needs.
    pub(crate) fn wrong_value(metric: String, what: impl Into<String>) -> Self {
        let what = what.into();
        Self::WrongValue { metric, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_keep_what_they_come_from() {
        let damaged = || serde_json::from_str::<u32>("[").unwrap_err();
        let error = MetricError::saved(damaged());
        let source = error
            .source()
            .and_then(|cause| cause.downcast_ref::<Cause>());
        assert!(source.unwrap().get_ref().is::<serde_json::Error>());
        assert_eq!(error.clone(), MetricError::saved(damaged()));
        assert_ne!(error, MetricError::saved("other"));
        assert!(error.to_string().contains(&damaged().to_string()));
        assert!(MetricError::read("no device").source().is_some());
    }
}
