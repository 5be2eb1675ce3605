//! What a collection computes: names to values, in order.

use crate::{MetricError, Rejected, Value, framework::value::format_number};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// One metric's outcome in a [`MetricReport`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportEntry {
    /// The metric's name in the collection.
    pub name: String,
    /// Its value, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<Value>,
    /// Why it has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// What the metric's accumulator saw and did not use.
    pub rejected: Rejected,
    /// The names of the value's classes, labels or outputs: one name for each, or an empty list.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub class_names: Vec<String>,
}

impl ReportEntry {
    /// The value in words, with the names of its classes; or the reason why there is no value.
    pub fn text(&self) -> String {
        match (&self.value, &self.error) {
            (Some(value), _) => value.named(&self.class_names),
            (None, Some(error)) => format!("N/A: {error}"),
            (None, None) => "N/A".to_string(),
        }
    }

    /// The name of a class, or else its number.
    pub fn class_name(&self, class: usize) -> String {
        let name = self.class_names.get(class).cloned();
        name.unwrap_or_else(|| class.to_string())
    }
}

/// Ordered names and values of a collection. `Display` is an aligned table; serde gives JSON.
///
/// A metric that failed has the reason in place of a value. The other metrics keep their values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricReport {
    /// The entries in the order of the collection.
    pub entries: Vec<ReportEntry>,
}

impl MetricReport {
    /// The value of a metric, if it is in the report and has one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entry(name)?.value.as_ref()
    }

    /// The value of a scalar metric.
    pub fn scalar(&self, name: &str) -> Option<f64> {
        self.get(name)?.scalar()
    }

    /// The whole entry of a metric.
    pub fn entry(&self, name: &str) -> Option<&ReportEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// All numbers by flat names, as loggers take them: a scalar by its metric's name, and each number
    /// of a value per class by that name, `_`, and the name of the class (or its number). If a flat name
    /// is taken, `_` and the class's number follow it. The numbers of a [`Value::Record`] have the
    /// metric's name, `_` and the [field's](Value::flat_numbers).
    ///
    /// Reference: TorchMetrics 1.9.0 `ClasswiseWrapper`, whose default prefix is the name of the class in
    /// Python, `multiclassaccuracy_`; a name of two classes is one key there.
    pub fn scalars(&self) -> Vec<(String, f64)> {
        let mut scalars = Vec::new();
        let mut taken: BTreeSet<String> = self.entries.iter().map(|e| e.name.clone()).collect();
        for entry in &self.entries {
            let Some(value) = &entry.value else { continue };
            if let Some(number) = value.scalar() {
                scalars.push((entry.name.clone(), number));
            }
            for (class, number) in value.per_class().into_iter().flatten().enumerate() {
                let mut flat = format!("{}_{}", entry.name, entry.class_name(class));
                while !taken.insert(flat.clone()) {
                    flat += &format!("_{class}");
                }
                scalars.push((flat, *number));
            }
            let fields = value.flat_numbers(&entry.class_names).into_iter();
            for (place, (field, number)) in fields.enumerate() {
                let mut flat = format!("{}_{field}", entry.name);
                while !taken.insert(flat.clone()) {
                    flat += &format!("_{place}");
                }
                scalars.push((flat, number));
            }
        }
        scalars
    }

    /// The metrics that have no value, with their reasons.
    pub fn errors(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .filter_map(|e| Some((e.name.as_str(), e.error.as_deref()?)))
    }

    /// A table in Markdown: a row per metric, with the value, or why there is none. Lists, matrices
    /// and curves are named by their size, since they do not fit in a cell; a list of up to ten
    /// numbers does.
    ///
    /// ```
    /// use metrics_core::{MetricCollection, batch::Binary, classification::Accuracy};
    /// use burn::tensor::{Device, Int, Tensor};
    ///
    /// let device = Device::default();
    /// let scores = Tensor::<1>::from_floats([0.9, 0.2], &device);
    /// let target = Tensor::<1, Int>::from_ints([1, 1], &device);
    /// let mut metrics = MetricCollection::new().with(Accuracy::binary());
    /// metrics.update(&Binary::from_scores(scores, target)?)?;
    /// let table = "| metric | value |\n| --- | --- |\n| accuracy | 0.5000 |\n";
    /// assert_eq!(metrics.compute()?.to_markdown(), table);
    /// # Ok::<(), metrics_core::MetricError>(())
    /// ```
    pub fn to_markdown(&self) -> String {
        let mut table = "| metric | value |\n| --- | --- |\n".to_string();
        for entry in &self.entries {
            let mut value = match &entry.value {
                Some(value) => value.summarized(&entry.class_names),
                None => entry.text(),
            };
            if entry.error.is_none() && entry.rejected.invalid() > 0 {
                value += &format!(" (without {})", entry.rejected);
            }
            table += &format!("| {} | {} |\n", cell(&entry.name), cell(&value));
        }
        table
    }

    pub(crate) fn push(
        &mut self,
        name: &str,
        value: Result<Value, MetricError>,
        rejected: Rejected,
        class_names: &[String],
    ) {
        let (value, error) = match value {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let classes = value.as_ref().and_then(Value::classes);
        self.entries.push(ReportEntry {
            name: name.to_string(),
            error,
            rejected,
            class_names: if classes == Some(class_names.len()) {
                class_names.to_vec()
            } else {
                Vec::new()
            },
            value,
        });
    }
}

impl fmt::Display for MetricReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .entries
            .iter()
            .map(|e| e.name.chars().count())
            .max()
            .unwrap_or(0);
        for (i, entry) in self.entries.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{:<width$}  ", entry.name)?;
            match (&entry.value, &entry.error) {
                (Some(Value::Scalar(value)), _) => write!(f, "{:>10}", format_number(*value))?,
                (Some(_), _) => {
                    let text = entry.text();
                    if text.contains('\n') {
                        text.lines().try_for_each(|line| write!(f, "\n  {line}"))?
                    } else {
                        f.write_str(&text)?
                    }
                }
                (None, Some(error)) => write!(f, "{:>10}  {error}", "N/A")?,
                (None, None) => write!(f, "{:>10}", "N/A")?,
            }
            if entry.error.is_none() && entry.rejected.invalid() > 0 {
                write!(f, "  (without {})", entry.rejected)?;
            }
        }
        Ok(())
    }
}

/// Text that stays in its cell of a Markdown table and is no markup there.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => cell.push(' '),
            '<' => cell.push_str("&lt;"),
            '|' | '\\' | '`' | '*' | '[' | ']' => cell.extend(['\\', c]),
            c => cell.push(c),
        }
    }
    cell
}
