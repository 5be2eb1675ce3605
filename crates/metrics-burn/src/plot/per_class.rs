use super::{
    Plot,
    axes::{Area, Axes, range_of, ticks},
    canvas::{Align, Swatch, TEXT, fit, text_width},
    class_name, number,
    palette::{AXIS, INK, MUTED, SERIES},
};
use metrics_core::{Estimate, Field, Value};

/// Up to this number of classes, each class has a bar with a name and a number.
const BARS: usize = 40;

/// A number per class: a bar for each class, or a line over the classes if there are more than 40.
///
/// A class without a finite value has no bar. `None` if there is no finite value.
///
/// ```
/// use metrics_burn::plot::per_class;
///
/// let names = ["cat".to_string(), "dog".to_string()];
/// assert!(per_class("f1_score", &[0.9, 0.7], &names).is_some());
/// assert!(per_class("f1_score", &[f64::NAN], &names).is_none());
/// ```
pub fn per_class(name: &str, values: &[f64], class_names: &[String]) -> Option<Plot> {
    let (low, high) = range_of(values.iter().copied())?;
    let finite = || values.iter().filter(|v| v.is_finite());
    let mean = finite().sum::<f64>() / finite().count() as f64;
    let subtitle = format!("{} values; mean {}", values.len(), number(mean));
    if values.len() > BARS {
        return Some(line(name, "class", &subtitle, values, (low, high)));
    }
    let row = |(i, value): (usize, &f64)| Row {
        name: class_name(class_names, i),
        value: *value,
        interval: None,
    };
    let rows: Vec<_> = values.iter().enumerate().map(row).collect();
    Some(bars(name, &subtitle, &rows)?.with_class_names(class_names))
}

/// A number of a record, or a number alone.
struct Row {
    name: String,
    value: f64,
    interval: Option<Estimate>,
}

impl Row {
    fn text(&self) -> String {
        match &self.interval {
            _ if self.value.is_nan() => "N/A".to_string(),
            Some(estimate) => estimate.to_string(),
            None => number(self.value),
        }
    }
}

/// A number, with its interval if it has one: a bar with a line across its end.
pub(super) fn alone(name: &str, value: &Value) -> Option<Plot> {
    let interval = value.estimate().copied();
    let subtitle = match interval {
        Some(_) => "a number with its interval",
        None => "a number",
    };
    let row = Row {
        name: "value".to_string(),
        value: value.scalar()?,
        interval,
    };
    bars(name, subtitle, &[row])
}

/// Named numbers: a bar for each, and their intervals. `None` if there are too many, and if no number is finite.
pub(super) fn fields(name: &str, value: &Value, class_names: &[String]) -> Option<Plot> {
    let fields = value.flat_numbers(class_names);
    if fields.len() > BARS {
        return None;
    }
    let mut intervals = Vec::new();
    estimates("", value, &mut intervals);
    let row = |(name, value): &(String, f64)| Row {
        name: name.clone(),
        value: *value,
        interval: (intervals.iter()).find_map(|(of, estimate)| (of == name).then_some(*estimate)),
    };
    let rows: Vec<_> = fields.iter().map(row).collect();
    let names: Vec<_> = fields.into_iter().map(|(name, _)| name).collect();
    let subtitle = format!("{} values", rows.len());
    Some(bars(name, &subtitle, &rows)?.with_class_names(&names))
}

/// The estimates of a record by the names of [`Value::flat_numbers`].
fn estimates(prefix: &str, value: &Value, found: &mut Vec<(String, Estimate)>) {
    for Field { name, value } in value.record().unwrap_or_default() {
        let name = format!("{prefix}{name}");
        match value.estimate() {
            Some(estimate) => found.push((name, *estimate)),
            None => estimates(&format!("{name}_"), value, found),
        }
    }
}

