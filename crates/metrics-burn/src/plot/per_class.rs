use super::{
    Plot,
    axes::{Area, Axes, range_of, ticks},
    canvas::{Align, TEXT, fit, text_width},
    class_name, number,
    palette::{AXIS, INK, MUTED, SERIES},
};

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
    let names: Vec<_> = (0..values.len())
        .map(|i| class_name(class_names, i))
        .collect();
    let plot = bars(name, &subtitle, values, &names, (low, high));
    Some(plot.with_class_names(class_names))
}

/// Named numbers: a bar for each. `None` if there are too many, and if no number is finite.
pub(super) fn fields(name: &str, fields: &[(String, f64)]) -> Option<Plot> {
    if fields.len() > BARS {
        return None;
    }
    let (names, values): (Vec<_>, Vec<_>) = fields.iter().cloned().unzip();
    let range = range_of(values.iter().copied())?;
    let subtitle = format!("{} values", values.len());
    Some(bars(name, &subtitle, &values, &names, range).with_class_names(&names))
}

fn bars(
    name: &str,
    subtitle: &str,
    values: &[f64],
    names: &[String],
    (low, high): (f64, f64),
) -> Plot {
    let label = format!("{name}: {subtitle}");
    let finite = || values.iter().filter(|v| v.is_finite());
    let unit = finite().all(|value| (0.0..=1.0).contains(value));
    // Bars begin at 0, so it must be there.
    let x = if unit {
        (0.0, 1.0)
    } else {
        (low.min(0.0), high.max(0.0))
    };
    let widest = names
        .iter()
        .map(|n| text_width(n, TEXT))
        .fold(10.0, f64::max)
        .min(110.0);
    let row = 20.0;
    let area = Area {
        left: 26.0 + widest,
        top: 58.0,
        width: 460.0 - 26.0 - widest - 74.0,
        height: row * values.len() as f64,
    };
    let axes = Axes {
        area,
        x,
        y: (0.0, 1.0),
    };
    Plot::draw(&label, (460.0, area.top + area.height + 16.0), |canvas| {
        canvas.heading(name, subtitle);
        let (zero, _) = axes.at(0.0, 0.0);
        for (i, value) in values.iter().enumerate() {
            let y = area.top + (i as f64 + 0.5) * row;
            let text = fit(&names[i], 112.0, TEXT);
            canvas.text((area.left - 8.0, y), Align::Right, TEXT, INK, &text);
            if value.is_finite() {
                let (end, _) = axes.at(*value, 0.0);
                canvas.rect((zero, y - 7.0), (end, y + 7.0), SERIES[0], 1.0);
            }
            let at = (area.left + area.width + 8.0, y);
            let text = if value.is_nan() {
                "N/A".to_string()
            } else {
                number(*value)
            };
            canvas.text(
                at,
                Align::Left,
                TEXT,
                if value.is_finite() { INK } else { MUTED },
                &text,
            );
        }
        let bottom = area.top + area.height;
        canvas.line(&[(zero, area.top), (zero, bottom)], AXIS, 1.0, 1.0);
    })
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
