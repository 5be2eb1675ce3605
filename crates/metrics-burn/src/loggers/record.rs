//! One logged value.

use burn::train::metric::store::Split;
use metrics_core::Value;
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;

/// One value of one metric: of a step, or of an epoch.
///
/// In JSON a finite number is a number, NaN and infinities are the strings `"NaN"`, `"inf"` and
/// `"-inf"`, any other string is a text, and an object is a [`Value`].
///
/// ```
/// use metrics_burn::loggers::Record;
///
/// let record = Record {
///     run: "baseline".into(),
///     split: "valid".into(),
///     epoch: 3,
///     step: None,
///     name: "accuracy".into(),
///     value: 0.75.into(),
///     unit: None,
///     class_names: vec![],
/// };
/// let json = serde_json::to_string(&record)?;
/// assert_eq!(
///     json,
///     r#"{"run":"baseline","split":"valid","epoch":3,"step":null,"name":"accuracy","value":0.75}"#
/// );
/// assert_eq!(serde_json::from_str::<Record>(&json)?, record);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The run that logged.
    pub run: String,
    /// `train`, `valid`, `test`, or `test-` and the tag or [number](crate::SplitKind::label) of a
    /// test set.
    pub split: String,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The step, counted over all epochs of the split from 1; none for the value of an epoch.
    pub step: Option<u64>,
    /// The name of the metric.
    pub name: String,
    /// Its value.
    pub value: RecordValue,
    /// The unit of the value, such as `%` of a metric that is [logged in percent](crate::LogPolicy::percent).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unit: Option<String>,
    /// The names of the value's classes, if the report has them: one name for each, or an empty list.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub class_names: Vec<String>,
}

/// A value that is not one number, as the text that Burn passes to its loggers: the value's own JSON,
/// with the names of its classes if there are any.
#[derive(Serialize, Deserialize)]
pub(crate) struct NamedValue<'a> {
    #[serde(flatten)]
    pub value: Cow<'a, Value>,
    #[serde(skip_serializing_if = "<[String]>::is_empty", default)]
    pub class_names: Cow<'a, [String]>,
}

/// What a [`Record`] holds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Json")]
#[non_exhaustive]
pub enum RecordValue {
    /// A number, possibly NaN or infinite.
    Number(f64),
    /// A value that is not one number, such as a confusion matrix.
    Value(Value),
    /// The text of a metric from another crate.
    Text(String),
}

/// What is in the JSON.
#[derive(Deserialize)]
#[serde(untagged)]
enum Json {
    Number(f64),
    Text(String),
    Value(Value),
}

impl From<Json> for RecordValue {
    fn from(json: Json) -> Self {
        match json {
            Json::Number(number) => Self::Number(number),
            Json::Value(value) => value.into(),
            Json::Text(text) => match text.as_str() {
                "NaN" => Self::Number(f64::NAN),
                "inf" => Self::Number(f64::INFINITY),
                "-inf" => Self::Number(f64::NEG_INFINITY),
                _ => Self::Text(text),
            },
        }
    }
}

impl Serialize for RecordValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) if number.is_finite() => serializer.serialize_f64(*number),
            Self::Number(number) => serializer.collect_str(number),
            Self::Value(value) => value.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl RecordValue {
    /// The number, if the value is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// What a text metric logged: a value of ours with the names of its classes, or any text.
    pub(super) fn from_text(text: &str) -> (Self, Vec<String>) {
        match serde_json::from_str::<NamedValue>(text) {
            Ok(named) => (
                named.value.into_owned().into(),
                named.class_names.into_owned(),
            ),
            Err(_) => (Self::Text(text.to_string()), Vec::new()),
        }
    }
}

impl From<f64> for RecordValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Value> for RecordValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Scalar(number) => Self::Number(number),
            value => Self::Value(value),
        }
    }
}

/// The name of a split of Burn's.
pub(super) fn split_name(split: &Split) -> String {
    match split {
        Split::Test(Some(tag)) => format!("test-{tag}"),
        split => split.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_same_with_names_and_without() {
        let value = Value::PerClass(vec![0.5, f64::INFINITY]);
        let names = ["cat", "dog"].map(String::from);
        for class_names in [&names[..], &[]] {
            let named = NamedValue {
                value: Cow::Borrowed(&value),
                class_names: Cow::Borrowed(class_names),
            };
            let text = serde_json::to_string(&named).unwrap();
            if class_names.is_empty() {
                // As logs have it from before there were names.
                assert_eq!(text, serde_json::to_string(&value).unwrap());
            }
            let (read, read_names) = RecordValue::from_text(&text);
            assert_eq!(read, RecordValue::Value(value.clone()));
            assert_eq!(read_names, class_names);
        }
        let text = ("0.5 of it".to_string(), RecordValue::from_text("0.5 of it"));
        assert_eq!(text.1, (RecordValue::Text(text.0), vec![]));
    }
}
