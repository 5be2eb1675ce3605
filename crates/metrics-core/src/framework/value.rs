//! The values metrics have.

// Longer than most: one enum, with what each of its kinds is as numbers, by name and as text.

mod display;

use crate::states::ClassCounts;
pub(crate) use display::format_number;
use display::{NamedMatrix, SHOWN, Scores, format_count, in_fields, named_matrices, range};
use serde::{Deserialize, Serialize};

/// A matrix of numbers, row by row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// The entries, row by row.
    #[serde(with = "crate::number::list")]
    pub data: Vec<f64>,
    /// Whether the entries are shares, as with a [`Normalize`](crate::classification::Normalize).
    #[serde(default)]
    pub normalized: bool,
}

impl Matrix {
    /// The entry at a row and a column.
    pub fn get(&self, row: usize, col: usize) -> f64 {
        self.data[row * self.cols + col]
    }
}

/// A curve: two coordinates per threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What `x` is, such as `"false positive rate"`.
    pub x_name: String,
    /// What `y` is, such as `"true positive rate"`.
    pub y_name: String,
    /// First coordinate.
    #[serde(with = "crate::number::list")]
    pub x: Vec<f64>,
    /// Second coordinate.
    #[serde(with = "crate::number::list")]
    pub y: Vec<f64>,
    /// The thresholds; a precision-recall curve has one fewer than points, and a mean curve none.
    #[serde(with = "crate::number::list")]
    pub thresholds: Vec<f64>,
    /// How many elements the rates are shares of; `None` for a curve that is an average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<Support>,
}

/// How many elements of each kind a curve is made of. If elements have weights, the sums of their weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Support {
    /// Elements of the class or label.
    #[serde(with = "crate::number")]
    pub positives: f64,
    /// All others.
    #[serde(with = "crate::number")]
    pub negatives: f64,
}

impl Support {
    /// The share of positives, which is the precision of guessing; NaN without elements.
    pub fn prevalence(&self) -> f64 {
        self.positives / (self.positives + self.negatives)
    }
}

/// One bin of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// The least confidence in the bin.
    #[serde(with = "crate::number")]
    pub lower: f64,
    /// The confidence at which the next bin begins.
    #[serde(with = "crate::number")]
    pub upper: f64,
    /// How many elements it holds, each by its weight if it has one.
    #[serde(with = "crate::number")]
    pub count: f64,
    /// Their mean confidence; NaN without elements.
    #[serde(with = "crate::number")]
    pub confidence: f64,
    /// The share of its elements that was right; NaN without elements.
    #[serde(with = "crate::number")]
    pub accuracy: f64,
}

/// Points chosen on curves: the metric's value at the point, and the score from which on the value is
/// reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoints {
    /// The value at the chosen point: one, or one per class or label; NaN for a class without the targets it needs.
    #[serde(with = "crate::number::list")]
    pub values: Vec<f64>,
    /// Its threshold; NaN where no point meets the condition.
    #[serde(with = "crate::number::list")]
    pub thresholds: Vec<f64>,
}

/// A number with its interval, at the level of confidence that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value of the data at hand.
    #[serde(with = "crate::number")]
    pub value: f64,
    /// The lower end of the interval.
    #[serde(with = "crate::number")]
    pub lower: f64,
    /// The upper end of the interval.
    #[serde(with = "crate::number")]
    pub upper: f64,
}

/// The rate by which decisions about members of groups are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// The rate of positive predictions.
    DemographicParity,
    /// The true positive rate.
    EqualOpportunity,
}

/// How far apart the rates of groups are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Disparity {
    /// Which rate.
    pub criterion: Criterion,
    /// The groups with the lowest and the highest rate; `None` if no group has one.
    pub groups: Option<[usize; 2]>,
    /// The lowest rate over the highest.
    #[serde(with = "crate::number")]
    pub ratio: f64,
}

impl Disparity {
    /// The criterion and the groups, as TorchMetrics has them: `DP_0_1`, `EO_0_1`.
    pub fn name(&self) -> String {
        let criterion = match self.criterion {
            Criterion::DemographicParity => "DP",
            Criterion::EqualOpportunity => "EO",
        };
        match self.groups {
            Some([low, high]) => format!("{criterion}_{low}_{high}"),
            None => criterion.to_string(),
        }
    }
}

