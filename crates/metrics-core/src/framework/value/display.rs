//! Values as text.

use super::{Disparity, Estimate, Field, Matrix, Value};
use crate::states::ClassCounts;
use std::fmt;

/// Each field's name before its text: side by side, or below each other if one takes several lines.
pub(super) fn in_fields(fields: &[Field], text: impl Fn(&Value) -> String) -> String {
    let texts: Vec<_> = fields.iter().map(|field| text(&field.value)).collect();
    let long = texts.iter().any(|text| text.contains('\n'));
    let parts = fields.iter().zip(texts).map(|(field, text)| {
        let gap = if text.contains('\n') { "\n" } else { " " };
        format!("{}{gap}{text}", field.name)
    });
    let parts: Vec<_> = parts.collect();
    parts.join(if long { "\n" } else { ", " })
}

/// A longer list is not written out where there is little room.
pub(super) const SHOWN: usize = 10;

/// How many numbers there are, and from where to where.
pub(super) fn range(values: &[f64]) -> String {
    let numbers = values.iter().filter(|v| !v.is_nan());
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(*v), high.max(*v))
    });
    let count = values.len();
    if low <= high {
        format!(
            "{count} values, {} to {}",
            format_number(low),
            format_number(high)
        )
    } else {
        format!("{count} values")
    }
}

impl fmt::Display for Disparity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), format_number(self.ratio))
    }
}

/// Four decimals, or more if a small number needs them; whole numbers without decimals.
pub(crate) fn format_number(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 && value.abs() >= 2.0 {
        format!("{value:.0}")
    } else if value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e7) && value.is_finite() {
        format!("{value:.3e}")
    } else {
        format!("{value:.4}")
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Scalar(value) => f.write_str(&format_number(*value)),
            Value::Estimate(estimate) => write!(f, "{estimate}"),
            // As long as the data.
            Value::List(values) if values.len() > SHOWN => f.write_str(&range(values)),
            Value::PerClass(values) | Value::List(values) => {
                let parts: Vec<_> = values.iter().map(|v| format_number(*v)).collect();
                write!(f, "[{}]", parts.join(", "))
            }
            Value::Matrix(matrix) | Value::Table(matrix) => write!(f, "{matrix}"),
            Value::Matrices(list) => write_each(f, "label", list),
            Value::Tables(list) => write_each(f, "table", list),
            Value::Curves(curves) => {
                let points: Vec<_> = curves.iter().map(|c| c.x.len().to_string()).collect();
                let plural = if curves.len() == 1 { "" } else { "s" };
                write!(
                    f,
                    "{} curve{plural} of {} points",
                    curves.len(),
                    points.join(", ")
                )
            }
            Value::OperatingPoints(points) => match points.parts().as_slice() {
                [part] => f.write_str(part),
                parts => write!(f, "[{}]", parts.join(", ")),
            },
            Value::Reliability(bins) => {
                write!(f, "{:<16}", "confidence in")?;
                write!(f, "{:>10}{:>12}{:>10}", "count", "confidence", "accuracy")?;
                for bin in bins {
                    let range = format!("{:.4}..{:.4}", bin.lower, bin.upper);
                    write!(f, "\n{range:<16}{:>10}", format_count(bin.count))?;
                    write!(f, "{:>12.4}{:>10.4}", bin.confidence, bin.accuracy)?;
                }
                Ok(())
            }
            Value::Disparities(disparities) => {
                let parts: Vec<_> = disparities.iter().map(Disparity::to_string).collect();
                f.write_str(&parts.join(", "))
            }
            Value::Record(fields) => f.write_str(&in_fields(fields, Value::to_string)),
            Value::StatScores(rows) => match rows.as_slice() {
                [row] => write!(f, "{row}"),
                rows => write!(f, "{}", Scores(rows, &[])),
            },
        }
    }
}

/// The matrices of labels, each below the name of its label.
pub(super) fn named_matrices(list: &[Matrix], names: &[String]) -> String {
    let each = list.iter().zip(names);
    let each: Vec<_> = each
        .map(|(matrix, name)| format!("{name}\n{matrix}"))
        .collect();
    each.join("\n\n")
}

/// A square matrix with the names of its rows and columns.
pub(super) struct NamedMatrix<'a>(pub &'a Matrix, pub &'a [String]);

impl fmt::Display for NamedMatrix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(matrix, names) = self;
        let cells: Vec<_> = matrix.data.iter().map(|v| format_count(*v)).collect();
        let widths: Vec<_> = names.iter().map(|name| name.chars().count()).collect();
        let first = widths.iter().copied().max().unwrap_or(0);
        let cell = cells.iter().map(String::len).max().unwrap_or(0);
        write!(f, "{:first$}", "")?;
        for (name, width) in names.iter().zip(&widths) {
            write!(f, "  {name:>width$}", width = cell.max(*width))?;
        }
        for (name, row) in names.iter().zip(cells.chunks(matrix.cols.max(1))) {
            write!(f, "\n{name:<first$}")?;
            for (text, width) in row.iter().zip(&widths) {
                write!(f, "  {text:>width$}", width = cell.max(*width))?;
            }
        }
        Ok(())
    }
}

fn write_each(f: &mut fmt::Formatter<'_>, what: &str, list: &[Matrix]) -> fmt::Result {
    for (i, matrix) in list.iter().enumerate() {
        let newline = if i > 0 { "\n\n" } else { "" };
        write!(f, "{newline}{what} {i}\n{matrix}")?;
    }
    Ok(())
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [value, lower, upper] = [self.value, self.lower, self.upper].map(format_number);
        write!(f, "{value} [{lower}, {upper}]")
    }
}

/// A count, or a mean of counts.
pub(super) fn format_count(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format_number(value)
    }
}

/// Stat scores of classes, and the names of the classes.
pub(super) struct Scores<'a>(pub &'a [ClassCounts], pub &'a [String]);

impl fmt::Display for Scores<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rows, names) = self;
        let widths = names.iter().map(|name| name.chars().count());
        let width = widths.max().unwrap_or(0).max("class".len());
        write!(f, "{:<width$}", "class")?;
        for name in ClassCounts::COLUMNS {
            write!(f, "{name:>12}")?;
        }
        for (class, row) in rows.iter().enumerate() {
            match names.get(class) {
                Some(name) => write!(f, "\n{name:<width$}")?,
                None => write!(f, "\n{class:<width$}")?,
            }
            for value in row.columns() {
                write!(f, "{:>12}", format_count(value))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ClassCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::COLUMNS.into_iter().zip(self.columns());
        let parts: Vec<_> = named
            .map(|(name, value)| format!("{name} {}", format_count(value)))
            .collect();
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells: Vec<_> = self.data.iter().map(|v| format_count(*v)).collect();
        let width = cells.iter().map(String::len).max().unwrap_or(0);
        for (i, row) in cells.chunks(self.cols.max(1)).enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            for (j, cell) in row.iter().enumerate() {
                let gap = if j > 0 { " " } else { "" };
                write!(f, "{gap}{cell:>width$}")?;
            }
        }
        Ok(())
    }
}
