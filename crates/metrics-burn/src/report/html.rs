//! The page.

// Longer than most: one page, from its head to its last section.

use super::{
    ClassTable, RunReport, TABLE_CLASSES,
    class_table::{is_counts, label_counts},
    field_rows, incidents, picture,
};
use crate::{
    SplitKind, SplitReport,
    plot::{Plot, class_name, count, escape, number, palette, scalar},
};
use metrics_core::{Matrix, MetricInfo, ReportEntry, Value, states::ClassCounts};

const STYLE: &str = include_str!("style.css");

pub(super) fn page(run: &RunReport) -> String {
    let title = escape(&run.title);
    let mut sections = Sections::default();
    if run.epochs.is_empty() {
        sections.add(
            "summary",
            "Summary",
            "<p>Nothing was computed.</p>".to_string(),
        );
    } else {
        sections.add("summary", "Summary", summary(run));
        sections.add("curves", "Learning curves", learning_curves(run));
        // What says most about the model comes first.
        for split in run.splits().into_iter().rev() {
            if let Some(last) = run.epochs(split).next_back() {
                let id = split.label();
                sections.add(&id, &heading(run, last), of_split(run, last));
            }
        }
        sections.add("pictures", "Pictures", picture::figures(&run.pictures));
        sections.add("failures", "Failures", failures(run));
        sections.add("data", "Data", data(run));
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"lead\">{}</p>\n{}</header>\n\
         <nav aria-label=\"Contents\"><ul>{}</ul></nav>\n<main>\n{}</main>\n</body>\n</html>\n",
        dark_plots(),
        lead(run),
        notes(run),
        sections.links,
        sections.bodies
    )
}

/// The page's parts and the links to them.
#[derive(Default)]
struct Sections {
    links: String,
    bodies: String,
}

impl Sections {
    fn add(&mut self, id: &str, heading: &str, body: String) {
        if body.is_empty() {
            return;
        }
        let short = heading.split(',').next().unwrap_or(heading);
        self.links += &format!("<li><a href=\"#{id}\">{}</a></li>", escape(short));
        self.bodies += &format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n\
             <h2 id=\"{id}-heading\">{}</h2>\n{body}</section>\n",
            escape(heading)
        );
    }
}

/// The rules that give plots the colours of dark ground. A rule of a style sheet overrides
/// the attribute that it selects.
fn dark_plots() -> String {
    let rules: String = palette::all()
        .map(|shade| {
            let (light, dark) = (palette::hex(shade.light), palette::hex(shade.dark));
            format!(
                "svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}\n"
            )
        })
        .collect();
    format!("@media screen and (prefers-color-scheme: dark) {{\n{rules}}}\n")
}

/// The run in one sentence.
fn lead(run: &RunReport) -> String {
    let parts: Vec<_> = run
        .splits()
        .into_iter()
        .map(|split| {
            let (name, epochs) = (escape(&run.label(split)), run.epochs(split).count());
            let samples = run.epochs(split).next_back().map_or(0, |last| last.samples);
            match split {
                SplitKind::Test(_) => format!("{name}: {samples} samples"),
                _ => format!("{name}: {} of {samples} samples", plural(epochs, "epoch")),
            }
        })
        .collect();
    parts.join(" · ")
}

fn notes(run: &RunReport) -> String {
    if run.notes.is_empty() {
        return String::new();
    }
    let notes = run.notes.iter().map(|(key, value)| {
        format!(
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(key),
            escape(value)
        )
    });
    format!("<dl class=\"notes\">{}</dl>\n", notes.collect::<String>())
}

fn summary(run: &RunReport) -> String {
    let cards: String = run.scalars().map(|info| card(run, info)).collect();
    if cards.is_empty() {
        return String::new();
    }
    format!("<div class=\"cards\">\n{cards}</div>\n")
}