impl OperatingPoints {
    /// Each point in words.
    fn parts(&self) -> Vec<String> {
        let pairs = self.values.iter().zip(&self.thresholds);
        pairs
            .map(|(v, t)| format!("{} at {}", format_number(*v), format_number(*t)))
            .collect()
    }
}

/// One part of a [`Value::Record`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// What it is, such as `p_value`: a word in the style of metrics' names.
    pub name: String,
    /// Its value: most often a number, or one number per class.
    pub value: Value,
}

/// The value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Value {
    /// One number.
    Scalar(#[serde(with = "crate::number")] f64),
    /// One number with an interval.
    Estimate(Estimate),
    /// One number per class, label or output.
    PerClass(#[serde(with = "crate::number::list")] Vec<f64>),
    /// A matrix, such as a confusion matrix (rows: target, columns: prediction).
    Matrix(Matrix),
    /// One matrix per label.
    Matrices(Vec<Matrix>),
    /// A matrix that counts nothing, such as a covariance, or a row of numbers per sample.
    Table(Matrix),
    /// Several tables, such as rows of numbers per sample and class.
    Tables(Vec<Matrix>),
    /// One curve, or one per class or label.
    Curves(Vec<Curve>),
    /// One point of a curve, or one per class or label.
    OperatingPoints(OperatingPoints),
    /// Confidence against accuracy, bin by bin.
    Reliability(Vec<ReliabilityBin>),
    /// True and false positives and negatives: one row, or one per class or label.
    StatScores(Vec<ClassCounts>),
    /// How far apart groups are, by one criterion or several.
    Disparities(Vec<Disparity>),
    /// Collected numbers, which belong to no classes.
    List(#[serde(with = "crate::number::list")] Vec<f64>),
    /// Several values with a name each, such as a coefficient and its p-value.
    Record(Vec<Field>),
}

impl Value {
    /// The number, if the value is one, with or without an interval, or is the single point of a curve or
    /// the single disparity.
    pub fn scalar(&self) -> Option<f64> {
        match self {
            Value::Scalar(value) => Some(*value),
            Value::Estimate(estimate) => Some(estimate.value),
            Value::OperatingPoints(points) => match points.values.as_slice() {
                [value] => Some(*value),
                _ => None,
            },
            Value::Disparities(disparities) => match disparities.as_slice() {
                [disparity] => Some(disparity.ratio),
                _ => None,
            },
            _ => None,
        }
    }

    /// The number with its interval, if the value is an estimate.
    pub fn estimate(&self) -> Option<&Estimate> {
        match self {
            Value::Estimate(estimate) => Some(estimate),
            _ => None,
        }
    }

    /// The numbers per class, if the value is such a list, or has a point per class.
    pub fn per_class(&self) -> Option<&[f64]> {
        match self {
            Value::PerClass(values) => Some(values),
            Value::OperatingPoints(points) if points.values.len() != 1 => Some(&points.values),
            _ => None,
        }
    }

    /// The matrix, if the value is one.
    pub fn matrix(&self) -> Option<&Matrix> {
        match self {
            Value::Matrix(matrix) | Value::Table(matrix) => Some(matrix),
            _ => None,
        }
    }

    /// The matrices, if the value is several: one for each label, or tables.
    pub fn matrices(&self) -> Option<&[Matrix]> {
        match self {
            Value::Matrices(matrices) | Value::Tables(matrices) => Some(matrices),
            _ => None,
        }
    }

    /// The curves, if the value is curves.
    pub fn curves(&self) -> Option<&[Curve]> {
        match self {
            Value::Curves(curves) => Some(curves),
            _ => None,
        }
    }

    /// The chosen points with their thresholds, if the value has them.
    pub fn operating_points(&self) -> Option<&OperatingPoints> {
        match self {
            Value::OperatingPoints(points) => Some(points),
            _ => None,
        }
    }

    /// The bins, if the value is a reliability diagram.
    pub fn reliability(&self) -> Option<&[ReliabilityBin]> {
        match self {
            Value::Reliability(bins) => Some(bins),
            _ => None,
        }
    }

    /// The rows, if the value is stat scores.
    pub fn stat_scores(&self) -> Option<&[ClassCounts]> {
        match self {
            Value::StatScores(rows) => Some(rows),
            _ => None,
        }
    }

    /// The ratios with their groups, if the value is disparities.
    pub fn disparities(&self) -> Option<&[Disparity]> {
        match self {
            Value::Disparities(disparities) => Some(disparities),
            _ => None,
        }
    }

    /// Named numbers, or other named values.
    pub fn of_fields<N: Into<String>, V: Into<Value>>(
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let field = |(name, value): (N, V)| Field {
            name: name.into(),
            value: value.into(),
        };
        Value::Record(fields.into_iter().map(field).collect())
    }

    /// The named values, if the value is a record.
    pub fn record(&self) -> Option<&[Field]> {
        match self {
            Value::Record(fields) => Some(fields),
            _ => None,
        }
    }

    /// The value of that name, if the value is a record with one.
    ///
    /// ```
    /// use metrics_core::Value;
    ///
    /// let value = Value::of_fields([("tau", 0.8), ("p_value", 0.04)]);
    /// assert_eq!(value.field("p_value").and_then(Value::scalar), Some(0.04));
    /// assert_eq!(value.to_string(), "tau 0.8000, p_value 0.0400");
    /// ```
    pub fn field(&self, name: &str) -> Option<&Value> {
        let field = self.record()?.iter().find(|field| field.name == name)?;
        Some(&field.value)
    }

    /// The numbers of a record by flat names: the name of the field for one number; for one number of several,
    /// that name, `_` and the name of the class (or its number), such as `p_value_cat`. Fields without numbers are
    /// left out. Other values have no flat numbers.
    pub fn flat_numbers(&self, class_names: &[String]) -> Vec<(String, f64)> {
        let mut numbers = Vec::new();
        for Field { name, value } in self.record().unwrap_or_default() {
            numbers.extend(value.scalar().map(|number| (name.clone(), number)));
            for (class, number) in value.per_class().into_iter().flatten().enumerate() {
                let flat = match class_names.get(class) {
                    Some(class) => format!("{name}_{class}"),
                    None => format!("{name}_{class}"),
                };
                numbers.push((flat, *number));
            }
            let inner = value.flat_numbers(class_names).into_iter();
            numbers.extend(inner.map(|(inner, number)| (format!("{name}_{inner}"), number)));
        }
        numbers
    }

    /// The collected numbers, if the value is a list of them.
    pub fn list(&self) -> Option<&[f64]> {
        match self {
            Value::List(values) => Some(values),
            _ => None,
        }
    }
}

impl Value {
    /// How many classes, labels or outputs it has a part for; `None` where it is not by class.
    pub fn classes(&self) -> Option<usize> {
        let several = |count: usize| (count > 1).then_some(count);
        match self {
            Value::PerClass(values) => Some(values.len()),
            Value::Matrix(matrix) => (matrix.rows == matrix.cols).then_some(matrix.rows),
            // One of two rows and columns for each label; one from elsewhere may be anything.
            Value::Matrices(list) => list
                .iter()
                .all(|m| (m.rows, m.cols) == (2, 2))
                .then_some(list.len()),
            Value::Curves(curves) => several(curves.len()),
            Value::OperatingPoints(points) => several(points.values.len()),
            Value::StatScores(rows) => several(rows.len()),
            // Those that all its fields agree on.
            Value::Record(fields) => {
                let mut classes = fields.iter().filter_map(|field| field.value.classes());
                let first = classes.next()?;
                classes.all(|classes| classes == first).then_some(first)
            }
            Value::Scalar(_)
            | Value::Estimate(_)
            | Value::Disparities(_)
            | Value::Table(_)
            | Value::Tables(_)
            | Value::Reliability(_)
            | Value::List(_) => None,
        }
    }

    /// The value as text, with the names of its classes where they have room.
    pub(crate) fn named(&self, names: &[String]) -> String {
        let listed = |parts: Vec<String>| {
            let named = names.iter().zip(parts);
            let parts: Vec<_> = named.map(|(name, part)| format!("{name} {part}")).collect();
            parts.join(", ")
        };
        match self {
            _ if self.classes() != Some(names.len()) => self.to_string(),
            Value::PerClass(values) => listed(values.iter().map(|v| format_number(*v)).collect()),
            Value::OperatingPoints(points) => listed(points.parts()),
            Value::StatScores(rows) => Scores(rows, names).to_string(),
            Value::Matrix(matrix) => NamedMatrix(matrix, names).to_string(),
            Value::Matrices(list) => named_matrices(list, names),
            Value::Record(fields) => in_fields(fields, |value| value.named(names)),
            _ => self.to_string(),
        }
    }

    /// The value in a few words, for a place that takes one line.
    pub(crate) fn summarized(&self, names: &[String]) -> String {
        let matrix = |m: &Matrix| format!("{} × {} matrix", m.rows, m.cols);
        match self {
            Value::Estimate(estimate) => estimate.to_string(),
            Value::PerClass(values) if values.len() > SHOWN => range(values),
            Value::OperatingPoints(points) if points.values.len() > SHOWN => range(&points.values),
            Value::PerClass(_) | Value::List(_) | Value::Scalar(_) | Value::OperatingPoints(_) => {
                if names.is_empty() {
                    self.to_string().replace(['[', ']'], "")
                } else {
                    self.named(names)
                }
            }
            Value::Disparities(_) => self.to_string(),
            Value::Record(fields) => in_fields(fields, |value| value.summarized(names)),
            Value::Matrix(m) | Value::Table(m) => matrix(m),
            Value::Matrices(list) | Value::Tables(list) => match list.first() {
                Some(first) => format!("{} times {}", list.len(), matrix(first)),
                None => "no matrix".to_string(),
            },
            Value::Curves(curves) => match curves.len() {
                1 => "1 curve".to_string(),
                count => format!("{count} curves"),
            },
            Value::Reliability(bins) => {
                let elements: f64 = bins.iter().map(|bin| bin.count).sum();
                let elements = format_count(elements);
                let s = if bins.len() == 1 { "" } else { "s" };
                format!("{} bin{s} of {elements} elements", bins.len())
            }
            Value::StatScores(rows) => match rows.as_slice() {
                [row] => row.to_string(),
                rows => format!("stat scores of {} classes", rows.len()),
            },
        }
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Scalar(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MetricReport, Rejected};

    fn record() -> Value {
        Value::of_fields([
            ("tau", Value::Scalar(0.8)),
            ("p_value", Value::PerClass(vec![0.25, f64::INFINITY])),
            ("inner", Value::of_fields([("n", f64::NAN)])),
        ])
    }

    #[test]
    fn records_have_flat_names_and_one_line() {
        let names = ["cat", "dog"].map(String::from);
        let mut report = MetricReport::default();
        report.push("kendall", Ok(record()), Rejected::default(), &names);
        report.push("kendall_tau", Ok(0.5.into()), Rejected::default(), &[]);
        let scalars = report.scalars();
        let flat: Vec<_> = scalars.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "kendall_tau_0",
            "kendall_p_value_cat",
            "kendall_p_value_dog",
            "kendall_inner_n",
            "kendall_tau",
        ];
        assert_eq!(flat, expected);
        assert_eq!(report.entries[0].class_names, names);
        let text = "tau 0.8000, p_value cat 0.2500, dog inf, inner n NaN";
        assert_eq!(report.entries[0].text(), text);
        assert!(report.to_markdown().contains(text));
        assert_eq!(
            record().to_string(),
            "tau 0.8000, p_value [0.2500, inf], inner n NaN"
        );
        let matrix = Matrix {
            rows: 2,
            cols: 1,
            data: vec![1.0, 2.0],
            normalized: false,
        };
        let long = Value::of_fields([("m", Value::Table(matrix)), ("n", Value::Scalar(2.0))]);
        assert_eq!(long.to_string(), "m\n1\n2\nn 2");
    }

    #[test]
    fn records_survive_json_in_their_order() {
        let text = serde_json::to_string(&record()).unwrap();
        let back: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{back:?}"), format!("{:?}", record()));
        assert_eq!(back.field("tau").and_then(Value::scalar), Some(0.8));
        assert_eq!(back.field("p"), None);
        assert_eq!(back.scalar(), None);
    }
}
