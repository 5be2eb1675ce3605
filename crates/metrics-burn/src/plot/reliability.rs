use super::{
    Plot,
    axes::{Area, Axes, ticks},
    canvas::{Align, Swatch, TEXT},
    count,
    palette::{AXIS, INK, MUTED, SERIES},
};
use metrics_core::ReliabilityBin;

/// A reliability diagram: a bar for the accuracy of each bin of confidence, a line at the bin's mean
/// confidence, and below them the number of elements in each bin. The mean gap between bars and lines is the
/// expected calibration error.
///
/// A bin without width, which holds the confidence of exactly 1, is drawn as part of the bin before
/// it. `None` without elements.
///
/// ```
/// use metrics_burn::plot::reliability;
/// use metrics_core::{Metric, batch::Binary, classification::ReliabilityDiagram};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.25, 0.25, 0.75, 0.75], &device);
/// let target = Tensor::<1, Int>::from_ints([0, 1, 1, 1], &device);
/// let batch = Binary::from_scores(scores, target)?;
/// let value = ReliabilityDiagram::binary().bins(2).evaluate(&batch)?;
/// let plot = reliability("reliability", value.reliability().unwrap()).unwrap();
/// assert!(plot.svg().contains("4 elements; mean gap 0.250"));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
pub fn reliability(name: &str, bins: &[ReliabilityBin]) -> Option<Plot> {
    let edges = |bin: &&ReliabilityBin| {
        (0.0..=1.0).contains(&bin.lower) && (0.0..=1.0).contains(&bin.upper)
    };
    let bins: Vec<_> = bins.iter().filter(edges).copied().collect();
    let total: f64 = bins.iter().map(|bin| bin.count).sum();
    if total <= 0.0 || !total.is_finite() {
        return None;
    }
    let used = |bin: &&ReliabilityBin| bin.confidence.is_finite() && bin.accuracy.is_finite();
    // Of the bins as they are: gaps of two that are merged could cancel out.
    let gap: f64 = (bins.iter().filter(used))
        .map(|bin| (bin.accuracy - bin.confidence).abs() * bin.count / total)
        .sum();
    let bins = merged(&bins);
    let elements = count(total);
    let subtitle =
        format!("{elements} elements; mean gap {gap:.3} between accuracy and confidence");
    let area = Area {
        left: 64.0,
        top: 100.0,
        width: 380.0,
        height: 300.0,
    };
    let axes = Axes {
        area,
        x: (0.0, 1.0),
        y: (0.0, 1.0),
    };
    let most = bins.iter().map(|bin| bin.count).fold(0.0, f64::max);
    // Few elements do not fill the axis; weights may be of any size.
    let most = if total.fract() == 0.0 {
        most.max(5.0)
    } else {
        most
    };
    let counts = Axes {
        area: Area {
            top: 426.0,
            height: 84.0,
            ..area
        },
        x: (0.0, 1.0),
        y: (0.0, most * 1.05),
    };
    let label = format!("{name}: accuracy by confidence; {subtitle}");
    Some(Plot::draw(&label, (460.0, 560.0), |canvas| {
        canvas.heading(name, &subtitle);
        let entries = [
            (Swatch::Area, SERIES[0], "accuracy of the bin"),
            (Swatch::Line, INK, "mean confidence of the bin"),
            (Swatch::Area, AXIS, "elements in the bin"),
            (Swatch::Dashes, MUTED, "accuracy equals confidence"),
        ];
        let entries = entries.map(|(swatch, shade, name)| (swatch, shade, name.to_string()));
        canvas.legend(62.0, 460.0, &entries);
        axes.draw(canvas, "", "accuracy", &[]);
        for bin in bins.iter().filter(used) {
            let (left, right) = (bin.lower + 0.002, bin.upper - 0.002);
            let top = axes.at(right, bin.accuracy);
            canvas.rect(axes.at(left, 0.0), top, SERIES[0], 1.0);
        }
        // The lines above all, so that no bar hides what it is compared with.
        canvas.dashes(axes.at(0.0, 0.0), axes.at(1.0, 1.0), MUTED, 1.5);
        for bin in bins.iter().filter(used) {
            let level = [bin.lower, bin.upper].map(|x| axes.at(x, bin.confidence));
            canvas.line(&level, INK, 2.5, 1.0);
        }
        counts.draw(canvas, "confidence", "count", &ticks((0.0, 1.0), 6, false));
        for bin in &bins {
            let (left, right) = (bin.lower + 0.002, bin.upper - 0.002);
            let top = counts.at(right, bin.count);
            canvas.rect(counts.at(left, 0.0), top, AXIS, 1.0);
        }
        if bins.len() == 1 {
            let at = axes.at(0.5, 0.94);
            canvas.text(at, Align::Center, TEXT, MUTED, "one bin only");
        }
    }))
}

/// The bins with a width. A bin without width is added to the bin before it.
fn merged(bins: &[ReliabilityBin]) -> Vec<ReliabilityBin> {
    let mut merged: Vec<ReliabilityBin> = Vec::new();
    for bin in bins {
        match merged.last_mut() {
            Some(last) if bin.upper <= bin.lower => {
                let (m, n) = (last.count, bin.count);
                let mean = |a: f64, b: f64| match (m > 0.0, n > 0.0) {
                    (_, false) => a,
                    (false, true) => b,
                    (true, true) => (a * m + b * n) / (m + n),
                };
                last.confidence = mean(last.confidence, bin.confidence);
                last.accuracy = mean(last.accuracy, bin.accuracy);
                last.count += bin.count;
            }
            _ => merged.push(*bin),
        }
    }
    merged
}
