//! The report as Markdown.

use super::{RunReport, TABLE_CLASSES, class_table::is_counts, field_rows, incidents};
use crate::{
    SplitKind, SplitReport,
    plot::{class_name, count, number, scalar},
};
use metrics_core::{Matrix, OperatingPoints, Value, states::ClassCounts};

pub(super) fn document(run: &RunReport) -> String {
    let mut text = format!("# {}\n", line(&run.title));
    if run.epochs.is_empty() {
        return text + "\nNothing was computed.\n";
    }
    if !run.notes.is_empty() {
        let rows = run
            .notes
            .iter()
            .map(|(key, value)| vec![line(key), line(value)]);
        text += &table(&["setting", "value"], rows);
    }
    text += "\n## Results\n";
    text += &results(run);
    for last in headline(run) {
        let place = place(run, last);
        if let Some(classes) = run.class_table(last.split) {
            text += &format!("\n## Classes ({place})\n");
            let head: Vec<_> = ["class"]
                .into_iter()
                .map(String::from)
                .chain(classes.columns.iter().map(|column| line(column)))
                .collect();
            let rows = (classes.rows.iter()).map(|(name, values)| {
                [line(name)]
                    .into_iter()
                    .chain(values.iter().map(cell))
                    .collect()
            });
            text += &table(&head, rows);
        }
        for entry in &last.report.entries {
            let names = run.names(entry);
            let table = match &entry.value {
                Some(Value::Matrix(m)) if is_counts(m) && m.rows <= TABLE_CLASSES => {
                    let rows = "\nRows: target, columns: prediction.\n".to_string();
                    rows + &confusion(m, names)
                }
                Some(Value::StatScores(rows)) => stat_scores(rows, names),
                Some(Value::OperatingPoints(points)) => operating_points(points, names),
                Some(value @ Value::Record(_)) => {
                    let rows = field_rows(value, names).into_iter();
                    let rows = rows.map(|(name, value)| vec![line(&name), line(&value)]);
                    table(&["field", "value"], rows)
                }
                _ => continue,
            };
            text += &format!("\n## {} ({place})\n{table}", line(&entry.name));
        }
    }
    text += "\n## Data\n";
    let rows = run.splits().into_iter().filter_map(|split| {
        let last = run.epochs(split).next_back()?;
        Some(vec![
            line(&run.label(split)),
            run.epochs(split).count().to_string(),
            last.batches.to_string(),
            last.samples.to_string(),
        ])
    });
    text += &table(&["split", "epochs", "batches", "samples"], rows);
    text += "\nBatches and samples are those of the last epoch.\n";
    let incidents = incidents::all(run);
    if !incidents.is_empty() {
        text += "\n## Failures\n\n";
        for incident in incidents {
            text += &format!(
                "- {}: {}\n",
                line(&incident.place(run)),
                line(&incident.what)
            );
        }
    }
    text
}

/// The last value of every number on every split, and the best with its epoch.
fn results(run: &RunReport) -> String {
    let mut head = vec!["metric".to_string()];
    for split in run.splits() {
        let name = line(&run.label(split));
        match split {
            SplitKind::Test(_) => head.push(name),
            _ => head.extend([format!("{name}, last"), format!("{name}, best")]),
        }
    }
    let rows = run.scalars().map(|info| {
        let mut row = vec![line(&info.name)];
        for split in run.splits() {
            let last = run.epochs(split).next_back();
            row.push(scalar(last.and_then(|last| last.report.get(&info.name))));
            if !matches!(split, SplitKind::Test(_)) {
                let best = run.best(&info.name, split);
                let text = best.map(|b| format!("{} (epoch {})", number(b.value), b.epoch));
                row.push(text.unwrap_or_default());
            }
        }
        row
    });
    table(&head, rows)
}

fn confusion(matrix: &Matrix, names: &[String]) -> String {
    let name = |i| line(&class_name(names, i));
    let head: Vec<_> = [String::new()]
        .into_iter()
        .chain((0..matrix.cols).map(name))
        .collect();
    let rows = (0..matrix.rows).map(|i| {
        let counts = (0..matrix.cols).map(|j| format!("{:.0}", matrix.get(i, j)));
        [format!("**{}**", name(i))]
            .into_iter()
            .chain(counts)
            .collect()
    });
    table(&head, rows)
}

/// The thresholds of the chosen points, which the numbers do not tell.
fn operating_points(points: &OperatingPoints, names: &[String]) -> String {
    let pairs = points.values.iter().zip(&points.thresholds).enumerate();
    let rows = pairs.map(|(i, (value, threshold))| {
        let name = match points.values.len() {
            1 => "all".to_string(),
            _ => line(&class_name(names, i)),
        };
        vec![name, cell(value), cell(threshold)]
    });
    table(&["class", "value", "threshold"], rows)
}

fn stat_scores(rows: &[ClassCounts], names: &[String]) -> String {
    let head = ["class"].into_iter().chain(ClassCounts::COLUMNS);
    let rows = rows.iter().enumerate().map(|(i, row)| {
        let name = match rows.len() {
            1 => "all".to_string(),
            _ => line(&class_name(names, i)),
        };
        let values = row.columns().map(count);
        [name].into_iter().chain(values).collect()
    });
    table(&head.collect::<Vec<_>>(), rows)
}

/// The last epochs of the splits that say most about the model.
fn headline(run: &RunReport) -> Vec<&SplitReport> {
    let splits = run.splits();
    let tests = splits
        .iter()
        .filter(|split| matches!(split, SplitKind::Test(_)));
    let tests: Vec<_> = tests.copied().collect();
    let shown = if tests.is_empty() {
        run.judge().into_iter().collect()
    } else {
        tests
    };
    shown
        .into_iter()
        .filter_map(|split| run.epochs(split).next_back())
        .collect()
}

fn place(run: &RunReport, epoch: &SplitReport) -> String {
    match epoch.split {
        SplitKind::Test(_) => line(&run.label(epoch.split)),
        split => format!("{}, epoch {}", split.label(), epoch.epoch),
    }
}

fn cell(value: &f64) -> String {
    if value.is_nan() {
        "N/A".to_string()
    } else {
        number(*value)
    }
}

fn table<H: AsRef<str>>(head: &[H], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head: Vec<_> = head.iter().map(AsRef::as_ref).collect();
    // Numbers align to the right.
    let rule: Vec<_> = (0..head.len())
        .map(|i| if i == 0 { "---" } else { "---:" })
        .collect();
    let mut text = format!("\n| {} |\n| {} |\n", head.join(" | "), rule.join(" | "));
    for row in rows {
        text += &format!("| {} |\n", row.join(" | "));
    }
    text
}

/// The text in one line with markup escaped, for a table or elsewhere.
fn line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        match c {
            c if c.is_control() => line.push(' '),
            '<' => line.push_str("&lt;"),
            '|' | '\\' | '`' | '*' | '[' | ']' => line.extend(['\\', c]),
            c => line.push(c),
        }
    }
    line
}