/// `None` if no number is finite.
fn bars(name: &str, subtitle: &str, rows: &[Row]) -> Option<Plot> {
    let label = format!("{name}: {subtitle}");
    let ends = |row: &Row| {
        let ends = row.interval.map(|i| [i.lower, i.upper]);
        [row.value].into_iter().chain(ends.into_iter().flatten())
    };
    let numbers = || rows.iter().flat_map(ends);
    range_of(rows.iter().map(|row| row.value))?;
    let (low, high) = range_of(numbers())?;
    let finite = || numbers().filter(|v| v.is_finite());
    let unit = finite().all(|value| (0.0..=1.0).contains(&value));
    // Bars begin at 0, so it must be there.
    let x = if unit {
        (0.0, 1.0)
    } else {
        (low.min(0.0), high.max(0.0))
    };
    let widest = |texts: &mut dyn Iterator<Item = String>, least: f64, most: f64| {
        let widths = texts.map(|text| text_width(&text, TEXT));
        widths.fold(least, f64::max).min(most)
    };
    let names = widest(&mut rows.iter().map(|row| row.name.clone()), 10.0, 110.0);
    let texts = widest(&mut rows.iter().map(Row::text), 58.0, 180.0);
    let has_intervals = rows.iter().any(|row| row.interval.is_some());
    let height = 20.0;
    let area = Area {
        left: 26.0 + names,
        top: if has_intervals { 82.0 } else { 58.0 },
        width: 460.0 - 26.0 - names - texts - 16.0,
        height: height * rows.len() as f64,
    };
    let axes = Axes {
        area,
        x,
        y: (0.0, 1.0),
    };
    let size = (460.0, area.top + area.height + 16.0);
    Some(Plot::draw(&label, size, |canvas| {
        canvas.heading(name, subtitle);
        if has_intervals {
            let entries = [
                (Swatch::Area, SERIES[0], "value".to_string()),
                (Swatch::Line, INK, "interval".to_string()),
            ];
            canvas.legend(62.0, 460.0, &entries);
        }
        let (zero, _) = axes.at(0.0, 0.0);
        for (i, row) in rows.iter().enumerate() {
            let y = area.top + (i as f64 + 0.5) * height;
            let text = fit(&row.name, 112.0, TEXT);
            canvas.text((area.left - 8.0, y), Align::Right, TEXT, INK, &text);
            let is_finite = row.value.is_finite();
            if is_finite {
                let (end, _) = axes.at(row.value, 0.0);
                canvas.rect((zero, y - 7.0), (end, y + 7.0), SERIES[0], 1.0);
            }
            let ends = row.interval.map(|i| [i.lower, i.upper]);
            if let Some(ends) = ends.filter(|ends| ends.iter().all(|end| end.is_finite())) {
                let [from, to] = ends.map(|end| (axes.at(end, 0.0).0, y));
                canvas.whisker(from, to, INK);
            }
            let at = (area.left + area.width + 8.0, y);
            let ink = if is_finite { INK } else { MUTED };
            canvas.text(at, Align::Left, TEXT, ink, &row.text());
        }
        let bottom = area.top + area.height;
        canvas.line(&[(zero, area.top), (zero, bottom)], AXIS, 1.0, 1.0);
    }))
}

/// Numbers that belong to no classes: a line in their order.
pub(super) fn list(name: &str, values: &[f64]) -> Option<Plot> {
    let range = range_of(values.iter().copied())?;
    let subtitle = format!("{} values", values.len());
    Some(line(name, "position", &subtitle, values, range))
}

fn line(name: &str, x_name: &str, subtitle: &str, values: &[f64], y: (f64, f64)) -> Plot {
    let axes = Axes {
        area: Area {
            left: 64.0,
            top: 60.0,
            width: 380.0,
            height: 210.0,
        },
        x: (0.0, (values.len() - 1).max(1) as f64),
        y,
    };
    let label = format!("{name}: {subtitle}");
    Plot::draw(&label, (460.0, 320.0), |canvas| {
        canvas.heading(name, subtitle);
        axes.draw(canvas, x_name, "", &ticks(axes.x, 8, true));
        let points = values
            .iter()
            .enumerate()
            .map(|(i, value)| (i as f64, *value));
        axes.line(canvas, points, SERIES[0], 1.5, 0.5);
    })
}
