use super::{
    Plot,
    axes::{Area, Axes, range_of, ticks},
    canvas::{Canvas, Entry, PALE, Swatch, legend_height},
    number,
    palette::{AXIS, SERIES, Shade},
};
use crate::SplitKind;

/// The values of one metric on one split.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Which data.
    pub split: SplitKind,
    /// What the legend calls them.
    pub label: String,
    /// Epochs and values. A missing epoch, or one without a finite value, leaves a gap.
    pub points: Vec<(usize, f64)>,
    /// Epochs, and the lower and upper end of the interval of each; empty where values have none.
    pub intervals: Vec<(usize, [f64; 2])>,
}

impl Series {
    /// Epochs and values of a split, under its name, without intervals.
    pub fn new(split: SplitKind, points: Vec<(usize, f64)>) -> Self {
        Self {
            split,
            label: split.label(),
            points,
            intervals: Vec::new(),
        }
    }
}

/// The values of a number by epoch, one line per split, with the best epoch marked.
///
/// A test set, which has no epochs, is a dashed line across. An interval is a pale bar. `None` if there is no finite value.
///
/// ```
/// use metrics_burn::{SplitKind, plot::{Series, learning_curve}};
///
/// let series = [Series::new(SplitKind::Valid, vec![(1, 0.6), (2, 0.9), (3, 0.8)])];
/// let plot = learning_curve("accuracy", &series, Some((SplitKind::Valid, 2))).unwrap();
/// assert!(plot.svg().contains("best on valid: 0.9000 at epoch 2"));
/// ```
pub fn learning_curve(
    name: &str,
    series: &[Series],
    best: Option<(SplitKind, usize)>,
) -> Option<Plot> {
    let all = || series.iter().flat_map(|s| &s.points);
    range_of(all().map(|(_, value)| *value))?;
    let ends = || {
        series
            .iter()
            .flat_map(|s| &s.intervals)
            .flat_map(|(_, ends)| ends)
    };
    let y = range_of(all().map(|(_, value)| value).chain(ends()).copied())?;
    let of_epochs = |s: &&Series| !matches!(s.split, SplitKind::Test(_));
    let epochs = || series.iter().filter(of_epochs).flat_map(|s| &s.points);
    let first = epochs().map(|(epoch, _)| *epoch).min().unwrap_or(1) as f64;
    let last = epochs().map(|(epoch, _)| *epoch).max().unwrap_or(1) as f64;
    let x = if first < last {
        (first, last)
    } else {
        (first - 0.5, first + 0.5)
    };
    let best = best.and_then(|(split, epoch)| {
        let points = &series.iter().find(|s| s.split == split)?.points;
        let (_, value) = points.iter().find(|(e, v)| *e == epoch && v.is_finite())?;
        Some((split, epoch, *value))
    });
    let subtitle = match best {
        Some((split, epoch, value)) => {
            let (split, value) = (split.label(), number(value));
            format!("best on {split}: {value} at epoch {epoch}")
        }
        None => String::new(),
    };
    let entry = |s: &Series| {
        let swatch = if of_epochs(&s) {
            Swatch::Line
        } else {
            Swatch::Dashes
        };
        (swatch, shade(s.split), s.label.clone())
    };
    let mut entries: Vec<Entry> = series.iter().map(entry).collect();
    let mut of_epochs_only = series.iter().filter(of_epochs);
    if let Some(s) = of_epochs_only.find(|s| !s.intervals.is_empty()) {
        entries.push((Swatch::Pale, shade(s.split), "interval".to_string()));
    }
    if let Some((split, ..)) = best {
        let name = format!("best on {}", split.label());
        entries.push((Swatch::Ring, shade(split), name));
    }
    let legend = legend_height(460.0, &entries);
    let axes = Axes {
        area: Area {
            left: 64.0,
            top: 64.0 + legend,
            width: 380.0,
            height: 190.0,
        },
        x,
        y,
    };
    let label = format!("{name} by epoch; {subtitle}");
    Some(Plot::draw(&label, (460.0, 304.0 + legend), |canvas| {
        canvas.heading(name, &subtitle);
        canvas.legend(62.0, 460.0, &entries);
        axes.draw(canvas, "epoch", "", &ticks(x, 8, true));
        // Below the lines. Test sets have no place on the axis of epochs.
        for series in series.iter().filter(of_epochs) {
            for (epoch, ends) in &series.intervals {
                let [(x, low), (_, high)] = ends.map(|end| axes.at(*epoch as f64, end));
                if low.is_finite() && high.is_finite() {
                    canvas.rect((x - 2.0, low), (x + 2.0, high), shade(series.split), PALE);
                }
            }
        }
        for series in series {
            draw(canvas, &axes, series);
        }
        if let Some((split, epoch, value)) = best {
            let at = axes.at(epoch as f64, value);
            canvas.dashes(at, (at.0, axes.at(0.0, y.0).1), AXIS, 1.0);
            canvas.ring(at, 6.0, shade(split));
        }
    }))
}

fn draw(canvas: &mut Canvas, axes: &Axes, series: &Series) {
    let shade = shade(series.split);
    if matches!(series.split, SplitKind::Test(_)) {
        let last = series
            .points
            .iter()
            .rev()
            .find(|(_, value)| value.is_finite());
        if let Some((_, value)) = last {
            canvas.dashes(
                axes.at(axes.x.0, *value),
                axes.at(axes.x.1, *value),
                shade,
                1.5,
            );
        }
        return;
    }
    let mut points = series.points.clone();
    points.sort_by_key(|(epoch, _)| *epoch);
    let mut line = Vec::new();
    for (i, (epoch, value)) in points.iter().enumerate() {
        if i > 0 && epoch - points[i - 1].0 > 1 {
            line.push((f64::NAN, f64::NAN));
        }
        line.push((*epoch as f64, *value));
    }
    if points.len() <= 30 {
        let shown = line.iter().filter(|(_, value)| value.is_finite());
        shown.for_each(|(x, y)| canvas.dot(axes.at(*x, *y), 2.5, shade));
    }
    axes.line(canvas, line.into_iter(), shade, 2.0, 0.5);
}

fn shade(split: SplitKind) -> Shade {
    match split {
        SplitKind::Train => SERIES[0],
        SplitKind::Valid => SERIES[1],
        SplitKind::Test(index) => SERIES[2 + index % (SERIES.len() - 2)],
    }
}
