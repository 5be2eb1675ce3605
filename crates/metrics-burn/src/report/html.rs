//! The page.

use super::{
    RunReport,
    class_table::is_counts,
    incidents, picture,
    tables::{cell, class_table, table, value_table},
};
use crate::{
    SplitKind, SplitReport,
    plot::{Plot, escape, number, palette, scalar},
};
use metrics_core::{MetricInfo, Value};

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
    let cards = run.scalars().map(|info| card(run, info));
    let cards: Vec<_> = cards.filter(|card| !card.is_empty()).collect();
    if cards.is_empty() {
        return String::new();
    }
    in_rows("cards", 4, 3, &cards)
}

/// Items in rows of nearly equal length, so that none is alone in a row: at most `wide` on a wide screen, at most
/// `middle` on one of a middle width, and below each other on a narrow one.
fn in_rows(class: &str, wide: usize, middle: usize, items: &[String]) -> String {
    let (wide, middle) = (columns(items.len(), wide), columns(items.len(), middle));
    let items = items.iter().zip(wide.into_iter().zip(middle));
    let items: String = items
        .map(|(item, (wide, middle))| {
            format!("<div class=\"wide-{wide} middle-{middle}\">{item}</div>\n")
        })
        .collect();
    format!("<div class=\"{class}\">\n{items}</div>\n")
}

/// How many items are in the row of each item.
fn columns(count: usize, most: usize) -> Vec<usize> {
    let rows = count.div_ceil(most).max(1);
    let row = |i| count / rows + usize::from(i < count % rows);
    (0..rows).flat_map(|i| vec![row(i); row(i)]).collect()
}

/// Pictures in pairs; if one would be alone, some rows have three.
fn figures(figures: &[String]) -> String {
    let (wide, middle) = match figures.len() {
        1 => (1, 1),
        count if count % 2 == 0 => (2, 2),
        _ => (3, 1),
    };
    in_rows("figures", wide, middle, figures)
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
        "<article><h3>{}</h3>{direction}<p class=\"value\">{value}</p>\
         <p class=\"place\">{place}</p>\
         <table><thead><tr><th scope=\"col\"><span class=\"hidden\">split</span></th>\
         <th scope=\"col\">best <small>@ epoch</small></th><th scope=\"col\">last</th></tr></thead>\
         <tbody>{rows}</tbody></table></article>",
        escape(&info.name)
    )
}

fn learning_curves(run: &RunReport) -> String {
    let curves = run.scalars().filter_map(|info| run.learning_curve(info));
    let figures: Vec<_> = curves.map(|plot| figure(&plot, "")).collect();
    if figures.is_empty() {
        return String::new();
    }
    let tables: String = run
        .splits()
        .into_iter()
        .map(|split| history(run, split))
        .collect();
    self::figures(&figures) + &tables
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
        SplitKind::Test(_) if last.name.is_some() => match run.label(last.split).as_str() {
            "test" => "Test set".to_string(),
            label => format!("Test set {}", label.strip_prefix("test-").unwrap_or(label)),
        },
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
    let plots: Vec<_> = plots
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
        body += &figures(&plots);
    }
    if let Some(table) = table {
        body += &class_table(&table, &heading(run, last));
    }
    for entry in &last.report.entries {
        body += &value_table(entry, run.names(entry), &heading(run, last));
    }
    body
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
            "A calibrated model is right as often as it is confident: each bar ends at its line. A bar below its line is \
             overconfidence, a bar above it underconfidence; bins of few elements vary by chance."
        }
        _ => "",
    }
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
    format!("<figure>{}{caption}</figure>", plot.svg())
}

fn plural(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}
