use crate::plot::class_name;
use metrics_core::{Matrix, MetricReport, Value, states::ClassCounts};

/// A row per class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassTable {
    /// What the columns are.
    pub columns: Vec<String>,
    /// The classes' names and their values. A missing value is NaN, such as the precision of a class
    /// that was never predicted.
    pub rows: Vec<(String, Vec<f64>)>,
}

impl ClassTable {
    pub(super) fn new(report: &MetricReport, names: &[String]) -> Option<Self> {
        let values = || {
            let entries = report.entries.iter();
            entries.filter_map(|entry| Some((entry.name.as_str(), entry.value.as_ref()?)))
        };
        let counts = values().find_map(|(_, value)| of_counts(value));
        let lists = || values().filter_map(|(name, value)| Some((name, value.per_class()?)));
        let classes = match &counts {
            Some(rows) => rows.len(),
            None => {
                let named = lists().find(|(_, list)| list.len() == names.len());
                named.or(lists().next())?.1.len()
            }
        };
        let own = || (report.entries.iter()).map(|entry| entry.class_names.as_slice());
        let names = match names {
            [] => own().find(|own| own.len() == classes).unwrap_or_default(),
            names => names,
        };
        let mut columns: Vec<String> = Vec::new();
        let mut rows: Vec<_> = (0..classes)
            .map(|i| (class_name(names, i), vec![]))
            .collect();
        let lists: Vec<_> = lists().filter(|(_, list)| list.len() == classes).collect();
        for (i, column) in COLUMNS.into_iter().enumerate() {
            // A metric of that name has options of its own, such as another value for 0 / 0.
            let is_metric = lists
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(column));
            if let (Some(counts), false) = (&counts, is_metric) {
                columns.push(column.to_string());
                rows.iter_mut()
                    .zip(counts)
                    .for_each(|(row, counts)| row.1.push(counts[i]));
            }
        }
        for (name, list) in lists {
            columns.push(name.to_string());
            rows.iter_mut()
                .zip(list)
                .for_each(|(row, value)| row.1.push(*value));
        }
        (classes > 0).then_some(Self { columns, rows })
    }
}

const COLUMNS: [&str; 4] = ["precision", "recall", "F1", "support"];

/// The [`COLUMNS`] per class, if the value is a confusion matrix of counts.
fn of_counts(value: &Value) -> Option<Vec<[f64; 4]>> {
    match value {
        Value::Matrix(matrix) if is_counts(matrix) => {
            let n = matrix.rows;
            let (mut rows, mut cols) = (vec![0.0; n], vec![0.0; n]);
            for (i, count) in matrix.data.iter().enumerate() {
                rows[i / n] += count;
                cols[i % n] += count;
            }
            Some(
                (0..n)
                    .map(|i| scores(matrix.get(i, i), cols[i], rows[i]))
                    .collect(),
            )
        }
        Value::Matrices(list) => {
            let of_label = |c: ClassCounts| scores(c.tp, c.predicted(), c.support());
            Some(label_counts(list)?.into_iter().map(of_label).collect())
        }
        _ => None,
    }
}

/// The outcomes of each label, if the matrices are confusion matrices of labels.
pub(super) fn label_counts(matrices: &[Matrix]) -> Option<Vec<ClassCounts>> {
    let of_label = |m: &Matrix| {
        (m.rows == 2 && is_counts(m)).then(|| ClassCounts {
            tn: m.get(0, 0),
            fp: m.get(0, 1),
            fn_: m.get(1, 0),
            tp: m.get(1, 1),
        })
    };
    matrices.iter().map(of_label).collect()
}

/// Whether the matrix is a confusion matrix of counts. A matrix of another metric may be anything.
pub(super) fn is_counts(matrix: &Matrix) -> bool {
    let square = matrix.rows > 0 && matrix.rows == matrix.cols;
    let whole = |value: &f64| *value >= 0.0 && value.is_finite() && value.trunc() == *value;
    square
        && !matrix.normalized
        && matrix.rows.checked_mul(matrix.cols) == Some(matrix.data.len())
        && matrix.data.iter().all(whole)
}

fn scores(right: f64, predicted: f64, support: f64) -> [f64; 4] {
    // 0 / 0 is the NaN of a class that does not occur.
    let f1 = 2.0 * right / (predicted + support);
    [right / predicted, right / support, f1, support]
}
