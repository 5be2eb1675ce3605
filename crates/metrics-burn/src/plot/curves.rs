use super::{
    Plot,
    axes::{Area, Axes, range_of, ticks},
    canvas::{Entry, Swatch, legend_height},
    class_name,
    palette::{AXIS, FAINT, MUTED, SERIES},
};
use metrics_core::Curve;

/// Above this number of curves, curves are grey, with their mean.
const APART: usize = SERIES.len();
/// Above this number, not all curves are drawn.
const DRAWN: usize = 200;

/// Curves, such as ROC (with the diagonal of chance) and precision-recall (with the prevalence of
/// each of up to three classes, where [`Curve::support`] tells it).
///
/// Up to ten curves have a colour and a name. More curves are grey lines with their mean, and of more than
/// 200 curves an even choice is drawn. A class without positives or without negatives has no curve. `None`
/// if there is no curve.
///
/// ```
/// use metrics_burn::plot::curves;
/// use metrics_core::{Metric, batch::Binary, classification::Roc};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.1, 0.4, 0.35, 0.8], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let roc = Roc::binary().evaluate(&Binary::from_scores(scores, target)?)?;
/// assert!(curves("roc", roc.curves().unwrap(), &[]).is_some());
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub fn curves(name: &str, curves: &[Curve], class_names: &[String]) -> Option<Plot> {
    let first = curves.first()?;
    let x = unit_or_range(curves.iter().flat_map(|c| &c.x))?;
    let y = unit_or_range(curves.iter().flat_map(|c| &c.y))?;
    let drawable = |curve: &Curve| {
        let mut points = curve.x.iter().zip(&curve.y);
        // Without elements of a kind a rate is 0 by convention, which is no curve.
        let all_kinds = curve
            .support
            .is_none_or(|s| s.positives > 0.0 && s.negatives > 0.0);
        all_kinds && points.any(|(x, y)| x.is_finite() && y.is_finite())
    };
    let with: Vec<_> = (curves.iter().enumerate())
        .filter(|(_, curve)| drawable(curve))
        .collect();
    if with.is_empty() {
        return None;
    }
    let apart = with.len() <= APART;
    let roc = first.x_name == "false positive rate";
    let recall = first.x_name == "recall";

    let stride = with.len().div_ceil(DRAWN);
    let mut count = match (curves.len(), with.len()) {
        (1, _) => String::new(),
        (all, some) if all == some => format!("{all} classes"),
        (all, some) => format!("{some} of {all} classes have a curve"),
    };
    if stride > 1 {
        count += &format!(", {} drawn", with.len().div_ceil(stride));
    }
    // A line per class is readable for a few classes only.
    let prevalences = recall && with.len() <= 3;
    let subtitle = count;

    let line = |shade, name: &str| (Swatch::Line, shade, name.to_string());
    let mut legend: Vec<Entry> = match (apart, curves.len()) {
        (true, 1) => vec![line(SERIES[0], "model")],
        (true, _) => with
            .iter()
            .enumerate()
            .map(|(i, (class, _))| line(SERIES[i], &class_name(class_names, *class)))
            .collect(),
        (false, _) => vec![
            line(FAINT, "each class"),
            line(SERIES[0], "mean of the classes"),
        ],
    };
    if roc {
        legend.push((Swatch::Dashes, AXIS, "chance".to_string()));
    } else if prevalences {
        // Of several classes each has its colour.
        let shade = if with.len() == 1 { SERIES[0] } else { MUTED };
        legend.push((Swatch::Dashes, shade, "prevalence".to_string()));
    }
    let area = Area {
        left: 64.0,
        top: 60.0,
        width: 380.0,
        height: 380.0,
    };
    let axes = Axes { area, x, y };
    let legend_top = area.top + area.height + 60.0;
    let height = legend_top - 8.0 + legend_height(460.0, &legend);
    let mut label = format!("{name}: {} against {}", first.y_name, first.x_name);
    if !subtitle.is_empty() {
        label += &format!("; {subtitle}");
    }
    Some(
        Plot::draw(&label, (460.0, height), |canvas| {
            canvas.heading(name, &subtitle);
            axes.draw(canvas, &first.x_name, &first.y_name, &ticks(x, 6, false));
            canvas.legend(legend_top, 460.0, &legend);
            if roc {
                canvas.dashes(axes.at(0.0, 0.0), axes.at(1.0, 1.0), AXIS, 1.5);
            }
            // A column of pixels may hold more points the fewer curves there are.
            let detail = (with.len().min(DRAWN) as f64 / 8.0).clamp(0.5, 8.0);
            for (i, (_, curve)) in with.iter().enumerate().step_by(stride) {
                let shade = if apart { SERIES[i] } else { FAINT };
                if let Some(support) = curve.support.filter(|_| prevalences) {
                    let prevalence = support.prevalence();
                    if prevalence.is_finite() {
                        let (from, to) = (axes.at(x.0, prevalence), axes.at(x.1, prevalence));
                        canvas.dashes(from, to, shade, 1.0);
                    }
                }
                let points = curve.x.iter().copied().zip(curve.y.iter().copied());
                let width = if apart { 2.0 } else { 0.75 };
                axes.line(canvas, points, shade, width, detail);
            }
            if !apart {
                let mean = mean(with.iter().map(|(_, curve)| *curve), x);
                axes.line(canvas, mean.into_iter(), SERIES[0], 2.5, 0.5);
            }
        })
        .with_class_names(class_names),
    )
}

/// `[0, 1]`, or a larger range if the points need it.
fn unit_or_range<'a>(values: impl Iterator<Item = &'a f64>) -> Option<(f64, f64)> {
    let (low, high) = range_of(values.copied())?;
    let inside = low > -0.07 && high < 1.07;
    Some(if inside { (0.0, 1.0) } else { (low, high) })
}

/// The mean height of curves on 201 places of x.
fn mean<'a>(curves: impl Iterator<Item = &'a Curve>, (low, high): (f64, f64)) -> Vec<(f64, f64)> {
    let places: Vec<f64> = (0..=200)
        .map(|i| low + (high - low) * i as f64 / 200.0)
        .collect();
    let mut sums = vec![(0.0, 0usize); places.len()];
    for curve in curves {
        let pairs = curve.x.iter().copied().zip(curve.y.iter().copied());
        let mut points: Vec<_> = pairs
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .collect();
        if points.first().map(|p| p.0) > points.last().map(|p| p.0) {
            points.reverse();
        }
        if !points.is_sorted_by(|a, b| a.0 <= b.0) {
            continue;
        }
        for (place, sum) in places.iter().zip(&mut sums) {
            if let Some(y) = height_at(&points, *place) {
                *sum = (sum.0 + y, sum.1 + 1);
            }
        }
    }
    let mean = |(sum, count): (f64, usize)| sum / count as f64;
    places.into_iter().zip(sums.into_iter().map(mean)).collect()
}

/// Between the points at both sides of a place.
fn height_at(points: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = points.partition_point(|point| point.0 <= x);
    let (from, to) = (points.get(after.checked_sub(1)?)?, points.get(after));
    Some(match to {
        Some(to) => from.1 + (to.1 - from.1) * (x - from.0) / (to.0 - from.0),
        None => from.1,
    })
}
