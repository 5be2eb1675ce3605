//! What is logged of a metric, when, and how it is shown.

use crate::SplitKind;
use metrics_core::{MetricError, Value};

/// Which steps log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnStep {
    /// No step: the device is read once per epoch.
    #[default]
    Never,
    /// Every `n` steps (0 counts as 1), counted from the start of the epoch.
    Every(usize),
}

impl OnStep {
    /// Between two steps that log.
    pub(crate) fn interval(self) -> Option<usize> {
        match self {
            OnStep::Never => None,
            OnStep::Every(n) => Some(n.max(1)),
        }
    }
}

/// What a step logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StepValue {
    /// The value of the step's batch alone.
    #[default]
    Batch,
    /// The value of the epoch so far.
    Running,
    /// The value of the last `n` steps of the epoch as one set, not a mean of their values. The
    /// split keeps a summary on the host for each segment between two logging steps in the window.
    Window(usize),
}

impl StepValue {
    /// How many steps back it reaches; `None` for the whole epoch.
    pub(crate) fn reach(self) -> Option<usize> {
        match self {
            StepValue::Batch => Some(1),
            StepValue::Running => None,
            StepValue::Window(n) => Some(n),
        }
    }
}

/// How one metric of one split is logged. The default is one value per epoch, displayed.
///
/// See [`LearnerMetricsBuilder::log`](crate::LearnerMetricsBuilder::log).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogPolicy {
    pub(crate) on_step: OnStep,
    pub(crate) step_value: StepValue,
    pub(crate) skip_epoch: bool,
    pub(crate) hidden: bool,
    pub(crate) percent: bool,
    pub(crate) unit: Option<String>,
    pub(crate) precision: Option<usize>,
    pub(crate) prefix: String,
    pub(crate) postfix: String,
}

impl LogPolicy {
    /// Which steps log; default: none. A step reads the device once, however many metrics log at it.
    /// A metric that is not a number is logged per epoch only.
    pub fn on_step(mut self, on_step: OnStep) -> Self {
        self.on_step = on_step;
        self
    }

    /// What a step logs; default: the value of its batch.
    pub fn step_value(mut self, value: StepValue) -> Self {
        self.step_value = value;
        self
    }

    /// Whether the value of the epoch is logged; default: yes. The results have it in any case.
    pub fn on_epoch(mut self, on_epoch: bool) -> Self {
        self.skip_epoch = !on_epoch;
        self
    }

    /// Keeps the metric off the progress display; it is still in every log, and Burn's strategies
    /// find it. Takes effect through [`LearnerMetrics::display`](crate::LearnerMetrics::display).
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Undoes [`hidden`](Self::hidden).
    pub fn displayed(mut self) -> Self {
        self.hidden = false;
        self
    }

    /// Logs 100 times the value, with the unit `%`. Results and reports keep the fraction.
    pub fn percent(mut self) -> Self {
        self.percent = true;
        self
    }

    /// The unit Burn shows, such as `"ms"`.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// How many decimals the display shows; by default four, or more if a small number needs them. Logs
    /// have every digit.
    pub fn precision(mut self, decimals: usize) -> Self {
        self.precision = Some(decimals);
        self
    }

    /// The text before the metric's name in Burn, such as `"valid "`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The text after the metric's name in Burn, before `_step` or `_epoch`.
    pub fn postfix(mut self, postfix: impl Into<String>) -> Self {
        self.postfix = postfix.into();
        self
    }

    pub(crate) fn check(&self) -> Result<(), MetricError> {
        let invalid = |what: String| Err(MetricError::InvalidOption(what));
        match (self.step_value, self.precision) {
            (StepValue::Window(0), _) => invalid("a window of 0 steps has no value".into()),
            (_, Some(decimals)) if decimals > 17 => invalid(format!(
                "a precision of {decimals} decimals: a number has no more than 17"
            )),
            _ => Ok(()),
        }
    }

    /// The number Burn gets for a metric's value.
    pub(crate) fn number(&self, value: f64) -> f64 {
        if self.percent { 100.0 * value } else { value }
    }

    pub(crate) fn shown_unit(&self) -> Option<String> {
        let percent = self.percent.then(|| "%".to_string());
        self.unit.clone().or(percent)
    }

    /// A number that Burn has, as text with its unit.
    pub(crate) fn text(&self, number: f64) -> String {
        let text = match self.precision {
            Some(decimals) => format!("{number:.decimals$}"),
            None => Value::Scalar(number).to_string(),
        };
        match self.shown_unit() {
            Some(unit) => format!("{text} {unit}"),
            None => text,
        }
    }
}

/// The metrics and the splits that a [`LogPolicy`] is for.
///
/// ```
/// use metrics_burn::Select;
///
/// Select::all();
/// Select::all().train();
/// Select::metric("accuracy").train().valid();
/// Select::metrics(["roc", "confusion_matrix"]).test();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Select {
    /// All, if none is named.
    pub(crate) names: Option<Vec<String>>,
    splits: Vec<SplitKind>,
}

impl Select {
    /// Every metric in every split.
    pub fn all() -> Self {
        Self::default()
    }

    /// One metric, by its name in the collection.
    pub fn metric(name: impl Into<String>) -> Self {
        Self::metrics([name.into()])
    }

    /// Several metrics, by their names in the collection.
    pub fn metrics<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self {
            names: Some(names.into_iter().map(Into::into).collect()),
            splits: Vec::new(),
        }
    }

    /// Only when training (or another split that is named as well).
    pub fn train(mut self) -> Self {
        self.splits.push(SplitKind::Train);
        self
    }

    /// Only when validating (or another split that is named as well).
    pub fn valid(mut self) -> Self {
        self.splits.push(SplitKind::Valid);
        self
    }

    /// Only on test sets (or another split that is named as well).
    pub fn test(mut self) -> Self {
        self.splits.push(SplitKind::Test(0));
        self
    }

    pub(crate) fn covers(&self, metric: &str, split: SplitKind) -> bool {
        let named = (self.names.as_ref()).is_none_or(|names| names.iter().any(|n| n == metric));
        named && (self.splits.is_empty() || self.splits.contains(&split))
    }
}
