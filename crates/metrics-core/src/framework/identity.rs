//! What a saved state is known by.

use crate::MetricError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// What a saved state is known by, see [`Accumulator::identity`](crate::Accumulator::identity).
///
/// `Display` is how errors name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    kind: String,
    version: u32,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    options: Value,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    of: Vec<Identity>,
    /// Why the options could not be serialized.
    #[serde(skip)]
    flaw: Option<String>,
}

impl Identity {
    /// An identity with a kind that no other accumulator has, such as `my_project/largest_errors`, and the version
    /// of its summary's format. If the summary's fields or their meaning change, the version goes up by 1.
    pub fn new(kind: impl Into<String>, version: u32) -> Self {
        Self {
            kind: kind.into(),
            version,
            options: Value::Null,
            of: Vec::new(),
            flaw: None,
        }
    }

    /// Adds the options, usually by serializing the accumulator itself.
    ///
    /// Names of fields are part of the identity. JSON does not tell NaN and infinities apart: an option that
    /// can have such a value needs a serialization of its own.
    pub fn with(mut self, options: &impl Serialize) -> Self {
        match serde_json::to_value(options) {
            Ok(options) => self.options = options,
            Err(error) => self.flaw = Some(error.to_string()),
        }
        self
    }

    /// Adds the identity of an accumulator that this one is made of.
    pub fn of(mut self, inner: Identity) -> Self {
        self.of.push(inner);
        self
    }

    /// The kind, such as `confusion/binary`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version of the summary's format.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The options; null if there are none.
    pub fn options(&self) -> &Value {
        &self.options
    }

    /// The accumulators that this one is made of.
    pub fn parts(&self) -> &[Identity] {
        &self.of
    }

    /// Fails unless a saved state with the other identity is one of this accumulator.
    pub(crate) fn check_saved(&self, saved: Option<&Identity>) -> Result<(), MetricError> {
        self.check()?;
        if saved == Some(self) {
            return Ok(());
        }
        Err(MetricError::MergeMismatch {
            left: self.to_string(),
            right: match saved {
                Some(identity) => identity.to_string(),
                None => "a state without identity".into(),
            },
        })
    }

    /// Fails if the options could not be serialized.
    pub(crate) fn check(&self) -> Result<(), MetricError> {
        if let Some(flaw) = &self.flaw {
            return Err(MetricError::saved(format!(
                "the options of {} are no data: {flaw}",
                self.kind
            )));
        }
        self.of.iter().try_for_each(Identity::check)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", self.kind, self.version)?;
        if !self.options.is_null() {
            write!(f, " ({})", Words(&self.options))?;
        }
        for (i, inner) in self.of.iter().enumerate() {
            let joined = if i == 0 { "of" } else { "and" };
            write!(f, " {joined} {inner}")?;
        }
        Ok(())
    }
}

/// Options without the punctuation of JSON.
struct Words<'a>(&'a Value);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("none"),
            Value::String(text) => f.write_str(text),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Array(values) => {
                let parts: Vec<_> = values.iter().map(|v| Words(v).to_string()).collect();
                write!(f, "[{}]", parts.join(", "))
            }
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| format!("{name} {}", Words(value));
                let parts: Vec<_> = fields.iter().map(field).collect();
                f.write_str(&parts.join(", "))
            }
        }
    }
}