/// A number's best value, and its values on all splits.
fn card(run: &RunReport, info: &MetricInfo) -> String {
    let last = |split| run.epochs(split).next_back()?.report.get(&info.name);
    let splits = run.splits();
    let shown = run.judge().or(splits.first().copied());
    let best = shown.and_then(|split| Some((split, run.best(&info.name, split)?)));
    let (value, place) = match (best, shown) {
        (Some((split @ SplitKind::Test(_), best)), _) => {
            (number(best.value), escape(&run.label(split)))
        }
        (Some((split, best)), _) => {
            let place = format!("best on {}, epoch {}", split.label(), best.epoch);
            (number(best.value), place)
        }
        (None, Some(split)) => (
            scalar(last(split)),
            format!("last on {}", escape(&run.label(split))),
        ),
        (None, None) => return String::new(),
    };
    let direction = match info.higher_is_better {
        Some(true) => "<span class=\"direction\">higher is better</span>",
        Some(false) => "<span class=\"direction\">lower is better</span>",
        None => "",
    };
    let rows: String = splits
        .iter()
        .map(|split| {
            let best = match (split, run.best(&info.name, *split)) {
                (SplitKind::Test(_), _) | (_, None) => "<td></td>".to_string(),
                (_, Some(best)) => {
                    format!(
                        "<td>{} <small>@ {}</small></td>",
                        number(best.value),
                        best.epoch
                    )
                }
            };
            let name = escape(&run.label(*split));
            format!(
                "<tr><th scope=\"row\">{name}</th>{best}<td>{}</td></tr>",
                scalar(last(*split))
            )
        })
        .collect();
    format!(
        "<article class=\"card\"><h3>{}</h3>{direction}<p class=\"value\">{value}</p>\
         <p class=\"place\">{place}</p>\
         <table><thead><tr><th scope=\"col\"><span class=\"hidden\">split</span></th>\
         <th scope=\"col\">best <small>@ epoch</small></th><th scope=\"col\">last</th></tr></thead>\
         <tbody>{rows}</tbody></table></article>\n",
        escape(&info.name)
    )
}

fn learning_curves(run: &RunReport) -> String {
    let plots: String = (run.scalars())
        .filter_map(|info| {
            let caption = match info.higher_is_better {
                Some(true) => "Higher is better.",
                Some(false) => "Lower is better.",
                None => "",
            };
            Some(figure(&run.learning_curve(info)?, caption))
        })
        .collect();
    if plots.is_empty() {
        return String::new();
    }
    let tables: String = run
        .splits()
        .into_iter()
        .map(|split| history(run, split))
        .collect();
    format!("<div class=\"figures\">\n{plots}</div>\n{tables}")
}

/// All numbers of all epochs of a split.
fn history(run: &RunReport, split: SplitKind) -> String {
    if matches!(split, SplitKind::Test(_)) {
        return String::new();
    }
    let name = split.label();
    let head: Vec<_> = run.scalars().map(|info| info.name.clone()).collect();
    let rows: Vec<_> = run
        .epochs(split)
        .map(|epoch| {
            let values = run
                .scalars()
                .map(|info| cell(epoch.report.scalar(&info.name)));
            (epoch.epoch.to_string(), values.collect())
        })
        .collect();
    let table = table(&format!("Values of {name} by epoch"), "epoch", &head, &rows);
    format!("<details><summary>Values of {name} by epoch</summary>{table}</details>\n")
}

fn heading(run: &RunReport, last: &SplitReport) -> String {
    match last.split {
        SplitKind::Test(_) if last.name.is_some() => format!("Test set {}", run.label(last.split)),
        SplitKind::Train => format!("Training set, epoch {}", last.epoch),
        SplitKind::Valid => format!("Validation set, epoch {}", last.epoch),
        SplitKind::Test(0) => "Test set".to_string(),
        SplitKind::Test(index) => format!("Test set {}", index + 1),
    }
}

