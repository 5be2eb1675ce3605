//! The tables of the page.

use super::{ClassTable, TABLE_CLASSES, class_table::label_counts, field_rows};
use crate::plot::{class_name, count, escape, number};
use metrics_core::{Matrix, ReportEntry, Value, states::ClassCounts};

/// The numbers of a matrix, which its picture hides from screen readers, and the numbers of stat scores,
/// which have no picture.
pub(super) fn value_table(entry: &ReportEntry, names: &[String], of: &str) -> String {
    let (name, value) = (&entry.name, entry.value.as_ref());
    let class = |i| class_name(names, i);
    let table = |first, head: Vec<_>, rows: Vec<_>| {
        table(
            &format!("{name}, {}", of.to_lowercase()),
            first,
            &head,
            &rows,
        )
    };
    let of_counts = |counts: &[ClassCounts]| {
        let rows = counts.iter().enumerate().map(|(i, row)| {
            let name = if counts.len() == 1 {
                "all".to_string()
            } else {
                class(i)
            };
            (name, row.columns().map(count).to_vec())
        });
        table(
            "class",
            ClassCounts::COLUMNS.map(String::from).to_vec(),
            rows.collect(),
        )
    };
    let table = match value {
        Some(Value::StatScores(counts)) => {
            return format!("<h3>{}</h3>\n{}", escape(name), of_counts(counts));
        }
        Some(Value::OperatingPoints(points)) => {
            let one = points.values.len() == 1;
            let pairs = points.values.iter().zip(&points.thresholds).enumerate();
            let rows = pairs.map(|(i, (value, threshold))| {
                let name = if one { "all".to_string() } else { class(i) };
                (name, [value, threshold].map(|v| cell(Some(*v))).to_vec())
            });
            table(
                "class",
                vec!["value".to_string(), "threshold".to_string()],
                rows.collect(),
            )
        }
        Some(value @ Value::Record(_)) => {
            let rows = field_rows(value, names).into_iter();
            let rows = rows.map(|(name, value)| (name, vec![escape(&value)]));
            table("field", vec!["value".to_string()], rows.collect())
        }
        Some(Value::Matrix(m)) if is_small(m) => {
            let rows = m.data.chunks(m.cols).enumerate();
            let rows = rows.map(|(i, row)| (class(i), row.iter().map(|v| count(*v)).collect()));
            table(
                "target \\ prediction",
                (0..m.cols).map(class).collect(),
                rows.collect(),
            )
        }
        Some(Value::Matrices(list)) if (1..=TABLE_CLASSES).contains(&list.len()) => {
            match label_counts(list) {
                Some(counts) => of_counts(&counts),
                None => return String::new(),
            }
        }
        _ => return String::new(),
    };
    let name = escape(name);
    format!("<details><summary>{name} as a table</summary>{table}</details>\n")
}

/// Whether the matrix is square and a table to read.
fn is_small(matrix: &Matrix) -> bool {
    let size = matrix.rows;
    size == matrix.cols && (1..=TABLE_CLASSES).contains(&size) && matrix.data.len() == size * size
}

pub(super) fn class_table(classes: &ClassTable, of: &str) -> String {
    let support = |column: usize| classes.columns[column] == "support";
    let rows: Vec<_> = (classes.rows.iter())
        .map(|(name, values)| {
            let cells = values.iter().enumerate().map(|(i, value)| {
                if support(i) && !value.is_nan() {
                    count(*value)
                } else {
                    cell(Some(*value))
                }
            });
            (name.clone(), cells.collect())
        })
        .collect();
    let caption = format!("Classes, {}", of.to_lowercase());
    format!(
        "<h3>Classes</h3>\n{}",
        table(&caption, "class", &classes.columns, &rows)
    )
}

/// A table whose first column names the rows. If it is too large, it scrolls by itself.
pub(super) fn table(
    caption: &str,
    first: &str,
    head: &[String],
    rows: &[(String, Vec<String>)],
) -> String {
    let column = |name: &String| format!("<th scope=\"col\">{}</th>", escape(name));
    let head: String = head.iter().map(column).collect();
    let row = |(name, cells): &(String, Vec<String>)| {
        let cells: String = cells
            .iter()
            .map(|cell| format!("<td>{cell}</td>"))
            .collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(name))
    };
    let rows: String = rows.iter().map(row).collect();
    let caption = escape(caption);
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\"><table>\
         <caption class=\"hidden\">{caption}</caption>\
         <thead><tr><th scope=\"col\">{first}</th>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    )
}

pub(super) fn cell(value: Option<f64>) -> String {
    match value {
        Some(value) if !value.is_nan() => number(value),
        _ => "N/A".to_string(),
    }
}