/// The last epoch of a split.
fn of_split(run: &RunReport, last: &SplitReport) -> String {
    let table = run.class_table(last.split);
    let in_table = |name: &String| {
        let list = last.report.get(name).and_then(Value::per_class);
        list.is_some() && list.map(<[f64]>::len) == table.as_ref().map(|table| table.rows.len())
    };
    let plots = run.last_plots(last.split).into_iter();
    let plots: String = plots
        .filter(|(name, _)| !in_table(name))
        .map(|(name, plot)| figure(&plot, caption(last.report.get(&name))))
        .collect();
    let mut body = String::new();
    if !last.complete {
        let samples = plural(last.samples as usize, "sample");
        body +=
            &format!("<p class=\"warning\">This epoch is incomplete: it covers {samples}.</p>\n");
    }
    if !plots.is_empty() {
        body += &format!("<div class=\"figures\">\n{plots}</div>\n");
    }
    if let Some(table) = table {
        body += &class_table(&table, &heading(run, last));
    }
    for entry in &last.report.entries {
        body += &value_table(entry, run.names(entry), &heading(run, last));
    }
    body
}

/// The numbers of a matrix, which its picture hides from screen readers, and the numbers of stat scores,
/// which have no picture.
fn value_table(entry: &ReportEntry, names: &[String], of: &str) -> String {
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

fn caption(value: Option<&Value>) -> &'static str {
    match value {
        Some(Value::Matrix(m)) if is_counts(m) => "Counts; colour is the share of the row.",
        Some(Value::Matrix(m)) if m.normalized => "Shares; colour is the share of the row.",
        Some(Value::Matrices(list)) if list.iter().all(is_counts) => {
            "Counts per label; colour is the share of the row."
        }
        Some(Value::Matrix(_) | Value::Matrices(_)) => "Colour is the share of the row.",
        Some(Value::Reliability(_)) => {
            "A calibrated model is right as often as it is confident: bars end at the diagonal."
        }
        _ => "",
    }
}

fn class_table(classes: &ClassTable, of: &str) -> String {
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

fn failures(run: &RunReport) -> String {
    let items: String = incidents::all(run)
        .iter()
        .map(|i| {
            format!(
                "<li><strong>{}</strong> {}</li>\n",
                escape(&i.place(run)),
                escape(&i.what)
            )
        })
        .collect();
    if items.is_empty() {
        "<p>None: every epoch is complete, and every metric has a value in it.</p>\n".into()
    } else {
        format!("<ul class=\"failures\">\n{items}</ul>\n")
    }
}

fn data(run: &RunReport) -> String {
    let rows: Vec<_> = run
        .splits()
        .into_iter()
        .map(|split| {
            let sum = |of: fn(&SplitReport) -> u64| run.epochs(split).map(of).sum::<u64>();
            let last = run.epochs(split).next_back();
            let cells = vec![
                run.epochs(split).count().to_string(),
                last.map_or(0, |last| last.batches).to_string(),
                last.map_or(0, |last| last.samples).to_string(),
                sum(|epoch| epoch.samples).to_string(),
                sum(|epoch| epoch.failed_batches as u64).to_string(),
                sum(|epoch| epoch.reads).to_string(),
            ];
            (run.label(split), cells)
        })
        .collect();
    let head = [
        "epochs",
        "batches in the last",
        "samples in the last",
        "samples in all",
        "batches left out",
        "device reads",
    ]
    .map(String::from);
    table("What was measured", "split", &head, &rows)
}

fn figure(plot: &Plot, caption: &str) -> String {
    let caption = match caption {
        "" => String::new(),
        text => format!("<figcaption>{text}</figcaption>"),
    };
    format!("<figure>{}{caption}</figure>\n", plot.svg())
}

/// A table whose first column names the rows. If it is too large, it scrolls by itself.
fn table(caption: &str, first: &str, head: &[String], rows: &[(String, Vec<String>)]) -> String {
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

fn cell(value: Option<f64>) -> String {
    match value {
        Some(value) if !value.is_nan() => number(value),
        _ => "N/A".to_string(),
    }
}

fn plural(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}
